"""Errors, constraints, paging, signatures: what clients see beside the main job."""

import datetime
import json
import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import pytest

from support.calls import error, kind, raw, signed, speak, wait_dataset, wait_model
from support.pictures import draw, png, source


def test_health_needs_no_signature(server):
    with urllib.request.urlopen(server.endpoint + "/health") as answer:
        assert answer.status == 200 and json.loads(answer.read())["status"] == "ok"


def test_signature_failures_are_told_apart(server):
    path = "/2020-11-20/projects"
    assert raw(server, "GET", path)[0] == 200
    assert kind(raw(server, "GET", path, key=("AKIAUNKNOWNUNKNOWN12", "x" * 40))) == (
        403, "UnrecognizedClientException")
    access, _ = server.credentials()
    assert kind(raw(server, "GET", path, key=(access, "wrong" * 8))) == (
        403, "InvalidSignatureException")
    for service, region in (("ec2", "us-east-1"), ("lookoutvision", "eu-west-1")):
        assert kind(raw(server, "GET", path, service=service, region=region)) == (
            403, "InvalidSignatureException")
    for minutes in (-6, 6):
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        assert kind(raw(server, "GET", path, now=now)) == (403, "InvalidSignatureException")
    assert kind(raw(server, "GET", path, tamper=lambda r: r.remove_header("Authorization"))) == (
        403, "MissingAuthenticationTokenException")
    assert kind(raw(server, "GET", path, tamper=lambda r: r.add_header(
        "Authorization", "AWS4-HMAC-SHA256 nonsense"))) == (400, "IncompleteSignatureException")

    def change_body(request):
        request.data = b'{"ProjectName": "evil"}'
    assert kind(raw(server, "POST", path, b'{"ProjectName": "good"}', tamper=change_body)) == (
        403, "InvalidSignatureException")
    assert kind(raw(server, "GET", path, headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})) == (
        403, "InvalidSignatureException")
    assert raw(server, "GET", path)[2]["Projects"] == []


def test_paths_and_methods_that_do_not_exist(server):
    assert kind(raw(server, "GET", "/2020-11-20/nothing")) == (404, "UnknownOperationException")
    assert kind(raw(server, "PUT", "/2020-11-20/projects")) == (405, "MethodNotAllowedException")
    assert kind(raw(server, "DELETE", "/2020-11-20/projects/x")) == (
        404, "ResourceNotFoundException")


PROJECTS = "/2020-11-20/projects"


def test_a_client_that_expects_to_continue_is_told_so_at_once(server):
    import socket
    body = b'{"ProjectName":"waited"}'
    head = signed(server, "POST", PROJECTS, body,
                  {"Expect": "100-continue", "Content-Length": str(len(body)),
                   "Connection": "close"})
    host, port = server.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head)
        interim = connection.recv(65536)
        assert interim.startswith(b"HTTP/1.1 100 ") and interim.endswith(b"\r\n\r\n")
        connection.sendall(body)
        rest = b""
        while part := connection.recv(65536):
            rest += part
    assert rest.startswith(b"HTTP/1.1 200 ") and b'"waited"' in rest


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(server):
    head = signed(server, "POST", PROJECTS, b"", {
        "Expect": "100-continue", "Content-Length": str(1 << 40)})
    answer = speak(server, head)
    assert answer.startswith(b"HTTP/1.1 413 ") and b"100 Continue" not in answer
    # In chunks nobody knows the size before; the limit holds all the same.
    head = signed(server, "POST", PROJECTS, b"", {"Transfer-Encoding": "chunked"})
    piece = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    try:
        answer = speak(server, head + piece * 17)
        assert answer.startswith(b"HTTP/1.1 413 ")
    except (ConnectionResetError, BrokenPipeError):
        pass  # closed while we were still sending
    assert server.client().list_projects()["Projects"] == []


def test_an_unknown_key_is_refused_before_the_body_is_read(server):
    head = signed(server, "POST", PROJECTS, b"", {"Content-Length": "1000000"})
    head = head.replace(server.credentials()[0].encode(), b"AKIAUNKNOWNUNKNOWN12")
    answer = speak(server, head)
    assert answer.startswith(b"HTTP/1.1 403 ") and b"UnrecognizedClientException" in answer


def test_a_body_in_chunks_is_taken(server):
    body = b'{"ProjectName":"chunked"}'
    head = signed(server, "POST", PROJECTS, body, {
        "Transfer-Encoding": "chunked", "Connection": "close"})
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(x), x) for x in (body[:5], body[5:]))
    answer = speak(server, head + pieces + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 "), answer


def test_head_and_options_and_a_wrong_method(server):
    for path in ("/health", "/metrics"):
        answer = speak(server, f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                       .encode())
        assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\n")
    answer = speak(server, f"HEAD {PROJECTS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                   .encode())
    assert answer.startswith(b"HTTP/1.1 405 ") and answer.endswith(b"\r\n\r\n")
    answer = speak(server, f"OPTIONS {PROJECTS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                   .encode()).lower()
    assert answer.startswith(b"http/1.1 204 ") and b"allow: get, options, post" in answer
    status, headers, _ = raw(server, "PUT", PROJECTS)
    assert status == 405 and {k.lower(): v for k, v in headers.items()}["allow"] == "GET, POST"
    assert kind(raw(server, "POST", "/health")) == (405, "MethodNotAllowedException")


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


def test_bodies_that_are_no_json_object_or_too_large(server):
    path = "/2020-11-20/projects"
    for body in (b"{", b"[]", b"\xff\xfe", b'"x"'):
        assert kind(raw(server, "POST", path, body)) == (400, "SerializationException")
    huge = b'{"ProjectName": "' + b"x" * (16 << 20) + b'"}'
    try:
        assert kind(raw(server, "POST", path, huge)) == (413, "RequestEntityTooLargeException")
    except (urllib.error.URLError, ConnectionError):
        pass  # The server may close before a client has sent everything.
    assert raw(server, "GET", path)[0] == 200


@pytest.mark.parametrize("body, words", [
    ({}, ["ProjectName", "must not be null"]),
    ({"ProjectName": 7}, ["ProjectName", "a string", "a number"]),
    ({"ProjectName": ""}, ["ProjectName", "length greater than or equal to 1"]),
    ({"ProjectName": "x" * 256}, ["ProjectName", "length less than or equal to 255"]),
    ({"ProjectName": "-x"}, ["ProjectName", "regular expression pattern"]),
    ({"ProjectName": "a\nb"}, ["ProjectName", "regular expression pattern"]),
])
def test_a_broken_constraint_is_named(server, body, words):
    answer = raw(server, "POST", "/2020-11-20/projects", json.dumps(body).encode())
    assert kind(answer) == (400, "ValidationException")
    for word in words:
        assert word in answer[2]["Message"]


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


@pytest.mark.parametrize("content, words", [
    (b'{"source-ref": "s3://data-set/a.png"}\nnonsense\n', ["Line 2", "JSON"]),
    (b'{"label": 1}\n', ["Line 1", "source-ref"]),
    (b'{"source-ref": "a.png"}\n', ["Line 1", "s3://BUCKET/KEY"]),
    (b"\n\n", ["no lines"]),
    (b"\xff\xfe\n", ["UTF-8"]),
    (None, ["s3://data-set/x.manifest", "does not exist"]),
])
def test_a_bad_manifest_fails_with_its_line(server, content, words):
    client = server.client()
    folder = server.bucket("data-set")
    if content is not None:
        (folder / "x.manifest").write_bytes(content)
    client.create_project(ProjectName="p")
    client.create_dataset(ProjectName="p", DatasetType="train",
                          DatasetSource=source("data-set", "x.manifest"))
    dataset = wait_dataset(client, "p")
    assert dataset["Status"] == "CREATE_FAILED"
    for word in words:
        assert word in dataset["StatusMessage"]


def test_packaging_requests_that_contradict_themselves(server):
    client = server.client()
    client.create_project(ProjectName="p")
    good = {"S3OutputLocation": {"Bucket": "bucket"}, "ComponentName": "c"}
    x86 = {"Os": "LINUX", "Arch": "X86_64"}
    nvidia = {**x86, "Accelerator": "NVIDIA"}
    cases = [
        ({}, "exactly one"),
        ({"TargetDevice": "jetson_xavier", "TargetPlatform": x86}, "exactly one"),
        ({"TargetPlatform": nvidia}, "gpu-code"),
        ({"TargetPlatform": nvidia, "CompilerOptions": '{"gpu-code": "sm_75", "trt-ver": "7.1.3"}'},
         "cuda-ver"),
        ({"TargetPlatform": nvidia,
          "CompilerOptions": '{"gpu-code": "75", "trt-ver": "7.1.3", "cuda-ver": "10.2"}'},
         "gpu-code"),
        ({"TargetPlatform": x86, "CompilerOptions": "not json"}, "JSON"),
        ({"TargetPlatform": x86, "CompilerOptions": '{"speed": "high"}'}, "speed"),
        ({"TargetPlatform": x86, "CompilerOptions": '{"gpu-code": "sm_75"}'}, "gpu-code"),
        ({"TargetPlatform": x86, "Tags": [{"Key": "aws:x", "Value": ""}]}, "aws:"),
    ]
    for change, word in cases:
        answer = error(client.start_model_packaging_job, ProjectName="p", ModelVersion="1",
                       Configuration={"Greengrass": {**good, **change}})
        assert answer["Error"]["Code"] == "ValidationException"
        assert word in answer["Error"]["Message"], (change, answer["Error"]["Message"])


def test_detection_refuses_what_is_no_image_of_the_model(hosted):
    import io
    client = hosted.client()
    picture, _ = draw(1, False)
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG")
    other, _ = draw(1, False, size=(320, 256))
    tiny, _ = draw(1, False, size=(40, 40))
    cases = [
        (b"", "null"), (b"GIF89a", "neither PNG nor JPEG"), (png(picture)[:2000], "damaged"),
        (jpeg.getvalue()[:-400], "truncated"), (png(other), "320×256"), (png(tiny), "40×40"),
    ]
    for body, word in cases:
        answer = error(client.detect_anomalies, ProjectName="parts", ModelVersion="1", Body=body,
                       ContentType="image/png")
        assert answer["Error"]["Code"] == "ValidationException", body[:20]
        assert word in answer["Error"]["Message"], answer["Error"]["Message"]
    # The header may say anything; the bytes decide.
    assert client.detect_anomalies(ProjectName="parts", ModelVersion="1", Body=jpeg.getvalue(),
                                   ContentType="application/octet-stream")["DetectAnomalyResult"]


def test_a_model_that_is_not_hosted_does_not_detect(server):
    client = server.client()
    client.create_project(ProjectName="p")
    client.create_dataset(ProjectName="p", DatasetType="train")
    client.create_model(ProjectName="p", OutputConfig={"S3Location": {"Bucket": "bucket"}})
    model = wait_model(client, "p")
    assert model["Status"] == "TRAINING_FAILED" and "bucket" in model["StatusMessage"]
    assert error(client.detect_anomalies, ProjectName="p", ModelVersion="1", Body=b"x",
                 ContentType="image/png")["Error"]["Code"] == "ConflictException"
    assert error(client.start_model, ProjectName="p", ModelVersion="1", MinInferenceUnits=1)[
        "Error"]["Code"] == "ConflictException"
    assert error(client.stop_model, ProjectName="p", ModelVersion="1")[
        "Error"]["Code"] == "ConflictException"
