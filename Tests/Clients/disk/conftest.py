"""A data directory with a model, and a layer under a server that works on it."""

import shutil

import pytest

from support.disk import Layer, Watched
from support.pictures import make_dataset, train
from support.server import Server
from support.story import Story


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


@pytest.fixture
def filled(disk):
    """Returns what a server left in the data directory before it stopped."""
    server = Watched(disk, disk.root / "data").start()
    told = Story(server, disk)
    told.put("folder/x", 3000)
    told.project("another")
    assert told.refusals == 0 and server.stop() == 0
    return told.truth
