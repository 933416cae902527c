"""Spotter and another S3 as processes, and where the files are that they need."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

import boto3
import botocore.loaders
import pytest

from support import networks

ROOT = pathlib.Path(__file__).resolve().parents[3]
SPOTTER = ROOT / ".build" / "debug" / "spotter"
SHARED = ROOT.parent / "shared" / "data"
# Whether the SDK itself knows the API: a process that pytest starts inherits AWS_DATA_PATH.
HAS_CLIENT = "lookoutvision" in botocore.loaders.Loader(
    extra_search_paths=[botocore.loaders.Loader.BUILTIN_DATA_PATH],
    include_default_search_paths=False).list_available_services("service-2")


def previous_programs():
    """Where scripts/build-previous, which names the commit, leaves the version before."""
    script = (ROOT / "scripts" / "build-previous").read_text()
    commit = re.search(r"^commit=([0-9a-f]{40})$", script, re.MULTILINE)[1]
    return ROOT / ".deps" / "previous" / commit / "bin"


needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")


class Server:
    """`spotter serve` as a process of its own, whose models are built on a small network."""

    command = "serve"
    # Another version's, where a test has one.
    program = SPOTTER
    has_small_network = True
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
            [self.program, self.command, "--data-directory", self.directory, "--port", "0",
             *self.network(), *self.arguments], stdout=subprocess.PIPE, stderr=log, text=True,
            env={**self.environment(), **self.variables})
        for line in self.process.stdout:
            if line.startswith(self.greeting):
                self.endpoint = line.split()[-1]
                return self
        raise AssertionError(f"the server ended with {self.process.wait()}")

    def network(self):
        is_named = "--backbone" in self.arguments or not self.has_small_network
        return [] if is_named else ["--backbone", networks.small()]

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
        return self.memory_mb("VmHWM")

    def memory_mb(self, field="VmRSS"):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(f"{field}:")[1].split()[0]) / 1024


class ProductServer(Server):
    """A server as it is installed, whose models are built on Spotter's own backbone."""

    has_small_network = False


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
