"""Greengrass V2 on the server's own registry, by the SDK's client."""

import base64
import concurrent.futures
import hashlib
import json
import os
import time
import urllib.error
import urllib.request
import uuid

import botocore.config
import pytest

from support.calls import ACCOUNT, failure, service
from support.commands import bytes_in
from support.pictures import make_package

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
    for wrong in (url.replace("Expires=900", "Expires=901"), url.split("?")[0],
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
