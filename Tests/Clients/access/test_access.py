"""Users and policies, the audit log, metrics, limits: what an owner of the server looks after."""

import concurrent.futures
import json
import os
import subprocess
import time
import urllib.request

import pytest

from support.calls import (MODEL, PROJECT, allow, audit, client_of, denied, error, key, metrics,
                           raw, user)
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


def test_tags_and_addresses_decide(server, ann):
    root = server.client()
    root.create_project(ProjectName="p")
    root.create_dataset(ProjectName="p", DatasetType="train")
    output = {"S3Location": {"Bucket": "nowhere"}}
    root.create_model(ProjectName="p", OutputConfig=output, Tags=[{"Key": "line", "Value": "7"}])
    root.create_model(ProjectName="p", OutputConfig=output)
    seven = ann(allow("lookoutvision:DescribeModel",
                      StringEquals={"aws:ResourceTag/line": "7"}))
    assert seven.describe_model(ProjectName="p", ModelVersion="1")
    denied(seven.describe_model, ProjectName="p", ModelVersion="2")
    denied(seven.describe_model, ProjectName="p", ModelVersion="latest")
    tagger = ann(allow("lookoutvision:TagResource", resource=f"{MODEL}/p/*",
                       StringEquals={"aws:RequestTag/team": "quality"},
                       **{"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}))
    arn = f"{MODEL}/p/2"
    tagger.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "quality"}])
    denied(tagger.tag_resource, ResourceArn=arn, Tags=[{"Key": "team", "Value": "other"}])
    denied(tagger.tag_resource, ResourceArn=arn, Tags=[{"Key": "team", "Value": "quality"},
                                                       {"Key": "line", "Value": "8"}])
    denied(tagger.untag_resource, ResourceArn=arn, TagKeys=["team"])
    here = ann(allow("lookoutvision:ListProjects", IpAddress={"aws:SourceIp": "127.0.0.0/8"}))
    assert here.list_projects()
    elsewhere = ann(allow("lookoutvision:ListProjects", IpAddress={"aws:SourceIp": "10.0.0.0/8"}))
    denied(elsewhere.list_projects)
    # A model that is tagged when it is made also needs the permission to tag.
    maker = ann(allow("lookoutvision:CreateModel"))
    maker.create_model(ProjectName="p", OutputConfig=output)
    assert "TagResource" in denied(maker.create_model, ProjectName="p", OutputConfig=output,
                                   Tags=[{"Key": "a", "Value": "b"}])


@pytest.mark.parametrize("spelling", ["StartModelPackagingJob", "StartModelPackagingJobs"])
def test_packaging_needs_the_rights_to_what_it_does(hosted, tmp_path, spelling):
    needed = [f"lookoutvision:{spelling}", "s3:PutObject", "s3:GetBucketLocation",
              "greengrass:CreateComponentVersion", "greengrass:DescribeComponent"]
    request = dict(
        ProjectName="parts", ModelVersion="1", Configuration={"Greengrass": {
            "S3OutputLocation": {"Bucket": "parts-images", "Prefix": "allowed/"},
            "ComponentName": f"com.example.{spelling}",
            "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}})
    name = f"packer-{spelling}"
    client = client_of(hosted, key(user(hosted, "create", name, policy=[])))
    for missing in needed:
        assert user(hosted, "set-policy", name,
                    policy=[allow(*[x for x in needed if x != missing])]).returncode == 0
        message = denied(client.start_model_packaging_job, **request)
        assert missing.rstrip("s") in message or missing in message
    user(hosted, "set-policy", name, policy=[
        allow(*[x for x in needed if not x.startswith("s3:Put")]),
        allow("s3:PutObject", resource="arn:aws:s3:::parts-images/elsewhere/*")])
    assert "arn:aws:s3:::parts-images/allowed/" in denied(
        client.start_model_packaging_job, **request)
    user(hosted, "set-policy", name, policy=[allow(*needed)])
    assert client.start_model_packaging_job(**request)["JobName"]
    request["Configuration"]["Greengrass"]["Tags"] = [{"Key": "a", "Value": "b"}]
    assert "greengrass:TagResource" in denied(client.start_model_packaging_job, **request)


def test_members_that_differ_by_case_carry_nothing_past_the_policy(server, ann):
    root = server.client()
    root.create_project(ProjectName="p")
    root.create_dataset(ProjectName="p", DatasetType="train")
    root.create_model(ProjectName="p", OutputConfig={"S3Location": {"Bucket": "nowhere"}})
    client = ann(allow("lookoutvision:TagResource",
                       **{"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}))
    pair = client._request_signer._credentials
    import urllib.parse
    path = "/2020-11-20/tags/" + urllib.parse.quote(f"{MODEL}/p/1", safe="")
    body = b'{"Tags":[{"Key":"team","Value":"a","key":"owner","value":"me"}]}'
    for _ in range(8):
        assert raw(server, "POST", path, body, key=(pair.access_key, pair.secret_key))[0] == 200
    tags = root.list_tags_for_resource(ResourceArn=f"{MODEL}/p/1")["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]
    # The same holds for the other name of a version.
    careful = ann(allow("*"), allow("*", resource=f"{MODEL}/p/1", effect="Deny"))
    denied(careful.untag_resource, ResourceArn=f"{MODEL}/p/1", TagKeys=["team"])
    for version in ("01", "+1"):
        assert error(careful.untag_resource, ResourceArn=f"{MODEL}/p/{version}",
                     TagKeys=["team"])["Error"]["Code"] == "ValidationException"


def test_a_policy_that_cannot_be_read_allows_nothing(server):
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow("lookoutvision:ListModels")]})
    path = server.directory.parent / "unicode.json"
    path.write_bytes(text.encode("utf-16"))
    failure = user(server, "create", "wide", path=path)
    assert failure.returncode == 1 and "UTF-8" in failure.stderr
    pair = key(user(server, "create", "old", policy=[allow("*")]))
    import sqlite3
    with sqlite3.connect(server.directory / "spotter.sqlite") as database:
        document = json.loads(database.execute(
            "SELECT document FROM user WHERE name = 'old'").fetchone()[0])
        document["policy"] = "{}"
        database.execute("UPDATE user SET document = ? WHERE name = 'old'",
                         [json.dumps(document)])
    denied(client_of(server, pair).list_projects)


def test_a_few_large_calls_do_not_flush_the_audit_log(server, ann):
    pair = ann()._request_signer._credentials
    junk = ",".join(["0"] * 200_000)
    body = ('{"ModelVersion":"1","Configuration":{"Greengrass":{"ComponentName":"c",'
            '"S3OutputLocation":{"Bucket":"bbb"},"junk":[' + junk + ']}},"other":1}').encode()
    answer = raw(server, "POST", "/2020-11-20/projects/p/modelpackagingjobs", body,
                 key=(pair.access_key, pair.secret_key))
    assert answer[0] == 403
    assert (server.directory / "audit" / "audit.jsonl").stat().st_size < 5000


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
    assert "name of a user" in user(server, "create", "a/../b", policy=[]).stderr
    assert (os.stat(server.directory / "spotter.sqlite").st_mode & 0o777) == 0o600
    elsewhere = Server(server.directory / "elsewhere")
    assert "no data directory" in user(elsewhere, "list").stderr


def test_tokens_of_two_users_are_two(server, ann):
    first, second = ann(allow("*")), ann(allow("*"))
    first.create_project(ProjectName="a", ClientToken="t")
    second.create_project(ProjectName="b", ClientToken="t")
    assert error(first.create_project, ProjectName="b", ClientToken="t")["Error"]["Code"] == (
        "ConflictException")


def test_every_call_leaves_a_line_in_the_audit_log(server, ann):
    root = server.client()
    answer = root.create_project(ProjectName="p", ClientToken="abc")
    root.create_dataset(ProjectName="p", DatasetType="train")
    root.update_dataset_entries(ProjectName="p", DatasetType="train",
                                Changes=b'{"source-ref":"s3://b/hidden.png"}')
    error(root.describe_project, ProjectName="missing")
    denied(ann().list_projects)
    raw(server, "GET", "/2020-11-20/projects", key=(server.credentials()[0], "wrong" * 8))
    lines = audit(server)
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


def test_the_audit_log_is_rotated_and_bounded(tmp_path):
    server = Server(tmp_path / "data", "--limit", "audit-file-bytes=5000", "--limit",
                    "audit-files=3").start()
    try:
        client = server.client()
        for _ in range(60):
            client.list_projects()
        folder = server.directory / "audit"
        assert sorted(x.name for x in folder.iterdir()) == [
            "audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
        for path in folder.iterdir():
            assert path.stat().st_size <= 5000
            assert all(json.loads(x)["eventName"] for x in path.read_text().splitlines())
        server.kill()
        with open(folder / "audit.jsonl", "a") as file:
            file.write('{"cut of')
        server.start()
        server.client().list_projects()
        newest = (folder / "audit.jsonl").read_text().splitlines()
        assert json.loads(newest[-1])["eventName"] == "ListProjects"
    finally:
        server.kill()


def test_metrics_count_what_the_original_counted(hosted):
    client = hosted.client()
    labels = '{ProjectName="parts",ModelVersion="1"}'

    def count(name):
        return metrics(hosted).get(f"spotter_{name}{labels}", 0)

    names = ["processed_image_count_total", "detected_anomaly_count_total",
             "invalid_image_count_total", "successful_request_count_total", "error_count_total",
             "throttled_count_total", "time_seconds_count"]
    before = {name: count(name) for name in names}
    for seed, anomalous in ((1001, False), (1002, True), (1003, True)):
        client.detect_anomalies(ProjectName="parts", ModelVersion="1", ContentType="image/png",
                                Body=png(draw(seed, anomalous)[0]))
    error(client.detect_anomalies, ProjectName="parts", ModelVersion="1",
          ContentType="image/png", Body=b"no image")
    assert [count(name) - before[name] for name in names] == [3, 2, 1, 3, 1, 0, 3]
    values = metrics(hosted)
    assert values[f"spotter_max_inference_units{labels}"] == 1
    assert values[f"spotter_in_service_inference_units{labels}"] == 1
    assert values['spotter_requests_total{Operation="DetectAnomalies",Result="OK"}'] >= 3
    assert values['spotter_requests_total{Operation="DetectAnomalies",Result="ValidationException"}']
    buckets = [v for k, v in values.items() if k.startswith("spotter_time_seconds_bucket")]
    assert buckets == sorted(buckets) and buckets[-1] == values[f"spotter_time_seconds_count{labels}"]


def test_jobs_show_in_the_metrics_and_nobody_may_mean_nobody(tmp_path):
    server = Server(tmp_path / "data", "--metrics", "nobody").start()
    try:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(server.endpoint + "/metrics")
        assert caught.value.code == 403
    finally:
        server.kill()
    server = Server(tmp_path / "other").start()
    try:
        client = server.client()
        client.create_project(ProjectName="p")
        server.bucket("bbb")
        with open(server.bucket("bbb") / "m", "w") as file:
            for index in range(15000):
                file.write(json.dumps({"source-ref": f"s3://bbb/{index}", "x": "y" * 500}) + "\n")
        client.create_dataset(ProjectName="p", DatasetType="train", DatasetSource={
            "GroundTruthManifest": {"S3Object": {"Bucket": "bbb", "Key": "m"}}})
        deadline = time.time() + 30
        while time.time() < deadline:
            if metrics(server).get('spotter_jobs{Kind="dataset",State="running"}') == 1:
                break
        else:
            raise AssertionError("the job was never seen")
    finally:
        server.kill()


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
    import botocore.config
    server = Server(tmp_path / "data", "--limit", "projects=2", "--limit", "models=1", "--limit",
                    "training-images=3", "--limit", "requests-per-second=5", "--limit",
                    "image-bytes=1000").start()
    try:
        once = botocore.config.Config(retries={"max_attempts": 0})
        client = server.client(config=once)
        client.create_project(ProjectName="a")
        client.create_project(ProjectName="b")
        failure = error(client.detect_anomalies, ProjectName="a", ModelVersion="1",
                        ContentType="image/png", Body=b"x" * 1001)
        assert failure["ResponseMetadata"]["HTTPStatusCode"] == 413
        assert "1000 bytes" in failure["Error"]["Message"]
        failure = error(client.create_project, ProjectName="c")
        assert failure["Error"]["Code"] == "ServiceQuotaExceededException"
        assert failure["QuotaCode"] == "projects"
        client.create_dataset(ProjectName="a", DatasetType="train")
        output = {"S3Location": {"Bucket": "nowhere"}}
        client.create_model(ProjectName="a", OutputConfig=output)
        assert error(client.create_model, ProjectName="a", OutputConfig=output)["QuotaCode"] == (
            "models")
        lines = "".join(json.dumps({"source-ref": f"s3://b/{i}"}) + "\n" for i in range(4))
        client.update_dataset_entries(ProjectName="a", DatasetType="train", Changes=lines.encode())
        deadline = time.time() + 30
        while time.time() < deadline:
            dataset = client.describe_dataset(ProjectName="a", DatasetType="train")[
                "DatasetDescription"]
            if dataset["Status"] != "UPDATE_IN_PROGRESS":
                break
            time.sleep(0.3)
        assert dataset["Status"] == "UPDATE_FAILED_ROLLBACK_COMPLETE"
        assert "3" in dataset["StatusMessage"]
        failures = []
        for _ in range(12):
            try:
                client.list_projects()
            except client.exceptions.ThrottlingException as caught:
                failures.append(caught.response)
        assert failures and failures[0]["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
        assert server.client().describe_project(ProjectName="a")
    finally:
        server.kill()
    for bad in ("projects", "colour=1", "projects=0", "projects=x"):
        result = subprocess.run([SPOTTER, "serve", "--data-directory", tmp_path / "x", "--limit",
                                 bad], capture_output=True, text=True, timeout=60)
        assert result.returncode != 0 and "--limit" in result.stderr
