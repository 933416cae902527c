"""`spotter migrate`: a data directory moves to PostgreSQL and to a cluster."""

import contextlib
import json
import re
import sqlite3
import subprocess
import urllib.request

import pytest

from support import edge
from support.calls import until, wait_model, wait_package
from support.commands import (backup, doctor, done, levels, migrate, peer_key, refused,
                              restore, seen, serving, spotter)
from support.postgresql import BINARIES, SECRET


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
        until(lambda: not any(
            "/moved/" in key or key.startswith("models/parts/1/") for key in keys()))


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
