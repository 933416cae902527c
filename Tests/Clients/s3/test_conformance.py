"""What the tests of other implementations of S3 ask, asked of Spotter by boto3 and by plain HTTP.

The cases are our own; docs/s3.md counts them against the list of Ceph's suite and says which are not
met, and why.
"""

import base64
import datetime
import email.utils
import hashlib
import hmac
import http.client
import json
import socket
import threading
import time
import urllib.parse
import uuid
import zlib

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from support.calls import allow, key, user

MB = 1 << 20
PART = 5 * MB


@pytest.fixture(scope="module")
def s3(shared):
    return shared.client("s3", config=Config(
        signature_version="s3v4", retries={"max_attempts": 1}, parameter_validation=False))


@pytest.fixture(scope="module")
def nobody(shared):
    return shared.client("s3", config=Config(signature_version=UNSIGNED))


@pytest.fixture
def bucket(s3):
    name = f"c-{uuid.uuid4().hex[:20]}"
    s3.create_bucket(Bucket=name)
    return name


def refused(status, code, call, **options):
    with pytest.raises(ClientError) as error:
        call(**options)
    answer = error.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status, answer
    codes = code if isinstance(code, tuple) else (code,)
    assert code is None or answer["Error"]["Code"] in codes, answer
    return answer


def fill(s3, bucket, *keys):
    for name in keys:
        s3.put_object(Bucket=bucket, Key=name, Body=name.encode())


def text(answer):
    return answer["Body"].read().decode()


def ask(shared, method, path, headers=None, body=None, skip=()):
    """Plain HTTP; `skip` leaves headers out that http.client adds by itself."""
    address = urllib.parse.urlsplit(shared.endpoint)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    if body is not None and "content-length" not in skip:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


# Lists

LISTED = {
    # keys, arguments, keys shown, prefixes shown
    "nothing": ([], {}, [], []),
    "all": (["b", "a", "c"], {}, ["a", "b", "c"], []),
    "folders": (["f/b", "f/c/x", "q/t", "a"], {"Delimiter": "/"}, ["a"], ["f/", "q/"]),
    "a key that ends with the delimiter": (["a/"], {"Prefix": "a/", "Delimiter": "/"}, ["a/"], []),
    "another delimiter": (["bar", "baz", "cab", "foo"], {"Delimiter": "a"}, ["foo"], ["ba", "ca"]),
    "percent": (["b%r", "b%z", "c%b", "foo"], {"Delimiter": "%"}, ["foo"], ["b%", "c%"]),
    "space": (["b r", "b z", "c b", "foo"], {"Delimiter": " "}, ["foo"], ["b ", "c "]),
    "dot": (["b.r", "b.z", "c.b", "foo"], {"Delimiter": "."}, ["foo"], ["b.", "c."]),
    "line feed": (["a", "b"], {"Delimiter": "\n"}, ["a", "b"], []),
    "an unreadable delimiter": (["a", "b"], {"Delimiter": "\x01"}, ["a", "b"], []),
    "no delimiter": (["a", "b/c"], {"Delimiter": ""}, ["a", "b/c"], []),
    "a delimiter that no key has": (["a", "b"], {"Delimiter": "/"}, ["a", "b"], []),
    "special keys": (["0/1", "1999", "1999#", "1999+", "2000"], {"Delimiter": "/"},
                     ["1999", "1999#", "1999+", "2000"], ["0/"]),
    "encoded keys": (["f+1/b", "f/b/x", "q ab/t", "a+b"], {"Delimiter": "/"},
                     ["a+b"], ["f+1/", "f/", "q ab/"]),
    "prefix": (["f/a", "f/b", "q"], {"Prefix": "f/"}, ["f/a", "f/b"], []),
    "a prefix without a slash": (["bar", "baz", "foo"], {"Prefix": "ba"}, ["bar", "baz"], []),
    "an empty prefix": (["f/a", "q"], {"Prefix": ""}, ["f/a", "q"], []),
    "a prefix of nothing": (["f/a", "q"], {"Prefix": "d"}, [], []),
    "an unreadable prefix": (["f/a", "q"], {"Prefix": "\n"}, [], []),
    "prefix and delimiter": (["f/a", "f/b/c", "q"], {"Prefix": "f/", "Delimiter": "/"},
                             ["f/a"], ["f/b/"]),
    "prefix and another delimiter": (["bar", "bazar", "cab", "foo"],
                                     {"Prefix": "ba", "Delimiter": "a"}, ["bar"], ["baza"]),
    "a prefix of nothing with delimiter": (["b/a/r", "b/a/c", "f"],
                                           {"Prefix": "y", "Delimiter": "/"}, [], []),
    "prefix and a delimiter of nothing": (["b/a/c", "b/a/g", "b/a/r"],
                                          {"Prefix": "b", "Delimiter": "z"},
                                          ["b/a/c", "b/a/g", "b/a/r"], []),
    "neither": (["b", "c"], {"Prefix": "y", "Delimiter": "z"}, [], []),
    "a special prefix": (["_b/1", "_b/2", "_b/3", "a"], {"Prefix": "_b/"},
                         ["_b/1", "_b/2", "_b/3"], []),
    "at most none": (["a", "b"], {"MaxKeys": 0}, [], []),
    "at most one": (["a", "b"], {"MaxKeys": 1}, ["a"], []),
    "beside a folder": (["a", "a/b", "a-b"], {"Delimiter": "/"}, ["a", "a-b"], ["a/"]),
}


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize("version", ["list_objects", "list_objects_v2", "list_object_versions"])
def test_a_list_shows_what_it_was_asked_for(s3, bucket, name, version):
    keys, options, shown, prefixes = LISTED[name]
    fill(s3, bucket, *keys)
    answer = getattr(s3, version)(Bucket=bucket, **options)
    entries = answer.get("Versions" if "versions" in version else "Contents", [])
    assert [x["Key"] for x in entries] == shown
    assert [x["Prefix"] for x in answer.get("CommonPrefixes", [])] == prefixes
    assert answer.get("Delimiter", "") == options.get("Delimiter", "")
    # boto3 decodes it in the answers of two of the three.
    assert answer["Prefix"] in (options.get("Prefix", ""),
                                urllib.parse.quote(options.get("Prefix", "")))
    assert answer["IsTruncated"] == (options.get("MaxKeys") == 1)
    if version == "list_objects_v2":
        assert answer["KeyCount"] == len(shown) + len(prefixes)


def test_the_pages_of_a_list_of_objects(s3, bucket):
    fill(s3, bucket, "asdf", "boo/bar", "boo/baz/x", "cq/t", "cq/b")
    for prefix, limit, pages in [
            ("", 1, [["asdf"], ["boo/"], ["cq/"]]), ("", 2, [["asdf", "boo/"], ["cq/"]]),
            ("boo/", 1, [["boo/bar"], ["boo/baz/"]]), ("boo/", 2, [["boo/bar", "boo/baz/"]])]:
        marker = token = None
        for number, page in enumerate(pages):
            last = number == len(pages) - 1
            first = s3.list_objects(Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=limit,
                                    Marker=marker or "")
            second = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=limit,
                                        ContinuationToken=token or "")
            for answer in (first, second):
                found = [x["Key"] for x in answer.get("Contents", [])]
                found += [x["Prefix"] for x in answer.get("CommonPrefixes", [])]
                assert found == page and answer["IsTruncated"] is not last
            marker, token = first.get("NextMarker"), second.get("NextContinuationToken")
            assert (marker is None) == (token is None) == last


@pytest.mark.parametrize("marker, shown", [
    ("", ["bar", "baz", "foo"]), ("\n", ["bar", "baz", "foo"]), ("blah", ["foo"]), ("zzz", []),
    ("bar", ["baz", "foo"])])
def test_a_list_begins_after_a_marker(s3, bucket, marker, shown):
    fill(s3, bucket, "bar", "baz", "foo")
    answer = s3.list_objects(Bucket=bucket, Marker=marker)
    assert [x["Key"] for x in answer.get("Contents", [])] == shown and answer["Marker"] == marker
    answer = s3.list_objects_v2(Bucket=bucket, StartAfter=marker)
    assert [x["Key"] for x in answer.get("Contents", [])] == shown


def test_a_token_counts_more_than_the_key_to_start_after(s3, bucket):
    fill(s3, bucket, "bar", "baz", "foo", "quxx")
    first = s3.list_objects_v2(Bucket=bucket, StartAfter="bar", MaxKeys=1)
    assert [x["Key"] for x in first["Contents"]] == ["baz"]
    second = s3.list_objects_v2(Bucket=bucket, StartAfter="bar",
                                ContinuationToken=first["NextContinuationToken"])
    assert [x["Key"] for x in second["Contents"]] == ["foo", "quxx"]
    assert second["StartAfter"] == "bar"


@pytest.mark.parametrize("limit", ["blah", "-1"])
def test_a_limit_that_is_no_number_is_refused(s3, bucket, limit):
    for call in (s3.list_objects, s3.list_objects_v2):
        refused(400, "InvalidArgument", call, Bucket=bucket, MaxKeys=limit)


def test_the_owner_is_in_a_second_list_when_it_is_asked_for(s3, bucket):
    fill(s3, bucket, "k")
    assert "Owner" in s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"][0]
    assert "Owner" not in s3.list_objects_v2(Bucket=bucket)["Contents"][0]
    assert "Owner" not in s3.list_objects_v2(Bucket=bucket, FetchOwner=False)["Contents"][0]
    listed = s3.list_objects(Bucket=bucket)["Contents"][0]
    head = s3.head_object(Bucket=bucket, Key="k")
    assert listed["Owner"] == s3.get_object_acl(Bucket=bucket, Key="k")["Owner"]
    assert (listed["ETag"], listed["Size"]) == (head["ETag"], head["ContentLength"])
    assert listed["LastModified"].replace(microsecond=0) == head["LastModified"]


# Buckets


@pytest.mark.parametrize("name", [
    "under_score", "_nonalpha", "Capital", "a", "aa", "x" * 64, "x" * 256, "192.168.5.123", "ends-",
    "a..b", "a.-b", "a-.b", "-begins"])
def test_a_name_that_no_bucket_may_have(s3, name, shared):
    client = shared.client("s3")
    client.meta.events.unregister("before-parameter-build.s3", _name_check())
    refused(400, "InvalidBucketName", client.create_bucket, Bucket=name)


def _name_check():
    from botocore.handlers import validate_bucket_name
    return validate_bucket_name


@pytest.mark.parametrize("name", ["starts", "0starts", "aaa.111", "aaa-111", "n" * 40])
def test_a_name_that_a_bucket_may_have(s3, name):
    mark = uuid.uuid4().hex[:20]
    s3.create_bucket(Bucket=f"{name}{mark}")
    assert s3.list_objects(Bucket=f"{name}{mark}")["Name"] == f"{name}{mark}"
    s3.delete_bucket(Bucket=f"{name}{mark}")


@pytest.mark.parametrize("length", [60, 61, 62, 63])
def test_a_long_name(s3, length):
    name = uuid.uuid4().hex.ljust(length, "x")
    s3.create_bucket(Bucket=name)
    fill(s3, name, "k")
    assert s3.list_objects(Bucket=name)["Contents"][0]["Key"] == "k"


def test_a_bucket_that_is_made_again_keeps_its_objects(s3, bucket):
    fill(s3, bucket, "a", "b")
    s3.create_bucket(Bucket=bucket)
    assert len(s3.list_objects(Bucket=bucket)["Contents"]) == 2


def test_buckets_that_are_not_there(s3):
    name = f"absent-{uuid.uuid4().hex[:8]}"
    refused(404, "NoSuchBucket", s3.list_objects, Bucket=name)
    refused(404, "NoSuchBucket", s3.list_objects_v2, Bucket=name)
    refused(404, "NoSuchBucket", s3.delete_bucket, Bucket=name)
    refused(404, "NoSuchBucket", s3.put_object, Bucket=name, Key="k", Body=b"")
    refused(404, "404", s3.head_bucket, Bucket=name)
    refused(404, "NoSuchBucket", s3.get_bucket_location, Bucket=name)


def test_a_bucket_with_objects_stays(s3, bucket):
    fill(s3, bucket, "k")
    refused(409, "BucketNotEmpty", s3.delete_bucket, Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    refused(404, "NoSuchBucket", s3.delete_bucket, Bucket=bucket)


def test_the_list_of_buckets(s3):
    names = sorted(f"l-{uuid.uuid4().hex[:12]}" for _ in range(3))
    before = datetime.datetime.now(datetime.timezone.utc)
    for name in names:
        s3.create_bucket(Bucket=name)
    listed = {x["Name"]: x["CreationDate"] for x in s3.list_buckets()["Buckets"]}
    assert set(names) <= set(listed)
    assert all(abs(listed[x] - before) < datetime.timedelta(minutes=5) for x in names)
    found, token = [], ""
    while token is not None:
        page = s3.list_buckets(MaxBuckets=1, Prefix="l-", **(
            {"ContinuationToken": token} if token else {}))
        found += [x["Name"] for x in page["Buckets"]]
        token = page.get("ContinuationToken")
    assert set(names) <= set(found) and found == sorted(found)


def test_pages_of_buckets(s3):
    prefix = f"p{uuid.uuid4().hex[:10]}-"
    assert s3.list_buckets(MaxBuckets=1, Prefix=prefix)["Buckets"] == []
    s3.create_bucket(Bucket=f"{prefix}1")
    assert "ContinuationToken" not in s3.list_buckets(MaxBuckets=1, Prefix=prefix)
    s3.create_bucket(Bucket=f"{prefix}2")
    first = s3.list_buckets(MaxBuckets=1, Prefix=prefix)
    second = s3.list_buckets(
        MaxBuckets=1, Prefix=prefix, ContinuationToken=first["ContinuationToken"])
    assert [x["Name"] for x in first["Buckets"] + second["Buckets"]] == [
        f"{prefix}1", f"{prefix}2"]
    assert "ContinuationToken" not in second


def test_a_public_access_block_is_kept_and_says_what_holds(s3, bucket):
    s3.delete_public_access_block(Bucket=bucket)
    refused(404, "NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket=bucket)
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True,
             "RestrictPublicBuckets": False}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == block
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="private")
    s3.delete_public_access_block(Bucket=bucket)
    refused(404, "NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket=bucket)


def test_who_owns_objects_is_kept(s3, bucket):
    refused(404, "OwnershipControlsNotFoundError", s3.get_bucket_ownership_controls, Bucket=bucket)
    for value in ("BucketOwnerEnforced", "ObjectWriter"):
        controls = {"Rules": [{"ObjectOwnership": value}]}
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=controls)
        assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"] == controls
    for _ in range(2):
        s3.delete_bucket_ownership_controls(Bucket=bucket)
        refused(404, "OwnershipControlsNotFoundError", s3.get_bucket_ownership_controls,
                Bucket=bucket)
    name = f"o-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerPreferred")
    found = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]
    assert found == {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}


@pytest.mark.parametrize("size", [1, 1024, MB, 8 * MB])
@pytest.mark.parametrize("way", ["bucket", "object"])
def test_encryption_that_is_wished_for(s3, bucket, size, way):
    options = {"ServerSideEncryption": "AES256"}
    if way == "bucket":
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        s3.put_bucket_encryption(
            Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        options = {}
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"A" * size, **options)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert put["ServerSideEncryption"] == got["ServerSideEncryption"] == "AES256"
    assert got["Body"].read() == b"A" * size
    s3.delete_bucket_encryption(Bucket=bucket)


def test_encryption_that_is_not_there(shared, s3, bucket):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    refused(501, "NotImplemented", s3.put_bucket_encryption, Bucket=bucket,
            ServerSideEncryptionConfiguration={"Rules": [rule]})
    fill(s3, bucket, "k")
    client = shared.client("s3")
    client.meta.events.register(
        "before-call.s3.HeadObject",
        lambda params, **_: params["headers"].update({"x-amz-server-side-encryption": "AES256"}))
    refused(400, None, client.head_object, Bucket=bucket, Key="k")


# Tags


def tags(**pairs):
    return {"TagSet": [{"Key": k, "Value": v} for k, v in pairs.items()]}


def test_tags_of_a_bucket(s3, bucket):
    refused(404, "NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)
    s3.put_bucket_tagging(Bucket=bucket, Tagging=tags(Hello="World"))
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags(Hello="World")["TagSet"]
    s3.delete_bucket_tagging(Bucket=bucket)
    refused(404, "NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)


def test_tags_of_an_object(s3, bucket):
    place = {"Bucket": bucket, "Key": "k"}
    put = s3.put_object(**place, Body=b"x" * MB, Metadata={"a": "b"})
    before = s3.head_object(**place)
    assert s3.get_object_tagging(**place)["TagSet"] == [] and "TagCount" not in before
    ten = tags(**{str(x): str(x) for x in range(10)})
    for wanted in (ten, tags(key="val", key2="val2"), tags(key3="")):
        s3.put_object_tagging(**place, Tagging=wanted)
        assert s3.get_object_tagging(**place)["TagSet"] == wanted["TagSet"]
        got = s3.get_object(**place)
        assert got["TagCount"] == len(wanted["TagSet"]) and got["Body"].read() == b"x" * MB
        assert (got["ETag"], got["Metadata"]) == (put["ETag"], {"a": "b"})
        assert got["LastModified"] == before["LastModified"]
    s3.delete_object_tagging(**place)
    assert s3.get_object_tagging(**place)["TagSet"] == []
    s3.put_object_tagging(**place, Tagging=ten)
    s3.put_object(**place, Body=b"")
    assert s3.get_object_tagging(**place)["TagSet"] == []
    refused(404, "NoSuchKey", s3.put_object_tagging, Bucket=bucket, Key="x", Tagging=ten)


LONG = {f"{x:0128}": f"{x:0256}" for x in range(10)}


@pytest.mark.parametrize("wanted, fits", [
    (LONG, True), ({"\u00e4 b": "+-=._:/@"}, True), ({str(x): "" for x in range(11)}, False),
    ({"k" * 129: ""}, False), ({"k": "v" * 257}, False), ({"": "v"}, False),
    ({"aws:x": "v"}, False), ({"a?b": "v"}, False)])
def test_how_many_and_how_long_tags_are(s3, bucket, wanted, fits):
    place = {"Bucket": bucket, "Key": "k"}
    fill(s3, bucket, "k")
    if fits:
        s3.put_object_tagging(**place, Tagging=tags(**wanted))
        found = {x["Key"]: x["Value"] for x in s3.get_object_tagging(**place)["TagSet"]}
        assert found == wanted
    else:
        refused(400, "InvalidTag", s3.put_object_tagging, **place, Tagging=tags(**wanted))
        assert s3.get_object_tagging(**place)["TagSet"] == []


def test_tags_that_come_with_an_object(shared, s3, bucket):
    def found(key):
        return s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="foo=bar&bar")
    assert found("k") == tags(bar="", foo="bar")["TagSet"]
    name, parts = upload(s3, {"Bucket": bucket, "Key": "m"}, b"x", Tagging="Hello=World&foo=bar")
    finish(s3, {"Bucket": bucket, "Key": "m"}, name, parts)
    assert found("m") == tags(Hello="World", foo="bar")["TagSet"]
    s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/m")
    assert found("c") == found("m")
    s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/m", Tagging="a=b",
                   TaggingDirective="REPLACE")
    assert found("c") == tags(a="b")["TagSet"]
    document = ("<Tagging><TagSet><Tag><Key>0</Key><Value>0</Value></Tag>"
                "<Tag><Key>1</Key><Value>1</Value></Tag></TagSet></Tagging>")
    fields = signed(shared, bucket, {**FIELDS, "tagging": document},
                    [*CONDITIONS, ["starts-with", "$tagging", ""]])
    assert form(shared, bucket, fields)[0] == 204
    assert found("foo.txt") == [{"Key": "0", "Value": "0"}, {"Key": "1", "Value": "1"}]
    refused(400, "InvalidTag", s3.put_object, Bucket=bucket, Key="x", Body=b"", Tagging="a=1&a=2")


# Regions and owners


@pytest.mark.parametrize("place, code", [
    ("eu-west-1", "IllegalLocationConstraintException"), ("nowhere", "InvalidLocationConstraint")])
def test_a_bucket_in_another_region(s3, place, code):
    refused(400, code, s3.create_bucket, Bucket=f"p-{uuid.uuid4().hex[:8]}",
            CreateBucketConfiguration={"LocationConstraint": place})


def test_a_bucket_of_somebody_else(s3, bucket):
    fill(s3, bucket, "k")
    own = s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    for call, options in [(s3.list_objects_v2, {}), (s3.head_bucket, {}),
                          (s3.get_object, {"Key": "k"}), (s3.delete_object, {"Key": "x"}),
                          (s3.put_object, {"Key": "x", "Body": b""})]:
        call(Bucket=bucket, ExpectedBucketOwner=own, **options)
        refused(403, ("AccessDenied", "403"), call, Bucket=bucket,
                ExpectedBucketOwner="111122223333", **options)


def test_lists_of_rights_that_say_what_holds_anyway(s3, bucket):
    fill(s3, bucket, "k")
    for acl in ("private", "bucket-owner-full-control"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL=acl)
        s3.put_object_acl(Bucket=bucket, Key="k", ACL=acl)
        s3.put_bucket_acl(Bucket=bucket, ACL=acl)
    for answer in (s3.get_bucket_acl(Bucket=bucket), s3.get_object_acl(Bucket=bucket, Key="k")):
        assert [x["Permission"] for x in answer["Grants"]] == ["FULL_CONTROL"]
        assert answer["Grants"][0]["Grantee"]["ID"] == answer["Owner"]["ID"]
    policy = {"Owner": answer["Owner"], "Grants": answer["Grants"]}
    s3.put_object_acl(Bucket=bucket, Key="k", AccessControlPolicy=policy)
    for acl in ("public-read", "public-read-write", "authenticated-read"):
        refused(403, "AccessDenied", s3.put_bucket_acl, Bucket=bucket, ACL=acl)
        refused(403, "AccessDenied", s3.put_object, Bucket=bucket, Key="x", Body=b"", ACL=acl)
    refused(501, "NotImplemented", s3.put_bucket_acl, Bucket=bucket, ACL="aws-exec-read")
    refused(400, "InvalidArgument", s3.put_bucket_acl, Bucket=bucket, ACL="public-ready")
    refused(404, "NoSuchKey", s3.put_object_acl, Bucket=bucket, Key="x", ACL="private")


# Objects


@pytest.mark.parametrize("name", [
    " ", '"', "$", "%", "&", "'", "<", ">", "_", "_ ", "_ _", "__", "?", "#", "+", "a b", "%20",
    "ä", "日", "~", "\\", "a:b", "x;y", "a,b=c", "[x]", "{x}", "|", "^", "`", "*", "!", "(a)", "@"])
def test_a_key_with_a_special_name(s3, bucket, name):
    fill(s3, bucket, name)
    assert text(s3.get_object(Bucket=bucket, Key=name)) == name
    assert [x["Key"] for x in s3.list_objects(Bucket=bucket)["Contents"]] == [name]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": name})
    assert text(s3.get_object(Bucket=bucket, Key="copy")) == name
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    s3.upload_part_copy(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1,
                        CopySource={"Bucket": bucket, "Key": name})
    s3.delete_object(Bucket=bucket, Key=name)


def test_an_object_is_written_read_changed_and_deleted(s3, bucket):
    place = {"Bucket": bucket, "Key": "foo"}
    refused(404, "NoSuchKey", s3.get_object, **place)
    put = s3.put_object(**place, Body=b"bar")
    assert put["ETag"] == f'"{hashlib.md5(b"bar").hexdigest()}"'
    assert text(s3.get_object(**place)) == "bar"
    s3.put_object(**place, Body=b"soup", Metadata={"meta1": "x"})
    assert text(s3.get_object(**place)) == "soup"
    s3.put_object(**place, Body=b"")
    head = s3.head_object(**place)
    assert head["ContentLength"] == 0 and head["Metadata"] == {}
    s3.delete_object(**place)
    refused(404, "404", s3.head_object, **place)


def test_puts_one_after_another_on_a_connection_that_is_kept(s3, bucket):
    """Each says `Expect: 100-continue`; botocore mistakes an answer that came without it."""
    for body in (b"", b"x", b"", b"soup"):
        answer = s3.put_object(Bucket=bucket, Key="k", Body=body)
        assert answer["ResponseMetadata"]["RetryAttempts"] == 0
    for _ in range(2):
        refused(404, "NoSuchBucket", s3.put_object, Bucket="absent-bucket", Key="k", Body=b"x")
        answer = s3.put_object(Bucket=bucket, Key="k", Body=b"y")
        assert answer["ResponseMetadata"]["RetryAttempts"] == 0


def test_the_request_is_named_in_an_error(shared, s3, bucket):
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "bar"})
    status, body, headers = ask(shared, "GET", url[url.index("/", 8):])
    assert status == 404
    assert f"<RequestId>{headers['x-amz-request-id']}</RequestId>".encode() in body


@pytest.mark.parametrize("value", ["mymeta", "", "Gruesse", "a  b", "x" * 2000])
def test_metadata_comes_back(s3, bucket, value):
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"meta1": "before"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"meta1": value})
    assert s3.get_object(Bucket=bucket, Key="k")["Metadata"]["meta1"] == value


@pytest.mark.parametrize("value", ["\x04mymeta", "h\x04", "h\x04w"])
def test_metadata_that_cannot_be_printed_is_refused(s3, bucket, value):
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"meta1": value})
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


def head_field(shared, path, name):
    """The bytes of a header of the answer, which Python's clients would decode."""
    address = urllib.parse.urlsplit(shared.endpoint)
    headers = authorized(shared, "HEAD", path, b"")
    with socket.create_connection((address.hostname, address.port), 30) as connection:
        lines = [f"HEAD {path} HTTP/1.1", f"Host: {address.netloc}", "Connection: close",
                 *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        connection.sendall("\r\n".join(lines).encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    found = [line.partition(b": ")[2] for line in answer.split(b"\r\n")
             if line.lower().startswith(name.encode() + b": ")]
    return found[0] if found else None


@pytest.mark.parametrize("name, value", [
    ("x-amz-meta-city", "Düsseldorf"), ("content-disposition", 'attachment; filename="Größe.png"')])
def test_a_header_in_latin_1_is_refused_by_its_name_and_one_in_utf_8_comes_back(
        shared, s3, bucket, name, value):
    path = f"/{bucket}/k"
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    headers = {**authorized(shared, "PUT", path, b"x"), name: value.encode("latin-1")}
    status, body, _ = ask(shared, "PUT", path, headers, b"x")
    assert status == 400 and b"<Code>InvalidArgument</Code>" in body, body
    assert f"The header {name} is not UTF-8".encode() in body
    assert text(s3.get_object(Bucket=bucket, Key="k")) == "before"
    if name.startswith("x-amz-"):
        # Signed like all of S3's own headers.
        headers = authorized(shared, "PUT", path, b"x", **{name: value})
    status, body, _ = ask(shared, "PUT", path, {**headers, name: value.encode()}, b"x")
    assert status == 200, body
    assert head_field(shared, path, name) == value.encode()


def test_an_encoded_word_comes_back_as_it_was_sent(s3, bucket):
    word = "=?UTF-8?B?RMO8c3NlbGRvcmY=?="
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"city": word})
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {"city": word}


def test_a_header_that_an_address_does_not_sign_is_refused(shared, s3, bucket):
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    path = url[url.index("/", 8):]
    # As bytes: http.client would write them in another encoding.
    status, body, _ = ask(shared, "PUT", path, {"x-amz-meta-name": "Größe 日".encode()}, b"x")
    # A header beyond those that the address signs is refused whatever it says.
    assert status == 403 and b"x-amz-meta-name" in body


def test_headers_of_an_object_come_back(s3, bucket):
    expires = datetime.datetime(2030, 1, 31, tzinfo=datetime.timezone.utc)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", CacheControl="public, max-age=14400",
                  Expires=expires, ContentLanguage="de", ContentEncoding="aws-chunked,gzip",
                  ContentDisposition="attachment")
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["CacheControl"] == "public, max-age=14400" and head["Expires"] == expires
    assert head["ContentEncoding"] == "gzip" and head["ContentLanguage"] == "de"
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentEncoding="aws-chunked")
    assert "ContentEncoding" not in s3.head_object(Bucket=bucket, Key="k")
    answer = s3.get_object(
        Bucket=bucket, Key="k", ResponseCacheControl="no-cache", ResponseContentType="foo/bar",
        ResponseContentDisposition="bla", ResponseContentEncoding="aaa",
        ResponseContentLanguage="esperanto", ResponseExpires="Thu, 01 Dec 2033 16:00:00 GMT")
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["content-type"], headers["content-encoding"]) == ("foo/bar", "aaa")
    assert (headers["cache-control"], headers["content-disposition"]) == ("no-cache", "bla")
    assert (headers["content-language"], headers["expires"]) == (
        "esperanto", "Thu, 01 Dec 2033 16:00:00 GMT")


BEFORE = "Sat, 29 Oct 1994 19:43:31 GMT"
LATER = "Sun, 31 Dec 2090 19:43:31 GMT"


@pytest.mark.parametrize("options, status", [
    ({"IfMatch": "ETAG"}, 200), ({"IfMatch": '"other"'}, 412), ({"IfNoneMatch": "ETAG"}, 304),
    ({"IfNoneMatch": "other"}, 200), ({"IfModifiedSince": BEFORE}, 200),
    ({"IfModifiedSince": LATER}, 304), ({"IfUnmodifiedSince": LATER}, 200),
    ({"IfUnmodifiedSince": BEFORE}, 412)])
def test_conditions_of_a_read(s3, bucket, options, status):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"bar")["ETag"]
    options = {k: etag if v == "ETAG" else v for k, v in options.items()}
    if status == 200:
        assert text(s3.get_object(Bucket=bucket, Key="k", **options)) == "bar"
    else:
        answer = refused(status, None, s3.get_object, Bucket=bucket, Key="k", **options)
        if status == 304:
            assert answer["ResponseMetadata"]["HTTPHeaders"]["etag"] == etag
            assert answer["Error"]["Message"] == "Not Modified"


@pytest.mark.parametrize("there, options, status, code", [
    (True, {"IfMatch": "ETAG"}, 200, ""), (True, {"IfMatch": "*"}, 200, ""),
    (True, {"IfMatch": '"other"'}, 412, "PreconditionFailed"),
    (False, {"IfMatch": "*"}, 404, "NoSuchKey"),
    (False, {"IfMatch": '"other"'}, 404, "NoSuchKey"),
    (True, {"IfNoneMatch": "other"}, 200, ""),
    (True, {"IfNoneMatch": "ETAG"}, 412, "PreconditionFailed"),
    (False, {"IfNoneMatch": "*"}, 200, ""),
    (True, {"IfNoneMatch": "*"}, 412, "PreconditionFailed")])
@pytest.mark.parametrize("way", ["put", "copy", "complete"])
def test_conditions_of_a_write(s3, bucket, there, options, status, code, way):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"before")["ETag"]
    if not there:
        s3.delete_object(Bucket=bucket, Key="k")
    options = {k: etag if v == "ETAG" else v for k, v in options.items()}
    place = {"Bucket": bucket, "Key": "k"}
    if way == "put":
        call, more = s3.put_object, {"Body": b"after"}
    elif way == "copy":
        s3.put_object(Bucket=bucket, Key="from", Body=b"after")
        headers = {{"IfMatch": "If-Match", "IfNoneMatch": "If-None-Match"}[k]: v
                   for k, v in options.items()}
        client, options = s3, {}

        def call(**more):
            def add(params, **_):
                params["headers"].update(headers)
            client.meta.events.register("before-call.s3.CopyObject", add)
            try:
                return client.copy_object(**more)
            finally:
                client.meta.events.unregister("before-call.s3.CopyObject", add)
        more = {"CopySource": f"{bucket}/from"}
    else:
        upload = s3.create_multipart_upload(**place)["UploadId"]
        part = s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"after")
        call, more = s3.complete_multipart_upload, {
            "UploadId": upload,
            "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}}
    if status == 200:
        call(**place, **more, **options)
        assert text(s3.get_object(**place)) == "after"
    else:
        refused(status, code, call, **place, **more, **options)
        if there:
            assert text(s3.get_object(**place)) == "before"
        else:
            refused(404, "NoSuchKey", s3.get_object, **place)


def test_conditions_of_a_deletion(s3, bucket):
    place = {"Bucket": bucket, "Key": "k"}
    # What is not there is deleted, as by a client that did not get the answer and tries again.
    for options in ({"IfMatch": "*"}, {"IfMatch": "other"}, {"IfMatchSize": 9},
                    {"IfMatchLastModifiedTime": datetime.datetime(2015, 1, 1)}):
        answer = s3.delete_object(**place, **options)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "ETag": "other"}]})
    assert [x["Key"] for x in answer["Deleted"]] == ["k"]
    etag = s3.put_object(**place, Body=b"12345")["ETag"]
    modified = s3.head_object(**place)["LastModified"]
    old = modified - datetime.timedelta(days=1)
    for options in ({"IfMatch": '"other"'}, {"IfMatchSize": 4}, {"IfMatchLastModifiedTime": old}):
        refused(412, "PreconditionFailed", s3.delete_object, **place, **options)
    for entry in ({"ETag": "other"}, {"Size": 4}, {"LastModifiedTime": old}):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", **entry}]})
        assert [x["Code"] for x in answer["Errors"]] == ["PreconditionFailed"]
    s3.delete_object(**place, IfMatch=etag, IfMatchSize=5, IfMatchLastModifiedTime=modified)
    refused(404, "404", s3.head_object, **place)
    s3.put_object(**place, Body=b"1")
    entry = {"Key": "k", "ETag": s3.head_object(**place)["ETag"], "Size": 1}
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [entry]})
    assert [x["Key"] for x in answer["Deleted"]] == ["k"]


@pytest.mark.parametrize("wanted, status, shown", [
    ("bytes=4-7", 206, slice(4, 8)), ("bytes=4-", 206, slice(4, None)),
    ("bytes=-7", 206, slice(-7, None)), ("bytes=0-0", 206, slice(0, 1)),
    ("bytes=4-999", 206, slice(4, None)), ("bytes=40-50", 416, None)])
def test_ranges(s3, bucket, wanted, status, shown):
    content = b"testcontent"
    s3.put_object(Bucket=bucket, Key="k", Body=content)
    if status == 416:
        refused(416, "InvalidRange", s3.get_object, Bucket=bucket, Key="k", Range=wanted)
        return
    answer = s3.get_object(Bucket=bucket, Key="k", Range=wanted)
    first = range(len(content))[shown]
    assert answer["Body"].read() == content[shown]
    assert answer["ContentRange"] == f"bytes {first[0]}-{first[-1]}/{len(content)}"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_ranges_of_an_empty_and_of_a_large_object(s3, bucket):
    s3.put_object(Bucket=bucket, Key="e", Body=b"")
    refused(416, "InvalidRange", s3.get_object, Bucket=bucket, Key="e", Range="bytes=40-50")
    body = bytes(range(256)) * (8 * MB // 256)
    s3.put_object(Bucket=bucket, Key="l", Body=body)
    answer = s3.get_object(Bucket=bucket, Key="l", Range=f"bytes=3145728-{5 * MB}")
    assert answer["Body"].read() == body[3145728:5 * MB + 1]


@pytest.mark.parametrize("given, kept", [
    ("gzip", "gzip"), ("deflate, gzip", "deflate, gzip"), ("gzip, aws-chunked", "gzip"),
    ("aws-chunked, gzip", "gzip"), ("aws-chunked", None), ("aws-chunked, aws-chunked", None)])
def test_how_a_body_travels_is_not_kept(s3, bucket, given, kept):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentEncoding=given)
    assert s3.head_object(Bucket=bucket, Key="k").get("ContentEncoding") == kept


def test_a_body_that_comes_in_chunks(shared, bucket):
    client = shared.client("s3")
    client.meta.events.register_first(
        "before-sign.s3.PutObject",
        lambda request, **_: request.headers.add_header("Transfer-Encoding", "chunked"))
    client.put_object(Bucket=bucket, Key="k", Body=b"bar")
    assert text(client.get_object(Bucket=bucket, Key="k")) == "bar"


def test_many_objects_are_deleted_at_once(s3, bucket):
    fill(s3, bucket, "key0", "key1", "key2")
    wanted = {"Objects": [{"Key": f"key{x}"} for x in range(3)]}
    for _ in range(2):
        answer = s3.delete_objects(Bucket=bucket, Delete=wanted)
        assert len(answer["Deleted"]) == 3 and "Errors" not in answer
        assert "Contents" not in s3.list_objects(Bucket=bucket)
    refused(400, "MalformedXML", s3.delete_objects, Bucket=bucket,
            Delete={"Objects": [{"Key": f"k{x}"} for x in range(1001)]})


def test_a_bucket_is_emptied_by_the_list_of_its_versions(s3, bucket):
    fill(s3, bucket, "a", "a/b", "c")
    found = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert {x["VersionId"] for x in found} == {"null"} and all(x["IsLatest"] for x in found)
    assert text(s3.get_object(Bucket=bucket, Key="a", VersionId="null")) == "a"
    wanted = [{"Key": x["Key"], "VersionId": x["VersionId"]} for x in found]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert {x["VersionId"] for x in answer["Deleted"]} == {"null"}
    s3.delete_bucket(Bucket=bucket)


def test_a_bucket_is_cleaned_up_as_test_suites_do(s3, bucket):
    """By pages of versions, past locks that are not there, with uploads that were left behind."""
    fill(s3, bucket, *(f"k{x:02}/\u00e9%" if x % 7 == 0 else f"k{x:02}" for x in range(30)))
    s3.create_multipart_upload(Bucket=bucket, Key="left")
    for entry in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]:
        s3.abort_multipart_upload(Bucket=bucket, Key=entry["Key"], UploadId=entry["UploadId"])
    options, seen, goes_on = {"Bucket": bucket, "MaxKeys": 12}, 0, True
    while goes_on:
        page = s3.list_object_versions(**options)
        options["KeyMarker"] = page.get("NextKeyMarker")
        options["VersionIdMarker"] = page.get("NextVersionIdMarker")
        options = {k: v for k, v in options.items() if v is not None}
        goes_on = page["IsTruncated"]
        wanted = [{"Key": x["Key"], "VersionId": x["VersionId"]} for x in page["Versions"]]
        seen += len(wanted)
        answer = s3.delete_objects(
            Bucket=bucket, Delete={"Objects": wanted, "Quiet": True},
            BypassGovernanceRetention=True)
        assert "Errors" not in answer and "Deleted" not in answer
    assert seen == 30
    s3.delete_bucket(Bucket=bucket)


# Copies


def test_copies(s3, bucket):
    other = f"o-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=other)
    s3.put_object(Bucket=bucket, Key="zero", Body=b"")
    s3.put_object(Bucket=bucket, Key="k", Body=b"foo", ContentType="audio/ogg",
                  Metadata={"key1": "value1"})
    for target, source in [(bucket, "zero"), (bucket, "k"), (other, "k")]:
        s3.copy_object(Bucket=target, Key="copy", CopySource=f"{bucket}/{source}")
        assert text(s3.get_object(Bucket=target, Key="copy")) == {"zero": "", "k": "foo"}[source]
    copy = s3.get_object(Bucket=other, Key="copy")
    assert copy["Metadata"] == {"key1": "value1"} and copy["ContentType"] == "audio/ogg"
    s3.copy_object(Bucket=other, Key="copy", CopySource=f"{bucket}/k", ContentType="audio/mpeg",
                   Metadata={"key3": "value3"}, MetadataDirective="REPLACE")
    copy = s3.get_object(Bucket=other, Key="copy")
    assert copy["Metadata"] == {"key3": "value3"} and copy["ContentType"] == "audio/mpeg"
    refused(400, "InvalidRequest", s3.copy_object, Bucket=bucket, Key="k",
            CopySource=f"{bucket}/k")
    s3.copy_object(Bucket=bucket, Key="k", CopySource=f"{bucket}/k", Metadata={"foo": "bar"},
                   MetadataDirective="REPLACE")
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {"foo": "bar"}
    refused(404, "NoSuchBucket", s3.copy_object, Bucket=bucket, Key="x",
            CopySource=f"{bucket}-fake/k")
    refused(404, "NoSuchKey", s3.copy_object, Bucket=bucket, Key="x", CopySource=f"{bucket}/none")


@pytest.mark.parametrize("options, fails", [
    ({"CopySourceIfMatch": "ETAG"}, False), ({"CopySourceIfMatch": "other"}, True),
    ({"CopySourceIfNoneMatch": "other"}, False), ({"CopySourceIfNoneMatch": "ETAG"}, True)])
def test_conditions_of_the_source_of_a_copy(s3, bucket, options, fails):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"bar")["ETag"]
    options = {k: etag if v == "ETAG" else v for k, v in options.items()}
    if fails:
        refused(412, "PreconditionFailed", s3.copy_object, Bucket=bucket, Key="c",
                CopySource=f"{bucket}/k", **options)
    else:
        s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k", **options)


# Many parts


def upload(s3, place, *bodies, **options):
    name = s3.create_multipart_upload(**place, **options)["UploadId"]
    kept = [x for x in ("ETag", "ChecksumCRC32", "ChecksumSHA1", "ChecksumSHA256")]
    parts = []
    for number, body in enumerate(bodies, 1):
        answer = s3.upload_part(**place, UploadId=name, PartNumber=number, Body=body, **(
            {"ChecksumAlgorithm": options["ChecksumAlgorithm"]}
            if "ChecksumAlgorithm" in options else {}))
        parts.append({"PartNumber": number, **{x: answer[x] for x in kept if x in answer}})
    return name, parts


def finish(s3, place, name, parts, **options):
    return s3.complete_multipart_upload(**place, UploadId=name, MultipartUpload={"Parts": parts},
                                        **options)


def test_an_object_of_many_parts(s3, bucket):
    place = {"Bucket": bucket, "Key": "m"}
    bodies = [bytes([x]) * PART for x in (1, 2)] + [b"end"]
    name, parts = upload(s3, place, *bodies, ContentType="text/x", Metadata={"foo": "bar"})
    assert [x["UploadId"] for x in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [name]
    entry = s3.list_multipart_uploads(Bucket=bucket)["Uploads"][0]
    assert entry["Initiator"]["ID"] == entry["Owner"]["ID"] == (
        s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"])
    page = s3.list_parts(**place, UploadId=name, MaxParts=2)
    assert [x["PartNumber"] for x in page["Parts"]] == [1, 2] and page["IsTruncated"]
    page = s3.list_parts(**place, UploadId=name, PartNumberMarker=page["NextPartNumberMarker"])
    assert [x["PartNumber"] for x in page["Parts"]] == [3] and not page["IsTruncated"]
    # A part that comes again takes the place of the one before.
    again = s3.upload_part(**place, UploadId=name, PartNumber=3, Body=b"END")
    refused(400, "InvalidPart", finish, s3=s3, place=place, name=name, parts=parts)
    parts[2]["ETag"] = again["ETag"]
    for key in [x for x in parts[2] if x.startswith("Checksum")]:
        parts[2][key] = again[key]
    done = finish(s3, place, name, parts)
    assert done["ETag"].endswith('-3"')
    assert finish(s3, place, name, parts)["ETag"] == done["ETag"]
    got = s3.get_object(**place)
    assert got["Body"].read() == b"".join(bodies[:2]) + b"END"
    assert got["Metadata"] == {"foo": "bar"} and got["ContentType"] == "text/x"
    for number, body in enumerate(bodies[:2] + [b"END"], 1):
        part = s3.get_object(**place, PartNumber=number)
        assert part["Body"].read() == body and part["PartsCount"] == 3
        head = s3.head_object(**place, PartNumber=number)
        assert head["ContentLength"] == len(body) and head["ETag"] == done["ETag"]
    refused(400, "InvalidPart", s3.get_object, **place, PartNumber=5)
    attributes = s3.get_object_attributes(**place, ObjectAttributes=[
        "ETag", "ObjectParts", "StorageClass", "ObjectSize"])
    assert attributes["ETag"] == done["ETag"].strip('"')
    assert attributes["ObjectParts"]["TotalPartsCount"] == 3
    assert [x["Size"] for x in attributes["ObjectParts"]["Parts"]] == [PART, PART, 3]
    assert (attributes["StorageClass"], attributes["ObjectSize"]) == ("STANDARD", 2 * PART + 3)
    page = s3.get_object_attributes(**place, ObjectAttributes=["ObjectParts"], MaxParts=1,
                                    PartNumberMarker=1)["ObjectParts"]
    assert page["IsTruncated"] and page["NextPartNumberMarker"] == 2


@pytest.mark.parametrize("sizes", [[1], [PART], [PART, 100 << 10], [PART, PART, 600 << 10]])
def test_parts_that_are_copied(s3, bucket, sizes):
    content = bytes(range(256)) * (sum(sizes) // 256 + 40)
    s3.put_object(Bucket=bucket, Key="from", Body=content)
    place = {"Bucket": bucket, "Key": "to"}
    name = s3.create_multipart_upload(**place)["UploadId"]
    parts, start = [], 0
    for number, size in enumerate(sizes, 1):
        answer = s3.upload_part_copy(
            **place, UploadId=name, PartNumber=number, CopySource=f"{bucket}/from",
            CopySourceRange=f"bytes={start}-{start + size - 1}")
        parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
        start += size
    finish(s3, place, name, parts)
    assert s3.get_object(**place)["Body"].read() == content[:start]


def test_a_part_that_is_a_whole_object(s3, bucket):
    """Copied without a range; a key whose escapes are not decoded twice names another object."""
    fill(s3, bucket, "?versionId", "a%25.txt")
    place = {"Bucket": bucket, "Key": "to"}
    name = s3.create_multipart_upload(**place)["UploadId"]
    refused(400, "MalformedXML", s3.complete_multipart_upload, **place, UploadId=name)
    refused(404, "NoSuchKey", s3.upload_part_copy, **place, UploadId=name, PartNumber=1,
            CopySource={"Bucket": bucket, "Key": "a%.txt"})
    answer = s3.upload_part_copy(**place, UploadId=name, PartNumber=1,
                                 CopySource={"Bucket": bucket, "Key": "?versionId"})
    finish(s3, place, name, [{"PartNumber": 1, "ETag": answer["CopyPartResult"]["ETag"]}])
    assert text(s3.get_object(**place)) == "?versionId"


def test_an_object_stays_while_an_upload_of_its_name_goes_on(s3, bucket):
    place = {"Bucket": bucket, "Key": "k"}
    fill(s3, bucket, "k")
    name, _ = upload(s3, place, b"x")
    assert text(s3.get_object(**place)) == "k"
    s3.abort_multipart_upload(**place, UploadId=name)
    assert text(s3.get_object(**place)) == "k"


def test_an_object_in_one_piece_has_one_part_and_attributes(s3, bucket):
    place = {"Bucket": bucket, "Key": "k"}
    put = s3.put_object(**place, Body=b"bar", ChecksumAlgorithm="SHA256")
    assert s3.get_object(**place, PartNumber=1)["Body"].read() == b"bar"
    refused(400, "InvalidPart", s3.get_object, **place, PartNumber=2)
    found = s3.get_object_attributes(**place, ObjectAttributes=[
        "ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"])
    assert found["Checksum"]["ChecksumSHA256"] == put["ChecksumSHA256"]
    assert found["ObjectSize"] == 3 and "ObjectParts" not in found
    name, parts = upload(s3, {"Bucket": bucket, "Key": "one"}, b"x")
    finish(s3, {"Bucket": bucket, "Key": "one"}, name, parts)
    head = s3.head_object(Bucket=bucket, Key="one", PartNumber=1)
    assert (head["PartsCount"], head["ContentLength"]) == (1, 1)


def test_uploads_that_cannot_end(s3, bucket):
    place = {"Bucket": bucket, "Key": "m"}
    name, parts = upload(s3, place, b"a", b"b")
    ends = [([], 400, "MalformedXML"), (parts, 400, "EntityTooSmall"),
            (parts[::-1], 400, "InvalidPartOrder"),
            ([{"PartNumber": 9, "ETag": parts[0]["ETag"]}], 400, "InvalidPart"),
            ([{"PartNumber": 1, "ETag": '"ffffffffffffffffffffffffffffffff"'}], 400, "InvalidPart")]
    for chosen, status, code in ends:
        refused(status, code, finish, s3=s3, place=place, name=name, parts=chosen)
    s3.abort_multipart_upload(**place, UploadId=name)
    refused(404, "NoSuchUpload", s3.abort_multipart_upload, **place, UploadId=name)
    refused(404, "NoSuchUpload", s3.abort_multipart_upload, **place, UploadId="56788")
    refused(404, "NoSuchKey", s3.get_object, **place)


@pytest.mark.parametrize("wanted, status, code", [
    ("bytes=0-21", 416, "InvalidRange"), ("0-2", 400, "InvalidArgument"),
    ("bytes=0", 400, "InvalidArgument"), ("bytes=hello-world", 400, "InvalidArgument"),
    ("bytes=0-bar", 400, "InvalidArgument"), ("bytes=hello-", 400, "InvalidArgument"),
    ("bytes=0-2,3-5", 400, "InvalidArgument")])
def test_a_range_that_no_part_can_be_copied_from(s3, bucket, wanted, status, code):
    s3.put_object(Bucket=bucket, Key="k", Body=b"12345")
    name = s3.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    refused(status, code, s3.upload_part_copy, Bucket=bucket, Key="m", UploadId=name, PartNumber=1,
            CopySource=f"{bucket}/k", CopySourceRange=wanted)


@pytest.mark.parametrize("algorithm, kind", [
    ("CRC32", "FULL_OBJECT"), ("CRC32", "COMPOSITE"), ("SHA1", "COMPOSITE"),
    ("SHA256", "COMPOSITE")])
def test_checksums_of_many_parts(s3, bucket, algorithm, kind):
    place = {"Bucket": bucket, "Key": "m"}
    bodies = [bytes([x]) * PART for x in (1, 2)] + [b"end"]
    name, parts = upload(s3, place, *bodies, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    whole = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256}

    def digest(data):
        if algorithm == "CRC32":
            return zlib.crc32(data).to_bytes(4, "big")
        return whole[algorithm](data).digest()
    if kind == "FULL_OBJECT":
        expected = base64.b64encode(digest(b"".join(bodies))).decode()
    else:
        expected = base64.b64encode(digest(b"".join(map(digest, bodies)))).decode() + "-3"
    member = f"Checksum{algorithm}"
    listed = s3.list_parts(**place, UploadId=name)
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (algorithm, kind)
    assert [x[member] for x in listed["Parts"]] == [x[member] for x in parts]
    refused(400, "BadDigest", finish, s3=s3, place=place, name=name, parts=parts,
            **{member: "bad"})
    bad = [{**parts[0], member: parts[1][member]}, *parts[1:]]
    refused(400, "InvalidPart", finish, s3=s3, place=place, name=name, parts=bad)
    done = finish(s3, place, name, parts, **{member: expected})
    assert done[member] == expected and done["ChecksumType"] == kind
    head = s3.head_object(**place, ChecksumMode="ENABLED")
    assert head[member] == expected and head["ChecksumType"] == kind
    assert member not in s3.head_object(**place)
    known = s3.get_object_attributes(**place, ObjectAttributes=["Checksum", "ObjectParts"])
    assert known["Checksum"] == {member: expected, "ChecksumType": kind}
    assert [x[member] for x in known["ObjectParts"]["Parts"]] == [x[member] for x in parts]
    copy = s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/m",
                          ChecksumAlgorithm="SHA256")
    assert copy["CopyObjectResult"]["ChecksumSHA256"] == base64.b64encode(
        hashlib.sha256(b"".join(bodies)).digest()).decode()


def test_a_checksum_that_is_wrong(s3, bucket):
    place = {"Bucket": bucket, "Key": "k", "Body": b"bar"}
    right = base64.b64encode(hashlib.sha256(b"bar").digest()).decode()
    assert s3.put_object(**place, ChecksumSHA256=right)["ChecksumSHA256"] == right
    other = base64.b64encode(hashlib.sha256(b"soup").digest()).decode()
    refused(400, "BadDigest", s3.put_object, **place, ChecksumSHA256=other)
    refused(400, "BadDigest", s3.put_object, **place, ChecksumSHA256="bad")


def test_writes_beside_each_other_leave_one_of_them_whole(s3, bucket):
    bodies = [bytes([x]) * MB for x in (65, 66)]

    def write(body):
        for _ in range(5):
            s3.put_object(Bucket=bucket, Key="k", Body=body)
    threads = [threading.Thread(target=write, args=(x,)) for x in bodies]
    s3.put_object(Bucket=bucket, Key="k", Body=bodies[0])
    for thread in threads:
        thread.start()
    while any(x.is_alive() for x in threads):
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() in bodies


class Slow:
    """A body of one letter that calls `hook` whenever its end was read."""

    def __init__(self, letter, hook=None, size=MB):
        self.letter, self.hook, self.size, self.place = letter, hook, size, 0

    def seek(self, offset, whence=0):
        self.place = {0: offset, 1: self.place + offset, 2: self.size + offset}[whence]

    def tell(self):
        return self.place

    def read(self, count=-1):
        left = self.size - self.place
        count = left if count < 0 else min(count, left)
        self.place += count
        if self.hook and count and self.place == self.size:
            self.hook()
        return self.letter * count


@pytest.mark.parametrize("size", [MB, 8 * MB])
def test_what_others_see_of_a_write_that_goes_on(s3, bucket, size):
    place = {"Bucket": bucket, "Key": "k"}

    def holds(letter):
        assert s3.get_object(**place)["Body"].read() == letter * size
    s3.put_object(**place, Body=Slow(b"A", size=size))
    s3.put_object(**place, Body=Slow(b"B", lambda: holds(b"A"), size))
    holds(b"B")
    # One that ends during another one is replaced by it.
    s3.put_object(**place, Body=Slow(b"D", lambda: s3.put_object(
        **place, Body=b"C" * size), size))
    holds(b"D")
    # What is being read stays what it was.
    stream = s3.get_object(**place)["Body"]
    begin = stream.read(1000)
    s3.put_object(**place, Body=b"E" * size)
    assert begin + stream.read() == b"D" * size
    holds(b"E")


def test_a_condition_is_judged_at_the_end_of_a_write(s3, bucket):
    place = {"Bucket": bucket, "Key": "k"}
    etag = s3.put_object(**place, Body=b"A" * MB)["ETag"]

    def replace():
        if text(s3.get_object(**place))[0] == "A":
            s3.put_object(**place, Body=b"B" * MB, IfMatch=etag)
    refused(412, "PreconditionFailed", s3.put_object, **place, Body=Slow(b"C", replace),
            IfMatch=etag)
    assert s3.get_object(**place)["Body"].read() == b"B" * MB
    s3.put_object(**place, Body=b"D", IfMatch="*")
    s3.delete_object(**place)

    def remove():
        try:
            s3.delete_bucket(Bucket=bucket)
        except ClientError:
            pass
    refused(404, "NoSuchBucket", s3.put_object, **place, Body=Slow(b"A", remove))


# Forms of browsers


def form(shared, bucket, fields, file=("foo.txt", b"bar")):
    limit = uuid.uuid4().hex
    body = b""
    for name, value in fields.items():
        # As some clients send them: each field with a file's name.
        body += (f'--{limit}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"'
                 f'\r\n\r\n{value}\r\n').encode()
    if file:
        body += (f'--{limit}\r\nContent-Disposition: form-data; name="file"; filename="{file[0]}"'
                 '\r\n\r\n').encode() + file[1] + f"\r\n--{limit}--\r\n".encode()
    return ask(shared, "POST", f"/{bucket}",
               {"Content-Type": f"multipart/form-data; boundary={limit}"}, body)


def signed(shared, bucket, fields, wanted, seconds=600, **members):
    """A policy with the older of the two signatures, made by hand."""
    identity, secret = shared.credentials()
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    document = {"expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "conditions": [{"bucket": bucket}, *wanted], **members}
    policy = base64.b64encode(json.dumps(
        {k: v for k, v in document.items() if v is not None}).encode())
    signature = hmac.new(secret.encode(), policy, hashlib.sha1).digest()
    return {"AWSAccessKeyId": identity, "signature": base64.b64encode(signature).decode(),
            "policy": policy.decode(), **fields}


FIELDS = {"key": "foo.txt", "acl": "private", "Content-Type": "text/plain"}
CONDITIONS = [["starts-with", "$key", "foo"], {"acl": "private"},
              ["starts-with", "$Content-Type", "text/plain"], ["content-length-range", 0, 1024]]


@pytest.mark.parametrize("name", ["foo.txt", "photos/${filename}"])
def test_a_form_as_boto3_presigns_it(shared, s3, bucket, name):
    post = s3.generate_presigned_post(bucket, name, Conditions=[["content-length-range", 1, 9]])
    assert form(shared, bucket, post["fields"])[0] == 204
    assert text(s3.get_object(Bucket=bucket, Key=name.replace("${filename}", "foo.txt"))) == "bar"
    assert form(shared, bucket, post["fields"], ("x", b"1234567890"))[0] == 400
    assert form(shared, bucket, {**post["fields"], "key": "other"})[0] == 403


@pytest.mark.parametrize("change", [
    {}, {"x-ignore-foo": "bar"}, {"key": "\\$foo.txt", "CONDITION": "\\$foo"},
    {"key": "${filename}"}, {"x-amz-meta-foo": "barclamp"}])
def test_a_form_that_its_policy_allows(shared, s3, bucket, change):
    change = dict(change)
    conditions = [["starts-with", "$key", change.pop("CONDITION", "foo")], *CONDITIONS[1:]]
    if "x-amz-meta-foo" in change:
        conditions.append(["starts-with", "$x-amz-meta-foo", "bar"])
    status, body, _ = form(shared, bucket, signed(shared, bucket, {**FIELDS, **change}, conditions))
    assert status == 204 and body == b""
    key = {**FIELDS, **change}["key"].replace("${filename}", "foo.txt")
    got = s3.get_object(Bucket=bucket, Key=key)
    assert text(got) == "bar" and got["ContentType"] == "text/plain"
    assert got["Metadata"].get("foo") == change.get("x-amz-meta-foo")


def test_a_form_in_any_case_and_of_any_size(shared, s3, bucket):
    conditions = [["StArTs-WiTh", "$KeY", "foo"], {"AcL": "private"},
                  ["StArTs-WiTh", "$CoNtEnT-TyPe", "text/plain"],
                  ["content-length-range", 0, 5 * MB]]
    fields = signed(shared, bucket, {"kEy": "foo.txt", "aCl": "private",
                                     "Content-Type": "text/plain"}, conditions)
    fields["pOLICy"] = fields.pop("policy")
    body = b"foo" * MB
    assert form(shared, bucket, fields, ("x", body))[0] == 204
    assert s3.get_object(Bucket=bucket, Key="foo.txt")["Body"].read() == body


@pytest.mark.parametrize("wanted, status", [("200", 200), ("201", 201), ("404", 204)])
def test_the_status_that_a_form_asks_for(shared, bucket, wanted, status):
    fields = signed(shared, bucket, {**FIELDS, "success_action_status": wanted},
                    [*CONDITIONS, {"success_action_status": wanted}])
    answer, body, _ = form(shared, bucket, fields)
    assert answer == status and (b"<Key>foo.txt</Key>" in body) == (status == 201)


def test_the_page_that_a_form_asks_for(shared, s3, bucket):
    page = "http://localhost/next"
    fields = signed(shared, bucket, {**FIELDS, "success_action_redirect": page},
                    [*CONDITIONS, ["eq", "$success_action_redirect", page]])
    status, _, headers = form(shared, bucket, fields)
    etag = s3.head_object(Bucket=bucket, Key="foo.txt")["ETag"].strip('"')
    assert status == 303
    assert headers["Location"] == f"{page}?bucket={bucket}&key=foo.txt&etag=%22{etag}%22"


BROKEN = {
    "a wrong signature": (lambda f: f.update(signature=f["signature"][::-1]), {}, 403),
    "a key that nobody has": (lambda f: f.update(AWSAccessKeyId="foo"), {}, 403),
    "no signature": (lambda f: f.pop("signature"), {}, 400),
    "no key": (lambda f: f.pop("key"), {}, 400),
    "no policy": (lambda f: f.pop("policy"), {}, 403),
    "another key": (lambda f: f.update(key="bar.txt"), {}, 403),
    "a field that no condition names": (lambda f: f.update({"x-amz-meta-a": "b"}), {}, 403),
    "a date of another form": (None, {"expiration": "2099-01-01 00:00:00"}, 400),
    "no date": (None, {"expiration": None}, 400),
    "a date in capitals": (None, {"expiration": None, "EXPIRATION": "2099-01-01T00:00:00Z"}, 400),
    "no conditions": (None, {"conditions": None}, 400),
    "conditions in capitals": (None, {"conditions": None, "CONDITIONS": []}, 400),
    "an empty condition": (None, {"conditions": [{}]}, 400),
    "no condition on the bucket": (None, {"conditions": CONDITIONS}, 403),
    "a date that is past": (None, {"seconds": -6000}, 403),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_form_that_is_refused(shared, s3, bucket, name):
    change, members, status = BROKEN[name]
    fields = signed(shared, bucket, dict(FIELDS), CONDITIONS, **members)
    if change:
        change(fields)
    assert form(shared, bucket, fields)[0] == status
    assert "Contents" not in s3.list_objects(Bucket=bucket)


@pytest.mark.parametrize("condition, status", [
    (["eq", "$x-amz-meta-foo", ""], 403), (["starts-with", "$x-amz-meta-foo", "bar"], 403),
    (["content-length-range", 0, 0], 400), (["content-length-range", 512, 1000], 400),
    (["content-length-range", 0], 400), (["content-length-range", -1, 0], 400)])
def test_a_condition_that_a_form_does_not_meet(shared, bucket, condition, status):
    fields = signed(shared, bucket, dict(FIELDS), [*CONDITIONS, condition])
    assert form(shared, bucket, fields)[0] == status


@pytest.mark.parametrize("conditions", [
    CONDITIONS, [*CONDITIONS, ["starts-with", "$x-amz-checksum-sha256", ""]]])
def test_the_checksum_of_a_form(shared, s3, bucket, conditions):
    right = base64.b64encode(hashlib.sha256(b"bar").digest()).decode()
    for value, status in [(right, 204), (right[::-1], 400),
                          (base64.b64encode(hashlib.sha256(b"x").digest()).decode(), 400)]:
        fields = signed(shared, bucket, {**FIELDS, "x-amz-checksum-sha256": value}, conditions)
        assert form(shared, bucket, fields)[0] == status
    assert s3.head_object(Bucket=bucket, Key="foo.txt", ChecksumMode="ENABLED")[
        "ChecksumSHA256"] == right


def test_a_form_that_names_its_bucket(shared, s3, bucket):
    fields = signed(shared, bucket, {**FIELDS, "bucket": bucket}, CONDITIONS)
    assert form(shared, bucket, fields)[0] == 204
    other = f"o-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=other)
    assert form(shared, other, fields)[0] == 403
    size = 4 * MB + 200
    fields = signed(shared, bucket, dict(FIELDS), [
        *CONDITIONS[:3], ["content-length-range", 4 * MB, 12 * MB]])
    assert form(shared, bucket, fields, ("x", b"x" * size))[0] == 204


# Who asks


def test_who_does_not_sign_is_denied(nobody, s3, bucket):
    fill(s3, bucket, "k")
    for call, options in [
            (nobody.list_objects, {}), (nobody.list_objects_v2, {}),
            (nobody.get_object, {"Key": "k"}), (nobody.put_object, {"Key": "x", "Body": b""}),
            (nobody.delete_object, {"Key": "k"}), (nobody.get_object, {"Key": "none"})]:
        refused(403, "AccessDenied", call, Bucket=bucket, **options)
    refused(403, "AccessDenied", nobody.list_buckets)


def test_keys_that_are_wrong(shared):
    identity = shared.credentials()[0]
    for pair, code in [(("NOBODYNOBODYNOBODYNO", "x"), "InvalidAccessKeyId"),
                       ((identity, "wrong"), "SignatureDoesNotMatch")]:
        client = shared.client("s3", aws_access_key_id=pair[0], aws_secret_access_key=pair[1])
        refused(403, code, client.list_buckets)


def test_a_user_copies_only_what_the_policy_allows(shared, s3, bucket):
    fill(s3, bucket, "closed")
    name = f"u{uuid.uuid4().hex[:8]}"
    pair = key(user(shared, "create", name, policy=[
        allow("s3:PutObject", resource=f"arn:aws:s3:::{bucket}/open/*")]))
    client = shared.client("s3", aws_access_key_id=pair[0], aws_secret_access_key=pair[1])
    client.put_object(Bucket=bucket, Key="open/x", Body=b"")
    refused(403, "AccessDenied", client.copy_object, Bucket=bucket, Key="open/y",
            CopySource=f"{bucket}/closed")
    refused(403, "AccessDenied", client.get_object, Bucket=bucket, Key="closed")


def test_a_bucket_is_closed_to_another_user(shared, s3, bucket):
    fill(s3, bucket, "k")
    name = f"u{uuid.uuid4().hex[:8]}"
    pair = key(user(shared, "create", name, policy=[
        allow("s3:ListAllMyBuckets", "s3:CreateBucket", resource="*")]))
    client = shared.client("s3", aws_access_key_id=pair[0], aws_secret_access_key=pair[1])
    for call, options in [
            (client.get_object, {"Key": "k"}), (client.list_objects, {}),
            (client.list_objects_v2, {}), (client.put_object, {"Key": "k", "Body": b"x"}),
            (client.put_object, {"Key": "new", "Body": b"x"}), (client.get_bucket_acl, {})]:
        refused(403, "AccessDenied", call, Bucket=bucket, **options)
    other = f"o-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=other)
    refused(403, "AccessDenied", client.copy_object, Bucket=other, Key="c",
            CopySource=f"{bucket}/k")


def test_an_address_for_a_put_with_a_list_of_rights(shared, s3, bucket):
    url = s3.generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": "k", "ACL": "private"})
    path = url[url.index("/", 8):]
    assert ask(shared, "PUT", path, {"x-amz-acl": "private"}, b"hello")[0] == 200
    assert text(s3.get_object(Bucket=bucket, Key="k")) == "hello"
    # Without a page of another origin it is no preflight.
    assert ask(shared, "OPTIONS", path)[0] == 400


@pytest.mark.parametrize("seconds, status", [(100, 200), (0, 403), (609901, 403), (-7, 403)])
@pytest.mark.parametrize("method", ["get_object", "put_object"])
def test_how_long_an_address_is_good_for(shared, s3, bucket, seconds, status, method):
    fill(s3, bucket, "k")
    url = s3.generate_presigned_url(method, Params={"Bucket": bucket, "Key": "k"},
                                    ExpiresIn=seconds)
    path = url[url.index("/", 8):]
    verb, body = ("GET", None) if method == "get_object" else ("PUT", b"x")
    assert ask(shared, verb, path, body=body)[0] == status
    cut = path.replace(f"&X-Amz-Expires={seconds}", "")
    assert ask(shared, verb, cut, body=body)[0] == 403


HEADERS = [
    # header, value, status, code
    ("Content-MD5", "YWJyYWNhZGFicmE=", 400, "InvalidDigest"),
    ("Content-MD5", "rL0Y20xC+Fzt72VPzMSk2A==", 400, "BadDigest"),
    ("Content-MD5", "", 400, "InvalidDigest"), ("Content-MD5", "AWS4 HAHAHA", 400, "InvalidDigest"),
    ("Content-MD5", None, 200, ""), ("Expect", "200", 200, ""), ("Expect", "", 200, ""),
    ("Content-Type", "text/plain", 200, ""), ("Content-Type", "", 200, ""),
    ("Content-Type", None, 200, ""), ("User-Agent", "", 200, ""), ("Date", "Bad Date", 200, ""),
    ("Date", "", 200, ""), ("Date", "Tue, 07 Jul 1950 21:53:04 GMT", 200, ""),
    ("Date", "Tue, 07 Jul 2010 21:53:04 GMT", 200, ""),
    ("Date", "Tue, 07 Jul 2030 21:53:04 GMT", 200, ""),
    ("Date", "Tue, 07 Jul 9999 21:53:04 GMT", 200, ""),
    ("X-Amz-Date", "Bad Date", 403, ("AccessDenied", "SignatureDoesNotMatch")),
    ("X-Amz-Date", "", 403, ("AccessDenied", "SignatureDoesNotMatch")),
    ("X-Amz-Date", None, 403, ("AccessDenied", "SignatureDoesNotMatch")),
    ("X-Amz-Date", "19500707T215304Z", 403, ("AccessDenied", "SignatureDoesNotMatch")),
    ("X-Amz-Date", "20100707T215304Z", 403, ("RequestTimeTooSkewed", "SignatureDoesNotMatch")),
    ("X-Amz-Date", "20300707T215304Z", 403, ("RequestTimeTooSkewed", "SignatureDoesNotMatch")),
    ("X-Amz-Date", "99990707T215304Z", 403, ("RequestTimeTooSkewed", "SignatureDoesNotMatch")),
    ("Authorization", None, 403, "AccessDenied"), ("Authorization", "", 403, "AccessDenied"),
    ("Authorization", "AWS4 HAHAHA", 400, "InvalidArgument"),
    ("Authorization", "AWS4-HMAC-SHA256 Credential=HAHAHA", 400,
     ("AuthorizationHeaderMalformed", "InvalidArgument")),
    ("Authorization", "AWS HAHAHA", 400, "InvalidArgument"),
    ("Content-Length", "", 400, None), ("Content-Length", "-1", 400, None),
]


@pytest.mark.parametrize("header, value, status, code", HEADERS)
@pytest.mark.parametrize("target", ["object", "bucket"])
def test_a_header_that_is_strange(shared, s3, bucket, header, value, status, code, target):
    """The header is changed behind the signature, as a broken client would have it."""
    if target == "bucket" and header in ("Content-MD5", "Content-Type"):
        pytest.skip("a bucket is made without a body")
    path = f"/{bucket}/k" if target == "object" else f"/n-{uuid.uuid4().hex[:12]}"
    body = b"bar" if target == "object" else b""
    headers = authorized(shared, "PUT", path, body)
    headers["Content-Length"] = str(len(body))
    if value is None:
        headers.pop(header, None)
    else:
        headers[header] = value
    answer, text, _ = ask(shared, "PUT", path, headers, body, skip=("content-length",))
    assert answer == status, text
    if code:
        codes = (code,) if isinstance(code, str) else code
        assert any(f"<Code>{x}</Code>".encode() in text for x in codes), text


def authorized(shared, method, path, body, **signed):
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    request = AWSRequest(method, shared.endpoint + path, data=body, headers=signed)
    request.context["client_config"] = Config()
    S3SigV4Auth(Credentials(*shared.credentials()), "s3", "us-east-1").add_auth(request)
    return dict(request.headers.items())


@pytest.mark.parametrize("date, code", [
    ("Bad Date", "AccessDenied"), ("", "AccessDenied"), (None, "AccessDenied"),
    ("Tue, 07 Jul 1950 21:53:04 GMT", "AccessDenied"),
    ("Tue, 07 Jul 2010 21:53:04 GMT", "RequestTimeTooSkewed"),
    ("Tue, 07 Jul 2090 21:53:04 GMT", "RequestTimeTooSkewed"),
    ("Tue, 07 Jul 9999 21:53:04 GMT", "RequestTimeTooSkewed")])
@pytest.mark.parametrize("target", ["object", "bucket"])
def test_a_date_of_a_signature_of_version_2(shared, bucket, date, code, target):
    client = shared.client("s3", config=Config(signature_version="s3"))
    if date is not None:
        client.meta.events.register(
            "before-call.s3", lambda params, **_: params["headers"].update({"x-amz-date": date}))
    if target == "object":
        refused(403, code, client.put_object, Bucket=bucket, Key="k", Body=b"x")
    else:
        refused(403, code, client.create_bucket, Bucket=f"n-{uuid.uuid4().hex[:12]}")


@pytest.mark.parametrize("has_date", [True, False])
def test_a_request_with_a_date_of_http(shared, bucket, has_date):
    """botocore signs it in place of X-Amz-Date then."""
    date = email.utils.formatdate(usegmt=True)
    client = shared.client("s3")
    client.meta.events.register(
        "before-call.s3.PutObject", lambda params, **_: params["headers"].update(
            {"Date": date if has_date else "", "X-Amz-Date": date}))
    client.put_object(Bucket=bucket, Key="k", Body=b"x")


def test_a_put_without_its_length(shared, bucket):
    path = f"/{bucket}/k"
    status, text, _ = ask(shared, "PUT", path, authorized(shared, "PUT", path, b""))
    assert status == 411 and b"<Code>MissingContentLength</Code>" in text
    path = f"/n-{uuid.uuid4().hex[:12]}"
    assert ask(shared, "PUT", path, authorized(shared, "PUT", path, b""))[0] == 200


def test_a_put_that_is_shorter_than_its_hash(shared, bucket):
    path = f"/{bucket}/k"
    headers = {**authorized(shared, "PUT", path, b"bar"), "Content-Length": "2"}
    status, text, _ = ask(shared, "PUT", path, headers, b"ba", skip=("content-length",))
    assert status == 400 and b"<Code>XAmzContentSHA256Mismatch</Code>" in text


@pytest.mark.parametrize("kind, first", [("nobody", 403), ("absent", 404), ("right", 100)])
def test_a_body_is_asked_for_only_when_it_is_wanted(shared, bucket, kind, first):
    path = f"/{bucket if kind != 'absent' else 'absent-bucket'}/k"
    headers = {} if kind == "nobody" else authorized(shared, "PUT", path, b"bar")
    address = urllib.parse.urlsplit(shared.endpoint)
    with socket.create_connection((address.hostname, address.port), 30) as connection:
        lines = [f"PUT {path} HTTP/1.1", f"Host: {address.netloc}", "Content-Length: 3",
                 "Expect: 100-continue", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        connection.sendall("\r\n".join(lines).encode())
        answer = connection.recv(4096)
        assert answer.split()[1] == str(first).encode(), answer
        if first == 100:
            connection.sendall(b"bar")
            assert connection.recv(4096).split()[1] == b"200"
