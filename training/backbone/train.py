"""Trains the network.

    python -m backbone.train RUN [--steps 5000] [--seed 1] [--start FILE.onnx] [--smoke]

RUN is a folder: `checkpoint.pt` (training goes on from it), `log.csv`. Episode number k of a run is
drawn from seed and k alone, so a run that was stopped and resumed sees the same pictures. `--smoke`
is a run of a minute on one core that shows that everything works.
"""

from __future__ import annotations

import argparse
import copy
import csv
import math
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from .generator import Episode, Families, draw_episode
from .network import STRIDES, Network
from .objective import Cells, Objective
from .start import take_over


@dataclass(frozen=True)
class Settings:
    steps: int = 5000
    seed: int = 1
    size: int = 192
    episodes: int = 4
    references: int = 3
    queries: int = 3
    rate: float = 1.5e-3
    warmup: int = 100
    averaging: float = 0.998
    ranking: float = 0.5
    start: str = ""


class Episodes(IterableDataset):
    """Batches of training episodes from step `first` on."""

    def __init__(self, settings: Settings, first: int, device: str = "cpu"):
        self.settings, self.first, self.device = settings, first, device

    def __iter__(self) -> Iterator[list[Episode]]:
        torch.set_num_threads(1)
        s, families = self.settings, Families.training()
        for step in range(self.first, s.steps):
            first = (s.seed << 40) + step * s.episodes
            yield [draw_episode(seed, families, s.size, s.references, s.queries,
                                torch.device(self.device))
                   for seed in range(first, first + s.episodes)]


def loss_of(network: Network, objectives: list[Objective], batch: list[Episode],
            references: int) -> Tensor:
    pictures = torch.cat([episode.pictures for episode in batch])
    each = batch[0].pictures.shape[0]
    total = torch.zeros((), device=pictures.device)
    for grid, objective, stride in zip(network(pictures), objectives, STRIDES.values()):
        for index, episode in enumerate(batch):
            cells = Cells.of(episode.change, stride)
            total = total + objective(grid[index * each:(index + 1) * each], cells, references)
    return total / len(batch)


def learning_rate(settings: Settings, step: int) -> float:
    wave = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
    return settings.rate * min(1.0, (step + 1) / settings.warmup) * (wave + 0.01)


class Run:
    def __init__(self, folder: Path, settings: Settings, device: torch.device):
        self.folder, self.settings, self.device, self.step = folder, settings, device, 0
        torch.manual_seed(settings.seed)
        self.network = Network()
        if settings.start:
            take_over(self.network, Path(settings.start))
        self.network.to(device, memory_format=torch.channels_last)
        self.objectives = [Objective(ranking=settings.ranking).to(device) for _ in STRIDES]
        parameters = [*self.network.parameters(),
                      *(p for objective in self.objectives for p in objective.parameters())]
        self.optimiser = torch.optim.AdamW(parameters, settings.rate, weight_decay=1e-2)
        self.averaged = copy.deepcopy(self.network)
        if self._checkpoint.exists():
            self._resume()

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def _resume(self) -> None:
        state = torch.load(self._checkpoint, map_location=self.device)
        if state["settings"] != asdict(self.settings):
            raise SystemExit(f"{self.folder} was begun with {state['settings']}")
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        for objective, saved in zip(self.objectives, state["objectives"]):
            objective.load_state_dict(saved)

    def save(self) -> None:
        state = {"settings": asdict(self.settings), "step": self.step,
                 "network": self.network.state_dict(), "averaged": self.averaged.state_dict(),
                 "optimiser": self.optimiser.state_dict(),
                 "objectives": [o.state_dict() for o in self.objectives]}
        part = self._checkpoint.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, self._checkpoint)

    def advance(self, batch: list[Episode]) -> float:
        torch.manual_seed((self.settings.seed << 40) + self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.settings, self.step)
        self.network.train()
        batch = [Episode(e.pictures.to(self.device, memory_format=torch.channels_last),
                         e.change.to(self.device)) for e in batch]
        loss = loss_of(self.network, self.objectives, batch, self.settings.references)
        if not torch.isfinite(loss):
            raise SystemExit(f"the loss is {loss.item()} at step {self.step}")
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        keep = min(self.settings.averaging, self.step / (self.step + 10))
        with torch.no_grad():
            for mean, now in zip(self.averaged.state_dict().values(),
                                 self.network.state_dict().values()):
                if mean.dtype.is_floating_point:
                    mean.lerp_(now, 1 - keep)
                else:
                    mean.copy_(now)
        return loss.item()


def train(run: Run, report_every: int = 50, save_every: int = 250) -> None:
    batches = DataLoader(Episodes(run.settings, run.step), batch_size=None, num_workers=1,
                         prefetch_factor=6)
    began, losses = time.monotonic(), []
    with open(run.folder / "log.csv", "a", newline="") as file:
        log = csv.writer(file)
        for batch in batches:
            losses.append(run.advance(batch))
            if run.step % report_every == 0 or run.step == run.settings.steps:
                row = [run.step, f"{sum(losses) / len(losses):.4f}",
                       f"{time.monotonic() - began:.0f}"]
                log.writerow(row)
                file.flush()
                print("step {} of {}: loss {}, {} s".format(row[0], run.settings.steps, *row[1:]),
                      flush=True)
                losses = []
            if run.step % save_every == 0:
                run.save()
    run.save()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--start", default="")
    parser.add_argument("--ranking", type=float, default=Settings.ranking)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--smoke", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    settings = Settings(steps=chosen.steps, seed=chosen.seed, start=chosen.start,
                        ranking=chosen.ranking)
    if chosen.smoke:
        settings = Settings(steps=12, seed=chosen.seed, size=96, episodes=2, warmup=3,
                            start=chosen.start)
    chosen.run.mkdir(parents=True, exist_ok=True)
    train(Run(chosen.run, settings, torch.device(chosen.device)),
          report_every=4 if chosen.smoke else 50)


if __name__ == "__main__":
    main()
