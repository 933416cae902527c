"""Every error of every operation that can be provoked from outside."""

import sqlite3

import boto3
import botocore.config
import pytest

from support.calls import client_of, error, key, user
from support.server import Server

ARN = "arn:aws:lookoutvision:us-east-1:000000000000:model/p/1"
OUTPUT = {"S3Location": {"Bucket": "nowhere"}}
PACKAGE = {"Greengrass": {"S3OutputLocation": {"Bucket": "nowhere"}, "ComponentName": "c",
                          "TargetDevice": "jetson_xavier"}}
DATASET = {"ProjectName": "p", "DatasetType": "train"}
MODEL = {"ProjectName": "p", "ModelVersion": "1"}
REQUESTS = {
    "create_dataset": DATASET,
    "create_model": {"ProjectName": "p", "OutputConfig": OUTPUT},
    "create_project": {"ProjectName": "p"},
    "delete_dataset": DATASET,
    "delete_model": MODEL,
    "delete_project": {"ProjectName": "p"},
    "describe_dataset": DATASET,
    "describe_model": MODEL,
    "describe_model_packaging_job": {"ProjectName": "p", "JobName": "j"},
    "describe_project": {"ProjectName": "p"},
    "detect_anomalies": {**MODEL, "ContentType": "image/png", "Body": b"x"},
    "list_dataset_entries": DATASET,
    "list_model_packaging_jobs": {"ProjectName": "p"},
    "list_models": {"ProjectName": "p"},
    "list_projects": {},
    "list_tags_for_resource": {"ResourceArn": ARN},
    "start_model": {**MODEL, "MinInferenceUnits": 1},
    "start_model_packaging_job": {**MODEL, "Configuration": PACKAGE},
    "stop_model": MODEL,
    "tag_resource": {"ResourceArn": ARN, "Tags": [{"Key": "k", "Value": "v"}]},
    "untag_resource": {"ResourceArn": ARN, "TagKeys": ["k"]},
    "update_dataset_entries": {**DATASET, "Changes": b'{"source-ref":"s3://b/k"}'},
}
ONCE = botocore.config.Config(retries={"max_attempts": 0})


def test_the_table_has_all_operations(server):
    names = boto3.client("lookoutvision", region_name="us-east-1", aws_access_key_id="x",
                         aws_secret_access_key="x").meta.method_to_api_mapping
    assert set(names) == set(REQUESTS)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("empty") / "data").start()
    yield server
    server.kill()


def checked(client, operation, code, status, **changes):
    answer = error(getattr(client, operation), **{**REQUESTS[operation], **changes})
    assert answer["Error"]["Code"] == code, answer
    metadata = answer["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == status and metadata["RequestId"]
    assert metadata["HTTPHeaders"]["x-amzn-errortype"] == code
    assert answer["Error"]["Message"]
    # The error is one that the operation declares, and has the members of its shape.
    model = client.meta.service_model.operation_model(
        client.meta.method_to_api_mapping[operation])
    shape = next(x for x in model.error_shapes if x.name == code)
    for member in shape.required_members:
        assert answer.get(member) or answer["Error"].get(member), member
    return answer


@pytest.mark.parametrize("operation", sorted(REQUESTS.keys() - {"create_project", "list_projects"}))
def test_what_does_not_exist(empty, operation):
    answer = checked(empty.client(config=ONCE), operation, "ResourceNotFoundException", 404)
    assert answer["ResourceType"] == "PROJECT" and answer["ResourceId"] == "p"


@pytest.mark.parametrize("operation", sorted(REQUESTS))
def test_what_the_policy_does_not_allow(empty, operation, tmp_path):
    name = "nobody-" + operation.replace("_", "-")
    client = client_of(empty, key(user(empty, "create", name, policy=[])))
    answer = checked(client, operation, "AccessDeniedException", 403)
    assert "lookoutvision:" + operation.title().replace("_", "") in answer["Error"]["Message"]


@pytest.mark.parametrize("operation", sorted(REQUESTS))
def test_what_breaks_a_rule(empty, operation):
    client = empty.client(config=botocore.config.Config(
        retries={"max_attempts": 0}, parameter_validation=False))
    if "ProjectName" in REQUESTS[operation]:
        change = {"ProjectName": "-not a name-"}
        words = ["-not a name-", "ProjectName", "pattern"]
    elif "ResourceArn" in REQUESTS[operation]:
        change, words = {"ResourceArn": "a" * 1012}, ["ResourceArn", "1011"]
    else:
        change, words = {"MaxResults": 101}, ["101", "MaxResults", "100"]
    message = checked(client, operation, "ValidationException", 400, **change)["Error"]["Message"]
    for word in words:
        assert word in message, message


def test_too_many_requests_of_any_operation(tmp_path):
    server = Server(tmp_path / "data", "--limit", "requests-per-second=1").start()
    try:
        client = server.client(config=ONCE)
        for operation, arguments in REQUESTS.items():
            for _ in range(2):
                try:
                    getattr(client, operation)(**arguments)
                except client.exceptions.ClientError as caught:
                    answer = caught.response
            assert answer["Error"]["Code"] == "ThrottlingException", (operation, answer)
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
            assert answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
    finally:
        server.kill()


def test_a_fault_inside_any_operation(server):
    client = server.client(config=ONCE)
    with sqlite3.connect(server.directory / "spotter.sqlite") as database:
        database.execute("ALTER TABLE project RENAME TO gone")
    for operation in sorted(REQUESTS):
        answer = checked(client, operation, "InternalServerException", 500)
        assert answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
        assert "project" not in answer["Error"]["Message"].lower()
