"""Components of several servers on one PostgreSQL and one S3, as processes."""

import base64
import concurrent.futures
import hashlib
import json
import os
import subprocess
import urllib.error
import urllib.request
import uuid

import botocore.config
import botocore.exceptions
import pytest

from support.cluster import STATE
from support.server import SPOTTER

ARN = "arn:aws:greengrass:us-east-1:000000000000:components"


@pytest.fixture
def servers(cluster):
    cluster.s3().create_bucket(Bucket="parts")
    return [cluster.server() for _ in range(2)]


def greengrass(server, attempts=3):
    return server.client("greengrassv2", config=botocore.config.Config(
        retries={"mode": "standard", "total_max_attempts": attempts}, max_pool_connections=30))


def recipe(name, version, *keys):
    return json.dumps({
        "RecipeFormatVersion": "2020-01-25", "ComponentName": name, "ComponentVersion": version,
        "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "true"},
                       "Artifacts": [{"Uri": f"s3://parts/{key}"} for key in keys]}]}).encode()


def arn(name, version="1.0.0"):
    return f"{ARN}:{name}:versions:{version}"


def download(client, name, version, artifact, **headers):
    url = client.get_component_version_artifact(
        arn=arn(name, version), artifactName=artifact)["preSignedUrl"]
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return answer.status, answer.read()


def expect_whole(client, name, version, content):
    document = json.loads(client.get_component(arn=arn(name, version))["recipe"])
    for artifact in document["Manifests"][0]["Artifacts"]:
        key = artifact["Uri"].removeprefix("s3://")
        digest = base64.b64encode(hashlib.sha256(content[key.split("/")[1]]).digest()).decode()
        assert artifact["Digest"] == digest
        assert download(client, name, version, key) == (200, content[key.split("/")[1]])


def rows_and_objects(cluster):
    """Keys that rows name, keys that are remembered without one, and keys that there are."""
    named = set()
    for row in cluster.sql("SELECT document FROM component").splitlines():
        record = json.loads(row)
        named |= {f"components/{record['name']}/{record['version']}/{record['folder']}/{x['file']}"
                  for x in record["artifacts"]}
    return named, set(cluster.sql("SELECT key FROM staged_object").split()), cluster.state_keys(
        "components/")


def test_a_component_made_at_one_server_is_at_all(cluster, servers):
    here, there = map(greengrass, servers)
    # More than one part of an upload.
    content = {"large.zip": os.urandom(20 << 20), "small.zip": b"small"}
    for key, body in content.items():
        cluster.s3().put_object(Bucket="parts", Key=key, Body=body)
    made = here.create_component_version(
        inlineRecipe=recipe("shared.A", "1.0.0", *content), tags={"line": "7"})
    described = there.describe_component(arn=made["arn"])
    assert described["creationTimestamp"] == made["creationTimestamp"]
    assert described["tags"] == {"line": "7"}
    expect_whole(there, "shared.A", "1.0.0", content)
    large = content["large.zip"]
    for header, part in [("bytes=0-0", large[:1]), ("bytes=1048570-9437190", large[1048570:9437191]),
                         ("bytes=-5", large[-5:])]:
        assert download(there, "shared.A", "1.0.0", "large.zip", Range=header) == (206, part)
    there.tag_resource(resourceArn=made["arn"], tags={"shift": "late"})
    here.untag_resource(resourceArn=made["arn"], tagKeys=["line"])
    assert there.list_tags_for_resource(resourceArn=made["arn"])["tags"] == {"shift": "late"}

    for version in ("1.10.0", "1.9.0"):
        there.create_component_version(inlineRecipe=recipe("shared.A", version))
    pages = here.get_paginator("list_component_versions").paginate(
        arn=f"{ARN}:shared.A", PaginationConfig={"PageSize": 2})
    assert [[x["componentVersion"] for x in page["componentVersions"]] for page in pages] == [
        ["1.10.0", "1.9.0"], ["1.0.0"]]
    # A page of one server goes on at the other.
    first = here.list_component_versions(arn=f"{ARN}:shared.A", maxResults=1)
    second = there.list_component_versions(
        arn=f"{ARN}:shared.A", maxResults=1, nextToken=first["nextToken"])
    assert second["componentVersions"][0]["componentVersion"] == "1.9.0"

    named, staged, objects = rows_and_objects(cluster)
    assert named == objects and len(named) == 2 and not staged
    # Nobody gets at the state by way of a component.
    stolen = json.loads(recipe("shared.Thief", "1.0.0", "x"))
    stolen["Manifests"][0]["Artifacts"] = [{"Uri": f"s3://{STATE}/{min(objects)}"}]
    with pytest.raises(here.exceptions.ValidationException, match="cannot be accessed"):
        here.create_component_version(inlineRecipe=json.dumps(stolen).encode())
    there.delete_component(arn=made["arn"])
    with pytest.raises(here.exceptions.ResourceNotFoundException):
        here.describe_component(arn=made["arn"])
    assert rows_and_objects(cluster) == (set(), set(), set())
    for server in servers:
        assert not (server.directory / "greengrass").exists()
        assert not list((server.directory / "temporary").iterdir())


def test_of_many_that_make_one_version_one_succeeds(cluster, servers):
    clients = [greengrass(server) for server in servers]
    cluster.s3().put_object(Bucket="parts", Key="a.zip", Body=b"a" * 100_000)

    def make(number, token=None):
        try:
            made = clients[number % 2].create_component_version(
                inlineRecipe=recipe("shared.Race", "1.0.0" if token is None else "2.0.0", "a.zip"),
                **({"clientToken": token} if token else {"tags": {"by": str(number)}}))
            return {key: value for key, value in made.items() if key != "ResponseMetadata"}
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"]

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        outcomes = list(pool.map(make, range(24)))
    winners = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, dict)]
    assert len(winners) == 1, outcomes
    assert outcomes.count("ConflictException") == 23
    tags = clients[0].list_tags_for_resource(resourceArn=arn("shared.Race"))["tags"]
    assert tags == {"by": str(winners[0])}
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(lambda number: make(number, "token-of-all"), range(12)))
    assert all(outcome == outcomes[0] and isinstance(outcome, dict) for outcome in outcomes)
    with pytest.raises(clients[1].exceptions.ConflictException):
        clients[1].create_component_version(
            inlineRecipe=recipe("shared.Race", "3.0.0"), clientToken="token-of-all")
    named, staged, objects = rows_and_objects(cluster)
    assert named == objects and len(named) == 2 and not staged


# Where the victim is when it dies.
MOMENTS = [
    lambda cluster, made: cluster.sql("SELECT COUNT(*) FROM staged_object") != "0",
    lambda cluster, made: len(cluster.state_keys("components/shared.Killed/2.1.")) >= 1,
    lambda cluster, made: len(cluster.state_keys("components/shared.Killed/2.2.")) >= 5,
    lambda cluster, made: any(call.done() for call in made),
]


@pytest.mark.parametrize("moments", [[0], pytest.param([0, 1, 2, 3], marks=pytest.mark.slow)])
def test_a_server_that_is_killed_leaves_versions_whole_or_not_at_all(cluster, servers, moments):
    content = {"one.zip": os.urandom(3 << 20), "two.zip": os.urandom(9 << 20)}
    for key, body in content.items():
        cluster.s3().put_object(Bucket="parts", Key=key, Body=body)
    steady = greengrass(servers[0])
    answered = 0
    for number in moments:
        moment = MOMENTS[number]
        victim = cluster.server()
        client = greengrass(victim, attempts=1)
        calls = [(str(uuid.uuid4()), f"2.{number}.{patch}") for patch in range(4)]

        def make(call):
            try:
                client.create_component_version(
                    inlineRecipe=recipe("shared.Killed", call[1], *content), clientToken=call[0])
                return True
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                return False

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            made = [pool.submit(make, call) for call in calls]
            while not moment(cluster, made) and not all(call.done() for call in made):
                concurrent.futures.wait(made, timeout=0.001)
            victim.kill()
        answered += sum(outcome.result() for outcome in made)
        for call, outcome in zip(calls, made):
            try:
                steady.describe_component(arn=arn("shared.Killed", call[1]))
                exists = True
            except steady.exceptions.ResourceNotFoundException:
                exists = False
            assert exists or not outcome.result(), "an answered call must last"
            if exists:
                expect_whole(steady, "shared.Killed", call[1], content)
            # The call again elsewhere, with its token.
            steady.create_component_version(
                inlineRecipe=recipe("shared.Killed", call[1], *content), clientToken=call[0])
            expect_whole(steady, "shared.Killed", call[1], content)
    assert answered < 4 * len(moments) and (answered or 3 not in moments)
    named, staged, objects = rows_and_objects(cluster)
    assert named <= objects and objects - named <= staged and not named & staged


def test_the_agent_is_published_to_all_servers(cluster, servers, tmp_path):
    bundle = tmp_path / "bundle"
    # The first bytes of an ELF file; byte 18 names the processor.
    program = bytearray(b"\x7fELF" + bytes(60))
    program[18] = 62
    for file in ("bin/spotter-edge", "lib/spotter/libonnxruntime.so"):
        (bundle / file).parent.mkdir(parents=True)
        (bundle / file).write_bytes(program)
    key, secret = cluster.peer.credentials()
    command = [SPOTTER, "edge-agent", "publish", *cluster.stores(), "--bundle", bundle,
               "--arch", "amd64", "--data-directory", tmp_path / "none"]

    def publish(*arguments, **variables):
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True,
            env={**servers[0].environment(), "AWS_ACCESS_KEY_ID": key,
                 "AWS_SECRET_ACCESS_KEY": secret, "AWS_CONFIG_FILE": "/dev/null",
                 "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", **variables})

    outcome = publish()
    assert outcome.returncode == 0, outcome.stderr
    name = "com.spotter.EdgeAgent"
    assert outcome.stdout == f"{arn(name, '0.1.0')} is DEPLOYABLE\n"
    archive = cluster.s3().get_object(
        Bucket="spotter-edge-agent", Key=f"{name}/0.1.0/spotter-edge.zip")["Body"].read()
    for server in servers:
        client = greengrass(server)
        assert client.describe_component(arn=arn(name, "0.1.0"))["description"]
        assert download(client, name, "0.1.0", "spotter-edge.zip") == (200, archive)
    assert publish().stdout == outcome.stdout
    (bundle / "extra").write_text("x")
    outcome = publish()
    assert outcome.returncode == 1 and "--component-version" in outcome.stderr
    assert publish("--component-version", "0.2.0").stdout == (
        f"{arn(name, '0.2.0')} is DEPLOYABLE\n")
    outcome = publish("--component-version", "0.3.0", "--bucket", STATE)
    assert outcome.returncode == 1 and "for Spotter's own use" in outcome.stderr
    outcome = publish(AWS_SECRET_ACCESS_KEY="another-secret-than-that")
    assert outcome.returncode == 1 and outcome.stderr.startswith("spotter: "), outcome.stderr
    assert "another-secret" not in outcome.stderr
    outcome = subprocess.run(
        [SPOTTER, "edge-agent", "publish", "--bundle", bundle, "--state-bucket", STATE],
        capture_output=True, text=True)
    assert outcome.returncode == 64 and "needs --object-store s3" in outcome.stderr
    assert not (tmp_path / "none").exists()
