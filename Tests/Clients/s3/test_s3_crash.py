"""The server is killed while objects are written: they are the old ones or the new ones."""

import concurrent.futures
import hashlib
import random

import pytest
from botocore.config import Config

from support.commands import bytes_in
from support.server import Server

MB = 1 << 20
QUICK = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=30)


@pytest.fixture
def killed(tmp_path):
    server = Server(tmp_path / "data").start()
    server.client("s3").create_bucket(Bucket="parts")
    yield server
    server.kill()


def kill_during(server, call, moment):
    """Kills the server as soon as `moment` holds during `call`, else when it has been answered,
    and starts it again. Returns whether it was answered."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        made = pool.submit(call, server.client("s3", config=QUICK))
        while not made.done() and not moment():
            concurrent.futures.wait([made], timeout=0.001)
        server.kill()
        is_answered = made.exception() is None
    server.start()
    return is_answered


def content(server, key):
    return hashlib.md5(server.client("s3").get_object(
        Bucket="parts", Key=key)["Body"].read()).hexdigest()


def unfinished(server):
    """The bytes of objects that are being written."""
    return bytes_in(server.directory / "buckets" / "parts" / ".spotter-temporary")


@pytest.mark.parametrize("size, shares", [
    (10 * MB, [0.5, 1]),
    pytest.param(60 * MB, [0.01, 0.2, 0.4, 0.6, 0.8, 0.9, 0.99, 1], marks=pytest.mark.slow)])
def test_a_put_leaves_the_old_object_or_the_new_one(killed, size, shares):
    old, new = random.Random(1).randbytes(size // 2), random.Random(2).randbytes(size)
    known = {hashlib.md5(x).hexdigest(): x for x in (old, new)}
    answers = []
    for share in shares:
        killed.client("s3").put_object(Bucket="parts", Key="k", Body=old,
                                       Metadata={"which": "old"})
        answers.append(kill_during(
            killed, lambda s3: s3.put_object(Bucket="parts", Key="k", Body=new,
                                             Metadata={"which": "new"}),
            lambda: share < 1 and unfinished(killed) >= share * size))
        head = killed.client("s3").head_object(Bucket="parts", Key="k")
        digest = content(killed, "k")
        # Bytes, ETag and metadata are of one and the same put.
        assert digest in known and head["ETag"] == f'"{digest}"'
        is_new = known[digest] is new
        assert head["Metadata"] == {"which": "new" if is_new else "old"}
        assert is_new or not answers[-1]
        assert not unfinished(killed)
    assert not answers[0] and answers[-1]


@pytest.mark.parametrize("count, shares", [
    (6, [0.3]), pytest.param(16, [0.01, 0.2, 0.4, 0.6, 0.8, 1], marks=pytest.mark.slow)])
def test_a_multipart_upload_outlives_kills_and_completes_whole(killed, count, shares):
    old = b"old"
    pieces = [random.Random(n).randbytes(5 * MB) for n in range(count)]
    new = hashlib.md5(b"".join(pieces)).hexdigest()
    place = {"Bucket": "parts", "Key": "joined"}
    etag = hashlib.md5(b"".join(hashlib.md5(x).digest() for x in pieces)).hexdigest()
    answers = []
    for share in shares:
        s3 = killed.client("s3")
        s3.put_object(**place, Body=old)
        upload = s3.create_multipart_upload(**place)["UploadId"]
        parts = [{"PartNumber": n, "ETag": s3.upload_part(
            **place, UploadId=upload, PartNumber=n, Body=x)["ETag"]}
            for n, x in enumerate(pieces, 1)]

        def complete(s3):
            return s3.complete_multipart_upload(**place, UploadId=upload,
                                                MultipartUpload={"Parts": parts})
        answers.append(kill_during(
            killed, complete,
            lambda: share < 1 and unfinished(killed) >= share * count * 5 * MB))
        digest = content(killed, "joined")
        assert digest in (hashlib.md5(old).hexdigest(), new)
        assert not unfinished(killed)
        # A client that did not get the answer repeats the call.
        answer = complete(killed.client("s3"))
        assert answer["ETag"] == f'"{etag}-{count}"'
        assert content(killed, "joined") == new
    assert not answers[0]
