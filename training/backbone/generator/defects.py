"""Defects that are drawn onto a picture: what is spoiled (a soft region) and how."""

from __future__ import annotations

import math
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from . import fields
from .draw import Draw
from .products import Surface, near_colour
from .textures import Canvas

Picture = Tensor  # [1, 3, size, size]
Region = Tensor  # [1, 1, size, size] in 0...1


class Spoiler:
    """One picture's defects. `elsewhere` is another product's picture, for what is pasted."""

    def __init__(self, draw: Draw, size: int, textures: list[str], background: Tensor,
                 elsewhere: Picture):
        self.draw, self.size, self.textures = draw, size, textures
        self.background, self.elsewhere = background, elsewhere
        self.x, self.y = fields.grid(size, 1, draw.device)
        self.pixel = 1 / size

    # Regions.

    def blob(self, cx: float, cy: float, radius: float) -> Region:
        draw = self.draw
        x, y = fields.rotated(self.x - cx, self.y - cy, draw.uniform(0, math.pi))
        d = fields.ellipse(x, y, radius, radius * draw.uniform(0.35, 1))
        if radius > 4 * self.pixel:
            cells = draw.uniform(0.6, 2.5) / radius
            d = d + draw.uniform(0, 0.6) * radius * fields.smooth_noise(draw, 1, self.size, cells)
        softness = max(0.6 * self.pixel, radius * draw.choice([0.02, 0.1, 0.35]))
        return torch.sigmoid(-d / softness).unsqueeze(1)

    def line(self, cx: float, cy: float, length: float, width: float, jagged: float) -> Region:
        draw = self.draw
        angle, steps = draw.uniform(0, 2 * math.pi), draw.whole(2, 8)
        bend = draw.uniform(-1, 1) * (1 - min(1.0, jagged))
        points = [(cx, cy)]
        for _ in range(steps):
            angle += bend / steps + draw.uniform(-1, 1) * jagged
            x, y = points[-1]
            points.append((x + length / steps * math.cos(angle), y + length / steps * math.sin(angle)))
        d = fields.segments(self.x, self.y, points) - width / 2
        return torch.sigmoid(-d / (0.5 * self.pixel)).unsqueeze(1)

    # Defects: the spoiled picture. `r` is the radius in picture widths.

    def spot(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        here = self._under(p, cx, cy)
        return p + self.blob(cx, cy, r) * (near_colour(self.draw, here, self._contrast()) - here)

    def stain(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        tint = 1 + self.draw.choice([-1, 1]) * self._contrast() * (0.5 + self.draw.rand(1, 3, 1, 1))
        return p + self.blob(cx, cy, r) * (p * tint - p)

    def speckle(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        noise = fields.smooth_noise(self.draw, 1, self.size, self.size / self.draw.uniform(2, 6))
        dots = torch.sigmoid((noise - self.draw.uniform(0.3, 1.2)) * 8).unsqueeze(1)
        here = self._under(p, cx, cy)
        paint = near_colour(self.draw, here, self._contrast())
        return p + self.blob(cx, cy, r) * dots * (paint - p)

    def scratch(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        line = self.line(cx, cy, max(3 * r, 0.04), self.draw.uniform(0.6, 3) * self.pixel, 0.05)
        return p + line * self._contrast() * self.draw.choice([-1, 1])

    def crack(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        line = self.line(cx, cy, max(3 * r, 0.04), self.draw.uniform(0.8, 4) * self.pixel, 0.7)
        return p * (1 - line * self.draw.uniform(0.2, 0.9))

    def hair(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        line = self.line(cx, cy, max(5 * r, 0.1), self.draw.uniform(0.8, 2.5) * self.pixel, 0.25)
        here = self._under(p, cx, cy)
        return p + line * (near_colour(self.draw, here, self._contrast()) - p)

    def pit(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        x, y = self.x - cx, self.y - cy
        d = torch.sqrt(x * x + y * y + 1e-12) / r
        core = torch.exp(-d ** 4)
        side = (x * self.draw.uniform(-1, 1) + y * self.draw.uniform(-1, 1)) / r
        rim = torch.exp(-((d - 1) / 0.4) ** 2) * (0.5 + side).clamp(-1, 1)
        depth = self._contrast()
        return p + depth * (-core + self.draw.uniform(0, 0.8) * rim).unsqueeze(1)

    def cut(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        return p + self.blob(cx, cy, r) * (self.background - p)

    def paste(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        shift = [self.draw.whole(-self.size // 3, self.size // 3) for _ in range(2)]
        return p + self.blob(cx, cy, r) * (torch.roll(p, shift, (2, 3)) - p)

    def foreign(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        return p + self.blob(cx, cy, r) * (self.elsewhere - p) * self.draw.uniform(0.4, 1)

    def turned(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        return self._moved(p, self.blob(cx, cy, r), cx, cy, self.draw.uniform(0.4, math.pi), 1.0)

    def warp(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        r = max(r, 5 * self.pixel)
        near = torch.exp(-((self.x - cx) ** 2 + (self.y - cy) ** 2) / (r * r))
        twist, pinch = self.draw.uniform(-1.5, 1.5), self.draw.uniform(-0.8, 0.8)
        x, y = self.x - cx, self.y - cy
        c, s = torch.cos(twist * near), torch.sin(twist * near)
        scale = 1 - pinch * near
        push = self.draw.uniform(-0.5, 0.5) * r * near
        where = torch.stack([cx + (x * c - y * s) * scale + push, cy + (x * s + y * c) * scale], -1)
        return F.grid_sample(p, where * 2, padding_mode="border", align_corners=False)

    def blurred(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        return p + self.blob(cx, cy, r) * (fields.blur(p, self.draw.uniform(1, 4)) - p)

    def rough(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        noise = fields.blur(self.draw.normal(1, 1, self.size, self.size), self.draw.uniform(0.3, 2))
        noise = noise / noise.std().clamp(min=1e-3)
        return p + self.blob(cx, cy, r) * noise * 0.4 * self._contrast()

    def texture(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        surface = Surface(self.draw, self.textures, 2 * self._contrast())
        surface.base = self._under(p, cx, cy).view(3, 1, 1)
        canvas = Canvas(1, self.size, 1, self.draw.device)
        return p + self.blob(cx, cy, r) * (surface.paint(self.draw, canvas, True) - p)

    def faded(self, p: Picture, cx: float, cy: float, r: float) -> Picture:
        """Its texture and marks lose their contrast."""
        return p + self.blob(cx, cy, r) * self.draw.uniform(0.5, 1) * (fields.blur(p, 6) - p)

    # Helpers.

    def _contrast(self) -> float:
        return self.draw.log_uniform(0.05, 0.7)

    def _under(self, p: Picture, cx: float, cy: float) -> Tensor:
        row = min(self.size - 1, max(0, int((cy + 0.5) * self.size)))
        column = min(self.size - 1, max(0, int((cx + 0.5) * self.size)))
        return p[:, :, row, column].view(1, 3, 1, 1)

    def _moved(self, p: Picture, region: Region, cx: float, cy: float, angle: float,
               scale: float) -> Picture:
        x, y = fields.rotated(self.x - cx, self.y - cy, angle)
        where = torch.stack([x * scale + cx, y * scale + cy], -1) * 2
        moved = F.grid_sample(p, where, padding_mode="reflection", align_corners=False)
        return p + region * (moved - p)

    KINDS: dict[str, Callable[..., Picture]] = {
        "spot": spot, "stain": stain, "speckle": speckle, "scratch": scratch, "crack": crack,
        "hair": hair, "pit": pit, "cut": cut, "paste": paste, "foreign": foreign,
        "turned": turned, "warp": warp, "blurred": blurred, "rough": rough, "texture": texture,
        "faded": faded,
    }

    def spoil(self, picture: Picture, kind: str, where: Tensor) -> Picture:
        """`where` is the coverage [1, size, size] of the product: defects are there."""
        draw = self.draw
        cx, cy = draw.uniform(-0.45, 0.45), draw.uniform(-0.45, 0.45)
        for _ in range(8):
            row, column = int((cy + 0.5) * self.size), int((cx + 0.5) * self.size)
            if where[0, row, column] > 0.5:
                break
            cx, cy = draw.uniform(-0.48, 0.48), draw.uniform(-0.48, 0.48)
        radius = draw.log_uniform(1.2 * self.pixel, 0.22)
        return self.KINDS[kind](self, picture, cx, cy, radius).clamp(0, 1)
