"""The embedded S3, asked by the clients that people use: boto3, the AWS CLI, plain URLs."""

import base64
import datetime
import hashlib
import http.client
import io
import os
import random
import socket
import urllib.parse
import zlib

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from support.calls import allow, key, user

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
    refused("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="come-and-go")
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


def test_what_is_not_there_says_so(s3, bucket):
    for call, options in [
            (s3.get_bucket_versioning, {}), (s3.get_bucket_acl, {}),
            (s3.get_bucket_lifecycle_configuration, {}), (s3.get_bucket_policy, {}),
            (s3.list_object_versions, {}), (s3.get_object_acl, {"Key": "k"}),
            (s3.put_object, {"Key": "k", "Body": b"x", "ACL": "public-read"}),
            (s3.put_object, {"Key": "k", "Body": b"x", "ServerSideEncryption": "AES256"}),
            (s3.put_object, {"Key": "k", "Body": b"x", "Tagging": "a=b"})]:
        refused("NotImplemented", call, Bucket=bucket, **options)
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="k")


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


def test_files_put_into_the_folder_by_hand_are_objects(s3, bucket, shared):
    folder = shared.directory / "buckets" / bucket / "by"
    folder.mkdir()
    (folder / "hand.png").write_bytes(b"not really")
    head = s3.head_object(Bucket=bucket, Key="by/hand.png")
    assert head["ContentType"] == "image/png" and head["ETag"].endswith('-1"')
    (folder / "hand.png").write_bytes(b"changed now")
    assert s3.head_object(Bucket=bucket, Key="by/hand.png")["ETag"] != head["ETag"]
    s3.put_object(Bucket=bucket, Key="by/hand.png", Body=b"by S3")
    assert (folder / "hand.png").read_bytes() == b"by S3"


@pytest.mark.parametrize("wanted, expected", [
    ("bytes=0-9", (0, 10)), ("bytes=90-", (90, 100)), ("bytes=-7", (93, 100)),
    ("bytes=95-1000", (95, 100)), ("bytes=-1000", (0, 100))])
def test_ranges(s3, bucket, wanted, expected):
    body = noise(100)
    s3.put_object(Bucket=bucket, Key="r", Body=body)
    got = s3.get_object(Bucket=bucket, Key="r", Range=wanted)
    first, end = expected
    assert got["Body"].read() == body[first:end]
    assert got["ContentRange"] == f"bytes {first}-{end - 1}/100"
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_range_beyond_the_end_is_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="r", Body=b"x" * 100)
    error = refused("InvalidRange", s3.get_object, Bucket=bucket, Key="r", Range="bytes=100-")
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 416
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    refused("InvalidRange", s3.get_object, Bucket=bucket, Key="empty", Range="bytes=0-")


def test_conditions_of_reads_and_writes(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="c", Body=b"1")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="c")["LastModified"]
    hour = datetime.timedelta(hours=1)
    place = {"Bucket": bucket, "Key": "c"}
    s3.get_object(**place, IfMatch=etag)
    refused("PreconditionFailed", s3.get_object, **place, IfMatch='"other"')
    refused("304", s3.get_object, **place, IfNoneMatch=etag)
    refused("304", s3.head_object, **place, IfNoneMatch=etag)
    refused("304", s3.get_object, **place, IfModifiedSince=modified)
    s3.get_object(**place, IfModifiedSince=modified - hour)
    refused("PreconditionFailed", s3.get_object, **place, IfUnmodifiedSince=modified - hour)
    refused("PreconditionFailed", s3.put_object, **place, Body=b"2", IfNoneMatch="*")
    refused("PreconditionFailed", s3.put_object, **place, Body=b"2", IfMatch='"other"')
    assert s3.get_object(**place)["Body"].read() == b"1"
    s3.put_object(**place, Body=b"2", IfMatch=etag)
    s3.put_object(Bucket=bucket, Key="new", Body=b"3", IfNoneMatch="*")
    refused("PreconditionFailed", s3.copy_object, Bucket=bucket, Key="d",
            CopySource=place, CopySourceIfMatch=etag)


def test_copies(s3, bucket):
    s3.put_object(Bucket=bucket, Key="from/ä b", Body=b"copied", ContentType="text/plain",
                  Metadata={"a": "1"})
    s3.create_bucket(Bucket=bucket + "-2")
    source = {"Bucket": bucket, "Key": "from/ä b"}
    answer = s3.copy_object(Bucket=bucket + "-2", Key="to", CopySource=source)
    assert answer["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"copied").hexdigest()}"'
    got = s3.get_object(Bucket=bucket + "-2", Key="to")
    assert got["Body"].read() == b"copied" and got["Metadata"] == {"a": "1"}
    assert got["ContentType"] == "text/plain"
    s3.copy_object(Bucket=bucket, Key="from/ä b", CopySource=source, MetadataDirective="REPLACE",
                   Metadata={"b": "2"}, ContentType="text/html")
    head = s3.head_object(**source)
    assert head["Metadata"] == {"b": "2"} and head["ContentType"] == "text/html"
    refused("InvalidRequest", s3.copy_object, **source, CopySource=source)
    refused("NoSuchKey", s3.copy_object, Bucket=bucket, Key="x",
            CopySource={"Bucket": bucket, "Key": "none"})


def test_deleting_many(s3, bucket):
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"d/{number}", Body=b"")
    answer = s3.delete_objects(Bucket=bucket, Delete={
        "Objects": [{"Key": f"d/{x}"} for x in range(4)] + [{"Key": "never there"}]})
    assert {x["Key"] for x in answer["Deleted"]} == {
        "d/0", "d/1", "d/2", "d/3", "never there"} and "Errors" not in answer
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "d/4"}], "Quiet": True})
    assert "Deleted" not in quiet
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_three_thousand_keys_are_listed_in_order(s3, bucket, shared):
    folder = shared.directory / "buckets" / bucket
    expected = []
    for number in range(3000):
        key = f"images/{number % 7}/{number:05d} x+y.png"
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        expected.append(key)
    expected.sort()
    for name in ("list_objects_v2", "list_objects"):
        pages = list(s3.get_paginator(name).paginate(Bucket=bucket))
        assert [len(x["Contents"]) for x in pages] == [1000, 1000, 1000]
        assert [x["Key"] for page in pages for x in page["Contents"]] == expected
    folded = s3.list_objects_v2(Bucket=bucket, Prefix="images/", Delimiter="/", MaxKeys=4)
    assert [x["Prefix"] for x in folded["CommonPrefixes"]] == [f"images/{x}/" for x in range(4)]
    assert folded["IsTruncated"] and folded["KeyCount"] == 4
    rest = s3.list_objects_v2(Bucket=bucket, Prefix="images/", Delimiter="/",
                              ContinuationToken=folded["NextContinuationToken"])
    assert [x["Prefix"] for x in rest["CommonPrefixes"]] == [f"images/{x}/" for x in range(4, 7)]
    after = s3.list_objects_v2(Bucket=bucket, StartAfter=expected[-2])
    assert [x["Key"] for x in after["Contents"]] == expected[-1:]
    refused("InvalidArgument", s3.list_objects_v2, Bucket=bucket, ContinuationToken="nonsense")


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


def test_a_wrong_checksum_leaves_nothing(shared, bucket):
    s3 = shared.client("s3", config=Config(retries={"max_attempts": 0}))
    wrong = base64.b64encode(bytes(4)).decode()
    refused("BadDigest", s3.put_object, Bucket=bucket, Key="k", Body=b"x", ChecksumCRC32=wrong)
    wrong = base64.b64encode(bytes(8)).decode()
    refused("BadDigest", s3.put_object, Bucket=bucket, Key="k", Body=b"x", ChecksumCRC64NVME=wrong)
    wrong = base64.b64encode(bytes(16)).decode()
    refused("BadDigest", s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5=wrong)
    refused("InvalidDigest", s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5="abc")
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="k")
    # The reference values of a catalogue of CRCs, of the text 123456789.
    for name, value in [("CRC32", "cbf43926"), ("CRC32C", "e3069283"),
                        ("CRC64NVME", "ae8b14860a799888")]:
        text = base64.b64encode(bytes.fromhex(value)).decode()
        s3.put_object(Bucket=bucket, Key=name, Body=b"123456789", **{f"Checksum{name}": text})


# Many parts


def test_a_multipart_upload_by_hand(s3, bucket):
    place = {"Bucket": bucket, "Key": "big"}
    parts = [noise(5 * MB, 1), noise(5 * MB, 2), noise(1000, 3)]
    upload = s3.create_multipart_upload(**place, ContentType="x/y", Metadata={"m": "1"})["UploadId"]
    etags = []
    for number, part in enumerate(parts, 1):
        etags.append(s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=part)["ETag"])
    listed = s3.list_parts(**place, UploadId=upload)
    assert [(x["PartNumber"], x["Size"], x["ETag"]) for x in listed["Parts"]] == [
        (n, len(p), e) for n, (p, e) in enumerate(zip(parts, etags), 1)]
    assert [x["UploadId"] for x in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    refused("NoSuchKey", s3.get_object, **place)

    def complete(*numbers, **changes):
        return s3.complete_multipart_upload(
            **place, UploadId=upload, MultipartUpload={"Parts": [
                {"PartNumber": n, "ETag": changes.get("etag", etags[n - 1])} for n in numbers]})
    refused("InvalidPartOrder", complete, 2, 1, 3)
    refused("InvalidPart", complete, 1, 2, 3, etag='"00000000000000000000000000000000"')
    answer = complete(1, 2, 3)
    digest = hashlib.md5(b"".join(hashlib.md5(x).digest() for x in parts)).hexdigest()
    assert answer["ETag"] == f'"{digest}-3"'
    got = s3.get_object(**place)
    assert got["Body"].read() == b"".join(parts)
    assert got["ContentType"] == "x/y" and got["Metadata"] == {"m": "1"}
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_small_parts_unknown_uploads_and_aborts(s3, bucket):
    place = {"Bucket": bucket, "Key": "small"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    etags = [s3.upload_part(**place, UploadId=upload, PartNumber=n, Body=b"x")["ETag"]
             for n in (1, 2)]
    refused("EntityTooSmall", s3.complete_multipart_upload, **place, UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": n, "ETag": e}
                                       for n, e in enumerate(etags, 1)]})
    refused("NoSuchUpload", s3.upload_part, Bucket=bucket, Key="other", UploadId=upload,
            PartNumber=1, Body=b"x")
    refused("NoSuchUpload", s3.list_parts, **place, UploadId="../../x")
    s3.abort_multipart_upload(**place, UploadId=upload)
    refused("NoSuchUpload", s3.upload_part, **place, UploadId=upload, PartNumber=1, Body=b"x")
    refused("InvalidArgument", s3.upload_part, **place, UploadId=upload, PartNumber=10001, Body=b"")


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


def test_a_client_of_another_region_is_told_the_right_one(shared):
    other = shared.client("s3", region_name="eu-west-1")
    error = refused("AuthorizationHeaderMalformed", other.list_buckets)
    assert error["Error"]["Region"] == "us-east-1"


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


def test_keys_cannot_leave_their_bucket(shared, bucket, s3):
    for key in ("../x", "a/../../x", "a/./b", "a//b", ".spotter-metadata/x"):
        refused("InvalidArgument", s3.put_object, Bucket=bucket, Key=key, Body=b"")
    assert not (shared.directory / "buckets" / "x").exists()


# What nobody should send


def test_documents_have_a_depth_a_size_and_a_root(shared, s3, bucket):
    s3.put_object(Bucket=bucket, Key="stays", Body=b"x")

    def post(body):
        request = AWSRequest("POST", f"{shared.endpoint}/{bucket}?delete=", data=body)
        S3SigV4Auth(Credentials(*shared.credentials()), "s3", "us-east-1").add_auth(request)
        return fetch(request.prepare().url, "POST", body, dict(request.headers))[:2]
    levels = 100_000
    for body in (b"<Delete>" + b"<a>" * levels + b"</a>" * levels + b"</Delete>",
                 b"<Delete>" + b"<Object><Key>stays</Key></Object>" * 100_000 + b"</Delete>",
                 b"<Other><Object><Key>stays</Key></Object></Other>",
                 b"<!DOCTYPE d [<!ENTITY e 'stays'>]><Delete><Object><Key>&e;</Key></Object></Delete>",
                 "<Delete><Object><Key>stays</Key></Object></Delete>".encode("utf-16"),
                 b"<Delete><Object></Delete>", b""):
        status, answer = post(body)
        assert status == 400 and b"MalformedXML" in answer, (body[:60], answer)
    assert s3.head_object(Bucket=bucket, Key="stays")["ContentLength"] == 1
    assert post(b"<Delete><Object><Key>stays</Key></Object></Delete>")[0] == 200
    refused("404", s3.head_object, Bucket=bucket, Key="stays")


def test_numbers_beyond_all_bounds_are_numbers(s3, bucket, shared):
    s3.put_object(Bucket=bucket, Key="r", Body=b"0123456789")
    for last in ("9223372036854775807", "99999999999999999999999"):
        got = s3.get_object(Bucket=bucket, Key="r", Range=f"bytes=4-{last}")
        assert got["Body"].read() == b"456789"
        refused("InvalidRange", s3.get_object, Bucket=bucket, Key="r", Range=f"bytes={last}-")
    path = shared.directory / "buckets" / bucket / "r"
    for seconds in (11_000_000_000, -11_000_000_000):
        os.utime(path, (seconds, seconds))
        assert s3.get_object(Bucket=bucket, Key="r")["Body"].read() == b"0123456789"
        assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_keys_that_cannot_be(s3, bucket):
    refused("KeyTooLongError", s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"")
    refused("InvalidArgument", s3.put_object, Bucket=bucket, Key="a\x01b", Body=b"")
    for key in ("a//b", "x" * 300):
        refused("404", s3.head_object, Bucket=bucket, Key=key)
        refused("NoSuchKey", s3.get_object, Bucket=bucket, Key=key)
        s3.delete_object(Bucket=bucket, Key=key)
    # Two keys for a file system, and one word for people.
    for key in ("nf/\u00e9", "nf/e\u0301"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    s3.copy_object(Bucket=bucket, Key="nf/e\u0301", CopySource={
        "Bucket": bucket, "Key": "nf/\u00e9"})
    got = s3.get_object(Bucket=bucket, Key="nf/e\u0301")
    assert got["Body"].read() == "nf/\u00e9".encode()


def test_deletions_hold_their_conditions(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="d", Body=b"1")["ETag"]
    refused("PreconditionFailed", s3.delete_object, Bucket=bucket, Key="d", IfMatch='"other"')
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [
        {"Key": "d", "VersionId": "3HL4kqtJvjVBH40Nrjfkd"}, {"Key": "d", "ETag": '"other"'}]})
    assert [x["Code"] for x in answer["Errors"]] == ["NotImplemented", "PreconditionFailed"]
    s3.delete_object(Bucket=bucket, Key="d", IfMatch=etag)
    refused("404", s3.head_object, Bucket=bucket, Key="d")


def test_what_a_query_asks_beyond_is_not_taken_for_less(s3, bucket):
    refused("NotImplemented", s3.delete_bucket_metadata_configuration, Bucket=bucket)
    s3.head_bucket(Bucket=bucket)
    refused("NotImplemented", s3.get_bucket_metadata_configuration, Bucket=bucket)
    refused("AccessDenied", s3.list_objects_v2, Bucket=bucket,
            ExpectedBucketOwner="111122223333")
    s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner="000000000000")


@pytest.mark.parametrize("version", ["s3v4", None])
def test_what_a_presigned_url_carries_counts(shared, bucket, version):
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
    status, body = put("put_object", b"x", ServerSideEncryption="AES256")
    assert status == 501 and b"NotImplemented" in body


def test_a_finished_upload_has_the_checksum_that_was_announced(shared, bucket):
    s3 = shared.client("s3", config=Config(retries={"max_attempts": 0}))
    place = {"Bucket": bucket, "Key": "joined"}
    parts = [noise(5 * MB, 1), noise(100, 2)]
    whole = base64.b64encode(zlib.crc32(b"".join(parts)).to_bytes(4, "big")).decode()
    upload = s3.create_multipart_upload(
        **place, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")["UploadId"]
    listed = []
    for number, part in enumerate(parts, 1):
        answer = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=part,
                                ChecksumAlgorithm="CRC32")
        listed.append({"PartNumber": number, "ETag": answer["ETag"],
                       "ChecksumCRC32": answer["ChecksumCRC32"]})
    refused("BadDigest", s3.complete_multipart_upload, **place, UploadId=upload,
            MultipartUpload={"Parts": listed}, ChecksumCRC32="AAAAAA==",
            ChecksumType="FULL_OBJECT")
    answer = s3.complete_multipart_upload(
        **place, UploadId=upload, MultipartUpload={"Parts": listed}, ChecksumCRC32=whole,
        ChecksumType="FULL_OBJECT")
    assert answer["ChecksumCRC32"] == whole and answer["ChecksumType"] == "FULL_OBJECT"
    got = s3.get_object(**place, ChecksumMode="ENABLED")
    assert got["ChecksumCRC32"] == whole and len(got["Body"].read()) == 5 * MB + 100


def test_a_part_is_copied_from_a_range_or_not_at_all(s3, bucket):
    s3.put_object(Bucket=bucket, Key="from", Body=b"0123456789")
    place = {"Bucket": bucket, "Key": "joined"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    for code, wanted in [("InvalidArgument", "bytes=5-2"), ("InvalidArgument", "x"),
                         ("InvalidArgument", "bytes=5-"), ("InvalidRange", "bytes=0-10")]:
        refused(code, s3.upload_part_copy, **place, UploadId=upload, PartNumber=1,
                CopySource=f"{bucket}/from", CopySourceRange=wanted)
    assert "Parts" not in s3.list_parts(**place, UploadId=upload)


def test_a_host_below_localhost_is_no_bucket_for_other_services(shared, monkeypatch):
    local_names(monkeypatch)
    port = shared.endpoint.rsplit(":", 1)[1]
    client = shared.client(endpoint_url=f"http://spotter.localhost:{port}")
    assert "Projects" in client.list_projects()
    assert fetch(f"http://spotter.localhost:{port}/health")[0] == 200
    assert fetch(f"http://spotter.localhost:{port}/key")[0] == 403


# Policies


def test_policies_are_held(shared, bucket, s3):
    s3.put_object(Bucket=bucket, Key="open/x", Body=b"1")
    s3.put_object(Bucket=bucket, Key="closed/x", Body=b"2")
    pair = key(user(shared, "create", "reader-" + bucket[2:8], policy=[
        allow("s3:GetObject", "s3:PutObject", resource=f"arn:aws:s3:::{bucket}/open/*"),
        allow("s3:ListBucket", resource=f"arn:aws:s3:::{bucket}",
              StringLike={"s3:prefix": "open/*"})]))
    mine = shared.client("s3", aws_access_key_id=pair[0], aws_secret_access_key=pair[1])
    assert mine.get_object(Bucket=bucket, Key="open/x")["Body"].read() == b"1"
    mine.put_object(Bucket=bucket, Key="open/y", Body=b"3")
    assert len(mine.list_objects_v2(Bucket=bucket, Prefix="open/")["Contents"]) == 2
    error = refused("AccessDenied", mine.get_object, Bucket=bucket, Key="closed/x")
    assert "s3:GetObject" in error["Error"]["Message"]
    refused("AccessDenied", mine.list_objects_v2, Bucket=bucket)
    refused("AccessDenied", mine.list_buckets)
    refused("AccessDenied", mine.delete_object, Bucket=bucket, Key="open/x")
    refused("AccessDenied", mine.copy_object, Bucket=bucket, Key="open/z",
            CopySource=f"{bucket}/closed/x")
    answer = mine.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "open/x"}]})
    assert [x["Code"] for x in answer["Errors"]] == ["AccessDenied"]
    assert s3.head_object(Bucket=bucket, Key="open/x")["ContentLength"] == 1


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
