"""Surfaces: scalar fields of mean 0 and deviation 1 that a colour ramp then paints.

A texture is drawn once for all pictures of an episode (`count` 1: print, weave, machining marks)
or anew for each (`count` of the episode: wood, dough, cast metal).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from . import fields
from .draw import Draw


@dataclass(frozen=True)
class Canvas:
    """Where a texture is drawn: `count` squares of `size` pixels, `extent` picture widths wide."""

    count: int
    size: int
    extent: float
    device: torch.device

    def grid(self) -> tuple[Tensor, Tensor]:
        return fields.grid(self.size, self.extent, self.device)


def _phase(draw: Draw, canvas: Canvas) -> Tensor:
    return draw.rand(canvas.count, 1, 1) * 2 * math.pi


def _warped(draw: Draw, canvas: Canvas, strength: float) -> Tensor:
    return strength * fields.smooth_noise(draw, canvas.count, canvas.size, draw.uniform(2, 8))


def plain(draw: Draw, canvas: Canvas) -> Tensor:
    return torch.zeros(canvas.count, canvas.size, canvas.size, device=canvas.device)


def fractal(draw: Draw, canvas: Canvas) -> Tensor:
    return fields.fractal_noise(draw, canvas.count, canvas.size, draw.log_uniform(3, 60),
                                draw.uniform(0.4, 1.0), draw.whole(2, 5))


def grain(draw: Draw, canvas: Canvas) -> Tensor:
    field = draw.normal(canvas.count, 1, canvas.size, canvas.size)
    return fields.blur(field, draw.uniform(0.3, 2.2))[:, 0]


def brushed(draw: Draw, canvas: Canvas) -> Tensor:
    lattice = draw.normal(canvas.count, 1, draw.whole(40, canvas.size), draw.whole(2, 9))
    x, y = fields.rotated(*canvas.grid(), draw.choice([0, math.pi / 2, draw.uniform(0, math.pi)]))
    where = torch.stack([x, y], -1) / canvas.extent * 1.4
    return F.grid_sample(lattice, where.expand(canvas.count, -1, -1, -1), padding_mode="reflection",
                         align_corners=False)[:, 0]


def stripes(draw: Draw, canvas: Canvas) -> Tensor:
    u, _ = fields.rotated(*canvas.grid(), draw.uniform(0, math.pi))
    frequency = draw.log_uniform(3, 45)
    wave = torch.sin(2 * math.pi * frequency * u + _phase(draw, canvas)
                     + _warped(draw, canvas, draw.choice([0, 0.3, 1.5])))
    sharpness = draw.log_uniform(0.5, 6)
    return torch.tanh(sharpness * (wave + draw.uniform(-0.5, 0.5)))


def weave(draw: Draw, canvas: Canvas) -> Tensor:
    u, v = fields.rotated(*canvas.grid(), draw.choice([0, draw.uniform(-0.8, 0.8)]))
    f, g = draw.log_uniform(6, 40), draw.uniform(0.6, 1.6)
    bend = _warped(draw, canvas, draw.choice([0, 0.4]))
    a = 2 * math.pi * f * u + _phase(draw, canvas) + bend
    b = 2 * math.pi * f * g * v + _phase(draw, canvas) + bend
    over = torch.sin(a / 2) * torch.sin(b / 2)
    return torch.where(over > 0, torch.sin(a).abs(), torch.sin(b).abs() * draw.uniform(0.5, 1))


def spots(draw: Draw, canvas: Canvas) -> Tensor:
    field = fields.smooth_noise(draw, canvas.count, canvas.size, draw.log_uniform(8, 80))
    return torch.sigmoid((field - draw.uniform(0.3, 1.6)) * draw.log_uniform(3, 20))


def rings(draw: Draw, canvas: Canvas) -> Tensor:
    x, y = canvas.grid()
    x, y = x - draw.uniform(-0.9, 0.9), y - draw.uniform(-0.9, 0.9)
    r = torch.sqrt(x * x + y * y + 1e-9) * 2 * math.pi * draw.log_uniform(6, 60)
    wave = torch.sin(r + _phase(draw, canvas) + _warped(draw, canvas, draw.choice([0, 0.5])))
    return wave + draw.uniform(0, 1.5) * torch.sin(r * draw.uniform(0.1, 0.5))


def tiles(draw: Draw, canvas: Canvas) -> Tensor:
    u, v = fields.rotated(*canvas.grid(), draw.choice([0, draw.uniform(-0.7, 0.7)]))
    f, g = draw.log_uniform(3, 16), draw.uniform(0.5, 2)
    row = torch.floor(v * f * g)
    shifted = u * f + draw.choice([0, 0.5]) * torch.remainder(row, 2)
    near = torch.minimum(torch.remainder(shifted, 1), torch.remainder(v * f * g, 1))
    joints = (near < draw.uniform(0.06, 0.2)).float()
    shade = torch.sin(12.9898 * torch.floor(shifted) + 78.233 * row + draw.uniform(0, 9)) * 43.7
    field = joints + draw.choice([0, 0.5]) * torch.frac(shade)
    return field.expand(canvas.count, -1, -1)


def wood(draw: Draw, canvas: Canvas) -> Tensor:
    u, v = fields.rotated(*canvas.grid(), draw.uniform(0, math.pi))
    f = draw.log_uniform(4, 20)
    warp = fields.smooth_noise(draw, canvas.count, canvas.size, 3) * draw.uniform(1, 4)
    lines = torch.sin(2 * math.pi * f * u + warp + v * draw.uniform(-3, 3))
    return lines + 0.5 * grain(draw, canvas)


def print_marks(draw: Draw, canvas: Canvas) -> Tensor:
    """Rows of marks like print: random dots on a lattice, in words and lines."""
    n = draw.whole(24, 90)
    dots = (draw.rand(1, 1, n, n) < 0.45).float()
    line, word = draw.whole(4, 9), draw.whole(5, 14)
    rows = (torch.arange(n, device=canvas.device) % line >= draw.whole(1, 2)).float()
    columns = (torch.arange(n, device=canvas.device) % word >= 1).float()
    dots = dots * rows.view(1, 1, n, 1) * columns.view(1, 1, 1, n)
    field = F.interpolate(dots, (canvas.size, canvas.size), mode="nearest")
    return fields.blur(field, draw.uniform(0.3, 1.2))[:, 0].expand(canvas.count, -1, -1)


def dots(draw: Draw, canvas: Canvas) -> Tensor:
    """Perforation or knurling: a lattice of round dots."""
    u, v = fields.rotated(*canvas.grid(), draw.uniform(0, math.pi / 2))
    f = draw.log_uniform(5, 30)
    v = v * f
    u = u * f + 0.5 * torch.remainder(torch.floor(v), 2)
    d = torch.sqrt((torch.remainder(u, 1) - 0.5) ** 2 + (torch.remainder(v, 1) - 0.5) ** 2)
    return torch.sigmoid((draw.uniform(0.2, 0.4) - d) * 25).expand(canvas.count, -1, -1)


def cells(draw: Draw, canvas: Canvas) -> Tensor:
    """Cells around scattered points (stone, leather, foam), at half the resolution."""
    half = canvas.size // 2
    x, y = fields.grid(half, 1, canvas.device)
    points = draw.rand(canvas.count, draw.whole(15, 60), 2) - 0.5
    where = torch.stack([x.reshape(-1), y.reshape(-1)], -1).expand(canvas.count, -1, -1)
    near = torch.cdist(where, points).topk(2, largest=False)[0]
    field = near[..., 1] - near[..., 0] if draw.chance(0.6) else near[..., 0]
    field = field.reshape(canvas.count, 1, half, half) * math.sqrt(points.shape[1])
    if draw.chance(0.5):
        field = torch.tanh(field * draw.uniform(3, 10))
    return F.interpolate(field, (canvas.size, canvas.size), mode="bilinear")[:, 0]


def threads(draw: Draw, canvas: Canvas) -> Tensor:
    """The flanks of a thread: oblique bands with a bright line, a dark groove, fine scratches."""
    angle = draw.uniform(-0.5, 0.5) + draw.choice([0, math.pi / 2])
    u, _ = fields.rotated(*canvas.grid(), angle)
    phase = torch.remainder(u * draw.log_uniform(4, 18) + draw.rand(canvas.count, 1, 1), 1)
    profile = torch.exp(-((phase - draw.uniform(0.2, 0.5)) / draw.uniform(0.05, 0.2)) ** 2)
    groove = torch.exp(-((phase - draw.uniform(0.6, 0.9)) / draw.uniform(0.04, 0.1)) ** 2)
    return profile - draw.uniform(0.3, 1) * groove + draw.uniform(0, 0.3) * grain(draw, canvas)


def knit(draw: Draw, canvas: Canvas) -> Tensor:
    """Rows of V-shaped stitches."""
    u, v = fields.rotated(*canvas.grid(), draw.uniform(-0.3, 0.3))
    f = draw.log_uniform(6, 24)
    side = (torch.remainder(u * f, 1) - 0.5).abs() * draw.uniform(1, 3)
    wave = torch.sin(2 * math.pi * (v * f * draw.uniform(0.8, 1.6) + side) + _phase(draw, canvas))
    return wave * (1 - torch.exp(-60 * side * side))


TEXTURES: dict[str, Callable[[Draw, Canvas], Tensor]] = {
    "plain": plain, "fractal": fractal, "grain": grain, "brushed": brushed, "stripes": stripes,
    "weave": weave, "spots": spots, "rings": rings, "tiles": tiles, "wood": wood,
    "print": print_marks, "dots": dots, "cells": cells, "threads": threads, "knit": knit,
}
# Regular patterns that a product's own pictures share; the others may differ from one to the next.
REGULAR = {"tiles", "print", "dots"}
