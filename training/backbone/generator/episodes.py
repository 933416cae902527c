"""An episode: pictures of one product without defects, then pictures of it that may have some."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from . import camera
from .defects import Spoiler
from .draw import Draw
from .products import EXTENT, PART_DEFECTS, Product, Surface
from .textures import TEXTURES, Canvas

SHAPES = ["circle", "ellipse", "box", "polygon", "ring", "cross", "gear"]


@dataclass(frozen=True)
class Families:
    """What products and defects are made of."""

    textures: tuple[str, ...]
    shapes: tuple[str, ...]
    defects: tuple[str, ...]

    @staticmethod
    def training() -> Families:
        held = Families.held_out()
        return Families(
            tuple(kind for kind in TEXTURES if kind == "plain" or kind not in held.textures),
            tuple(kind for kind in SHAPES if kind not in held.shapes or kind == "circle"),
            tuple(kind for kind in (*Spoiler.KINDS, *PART_DEFECTS)
                  if kind not in held.defects or kind == "spot"))

    @staticmethod
    def held_out() -> Families:
        """Never trained on (but for the plainest): what networks are compared on."""
        return Families(("plain", "threads", "cells", "knit"), ("circle", "gear", "cross"),
                        ("spot", "pit", "hair", "turned", "recoloured part"))


@dataclass(frozen=True)
class Episode:
    """`pictures` [references + queries, 3, size, size] in 0...1; `change` [queries, size, size] is
    how much a defect changed each pixel (the largest channel, before noise)."""

    pictures: Tensor
    change: Tensor


def draw_episode(seed: int, families: Families, size: int, references: int, queries: int,
                 device: torch.device) -> Episode:
    draw = Draw(seed, device)
    count = references + queries
    textures, shapes = list(families.textures), list(families.shapes)
    product = Product(draw, textures, shapes)
    canvas = Canvas(count, round(size * EXTENT), EXTENT, device)

    kinds: dict[int, list[str]] = {}
    for index in range(references, count):
        if draw.chance(0.85):
            many = draw.weighted({1: 0.6, 2: 0.25, 3: 0.15})
            kinds[index] = [draw.choice(families.defects) for _ in range(many)]
    of_parts = {index: next(kind for kind in names if kind in PART_DEFECTS)
                for index, names in kinds.items() if any(kind in PART_DEFECTS for kind in names)}
    flat, coverage, spoiled = product.drawn(canvas, of_parts)

    # The clean canvas, its coverage and the one with defects of parts take the same pose.
    with_parts = flat.clone()
    for index, picture in spoiled.items():
        with_parts[index] = picture
    seen = camera.posed(draw, torch.cat([flat, with_parts, coverage], 1), size,
                        product.kind == "surface")
    covered = seen[:, 6:]
    backdrop = product.background.paint(
        draw, Canvas(count, size, 1, device), draw.chance(0.6)).expand(count, -1, -1, -1)
    clean = backdrop + covered * (seen[:, :3] - backdrop)
    pictures = backdrop + covered * (seen[:, 3:6] - backdrop)

    elsewhere = Surface(draw, textures).paint(draw, Canvas(1, size, 1, device), True)
    for index, names in kinds.items():
        spoiler = Spoiler(draw, size, textures, backdrop[index:index + 1], elsewhere)
        where = covered[index] if draw.chance(0.9) else torch.ones_like(covered[index])
        for kind in names:
            if kind not in PART_DEFECTS:
                pictures[index:index + 1] = spoiler.spoil(pictures[index:index + 1], kind, where)
    if draw.chance(0.2):
        edge, paint = camera.border(draw, clean)
        clean = clean + edge * (paint - clean)
        pictures = pictures + edge * (paint - pictures)

    exposure = camera.Exposure(draw, count, size)
    late = slice(references, count)
    change = (exposure.of(draw, clean[late], late, noisy=False)
              - exposure.of(draw, pictures[late], late, noisy=False)).abs().amax(1)
    everything = exposure.of(draw, pictures, slice(0, count), noisy=True)
    return Episode(everything, change)

