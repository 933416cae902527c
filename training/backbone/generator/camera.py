"""How pictures of the same product differ: pose, framing, light, focus, noise.

Each episode has its own strength of each nuisance, often none; each picture draws within it.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from . import fields
from .draw import Draw
from .products import EXTENT, near_colour


def posed(draw: Draw, canvas: Tensor, size: int, is_surface: bool) -> Tensor:
    """The canvases [count, channels, ...] as the camera sees them, [count, channels, size, size]."""
    count = canvas.shape[0]
    turn = draw.weighted({0.0: 0.3, 0.02: 0.3, 0.1: 0.2, math.pi: 0.2})
    shift = draw.weighted({0.0: 0.3, 0.01: 0.4, 0.05: 0.3})
    zoom = draw.choice([0.0, 0.01, 0.04])
    # A canvas is EXTENT wide: a surface may not turn its corners into the picture.
    limit = 1.0 if is_surface else 1 / EXTENT
    angle = draw.spread(count, turn)
    scale = (1 + draw.spread(count, zoom)) / EXTENT
    if is_surface and turn > 1:
        scale = scale * 0.95
    c, s = torch.cos(angle) * scale, torch.sin(angle) * scale
    move = draw.rand(count, 2) * 2 * shift - shift
    matrix = torch.stack([torch.stack([c, -s, move[:, 0]], 1),
                          torch.stack([s, c, move[:, 1]], 1)], 1)
    where = F.affine_grid(matrix, [count, canvas.shape[1], size, size], align_corners=False)
    padding = "reflection" if limit == 1.0 else "zeros"
    return F.grid_sample(canvas, where, padding_mode=padding, align_corners=False)


def border(draw: Draw, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """A tray's edge or a foreign border that wanders in at a side, in pictures with or without
    defects alike: its coverage [count, 1, size, size] and its colour."""
    count, _, size, _ = pictures.shape
    x, y = fields.grid(size, 1, pictures.device)
    x, _ = fields.rotated(x, y, draw.choice([0, math.pi / 2, math.pi, -math.pi / 2])
                          + draw.uniform(-0.1, 0.1))
    reach = 0.5 - draw.rand(count, 1, 1) * draw.uniform(0.02, 0.15)
    coverage = torch.sigmoid((x - reach) / 0.004).unsqueeze(1)
    return coverage, near_colour(draw, pictures.mean((0, 2, 3)).view(3, 1, 1),
                                 draw.uniform(0.1, 0.6))


class Exposure:
    """Light and sensor of each of an episode's pictures; the same for a picture and its clean twin."""

    def __init__(self, draw: Draw, count: int, size: int):
        def strength(*values: float) -> float:
            return draw.choice(values)

        def column(amount: float) -> Tensor:
            return draw.spread(count, amount).view(count, 1, 1, 1)

        x, y = fields.grid(size, 2, draw.device)
        self.gain = 1 + column(strength(0, 0.03, 0.1, 0.2))
        self.offset = column(strength(0, 0.02, 0.05))
        self.cast = 1 + (draw.rand(count, 3, 1, 1) - 0.5) * strength(0, 0.02, 0.1)
        slope = strength(0, 0.05, 0.15)
        self.shade = 1 + column(slope) * x.unsqueeze(1) + column(slope) * y.unsqueeze(1)
        if draw.chance(0.3):
            self.shade = self.shade * (1 - draw.uniform(0.1, 0.5) * (x * x + y * y) / 2).unsqueeze(1)
        if draw.chance(0.3):
            waves = fields.smooth_noise(draw, count, size, draw.uniform(1, 3)).unsqueeze(1)
            self.shade = self.shade * (1 + draw.uniform(0.03, 0.15) * waves)
        self.highlight = None
        if draw.chance(0.2):
            cx, cy = draw.uniform(-1, 1), draw.uniform(-1, 1)
            r2 = (x - cx - draw.spread(count, 0.2).view(count, 1, 1)) ** 2 + (y - cy) ** 2
            glow = torch.exp(-r2 / draw.uniform(0.02, 0.4))
            self.highlight = draw.uniform(0.1, 0.6) * glow.unsqueeze(1)
        self.contrast = draw.choice([1.0, draw.uniform(0.4, 1.3)])
        self.blur = draw.choice([0.0, 0.5, draw.uniform(0.4, 1.6)])
        self.noise = draw.choice([0.0, 0.005, draw.uniform(0.005, 0.04)])
        self.is_grey = draw.chance(0.15)

    def of(self, draw: Draw, pictures: Tensor, which: slice, noisy: bool) -> Tensor:
        """The exposed pictures [count, 3, size, size] in 0...1, of the pictures `which`."""
        shade = self.shade[which] if self.shade.shape[0] > 1 else self.shade
        x = pictures * shade * self.gain[which] * self.cast[which] + self.offset[which]
        if self.highlight is not None:
            x = x + self.highlight[which]
        x = 0.5 + (x - 0.5) * self.contrast
        if self.is_grey:
            x = x.mean(1, keepdim=True).expand(-1, 3, -1, -1)
        x = fields.blur(x, self.blur)
        if noisy and self.noise:
            x = x + self.noise * draw.normal(*x.shape)
        return x.clamp(0, 1)
