"""Several servers and workers on one PostgreSQL and one S3, as processes."""

import json
import subprocess

import botocore.exceptions
import pytest

from support.calls import until, wait, wait_model, wait_package
from support.cluster import STATE, package, patient, put_pictures
from support.commands import detect
from support.server import SPOTTER


def memory_models(server):
    """Models that a server has in memory."""
    import urllib.request
    text = urllib.request.urlopen(f"{server.endpoint}/metrics").read().decode()
    return [float(row.split()[-1]) for row in text.splitlines()
            if row.startswith("spotter_models_in_memory")]


def test_two_servers_and_two_workers_do_the_whole_job_together(cluster):
    first, second = cluster.server(), cluster.server()
    one, two = cluster.worker(), cluster.worker("--concurrency", "2")
    here, there = first.client(), second.client()
    cluster.make_dataset(here, "parts", "parts-images")
    there.create_model(ProjectName="parts", OutputConfig={
        "S3Location": {"Bucket": "parts-images", "Prefix": "results/"}})
    # The worker at work dies; another one goes on.
    until(lambda: cluster.sql("SELECT 1 FROM job WHERE kind = 'train' AND state = 'running'"))
    owner = json.loads(cluster.sql(
        "SELECT document FROM job WHERE kind = 'train'"))["leaseOwner"]
    members = {json.loads(row)["id"]: json.loads(row) for row in cluster.sql(
        "SELECT document FROM member").splitlines()}
    assert members[owner]["role"] == "worker"
    assert sorted(member["role"] for member in members.values()) == [
        "server", "server", "worker", "worker"]
    assert wait_model(here, "parts")["Status"] == "TRAINED"

    here.start_model(ProjectName="parts", ModelVersion="1", MinInferenceUnits=1)
    assert wait_model(there, "parts")["Status"] == "HOSTED"
    # The same model answers everywhere, to the last digit.
    assert detect(here, "parts") == detect(there, "parts")
    assert detect(here, "parts", 901, False) == detect(there, "parts", 901, False)
    there.stop_model(ProjectName="parts", ModelVersion="1")
    assert wait_model(here, "parts")["Status"] == "TRAINED"
    for client in here, there:
        with pytest.raises(botocore.exceptions.ClientError, match="start it and wait"):
            detect(client, "parts")
    for server in first, second:
        until(lambda: memory_models(server) == [0.0])

    job = package(here, "parts", "cluster.parts", "parts-images")
    assert wait_package(there, "parts", job)["Status"] == "SUCCEEDED"
    arns = set()
    for server in first, second:
        greengrass = server.client("greengrassv2")
        versions = greengrass.list_component_versions(
            arn="arn:aws:greengrass:us-east-1:000000000000:components:cluster.parts")
        arns |= {version["arn"] for version in versions["componentVersions"]}
        assert b"cluster.parts" in greengrass.get_component(arn=min(arns))["recipe"]
    assert len(arns) == 1

    here.delete_model(ProjectName="parts", ModelVersion="1")
    until(lambda: not there.list_models(ProjectName="parts")["Models"])
    until(lambda: not cluster.state_keys("models/"))
    for member in one, two, second, first:
        assert member.stop() == 0
    assert cluster.sql("SELECT COUNT(*) FROM member") == "0"


def start_training(cluster, client, project):
    client.create_model(ProjectName=project, OutputConfig={
        "S3Location": {"Bucket": f"{project}-images", "Prefix": "results/"}})
    until(lambda: cluster.sql("SELECT 1 FROM job WHERE kind = 'train' AND state = 'running'"))


@pytest.mark.slow
def test_jobs_of_a_worker_that_dies_go_on_elsewhere(cluster):
    """The lease of the dead worker lasts for half a minute."""
    server = cluster.server()
    victim = cluster.worker()
    client = patient(server)
    cluster.make_dataset(client, "dying", "dying-images")
    start_training(cluster, client, "dying")
    victim.kill()
    heir = cluster.worker()
    assert wait_model(client, "dying")["Status"] == "TRAINED"
    attempts = json.loads(cluster.sql(
        "SELECT document FROM job WHERE document LIKE '%dying%' AND kind = 'train'"))["attempt"]
    assert attempts == 2
    # Files of attempts that came to nothing are remembered, and removed later.
    named = json.loads(cluster.sql(
        "SELECT document FROM model WHERE project = 'dying' AND version = 1"))["files"]
    kept = cluster.state_keys("models/dying/1/")
    staged = set(cluster.sql("SELECT key FROM staged_object").splitlines())
    assert {key for key in kept if not key.startswith(f"models/{named}")} <= staged
    heir.stop()
    server.stop()


def test_a_worker_that_is_stopped_in_order_gives_its_jobs_back_at_once(cluster):
    server, worker = cluster.server(), cluster.worker()
    client = patient(server)
    cluster.make_dataset(client, "stopped", "stopped-images")
    start_training(cluster, client, "stopped")
    assert worker.stop() == 0
    assert cluster.sql("SELECT state FROM job WHERE kind = 'train' AND project = 'stopped'") == (
        "queued")
    heir = cluster.worker()
    assert wait_model(client, "stopped")["Status"] == "TRAINED"
    heir.stop()
    server.stop()


def test_packaging_goes_before_training_and_projects_take_turns(cluster):
    server = cluster.server()
    worker = cluster.worker("--concurrency", "1")
    client = server.client()
    cluster.make_dataset(client, "first", "turn-images", size=(64, 64))
    client.create_model(ProjectName="first", OutputConfig={
        "S3Location": {"Bucket": "turn-images", "Prefix": "results/"}})
    assert wait_model(client, "first")["Status"] == "TRAINED"
    cluster.make_dataset(client, "second", "turn-images", size=(64, 64))
    worker.stop()
    output = {"S3Location": {"Bucket": "turn-images", "Prefix": "results/"}}
    for _ in range(2):
        client.create_model(ProjectName="first", OutputConfig=output)
    client.create_model(ProjectName="second", OutputConfig=output)
    job = package(client, "first", "turns.first", "turn-images")
    cluster.worker("--concurrency", "1")
    wait_package(client, "first", job)
    for project, version in (("first", "2"), ("first", "3"), ("second", "1")):
        wait_model(client, project, version)
    jobs = [json.loads(row) for row in cluster.sql(
        "SELECT document FROM job WHERE kind IN ('train', 'package') AND project IN "
        "('first', 'second') AND claimed IS NOT NULL ORDER BY claimed").splitlines()]
    order = [(job["kind"], job["project"]) for job in jobs[-4:]]
    assert order == [("package", "first"), ("train", "second"), ("train", "first"),
                     ("train", "first")]


def test_the_state_bucket_is_out_of_reach_for_users(cluster):
    server = cluster.server()
    s3 = server.client("s3")
    assert STATE not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    for call in (lambda: s3.list_objects_v2(Bucket=STATE),
                 lambda: s3.put_object(Bucket=STATE, Key="models/x", Body=b"x"),
                 lambda: s3.get_object(Bucket=STATE, Key="models/x"),
                 lambda: s3.delete_bucket(Bucket=STATE)):
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied|Forbidden"):
            call()
    s3.create_bucket(Bucket="theirs")
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        s3.copy_object(Bucket="theirs", Key="x", CopySource=f"{STATE}/models/x")
    server.stop()


def test_a_model_is_not_hosted_before_somebody_does_the_job(cluster):
    """Servers without workers only queue."""
    server = cluster.server()
    client = server.client()
    client.create_project(ProjectName="queued")
    put_pictures(cluster.s3(), "queued-images", 20, 10, (256, 256))
    client.create_dataset(
        ProjectName="queued", DatasetType="train", DatasetSource={"GroundTruthManifest": {
            "S3Object": {"Bucket": "queued-images", "Key": "train.manifest"}}})
    described = client.describe_dataset(ProjectName="queued", DatasetType="train")
    assert described["DatasetDescription"]["Status"] == "CREATE_IN_PROGRESS"
    assert cluster.sql("SELECT state FROM job") == "queued"
    worker = cluster.worker("--kinds", "dataset")
    described = wait(lambda: client.describe_dataset(
        ProjectName="queued", DatasetType="train")["DatasetDescription"], ["CREATE_IN_PROGRESS"])
    assert described["Status"] == "CREATE_COMPLETE"
    # Nobody had begun it before.
    assert json.loads(cluster.sql("SELECT document FROM job"))["attempt"] == 1
    worker.stop()
    server.stop()


@pytest.mark.parametrize("arguments, words", [
    (["worker"], "--state-bucket"),
    (["serve", "--no-worker"], "--no-worker needs --state-bucket"),
    (["serve", "--state-bucket", "spotter-state"], "needs --object-store s3"),
    (["worker", "--kinds", "train,dance"], "'dance' is not a kind of job"),
    (["worker", "--concurrency", "0", "--object-store", "s3", "--metadata", "postgres://h/d",
      "--state-bucket", "spotter-state"], "--concurrency must be 1 to"),
    (["serve", "--state-bucket", "No/Bucket", "--object-store", "s3", "--metadata",
      "postgres://h/d"], "small letters"),
])
def test_what_does_not_go_together_is_refused(arguments, words):
    out = subprocess.run([SPOTTER, *arguments], capture_output=True, text=True)
    assert out.returncode != 0
    assert words in out.stderr
