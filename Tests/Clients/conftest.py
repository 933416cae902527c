"""Fixtures of all client tests. docs/testing.md says which server a test gets."""

import fcntl
import os
import shutil
import subprocess
import tempfile

import pytest

from support import edge, networks
from support.cluster import Cluster
from support.pictures import copy_of, host, make_dataset, make_package, train
from support.postgresql import Database
from support.server import (
    HAS_CLIENT, SPOTTER, Peer, ProductServer, Server, previous_programs)


def pytest_configure(config):
    """Teaches SDKs without the client the API, the way the README says."""
    if not HAS_CLIENT:
        models = tempfile.mkdtemp(prefix="spotter-models-")
        config.add_cleanup(lambda: shutil.rmtree(models))
        subprocess.run([SPOTTER, "sdk-model", "install", "--directory", models], check=True,
                       stdout=subprocess.DEVNULL)
        os.environ["AWS_DATA_PATH"] = models


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """The server of all tests that need no other: names of projects, buckets, users and components
    are the test's own."""
    server = Server(tmp_path_factory.mktemp("shared") / "data").start()
    yield server
    server.kill()


@pytest.fixture
def server(tmp_path):
    """A server of the test's own, for tests of its settings, its files and its death."""
    server = Server(tmp_path / "data").start()
    yield server
    if server.process.poll() is None:
        server.kill()


@pytest.fixture(scope="session")
def database():
    """A PostgreSQL, in which a test makes databases of its own."""
    database = Database()
    yield database
    database.remove()


@pytest.fixture
def cluster(database, tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), database)
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def previous():
    """The folder with the programs of the version before."""
    folder = previous_programs()
    if not folder.exists():
        pytest.skip("needs the programs of the version before: scripts/build-previous")
    return folder


@pytest.fixture(scope="session")
def peer(tmp_path_factory):
    pytest.importorskip("moto")
    with (tmp_path_factory.mktemp("peer") / "log").open("w") as log:
        peer = Peer(log)
        yield peer
        peer.process.kill()


def _hosted(server):
    client = server.start().client()
    make_dataset(server, client, "parts", "parts-images", masks=True)
    train(client, "parts", "parts-images")
    host(client, "parts")
    return server


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """A data directory with the project `parts` and its hosted model of drawn pictures with masks.
    The first process of a run that needs it makes it; `copy_of` makes servers of it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    (folder / "example").mkdir(exist_ok=True)
    with (folder / "example" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "example" / "data").exists():
            server = _hosted(Server(folder / "example" / "unfinished"))
            assert server.stop() == 0
            server.directory.rename(folder / "example" / "data")
    return folder / "example" / "data"


@pytest.fixture(scope="session")
def hosted(example, tmp_path_factory):
    """A server with a trained and hosted model of drawn pictures with masks."""
    server = copy_of(example, tmp_path_factory.mktemp("hosted") / "data")
    yield server
    server.kill()


@pytest.fixture(scope="session")
def archive(hosted):
    return make_package(hosted, "parts", edge.NAME, "parts-images")[0]


@pytest.fixture(scope="session")
def running(archive, tmp_path_factory):
    agent = edge.Agent(tmp_path_factory.mktemp("edge"), "--metrics-port", "0").start()
    agent.install(archive, edge.NAME)
    agent.run(edge.NAME)
    yield agent
    agent.kill()


@pytest.fixture
def agent(tmp_path):
    agent = edge.Agent(tmp_path / "edge").start()
    yield agent
    agent.kill()


@pytest.fixture(scope="session", params=[
    "small", pytest.param("product", marks=pytest.mark.slow)])
def detailed(request, tmp_path_factory):
    """The same as `hosted`, with masks as fine as those of the product's backbone, or with it."""
    folder = tmp_path_factory.mktemp("detailed") / "data"
    if request.param == "product":
        server = _hosted(ProductServer(folder))
    else:
        server = _hosted(Server(folder, "--backbone", networks.fine()))
    yield server
    server.kill()


def pytest_terminal_summary(terminalreporter):
    missing = [r for r in terminalreporter.stats.get("skipped", []) if "shared" in str(r.longrepr)]
    if missing:
        terminalreporter.write_line(
            f"SKIPPED {len(missing)} tests that need the real images of ../shared/data", red=True)
