"""Small networks that models can be built on."""

import atexit
import functools
import hashlib
import pathlib
import shutil
import tempfile

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


def network(path, seed=1, channels=24, side=128, outputs=("y",), output_channels=None, opset=17,
            metadata=None):
    """Two convolutions with random weights: edges and colours, enough for drawn blots.

    `z` has a cell for every 4 pixels, `y` for every 8; without `side` it takes any size.
    """
    random = numpy.random.default_rng(seed)

    def weights(name, shape):
        scale = 1 / numpy.sqrt(numpy.prod(shape[1:]))
        return numpy_helper.from_array(
            (random.normal(0, scale, shape)).astype(numpy.float32), name)

    def image(name, depth, stride, axes):
        sides = [side // stride] * 2 if side else axes
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, depth, *sides])
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["b"], strides=[4, 4], pads=[2, 2, 2, 2]),
        helper.make_node("Relu", ["b"], ["z"]),
        helper.make_node("Conv", ["z", "d"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1])]
    known = {"z": image("z", 16, 4, ["zh", "zw"]),
             "y": image("y", output_channels or channels, 8, ["yh", "yw"])}
    graph = helper.make_graph(
        nodes, "tiny", [image("x", 3, 1, ["height", "width"])], [known[x] for x in outputs],
        [weights("a", (16, 3, 5, 5)), weights("d", (channels, 16, 3, 3))])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    helper.set_model_props(model, dict(metadata or {}))
    onnx.save(model, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def _file(**shape):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spotter-network-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    network(folder / "network.onnx", **shape)
    return folder / "network.onnx"


def small():
    """The file of a network on which a model of forty pictures is trained in about a second."""
    return _file()


def fine():
    """The file of a network that takes pictures as they are: masks of 8 pixels, some seconds."""
    return _file(side=None, channels=12,
                 metadata=(("spotter.strides", "8"), ("spotter.multiple", "32")))
