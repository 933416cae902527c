"""A sheet of episodes to look at: one row an episode, changed pixels outlined in red.

    python -m backbone.preview sheet.png [--episodes 12] [--size 192] [--seed 1] [--held-out]
"""

from __future__ import annotations

import argparse

import torch
from PIL import Image

from .generator import Families, draw_episode


def sheet(seeds: range, families: Families, size: int) -> Image.Image:
    rows = []
    for seed in seeds:
        episode = draw_episode(seed, families, size, 2, 4, torch.device("cpu"))
        pictures = episode.pictures.clone()
        changed = (episode.change > 0.03).float().unsqueeze(1)
        outline = torch.nn.functional.max_pool2d(changed, 5, 1, 2) - torch.nn.functional.max_pool2d(
            changed, 3, 1, 1)
        red = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)
        pictures[2:] = pictures[2:] * (1 - outline) + outline * red
        rows.append(torch.cat(list(pictures), 2))
    picture = (torch.cat(rows, 1) * 255).byte().permute(1, 2, 0).numpy()
    return Image.fromarray(picture)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--episodes", type=int, default=12)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--held-out", action="store_true")
    chosen = parser.parse_args()
    families = Families.held_out() if chosen.held_out else Families.training()
    seeds = range(chosen.seed, chosen.seed + chosen.episodes)
    sheet(seeds, families, chosen.size).save(chosen.file)


if __name__ == "__main__":
    main()
