"""The operators' commands: backup, restore, migrate and doctor, as processes."""

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
import time
import urllib.request

import pytest

from support import edge
from support.calls import wait_model, wait_package
from support.cluster import Cluster
from support.pictures import draw, host, make_dataset, make_package, png, train
from support.postgresql import BINARIES, SECRET, Database, unprivileged
from support.server import SPOTTER, Server


def spotter(*arguments, **variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SPOTTER_", "AWS_"))}
    return subprocess.run([SPOTTER, *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, env={**environment, **variables})


def done(out):
    assert out.returncode == 0, out.stdout + out.stderr
    return out.stdout


def refused(out, *words):
    assert out.returncode != 0, out.stdout
    for word in words:
        assert word in out.stderr, out.stderr
    return out.stderr


def backup(directory, folder, *options):
    return spotter("backup", "--data-directory", directory, "--to", folder, *options)


def restore(folder, directory, *options):
    return spotter("restore", "--from", folder, "--data-directory", directory, *options)


def detect(client, project, seed=900, anomalous=True):
    answer = client.detect_anomalies(
        ProjectName=project, ModelVersion="1", ContentType="image/png",
        Body=png(draw(seed, anomalous)[0]))
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    return answer["DetectAnomalyResult"]["IsAnomalous"], headers["x-spotter-score"]


@contextlib.contextmanager
def serving(directory, *arguments, **variables):
    server = Server(directory, *arguments, **variables).start()
    yield server
    if server.process.poll() is None:
        server.kill()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A server that goes on: a hosted model with a threshold of its own, a package, objects with
    metadata and one put there by hand."""
    server = Server(tmp_path_factory.mktemp("kept") / "data").start()
    client, s3 = server.client(), server.client("s3")
    make_dataset(server, client, "parts", "parts-images", normal=20, anomalous=10)
    train(client, "parts", "parts-images")
    host(client, "parts")
    make_package(server, "parts", edge.NAME, "parts-images")
    s3.create_bucket(Bucket="letters")
    s3.create_bucket(Bucket="empty")
    s3.put_object(Bucket="letters", Key="a/ä.txt", Body=b"by S3", ContentType="text/x-letter",
                  Metadata={"from": "ann"})
    (server.directory / "buckets" / "letters" / "hand.txt").write_bytes(b"by hand")
    upload = s3.create_multipart_upload(Bucket="letters", Key="joined")["UploadId"]
    etag = s3.upload_part(Bucket="letters", Key="joined", UploadId=upload, PartNumber=1,
                          Body=b"x" * 1000)["ETag"]
    s3.complete_multipart_upload(Bucket="letters", Key="joined", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": etag}]})
    yield server
    server.kill()


def seen(server):
    """What clients see of the server of `kept`."""
    client, s3, greengrass = (server.client(x) for x in ("lookoutvision", "s3", "greengrassv2"))
    model = client.describe_model(ProjectName="parts", ModelVersion="1")["ModelDescription"]
    entries = client.list_dataset_entries(ProjectName="parts", DatasetType="train")
    arn = f"arn:aws:greengrass:us-east-1:000000000000:components:{edge.NAME}:versions:1.0.0"
    recipe = json.loads(greengrass.get_component(arn=arn)["recipe"])
    heads = {}
    for key in ("a/ä.txt", "hand.txt", "joined"):
        head = s3.get_object(Bucket="letters", Key=key)
        heads[key] = (head["Body"].read(), head["ContentType"], head["Metadata"],
                      head["LastModified"], head["ETag"] if key != "hand.txt" else None)
    return (model, entries["DatasetEntries"], recipe, heads, detect(client, "parts"),
            detect(client, "parts", 901, False),
            sorted(b["Name"] for b in s3.list_buckets()["Buckets"]))


def test_a_backup_beside_a_busy_server_is_whole_and_answers_the_same(kept, tmp_path):
    before = seen(kept)
    client, s3 = kept.client(), kept.client("s3")
    is_over = threading.Event()
    failures = []

    def busy(work):
        number = 0
        while not is_over.is_set():
            try:
                work(number)
            except Exception as error:
                failures.append(error)
            number += 1

    def objects(number):
        s3.put_object(Bucket="parts-images", Key=f"churn/{number % 7}", Body=b"%d" % number,
                      Metadata={"number": str(number)})
        s3.delete_object(Bucket="parts-images", Key=f"churn/{(number + 3) % 7}")

    def projects(number):
        client.create_project(ProjectName=f"p{number}")
        if number > 5:
            client.delete_project(ProjectName=f"p{number - 5}")

    def models(number):
        # Each training reads few pictures; the older model goes.
        output = {"S3Location": {"Bucket": "parts-images", "Prefix": "results/"}}
        version = client.create_model(ProjectName="parts", OutputConfig=output)[
            "ModelMetadata"]["ModelVersion"]
        wait_model(client, "parts", version)
        client.delete_model(ProjectName="parts", ModelVersion=version)

    def components(number):
        made = greengrass.create_component_version(inlineRecipe=json.dumps({
            "RecipeFormatVersion": "2020-01-25", "ComponentName": f"churn.{number % 5}",
            "ComponentVersion": f"1.0.{number}", "ComponentPublisher": "t", "Manifests": [{
                "Platform": {"os": "linux"},
                "Artifacts": [{"URI": "s3://parts-images/0.png", "Unarchive": "NONE"}]}]}))
        arns.append(made["arn"])
        if len(arns) > 3:
            greengrass.delete_component(arn=arns.pop(0))

    greengrass, arns = kept.client("greengrassv2"), []
    threads = [threading.Thread(target=busy, args=[work])
               for work in (objects, projects, models, components)]
    for thread in threads:
        thread.start()
    headers = []
    for number in range(4):
        time.sleep(1)
        folder = tmp_path / f"backup{number}"
        done(backup(kept.directory, folder, *(["--copy"] if number == 3 else [])))
        headers.append(json.loads((folder / "backup.json").read_text()))
    is_over.set()
    for thread in threads:
        thread.join()
    assert not failures
    for arn in arns:
        greengrass.delete_component(arn=arn)

    for number, header in enumerate(headers):
        folder = tmp_path / f"backup{number}"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert header["formatVersion"] == 1 and not header["missing"]
        assert not (tmp_path / f"backup{number}.unfinished").exists()
        rows = [json.loads(x) for x in (folder / "files.jsonl").read_text().splitlines()]
        assert len(rows) == header["files"]
        assert {str(x.relative_to(folder / "data")) for x in (folder / "data").rglob("*")
                if x.is_file()} == {row["path"] for row in rows}
        # Each model that a row names has its files, and no other one has any.
        with contextlib.closing(sqlite3.connect(folder / "data" / "spotter.sqlite")) as database:
            named = {
                f"internal/models/{model.get('files') or model['project'] + '/' + str(model['version'])}"
                for model in (json.loads(x) for x, in database.execute(
                    "SELECT document FROM model WHERE status IN ('TRAINED', 'HOSTED')"))}
        found = {row["path"].rsplit("/", 1)[0] for row in rows
                 if row["path"].startswith("internal/models/") and "/.spotter-" not in row["path"]}
        assert found == named
        done(restore(folder, tmp_path / f"data{number}"))
        with serving(tmp_path / f"data{number}") as server:
            assert seen(server) == before
            # Every object of the restored server has what was kept with it.
            for entry in server.client("s3").list_objects_v2(
                    Bucket="parts-images", Prefix="churn/").get("Contents", []):
                head = server.client("s3").get_object(Bucket="parts-images", Key=entry["Key"])
                assert head["Metadata"]["number"].encode() == head["Body"].read()
            # Every component is whole.
            again = server.client("greengrassv2")
            for component in again.list_components(scope="PRIVATE")["components"]:
                for version in again.list_component_versions(arn=component["arn"])[
                        "componentVersions"]:
                    recipe = json.loads(again.get_component(arn=version["arn"])["recipe"])
                    artifact = recipe["Manifests"][0]["Artifacts"][0]
                    artifact = artifact.get("Uri") or artifact["URI"]
                    url = again.get_component_version_artifact(
                        arn=version["arn"], artifactName=artifact.removeprefix("s3://"))
                    assert urllib.request.urlopen(url["preSignedUrl"]).read()
            folder = server.directory / "greengrass"
            made = [f"{x.parent.name}-{x.stem}" for x in folder.glob("components/*/*.json")]
            assert sorted(made) == sorted(x.stem for x in folder.glob("recipes/*.json"))
            assert len(list(folder.glob("artifacts/*/*"))) == len(made)
    # The restored server shares nothing with the backup.
    linked = tmp_path / "data0" / "internal" / "models"
    assert all(x.stat().st_nlink == 1 for x in linked.rglob("*") if x.is_file())
    assert all(x.stat().st_nlink == 1 for x in (tmp_path / "backup3").rglob("*") if x.is_file())


def test_no_row_is_without_its_files_however_fast_models_come_and_go(kept, tmp_path):
    done(backup(kept.directory, tmp_path / "first"))
    data = tmp_path / "data"
    done(restore(tmp_path / "first", data))
    models = data / "internal" / "models" / "parts"
    is_over = threading.Event()

    def come_and_go(lane):
        """As Spotter does it: files, row, then the row and its files again."""
        chance = random.Random(lane)
        with contextlib.closing(sqlite3.connect(data / "spotter.sqlite", timeout=30)) as rows:
            document = json.loads(rows.execute(
                "SELECT document FROM model WHERE version = 1").fetchone()[0])
            rows.execute("PRAGMA synchronous = OFF")
            version = 100_000 * (lane + 1)
            while not is_over.is_set():
                version += 1
                files = models / str(version) / "attempt"
                files.mkdir(parents=True)
                for name in ("model.onnx", "manifest.json"):
                    (files / name).write_bytes(b"%d" % version)
                document.update(version=version, files=f"parts/{version}/attempt")
                rows.execute("INSERT INTO model VALUES ('parts', ?, 'TRAINED', ?)",
                             (version, json.dumps(document)))
                rows.commit()
                time.sleep(chance.choice([0, 0.02, 0.1, 0.3]))
                rows.execute("DELETE FROM model WHERE version = ?", (version,))
                rows.commit()
                shutil.rmtree(files.parent)

    threads = [threading.Thread(target=come_and_go, args=[lane]) for lane in range(12)]
    for thread in threads:
        thread.start()
    whole = 0
    # A copy of the files and then of the rows goes wrong once in four times here.
    for number in range(30):
        folder = tmp_path / f"backup{number}"
        out = backup(data, folder)
        if out.returncode != 0:
            assert "deleted again and again" in out.stderr and not folder.exists()
            continue
        whole += 1
        with contextlib.closing(sqlite3.connect(folder / "data" / "spotter.sqlite")) as rows:
            named = {version: json.loads(document).get("files") or f"parts/{version}"
                     for version, document in rows.execute("SELECT version, document FROM model "
                                                           "WHERE status IN ('TRAINED', 'HOSTED')")}
        kept_files = folder / "data" / "internal" / "models"
        for version, files in named.items():
            if version >= 100_000:
                assert (kept_files / files / "model.onnx").read_bytes() == b"%d" % version
            assert (kept_files / files / "manifest.json").exists()
        assert len(list(kept_files.rglob("model.onnx"))) == len(named)
        assert not json.loads((folder / "backup.json").read_text())["missing"]
    is_over.set()
    for thread in threads:
        thread.join()
    assert whole > 10


def test_what_people_put_into_buckets_by_hand_is_copied_and_safe(kept, tmp_path):
    elsewhere = tmp_path / "pictures"
    elsewhere.mkdir()
    (elsewhere / "1.png").write_bytes(b"elsewhere")
    buckets = kept.directory / "buckets"
    (buckets / "linked").symlink_to(elsewhere)
    letters = buckets / "letters"
    (letters / "same.txt").symlink_to("hand.txt")
    (letters / "out.txt").symlink_to("/etc/hostname")
    try:
        done(backup(kept.directory, tmp_path / "backup"))
    finally:
        for link in (buckets / "linked", letters / "same.txt", letters / "out.txt"):
            link.unlink()
    saved = tmp_path / "backup" / "data" / "buckets"
    assert (saved / "linked" / "1.png").read_bytes() == b"elsewhere"
    assert (saved / "letters" / "same.txt").read_bytes() == b"by hand"
    assert not (saved / "letters" / "same.txt").is_symlink()
    assert not (saved / "letters" / "out.txt").exists()
    # What only Spotter writes has one more name; what others may change is a copy.
    assert (saved / "letters" / "a" / "ä.txt").stat().st_nlink > 1
    assert (saved / "letters" / "hand.txt").stat().st_nlink == 1
    assert (tmp_path / "backup" / "data" / "credentials").stat().st_nlink == 1
    (letters / "hand.txt").write_bytes(b"changed")
    kept.client("s3").put_object(Bucket="letters", Key="a/ä.txt", Body=b"replaced")
    done(restore(tmp_path / "backup", tmp_path / "data"))
    restored = tmp_path / "data" / "buckets" / "letters"
    assert (restored / "hand.txt").read_bytes() == b"by hand"
    assert (restored / "a" / "ä.txt").read_bytes() == b"by S3"
    (letters / "hand.txt").write_bytes(b"by hand")
    kept.client("s3").put_object(Bucket="letters", Key="a/ä.txt", Body=b"by S3",
                                 ContentType="text/x-letter", Metadata={"from": "ann"})


def test_a_restored_server_goes_on_with_jobs_that_were_running(tmp_path):
    with serving(tmp_path / "data") as server:
        client = server.client()
        make_dataset(server, client, "p", "images")
        client.create_model(ProjectName="p", OutputConfig={"S3Location": {"Bucket": "images"}})
        done(backup(server.directory, tmp_path / "backup"))
        key = server.credentials()
    done(restore(tmp_path / "backup", tmp_path / "again"))
    with serving(tmp_path / "again") as server:
        assert server.credentials() == key
        assert wait_model(server.client(), "p")["Status"] == "TRAINED"


def test_a_backup_that_is_killed_leaves_nothing_under_its_name(kept, tmp_path):
    extra = kept.bucket("large")
    for number in range(60):
        (extra / str(number)).write_bytes(os.urandom(4 << 20))
    folder = tmp_path / "backup"
    start = time.time()
    done(backup(kept.directory, tmp_path / "whole", "--copy"))
    whole = time.time() - start
    for share in (0.1, 0.3, 0.6, 0.9):
        process = subprocess.Popen(
            [SPOTTER, "backup", "--data-directory", kept.directory, "--to", folder, "--copy"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * share)
        process.send_signal(signal.SIGKILL)
        if process.wait() != 0:
            assert not folder.exists()
        else:
            done(restore(folder, tmp_path / f"data{share}"))
            subprocess.run(["rm", "-r", folder], check=True)
    done(backup(kept.directory, folder))
    assert not (tmp_path / "backup.unfinished").exists()
    # The same with the other command.
    start = time.time()
    done(restore(folder, tmp_path / "all"))
    whole = time.time() - start
    process = subprocess.Popen(
        [SPOTTER, "restore", "--from", folder, "--data-directory", tmp_path / "killed"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(whole * 0.8)
    process.send_signal(signal.SIGKILL)
    if process.wait() != 0:
        assert not (tmp_path / "killed").exists()
        done(restore(folder, tmp_path / "killed"))
    subprocess.run(["rm", "-r", extra], check=True)


def reseal(folder, change):
    """What somebody who wants to harm writes: a list that fits its checksum."""
    header = json.loads((folder / "backup.json").read_text())
    rows = [json.loads(x) for x in (folder / "files.jsonl").read_text().splitlines()]
    change(header, rows)
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (folder / "files.jsonl").write_bytes(text)
    header["files"] = len(rows)
    header["listSHA256"] = hashlib.sha256(text).hexdigest()
    (folder / "backup.json").write_text(json.dumps(header))


@pytest.fixture
def copied(kept, tmp_path):
    done(backup(kept.directory, tmp_path / "backup", "--copy"))
    return tmp_path / "backup"


def test_a_damaged_backup_is_refused_with_the_name_of_the_file(copied, tmp_path):
    target = tmp_path / "data"
    model = next((copied / "data" / "internal" / "models").rglob("model.onnx"))
    whole = model.read_bytes()
    model.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    refused(restore(copied, target), str(model.relative_to(copied)))
    refused(restore(copied, target, "--leave-out-damaged-objects"), "model.onnx")
    model.unlink()
    refused(restore(copied, target), "model.onnx")
    model.symlink_to("/etc/hostname")
    refused(restore(copied, target), "model.onnx")
    model.unlink()
    model.write_bytes(whole)
    letter = copied / "data" / "buckets" / "letters" / "hand.txt"
    letter.write_bytes(b"by HAND")
    assert "--leave-out-damaged-objects" in refused(restore(copied, target), "letters/hand.txt")
    assert not target.exists() and not (tmp_path / "data.unfinished").exists()
    out = restore(copied, target, "--leave-out-damaged-objects")
    done(out)
    assert "letters/hand.txt was left out" in out.stderr
    assert not (target / "buckets" / "letters" / "hand.txt").exists()
    # The list is guarded by the header.
    listed = copied / "files.jsonl"
    listed.write_text(listed.read_text().replace('"size":', '"size": ', 1))
    refused(restore(copied, tmp_path / "other"), "files.jsonl")


def test_a_hostile_backup_writes_nowhere_else(copied, tmp_path):
    (copied / "outside").write_bytes(b"mine")
    digest = hashlib.sha256(b"mine").hexdigest()
    original = [(copied / name).read_bytes() for name in ("backup.json", "files.jsonl")]
    for path in ("../outside", "buckets/../../outside", "/etc/spotter-test", "buckets//x",
                 "lock/x", "temporary/x", "buckets/./x", "", "buckets/x\0y"):
        reseal(copied, lambda header, rows: rows.append(
            {"path": path, "size": 4, "sha256": digest, "modified": 0, "mode": 420}))
        refused(restore(copied, tmp_path / "data"), "no path of a data directory")
        for name, content in zip(("backup.json", "files.jsonl"), original):
            (copied / name).write_bytes(content)
    # A folder on the way that is a link is none.
    (copied / "data" / "buckets" / "evil").symlink_to(copied)
    reseal(copied, lambda header, rows: rows.append(
        {"path": "buckets/evil/outside", "size": 4, "sha256": digest, "modified": 0, "mode": 420}))
    refused(restore(copied, tmp_path / "data"), "buckets/evil/outside")
    for name, content in zip(("backup.json", "files.jsonl"), original):
        (copied / name).write_bytes(content)
    reseal(copied, lambda header, rows: header["buckets"].append("../../evil"))
    refused(restore(copied, tmp_path / "data"), "no bucket")
    assert not (tmp_path / "data").exists() and not (tmp_path / "evil").exists()


def test_newer_backups_and_targets_that_exist_are_refused(copied, kept, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    refused(restore(copied, tmp_path / "mine"), "exists already")
    refused(backup(kept.directory, tmp_path / "mine"), "exists already")
    assert [x.name for x in (tmp_path / "mine").iterdir()] == ["letter.txt"]
    (tmp_path / "free").mkdir()
    done(restore(copied, tmp_path / "free"))

    def rows(change):
        database = copied / "data" / "spotter.sqlite"
        with contextlib.closing(sqlite3.connect(database)) as connection:
            change(connection)
            connection.commit()
        content = database.read_bytes()
        reseal(copied, lambda header, rows: [row.update(
            size=len(content), sha256=hashlib.sha256(content).hexdigest())
            for row in rows if row["path"] == "spotter.sqlite"])

    rows(lambda x: x.execute("INSERT INTO grdb_migrations VALUES ('9999-later')"))
    refused(restore(copied, tmp_path / "data"), "9999-later")
    rows(lambda x: x.execute("DELETE FROM grdb_migrations WHERE identifier = '9999-later'"))
    rows(lambda x: x.execute("PRAGMA foreign_keys = OFF").execute(
        "DELETE FROM project WHERE name = 'parts'"))
    refused(restore(copied, tmp_path / "data"), "damaged")
    reseal(copied, lambda header, rows: header.update(formatVersion=2))
    refused(restore(copied, tmp_path / "data"), "format 2")
    assert not (tmp_path / "data").exists()


def test_a_backup_says_what_it_is_not_for(kept, tmp_path):
    url = "postgres://spotter:s3cr3t@localhost/db"
    text = refused(backup(kept.directory, tmp_path / "x", "--metadata", url), "pg_dump")
    assert "s3cr3t" not in text
    refused(backup(kept.directory, tmp_path / "x", "--object-store", "s3"), "its own means")
    refused(backup(tmp_path, tmp_path / "x"), "spotter.sqlite", "pg_dump")
    refused(backup(kept.directory, kept.directory / "x"), "in the data directory")
    refused(backup(kept.directory, tmp_path / "no" / "x"), "does not exist")
    refused(restore(tmp_path, tmp_path / "x"), "no backup of Spotter")


def test_the_audit_log_comes_along_when_it_is_asked_for(kept, tmp_path):
    done(backup(kept.directory, tmp_path / "with", "--with-audit-log"))
    done(backup(kept.directory, tmp_path / "without"))
    done(restore(tmp_path / "with", tmp_path / "data"))
    lines = (tmp_path / "data" / "audit" / "audit.jsonl").read_text().splitlines()
    assert any(json.loads(x)["eventName"] == "CreateProject" for x in lines)
    assert not (tmp_path / "without" / "data" / "audit").exists()


def test_no_audit_file_is_lost_when_files_are_renamed_meanwhile(kept, tmp_path):
    done(backup(kept.directory, tmp_path / "backup"))
    data = tmp_path / "data"
    done(restore(tmp_path / "backup", data))
    audit = data / "audit"
    audit.mkdir(exist_ok=True)

    def path(number):
        return audit / (f"audit.jsonl.{number}" if number else "audit.jsonl")

    def write(number):
        path(0).write_text(json.dumps({"number": number, "padding": "x" * 100_000}) + "\n")

    def rotate(number):
        for older in range(number - 1, -1, -1):
            path(older).rename(path(older + 1))
        write(number)

    write(0)
    for number in range(1, 60):
        rotate(number)
    count, is_over = 60, threading.Event()

    def go_on():
        nonlocal count
        while not is_over.is_set():
            rotate(count)
            count += 1
            time.sleep(0.01)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        for number in range(6):
            before = count
            done(backup(data, tmp_path / f"backup{number}", "--with-audit-log"))
            found = [json.loads(x.read_text())["number"] for x in
                     (tmp_path / f"backup{number}" / "data" / "audit").iterdir()
                     if x.stat().st_size]
            assert set(range(before)) <= set(found)
            assert len(found) == len(set(found))
    finally:
        is_over.set()
        thread.join()


def test_a_component_that_has_lost_a_file_is_named(kept, tmp_path):
    done(backup(kept.directory, tmp_path / "backup"))
    data = tmp_path / "data"
    done(restore(tmp_path / "backup", data))
    artifact = next((data / "greengrass" / "artifacts").rglob("*.zip"))
    lost = f"{artifact.relative_to(data)} of the component {edge.NAME} 1.0.0"
    artifact.unlink()
    out = backup(data, tmp_path / "lacking")
    assert "1 components" in done(out)
    assert f"the data directory itself lacks {lost}" in out.stderr
    assert json.loads((tmp_path / "lacking" / "backup.json").read_text())["missing"] == [lost]
    out = restore(tmp_path / "lacking", tmp_path / "again")
    done(out)
    assert f"the backup never had {lost}" in out.stderr
    next((data / "greengrass" / "recipes").iterdir()).unlink()
    out = backup(data, tmp_path / "neither")
    assert "1 components" in done(out) and f"recipes/{edge.NAME}-1.0.0.json of" in out.stderr


def test_where_no_folder_can_be_made_is_said_before_anything_is_copied(copied, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    refused(restore(copied, tmp_path / "link"), "is a link")
    refused(restore(copied, tmp_path / "no" / "data"), f"{tmp_path / 'no'} does not exist")
    # A restore that came as far as the checksums would say this.
    (copied / "files.jsonl").write_text("")
    mounts = [line.split()[4] for line in open("/proc/self/mountinfo")]
    empty = [x for x in mounts if os.path.isdir(x) and not os.listdir(x)
             and os.access(os.path.dirname(x), os.W_OK)]
    for mount in empty[:1]:
        refused(restore(copied, mount), "is mounted", f"{mount}/data")
    command = [SPOTTER, "restore", "--from", str(copied), "--data-directory", "/usr/spotter-again"]
    out = subprocess.run(unprivileged(*command), capture_output=True, text=True, cwd="/")
    refused(out, "may not write in /usr", "sudo")


# MARK: doctor


def doctor(*arguments, **variables):
    out = spotter("doctor", "--json", *arguments, **variables)
    report = json.loads(out.stdout)
    assert report["isWell"] == (out.returncode == 0)
    return {finding["check"]: finding for finding in report["findings"]}


def levels(findings):
    return {check for check, finding in findings.items() if finding["level"] == "failed"}


def test_the_doctor_finds_a_server_at_work_well_and_harms_nothing(kept):
    found = doctor("--data-directory", kept.directory)
    assert not levels(found)
    for check in ("ONNX Runtime", "backbone", "data directory", "objects", "schema", "round trip",
                  "queue", "leases", "failed jobs", "left objects", "hosted models"):
        assert found[check]["level"] == "ok", found[check]
    assert "server" in found["members"]["text"]
    text = done(spotter("doctor", "--data-directory", kept.directory))
    assert len(text.splitlines()) == len(found)
    # The rest of the command lines of servers and workers.
    text = done(spotter(
        "doctor", "--data-directory", kept.directory, "--hostname=0.0.0.0", "--port", "9444",
        "--no-worker", "--kinds", "train,package", "--concurrency=2", "--metrics=everyone"))
    assert len(text.splitlines()) == len(found)
    assert "--concurrency" not in done(spotter("doctor", "--help"))
    assert not [x for x in kept.directory.rglob(".spotter-doctor-*")]


def test_the_doctor_names_what_is_broken(kept, tmp_path):
    done(backup(kept.directory, tmp_path / "backup"))
    data = tmp_path / "data"
    done(restore(tmp_path / "backup", data))
    next((data / "internal" / "models").rglob("model.onnx")).unlink()
    (data / "credentials").chmod(0o644)
    with contextlib.closing(sqlite3.connect(data / "spotter.sqlite")) as rows:
        job = {"id": "3F2504E0-4F89-11D3-9A0C-0305E82C3301", "kind": "train", "attempt": 1,
               "subject": "", "state": "failed", "notBefore": 0, "created": 0,
               "lastError": "the disk is full"}
        rows.execute(
            "INSERT INTO job (id, kind, state, not_before, document) VALUES (?, ?, ?, ?, ?)",
            (job["id"], "train", "failed", time.time() - 60, json.dumps(job)))
        rows.execute("DELETE FROM member")
        rows.execute("INSERT INTO staged_object VALUES ('p/9/x/model.onnx', ?)",
                     (time.time() - 3 * 86400,))
        rows.commit()
    found = doctor("--data-directory", data, SPOTTER_ONNX_RUNTIME="/no/such/libonnxruntime.so")
    assert levels(found) == {"installation", "hosted models"}
    assert "parts/1" in found["hosted models"]["text"]
    assert "the disk is full" in found["failed jobs"]["text"]
    assert "p/9/x/model.onnx" in found["left objects"]["text"]
    assert found["root key"]["level"] == found["members"]["level"] == "warning"
    with contextlib.closing(sqlite3.connect(data / "spotter.sqlite")) as rows:
        rows.execute("INSERT INTO grdb_migrations VALUES ('9999-later')")
        rows.commit()
    assert "schema" in levels(doctor("--data-directory", data))
    (data / "spotter.sqlite").write_bytes(b"this is no database" * 1000)
    assert "database" in levels(doctor("--data-directory", data))
    found = doctor("--data-directory", tmp_path / "nothing")
    assert not levels(found) and found["data directory"]["level"] == "warning"
    assert not (tmp_path / "nothing").exists()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.remove()


def peer_key(cluster):
    key, secret = cluster.peer.credentials()
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}


def test_the_doctor_looks_at_a_cluster(cluster, tmp_path):
    data = tmp_path / "data"
    name, url = cluster.database.create()
    stores = ["--data-directory", data, "--metadata", url, "--object-store", "s3",
              "--s3-endpoint", cluster.peer.endpoint]
    key = peer_key(cluster)
    # The bucket is missing, the database is new.
    found = doctor(*stores, "--state-bucket", "not-there-yet", **key)
    assert levels(found) == {"objects"} and "not-there-yet" in found["objects"]["text"]
    assert found["schema"]["level"] == "warning"
    assert cluster.database.sql("SELECT to_regclass('project') IS NULL", name) == "t"
    cluster.s3().create_bucket(Bucket="doctor-state")
    stores += ["--state-bucket", "doctor-state"]
    with serving(data, *stores[2:], "--no-worker", **key):
        found = doctor(*stores, **key)
        assert not levels(found), found
        assert found["clock of the S3"]["level"] == found["clock of the database"]["level"] == "ok"
        assert not cluster.s3().list_objects_v2(Bucket="doctor-state").get("Contents")
        # A job that nobody does.
        job = {"id": "3F2504E0-4F89-11D3-9A0C-0305E82C3301", "kind": "train"}
        cluster.database.sql(
            "INSERT INTO job (id, kind, state, not_before, document) VALUES "
            f"('{job['id']}', 'train', 'queued', {time.time() - 7200}, '{{}}')", name)
        found = doctor(*stores, **key)
        assert levels(found) == {"kinds of jobs"} and "train" in found["kinds of jobs"]["text"]
        assert found["queue"]["level"] == "warning"
    wrong = doctor(*stores, **{**key, "AWS_SECRET_ACCESS_KEY": "wrong"})
    assert "objects" in levels(wrong)
    away = doctor(*stores[:6], "--s3-endpoint", "http://127.0.0.1:1", "--state-bucket", "xyz", **key)
    assert "objects" in levels(away)
    cluster.database.sql(
        "INSERT INTO spotter_migration (name) VALUES ('9999-later')", name)
    assert "9999-later" in doctor(*stores, **key)["schema"]["text"]


def test_the_doctor_tells_a_database_that_refuses_or_is_away(tmp_path):
    database = Database()
    try:
        name, url = database.create()
        hba = database.directory / "data" / "pg_hba.conf"
        hba.write_text("local all locked scram-sha-256\n" + hba.read_text())
        database.sql("CREATE USER locked PASSWORD 'right'; SELECT pg_reload_conf()")
        locked = url.replace("spotter:", "locked:", 1)
        found = doctor("--data-directory", tmp_path / "data", "--metadata", locked)
        assert levels(found) == {"database"}
        assert "password authentication failed" in found["database"]["text"]
        assert not [x for x in map(str, found.values()) if "s3cr3t" in x]
        database.control("stop")
        found = doctor("--data-directory", tmp_path / "data", "--metadata", url)
        assert levels(found) == {"database"}
    finally:
        database.remove()


# MARK: migrate


def migrate(directory, *stores, **variables):
    return spotter("migrate", "--from", "sqlite", "--to", "postgres", "--data-directory",
                   directory, *stores, **variables)


def test_a_data_directory_moves_to_a_cluster_with_all_that_it_has(kept, cluster, tmp_path):
    done(backup(kept.directory, tmp_path / "backup"))
    data = tmp_path / "data"
    done(restore(tmp_path / "backup", data))
    before = seen(kept)
    name, url = cluster.database.create()
    key = peer_key(cluster)
    stores = ["--metadata", url, "--object-store", "s3", "--s3-endpoint", cluster.peer.endpoint,
              "--state-bucket", "moved-state"]
    with serving(data) as server:
        refused(migrate(data, *stores, **key), "in use")
        server.client("s3").put_object(Bucket="letters", Key="large", Body=b"x" * (17 << 20),
                                       Metadata={"from": "bea"}, CacheControl="no-cache")
        server.client("s3").create_multipart_upload(Bucket="letters", Key="never")
    # An S3 that fails in the middle leaves a database without rows.
    damaged = next((data / "internal" / "models").rglob("model.onnx"))
    whole = damaged.read_bytes()
    damaged.unlink()
    assert "parts/1" in refused(migrate(data, *stores, **key), "model.onnx")
    damaged.write_bytes(whole)
    artifact = next((data / "greengrass" / "artifacts").rglob("*.zip"))
    artifact.rename(tmp_path / "away.zip")
    refused(migrate(data, *stores, **key))
    assert cluster.database.sql("SELECT COUNT(*) FROM project", name) == "0"
    (tmp_path / "away.zip").rename(artifact)
    text = done(migrate(data, *stores, **key))
    assert "1 models" in text and "1 components" in text and "--state-bucket moved-state" in text
    assert "s3cr3t" not in text and "1 multipart uploads" in text
    # Most of the objects were there from the try before.
    copied, known = map(int, re.search(r"(\d+) objects \((\d+) were", text).groups())
    assert copied - known <= 40 and known > 0
    refused(migrate(data, *stores, **key), "were moved")
    head = cluster.s3().head_object(Bucket="letters", Key="large")
    assert (head["ContentLength"], head["Metadata"], head["CacheControl"]) == (
        17 << 20, {"from": "bea"}, "no-cache")

    # A server of the cluster has nothing but the stores.
    with serving(tmp_path / "fresh", *stores, **key) as server:
        after = seen(server)
        # The peer tells times and ETags of its own.
        letters = [{key: head[:3] for key, head in x[3].items()} for x in (before, after)]
        assert letters[0] == letters[1]
        assert before[:3] + before[4:6] == after[:3] + after[4:6]
        client = server.client()
        job = client.start_model_packaging_job(
            ProjectName="parts", ModelVersion="1", Configuration={"Greengrass": {
                "S3OutputLocation": {"Bucket": "parts-images"}, "ComponentName": edge.NAME,
                "ComponentVersion": "1.0.1",
                "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}})["JobName"]
        assert wait_package(client, "parts", job)["Status"] == "SUCCEEDED"
        version = client.create_model(ProjectName="parts", OutputConfig={
            "S3Location": {"Bucket": "parts-images", "Prefix": "results/"}})["ModelMetadata"]
        assert wait_model(client, "parts", version["ModelVersion"])["Status"] == "TRAINED"
        greengrass = server.client("greengrassv2")
        arn = f"arn:aws:greengrass:us-east-1:000000000000:components:{edge.NAME}:versions:1.0.0"
        uri = json.loads(greengrass.get_component(arn=arn)["recipe"])["Manifests"][0][
            "Artifacts"][0]["Uri"]
        url = greengrass.get_component_version_artifact(
            arn=arn, artifactName=uri.removeprefix("s3://"))["preSignedUrl"]
        assert urllib.request.urlopen(url).read() == artifact.read_bytes()
        greengrass.delete_component(arn=arn)
        client.stop_model(ProjectName="parts", ModelVersion="1")
        assert wait_model(client, "parts")["Status"] == "TRAINED"
        client.delete_model(ProjectName="parts", ModelVersion="1")
        keys = lambda: {entry["Key"] for entry in cluster.s3().list_objects_v2(
            Bucket="moved-state")["Contents"]}
        deadline = time.time() + 20
        while any("/moved/" in key or key.startswith("models/parts/1/") for key in keys()):
            assert time.time() < deadline, keys()
            time.sleep(0.2)


def test_rows_alone_move_to_postgresql(kept, cluster, tmp_path):
    done(backup(kept.directory, tmp_path / "backup"))
    data = tmp_path / "data"
    done(restore(tmp_path / "backup", data))
    before = seen(kept)
    _, url = cluster.database.create()
    text = done(migrate(data, "--metadata", url))
    assert "only one server" in text
    assert "--region" not in text and "--account-id" not in text

    # Nothing takes the old rows for the truth.
    note = data / "ROWS-MOVED.txt"
    assert "PostgreSQL database" in note.read_text() and SECRET not in note.read_text()
    for out in (
            backup(data, tmp_path / "stale"),
            spotter("serve", "--data-directory", data, "--port", "0"),
            spotter("user", "list", "--data-directory", data),
            spotter("project", "list", "--data-directory", data),
            migrate(data, "--metadata", url)):
        assert SECRET not in refused(out, "were moved to the PostgreSQL database", str(note))
    assert "pg_dump" in refused(backup(data, tmp_path / "stale"))
    assert not (tmp_path / "stale").exists()
    found = doctor("--data-directory", data)
    assert levels(found) == {"database"} and "were moved" in found["database"]["text"]
    assert not levels(doctor("--data-directory", data, "--metadata", url))

    with serving(data, "--metadata", url) as server:
        assert seen(server) == before
        # As it is saved: the rows, then the folder.
        version = train_again(server)
        subprocess.run([BINARIES / "pg_dump", "--format=custom", f"--file={tmp_path}/rows", url],
                       check=True)
        subprocess.run(["cp", "-a", data, tmp_path / "copy"], check=True)
    _, url = cluster.database.create()
    subprocess.run([BINARIES / "pg_restore", "--no-owner", f"--dbname={url}", tmp_path / "rows"],
                   check=True)
    with serving(tmp_path / "copy", "--metadata", url) as server:
        assert seen(server) == before
        client = server.client()
        client.start_model(ProjectName="parts", ModelVersion=version, MinInferenceUnits=1)
        assert wait_model(client, "parts", version)["Status"] == "HOSTED"

    # Back to what was before.
    note.unlink()
    done(backup(data, tmp_path / "old"))
    with serving(data) as server:
        assert seen(server) == before


def train_again(server):
    client = server.client()
    version = client.create_model(ProjectName="parts", OutputConfig={
        "S3Location": {"Bucket": "parts-images"}})["ModelMetadata"]["ModelVersion"]
    assert wait_model(client, "parts", version)["Status"] == "TRAINED"
    return version


@pytest.fixture
def small(tmp_path):
    """A data directory with a project."""
    with serving(tmp_path / "small") as server:
        server.client().create_project(ProjectName="p")
        yield server


def test_a_move_that_was_killed_at_its_end_is_noted_by_the_next(small, cluster):
    small.stop()
    _, url = cluster.database.create()
    text = done(migrate(small.directory, "--metadata", url, "--region", "eu-west-1",
                        "--account-id", "123456789012"))
    assert "--region eu-west-1 --account-id 123456789012" in text
    note = small.directory / "ROWS-MOVED.txt"
    note.unlink()
    refused(migrate(small.directory, "--metadata", url), "were moved to the PostgreSQL")
    assert note.exists()
    # Somebody else's rows are another matter.
    note.unlink()
    with contextlib.closing(sqlite3.connect(small.directory / "spotter.sqlite")) as rows:
        rows.execute("UPDATE setting SET value = x'00' WHERE name = 'page-token-key'")
        rows.commit()
    refused(migrate(small.directory, "--metadata", url), "has rows already")
    assert not note.exists()


def put_in_parts(s3, bucket, key, body):
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    etag = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=body)["ETag"]
    s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": etag}]})


def test_objects_of_other_content_are_overwritten_only_when_that_is_asked_for(small, cluster):
    s3, there = small.client("s3"), cluster.s3()
    for bucket in ("another", "plant"):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket="another", Key="a", Body=b"a")
    for key in ("1-same", "2-fresh", "3-other"):
        s3.put_object(Bucket="plant", Key=key, Body=key.encode())
    put_in_parts(s3, "plant", "4-joined-here", b"joined")
    (small.bucket("plant") / "5-by-hand").write_bytes(b"by hand")
    s3.put_object(Bucket="plant", Key="6-joined-there", Body=b"123")
    s3.put_object(Bucket="plant", Key="7-shorter", Body=b"1234")
    small.stop()

    there.create_bucket(Bucket="plant")
    for key, body in {"1-same": b"1-same", "3-other": b"theirs!", "4-joined-here": b"joined",
                      "5-by-hand": b"by hand", "unrelated": b"stays"}.items():
        there.put_object(Bucket="plant", Key=key, Body=body)
    put_in_parts(there, "plant", "6-joined-there", b"123")
    put_in_parts(there, "plant", "7-shorter", b"123")

    def content():
        return {x["Key"]: there.get_object(Bucket="plant", Key=x["Key"])["Body"].read()
                for x in there.list_objects_v2(Bucket="plant")["Contents"]}

    name, url = cluster.database.create()
    stores = ["--metadata", url, "--object-store", "s3", "--s3-endpoint", cluster.peer.endpoint]
    before = content()
    text = refused(migrate(small.directory, *stores, **peer_key(cluster)), "--overwrite")
    assert re.findall(r"s3://([^,\s]+)", text) == ["plant/3-other", "plant/7-shorter"]
    assert content() == before
    assert "another" not in [x["Name"] for x in there.list_buckets()["Buckets"]]
    assert cluster.database.sql("SELECT COUNT(*) FROM project", name) == "0"
    assert not (small.directory / "ROWS-MOVED.txt").exists()

    # What is the same is not sent again, whichever way either was written.
    text = done(migrate(small.directory, *stores, "--overwrite", **peer_key(cluster)))
    assert "8 objects (3 were" in text
    assert content() == {
        "1-same": b"1-same", "2-fresh": b"2-fresh", "3-other": b"3-other",
        "4-joined-here": b"joined", "5-by-hand": b"by hand", "6-joined-there": b"123",
        "7-shorter": b"1234", "unrelated": b"stays"}


def test_a_model_in_a_foreign_state_bucket_is_not_overwritten(kept, cluster, tmp_path):
    done(backup(kept.directory, tmp_path / "backup"))
    data = tmp_path / "data"
    done(restore(tmp_path / "backup", data))
    model = next((data / "internal" / "models").rglob("model.onnx"))
    key = f"models/{model.relative_to(data / 'internal' / 'models')}"
    there = cluster.s3()
    there.create_bucket(Bucket="theirs")
    there.put_object(Bucket="theirs", Key=key, Body=b"another model")
    _, url = cluster.database.create()
    refused(migrate(data, "--metadata", url, "--object-store", "s3", "--s3-endpoint",
                    cluster.peer.endpoint, "--state-bucket", "theirs", **peer_key(cluster)),
            f"s3://theirs/{key}", "--overwrite")
    assert there.get_object(Bucket="theirs", Key=key)["Body"].read() == b"another model"
