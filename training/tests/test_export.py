import pytest
import torch

from backbone.export import TOLERANCE, difference, onnx_model
from backbone.network import Network

STANDARD = {"Add", "AveragePool", "BatchNormalization", "Cast", "Conv", "Mul", "Relu", "Resize",
            "Sub"}


@pytest.fixture(scope="module")
def network() -> Network:
    """With statistics and parameters that folding could get wrong."""
    torch.manual_seed(1)
    network = Network()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and module.affine:
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.2)
    with torch.no_grad():
        for _ in range(30):
            network.train()(torch.rand(2, 3, 64, 64))
    return network.eval()


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_the_export_equals_the_network_at_any_size(network, precision):
    model = onnx_model(network, precision, {})
    for height, width in ((64, 64), (96, 160)):
        assert difference(model, network, height, width) < TOLERANCE[precision]


def test_the_export_has_dynamic_sizes_and_only_standard_operators(network):
    model = onnx_model(network, "float16", {"spotter.seed": "1"})
    sizes = {value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
             for value in (*model.graph.input, *model.graph.output)}
    assert sizes == {"image": [1, 3, "height", "width"],
                     "embedding4": [1, 48, "height4", "width4"],
                     "embedding8": [1, 64, "height8", "width8"]}
    assert {node.op_type for node in model.graph.node} == STANDARD
    assert [opset.version for opset in model.opset_import] == [17] and not model.functions
    assert {p.key: p.value for p in model.metadata_props} == {
        "spotter.strides": "4,8", "spotter.mean": "0,0,0", "spotter.std": "1,1,1",
        "spotter.multiple": "32", "spotter.licence": "Apache-2.0", "spotter.seed": "1"}


def test_float16_halves_the_file(network):
    small, large = (len(onnx_model(network, precision, {}).SerializeToString())
                    for precision in ("float16", "float32"))
    assert small < 0.55 * large and small < 16e6
