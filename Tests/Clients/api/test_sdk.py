"""The API through the SDKs of both ages: those with the client, and those that must learn it."""

import json
import os
import pathlib
import subprocess
import sys
import textwrap
import time

import botocore.exceptions
import pytest

from support.calls import until, wait, wait_model
from support.pictures import draw, png
from support.server import HAS_CLIENT, SPOTTER

AWS = pathlib.Path(sys.executable).parent / "aws"


@pytest.fixture
def cli(hosted, tmp_path):
    """Runs the AWS CLI as somebody would who has just installed it."""
    home = tmp_path / "home"
    home.mkdir()
    if not HAS_CLIENT:
        subprocess.run([SPOTTER, "sdk-model", "install"], check=True, timeout=60,
                       env={**os.environ, "HOME": str(home)}, stdout=subprocess.DEVNULL)
    access, secret = hosted.credentials()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment |= {"AWS_ENDPOINT_URL": hosted.endpoint, "AWS_ACCESS_KEY_ID": access,
                    "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "us-east-1",
                    "HOME": str(home), "AWS_PAGER": ""}

    def run(*arguments, fails=False):
        result = subprocess.run([AWS, "lookoutvision", *arguments], env=environment,
                                capture_output=True, text=True, timeout=120)
        assert (result.returncode != 0) == fails, result.stderr
        return result.stderr if fails else json.loads(result.stdout or "{}")
    return run


def test_the_command_line_makes_projects_detects_and_reads_errors(hosted, cli, tmp_path):
    name = ["--project-name", "cli-short"]
    assert cli("create-project", *name)["ProjectMetadata"]["ProjectName"] == "cli-short"
    picture = tmp_path / "picture.png"
    picture.write_bytes(png(draw(2000, True)[0]))
    found = cli("detect-anomalies", "--project-name", "parts", "--model-version", "1",
                "--content-type", "image/png", "--body", str(picture))
    assert found["DetectAnomalyResult"]["IsAnomalous"]
    assert "ConflictException" in cli("create-project", *name, fails=True)


@pytest.mark.slow
def test_the_command_line_knows_all_operations(hosted, cli, tmp_path):
    name = ["--project-name", "cli"]
    train = [*name, "--dataset-type", "train"]
    model = [*name, "--model-version", "1"]
    parts = ["--project-name", "parts", "--model-version", "1"]
    assert cli("create-project", *name)["ProjectMetadata"]["ProjectName"] == "cli"
    cli("create-dataset", *train)
    lines = tmp_path / "lines"
    lines.write_text('{"source-ref":"s3://bucket/a.png"}\n')
    assert cli("update-dataset-entries", *train, "--changes", f"fileb://{lines}")["Status"]
    client = hosted.client()
    wait(lambda: client.describe_dataset(ProjectName="cli", DatasetType="train")[
        "DatasetDescription"], ["UPDATE_IN_PROGRESS"])
    assert cli("describe-dataset", *train)["DatasetDescription"]["ImageStats"]["Total"] == 1
    assert cli("list-dataset-entries", *train, "--source-ref-contains", "a.png", "--no-labeled",
               "--after-creation-date", "2020-06-23T00:00:00Z")["DatasetEntries"] == [
        '{"source-ref":"s3://bucket/a.png"}']
    arn = cli("create-model", *name, "--output-config", "S3Location={Bucket=nowhere,Prefix=x/}",
              "--tags", "Key=line,Value=7")["ModelMetadata"]["ModelArn"]
    assert cli("list-tags-for-resource", "--resource-arn", arn)["Tags"] == [
        {"Key": "line", "Value": "7"}]
    cli("tag-resource", "--resource-arn", arn, "--tags", "Key=team,Value=quality check")
    cli("untag-resource", "--resource-arn", arn, "--tag-keys", "line")
    assert cli("list-tags-for-resource", "--resource-arn", arn)["Tags"] == [
        {"Key": "team", "Value": "quality check"}]
    assert wait_model(client, "cli")["Status"] == "TRAINING_FAILED"
    assert cli("describe-model", *model)["ModelDescription"]["StatusMessage"]
    assert len(cli("list-models", *name)["Models"]) == 1
    assert "ConflictException" in cli("start-model", *model, "--min-inference-units", "1",
                                      fails=True)
    assert "ConflictException" in cli("stop-model", *model, fails=True)
    assert cli("delete-model", *model)["ModelArn"] == arn
    cli("delete-dataset", *train)
    picture = tmp_path / "picture.png"
    picture.write_bytes(png(draw(2000, True)[0]))
    found = cli("detect-anomalies", *parts, "--content-type", "image/png", "--body", str(picture))
    assert found["DetectAnomalyResult"]["IsAnomalous"]
    job = cli("start-model-packaging-job", *parts, "--configuration", json.dumps({"Greengrass": {
        "S3OutputLocation": {"Bucket": "parts-images"},
        "ComponentName": f"com.example.cli.{AWS.parents[1].name}",
        "TargetPlatform": {"Os": "LINUX", "Arch": "ARM64"}}}))["JobName"]
    names = [x["JobName"] for x in cli("list-model-packaging-jobs", "--project-name", "parts")[
        "ModelPackagingJobs"]]
    assert job in names
    assert cli("describe-model-packaging-job", "--project-name", "parts", "--job-name", job)
    until(lambda: not client.list_models(ProjectName="cli")["Models"])
    assert cli("delete-project", *name)["ProjectArn"].endswith("project/cli")
    assert cli("describe-project", "--project-name", "parts")["ProjectDescription"]["Datasets"]
    assert "cli" not in [x["ProjectName"] for x in cli("list-projects")["Projects"]]
    assert "ResourceNotFoundException" in cli("describe-project", *name, fails=True)


def test_a_file_as_a_body_does_not_wait_for_the_server_to_continue(hosted, tmp_path):
    picture = tmp_path / "picture.png"
    picture.write_bytes(png(draw(2001, False)[0]))
    client = hosted.client()
    began = time.monotonic()
    for _ in range(4):
        with picture.open("rb") as body:
            client.detect_anomalies(ProjectName="parts", ModelVersion="1",
                                    ContentType="image/png", Body=body)
    # SDKs send the body after a second when nobody answers their Expect header.
    assert time.monotonic() - began < 4


@pytest.mark.skipif(HAS_CLIENT, reason="the waiters come with the installed model")
def test_waiters_wait_for_datasets_models_and_packages(hosted):
    client = hosted.client()
    assert set(client.waiter_names) >= {
        "dataset_created", "dataset_updated", "model_trained", "model_hosted", "model_stopped",
        "model_deleted", "model_packaging_job_succeeded"}
    client.create_project(ProjectName="waits")
    client.create_dataset(ProjectName="waits", DatasetType="train")
    client.get_waiter("dataset_created").wait(ProjectName="waits", DatasetType="train")
    client.update_dataset_entries(ProjectName="waits", DatasetType="train", Changes=b"{}")
    with pytest.raises(botocore.exceptions.WaiterError, match="UPDATE_FAILED_ROLLBACK_COMPLETE"):
        client.get_waiter("dataset_updated").wait(ProjectName="waits", DatasetType="train")
    client.create_model(ProjectName="waits", OutputConfig={"S3Location": {"Bucket": "nowhere"}})
    with pytest.raises(botocore.exceptions.WaiterError, match="TRAINING_FAILED"):
        client.get_waiter("model_trained").wait(ProjectName="waits", ModelVersion="1")
    client.delete_model(ProjectName="waits", ModelVersion="1")
    client.get_waiter("model_deleted").wait(ProjectName="waits", ModelVersion="1")
    client.get_waiter("model_hosted").wait(ProjectName="parts", ModelVersion="1")
    job = client.start_model_packaging_job(
        ProjectName="parts", ModelVersion="1", Configuration={"Greengrass": {
            "S3OutputLocation": {"Bucket": "parts-images"}, "ComponentName": "com.example.waits",
            "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}})["JobName"]
    client.get_waiter("model_packaging_job_succeeded").wait(ProjectName="parts", JobName=job)


def test_an_installed_model_knows_regions_and_asks_for_the_address_of_a_server(tmp_path):
    subprocess.run([SPOTTER, "sdk-model", "install", "--directory", tmp_path / ".aws" / "models"],
                   check=True, stdout=subprocess.DEVNULL, timeout=60)
    program = textwrap.dedent("""
        import boto3, botocore
        session = boto3.Session(aws_access_key_id="A", aws_secret_access_key="S")
        assert {"us-east-1", "eu-central-1"} <= set(session.get_available_regions("lookoutvision"))
        for region in ("us-east-1", "eu-central-1"):
            client = session.client("lookoutvision", region_name=region)
            try:
                client.list_projects()
            except botocore.exceptions.EndpointResolutionError as error:
                print(error)
    """)
    answer = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60,
        env={"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}).stdout
    assert answer.count("set AWS_ENDPOINT_URL") == 2


def test_the_installed_model_is_the_shapes_file(tmp_path):
    subprocess.run([SPOTTER, "sdk-model", "install", "--directory", tmp_path], check=True,
                   stdout=subprocess.DEVNULL, timeout=60)
    folder = tmp_path / "lookoutvision" / "2020-11-20"
    assert sorted(x.name for x in folder.iterdir()) == [
        "endpoint-rule-set-1.json", "paginators-1.json", "service-2.json", "waiters-2.json"]
    service = json.loads((folder / "service-2.json").read_text())
    assert len(service["operations"]) == 22 and len(service["shapes"]) == 141
    for operation in service["operations"].values():
        assert operation["documentation"]
    shapes = pathlib.Path(__file__).parents[3] / "shared/api/lookoutvision-2020-11-20.shapes.json"
    if not shapes.exists():
        return
    original = json.loads(shapes.read_text())

    def bare(value, name=None):
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items()
                    if not (k == "documentation" and isinstance(v, str))
                    # Nothing is shorter or smaller than nothing.
                    and not (k == "min" and v == 0)}
        return sorted(value, key=str) if isinstance(value, list) else value
    for name, shape in original["shapes"].items():
        assert bare(service["shapes"][name]) == bare(shape), name
    for name, operation in original["operations"].items():
        made = service["operations"][name]
        assert made["http"] == {"method": operation["method"], "requestUri": operation["uri"],
                                "responseCode": operation["status"]}
        assert [x["shape"] for x in made["errors"]] == operation["errors"] or (
            {x["shape"] for x in made["errors"]} == set(operation["errors"]))


def test_a_model_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    result = subprocess.run([SPOTTER, "sdk-model", "install", "--directory", tmp_path / "file"],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert str(tmp_path / "file") in result.stderr
