"""Products: a surface, an object with parts on a background, or an array of objects.

A product is drawn flat on a canvas larger than the picture, once a picture, and the camera then
looks at it from that picture's pose. Parts can be lost, moved, recoloured or added: those defects
belong to the product; the others are drawn onto the picture (defects.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from . import fields
from .draw import Draw
from .textures import REGULAR, TEXTURES, Canvas

EXTENT = 1.4  # of the canvas, in widths of the picture

PART_DEFECTS = ("missing part", "moved part", "recoloured part", "extra part")


def colour(draw: Draw) -> Tensor:
    """A colour [3, 1, 1], more often grey than bright."""
    saturation = draw.choice([0.0, 0.05, draw.uniform(0, 0.9)])
    value = draw.uniform(0.08, 0.95)
    hue = draw.rand(3)
    return (value * (1 - saturation * hue)).view(3, 1, 1)


def near_colour(draw: Draw, base: Tensor, contrast: float) -> Tensor:
    """A colour about `contrast` away from another, of the same or another hue."""
    if draw.chance(0.6):
        direction = torch.full_like(base, draw.choice([-1.0, 1.0]))
        direction = direction * (1 + 0.3 * draw.normal(3, 1, 1))
    else:
        direction = draw.normal(3, 1, 1)
    return (base + contrast * direction).clamp(0, 1)


class Surface:
    """A texture with colours, ready to be drawn for an episode's pictures."""

    def __init__(self, draw: Draw, kinds: list[str], contrast: float | None = None):
        self.kind = draw.choice(kinds)
        self.second = draw.choice(kinds) if draw.chance(0.4) else None
        self.contrast = contrast or draw.log_uniform(0.02, 0.4)
        self.base = colour(draw)
        self.other = near_colour(draw, self.base, 1.0) - self.base
        self.second_strength = draw.uniform(0.15, 0.7)
        self.drift = draw.choice([0.0, 0.0, 0.03, 0.08])

    def paint(self, draw: Draw, canvas: Canvas, shared: bool) -> Tensor:
        """Colours [count or 1, 3, size, size]; `shared` draws one for all pictures."""
        def field(kind: str) -> Tensor:
            one = shared or kind in REGULAR
            return fields.normalised(
                TEXTURES[kind](draw, replace(canvas, count=1) if one else canvas))

        value = field(self.kind)
        if self.second is not None:
            value = value + self.second_strength * field(self.second)
        painted = self.base + 0.5 * self.contrast * value.unsqueeze(1) * self.other
        if self.drift:
            painted = painted + self.drift * draw.normal(canvas.count, 3, 1, 1)
        return painted.clamp(0, 1)


@dataclass
class Part:
    """A shape on the product; `tolerance` is how far it wanders from picture to picture."""

    shape: Callable[[Tensor, Tensor], Tensor]
    x: float
    y: float
    size: float
    colour: Tensor
    softness: float
    tolerance: float
    optional: bool

    def drawn_on(self, picture: Tensor, grid: tuple[Tensor, Tensor], dx: float, dy: float,
                 paint: Tensor | None = None) -> Tensor:
        inside = self.shape(grid[0] - self.x - dx, grid[1] - self.y - dy)
        alpha = torch.sigmoid(-inside / self.softness).unsqueeze(1)
        return picture + alpha * ((self.colour if paint is None else paint) - picture)


def shape(draw: Draw, size: float, kinds: list[str]) -> Callable[[Tensor, Tensor], Tensor]:
    """The signed distance of a random shape of about `size` across."""
    kind = draw.choice(kinds)
    angle = draw.choice([0.0, math.pi / 4, draw.uniform(0, math.pi)])
    aspect = draw.uniform(0.4, 1)
    rounding = draw.uniform(0, 0.9) * size / 2 * aspect
    sides, teeth, depth = draw.whole(3, 8), draw.whole(6, 30), draw.uniform(0.03, 0.12)
    inner = draw.uniform(0.3, 0.8)

    def distance(x: Tensor, y: Tensor) -> Tensor:
        x, y = fields.rotated(x, y, angle)
        if kind == "circle":
            return fields.circle(x, y, size / 2)
        if kind == "ellipse":
            return fields.ellipse(x, y, size / 2, size / 2 * aspect)
        if kind == "box":
            return fields.box(x, y, size / 2, size / 2 * aspect, rounding)
        if kind == "polygon":
            return fields.polygon(x, y, sides, size / 2)
        if kind == "ring":
            return torch.maximum(fields.circle(x, y, size / 2),
                                 -fields.circle(x, y, size / 2 * inner))
        if kind == "cross":
            arm = size / 2 * aspect * 0.5
            return torch.minimum(fields.box(x, y, size / 2, arm, 0),
                                 fields.box(x, y, arm, size / 2, 0))
        return fields.gear(x, y, size / 2, teeth, depth)

    return distance


class Product:
    """What an episode's pictures show, before the camera."""

    def __init__(self, draw: Draw, textures: list[str], shapes: list[str]):
        self.draw, self.textures, self.shapes = draw, textures, shapes
        self.kind = draw.weighted({"surface": 0.4, "object": 0.4, "array": 0.2})
        low_contrast = self.kind == "surface" and draw.chance(0.4)
        self.surface = Surface(draw, textures, draw.log_uniform(0.01, 0.06) if low_contrast else None)
        self.is_shared = draw.chance(0.35)
        self.background = Surface(draw, textures)
        self.background.base = near_colour(draw, self.surface.base, draw.uniform(0.15, 0.8))
        size = {"surface": 3.0, "object": draw.uniform(0.45, 0.95), "array": 0.0}[self.kind]
        if self.kind == "array":
            self.rows, self.columns = draw.whole(2, 5), draw.whole(2, 5)
            self.pitch = 0.95 / max(self.rows, self.columns)
            size = self.pitch * draw.uniform(0.55, 0.95)
        self.size = size
        self.outline = shape(draw, size, shapes)
        self.hole = shape(draw, size * draw.uniform(0.1, 0.5), shapes) if draw.chance(0.25) else None
        self.bevel = draw.choice([0.0, draw.uniform(0.02, 0.12)])
        self.light = draw.uniform(0, 2 * math.pi)
        self.roughness = draw.choice([0.0, draw.uniform(0, 0.04)])
        self.play = draw.choice([0.0, draw.uniform(0, 0.1)]) * self.size if self.kind == "array" else 0
        many = draw.weighted({0: 0.35, 2: 0.3, 5: 0.25, 12: 0.1}) if self.kind != "array" else 0
        self.parts = [self._part() for _ in range(draw.whole(many // 2, many))] if many else []

    def _part(self) -> Part:
        draw = self.draw
        reach = 0.42 if self.kind == "surface" else 0.33 * self.size
        size = draw.log_uniform(0.02, 0.3) * min(self.size, 1)
        return Part(shape(draw, size, self.shapes), draw.uniform(-reach, reach),
                    draw.uniform(-reach, reach), size,
                    near_colour(draw, self.surface.base, draw.log_uniform(0.05, 0.7)),
                    draw.choice([0.003, draw.uniform(0.003, 0.02)]),
                    draw.choice([0.0, 0.0, 0.003, 0.01]), draw.chance(0.12))

    def _distance(self, canvas: Canvas) -> Tensor:
        x, y = canvas.grid()
        if self.roughness:
            noise = fields.smooth_noise(self.draw, canvas.count, canvas.size, self.draw.uniform(6, 30))
        if self.kind == "surface":
            return torch.full_like(x, -1.0)
        if self.kind == "array":
            jitter = self.play * (self.draw.rand(canvas.count, 2, 1, 1) - 0.5)
            ox = 0.5 * ((self.columns + 1) % 2)
            oy = 0.5 * ((self.rows + 1) % 2)
            column = torch.round(x / self.pitch - ox).clamp(-(self.columns // 2), (self.columns - 1) // 2)
            row = torch.round(y / self.pitch - oy).clamp(-(self.rows // 2), (self.rows - 1) // 2)
            x = x - (column + ox) * self.pitch + jitter[:, 0]
            y = y - (row + oy) * self.pitch + jitter[:, 1]
        d = self.outline(x, y)
        if self.hole is not None:
            d = torch.maximum(d, -self.hole(x, y))
        return d + self.roughness * self.size * noise if self.roughness else d

    def drawn(self, canvas: Canvas, part_defects: dict[int, str]
              ) -> tuple[Tensor, Tensor, dict[int, Tensor]]:
        """Colours [count, 3, size, size], coverage [count, 1, size, size] and, for each picture in
        `part_defects` where one was possible, its colours with that defect [3, size, size]."""
        draw = self.draw
        grid = canvas.grid()
        d = self._distance(canvas)
        picture = self.surface.paint(draw, canvas, self.is_shared)
        if self.bevel and self.kind != "surface":
            height = fields.smoothstep(-d / self.bevel)
            dx = F.pad(height[:, :, 1:] - height[:, :, :-1], (0, 1))
            dy = F.pad(height[:, 1:] - height[:, :-1], (0, 0, 0, 1))
            shade = (dx * math.cos(self.light) + dy * math.sin(self.light)) * 3
            picture = (picture + shade.clamp(-0.3, 0.3).unsqueeze(1)).clamp(0, 1)
        picture = picture.expand(canvas.count, -1, -1, -1)
        pictures, defective = [], {}
        for index in range(canvas.count):
            one = picture[index:index + 1]
            defect = part_defects.get(index)
            victim = self._victim(defect)
            other = one
            for part in self.parts:
                if part.optional and draw.chance(0.4):
                    continue
                dx, dy = draw.uniform(-1, 1) * part.tolerance, draw.uniform(-1, 1) * part.tolerance
                if victim is not None and part is victim:
                    other = self._spoiled(other, part, defect, grid, dx, dy)
                elif victim is not None:
                    other = part.drawn_on(other, grid, dx, dy)
                one = part.drawn_on(one, grid, dx, dy)
            if defect == "extra part":
                other = self._part().drawn_on(one, grid, 0, 0)
                defective[index] = other[0]
            elif victim is not None:
                defective[index] = other[0]
            pictures.append(one)
        coverage = torch.sigmoid(-d / 0.003).unsqueeze(1).expand(canvas.count, -1, -1, -1)
        return torch.cat(pictures), coverage, defective

    def _victim(self, defect: str | None) -> Part | None:
        if defect is None or defect == "extra part":
            return None
        required = [part for part in self.parts if not part.optional]
        return self.draw.choice(required) if required else None

    def _spoiled(self, picture: Tensor, part: Part, defect: str, grid: tuple[Tensor, Tensor],
                 dx: float, dy: float) -> Tensor:
        draw = self.draw
        if defect == "missing part":
            return picture
        if defect == "moved part":
            angle = draw.uniform(0, 2 * math.pi)
            far = part.tolerance * 2 + part.size * draw.uniform(0.3, 1)
            return part.drawn_on(picture, grid, dx + far * math.cos(angle), dy + far * math.sin(angle))
        paint = near_colour(draw, part.colour, draw.uniform(0.1, 0.5))
        return part.drawn_on(picture, grid, dx, dy, paint)
