"""Writes a run's averaged network as ONNX, the form that Spotter reads.

    python -m backbone.export RUN FILE.onnx [--precision float16|float32]

The graph is built node by node, so that it holds what Spotter's graph writer copies and nothing
else: standard operators of opset 17, no control flow, no arithmetic on shapes. Normalisations are
folded into the convolutions before them. Input `image` is float32 [1, 3, height, width] in 0...1,
sides multiples of 32. With float16 the kernels are stored so and cast back; arithmetic stays
float32.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from .generator import Families, draw_episode
from .network import STRIDES, ConvNorm, Embedding, Network, Stage

OPSET, IR = 17, 8
# The sides must be multiples of the coarsest stage's stride.
MULTIPLE = 32
# Largest difference from PyTorch. Embeddings have deviation 1; float16 keeps 11 bits of a kernel.
TOLERANCE = {"float32": 1e-4, "float16": 5e-2}


class GraphBuilder:
    """Nodes in order; every method takes and returns names of values."""

    def __init__(self, precision: str):
        self.is_half = precision == "float16"
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, name: str, value: Tensor) -> str:
        array = value.detach().cpu().numpy().astype(np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def kernel(self, name: str, value: Tensor) -> str:
        if not self.is_half:
            return self.constant(name, value)
        half = value.detach().cpu().numpy().astype(np.float16)
        if not np.isfinite(half).all():
            raise ValueError(f"{name} does not fit float16")
        self.constants.append(numpy_helper.from_array(half, f"{name}.half"))
        return self.node("Cast", [f"{name}.half"], name, to=TensorProto.FLOAT)

    def node(self, kind: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def conv(self, x: str, name: str, conv: nn.Conv2d, norm: nn.BatchNorm2d | None = None) -> str:
        weight, bias = folded(conv, norm)
        inputs = [x, self.kernel(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        return self.node("Conv", inputs, name, kernel_shape=list(conv.kernel_size),
                         pads=list(conv.padding) * 2, strides=list(conv.stride))

    def conv_norm(self, x: str, name: str, block: ConvNorm) -> str:
        return self.conv(x, name, block[0], block[1])

    def relu(self, x: str) -> str:
        return self.node("Relu", [x], f"{x}.relu")

    def add(self, name: str, *terms: str) -> str:
        total = terms[0]
        for index, term in enumerate(terms[1:], 2):
            output = name if index == len(terms) else f"{name}.{index}"
            total = self.node("Add", [total, term], output)
        return total

    def doubled(self, x: str) -> str:
        return self.node("Resize", [x, "", "twice"], f"{x}.doubled", mode="nearest",
                         coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    def stage(self, x: str, name: str, stage: Stage) -> str:
        x = self.relu(self.conv_norm(x, f"{name}.down", stage.down))
        for index, block in enumerate(stage.blocks):
            here = f"{name}.blocks.{index}"
            inner = self.relu(self.conv_norm(x, f"{here}.first", block.first))
            inner = self.conv_norm(inner, f"{here}.second", block.second)
            x = self.relu(self.add(f"{here}.sum", x, inner))
        return x

    def embedding(self, x: str, name: str, output: str, head: Embedding) -> str:
        # The sum that this normalises has other readers, so it folds into nothing.
        before = head.before
        parameters = {"scale": before.weight, "shift": before.bias,
                      "mean": before.running_mean, "variance": before.running_var}
        inputs = [self.constant(f"{name}.before.{key}", value)
                  for key, value in parameters.items()]
        x = self.relu(self.node("BatchNormalization", [x, *inputs], f"{name}.before",
                                epsilon=before.eps))
        return self.conv(x, output, head.conv, head.after)


def folded(conv: nn.Conv2d, norm: nn.BatchNorm2d | None) -> tuple[Tensor, Tensor]:
    """The kernel and bias of a convolution with the normalisation after it."""
    weight = conv.weight.detach().double()
    bias = torch.zeros(len(weight)) if conv.bias is None else conv.bias.detach()
    bias = bias.double().to(weight.device)
    if norm is None:
        return weight, bias
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    if norm.affine:
        scale = scale * norm.weight.detach().double()
    bias = (bias - norm.running_mean.double()) * scale
    if norm.affine:
        bias = bias + norm.bias.detach().double()
    return weight * scale.view(-1, 1, 1, 1), bias


def onnx_model(network: Network, precision: str, metadata: dict[str, str]) -> onnx.ModelProto:
    """The network, its normalisations as in evaluation; `metadata` is added to our own."""
    g = GraphBuilder(precision)
    g.constant("half", torch.tensor(0.5))
    g.constant("four", torch.tensor(4.0))
    g.constant("twice", torch.tensor([1.0, 1, 2, 2]))
    x = g.node("Mul", [g.node("Sub", ["image", "half"], "centred"), "four"], "scaled")
    maps = []
    for index, stage in enumerate(network.stages):
        x = g.stage(x, f"stages.{index}", stage)
        maps.append(x)
    s4, s8, s16, s32 = (g.conv(m, f"lateral.{index}", lateral)
                        for index, (lateral, m) in enumerate(zip(network.lateral, maps[1:])))
    pooled = g.node("AveragePool", [s4], "pooled", kernel_shape=[2, 2], strides=[2, 2])
    context = g.add("context", s16, g.doubled(s32))
    mixed = g.add("mixed", pooled, s8, g.doubled(context))
    detail = g.add("detail", g.conv(maps[1], "fine_lateral", network.fine_lateral),
                   g.doubled(g.conv(mixed, "fine_context", network.fine_context)))
    heads = {"embedding4": (detail, "fine", network.fine),
             "embedding8": (mixed, "coarse", network.coarse)}
    outputs = []
    for output, (value, name, head) in heads.items():
        g.embedding(value, name, output, head)
        stride = STRIDES[output]
        shape = [1, head.conv.out_channels, f"height{stride}", f"width{stride}"]
        outputs.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, shape))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "height", "width"])
    graph = helper.make_graph(g.nodes, "spotter-backbone", [image], outputs, g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)],
                              ir_version=IR, producer_name="spotter-training")
    helper.set_model_props(model, {
        "spotter.strides": ",".join(str(stride) for stride in STRIDES.values()),
        "spotter.mean": "0,0,0", "spotter.std": "1,1,1", "spotter.multiple": str(MULTIPLE),
        "spotter.licence": "Apache-2.0", **metadata})
    onnx.checker.check_model(model, full_check=True)
    return model


def difference(model: onnx.ModelProto, network: Network, height: int, width: int) -> float:
    """The largest difference between the model's outputs and the network's."""
    session = onnxruntime.InferenceSession(model.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    side = max(height, width)
    episode = draw_episode(1, Families.held_out(), side, 0, 1, torch.device("cpu"))
    picture = episode.pictures[:, :, :height, :width].contiguous()
    with torch.no_grad():
        expected = network.eval()(picture)
    outputs = session.run(list(STRIDES), {"image": picture.numpy()})
    return max(float(np.abs(o - e.numpy()).max()) for o, e in zip(outputs, expected))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--precision", choices=["float16", "float32"], default="float16")
    chosen = parser.parse_args()
    state = torch.load(chosen.run / "checkpoint.pt", map_location="cpu")
    network = Network()
    network.load_state_dict(state["averaged"])
    settings = state["settings"]
    model = onnx_model(network, chosen.precision, {
        "spotter.seed": str(settings["seed"]), "spotter.steps": str(state["step"]),
        "spotter.start": Path(settings["start"]).name})
    for height, width in ((256, 256), (416, 320)):
        apart = difference(model, network, height, width)
        print(f"{height}x{width}: at most {apart:.2g} from PyTorch")
        if apart > TOLERANCE[chosen.precision]:
            raise SystemExit(f"that is more than {TOLERANCE[chosen.precision]}")
    onnx.save(model, str(chosen.file))
    print(f"{chosen.file}: step {state['step']}, {chosen.file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
