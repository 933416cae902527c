"""The server with its metadata in PostgreSQL, on Debian's package in a folder of its own."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

import pytest

from conftest import SPOTTER, Server, make_dataset, wait_model, wait_package

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
SECRET = "s3cr3t-of-the-database"


def unprivileged(*command):
    """PostgreSQL refuses to run as root."""
    prefix = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    return [*(prefix if os.geteuid() == 0 else []), *map(str, command)]


class Database:
    def __init__(self):
        # A socket's name has at most 107 bytes.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="spotter-postgresql-", dir="/tmp"))
        if os.geteuid() == 0:
            shutil.chown(self.directory, "nobody", "nogroup")
        # Whatever becomes of us, the server ends with this pipe.
        self.keeper = subprocess.Popen(
            unprivileged("sh", "-c", "trap '' INT HUP TERM; cat; "
                         f"{BINARIES}/pg_ctl -D {self.directory}/data -m immediate stop; "
                         f"rm -rf {self.directory}"),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        self.run("initdb", "-U", "spotter", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                 "--no-sync")
        self.databases = 0
        self.control("start")

    def run(self, program, *arguments):
        with (self.directory / "setup.log").open("ab") as log:
            subprocess.run(unprivileged(BINARIES / program, "-D", self.directory / "data",
                                        *arguments),
                           check=True, stdout=log, stderr=log, cwd="/")

    def control(self, action):
        self.run("pg_ctl", "-w", "-l", self.directory / "log", "-o",
                 f"-c listen_addresses='' -c unix_socket_directories={self.directory} -c fsync=off",
                 action)

    def remove(self):
        self.keeper.communicate()

    def sql(self, text, database="postgres"):
        return subprocess.run(
            [BINARIES / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h",
             self.directory, "-U", "spotter", "-d", database, "-c", text],
            check=True, capture_output=True, text=True).stdout.strip()

    def create(self):
        self.databases += 1
        name = f"test{self.databases}"
        self.sql(f"CREATE DATABASE {name}")
        return name, f"postgres://spotter:{SECRET}@/{name}?host={self.directory}"


@pytest.fixture(scope="module")
def database():
    database = Database()
    yield database
    database.remove()


@pytest.fixture
def servers():
    servers = []
    yield servers
    for server in servers:
        if server.process.poll() is None:
            server.kill()


def wait_job(database, name, state):
    deadline = time.time() + 60
    while time.time() < deadline:
        found = database.sql(f"SELECT document FROM job WHERE state = '{state}'", name)
        if found:
            return json.loads(found.splitlines()[0])
        time.sleep(0.05)
    raise AssertionError(f"no job was {state}")


def test_the_whole_job_runs_on_postgresql_through_a_restart_of_it(database, servers, tmp_path):
    name, url = database.create()
    server = Server(tmp_path / "data", "--metadata", url).start()
    servers.append(server)
    client = server.client()
    make_dataset(server, client, "parts", "parts-images")
    client.create_model(ProjectName="parts", OutputConfig={
        "S3Location": {"Bucket": "parts-images", "Prefix": "results/"}}, ClientToken="one")
    wait_job(database, name, "running")
    failures = []
    is_over = threading.Event()

    def ask():
        while not is_over.is_set():
            try:
                client.list_models(ProjectName="parts")
            except Exception as error:
                failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    database.control("restart")
    model = wait_model(client, "parts")
    is_over.set()
    asking.join()
    assert model["Status"] == "TRAINED" and not failures
    job = client.start_model_packaging_job(
        ProjectName="parts", ModelVersion="1", Configuration={"Greengrass": {
            "S3OutputLocation": {"Bucket": "parts-images"}, "ComponentName": "com.example.Part",
            "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}})["JobName"]
    assert wait_package(client, "parts", job)["Status"] == "SUCCEEDED"
    assert not (server.directory / "spotter.sqlite").exists()
    # A kill and a start later everything is there; the token still gives the first answer.
    server.kill()
    server.start()
    again = server.client().create_model(ProjectName="parts", OutputConfig={
        "S3Location": {"Bucket": "parts-images", "Prefix": "results/"}}, ClientToken="one")
    assert again["ModelMetadata"]["ModelVersion"] == "1"
    log = (tmp_path / "data.log").read_text()
    assert SECRET not in log


def test_commands_beside_the_server_use_the_same_database(database, servers, tmp_path):
    _, url = database.create()
    server = Server(tmp_path / "data", "--metadata", url).start()
    servers.append(server)
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "lookoutvision:*", "Resource": "*"}]}))

    def spotter(*arguments):
        return subprocess.run([SPOTTER, *arguments, "--data-directory", server.directory],
                              capture_output=True, text=True)

    out = spotter("user", "create", "ann", "--policy", policy, "--metadata", url)
    assert out.returncode == 0, out.stderr
    key, secret = [line.split(" = ")[1] for line in out.stdout.splitlines()]
    client = server.client(aws_access_key_id=key, aws_secret_access_key=secret)
    client.create_project(ProjectName="mine")
    assert "mine" in spotter("project", "list", "--metadata", url).stdout
    # Without it the command does not make a second database.
    out = spotter("user", "list")
    assert out.returncode != 0 and "--metadata" in out.stderr
    assert not (server.directory / "spotter.sqlite").exists()
    # What is wrong with a URL is told without its password.
    for wrong in (f"postgres://u:{SECRET}%zz@h/db", f"mysql://u:{SECRET}@h/db"):
        out = spotter("user", "list", "--metadata", wrong)
        assert out.returncode != 0 and "postgres://USER@HOST" in out.stderr
        assert SECRET not in out.stderr + out.stdout


def test_a_second_server_leaves_the_jobs_of_the_first_alone(database, servers, tmp_path):
    name, url = database.create()
    first = Server(tmp_path / "first", "--metadata", url).start()
    servers.append(first)
    client = first.client()
    make_dataset(first, client, "parts", "parts-images")
    client.create_model(ProjectName="parts", OutputConfig={
        "S3Location": {"Bucket": "parts-images", "Prefix": "results/"}})
    assert wait_job(database, name, "running")["kind"] == "train"
    servers.append(Server(tmp_path / "second", "--metadata", url).start())
    assert wait_job(database, name, "running")["attempt"] == 1, "the job ended too early"
    assert wait_model(client, "parts")["Status"] == "TRAINED"
    trained = [json.loads(line) for line in database.sql(
        "SELECT document FROM job WHERE kind = 'train'", name).splitlines()]
    assert [job["attempt"] for job in trained] == [1]
