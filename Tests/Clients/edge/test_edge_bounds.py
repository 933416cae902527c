"""Packages that would compute for minutes: the agent serves the others, and ends when it is told to."""

import hashlib
import io
import json
import zipfile

import grpc
import numpy
from onnx import TensorProto, helper, numpy_helper

from support.edge import FAILED, NAME, STARTING, pb, pixels, refused, wait_until
from support.pictures import draw

SLOW, BAD = "com.example.Slow", "com.example.Bad"


def package(archive, nodes):
    """The archive's manifest in format 1, over a graph of these nodes from `map` to `last`."""
    def numbers(name, values):
        return numpy_helper.from_array(numpy.array(values, numpy.int64), name)
    manifest = json.loads(zipfile.ZipFile(archive).read("manifest.json"))
    size = manifest["input"]
    shape = [1, size["height"], size["width"], 3]
    head = [helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node("ReduceMax", ["planes"], ["anomaly_map"], axes=[1], keepdims=1)]
    tail = [helper.make_node("Reshape", ["last", "flat"], ["row"]),
            helper.make_node("ReduceMean", ["row"], ["score"], axes=[0], keepdims=1)]
    graph = helper.make_graph(
        [*head, *nodes, *tail], "package",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [1]),
         helper.make_tensor_value_info("anomaly_map", TensorProto.FLOAT, [1, 1, *shape[1:3]])],
        [numbers("flat", [-1]), numbers("large", [1, 1, 1000, 1000]),
         numbers("square", [1000, 1000]), numbers("huge", [300_000, 1000, 1000])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    manifest |= {"formatVersion": 1, "labels": [], "files": {
        "model.onnx": hashlib.sha256(model.SerializeToString()).hexdigest()}}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("manifest.json", json.dumps(manifest))
        file.writestr("model.onnx", model.SerializeToString())
    return buffer.getvalue()


def slow(archive):
    """Within all bounds, and minutes of multiplications: 10⁹ in each of 4,000 operators."""
    nodes = [helper.make_node("Resize", ["anomaly_map", "", "", "large"], ["grown"]),
             helper.make_node("Reshape", ["grown", "square"], ["p0"])]
    nodes += [helper.make_node("MatMul", [f"p{i}", "p0"], [f"p{i + 1}"]) for i in range(4000)]
    return package(archive, [*nodes, helper.make_node("Identity", ["p4000"], ["last"])])


def test_a_slow_package_keeps_neither_others_from_starting_nor_the_agent_from_ending(
        agent, archive):
    agent.install(slow(archive), SLOW)
    agent.install(archive, NAME)
    assert agent.stub.StartModel(pb.StartModelRequest(model_component=SLOW)).status == STARTING
    agent.run(NAME)
    assert agent.detect(NAME, pixels(draw(7001, True)[0])).is_anomalous
    assert agent.describe(SLOW).status == STARTING
    # Without an end of its own the load would take minutes, and the signal would wait for it.
    assert agent.stop() == 0
    assert not agent.socket.exists()


def test_a_package_that_fills_the_memory_is_refused_before_it_is_loaded(agent, archive):
    bomb = package(archive, [
        helper.make_node("ConstantOfShape", ["huge"], ["zeros"]),
        helper.make_node("Identity", ["zeros"], ["last"])])
    agent.install(bomb, BAD)
    agent.stub.StartModel(pb.StartModelRequest(model_component=BAD))
    description = agent.wait_status(BAD, FAILED)
    assert "ConstantOfShape" in description.status_message
    assert agent.resident_mb("VmHWM") < 1000
    loop = package(archive, [helper.make_node("Loop", ["", ""], ["last"])])
    agent.install(loop, SLOW)
    agent.stub.StartModel(pb.StartModelRequest(model_component=SLOW))
    assert "Loop" in agent.wait_status(SLOW, FAILED).status_message
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "Loop"):
        agent.detect(SLOW, pixels(draw(7001, True)[0]))
    wait_until(lambda: agent.describe(BAD).status == FAILED, "the first one to stay FAILED")
