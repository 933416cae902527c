"""A program that uses several services finds all of them behind one variable."""

import io
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from support.calls import allow, key, user
from support.pictures import draw, line
from support.server import SHARED, SPOTTER, Server, needs_shared

PROGRAM = pathlib.Path(__file__).parent / "programs" / "inspection.py"


def run(server, dataset, work):
    data_path = {k: v for k, v in os.environ.items() if k == "AWS_DATA_PATH"}
    out = subprocess.run([sys.executable, PROGRAM, dataset, work], capture_output=True, text=True,
                         env={**server.client_environment(), **data_path}, timeout=600)
    assert out.returncode == 0, out.stdout + out.stderr
    return out.stdout


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """Drawn pictures in the layout of the data sets that came with Lookout for Vision."""
    folder = tmp_path_factory.mktemp("drawn")
    for kind, normal, anomalous in (("train", 20, 10), ("test", 5, 5)):
        images = {"train": "training-images", "test": "test-images"}[kind]
        (folder / images).mkdir()
        lines = []
        for index in range(normal + anomalous):
            picture, _ = draw(index + 100 * (kind == "test"), index >= normal, (128, 128))
            picture.save(folder / images / f"{index}.png")
            entry = line("bucket", f"{index}.png", index >= normal)
            lines.append(json.dumps({**entry, "source-ref": f"{images}/{index}.png"}) + "\n")
        (folder / "manifests").mkdir(exist_ok=True)
        (folder / "manifests" / f"{kind}.manifest").write_text("".join(lines))
    return folder


@pytest.fixture(params=["drawn", pytest.param(
    "cookies", marks=[pytest.mark.slow, needs_shared])])
def dataset(request, drawn):
    return drawn if request.param == "drawn" else SHARED / request.param


def test_images_go_in_and_a_component_comes_out(server, dataset, tmp_path):
    text = run(server, dataset, tmp_path)
    assert "artifact s3://inspection-line-7/components/" in text
    events = [json.loads(x) for x in (server.directory / "audit" / "audit.jsonl").open()]
    sources = {x["eventSource"] for x in events}
    assert sources == {f"{x}.amazonaws.com" for x in ("lookoutvision", "s3", "greengrass", "sts")}
    assert not [x for x in events if "errorCode" in x]


def test_the_same_program_with_the_objects_in_another_s3(peer, drawn, tmp_path):
    server = peer.server(tmp_path / "data")
    try:
        (tmp_path / "work").mkdir()
        text = run(server, drawn, tmp_path / "work")
    finally:
        server.kill()
    assert "artifact s3://inspection-line-7/components/" in text
    there = peer.client().list_objects_v2(Bucket="inspection-line-7", Prefix="components/")
    assert there["KeyCount"] == 1
    assert not list((server.directory / "buckets").glob("*"))


def test_the_same_program_with_objects_and_components_elsewhere(server, drawn, tmp_path):
    """Spotter's own S3 and Greengrass are as good a peer as any."""
    pair = server.credentials()
    front = Server(tmp_path / "front", "--object-store", "s3", "--s3-endpoint", server.endpoint,
                   "--greengrass", "aws", "--greengrass-endpoint", server.endpoint,
                   AWS_ACCESS_KEY_ID=pair[0], AWS_SECRET_ACCESS_KEY=pair[1]).start()
    try:
        (tmp_path / "work").mkdir()
        run(front, drawn, tmp_path / "work")
        pair = key(user(front, "create", "reader", policy=[
            allow("greengrass:ListComponents")]))
        mine = front.client("greengrassv2", aws_access_key_id=pair[0],
                            aws_secret_access_key=pair[1])
        arn = mine.list_components()["components"][0]["latestVersion"]["arn"]
        with pytest.raises(ClientError) as error:
            mine.delete_component(arn=arn)
        assert error.value.response["Error"]["Code"] == "AccessDeniedException"
        with pytest.raises(ClientError) as error:
            front.client("greengrassv2").describe_component(arn=arn + "1")
        assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
    finally:
        front.kill()
    here = server.client("greengrassv2").list_components()["components"]
    assert [x["componentName"] for x in here] == ["com.example.Line7"]
    assert not list((front.directory / "greengrass" / "recipes").iterdir())


def test_what_is_passed_on_is_checked_before(peer, tmp_path):
    server = peer.server(tmp_path / "data")
    try:
        s3 = server.client("s3", config=Config(retries={"max_attempts": 0}))
        s3.create_bucket(Bucket="passed-on")
        body = bytes(range(256)) * 100_000
        s3.put_object(Bucket="passed-on", Key="a b/ü", Body=body, Metadata={"m": "1"},
                      ContentType="x/y")
        got = s3.get_object(Bucket="passed-on", Key="a b/ü", Range="bytes=256-511")
        assert got["Body"].read() == bytes(range(256)) and got["Metadata"] == {"m": "1"}
        assert s3.head_object(Bucket="passed-on", Key="a b/ü")["ContentLength"] == len(body)
        s3.upload_fileobj(io.BytesIO(body), "passed-on", "parts")
        assert s3.get_object(Bucket="passed-on", Key="parts")["Body"].read() == body
        url = s3.generate_presigned_url("get_object", Params={
            "Bucket": "passed-on", "Key": "parts"})
        assert urllib.request.urlopen(url).read() == body
        for wrong in ({"ChecksumCRC32": "AAAAAA=="}, {"ContentMD5": "A" * 22 + "=="}):
            with pytest.raises(ClientError) as error:
                s3.put_object(Bucket="passed-on", Key="wrong", Body=b"x", **wrong)
            assert error.value.response["Error"]["Code"] == "BadDigest"
        pair = key(user(server, "create", "reader", policy=[
            allow("s3:GetObject", resource="arn:aws:s3:::passed-on/parts")]))
        mine = server.client("s3", aws_access_key_id=pair[0], aws_secret_access_key=pair[1])
        mine.get_object(Bucket="passed-on", Key="parts")
        with pytest.raises(ClientError) as error:
            mine.get_object(Bucket="passed-on", Key="a b/ü")
        assert error.value.response["Error"]["Code"] == "AccessDenied"
        answer = s3.delete_objects(Bucket="passed-on", Delete={
            "Objects": [{"Key": "parts"}, {"Key": "a b/ü"}]})
        assert len(answer["Deleted"]) == 2
        assert peer.client().list_objects_v2(Bucket="passed-on")["KeyCount"] == 0
        log = (tmp_path / "data.log").read_text()
        assert "peer-secret" not in log
    finally:
        server.kill()


def test_a_store_that_is_away_is_told_as_such(tmp_path):
    server = Server(tmp_path / "data", "--object-store", "s3", "--s3-endpoint",
                    "http://127.0.0.1:9", AWS_ACCESS_KEY_ID="a",
                    AWS_SECRET_ACCESS_KEY="b").start()
    try:
        s3 = server.client("s3", config=Config(retries={"max_attempts": 0}))
        with pytest.raises(ClientError) as error:
            s3.list_buckets()
        assert error.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert "127.0.0.1:9" in (tmp_path / "data.log").read_text()
    finally:
        server.kill()


def test_a_store_without_credentials_is_refused_at_the_start(tmp_path):
    out = subprocess.run(
        [SPOTTER, "serve", "--data-directory", tmp_path / "data", "--port", "0",
         "--object-store", "s3", "--s3-endpoint", "http://127.0.0.1:9"],
        capture_output=True, text=True, env={"HOME": str(tmp_path)}, timeout=60)
    assert out.returncode != 0 and "AWS_ACCESS_KEY_ID" in out.stderr
    out = subprocess.run([SPOTTER, "serve", "--s3-endpoint", "http://127.0.0.1:9"],
                         capture_output=True, text=True, timeout=60)
    assert out.returncode != 0 and "--object-store s3" in out.stderr
