"""Compares backbones on products that none was trained on. Networks are chosen by these figures,
never by photographs.

    python -m backbone.evaluate MODEL.onnx [MORE.onnx] [--episodes 60] [--size 256] [--seed 1]

An episode is 8 pictures to compare with, 4 more normal ones, and 5 that may have defects. Features
are whitened by what the 8 hold; a cell's score is its distance to the nearest of their cells, and a
picture's the mean of its highest 1 %. The figures are areas under the ROC curve in an episode,
averaged over episodes, with the standard error of that average. Every model sees the same episodes,
so the last two columns, how much better than the first output an output is, are the ones to decide
by. A model has one picture as input and one or more grids of features as outputs.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from .generator import Episode, Families, draw_episode
from .generator.draw import Draw
from .generator.products import Product
from .objective import Cells, UNTOUCHED, rows

REFERENCES, NORMALS, QUERIES = 8, 4, 5
# Cells of the references that are compared with: all at stride 8, a quarter at stride 4.
BANK_MAX = 8192
WHITENING_EXPONENT = 0.5
POOLED = 0.01
# Whether a picture counts as defective is the same for every model: by cells of this stride.
JUDGED_STRIDE = 4
# Far from training's seeds in the low 32 bits too: PyTorch's generator on CPUs looks at no others.
FIRST_SEED, EPISODES_MAX = 1 << 31, 100_000


class Backbone:
    """An ONNX model and how it wants its pictures."""

    def __init__(self, file: Path, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(file), options,
                                                    providers=["CPUExecutionProvider"])
        self.name = str(file)
        self.input = self.session.get_inputs()[0].name
        self.outputs = [output.name for output in self.session.get_outputs()]
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.mean, self.deviation = (
            torch.tensor([float(v) for v in metadata.get(f"spotter.{key}", default).split(",")])
            .view(1, 3, 1, 1) for key, default in (("mean", "0,0,0"), ("std", "1,1,1")))

    def grids(self, pictures: Tensor) -> dict[str, Tensor]:
        """The outputs by name, each [pictures, channels, h, w]."""
        scaled = ((pictures - self.mean) / self.deviation).numpy()
        each = [self.session.run(self.outputs, {self.input: scaled[i:i + 1]})
                for i in range(len(scaled))]
        return {name: torch.from_numpy(np.concatenate(grids))
                for name, grids in zip(self.outputs, zip(*each))}


def drawn(seed: int, size: int) -> tuple[str, Episode]:
    """The kind of product and the episode: pictures to compare with first, then the queries."""
    families, device = Families.held_out(), torch.device("cpu")
    episode = draw_episode(seed, families, size, REFERENCES + NORMALS, QUERIES, device)
    kind = Product(Draw(seed, device), list(families.textures), list(families.shapes)).kind
    unchanged = torch.zeros(NORMALS, size, size)
    return kind, Episode(episode.pictures, torch.cat([unchanged, episode.change]))


def whitening(references: Tensor) -> tuple[Tensor, Tensor]:
    """The mean [D] and the matrix [D, D] that whitens rows."""
    mean = references.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov((references - mean).T.double()))
    values = values.clamp(min=float(values[-1]) * 1e-6 + 1e-12)
    return mean, (vectors * values.pow(-WHITENING_EXPONENT / 2)).float()


def anomaly_maps(grid: Tensor) -> Tensor:
    """Distances [queries, h, w] to the nearest reference cell, of an episode's features."""
    references, queries = rows(grid[:REFERENCES]), grid[REFERENCES:]
    mean, matrix = whitening(references)
    chosen = torch.randperm(len(references), generator=torch.Generator().manual_seed(1))
    bank = (references[chosen[:BANK_MAX]] - mean) @ matrix
    squares = bank.square().sum(1)
    maps = []
    for query in queries:
        cells = (rows(query[None]) - mean) @ matrix
        nearest = torch.cat([(squares - 2 * part @ bank.T).min(1)[0]
                             for part in cells.split(512)]) + cells.square().sum(1)
        maps.append(nearest.clamp(min=0).sqrt().reshape(query.shape[1:]))
    return torch.stack(maps)


def area_under_curve(positive: Tensor, negative: Tensor) -> float:
    """How often a positive score is above a negative one; not a number if there is none of one."""
    if len(positive) == 0 or len(negative) == 0:
        return math.nan
    ordered = negative.sort()[0]
    below = torch.searchsorted(ordered, positive)
    up_to = torch.searchsorted(ordered, positive, right=True)
    return float((below + up_to).double().mean() / (2 * len(negative)))


def judged(grid: Tensor, change: Tensor) -> tuple[float, float]:
    """The areas of patches and of pictures. What is neither normal nor visibly defective is left
    out."""
    stride = change.shape[-1] // grid.shape[-1]
    if stride * grid.shape[-1] != change.shape[-1] or grid.shape[-1] != grid.shape[-2]:
        raise SystemExit(f"a grid of {tuple(grid.shape[2:])} cells does not divide the pictures")
    maps, cells = anomaly_maps(grid), Cells.of(change, stride)
    top = max(1, round(maps[0].numel() * POOLED))
    scores = maps.flatten(1).topk(top)[0].mean(1)
    defective = Cells.of(change, JUDGED_STRIDE).positive.flatten(1).any(1)
    normal = change.flatten(1).amax(1) < UNTOUCHED
    return (area_under_curve(maps[cells.positive], maps[cells.negative]),
            area_under_curve(scores[defective], scores[normal]))


def average(values: np.ndarray, sign: str = "") -> str:
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return "-"
    return f"{known.mean():{sign}.3f} ±{known.std(ddof=1) / math.sqrt(len(known)):.3f}"


Results = dict[tuple[str, str, int], list[tuple[float, float]]]


def report(kinds: list[str], results: Results) -> None:
    """`results` holds every episode's areas of patches and of pictures, `kinds` its product."""
    print("| model | output | stride | products | episodes "
          "| patches | images | patches, gain | images, gain |")
    print("| --- " * 9 + "|")
    first = np.array(next(iter(results.values())))
    for (model, output, stride), found in results.items():
        for kind in ("all", *sorted(set(kinds))):
            chosen = [kind in ("all", each) for each in kinds]
            areas = np.array(found)[chosen]
            gains = areas - first[chosen]
            columns = [model, output, stride, kind, len(areas), average(areas[:, 0]),
                       average(areas[:, 1]), average(gains[:, 0], "+"), average(gains[:, 1], "+")]
            print("|", " | ".join(str(column) for column in columns), "|")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--episodes", type=int, default=60)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    backbones = [Backbone(file, chosen.threads) for file in dict.fromkeys(chosen.models)]
    kinds: list[str] = []
    results: Results = defaultdict(list)
    for index in range(chosen.episodes):
        kind, episode = drawn(FIRST_SEED + chosen.seed * EPISODES_MAX + index, chosen.size)
        kinds.append(kind)
        for backbone in backbones:
            for name, grid in backbone.grids(episode.pictures).items():
                stride = chosen.size // grid.shape[-1]
                results[backbone.name, name, stride].append(judged(grid, episode.change))
    report(kinds, results)


if __name__ == "__main__":
    main()
