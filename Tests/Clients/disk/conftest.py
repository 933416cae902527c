"""A data directory with a model, and a layer under a server that works on it."""

import shutil

import pytest

from support.disk import Layer
from support.pictures import make_dataset, train
from support.server import Server


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The data directory of a server that has stopped, with the project `parts` and its model."""
    server = Server(tmp_path_factory.mktemp("trained") / "data").start()
    make_dataset(server, server.client(), "parts", "parts-images", size=(64, 64))
    train(server.client(), "parts", "parts-images")
    assert server.stop() == 0
    return server.directory


@pytest.fixture
def disk(trained, tmp_path):
    """A copy of it below a layer."""
    root = tmp_path / "disk"
    shutil.copytree(trained, root / "data")
    (tmp_path / "layer").mkdir()
    return Layer(root, tmp_path / "layer")
