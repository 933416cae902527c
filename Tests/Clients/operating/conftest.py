"""A server that operators look after, and its backup."""

import pytest

from support import edge
from support.commands import backup, done
from support.pictures import copy_of, make_package


@pytest.fixture(scope="module")
def kept(example, tmp_path_factory):
    """A server that goes on: a hosted model with a threshold of its own, a package, objects with
    metadata and one put there by hand."""
    server = copy_of(example, tmp_path_factory.mktemp("kept") / "data")
    s3 = server.client("s3")
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


@pytest.fixture
def copied(kept, tmp_path):
    done(backup(kept.directory, tmp_path / "backup", "--copy"))
    return tmp_path / "backup"
