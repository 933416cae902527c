"""Every random number of an episode, from one seed."""

from __future__ import annotations

import math
import random
from typing import Sequence, TypeVar

import torch
from torch import Tensor

Choice = TypeVar("Choice")


class Draw:
    """Scalars come from Python's generator, tensors from the device's."""

    def __init__(self, seed: int, device: torch.device):
        self.device = device
        self._scalars = random.Random(seed)
        self._tensors = torch.Generator(device)
        self._tensors.manual_seed(seed)

    def uniform(self, low: float, high: float) -> float:
        return self._scalars.uniform(low, high)

    def log_uniform(self, low: float, high: float) -> float:
        return math.exp(self._scalars.uniform(math.log(low), math.log(high)))

    def whole(self, low: int, high: int) -> int:
        """A whole number in low...high."""
        return self._scalars.randint(low, high)

    def chance(self, probability: float) -> bool:
        return self._scalars.random() < probability

    def choice(self, values: Sequence[Choice]) -> Choice:
        return self._scalars.choice(values)

    def weighted(self, weights: dict[Choice, float]) -> Choice:
        return self._scalars.choices(list(weights), list(weights.values()))[0]

    def rand(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self._tensors, device=self.device)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._tensors, device=self.device)

    def spread(self, count: int, size: float) -> Tensor:
        """`count` numbers uniform in -size...size."""
        return (self.rand(count) * 2 - 1) * size
