"""An agent for the tests, and a client written from the interface's .proto file alone."""

import contextlib
import importlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import grpc
import numpy
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[3]
SPOTTER_EDGE = ROOT / ".build" / "debug" / "spotter-edge"
SECONDS_MAX = 60
# The component that most tests have.
NAME = "com.example.Parts"


def _stubs():
    folder = tempfile.mkdtemp(prefix="spotter-stubs-")
    source = ROOT / "Sources" / "EdgeProtocol"
    assert protoc.main(["protoc", f"-I{source}", f"--python_out={folder}",
                        f"--grpc_python_out={folder}", str(source / "edge_agent.proto")]) == 0
    sys.path.insert(0, folder)
    return importlib.import_module("edge_agent_pb2"), importlib.import_module("edge_agent_pb2_grpc")


pb, pb_grpc = _stubs()
RUNNING, FAILED, STOPPED, STARTING = pb.RUNNING, pb.FAILED, pb.STOPPED, pb.STARTING


class Agent:
    """`spotter-edge agent` as a process of its own."""

    # Another version's, where a test has one.
    program = SPOTTER_EDGE

    def __init__(self, folder, *arguments, environment=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        # Paths of sockets are short; pytest's folders are not always.
        self.socket = pathlib.Path(tempfile.mkdtemp(prefix="edge-")) / "agent.sock"
        self.models = self.folder / "models"
        self.models.mkdir(exist_ok=True)
        self.arguments = arguments
        self.environment = environment or {}
        self.process = None
        self.channel = None

    @property
    def target(self):
        return f"unix://{self.socket}"

    @property
    def log(self):
        return self.folder / "agent.log"

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "agent", "--socket", self.target, "--models", self.models,
             *self.arguments],
            stdout=subprocess.PIPE, stderr=self.log.open("ab"), text=True,
            env={**os.environ, **self.environment})
        line = self.process.stdout.readline()
        assert "listening" in line, self.log.read_text()
        return self

    def connect(self):
        channel = grpc.insecure_channel(self.target, options=[
            ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
        return pb_grpc.EdgeAgentStub(channel)

    @property
    def stub(self):
        if self.channel is None:
            self.channel = self.connect()
        return self.channel

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=SECONDS_MAX)

    def resident_mb(self, field="VmRSS"):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(field + ":")[1].split()[0]) / 1024

    def install(self, archive, component, version="1.0.0"):
        folder = self.models / component / version
        folder.mkdir(parents=True)
        target = folder / "model.zip"
        part = folder / "model.part"
        part.write_bytes(archive if isinstance(archive, bytes) else archive.read_bytes())
        part.rename(target)
        self.wait_listed(component)
        return target

    def listed(self):
        return {m.model_component: m for m in self.stub.ListModels(pb.ListModelsRequest()).models}

    def wait_listed(self, component, present=True):
        wait_until(lambda: (component in self.listed()) == present, f"{component} in the list")

    def describe(self, component):
        return self.stub.DescribeModel(
            pb.DescribeModelRequest(model_component=component)).model_description

    def wait_status(self, component, *statuses):
        wait_until(lambda: self.describe(component).status in statuses,
                   lambda: str(self.describe(component)))
        return self.describe(component)

    def run(self, component):
        answer = self.stub.StartModel(pb.StartModelRequest(model_component=component))
        assert answer.status == STARTING
        description = self.wait_status(component, RUNNING, FAILED)
        assert description.status == RUNNING, description.status_message
        return description

    def detect(self, component, pixels, **changes):
        return self.stub.DetectAnomalies(
            request(component, pixels, **changes)).detect_anomaly_result


def request(component, pixels, mask=None):
    height, width = pixels.shape[:2]
    message = pb.DetectAnomaliesRequest(
        model_component=component,
        bitmap=pb.Bitmap(width=width, height=height, byte_data=pixels.tobytes()))
    if mask:
        message.anomaly_mask_params.shared_memory_handle.CopyFrom(mask)
    return message


def wait_until(condition, what):
    deadline = time.time() + SECONDS_MAX
    while time.time() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"still waiting for {what() if callable(what) else what}")


@contextlib.contextmanager
def refused(code, *parts):
    """Expects a gRPC error of `code` whose message has all `parts`."""
    try:
        yield
    except grpc.RpcError as error:
        assert error.code() == code, error
        for part in parts:
            assert part in error.details(), error.details()
    else:
        raise AssertionError(f"{code} was expected")


def pixels(image):
    return numpy.asarray(image.convert("RGB"), dtype=numpy.uint8)


def attach(agent, archive, *arguments, log=None, program=SPOTTER_EDGE):
    return subprocess.Popen(
        [program, "attach", "--component", NAME, "--component-version", "1.0.0",
         "--socket", agent.target, "--unarchived", "/nowhere/at/all", "--archive", archive,
         *arguments], stderr=(log or agent.folder / "attach.log").open("ab"))
