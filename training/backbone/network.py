"""The feature extractor: a residual network with an embedding at stride 4 and one at stride 8."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Names of the outputs and how many pixels a cell of each is wide.
STRIDES = {"embedding4": 4, "embedding8": 8}


class ConvNorm(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1):
        super().__init__(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
                         nn.BatchNorm2d(outputs))


class Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.first = ConvNorm(channels, channels)
        self.second = ConvNorm(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(F.relu(self.first(x))))


class Stage(nn.Module):
    """Halves the resolution, then refines."""

    def __init__(self, inputs: int, outputs: int, blocks: int, kernel: int = 3):
        super().__init__()
        self.down = ConvNorm(inputs, outputs, kernel, 2)
        self.blocks = nn.Sequential(*[Residual(outputs) for _ in range(blocks)])

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(F.relu(self.down(x)))


class Embedding(nn.Module):
    """A mixing convolution; its output has mean 0 and deviation 1 in every channel."""

    def __init__(self, channels: int):
        super().__init__()
        self.before = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.after = nn.BatchNorm2d(channels, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.conv(F.relu(self.before(x))))


class Network(nn.Module):
    """Maps [n, 3, H, W] in 0...1, sides multiples of 32, to [n, fine, H/4, W/4] and
    [n, coarse, H/8, W/8]."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96, 256),
                 blocks: tuple[int, ...] = (0, 1, 2, 3, 2), coarse: int = 64, fine: int = 48):
        super().__init__()
        inputs = (3, *widths[:-1])
        self.stages = nn.ModuleList(
            Stage(i, o, n, 5 if i == 3 else 3) for i, o, n in zip(inputs, widths, blocks))
        self.lateral = nn.ModuleList(nn.Conv2d(w, coarse, 1) for w in widths[1:])
        self.coarse = Embedding(coarse)
        self.fine_lateral = nn.Conv2d(widths[1], fine, 1)
        self.fine_context = nn.Conv2d(coarse, fine, 1)
        self.fine = Embedding(fine)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = (x - 0.5) * 4
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        s4, s8, s16, s32 = (lateral(m) for lateral, m in zip(self.lateral, maps[1:]))
        context = s16 + F.interpolate(s32, scale_factor=2.0, mode="nearest")
        mixed = F.avg_pool2d(s4, 2) + s8 + F.interpolate(context, scale_factor=2.0, mode="nearest")
        detail = self.fine_lateral(maps[1]) + F.interpolate(
            self.fine_context(mixed), scale_factor=2.0, mode="nearest")
        return self.fine(detail), self.coarse(mixed)


def restore_statistics(network: Network, pictures: Tensor) -> None:
    """Makes every normalisation an identity on `pictures`: after weights were taken over from a
    network whose normalisations are folded into its convolutions."""
    hooks = []

    def calibrate(layer: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        if layer.affine:
            layer.bias.data.copy_(inputs[0].mean((0, 2, 3)) + layer.bias.data)
            layer.weight.data.copy_((inputs[0].var((0, 2, 3), unbiased=False) + layer.eps).sqrt())

    for module in network.modules():
        if isinstance(module, ConvNorm):
            hooks.append(module[1].register_forward_pre_hook(calibrate))
    with torch.no_grad():
        network.train()(pictures)
    for hook in hooks:
        hook.remove()
