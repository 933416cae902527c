"""The server as a process: starting, stopping, dying."""

import contextlib
import json
import socket
import sqlite3
import stat
import subprocess
import time

import pytest

from support.calls import wait_dataset, wait_model, wait_package
from support.pictures import draw, line, make_dataset, png, source
from support.server import ROOT, SPOTTER


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


def test_sigterm_ends_the_server_in_order_and_leaves_a_training_to_be_resumed(server):
    client = server.client()
    make_dataset(server, client, "p", "images")
    client.create_model(ProjectName="p", OutputConfig={"S3Location": {"Bucket": "images"}})
    time.sleep(1)
    assert server.stop() == 0
    server.start()
    assert wait_model(server.client(), "p")["Status"] == "TRAINED"


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.3])
def test_a_dataset_job_survives_a_kill(server, delay):
    client = server.client()
    folder = server.bucket("images")
    lines = [json.dumps(line("images", f"{i}.png", i % 2 == 0)) for i in range(3000)]
    (folder / "m").write_text("\n".join(lines))
    client.create_project(ProjectName="p")
    client.create_dataset(ProjectName="p", DatasetType="train", DatasetSource=source("images", "m"))
    time.sleep(delay)
    server.kill()
    server.start()
    dataset = wait_dataset(server.client(), "p")
    assert dataset["Status"] == "CREATE_COMPLETE"
    assert dataset["ImageStats"] == {"Total": 3000, "Labeled": 3000, "Normal": 1500, "Anomaly": 1500}


def test_training_hosting_and_packaging_survive_kills_and_end_once(server):
    client = server.client()
    make_dataset(server, client, "p", "images")
    client.create_model(ProjectName="p", OutputConfig={"S3Location": {"Bucket": "images"}})
    for delay in (0.3, 2.5):
        time.sleep(delay)
        server.kill()
        server.start()
    client = server.client()
    model = wait_model(client, "p")
    assert model["Status"] == "TRAINED", model
    assert [m["ModelVersion"] for m in client.list_models(ProjectName="p")["Models"]] == ["1"]

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

    delays = (0.0, 0.01, 0.03, 0.06, 0.1, 0.25)
    for index, delay in enumerate(delays):
        job = client.start_model_packaging_job(
            ProjectName="p", ModelVersion="1", Configuration={"Greengrass": {
                "S3OutputLocation": {"Bucket": "images", "Prefix": "out"},
                "ComponentName": f"com.example.Killed{index}",
                "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}})["JobName"]
        time.sleep(delay)
        server.kill()
        server.start()
        client = server.client()
        # After several interruptions a job rests, so each gets a kill of its own.
        package = wait_package(client, "p", job)
        assert package["Status"] == "SUCCEEDED", package
    recipes = list((server.directory / "greengrass" / "recipes").iterdir())
    assert len(recipes) == len(delays)
    for recipe in recipes:
        json.loads(recipe.read_text())

    client.stop_model(ProjectName="p", ModelVersion="1")
    server.kill()
    server.start()
    assert wait_model(server.client(), "p")["Status"] == "TRAINED"


def test_a_model_that_kills_its_worker_each_time_fails_in_the_end(server):
    client = server.client()
    make_dataset(server, client, "p", "images")
    client.create_model(ProjectName="p", OutputConfig={"S3Location": {"Bucket": "images"}})
    for death in range(3):
        deadline = time.time() + 30
        while time.time() < deadline and not server.client().describe_model(
                ProjectName="p", ModelVersion="1")["ModelDescription"].get("StatusMessage"):
            time.sleep(0.05)
        time.sleep(0.4)
        server.kill()
        if death == 2:
            # The pauses between the next ones take minutes.
            with contextlib.closing(sqlite3.connect(server.directory / "spotter.sqlite")) as rows:
                rows.execute("UPDATE job SET document = json_set(document, '$.attempt', 8) "
                             "WHERE kind = 'train'")
                rows.commit()
        server.start()
    time.sleep(1)
    model = wait_model(server.client(), "p")
    assert model["Status"] == "TRAINING_FAILED", model
    assert "interrupted" in model["StatusMessage"]


def test_the_demonstration_runs_on_a_folder_of_pictures(tmp_path):
    for kind, count in (("normal", 22), ("anomaly", 12)):
        folder = tmp_path / "pictures" / kind
        folder.mkdir(parents=True)
        for index in range(count):
            picture, _ = draw(index + 100 * (kind == "anomaly"), kind == "anomaly")
            picture.save(folder / f"{kind}-{index}.png")
    out = subprocess.run(
        [SPOTTER, "demo", "--images", tmp_path / "pictures", "--output", tmp_path / "out"],
        capture_output=True, text=True, timeout=180)
    assert out.returncode == 0, out.stdout + out.stderr
    for word in ("Metrics", "arn:aws:greengrass:", "overview.png", "Next:"):
        assert word in out.stdout
    assert (tmp_path / "out" / "overview.png").exists()
    assert len(list((tmp_path / "out" / "overlays").iterdir())) == 6
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("keep me")
    out = subprocess.run([SPOTTER, "demo", "--output", mine], capture_output=True, text=True)
    assert out.returncode != 0 and (mine / "letter.txt").exists()


def test_an_installed_copy_finds_its_files(tmp_path):
    for source_path, target in (
            (SPOTTER, "bin/spotter"), (ROOT / "share/spotter/backbone-e1.onnx",
                                       "share/spotter/backbone-e1.onnx"),
            (ROOT / ".deps/lib/spotter/libonnxruntime.so", "lib/spotter/libonnxruntime.so")):
        (tmp_path / "prefix" / target).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "prefix" / target).write_bytes(source_path.read_bytes())
    program = tmp_path / "prefix" / "bin" / "spotter"
    program.chmod(0o755)
    process = subprocess.Popen([program, "serve", "--data-directory", tmp_path / "data", "--port", "0"],
                               stdout=subprocess.PIPE, text=True)
    lines = [process.stdout.readline() for _ in range(2)]
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert lines[1].startswith("Spotter is listening on http://127.0.0.1:")
