"""A server for the tests, and pictures that the tests draw themselves."""

import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import boto3
import edge
import numpy
import pytest
from PIL import Image, ImageDraw

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPOTTER = ROOT / ".build" / "debug" / "spotter"
SHARED = ROOT.parent / "shared" / "data"
SECONDS_MAX = 300
HAS_CLIENT = "lookoutvision" in boto3.session.Session().get_available_services()


def pytest_configure(config):
    """Teaches SDKs without the client the API, the way the README says."""
    if not HAS_CLIENT:
        models = tempfile.mkdtemp(prefix="spotter-models-")
        config.add_cleanup(lambda: shutil.rmtree(models))
        subprocess.run([SPOTTER, "sdk-model", "install", "--directory", models], check=True,
                       stdout=subprocess.DEVNULL)
        os.environ["AWS_DATA_PATH"] = models


class Server:
    """`spotter serve` as a process of its own."""

    command = "serve"
    greeting = "Spotter is listening on "

    def __init__(self, directory, *arguments, **variables):
        self.variables = variables
        self.directory = pathlib.Path(directory)
        self.arguments = arguments
        self.process = None
        self.endpoint = None

    def start(self):
        log = open(self.directory.parent / f"{self.directory.name}.log", "ab")
        self.process = subprocess.Popen(
            [SPOTTER, self.command, "--data-directory", self.directory, "--port", "0", *self.arguments],
            stdout=subprocess.PIPE, stderr=log, text=True, env={**self.environment(), **self.variables})
        for line in self.process.stdout:
            if line.startswith(self.greeting):
                self.endpoint = line.split()[-1]
                return self
        raise AssertionError(f"the server ended with {self.process.wait()}")

    def environment(self):
        return {k: v for k, v in os.environ.items() if not k.startswith(("SPOTTER_", "AWS_"))}

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks the server to stop and returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def credentials(self):
        text = (self.directory / "credentials").read_text()
        values = dict(line.split(" = ") for line in text.splitlines() if " = " in line)
        return values["aws_access_key_id"], values["aws_secret_access_key"]

    def client(self, service="lookoutvision", **changes):
        key, secret = self.credentials()
        options = dict(endpoint_url=self.endpoint, region_name="us-east-1",
                       aws_access_key_id=key, aws_secret_access_key=secret)
        return boto3.client(service, **{**options, **changes})

    def client_environment(self):
        """What a program needs to find this server and nothing else."""
        key, secret = self.credentials()
        return {**self.environment(), "AWS_ENDPOINT_URL": self.endpoint,
                "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
                "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}

    def aws(self, *arguments, check=True):
        """Runs the AWS CLI."""
        out = subprocess.run(
            [pathlib.Path(sys.executable).parent / "aws", *map(str, arguments)],
            capture_output=True, text=True, env=self.client_environment())
        assert not check or out.returncode == 0, out.stderr
        return out

    def bucket(self, name):
        path = self.directory / "buckets" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def peak_memory_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data").start()
    yield server
    if server.process.poll() is None:
        server.kill()


class Peer:
    """Another S3: moto's, as a process of its own."""

    def __init__(self, log):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=log, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "Running on http://" in line:
                self.endpoint = line.split()[-1]
                break
        # Nobody may block it by not reading what it says.
        threading.Thread(target=lambda: [None for _ in self.process.stderr], daemon=True).start()

    def client(self):
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1",
                            aws_access_key_id="peer", aws_secret_access_key="peer-secret")

    def server(self, directory):
        """A server that keeps its objects here."""
        return Server(directory, "--object-store", "s3", "--s3-endpoint", self.endpoint,
                      AWS_ACCESS_KEY_ID="peer", AWS_SECRET_ACCESS_KEY="peer-secret").start()


@pytest.fixture(scope="session")
def peer(tmp_path_factory):
    pytest.importorskip("moto")
    with (tmp_path_factory.mktemp("peer") / "log").open("w") as log:
        peer = Peer(log)
        yield peer
        peer.process.kill()


@pytest.fixture(scope="session")
def hosted(tmp_path_factory):
    """A server with a trained and hosted model of drawn pictures with masks."""
    server = Server(tmp_path_factory.mktemp("hosted") / "data").start()
    client = server.client()
    make_dataset(server, client, "parts", "parts-images", masks=True)
    train(client, "parts", "parts-images")
    host(client, "parts")
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


def make_package(server, project, component, bucket, options=None, platform=None):
    """Runs a packaging job and returns the archive in the registry."""
    client = server.client()
    configuration = {
        "S3OutputLocation": {"Bucket": bucket, "Prefix": "packages/"}, "ComponentName": component,
        "ComponentVersion": "1.0.0",
        "TargetPlatform": platform or {"Os": "LINUX", "Arch": "X86_64"}}
    if options:
        configuration["CompilerOptions"] = json.dumps(options)
    job = client.start_model_packaging_job(
        ProjectName=project, ModelVersion="1", Configuration={"Greengrass": configuration})
    job = wait_package(client, project, job["JobName"])
    assert job["Status"] == "SUCCEEDED", job
    folder = server.directory / "greengrass" / "artifacts" / component / "1.0.0"
    return next(folder.iterdir()), job


def wait(describe, while_in):
    """Calls until the status is none of `while_in`; returns the last answer."""
    deadline = time.time() + SECONDS_MAX
    while time.time() < deadline:
        answer = describe()
        if answer["Status"] not in while_in:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"still {answer['Status']}: {answer.get('StatusMessage')}")


def wait_dataset(client, project, kind="train"):
    return wait(
        lambda: client.describe_dataset(
            ProjectName=project, DatasetType=kind)["DatasetDescription"],
        ["CREATE_IN_PROGRESS"])


def wait_model(client, project, version="1"):
    return wait(
        lambda: client.describe_model(
            ProjectName=project, ModelVersion=version)["ModelDescription"],
        ["TRAINING", "STARTING_HOSTING", "STOPPING_HOSTING"])


def wait_package(client, project, job):
    return wait(
        lambda: client.describe_model_packaging_job(
            ProjectName=project, JobName=job)["ModelPackagingDescription"],
        ["CREATED", "RUNNING"])


def source(bucket, key):
    return {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Key": key}}}


def draw(seed, anomalous, size=(256, 256)):
    """A disc on a noisy table, with a dark blot when anomalous; returns picture and mask.

    The default size is that of the graph's input, so that nothing is resized on the way.
    """
    random = numpy.random.default_rng(seed)
    table = random.normal(120, 6, (size[1], size[0], 1)) + random.normal(0, 3, 3)
    picture = Image.fromarray(numpy.clip(table, 0, 255).astype(numpy.uint8))
    pen = ImageDraw.Draw(picture)
    x, y = size[0] / 2 + random.uniform(-4, 4), size[1] / 2 + random.uniform(-4, 4)
    pen.ellipse((x - 44, y - 44, x + 44, y + 44), fill=(200, 190, 170))
    pen.ellipse((x - 14, y - 14, x + 14, y + 14), fill=(90, 80, 80))
    mask = Image.new("P", size, 0)
    mask.putpalette([255, 255, 255, 44, 160, 44])
    if anomalous:
        angle, radius = random.uniform(0, 6.28), random.uniform(24, 34)
        bx, by = x + radius * numpy.cos(angle), y + radius * numpy.sin(angle)
        box = (bx - 8, by - 7, bx + 8, by + 7)
        pen.ellipse(box, fill=(70, 40, 30))
        ImageDraw.Draw(mask).ellipse(box, fill=1)
    return picture, mask


def png(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def line(bucket, key, anomalous, mask=None):
    name = "anomaly" if anomalous else "normal"
    entry = {
        "source-ref": f"s3://{bucket}/{key}",
        "label": int(anomalous),
        "label-metadata": {
            "class-name": name, "confidence": 1, "type": "groundtruth/image-classification",
            "human-annotated": "yes", "creation-date": "2026-01-01T00:00:00", "job-name": "test"},
    }
    if mask:
        entry["mask-ref"] = f"s3://{bucket}/{mask}"
        entry["mask-ref-metadata"] = {
            "internal-color-map": {
                "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"},
                "1": {"class-name": "blot", "hex-color": "#2ca02c"}},
            "type": "groundtruth/semantic-segmentation"}
    return entry


def make_dataset(server, client, project, bucket, masks=False, normal=24, anomalous=14):
    folder = server.bucket(bucket)
    lines = []
    for index in range(normal + anomalous):
        is_anomalous = index >= normal
        picture, mask = draw(index, is_anomalous)
        (folder / f"{index}.png").write_bytes(png(picture))
        if masks and is_anomalous:
            mask.save(folder / f"{index}-mask.png")
        lines.append(line(bucket, f"{index}.png", is_anomalous,
                          f"{index}-mask.png" if masks and is_anomalous else None))
    (folder / "train.manifest").write_text("".join(json.dumps(x) + "\n" for x in lines))
    client.create_project(ProjectName=project)
    client.create_dataset(ProjectName=project, DatasetType="train",
                          DatasetSource=source(bucket, "train.manifest"))
    assert wait_dataset(client, project)["Status"] == "CREATE_COMPLETE"


def train(client, project, bucket):
    client.create_model(ProjectName=project,
                        OutputConfig={"S3Location": {"Bucket": bucket, "Prefix": "results/"}})
    model = wait_model(client, project)
    assert model["Status"] == "TRAINED", model
    return model


def host(client, project):
    client.start_model(ProjectName=project, ModelVersion="1", MinInferenceUnits=1)
    assert wait_model(client, project)["Status"] == "HOSTED"


def import_shared(server, name):
    """Copies a real data set into a bucket of its name; its manifests refer to the bucket then."""
    folder = server.bucket(name)
    for part in ("training-images", "test-images", "mask-images"):
        if (SHARED / name / part).exists():
            shutil.copytree(SHARED / name / part, folder / part)
    for manifest in ("train", "test"):
        out = []
        for text in (SHARED / name / "manifests" / f"{manifest}.manifest").open():
            entry = json.loads(text)
            for key in ("source-ref", "anomaly-mask-ref"):
                if key in entry:
                    entry[key] = f"s3://{name}/{entry[key]}"
            out.append(json.dumps(entry) + "\n")
        (folder / f"{manifest}.manifest").write_text("".join(out))
    return folder


def pytest_terminal_summary(terminalreporter):
    missing = [r for r in terminalreporter.stats.get("skipped", []) if "shared" in str(r.longrepr)]
    if missing:
        terminalreporter.write_line(
            f"SKIPPED {len(missing)} tests that need the real images of ../shared/data", red=True)


needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
