"""The embedded S3, asked by the clients that people use: boto3, the AWS CLI, plain URLs."""

import base64
import datetime
import hashlib
import http.client
import io
import random
import socket
import urllib.parse
import zlib

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

MB = 1 << 20


@pytest.fixture
def s3(shared):
    return shared.client("s3")


@pytest.fixture
def bucket(s3, request):
    name = "b-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    s3.create_bucket(Bucket=name)
    return name


def refused(code, call, *arguments, **options):
    with pytest.raises(ClientError) as error:
        call(*arguments, **options)
    assert error.value.response["Error"]["Code"] == code, error.value.response
    return error.value.response


def noise(count, seed=1):
    return random.Random(seed).randbytes(count)


# Buckets


def test_buckets_come_and_go(s3, shared):
    s3.create_bucket(Bucket="come-and-go")
    assert (shared.directory / "buckets" / "come-and-go").is_dir()
    s3.create_bucket(Bucket="come-and-go")
    names = [x["Name"] for x in s3.list_buckets()["Buckets"]]
    assert "come-and-go" in names and names == sorted(names)
    s3.head_bucket(Bucket="come-and-go")
    assert s3.get_bucket_location(Bucket="come-and-go")["LocationConstraint"] is None
    s3.put_object(Bucket="come-and-go", Key="x", Body=b"x")
    refused("BucketNotEmpty", s3.delete_bucket, Bucket="come-and-go")
    s3.delete_object(Bucket="come-and-go", Key="x")
    s3.delete_bucket(Bucket="come-and-go")
    refused("404", s3.head_bucket, Bucket="come-and-go")
    refused("NoSuchBucket", s3.delete_bucket, Bucket="come-and-go")
    refused("NoSuchBucket", s3.list_objects_v2, Bucket="come-and-go")
    refused("NoSuchBucket", s3.put_object, Bucket="come-and-go", Key="k", Body=b"")
    with pytest.raises(ClientError):
        s3.create_bucket(Bucket="elsewhere",
                         CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


# Objects


@pytest.mark.parametrize("key", [
    "a", "a b+c/d~e.txt", "ümlaut/日本.png", "x&y=z/?#[]@!$'()*,;:.bin", "%41/100%", "dots/..x/...",
    "folder/"])
def test_objects_come_back_as_they_were_put(s3, bucket, key):
    body = b"" if key.endswith("/") else noise(100_000)
    put = s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/x-test",
                        CacheControl="no-cache", ContentDisposition="attachment",
                        Metadata={"Station": "A-7", "note": "x y"})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == body
    head = s3.head_object(Bucket=bucket, Key=key)
    for answer in (got, head):
        assert answer["ContentType"] == "text/x-test" and answer["ETag"] == put["ETag"]
        assert answer["CacheControl"] == "no-cache"
        assert answer["ContentDisposition"] == "attachment"
        assert answer["Metadata"] == {"station": "A-7", "note": "x y"}
        assert answer["ContentLength"] == len(body)
        age = datetime.datetime.now(datetime.timezone.utc) - answer["LastModified"]
        assert abs(age.total_seconds()) < 300
    assert [x["Key"] for x in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert [x["Key"] for x in s3.list_objects(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_object(Bucket=bucket, Key=key)
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key=key)


@pytest.mark.parametrize("wanted, expected", [
    ("bytes=0-9", (0, 10)), ("bytes=-7", (93, 100))])
def test_ranges(s3, bucket, wanted, expected):
    body = noise(100)
    s3.put_object(Bucket=bucket, Key="r", Body=body)
    got = s3.get_object(Bucket=bucket, Key="r", Range=wanted)
    first, end = expected
    assert got["Body"].read() == body[first:end]
    assert got["ContentRange"] == f"bytes {first}-{end - 1}/100"
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206


# Checksums


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_checksums_are_checked_and_kept(s3, bucket, algorithm):
    if algorithm in ("CRC32C", "CRC64NVME"):
        pytest.importorskip("awscrt")
    body = noise(300_000)
    s3.put_object(Bucket=bucket, Key="k", Body=body, ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == body
    assert got[f"Checksum{algorithm}"]
    if algorithm == "SHA256":
        expected = base64.b64encode(hashlib.sha256(body).digest()).decode()
        assert got["ChecksumSHA256"] == expected
    if algorithm == "CRC32":
        expected = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        assert got["ChecksumCRC32"] == expected


# Many parts


def test_parts_copied_from_an_object(s3, bucket):
    body = noise(11 * MB)
    s3.put_object(Bucket=bucket, Key="from", Body=body)
    place = {"Bucket": bucket, "Key": "joined"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    parts = []
    for number, (first, last) in enumerate([(0, 6 * MB - 1), (6 * MB, 11 * MB - 1)], 1):
        answer = s3.upload_part_copy(
            **place, UploadId=upload, PartNumber=number, CopySource=f"{bucket}/from",
            CopySourceRange=f"bytes={first}-{last}")
        parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(**place)["Body"].read() == body


# Transfers


@pytest.mark.parametrize("size", [
    1000, 20 * MB, pytest.param(600 * MB, marks=pytest.mark.slow)])
def test_files_go_up_and_come_down(s3, bucket, shared, tmp_path, size):
    source, target = tmp_path / "up", tmp_path / "down"
    before = shared.peak_memory_mb()
    block = noise(MB)
    digest = hashlib.sha256()
    with source.open("wb") as file:
        for start in range(0, size, MB):
            piece = (start.to_bytes(8, "big") + block)[:min(MB, size - start)]
            file.write(piece)
            digest.update(piece)
    s3.upload_file(str(source), bucket, "file")
    source.unlink()
    s3.download_file(bucket, "file", str(target))
    with target.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").digest() == digest.digest()
    assert shared.peak_memory_mb() < before + 300


def test_a_large_object_in_one_put_is_streamed(s3, bucket, shared):
    s3.upload_fileobj(io.BytesIO(noise(64 * MB)), bucket, "one", Config=TransferConfig(
        multipart_threshold=1 << 30))
    assert s3.head_object(Bucket=bucket, Key="one")["ContentLength"] == 64 * MB
    assert not s3.head_object(Bucket=bucket, Key="one")["ETag"].endswith('-1"')


def fetch(url, method="GET", body=None, headers={}):
    """Asks as a browser's script does: with no header that nobody asked for."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.request(method, url[url.index("/", 8):], body=body, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


@pytest.mark.parametrize("version", ["s3v4", None, "s3"])
def test_presigned_urls(shared, bucket, version):
    s3 = shared.client("s3", config=Config(signature_version=version) if version else None)
    place = {"Bucket": bucket, "Key": "by url/ä+b.txt"}
    url = s3.generate_presigned_url("put_object", Params=place, ExpiresIn=60)
    assert fetch(url, "PUT", b"from a browser")[0] == 200
    url = s3.generate_presigned_url(
        "get_object", ExpiresIn=60,
        Params={**place, "ResponseContentType": "text/x-other"})
    status, body, headers = fetch(url)
    assert (status, body, headers["Content-Type"]) == (200, b"from a browser", "text/x-other")
    for broken in (url.replace("by%20url", "by%20url2"), url.replace("x-other", "x-more"),
                   url[:-3] + "abc"):
        status, body, _ = fetch(broken)
        assert status in (400, 403) and b"<Code>" in body
    url = s3.generate_presigned_url("get_object", Params=place, ExpiresIn=-10)
    status, body, _ = fetch(url)
    assert status in (400, 403) and b"<Code>" in body


def test_errors_are_documents_of_s3(s3, bucket, shared):
    error = refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="none")
    assert error["Error"]["Message"] == "The specified key does not exist."
    assert error["Error"]["Key"] == "none"
    assert error["ResponseMetadata"]["RequestId"]
    wrong = shared.client("s3", aws_secret_access_key="x" * 40)
    refused("SignatureDoesNotMatch", wrong.get_object, Bucket=bucket, Key="none")
    unknown = shared.client("s3", aws_access_key_id="UNKNOWNKEY0123456789")
    refused("InvalidAccessKeyId", unknown.list_buckets)


def local_names(monkeypatch):
    """Not every resolver knows that all of .localhost is this machine."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **options: resolve(
        "127.0.0.1" if host.endswith(".localhost") else host, *rest, **options))


def test_virtual_hosts_name_the_bucket(shared, bucket, monkeypatch):
    local_names(monkeypatch)
    port = shared.endpoint.rsplit(":", 1)[1]
    s3 = shared.client("s3", endpoint_url=f"http://localhost:{port}",
                        config=Config(s3={"addressing_style": "virtual"}))
    s3.put_object(Bucket=bucket, Key="v/k", Body=b"virtual")
    assert s3.get_object(Bucket=bucket, Key="v/k")["Body"].read() == b"virtual"
    assert [x["Key"] for x in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["v/k"]


# What a URL carries


def test_what_a_presigned_url_of_version_4_carries_counts(shared, bucket):
    version = "s3v4"
    s3 = shared.client("s3", config=Config(signature_version=version) if version else None)
    s3.put_object(Bucket=bucket, Key="from", Body=b"copied")

    def put(operation, body=None, **parameters):
        url = s3.generate_presigned_url(operation, Params={
            "Bucket": bucket, "Key": "to", **parameters})
        # Version 4 of boto3 leaves them to the headers, which a signature then names.
        headers = {} if version is None else {
            "Metadata": {"x-amz-meta-a": "b"},
            "CopySource": {"x-amz-copy-source": f"{bucket}/from"},
            "ServerSideEncryption": {"x-amz-server-side-encryption": "AES256"},
        }[next(iter(parameters))]
        return fetch(url, "PUT", body, headers)[:2]
    assert put("put_object", b"x", Metadata={"a": "b"})[0] == 200
    assert s3.head_object(Bucket=bucket, Key="to")["Metadata"] == {"a": "b"}
    assert put("copy_object", CopySource=f"{bucket}/from")[0] == 200
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == b"copied"
    assert put("put_object", b"x", ServerSideEncryption="AES256")[0] == 200


# The AWS CLI


def test_the_cli_syncs_and_presigns(shared, bucket, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    (here / "bild ä.txt").write_text("content")
    (here / "large.bin").write_bytes(noise(10 * MB))
    shared.aws("s3", "sync", here, f"s3://{bucket}/line/")
    assert files(shared.directory / "buckets" / bucket / "line") == files(here)
    url = shared.aws("s3", "presign", f"s3://{bucket}/line/bild ä.txt").stdout.strip()
    assert fetch(url)[1] == b"content"


@pytest.mark.slow
def test_the_cli_copies_syncs_presigns_and_lists(shared, bucket, tmp_path):
    here, back = tmp_path / "here", tmp_path / "back"
    for number in range(30):
        path = here / f"{number % 3}" / f"bild {number} ä.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content {number}")
    (here / "large.bin").write_bytes(noise(20 * MB))
    shared.aws("s3", "sync", here, f"s3://{bucket}/line/")
    assert shared.aws("s3", "sync", here, f"s3://{bucket}/line/").stdout == ""
    shared.aws("s3", "sync", f"s3://{bucket}/line/", back)
    assert files(here) == files(back)
    (here / "0" / "bild 0 ä.txt").unlink()
    shared.aws("s3", "sync", "--delete", here, f"s3://{bucket}/line/")
    listing = shared.aws("s3", "ls", "--recursive", f"s3://{bucket}").stdout
    assert len(listing.splitlines()) == 30
    shared.aws("s3", "cp", f"s3://{bucket}/line/large.bin", f"s3://{bucket}/copy.bin")
    shared.aws("s3", "mv", f"s3://{bucket}/copy.bin", tmp_path / "moved.bin")
    assert (tmp_path / "moved.bin").read_bytes() == (here / "large.bin").read_bytes()
    url = shared.aws("s3", "presign", f"s3://{bucket}/line/1/bild 1 ä.txt").stdout.strip()
    assert fetch(url)[1] == b"content 1"
    shared.aws("s3", "rm", "--recursive", f"s3://{bucket}/")
    shared.aws("s3", "rb", f"s3://{bucket}")
    assert shared.aws("s3", "ls", f"s3://{bucket}", check=False).returncode != 0


def files(folder):
    return {str(x.relative_to(folder)): x.read_bytes() for x in folder.rglob("*") if x.is_file()}
