"""The server is killed while objects are on their way."""

import hashlib
import random
import threading
import time

import pytest
from botocore.config import Config

from support.server import Server

MB = 1 << 20
QUICK = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=30)


@pytest.fixture
def killed(tmp_path):
    server = Server(tmp_path / "data").start()
    server.client("s3").create_bucket(Bucket="parts")
    yield server
    server.kill()


def kill_during(server, call, seconds):
    """Kills the server some time after `call` has begun, and starts it again."""
    failures = []

    def run():
        try:
            call(server.client("s3", config=QUICK))
        except Exception as error:  # The connection is lost, in one way or another.
            failures.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(seconds)
    server.kill()
    thread.join()
    server.start()
    return not failures


def content(server, key):
    return hashlib.md5(server.client("s3").get_object(
        Bucket="parts", Key=key)["Body"].read()).hexdigest()


def unfinished(server):
    return [x for x in (server.directory / "buckets" / "parts" / ".spotter-temporary").rglob("*")
            if x.is_file()]


def test_a_put_leaves_the_old_object_or_the_new_one(killed):
    old, new = random.Random(1).randbytes(30 * MB), random.Random(2).randbytes(60 * MB)
    known = {hashlib.md5(x).hexdigest(): x for x in (old, new)}
    killed.client("s3").put_object(Bucket="parts", Key="k", Body=old, Metadata={"which": "old"})
    start = time.time()
    killed.client("s3").put_object(Bucket="parts", Key="warm", Body=new)
    whole = time.time() - start
    for attempt in range(8):
        finished = kill_during(
            killed, lambda s3: s3.put_object(Bucket="parts", Key="k", Body=new,
                                             Metadata={"which": "new"}),
            whole * (attempt + 1) / 8)
        head = killed.client("s3").head_object(Bucket="parts", Key="k")
        digest = content(killed, "k")
        # Bytes, ETag and metadata are of one and the same put.
        assert digest in known and head["ETag"] == f'"{digest}"'
        is_new = known[digest] is new
        assert head["Metadata"] == {"which": "new" if is_new else "old"}
        assert is_new or not finished
        assert not unfinished(killed)
        if is_new:
            killed.client("s3").put_object(Bucket="parts", Key="k", Body=old,
                                           Metadata={"which": "old"})


def test_a_multipart_upload_outlives_kills_and_completes_whole(killed):
    old = b"old"
    pieces = [random.Random(n).randbytes(5 * MB) for n in range(16)]
    new = hashlib.md5(b"".join(pieces)).hexdigest()
    place = {"Bucket": "parts", "Key": "joined"}
    etag = hashlib.md5(b"".join(hashlib.md5(x).digest() for x in pieces)).hexdigest()
    whole = None
    for attempt in range(6):
        s3 = killed.client("s3")
        s3.put_object(**place, Body=old)
        upload = s3.create_multipart_upload(**place)["UploadId"]
        parts = [{"PartNumber": n, "ETag": s3.upload_part(
            **place, UploadId=upload, PartNumber=n, Body=x)["ETag"]}
            for n, x in enumerate(pieces, 1)]

        def complete(s3):
            return s3.complete_multipart_upload(**place, UploadId=upload,
                                                MultipartUpload={"Parts": parts})
        if whole is None:
            start = time.time()
            complete(s3)
            whole = time.time() - start
            continue
        kill_during(killed, complete, whole * attempt / 5)
        digest = content(killed, "joined")
        assert digest in (hashlib.md5(old).hexdigest(), new)
        assert not unfinished(killed)
        # Whoever did not get the answer asks again.
        answer = complete(killed.client("s3"))
        assert answer["ETag"] == f'"{etag}-16"'
        assert content(killed, "joined") == new
