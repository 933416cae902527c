"""Users and policies, the audit log, metrics, limits: what an owner of the server looks after."""

import concurrent.futures
import os
import subprocess

import pytest

from support.calls import PROJECT, allow, audit, client_of, denied, error, key, metrics, raw, user
from support.pictures import draw, png
from support.server import SPOTTER, Server


@pytest.fixture
def ann(server):
    """Makes users with a policy and returns their clients."""
    count = iter(range(100))

    def make(*policy):
        return client_of(server, key(user(server, "create", f"ann{next(count)}",
                                          policy=list(policy))))
    return make


def test_a_user_may_do_what_the_policy_allows_and_nothing_else(server, ann):
    root = server.client()
    root.create_project(ProjectName="parts")
    reader = ann(allow("lookoutvision:Describe*", "lookoutvision:ListModels",
                       resource=f"{PROJECT}/parts"))
    assert reader.describe_project(ProjectName="parts")
    message = denied(reader.create_dataset, ProjectName="parts", DatasetType="train")
    for part in ("user/ann0", "lookoutvision:CreateDataset", f"{PROJECT}/parts"):
        assert part in message
    denied(reader.describe_project, ProjectName="other")
    denied(reader.list_projects)
    nobody = ann()
    denied(nobody.list_projects)
    careful = ann(allow("*"), allow("lookoutvision:Delete*", effect="Deny"))
    careful.create_project(ProjectName="more")
    assert "explicit deny" in denied(careful.delete_project, ProjectName="more")


def test_the_life_of_a_user(server):
    pair = key(user(server, "create", "bob", policy=[allow("*")]))
    assert client_of(server, pair).list_projects()
    assert "exists" in user(server, "create", "bob", policy=[allow("*")]).stderr
    listed = user(server, "list").stdout
    assert "bob" in listed and pair[0] in listed and pair[1] not in listed
    new = key(user(server, "rotate", "bob"))
    assert new != pair and client_of(server, new).list_projects()
    assert error(client_of(server, pair).list_projects)["Error"]["Code"] == (
        "UnrecognizedClientException")
    assert user(server, "delete", "bob").returncode == 0
    assert error(client_of(server, new).list_projects)["Error"]["Code"] == (
        "UnrecognizedClientException")
    for arguments in (["delete", "bob"], ["rotate", "bob"]):
        failure = user(server, *arguments)
        assert failure.returncode == 1 and "no user bob" in failure.stderr
    bad = server.directory.parent / "bad.json"
    bad.write_text('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*",'
                   '"Resource":"*","Condition":{"StringEqual":{"aws:username":"x"}}}]}')
    failure = user(server, "create", "eve", path=bad)
    assert failure.returncode == 1 and "StringEqual is no operator" in failure.stderr
    assert "not a valid user name" in user(server, "create", "a/../b", policy=[]).stderr
    wide = server.directory.parent / "unicode.json"
    wide.write_bytes('{"Version":"2012-10-17","Statement":[]}'.encode("utf-16"))
    failure = user(server, "create", "wide", path=wide)
    assert failure.returncode == 1 and "UTF-8" in failure.stderr
    assert (os.stat(server.directory / "spotter.sqlite").st_mode & 0o777) == 0o600
    elsewhere = Server(server.directory / "elsewhere")
    assert "not a data directory" in user(elsewhere, "list").stderr


def test_every_call_leaves_a_line_in_the_audit_log(server, ann):
    root = server.client()
    answer = root.create_project(ProjectName="p", ClientToken="abc")
    root.create_dataset(ProjectName="p", DatasetType="train")
    root.update_dataset_entries(ProjectName="p", DatasetType="train",
                                Changes=b'{"source-ref":"s3://b/hidden.png"}')
    error(root.describe_project, ProjectName="missing")
    denied(ann().list_projects)
    raw(server, "GET", "/2020-11-20/projects", key=(server.credentials()[0], "wrong" * 8))
    lines = audit(server) + audit(server, "unverified")
    assert [(x["eventName"], x.get("errorCode")) for x in lines] == [
        ("CreateProject", None), ("CreateDataset", None), ("UpdateDatasetEntries", None),
        ("DescribeProject", "ResourceNotFoundException"),
        ("ListProjects", "AccessDeniedException"), ("ListProjects", "InvalidSignatureException")]
    first = lines[0]
    assert first["requestID"] == answer["ResponseMetadata"]["RequestId"]
    assert first["requestParameters"] == {"projectName": "p", "clientToken": "abc"}
    assert first["responseElements"]["projectMetadata"]["projectName"] == "p"
    assert first["userIdentity"]["type"] == "Root" and first["sourceIPAddress"] == "127.0.0.1"
    assert first["eventSource"] == "lookoutvision.amazonaws.com" and not first["readOnly"]
    assert "Boto3" in first["userAgent"] and first["eventTime"].endswith("Z")
    assert lines[4]["userIdentity"]["userName"] == "ann0" and lines[4]["readOnly"]
    assert lines[5]["userIdentity"] == {
        "type": "Unknown", "accessKeyId": server.credentials()[0]}
    text = (server.directory / "audit" / "audit.jsonl").read_text()
    assert "hidden.png" not in text and server.credentials()[1] not in text
    assert "ignature=" not in text


def test_units_bound_the_runs_at_once_and_what_waits_is_bounded_too(hosted):
    client = hosted.client()
    model = client.describe_model(ProjectName="parts", ModelVersion="1")["ModelDescription"]
    assert model["MinInferenceUnits"] == 1
    body = png(draw(5, True)[0])
    import botocore.config
    patient = hosted.client(config=botocore.config.Config(
        retries={"max_attempts": 0}, max_pool_connections=80))

    def detect(_):
        try:
            patient.detect_anomalies(ProjectName="parts", ModelVersion="1",
                                     ContentType="image/png", Body=body)
            return "done", None
        except patient.exceptions.ThrottlingException as failure:
            return "throttled", failure.response
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        results = list(pool.map(detect, range(64)))
    kinds = [kind for kind, _ in results]
    assert kinds.count("done") >= 17 and kinds.count("throttled") >= 1, kinds
    answer = next(response for kind, response in results if kind == "throttled")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
    assert answer["QuotaCode"] == "inference-units" and answer["ServiceCode"]
    assert metrics(hosted)[
        'spotter_throttled_count_total{ProjectName="parts",ModelVersion="1"}'] >= 1
    # SDKs that retry see nothing of it.
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: detect(0)[0], range(8))) == {"done"}


def test_limits_of_the_owner(tmp_path):
    server = Server(tmp_path / "data", "--limit", "projects=1").start()
    try:
        client = server.client()
        client.create_project(ProjectName="a")
        assert error(client.create_project, ProjectName="b")["QuotaCode"] == "projects"
    finally:
        server.kill()
    for bad in ("projects", "colour=1", "projects=0", "projects=x"):
        result = subprocess.run([SPOTTER, "serve", "--data-directory", tmp_path / "x", "--limit",
                                 bad], capture_output=True, text=True, timeout=60)
        assert result.returncode != 0 and "--limit" in result.stderr
