"""Both components as a nucleus runs them: scripts of the recipes, with its variables filled in."""

import json
import os
import pathlib
import re
import signal
import subprocess
import zipfile

import pytest

from support import edge
from support.edge import NAME, RUNNING, pixels
from support.pictures import copy_of, draw, make_package
from support.server import SPOTTER

AGENT = "com.spotter.EdgeAgent"


def small_bundle(folder):
    """A bundle of some kilobytes, whose program becomes the agent that was built."""
    source = folder.parent / "agent.c"
    source.write_text("#include <unistd.h>\nint main(int count, char **words) {"
                      f' execv("{edge.SPOTTER_EDGE}", words); return 127; }}\n')
    for file in ("bin/spotter-edge", "lib/spotter/libonnxruntime.so"):
        (folder / file).parent.mkdir(parents=True)
        subprocess.run(["clang", source, "-o", folder / file], check=True)


def whole_bundle(folder):
    """What 'make edge-agent' makes, of the debug build: compressing it takes half a minute."""
    subprocess.run([edge.ROOT / "scripts" / "bundle-edge-agent", edge.SPOTTER_EDGE, folder],
                   check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session", params=[
    small_bundle, pytest.param(whole_bundle, marks=pytest.mark.slow)])
def registry(request, example, tmp_path_factory):
    """A registry with a model and the agent, published as a user would."""
    server = copy_of(example, tmp_path_factory.mktemp("registry") / "data")
    make_package(server, "parts", NAME, "parts-images")
    bundle = tmp_path_factory.mktemp("bundle") / "agent"
    request.param(bundle)
    command = [SPOTTER, "edge-agent", "publish", "--data-directory", server.directory,
               "--bundle", bundle]
    outcome = subprocess.run(command, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    assert "DEPLOYABLE" in outcome.stdout
    # What a version holds never changes.
    (bundle / "extra").write_text("x")
    outcome = subprocess.run(command, capture_output=True, text=True)
    assert outcome.returncode == 1 and "--component-version" in outcome.stderr
    outcome = subprocess.run([*command, "--arch", "aarch64"], capture_output=True, text=True)
    assert outcome.returncode == 1 and "not for aarch64" in outcome.stderr
    yield server.directory / "greengrass"
    server.kill()


class Nucleus:
    """Fills in what a nucleus fills in, and runs a component's script in its work folder."""

    def __init__(self, root, registry, unpacks):
        self.root, self.registry, self.unpacks = pathlib.Path(root), registry, unpacks
        self.processes = []

    def run(self, name, version, **configuration):
        recipe = json.loads((self.registry / "recipes" / f"{name}-{version}.json").read_text())
        manifest = recipe["Manifests"][0]
        artifacts = self.registry / "artifacts" / name / version
        unpacked = self.root / "unarchived" / name / version
        if self.unpacks:
            for archive in artifacts.iterdir():
                with zipfile.ZipFile(archive) as file:
                    file.extractall(unpacked / archive.stem)
        values = {**recipe["ComponentConfiguration"]["DefaultConfiguration"], **configuration}
        work = self.root / "work" / name
        work.mkdir(parents=True)

        def fill(match):
            word = match.group(1)
            if word.startswith("configuration:/"):
                value = values[word.removeprefix("configuration:/")]
                return str(value).lower() if isinstance(value, bool) else str(value)
            return str({"kernel:rootPath": self.root, "artifacts:path": artifacts,
                        "artifacts:decompressedPath": unpacked}[word])
        script = re.sub(r"\{([a-zA-Z]+:/?[a-zA-Z]+)\}", fill,
                        manifest["Lifecycle"]["run"]["Script"])
        log = (self.root / f"{name}.log").open("ab")
        self.processes.append(subprocess.Popen(["/bin/sh", "-c", script], cwd=work, stderr=log,
                                               stdout=log, env={"PATH": os.environ["PATH"]}))
        return self.processes[-1]

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.mark.parametrize("unpacks", [True, False], ids=["classic", "lite"])
def test_both_components_run_from_the_registrys_folders(registry, tmp_path, unpacks):
    nucleus = Nucleus(tmp_path / "greengrass", registry, unpacks)
    probe = edge.Agent(tmp_path / "unused")
    try:
        # The model first: it has to wait for the agent's programs.
        model = nucleus.run(NAME, "1.0.0", Socket=probe.target, Autostart=True)
        nucleus.run(AGENT, "0.1.0", Socket=probe.target)
        edge.wait_until(probe.socket.exists, lambda: (
            tmp_path / "greengrass" / f"{AGENT}.log").read_text())
        probe.wait_listed(NAME)
        probe.wait_status(NAME, RUNNING)
        assert probe.detect(NAME, pixels(draw(7001, True)[0])).is_anomalous
        # The running program is never written over: it lies in a folder named by its version.
        link = tmp_path / "greengrass" / "work" / AGENT / "bin"
        assert "spotter-edge-0.1.0-" in os.readlink(link)
        model.send_signal(signal.SIGTERM)
        assert model.wait(timeout=30) == 0
        probe.wait_listed(NAME, present=False)
    finally:
        nucleus.stop()
