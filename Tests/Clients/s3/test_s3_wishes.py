"""What programs ask of S3 beyond bytes, by boto3: encryption, classes, configurations, origins."""

import hashlib
import urllib.request

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

PAGE = "https://labels.example.com"


def refused(code, call, **options):
    with pytest.raises(ClientError) as error:
        call(**options)
    assert error.value.response["Error"]["Code"] == code, error.value.response


def test_programs_that_ask_for_what_amazon_grants_by_default_go_on(shared, request):
    s3 = shared.client("s3")
    bucket = "w-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    s3.create_bucket(Bucket=bucket)
    put = s3.put_object(
        Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="AES256", StorageClass="STANDARD_IA"
    )
    assert put["ServerSideEncryption"] == "AES256"
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ServerSideEncryption"], head["StorageClass"]) == ("AES256", "STANDARD_IA")
    copy = s3.copy_object(
        Bucket=bucket, Key="c", CopySource=f"{bucket}/k", ServerSideEncryption="AES256"
    )
    assert copy["ServerSideEncryption"] == "AES256"
    upload = s3.create_multipart_upload(Bucket=bucket, Key="m", ServerSideEncryption="AES256")
    assert upload["ServerSideEncryption"] == "AES256"
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    for acl in [s3.get_bucket_acl(Bucket=bucket), s3.get_object_acl(Bucket=bucket, Key="k")]:
        assert acl["Grants"][0]["Grantee"]["ID"] == acl["Owner"]["ID"]
        assert acl["Grants"][0]["Grantee"]["Type"] == "CanonicalUser"
    refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=bucket)
    refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=bucket)
    refused(
        "NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=bucket
    )
    refused(
        "NotImplemented", s3.put_bucket_versioning, Bucket=bucket,
        VersioningConfiguration={"Status": "Enabled"},
    )
    page = s3.list_buckets(Prefix=bucket, MaxBuckets=1)
    assert [x["Name"] for x in page["Buckets"]] == [bucket]
    # A page of another origin reads a presigned URL.
    rule = {"AllowedOrigins": [PAGE], "AllowedMethods": ["GET"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [rule]
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    asked = urllib.request.Request(
        url, method="OPTIONS", headers={"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    )
    with urllib.request.urlopen(asked) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Origin": PAGE})) as answer:
        assert answer.read() == b"x" and answer.headers["Access-Control-Allow-Origin"] == PAGE
    s3.delete_bucket_cors(Bucket=bucket)
    nobody = boto3.client(
        "s3", endpoint_url=s3.meta.endpoint_url, region_name="us-east-1",
        config=Config(signature_version=UNSIGNED),
    )
    refused("AccessDenied", nobody.get_object, Bucket=bucket, Key="k")
    # What `gdk component publish` asks about a new component.
    arn = "arn:aws:greengrass:us-east-1:000000000000:components:com.example.New"
    greengrass = shared.client("greengrassv2")
    assert greengrass.list_component_versions(arn=arn)["componentVersions"] == []
