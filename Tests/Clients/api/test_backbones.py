"""Models on networks that a project or a server brings itself."""

import hashlib
import json
import subprocess

import onnx
import pytest
from onnx import TensorProto, helper

from support.calls import judge
from support.commands import beside, values
from support.networks import network, small
from support.pictures import draw, host, make_dataset, png, train
from support.server import SPOTTER, Server

IMAGENET = {"spotter.mean": "0.485,0.456,0.406", "spotter.std": "0.229,0.224,0.225"}


@pytest.mark.parametrize("options, flags, views", [
    (dict(side=96, channels=200), ["--backbone-mean", "0.5,0.5,0.5"], {(96, 8)}),
    pytest.param(
        dict(side=None, outputs=("z", "y"), metadata={
            "spotter.strides": "4,8", "spotter.multiple": "32", **IMAGENET}),
        [], {(256, 4), (256, 8)}, marks=pytest.mark.slow)], ids=["one size", "any size"])
def test_backbones_of_any_size_and_of_one_are_trained_and_detect(
        shared, tmp_path, options, flags, views):
    file = tmp_path / "network.onnx"
    network(file, **options)
    client, project = shared.client(), "wide" if flags else "two"
    make_dataset(shared, client, project, f"{project}-images", normal=20, anomalous=10)
    digest = values(beside(shared, "project", "set", project, "--backbone", file, *flags))[
        "backbone"]
    stored = (shared.directory / "backbones" / f"{digest}.onnx").read_bytes()
    assert hashlib.sha256(stored).hexdigest() == digest
    assert (stored == file.read_bytes()) == (not flags)
    train(client, project, f"{project}-images")
    (manifest,) = shared.directory.glob(f"internal/models/{project}/1/*/manifest.json")
    training = json.loads(manifest.read_text())["training"]
    assert training["backbone"] == digest
    assert {(x["inputWidth"], x["stride"]) for x in training["candidates"]} == views
    host(client, project)
    scores = [
        judge(shared, png(draw(seed, anomalous)[0]), model=f"{project}/models/1")[1]
        for seed, anomalous in ((31, True), (32, False))]
    assert scores[0] > scores[1] > 0


def test_flags_stand_in_for_metadata(hosted, tmp_path):
    plain, told = tmp_path / "plain.onnx", tmp_path / "told.onnx"
    network(plain, side=None, outputs=("z", "y"))
    digest = network(told, side=None, outputs=("z", "y"), metadata={
        "spotter.strides": "4,8", "spotter.multiple": "16", "spotter.mean": "0.5,0.25,0.0",
        "spotter.std": "1.0,2.0,3.0"})
    flags = ["--backbone-strides", "4,8", "--backbone-multiple", "16", "--backbone-mean",
             "0.5,0.25,0", "--backbone-std", "1,2,3"]
    try:
        for file, more in ((told, []), (plain, flags), (told, flags)):
            shown = values(
                beside(hosted, "project", "set", "parts", "--backbone", file, *more))
            stored = onnx.load(hosted.directory / "backbones" / f"{shown['backbone']}.onnx")
            onnx.checker.check_model(stored)
            assert stored.metadata_props == onnx.load(told).metadata_props
            assert stored.graph == onnx.load(told).graph
            assert (shown["backbone"] == digest) == (not more)
    finally:
        values(beside(hosted, "project", "set", "parts", "--backbone", "default"))
    # The commands that read a file where it lies.
    environment = hosted.environment()
    (tmp_path / "m").mkdir()
    for name in ("train", "test"):
        (tmp_path / "m" / name).write_text("")
    command = ["evaluate", "--train", tmp_path / "m" / "train", "--test", tmp_path / "m" / "test",
               "--output", tmp_path / "out", "--backbone"]
    for more, words in (([plain], "--backbone-strides"), ([plain, *flags], "train"),
                        ([plain, "--backbone-strides", "8,4"], "plain.onnx cannot be used"),
                        (["filter-bank", *flags], "--backbone,")):
        result = subprocess.run([SPOTTER, *command, *more], capture_output=True, text=True,
                                timeout=60, env=environment)
        assert result.returncode != 0 and words in result.stderr, result.stderr


def test_a_backbone_of_the_whole_server(tmp_path):
    digest = network(tmp_path / "tiny.onnx", seed=2)
    server = Server(tmp_path / "data", "--backbone", tmp_path / "tiny.onnx").start()
    try:
        client = server.client()
        make_dataset(server, client, "p", "images")
        train(client, "p", "images")
        assert values(beside(server, "model", "show", "p", "1"))["backbone"] == digest
        host(client, "p")
    finally:
        server.kill()
    broken = tmp_path / "broken.onnx"
    broken.write_text("no network")
    plain = tmp_path / "plain.onnx"
    network(plain, side=None)
    for more, name in (([broken], "broken.onnx"), ([plain], "plain.onnx"),
                       ([plain, "--backbone-strides", "4"], "plain.onnx cannot be used")):
        outcome = subprocess.run(
            [SPOTTER, "serve", "--data-directory", tmp_path / "other", "--port", "0", "--backbone",
             *more], capture_output=True, text=True, timeout=60, env=server.environment())
        assert outcome.returncode == 1 and name in outcome.stderr, outcome.stderr
    server = Server(tmp_path / "other", "--backbone", plain, "--backbone-strides", "8").start()
    server.kill()


def test_a_file_that_is_no_backbone_is_refused_by_name_and_changes_nothing(shared, tmp_path):
    shared.client().create_project(ProjectName="unharmed")
    values(beside(shared, "project", "set", "unharmed", "--image-sizes", "mixed", "--backbone",
                  small()))
    before = beside(shared, "project", "show", "unharmed").stdout
    text = tmp_path / "text.onnx"
    text.write_text("no network")
    opsets = [helper.make_opsetid("", 17)]
    flat = tmp_path / "flat.onnx"
    onnx.save(helper.make_model(helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])], "flat",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 10])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])]),
        opset_imports=opsets), flat)
    odd = tmp_path / "odd.onnx"
    onnx.save(helper.make_model(helper.make_graph(
        [helper.make_node("NoSuchOperator", ["x"], ["y"])], "odd",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 8, 8])]),
        opset_imports=opsets), odd)
    newer, finer = tmp_path / "newer.onnx", tmp_path / "finer.onnx"
    network(newer, opset=18)
    # One output has the other's strides.
    network(finer, side=None, outputs=("z", "y"), metadata={"spotter.strides": "8,4"})
    half = tmp_path / "half.onnx"
    network(half, side=None)
    for path, words, flags in (
            (text, "not an ONNX file", []), (flat, "[1, 10]", []), (odd, "NoSuchOperator", []),
            (newer, "opset_version=17", []), (finer, "spotter.strides", []),
            (half, "--backbone-strides", []),
            (half, "strides for 2", ["--backbone-strides", "8,16"]),
            (half, "spotter.multiple", ["--backbone-strides", "8", "--backbone-multiple", "12"]),
            (half, "spotter.strides", ["--backbone-strides", "4"])):
        result = beside(shared, "project", "set", "unharmed", "--backbone", path, *flags)
        assert result.returncode == 1 and str(path) in result.stderr, result.stderr
        assert words in result.stderr, result.stderr
    assert beside(shared, "project", "show", "unharmed").stdout == before
    shown = values(beside(shared, "project", "set", "unharmed", "--backbone", "default"))
    assert shown["backbone"] == "default" and f"image-sizes = {shown['image-sizes']}" in before
