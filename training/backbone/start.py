"""Starts a network from the weights of an earlier, smaller one in an ONNX file."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper

from .generator import Families, draw_episode
from .network import Network, restore_statistics


def take_over(network: Network, file: Path) -> None:
    """Takes the convolutions of `share/spotter/backbone-d3.onnx`: the stages to stride 16 and the
    coarse embedding. Stages that the file lacks start as they are, with no say at first."""
    graph = onnx.load(str(file)).graph
    values = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    chain = [node for node in graph.node if node.op_type == "Conv"]
    folded = [(values[node.input[1]], values[node.input[2]]) for node in chain]
    towards = [folded[i] for i, node in enumerate(chain) if "/l" not in node.output[0]]
    *trunk, mixing = towards
    targets = []
    for stage, blocks in zip(network.stages[:4], (0, 1, 2, 2)):
        targets.append(stage.down)
        for block in stage.blocks[:blocks]:
            targets += [block.first, block.second]
    if len(targets) != len(trunk):
        raise ValueError(f"{file} has {len(trunk)} convolutions where {len(targets)} are wanted")
    with torch.no_grad():
        for target, (weight, bias) in zip(targets, trunk):
            target[0].weight.copy_(weight)
            target[1].bias.copy_(bias)
        for level, lateral in zip((2, 3, 4), network.lateral[:3]):
            lateral.weight.copy_(values[f"n.l{level}.weight"])
            lateral.bias.copy_(values[f"n.l{level}.bias"])
        for silent in (network.lateral[3].weight, network.lateral[3].bias):
            silent.zero_()
        before = network.coarse.before
        before.weight.copy_(values["n.out.0.weight"])
        before.bias.copy_(values["n.out.0.bias"])
        before.running_mean.copy_(values["n.out.0.running_mean"])
        before.running_var.copy_(values["n.out.0.running_var"])
        network.coarse.conv.weight.copy_(mixing[0])
        # An added block begins as an identity.
        for block in network.stages[3].blocks[2:]:
            block.second[0].weight.mul_(0.1)
    device = torch.device("cpu")
    pictures = [draw_episode(seed, Families.training(), 128, 2, 2, device).pictures
                for seed in range(12)]
    restore_statistics(network, torch.cat(pictures))
