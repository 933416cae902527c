"""The server with its metadata in PostgreSQL, on Debian's package in a folder of its own."""

import json
import subprocess
import threading
import time

import pytest

from support.calls import wait_model, wait_package
from support.pictures import make_dataset
from support.postgresql import SECRET, Database
from support.server import SPOTTER, Server


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
