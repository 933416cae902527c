"""Greengrass V2 on the server's own registry, by the SDK's client."""

import base64
import concurrent.futures
import hashlib
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import botocore.config
import botocore.exceptions
import pytest

from support.calls import ACCOUNT, allow, audit, failure, key, metrics, service, user
from support.commands import bytes_in
from support.pictures import make_package
from support.server import Server

ARN = f"arn:aws:greengrass:us-east-1:{ACCOUNT}:components"
NAME = "com.example.Hello"


@pytest.fixture
def client(shared):
    return service(shared, "greengrassv2")


@pytest.fixture
def name():
    """A component name that no other test uses."""
    return f"com.example.T{uuid.uuid4().hex[:12]}"


def recipe(name=NAME, version="1.0.0", uris=(), **changes):
    return json.dumps({
        "RecipeFormatVersion": "2020-01-25", "ComponentName": name, "ComponentVersion": version,
        "ComponentDescription": "Says hello", "ComponentPublisher": "Somebody",
        "Manifests": [{"Platform": {"os": "linux", "architecture": "amd64"},
                       "Lifecycle": {"run": "echo hello"},
                       "Artifacts": [{"Uri": uri} for uri in uris]}], **changes}).encode()


def invalid(call, field, **arguments):
    answer = failure(call, "ValidationException", 400, **arguments)
    assert answer["reason"] == "FIELD_VALIDATION_FAILED"
    assert field in [x["name"] for x in answer["fields"]]
    return answer["Error"]["Message"]


def download(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return answer.status, answer.read()


def test_the_life_of_a_component(shared, client, name):
    content = bytes(range(256)) * 5000
    (shared.bucket("parts") / "folder").mkdir(exist_ok=True)
    (shared.bucket("parts") / "folder" / "a b.zip").write_bytes(content)
    uri = "s3://parts/folder/a b.zip"
    before = time.time()
    made = client.create_component_version(
        inlineRecipe=recipe(name, uris=[uri]), tags={"line": "7"})
    arn = f"{ARN}:{name}:versions:1.0.0"
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (made["arn"], made["componentName"], made["componentVersion"]) == (arn, name, "1.0.0")
    assert before - 5 < made["creationTimestamp"].timestamp() < time.time() + 5
    status = {"componentState": "DEPLOYABLE", "message": "NONE", "errors": {},
              "vendorGuidance": "ACTIVE"}
    assert made["status"] == status
    described = client.describe_component(arn=arn)
    assert described["status"] == status and described["tags"] == {"line": "7"}
    assert described["creationTimestamp"] == made["creationTimestamp"]
    assert (described["publisher"], described["description"]) == ("Somebody", "Says hello")
    assert described["platforms"] == [
        {"name": "linux-amd64", "attributes": {"os": "linux", "architecture": "amd64"}}]

    got = client.get_component(arn=arn)
    assert got["recipeOutputFormat"] == "JSON" and got["tags"] == {"line": "7"}
    document = json.loads(got["recipe"])
    artifact = document["Manifests"][0]["Artifacts"][0]
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert artifact == {"Uri": uri, "Digest": digest, "Algorithm": "SHA-256"}
    wanted = json.loads(recipe(name, uris=[uri]))
    wanted["Manifests"][0]["Artifacts"] = [artifact]
    assert document == wanted
    written = client.get_component(arn=arn, recipeOutputFormat="YAML")
    assert written["recipeOutputFormat"] == "YAML"
    text = written["recipe"].decode()
    assert f"ComponentName: {name}\n" in text and digest in text
    # What comes out goes in again.
    client.create_component_version(inlineRecipe=text.replace("1.0.0", "1.1.0").encode())
    again = json.loads(client.get_component(arn=f"{ARN}:{name}:versions:1.1.0")["recipe"])
    assert again == {**wanted, "ComponentVersion": "1.1.0"}

    for artifact_name in ("a b.zip", "parts/folder/a b.zip"):
        url = client.get_component_version_artifact(arn=arn, artifactName=artifact_name)[
            "preSignedUrl"]
        assert url.startswith(shared.endpoint + "/") and "X-Amz-Signature=" in url
        assert download(url) == (200, content)
    assert download(url, Range="bytes=1000-1255") == (206, content[1000:1256])
    with pytest.raises(urllib.error.HTTPError) as caught:
        download(url, Range="bytes=99999999-")
    assert caught.value.code == 416
    for wrong in (url.replace("Expires=3600", "Expires=3601"), url.split("?")[0],
                  url.replace("1.0.0", "1.1.0")):
        with pytest.raises(urllib.error.HTTPError) as caught:
            download(wrong)
        assert caught.value.code in (403, 404), wrong
    with urllib.request.urlopen(url) as answer:
        assert answer.headers["Content-Length"] == str(len(content))

    versions = client.list_component_versions(arn=f"{ARN}:{name}")["componentVersions"]
    assert versions == [
        {"componentName": name, "componentVersion": v, "arn": f"{ARN}:{name}:versions:{v}"}
        for v in ("1.1.0", "1.0.0")]
    assert client.delete_component(arn=arn)["ResponseMetadata"]["HTTPStatusCode"] == 204
    answer = failure(client.describe_component, "ResourceNotFoundException", 404, arn=arn)
    assert answer["resourceId"] == arn and answer["resourceType"] == "component"
    failure(client.get_component, "ResourceNotFoundException", 404, arn=arn)
    failure(client.delete_component, "ResourceNotFoundException", 404, arn=arn)
    assert [x["componentVersion"] for x in client.list_component_versions(
        arn=f"{ARN}:{name}")["componentVersions"]] == ["1.1.0"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        download(url)
    assert caught.value.code == 404
    files = [str(x.relative_to(shared.directory / "greengrass"))
             for x in (shared.directory / "greengrass").rglob("*") if name in str(x)]
    assert f"recipes/{name}-1.1.0.json" in files and not [x for x in files if "1.0.0" in x]


def test_artifacts_that_cannot_be_read_make_it_fail(shared, client, name):
    shared.bucket("parts")
    answer = failure(
        client.create_component_version, "ValidationException", 400,
        inlineRecipe=recipe(name, uris=["s3://parts/gone.zip"]))
    assert answer["Error"]["Message"] == (
        "Invalid Input: Encountered following errors in Artifacts: {s3://parts/gone.zip = "
        "Specified artifact resource cannot be accessed}")
    failure(client.describe_component, "ResourceNotFoundException", 404,
            arn=f"{ARN}:{name}:versions:1.0.0")


def test_a_token_is_answered_again_and_a_version_made_once(shared, client, name):
    token = str(uuid.uuid4())
    first = client.create_component_version(inlineRecipe=recipe(name), clientToken=token)
    again = client.create_component_version(inlineRecipe=recipe(name), clientToken=token)
    for member in ("arn", "creationTimestamp", "status"):
        assert first[member] == again[member]
    failure(client.create_component_version, "ConflictException", 409, clientToken=token,
            inlineRecipe=recipe(name, "2.0.0"))
    answer = failure(client.create_component_version, "ConflictException", 409,
                     inlineRecipe=recipe(name))
    assert answer["Error"]["Message"] == (
        f"Component [{name} : 1.0.0] for account [{ACCOUNT}] already exists with state: "
        "[DEPLOYABLE]")
    assert answer["resourceId"] == first["arn"]
    # The SDK makes a token of its own when none is given.
    assert invalid(client.create_component_version, "clientToken", clientToken="a b",
                   inlineRecipe=recipe(name))

    def attempt(number):
        try:
            client.create_component_version(inlineRecipe=recipe(name, "3.0.0"))
            return "made"
        except client.exceptions.ConflictException:
            return "conflict"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(16)))
    assert outcomes.count("made") == 1 and outcomes.count("conflict") == 15


def test_lists_have_pages(tmp_path):
    server = Server(tmp_path / "data").start()
    try:
        client = service(server, "greengrassv2")
        assert client.list_components()["components"] == []
        for number in range(7):
            client.create_component_version(inlineRecipe=recipe(f"com.example.P{number}"))
        for version in ("1.2.0", "1.10.0", "0.5.0"):
            client.create_component_version(inlineRecipe=recipe("com.example.P0", version))
        pages = list(client.get_paginator("list_components").paginate(
            PaginationConfig={"PageSize": 3}))
        assert [len(page["components"]) for page in pages] == [3, 3, 1]
        found = [x for page in pages for x in page["components"]]
        assert [x["componentName"] for x in found] == [f"com.example.P{n}" for n in range(7)]
        newest = found[0]["latestVersion"]
        assert found[0]["arn"] == f"{ARN}:com.example.P0"
        assert newest["componentVersion"] == "1.10.0" and newest["publisher"] == "Somebody"
        assert newest["arn"] == f"{ARN}:com.example.P0:versions:1.10.0"
        assert newest["platforms"][0]["attributes"]["os"] == "linux"
        pages = list(client.get_paginator("list_component_versions").paginate(
            arn=f"{ARN}:com.example.P0", PaginationConfig={"PageSize": 2}))
        assert [[x["componentVersion"] for x in page["componentVersions"]] for page in pages] == [
            ["1.10.0", "1.2.0"], ["1.0.0", "0.5.0"]]
        assert client.list_components(scope="PUBLIC")["components"] == []
        assert len(client.list_components(scope="PRIVATE")["components"]) == 7
        token = client.list_components(maxResults=1)["nextToken"]
        assert "nextToken" in invalid(client.list_component_versions, "nextToken",
                                      arn=f"{ARN}:com.example.P0", nextToken=token)
        invalid(client.list_components, "nextToken", nextToken="forged")
        failure(client.list_component_versions, "ResourceNotFoundException", 404,
                arn=f"{ARN}:com.example.None")
        server.kill()
        server.start()
        client = service(server, "greengrassv2")
        assert len(client.list_components()["components"]) == 7
    finally:
        server.kill()


def test_tags(client, name):
    arn = client.create_component_version(inlineRecipe=recipe(name), tags={"a": "1"})["arn"]
    client.tag_resource(resourceArn=arn, tags={"b": "2 ü", "a": ""})
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "", "b": "2 ü"}
    client.untag_resource(resourceArn=arn, tagKeys=["a", "none"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2 ü"}
    assert client.get_component(arn=arn)["tags"] == {"b": "2 ü"}
    answer = failure(client.tag_resource, "ServiceQuotaExceededException", 402, resourceArn=arn,
                     tags={f"k{n}": "" for n in range(50)})
    assert answer["quotaCode"] == "tags" and answer["serviceCode"] == "greengrass"
    invalid(client.tag_resource, "tags", resourceArn=arn, tags={"aws:x": "1"})
    invalid(client.tag_resource, "tags", resourceArn=arn, tags={"a{b": "1"})
    invalid(client.tag_resource, "resourceArn", resourceArn=f"{ARN}:{name}", tags={"a": "1"})
    failure(client.list_tags_for_resource, "ResourceNotFoundException", 404,
            resourceArn=f"{ARN}:{name}:versions:9.9.9")
    failure(client.create_component_version, "ServiceQuotaExceededException", 402,
            inlineRecipe=recipe(name, "2.0.0"), tags={f"k{n}": "" for n in range(51)})


@pytest.mark.parametrize("text,words", [
    (b"", "inlineRecipe"), (b"{", "JSON"), (b"\xff\xfe", "UTF-8"), (b"a: [", "YAML"),
    (b"a: &a [b]\nc: *a", "anchors"), (recipe("a b"), "ComponentName"),
    (recipe(version="1.0"), "ComponentVersion"), (recipe(RecipeFormatVersion="1"), "2020-01-25"),
    (recipe(Unknown=1), "Unknown is no member"), (recipe(uris=["http://a/b"]), "Uri must be"),
    (recipe(ComponentDescription="x" * 16384), "16384"),
    (recipe(ComponentDependencies={"a": {"VersionRequirement": "newest"}}), "range"),
])
def test_a_recipe_that_is_wrong_is_refused_with_the_reason(client, text, words):
    assert words in invalid(client.create_component_version, "inlineRecipe", inlineRecipe=text)


def test_input_that_is_wrong_is_named(client, shared):
    message = invalid(
        client.create_component_version, "lambdaFunction",
        lambdaFunction={"lambdaArn": "arn:aws:lambda:us-east-1:1:function:f:1"})
    assert "inlineRecipe" in message
    invalid(client.create_component_version, "inlineRecipe")
    for call in (client.describe_component, client.get_component, client.delete_component):
        assert "regular expression" in invalid(call, "arn", arn="nonsense")
        invalid(call, "arn", arn=f"{ARN}:a")
    invalid(client.list_component_versions, "arn", arn=f"{ARN}:a:versions:1.0.0")
    # Other regions and accounts, and names that no component can have, are not here.
    for arn in (f"arn:aws:greengrass:eu-west-1:{ACCOUNT}:components:a:versions:1.0.0",
                "arn:aws:greengrass:us-east-1:aws:components:aws.greengrass.Cli:versions:2.0.0",
                f"{ARN}:..:versions:1.0.0", f"{ARN}:a/../b:versions:1.0.0",
                f"{ARN}:a:versions:../../x", f"{ARN}:%2e%2e:versions:1.0.0"):
        for call in (client.describe_component, client.get_component, client.delete_component):
            failure(call, "ResourceNotFoundException", 404, arn=arn)
        failure(client.tag_resource, "ResourceNotFoundException", 404, resourceArn=arn,
                tags={"a": "b"})
    loose = service(shared, "greengrassv2",
                    config=botocore.config.Config(parameter_validation=False))
    invalid(loose.list_components, "maxResults", maxResults=101)
    invalid(loose.list_components, "scope", scope="MINE")
    invalid(loose.get_component, "recipeOutputFormat", arn=f"{ARN}:a:versions:1.0.0",
            recipeOutputFormat="XML")
    invalid(loose.tag_resource, "tags", resourceArn=f"{ARN}:a:versions:1.0.0")
    invalid(loose.untag_resource, "tagKeys", resourceArn=f"{ARN}:a:versions:1.0.0", tagKeys=[])


def test_signatures_are_checked(shared):
    access, secret = shared.credentials()
    wrong = service(shared, "greengrassv2", (access, "wrong" * 8))
    failure(wrong.list_components, "InvalidSignatureException", 403)
    unknown = service(shared, "greengrassv2", ("AKIA" + "X" * 16, secret))
    failure(unknown.list_components, "UnrecognizedClientException", 403)


@pytest.fixture
def bob(shared):
    """Makes users with a policy and returns their clients."""
    def make(*policy):
        result = user(shared, "create", f"bob{uuid.uuid4().hex[:8]}", policy=list(policy))
        return service(shared, "greengrassv2", key(result))
    return make


def denied(call, action, **arguments):
    message = failure(call, "AccessDeniedException", 403, **arguments)["Error"]["Message"]
    assert action in message, message


def test_policies_decide_by_component_and_version(shared, client, bob, name):
    arn = client.create_component_version(inlineRecipe=recipe(name))["arn"]
    client.create_component_version(inlineRecipe=recipe(name, "2.0.0"))
    reader = bob(allow("greengrass:DescribeComponent", "greengrass:GetComponent", resource=arn),
                 allow("greengrass:ListComponentVersions", resource=f"{ARN}:{name}"))
    assert reader.describe_component(arn=arn) and reader.get_component(arn=arn)
    assert len(reader.list_component_versions(arn=f"{ARN}:{name}")["componentVersions"]) == 2
    denied(reader.describe_component, "DescribeComponent", arn=arn.replace("1.0.0", "2.0.0"))
    denied(reader.describe_component, "DescribeComponent", arn=arn.replace("1.0.0", "9.0.0"))
    denied(reader.delete_component, "DeleteComponent", arn=arn)
    denied(reader.get_component_version_artifact, "GetComponentVersionArtifact", arn=arn,
           artifactName="x")
    denied(reader.list_components, "ListComponents")
    denied(reader.list_tags_for_resource, "ListTagsForResource", resourceArn=arn)
    careful = bob(allow("greengrass:*"),
                  allow("greengrass:DeleteComponent", effect="Deny",
                        resource=f"{ARN}:{name}:versions:2.*"))
    denied(careful.delete_component, "explicit deny", arn=arn.replace("1.0.0", "2.0.0"))
    assert careful.list_components()
    careful.delete_component(arn=arn)
    maker = bob(allow("greengrass:CreateComponentVersion", resource=f"{ARN}:{name}"))
    maker.create_component_version(inlineRecipe=recipe(name, "3.0.0"))
    denied(maker.create_component_version, "CreateComponentVersion",
           inlineRecipe=recipe(name + "x", "3.0.0"))


def test_policies_decide_by_tags(client, bob, name):
    one = client.create_component_version(inlineRecipe=recipe(name), tags={"line": "1"})["arn"]
    two = client.create_component_version(
        inlineRecipe=recipe(name, "2.0.0"), tags={"line": "2"})["arn"]
    seven = bob(allow("greengrass:*", StringEquals={"aws:ResourceTag/line": "1"}))
    assert seven.describe_component(arn=one)
    denied(seven.describe_component, "DescribeComponent", arn=two)
    tagger = bob(allow("greengrass:TagResource", "greengrass:CreateComponentVersion",
                       StringEquals={"aws:RequestTag/team": "quality"},
                       **{"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}))
    tagger.tag_resource(resourceArn=one, tags={"team": "quality"})
    denied(tagger.tag_resource, "TagResource", resourceArn=one, tags={"team": "other"})
    denied(tagger.tag_resource, "TagResource", resourceArn=one,
           tags={"team": "quality", "line": "3"})
    denied(tagger.untag_resource, "UntagResource", resourceArn=one, tagKeys=["team"])
    tagger.create_component_version(inlineRecipe=recipe(name, "3.0.0"), tags={"team": "quality"})
    denied(tagger.create_component_version, "CreateComponentVersion",
           inlineRecipe=recipe(name, "4.0.0"))
    # Tags at the making need the permission to tag, too.
    maker = bob(allow("greengrass:CreateComponentVersion"))
    denied(maker.create_component_version, "TagResource", inlineRecipe=recipe(name, "4.0.0"),
           tags={"a": "b"})


def test_nobody_reads_by_way_of_a_component_what_they_may_not_read(shared, client, bob, name):
    (shared.bucket("secrets") / "a.zip").write_bytes(b"secret")
    uri = "s3://secrets/a.zip"
    spy = bob(allow("greengrass:*"))
    answer = failure(spy.create_component_version, "ValidationException", 400,
                     inlineRecipe=recipe(name, uris=[uri]))
    assert answer["Error"]["Message"].endswith(
        "{s3://secrets/a.zip = Specified artifact resource cannot be accessed}")
    trusted = bob(allow("greengrass:*"),
                  allow("s3:GetObject", resource="arn:aws:s3:::secrets/*"))
    arn = trusted.create_component_version(inlineRecipe=recipe(name, uris=[uri]))["arn"]
    url = spy.get_component_version_artifact(arn=arn, artifactName="a.zip")["preSignedUrl"]
    assert download(url) == (200, b"secret")
    failure(spy.get_component_version_artifact, "ResourceNotFoundException", 404, arn=arn,
            artifactName="b.zip")
    # Tokens of two users are two.
    trusted.create_component_version(inlineRecipe=recipe(name, "2.0.0"), clientToken="t")
    spy.create_component_version(inlineRecipe=recipe(name, "3.0.0"), clientToken="t")


@pytest.mark.parametrize("size", [
    200 << 20, pytest.param(600 << 20, marks=pytest.mark.slow)])
def test_a_large_artifact_does_not_fill_the_memory(server, size):
    client = service(server, "greengrassv2")
    with open(server.bucket("large") / "a.zip", "wb") as file:
        file.truncate(size)
    client.create_component_version(inlineRecipe=recipe())
    before = server.peak_memory_mb()
    arn = client.create_component_version(
        inlineRecipe=recipe(version="2.0.0", uris=["s3://large/a.zip"]))["arn"]
    url = client.get_component_version_artifact(arn=arn, artifactName="a.zip")["preSignedUrl"]
    digest = hashlib.sha256()
    with urllib.request.urlopen(url) as answer:
        while piece := answer.read(1 << 20):
            digest.update(piece)
    document = json.loads(client.get_component(arn=arn)["recipe"])
    assert base64.b64encode(digest.digest()).decode() == (
        document["Manifests"][0]["Artifacts"][0]["Digest"])
    assert server.peak_memory_mb() - before < 150
    # More than 2 GB are too much.
    with open(server.bucket("large") / "b.zip", "wb") as file:
        file.truncate((2 << 30) + 1)
    message = invalid(client.create_component_version, "inlineRecipe",
                      inlineRecipe=recipe(version="3.0.0", uris=["s3://large/b.zip"]))
    assert "s3://large/b.zip = Specified artifact resource cannot be accessed" in message


# How far the making of a version is, from first to last, by the files of the registry.
MOMENTS = {
    "at once": lambda folder, version: True,
    "a tenth copied": lambda folder, version: bytes_in(folder / "temporary") > 3 << 20,
    "half copied": lambda folder, version: bytes_in(folder / "temporary") > 16 << 20,
    "artifact": lambda folder, version: (folder / f"artifacts/{NAME}/{version}/a.zip").exists(),
    "recipe": lambda folder, version: (folder / f"recipes/{NAME}-{version}.json").exists(),
    "component": lambda folder, version: (folder / f"components/{NAME}/{version}.json").exists(),
    "answered": lambda folder, version: False,
}


@pytest.mark.parametrize("moments", [
    ["half copied", "answered"], pytest.param(list(MOMENTS), marks=pytest.mark.slow)])
def test_a_server_that_is_killed_leaves_a_version_whole_or_not_at_all(server, moments):
    once = botocore.config.Config(retries={"max_attempts": 0})
    content = os.urandom(32 << 20)
    (server.bucket("parts") / "a.zip").write_bytes(content)
    folder = server.directory / "greengrass"
    outcomes = []
    for major, moment in enumerate(moments):
        version = f"{major}.0.0"
        client = service(server, "greengrassv2", config=once)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            call = pool.submit(
                client.create_component_version,
                inlineRecipe=recipe(version=version, uris=["s3://parts/a.zip"]))
            while not call.done() and not MOMENTS[moment](folder, version):
                concurrent.futures.wait([call], timeout=0.001)
            server.kill()
            answered = call.exception() is None
        server.start()
        client = service(server, "greengrassv2")
        files = [str(x.relative_to(folder)) for x in folder.rglob("*")
                 if x.is_file() and version in str(x.relative_to(folder))]
        try:
            client.describe_component(arn=f"{ARN}:{NAME}:versions:{version}")
        except client.exceptions.ResourceNotFoundException:
            assert not answered and files == []
            outcomes.append("nothing")
        else:
            assert sorted(files) == [
                f"artifacts/{NAME}/{version}/a.zip",
                f"components/{NAME}/{version}.json", f"recipes/{NAME}-{version}.json"]
            assert (folder / f"artifacts/{NAME}/{version}/a.zip").read_bytes() == content
            outcomes.append("whole")
        assert list((folder / "temporary").iterdir()) == []
    assert outcomes[0] == "nothing" and outcomes[-1] == "whole"
    client.create_component_version(
        inlineRecipe=recipe(version="9.0.0", uris=["s3://parts/a.zip"]))
    assert len(client.list_component_versions(arn=f"{ARN}:{NAME}")["componentVersions"]) == (
        outcomes.count("whole") + 1)


def test_audit_log_and_metrics_tell_of_every_call(server):
    client = service(server, "greengrassv2")
    made = client.create_component_version(inlineRecipe=recipe(), tags={"a": "b"},
                                           clientToken="token-1")
    client.describe_component(arn=made["arn"])
    failure(client.describe_component, "ResourceNotFoundException", 404,
            arn=made["arn"].replace("1.0.0", "2.0.0"))
    lines = audit(server)
    assert [(x["eventSource"], x["eventName"], x.get("errorCode")) for x in lines] == [
        ("greengrass.amazonaws.com", "CreateComponentVersion", None),
        ("greengrass.amazonaws.com", "DescribeComponent", None),
        ("greengrass.amazonaws.com", "DescribeComponent", "ResourceNotFoundException")]
    assert lines[0]["requestParameters"]["clientToken"] == "token-1"
    assert lines[0]["requestParameters"]["tags"] == {"a": "b"}
    assert lines[0]["responseElements"]["arn"] == made["arn"]
    assert lines[0]["requestID"] == made["ResponseMetadata"]["RequestId"]
    assert not lines[0]["readOnly"] and lines[1]["readOnly"]
    values = metrics(server)
    operation = 'spotter_requests_total{Operation="greengrass:DescribeComponent"'
    assert values[operation + ',Result="OK"}'] == 1
    assert values[operation + ',Result="ResourceNotFoundException"}'] == 1


def test_a_packaged_model_is_a_component_like_any_other(hosted):
    component = "com.example.ByApi"
    archive, job = make_package(hosted, "parts", component, "parts-images")
    client = service(hosted, "greengrassv2")
    arn = job["ModelPackagingOutputDetails"]["Greengrass"]["ComponentVersionArn"]
    assert client.describe_component(arn=arn)["status"]["componentState"] == "DEPLOYABLE"
    document = json.loads(client.get_component(arn=arn)["recipe"])
    artifact = document["Manifests"][0]["Artifacts"][0]
    bucket, object_key = artifact["Uri"].removeprefix("s3://").split("/", 1)
    content = service(hosted, "s3").get_object(Bucket=bucket, Key=object_key)["Body"].read()
    assert base64.b64encode(hashlib.sha256(content).digest()).decode() == artifact["Digest"]
    url = client.get_component_version_artifact(arn=arn, artifactName=archive.name)[
        "preSignedUrl"]
    assert download(url)[1] == content == archive.read_bytes()
