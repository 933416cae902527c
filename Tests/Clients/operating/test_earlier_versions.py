"""Data directories that earlier versions left when they were killed go on with this one.

`earlier/STEP.tar.xz` was made by the last commit whose schema ended with that step: a server drew, trained,
packaged, hosted and detected, a user was made, and the process was killed while it trained once more.
"""

import hashlib
import io
import os
import pathlib
import sqlite3
import subprocess
import zipfile

import pytest

from support.calls import wait_model
from support.commands import doctor, done, levels, restore
from support.pictures import draw, png
from support.server import Server

EARLIER = pathlib.Path(__file__).parent / "earlier"
KEY = {"SPOTTER_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
       "SPOTTER_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}


@pytest.mark.parametrize("step", sorted(path.name[:4] for path in EARLIER.glob("*.tar.xz")))
def test_a_data_directory_of_an_earlier_version_goes_on(step, tmp_path):
    # Of tar, since the times of files tie objects to their content types by the nanosecond.
    subprocess.run(["tar", "-xJf", EARLIER / f"{step}.tar.xz"], cwd=tmp_path, check=True)
    data = tmp_path / "data"
    server = Server(data, **KEY)
    server.credentials = lambda: tuple(KEY.values())
    server.start()
    try:
        client, s3, registry = (server.client(x) for x in ("lookoutvision", "s3", "greengrassv2"))
        # The model that was hosted judges as it did, and the training that was killed is finished.
        assert wait_model(client, "parts")["Status"] == "HOSTED"
        for seed, anomalous in ((900, True), (901, False)):
            answer = client.detect_anomalies(
                ProjectName="parts", ModelVersion="1", ContentType="image/png",
                Body=png(draw(seed, anomalous, (64, 64))[0]))
            assert answer["DetectAnomalyResult"]["IsAnomalous"] == anomalous
        assert wait_model(client, "parts", "2")["Status"] == "TRAINED"
        entries = client.list_dataset_entries(ProjectName="parts", DatasetType="train")
        assert len(entries["DatasetEntries"]) == 33
        arn = "arn:aws:lookoutvision:us-east-1:000000000000:model/parts/1"
        assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == [
            {"Key": "line", "Value": "7"}]
        kept = s3.get_object(Bucket="parts-images", Key="folder/kept")
        assert (kept["Body"].read(), kept["ContentType"], kept["Metadata"]) == (
            b"kept", "text/x-kept", {"who": "ann"})
        joined = s3.get_object(Bucket="parts-images", Key="joined")
        assert joined["ETag"].endswith('-2"')
        assert hashlib.sha256(joined["Body"].read()).digest() == hashlib.sha256(
            bytes(5 << 20) + b"end").digest()
        # The component that it made can be deployed.
        arn = "arn:aws:greengrass:us-east-1:000000000000:components:parts:versions:1.0.0"
        assert b"parts-1_greengrass_model_component.zip" in registry.get_component(arn=arn)["recipe"]
        archive = s3.get_object(
            Bucket="parts-images",
            Key="packages/parts/1.0.0/parts-1_greengrass_model_component.zip")["Body"].read()
        assert zipfile.ZipFile(io.BytesIO(archive)).testzip() is None
        user = user_of(data, "ann")
        theirs = server.client(aws_access_key_id=user[0], aws_secret_access_key=user[1])
        assert theirs.describe_project(ProjectName="parts")["ProjectDescription"]
    finally:
        server.kill()
    [before] = (data / "before-upgrade").iterdir()
    assert before.name.startswith(f"from-{step}")
    assert set(os.listdir(before / "data" / "buckets")) == {"parts-images"}
    done(restore(before, tmp_path / "before"))
    assert newest_step(tmp_path / "before").startswith(step)
    found = doctor("--data-directory", data, "--deep", **KEY)
    assert not levels(found) & {
        "database", "database pages", "schema", "bytes of objects", "bytes of models",
        "bytes of components", "hosted models"}, found


def newest_step(data):
    database = sqlite3.connect(data / "spotter.sqlite")
    row = database.execute("SELECT max(identifier) FROM grdb_migrations").fetchone()
    database.close()
    return row[0]


def user_of(data, name):
    database = sqlite3.connect(data / "spotter.sqlite")
    row = database.execute(
        "SELECT json_extract(document, '$.accessKeyID'), json_extract(document, "
        "'$.secretAccessKey') FROM user WHERE name = ?", (name,)).fetchone()
    database.close()
    return row
