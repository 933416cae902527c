"""The server as a process: starting, stopping, dying."""

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import urllib.request

import pytest

from support import networks
from support.calls import service, until, wait_dataset, wait_model, wait_package
from support.pictures import draw, line, make_dataset, png, source, train
from support.server import ROOT, SPOTTER, Server


def serve(*arguments, **environment):
    return subprocess.run([SPOTTER, "serve", *arguments], capture_output=True, text=True,
                          timeout=60, env={"PATH": "/usr/bin:/bin", **environment})


def test_a_start_that_cannot_work_says_so_in_one_line(tmp_path, server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        out = serve("--data-directory", tmp_path / "a", "--port", port)
        assert out.returncode != 0 and port in last_line(out)
        assert "another program listens there" in last_line(out)
        assert "errno" not in last_line(out) and "bind(" not in last_line(out)
    out = serve("--data-directory", tmp_path / "d", "--port", "0", "--hostname", "192.0.2.1")
    assert out.returncode != 0 and "does not have the address" in last_line(out)
    (tmp_path / "file").write_text("")
    out = serve("--data-directory", tmp_path / "file" / "data", "--port", "0")
    assert out.returncode != 0 and "data directory" in last_line(out)
    out = serve("--data-directory", tmp_path / "b", "--port", "0",
                SPOTTER_ONNX_RUNTIME="/no/such/libonnxruntime.so")
    assert out.returncode != 0 and "ONNX Runtime" in last_line(out)
    out = serve("--data-directory", server.directory, "--port", "0")
    assert out.returncode != 0 and "in use by another Spotter" in last_line(out)
    out = serve("--data-directory", tmp_path / "c", "--port", "0", SPOTTER_ACCESS_KEY_ID="x" * 20)
    assert out.returncode != 0 and "together" in last_line(out)


def last_line(out):
    lines = [x for x in out.stderr.splitlines() if x.startswith("spotter: ")]
    assert len(lines) == 1, out.stderr
    return lines[0]


def test_the_root_key_is_kept_to_its_owner_and_survives(server):
    path = server.directory / "credentials"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = server.credentials()
    assert server.stop() == 0
    server.start()
    assert server.credentials() == before
    log = (server.directory.parent / "data.log").read_text()
    assert before[1] not in log


def test_log_lines_are_json_when_asked(tmp_path):
    server = Server(tmp_path / "data", "--log-format", "json").start()
    assert server.stop() == 0
    events = [json.loads(x) for x in (tmp_path / "data.log").read_text().splitlines()]
    assert events
    assert all(set(x) == {"time", "level", "message", "metadata"} for x in events)


def jobs(server, kind):
    """The jobs of a kind, as they lie in the database now."""
    with contextlib.closing(sqlite3.connect(server.directory / "spotter.sqlite")) as rows:
        return [{**json.loads(document), "state": state} for state, document in rows.execute(
            "SELECT state, document FROM job WHERE kind = ?", (kind,))]


def kill_at_work(server, kind, attempt=1):
    """Kills the server while it works on the newest job of a kind, and starts it again."""
    until(lambda: jobs(server, kind)[-1]["state"] == "running"
          and jobs(server, kind)[-1]["attempt"] == attempt)
    server.kill()
    assert jobs(server, kind)[-1]["state"] == "running", "the job ended too early"
    server.start()


def start_training(server):
    client = server.client()
    make_dataset(server, client, "p", "images", normal=20, anomalous=10)
    client.create_model(ProjectName="p", OutputConfig={"S3Location": {"Bucket": "images"}})


def test_sigterm_ends_the_server_in_order_and_leaves_a_training_to_be_resumed(server):
    start_training(server)
    until(lambda: jobs(server, "train")[0]["state"] == "running")
    assert server.stop() == 0
    assert jobs(server, "train")[0]["state"] == "queued"
    server.start()
    assert wait_model(server.client(), "p")["Status"] == "TRAINED"


@pytest.mark.parametrize("moment", ["at once", "at work", "at its end"])
def test_a_dataset_job_survives_a_kill(server, moment):
    client = server.client()
    folder = server.bucket("images")
    lines = [json.dumps(line("images", f"{i}.png", i % 2 == 0)) for i in range(6000)]
    (folder / "m").write_text("\n".join(lines))
    client.create_project(ProjectName="p")
    client.create_dataset(ProjectName="p", DatasetType="train", DatasetSource=source("images", "m"))
    if moment == "at work":
        kill_at_work(server, "dataset")
    else:
        if moment == "at its end":
            assert wait_dataset(client, "p")["Status"] == "CREATE_COMPLETE"
        server.kill()
        server.start()
    dataset = wait_dataset(server.client(), "p")
    assert dataset["Status"] == "CREATE_COMPLETE"
    assert dataset["ImageStats"] == {"Total": 6000, "Labeled": 6000, "Normal": 3000, "Anomaly": 3000}


def test_training_survives_kills_and_ends_once(server):
    start_training(server)
    for attempt in (1, 2):
        kill_at_work(server, "train", attempt)
    client = server.client()
    model = wait_model(client, "p")
    assert model["Status"] == "TRAINED", model
    assert [m["ModelVersion"] for m in client.list_models(ProjectName="p")["Models"]] == ["1"]


def package(server, client, index, moment):
    """Kills the server at a moment of a packaging job, which succeeds all the same."""
    name = f"com.example.Killed{index}"
    job = client.start_model_packaging_job(
        ProjectName="p", ModelVersion="1", Configuration={"Greengrass": {
            "S3OutputLocation": {"Bucket": "images", "Prefix": "out"}, "ComponentName": name,
            "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}})["JobName"]
    if moment == "at work":
        kill_at_work(server, "package")
    else:
        folder = server.directory / "greengrass"
        files = {
            "at once": server.directory, "object": server.directory / f"buckets/images/out/{name}",
            "artifact": folder / f"artifacts/{name}", "recipe": folder / f"recipes/{name}-1.0.0.json",
            "component": folder / f"components/{name}"}
        until(lambda: files[moment].exists() or jobs(server, "package")[-1]["state"] == "finished")
        server.kill()
        server.start()
    # After several interruptions a job rests, so each gets a kill of its own.
    answer = wait_package(server.client(), "p", job)
    assert answer["Status"] == "SUCCEEDED", answer


@pytest.mark.parametrize("moments", [["at work"], pytest.param(
    ["at once", "at work", "object", "artifact", "recipe", "component"], marks=pytest.mark.slow)])
def test_hosting_and_packaging_survive_kills_and_end_once(server, moments):
    client = server.client()
    make_dataset(server, client, "p", "images")
    train(client, "p", "images")
    client.start_model(ProjectName="p", ModelVersion="1", MinInferenceUnits=1)
    server.kill()
    server.start()
    client = server.client()
    assert wait_model(client, "p")["Status"] == "HOSTED"
    picture, _ = draw(5, True)
    server.kill()
    server.start()
    client = server.client()
    assert client.detect_anomalies(ProjectName="p", ModelVersion="1", Body=png(picture),
                                   ContentType="image/png")["DetectAnomalyResult"]["IsAnomalous"]
    for index, moment in enumerate(moments):
        package(server, server.client(), index, moment)
    recipes = list((server.directory / "greengrass" / "recipes").iterdir())
    assert len(recipes) == len(moments)
    for recipe in recipes:
        json.loads(recipe.read_text())

    server.client().stop_model(ProjectName="p", ModelVersion="1")
    server.kill()
    server.start()
    assert wait_model(server.client(), "p")["Status"] == "TRAINED"


def test_a_model_that_kills_its_worker_each_time_fails_in_the_end(server):
    start_training(server)
    for attempt in (1, 2):
        kill_at_work(server, "train", attempt)
    until(lambda: jobs(server, "train")[0]["state"] == "running")
    server.kill()
    # The pauses between the next ones take minutes.
    with contextlib.closing(sqlite3.connect(server.directory / "spotter.sqlite")) as rows:
        rows.execute("UPDATE job SET document = json_set(document, '$.attempt', 8) "
                     "WHERE kind = 'train'")
        rows.commit()
    server.start()
    model = wait_model(server.client(), "p")
    assert model["Status"] == "TRAINING_FAILED", model
    assert "interrupted" in model["StatusMessage"]


def install(prefix, backbone):
    """Lays the program out as 'make install' does, with a backbone."""
    for file, target in ((SPOTTER, "bin/spotter"), (backbone, "share/spotter/backbone-e1.onnx"),
                         (ROOT / ".deps/lib/spotter/libonnxruntime.so",
                          "lib/spotter/libonnxruntime.so")):
        (prefix / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, prefix / target)
    return prefix / "bin" / "spotter"


@pytest.mark.parametrize("backbone", ["small", pytest.param("own", marks=pytest.mark.slow)])
def test_the_demonstration_runs_on_a_folder_of_pictures(tmp_path, backbone):
    for kind, count in (("normal", 22), ("anomaly", 12)):
        folder = tmp_path / "pictures" / kind
        folder.mkdir(parents=True)
        for index in range(count):
            picture, _ = draw(index + 100 * (kind == "anomaly"), kind == "anomaly")
            picture.save(folder / f"{kind}-{index}.png")
    program = SPOTTER if backbone == "own" else install(tmp_path / "prefix", networks.small())
    out = subprocess.run(
        [program, "demo", "--images", tmp_path / "pictures", "--output", tmp_path / "out"],
        capture_output=True, text=True, timeout=180)
    assert out.returncode == 0, out.stdout + out.stderr
    for word in ("Metrics", "arn:aws:greengrass:", "overview.png", "Next:"):
        assert word in out.stdout
    assert (tmp_path / "out" / "overview.png").exists()
    assert len(list((tmp_path / "out" / "overlays").iterdir())) == 6
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("keep me")
    out = subprocess.run([program, "demo", "--output", mine], capture_output=True, text=True)
    assert out.returncode != 0 and (mine / "letter.txt").exists()


def test_an_installed_copy_finds_its_files(tmp_path):
    program = install(tmp_path / "prefix", ROOT / "share/spotter/backbone-e1.onnx")
    process = subprocess.Popen(
        [program, "serve", "--data-directory", tmp_path / "data", "--port", "0"],
        stdout=subprocess.PIPE, text=True)
    lines = [process.stdout.readline() for _ in range(2)]
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert lines[1].startswith("Spotter is listening on http://127.0.0.1:")


def test_clients_that_trickle_or_do_not_read_cannot_delay_the_end(tmp_path):
    process = subprocess.Popen(
        [SPOTTER, "serve", "--data-directory", tmp_path / "data", "--port", "0"],
        stdout=subprocess.PIPE, text=True,
        env={**os.environ, "SPOTTER_ACCESS_KEY_ID": "AKIDOFTHEROOTOFTHIS1",
             "SPOTTER_SECRET_ACCESS_KEY": "a secret of forty characters, as is usual"})
    port = int(process.stdout.readline().rsplit(":", 1)[1])
    clients = []
    # The key is known, so that the body is waited for.
    trickling = (
        b"POST /2020-11-20/projects HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
        b"Authorization: AWS4-HMAC-SHA256 Credential=AKIDOFTHEROOTOFTHIS1/20261101/us-east-1/"
        b"lookoutvision/aws4_request, SignedHeaders=host, Signature=" + b"0" * 64
        + b"\r\n\r\n{")
    for words in (b"GET /hea", trickling, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 400,
                  b"PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx",
                  b"GET /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx"):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.sendall(words)
        clients.append(client)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
        assert answer.status == 200
    process.terminate()
    # The body would keep it for longer than that.
    assert process.wait(timeout=60) == 0
    for client in clients:
        client.close()


def test_the_files_of_a_server_are_its_users_alone(tmp_path):
    previous = os.umask(0o022)
    try:
        server = Server(tmp_path / "data").start()
        server.client().create_project(ProjectName="p")
        s3 = service(server, "s3")
        s3.create_bucket(Bucket="private")
        s3.put_object(Bucket="private", Key="folder/key", Body=b"x")
        seen = [path for path in [server.directory, *server.directory.rglob("*")]
                if path.lstat().st_mode & 0o077]
        assert server.stop() == 0 and seen == []
        (server.directory / "credentials").chmod(0o644)
        assert server.start().stop() == 0
        assert "chmod 600" in (tmp_path / "data.log").read_text()
    finally:
        os.umask(previous)
