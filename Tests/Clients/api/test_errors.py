"""Errors as an SDK reads them; ServerTests has every error of every operation."""

import botocore.config

from support.calls import client_of, error, key, user

DATASET = {"ProjectName": "p", "DatasetType": "train"}
MODEL = {"ProjectName": "p", "ModelVersion": "1"}
ARN = "arn:aws:lookoutvision:us-east-1:000000000000:model/p/1"
REQUESTS = {
    "describe_dataset": DATASET,
    "detect_anomalies": {**MODEL, "ContentType": "image/png", "Body": b"x"},
    "tag_resource": {"ResourceArn": ARN, "Tags": [{"Key": "k", "Value": "v"}]},
}
ONCE = botocore.config.Config(retries={"max_attempts": 0})


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


def test_what_does_not_exist(server):
    for operation in REQUESTS:
        answer = checked(server.client(config=ONCE), operation, "ResourceNotFoundException", 404)
        assert answer["ResourceType"] == "PROJECT" and answer["ResourceId"] == "p"


def test_what_the_policy_does_not_allow(server):
    client = client_of(server, key(user(server, "create", "nobody", policy=[])))
    for operation in REQUESTS:
        answer = checked(client, operation, "AccessDeniedException", 403)
        assert "lookoutvision:" + operation.title().replace("_", "") in answer["Error"]["Message"]


def test_what_breaks_a_rule(server):
    client = server.client(config=botocore.config.Config(
        retries={"max_attempts": 0}, parameter_validation=False))
    for operation, change in [("describe_dataset", {"ProjectName": "-not a name-"}),
                              ("tag_resource", {"ResourceArn": "a" * 1012})]:
        answer = checked(client, operation, "ValidationException", 400, **change)
        assert next(iter(change)) in answer["Error"]["Message"]
