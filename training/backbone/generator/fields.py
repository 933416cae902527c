"""Fields on a square grid: coordinates, smooth noise, blur, signed distances of shapes.

Coordinates are in widths of the picture, (0, 0) is its middle. A field is a tensor
[count, size, size]; a signed distance is negative inside.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .draw import Draw


def grid(size: int, extent: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """x and y [1, size, size] in -extent/2...extent/2."""
    axis = (torch.arange(size, device=device) + 0.5) / size * extent - extent / 2
    return axis.view(1, 1, size).expand(1, size, size), axis.view(1, size, 1).expand(1, size, size)


def rotated(x: Tensor, y: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    c, s = math.cos(angle), math.sin(angle)
    return x * c + y * s, y * c - x * s


def smooth_noise(draw: Draw, count: int, size: int, cells: float) -> Tensor:
    """Noise with about `cells` hills across the grid, of mean 0 and deviation about 1."""
    n = max(2, min(size, round(cells) + 1))
    lattice = draw.normal(count, 1, n, n)
    if n >= size:
        return lattice[:, 0, :size, :size]
    mode = "bicubic" if n > 3 else "bilinear"
    field = F.interpolate(lattice, (size, size), mode=mode, align_corners=True)[:, 0]
    return field * 1.4


def fractal_noise(draw: Draw, count: int, size: int, cells: float, persistence: float,
                  octaves: int) -> Tensor:
    """Octaves of noise, each twice as fine and `persistence` as strong; deviation about 1."""
    total, power, weight = 0, 0.0, 1.0
    for _ in range(octaves):
        if cells > size:
            break
        total = total + weight * smooth_noise(draw, count, size, cells)
        power += weight * weight
        weight *= persistence
        cells *= 2
    return total / math.sqrt(power)


def blur(image: Tensor, sigma: float) -> Tensor:
    """A Gaussian blur of [count, channels, height, width], edges repeated."""
    if sigma < 0.2:
        return image
    radius = max(1, math.ceil(2.5 * sigma))
    axis = torch.arange(-radius, radius + 1, device=image.device, dtype=image.dtype)
    kernel = torch.exp(-0.5 * (axis / sigma) ** 2)
    kernel = kernel / kernel.sum()
    channels = image.shape[1]
    padded = F.pad(image, (radius,) * 4, mode="replicate")
    rows = F.conv2d(padded, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(rows, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)


def normalised(field: Tensor) -> Tensor:
    """A field of mean 0 and deviation 1 over all its pictures; a flat one becomes 0."""
    return (field - field.mean()) / field.std().clamp(min=1e-4)


def smoothstep(value: Tensor) -> Tensor:
    value = value.clamp(0, 1)
    return value * value * (3 - 2 * value)


# Signed distances.

def circle(x: Tensor, y: Tensor, radius: float) -> Tensor:
    return torch.sqrt(x * x + y * y + 1e-12) - radius


def ellipse(x: Tensor, y: Tensor, a: float, b: float) -> Tensor:
    """Approximate away from the outline, exact in sign."""
    return (torch.sqrt((x / a) ** 2 + (y / b) ** 2 + 1e-12) - 1) * min(a, b)


def box(x: Tensor, y: Tensor, a: float, b: float, rounding: float) -> Tensor:
    dx, dy = x.abs() - a + rounding, y.abs() - b + rounding
    outside = torch.sqrt(dx.clamp(min=0) ** 2 + dy.clamp(min=0) ** 2 + 1e-12)
    return outside + torch.maximum(dx, dy).clamp(max=0) - rounding


def polygon(x: Tensor, y: Tensor, sides: int, radius: float) -> Tensor:
    angle = torch.atan2(y, x)
    sector = 2 * math.pi / sides
    folded = torch.remainder(angle + sector / 2, sector) - sector / 2
    return torch.sqrt(x * x + y * y + 1e-12) * torch.cos(folded) - radius * math.cos(sector / 2)


def gear(x: Tensor, y: Tensor, radius: float, teeth: int, depth: float) -> Tensor:
    wave = torch.tanh(3 * torch.sin(teeth * torch.atan2(y, x)))
    return torch.sqrt(x * x + y * y + 1e-12) - radius * (1 + depth * wave)


def segments(x: Tensor, y: Tensor, points: list[tuple[float, float]]) -> Tensor:
    """The distance to a line through the points."""
    nearest = None
    for (ax, ay), (bx, by) in zip(points, points[1:]):
        ex, ey = bx - ax, by - ay
        along = (((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey + 1e-9)).clamp(0, 1)
        d = (x - ax - along * ex) ** 2 + (y - ay - along * ey) ** 2
        nearest = d if nearest is None else torch.minimum(nearest, d)
    return torch.sqrt(nearest + 1e-12)
