"""Errors, paging and client tokens as an SDK sees them; ServerTests has the rest of the wire."""

import json

import botocore.config

from support.calls import error


def test_a_fault_inside_tells_the_client_nothing_but_the_log_everything(server):
    client = server.client(config=botocore.config.Config(retries={"max_attempts": 0}))
    client.create_project(ProjectName="p")
    import sqlite3
    with sqlite3.connect(server.directory / "spotter.sqlite") as database:
        database.execute("UPDATE project SET document = 'damaged'")
    failure = error(client.describe_project, ProjectName="p")
    assert failure["Error"]["Code"] == "InternalServerException"
    metadata = failure["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 500 and metadata["HTTPHeaders"]["retry-after"] == "1"
    for secret in ("damaged", "sqlite", "swift", str(server.directory)):
        assert secret not in json.dumps(failure["Error"])
    log = (server.directory.parent / f"{server.directory.name}.log").read_text()
    assert metadata["RequestId"] in log


def test_errors_carry_the_members_of_their_shapes(server):
    client = server.client()
    client.create_project(ProjectName="one")
    conflict = error(client.create_project, ProjectName="one")
    assert conflict["Error"]["Code"] == "ConflictException"
    assert conflict["ResourceId"] == "one" and conflict["ResourceType"] == "PROJECT"
    assert conflict["ResponseMetadata"]["RequestId"]
    missing = error(client.describe_project, ProjectName="two")
    assert missing["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert missing["ResourceType"] == "PROJECT"
    assert error(client.describe_dataset, ProjectName="one", DatasetType="train")[
        "ResourceType"] == "DATASET"
    assert error(client.describe_model, ProjectName="one", ModelVersion="latest")[
        "ResourceType"] == "MODEL"
    assert error(client.describe_model_packaging_job, ProjectName="one", JobName="x")[
        "ResourceType"] == "MODEL_PACKAGE_JOB"
    assert error(client.create_model, ProjectName="one",
                 OutputConfig={"S3Location": {"Bucket": "bucket"}})["ResourceType"] == "DATASET"


def test_lists_are_paged_with_opaque_tokens(server):
    client = server.client()
    names = sorted(f"p{i:03}" for i in range(101))
    for name in names:
        client.create_project(ProjectName=name)
    first = client.list_projects()
    assert [p["ProjectName"] for p in first["Projects"]] == names[:100]
    rest = client.list_projects(NextToken=first["NextToken"])
    assert [p["ProjectName"] for p in rest["Projects"]] == names[100:] and "NextToken" not in rest
    pages = client.get_paginator("list_projects").paginate(PaginationConfig={"PageSize": 7})
    assert [p["ProjectName"] for page in pages for p in page["Projects"]] == names
    assert error(client.list_projects, NextToken="Zm9yZ2Vk")["Error"]["Code"] == "ValidationException"
    loose = server.client(config=botocore.config.Config(parameter_validation=False))
    assert error(loose.list_projects, MaxResults=101)["Error"]["Code"] == "ValidationException"
    assert error(client.list_models, ProjectName="p000", NextToken=first["NextToken"])[
        "Error"]["Code"] == "ValidationException"


def test_a_client_token_does_a_call_once(server):
    client = server.client()
    first = client.create_project(ProjectName="once", ClientToken="token-1")
    again = client.create_project(ProjectName="once", ClientToken="token-1")
    assert first["ProjectMetadata"] == again["ProjectMetadata"]
    assert error(client.create_project, ProjectName="other", ClientToken="token-1")[
        "Error"]["Code"] == "ConflictException"
    server.kill()
    server.start()
    third = server.client().create_project(ProjectName="once", ClientToken="token-1")
    assert third["ProjectMetadata"] == first["ProjectMetadata"]
