"""What the network is trained to do: the deployed detector's job, made differentiable.

A query cell's score is its soft-min distance to the cells of the episode's normal pictures, as the
memory bank's nearest neighbour is later. Cells that a defect changed must score higher than cells
far from one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Width of the soft minimum, in squared distance per channel.
TEMPERATURE = 0.05
# A pixel counts as changed from here on (of 1).
VISIBLE = 0.04
# A cell is a defect's when so much of it changed, or when it changed so much on average.
COVERED, CHANGED = 0.12, 0.012
# A cell is normal when nothing near it changed by more.
UNTOUCHED = 0.01


@dataclass(frozen=True)
class Cells:
    """Which cells of the queries [queries, h, w] show a defect and which certainly none."""

    positive: Tensor
    negative: Tensor

    @staticmethod
    def of(change: Tensor, stride: int) -> Cells:
        change = change.unsqueeze(1)
        covered = F.avg_pool2d((change > VISIBLE).float(), stride)
        changed = F.avg_pool2d(change, stride)
        near = F.max_pool2d(F.max_pool2d(change, stride), 3, 1, 1)
        return Cells(((covered > COVERED) | (changed > CHANGED))[:, 0], (near < UNTOUCHED)[:, 0])


def distances(queries: Tensor, references: Tensor) -> Tensor:
    """Soft-min distances [n] of rows [n, D] to rows [m, D]."""
    channels = queries.shape[1]
    queries, references = queries / math.sqrt(channels), references / math.sqrt(channels)
    squared = (queries.square().sum(1, keepdim=True) - 2 * queries @ references.T
               + references.square().sum(1))
    soft = -TEMPERATURE * torch.logsumexp(-squared.clamp(min=0) / TEMPERATURE, 1)
    return (soft + TEMPERATURE * math.log(4)).clamp(min=1e-4).sqrt()


def rows(grid: Tensor) -> Tensor:
    """[n, D, h, w] to [n·h·w, D]."""
    return grid.permute(0, 2, 3, 1).reshape(-1, grid.shape[1])


class Objective(nn.Module):
    """The loss at one stride. Most cells are sampled: all defect cells, some normal ones."""

    def __init__(self, positives_max: int = 384, negatives_max: int = 1152,
                 references_max: int = 2048, ranking: float = 0.5):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.offset = nn.Parameter(torch.tensor(1.5))
        self.limits = (positives_max, negatives_max, references_max)
        self.ranking = ranking

    def forward(self, embedding: Tensor, cells: Cells, references: int) -> Tensor:
        """`embedding` is one episode's [references + queries, D, h, w]."""
        bank = _sample(rows(embedding[:references]), self.limits[2])
        queries = rows(embedding[references:])
        normal = distances(_sample(queries[cells.negative.reshape(-1)], self.limits[1]), bank)
        loss = F.softplus(4 * self.scale * (normal - self.offset)).mean() if len(normal) else 0.0
        defective = _sample(queries[cells.positive.reshape(-1)], self.limits[0])
        if len(defective):
            scores = distances(defective, bank)
            loss = loss + F.softplus(-4 * self.scale * (scores - self.offset)).mean()
            if len(normal) > 20 and self.ranking:
                hardest = normal.topk(max(8, len(normal) // 20))[0]
                margin = hardest[None] - scores[:, None] + 0.1
                # Images are judged by their worst cells, so those count twice.
                worst = scores.topk(max(1, len(scores) // 8))[0]
                image = hardest[:8].mean() - worst.mean() + 0.1
                loss = loss + self.ranking * (F.softplus(8 * margin).mean()
                                              + F.softplus(8 * image))
        return loss


def _sample(candidates: Tensor, count: int) -> Tensor:
    if len(candidates) <= count:
        return candidates
    return candidates[torch.randperm(len(candidates), device=candidates.device)[:count]]
