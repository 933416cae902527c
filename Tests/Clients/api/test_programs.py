"""What AWS's own programs for Lookout for Vision do, call by call and read by read: the twelve
Python examples, the Python SDK `lookoutvision`, and the guide's first program. All on one server,
by the environment and the profile that those programs expect."""

import concurrent.futures
import datetime
import io
import json
import os
import pathlib
import time

import boto3
import botocore.exceptions
import pytest

from support.pictures import draw, png
from support.server import Server

SECONDS_MAX = 120


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session as the programs make it: the profile `lookoutvision-access`, and nothing said about
    endpoints in the program."""
    folder = tmp_path_factory.mktemp("programs")
    server = Server(folder / "data").start()
    text = (server.directory / "credentials").read_text()
    credentials = folder / "credentials"
    credentials.write_text(text + text.replace("[default]", "[lookoutvision-access]"))
    values = {"AWS_ENDPOINT_URL": server.endpoint, "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
              "AWS_CONFIG_FILE": "/dev/null"}
    before = {name: os.environ.get(name) for name in [*values, "AWS_DEFAULT_REGION"]}
    os.environ.update(values)
    os.environ.pop("AWS_DEFAULT_REGION", None)
    yield boto3.Session(profile_name="lookoutvision-access")
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    server.kill()


@pytest.fixture(scope="module")
def client(session):
    return session.client("lookoutvision")


@pytest.fixture(scope="module")
def bucket(session):
    """Pictures in folders by their class, for training and for a test."""
    s3 = session.client("s3")
    s3.create_bucket(Bucket="factory")
    for kind, first, normal, anomalous in [("train", 0, 24, 14), ("test", 100, 10, 10)]:
        for index in range(normal + anomalous):
            name = "anomaly" if index >= normal else "normal"
            s3.put_object(Bucket="factory", Key=f"images/{kind}/{name}/{index}.png",
                          Body=png(draw(first + index, index >= normal)[0]))
    return "factory"


def poll(describe, going_on):
    """Reads Status and StatusMessage until the status is another, as the programs do."""
    deadline = time.time() + SECONDS_MAX
    while time.time() < deadline:
        answer = describe()
        assert answer["StatusMessage"].strip()
        if answer["Status"] not in going_on:
            return answer
        time.sleep(0.05)
    raise AssertionError(answer)


# The examples: projects, datasets, models, hosting, inference, and those that go through all.

def manifest_in_s3(session, images, manifest):
    """datasets.py: a manifest of the folders `normal` and `anomaly`, uploaded as a file."""
    resource = session.resource("s3")
    name, prefix = images.removeprefix("s3://").split("/", 1)
    lines = []
    for label, kind in enumerate(("normal", "anomaly")):
        for found in resource.Bucket(name).objects.filter(Prefix=f"{prefix}{kind}/", Delimiter="/"):
            lines.append(json.dumps({
                "source-ref": f"s3://{name}/{found.key}", "anomaly-label": label,
                "anomaly-label-metadata": {
                    "confidence": 1, "job-name": "labeling-job/anomaly-label", "class-name": kind,
                    "human-annotated": "yes",
                    "creation-date": datetime.datetime.now().strftime("%Y-%m-%dT%H:%M:%S.%f"),
                    "type": "groundtruth/image-classification"}}))
    target, key = manifest.removeprefix("s3://").split("/", 1)
    resource.Bucket(target).upload_fileobj(io.BytesIO("\n".join(lines).encode()), key)


def create_dataset(client, project, manifest, kind):
    bucket, key = manifest.removeprefix("s3://").split("/", 1)
    made = client.create_dataset(
        ProjectName=project, DatasetType=kind,
        DatasetSource={"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Key": key}}})
    metadata = made["DatasetMetadata"]
    assert metadata["Status"] and metadata["StatusMessage"] and metadata["DatasetType"] == kind
    done = poll(lambda: client.describe_dataset(
        ProjectName=project, DatasetType=kind)["DatasetDescription"], ["CREATE_IN_PROGRESS"])
    assert done["Status"] == "CREATE_COMPLETE", done


def show_model(client, project, version):
    """models.py: every member is read without asking whether it is there."""
    model = client.describe_model(ProjectName=project, ModelVersion=version)["ModelDescription"]
    assert model["ModelArn"] and model["StatusMessage"] and model["CreationTimestamp"]
    if model["Status"] in ("TRAINED", "HOSTED"):
        assert model["EvaluationEndTimestamp"] >= model["CreationTimestamp"]
        assert all(0 <= model["Performance"][x] <= 1 for x in ("Recall", "Precision", "F1Score"))
        location = model["OutputConfig"]["S3Location"]
        return f"s3://{location['Bucket']}/{location['Prefix']}"
    return None


def show_projects(client):
    """projects.py and getting_started.py."""
    names = []
    for project in client.list_projects()["Projects"]:
        assert project["ProjectArn"] and project["CreationTimestamp"]
        names.append(project["ProjectName"])
        described = client.describe_project(ProjectName=names[-1])["ProjectDescription"]
        for dataset in described["Datasets"]:
            assert dataset["DatasetType"] in ("train", "test") and dataset["StatusMessage"]
        for model in client.list_models(ProjectName=names[-1])["Models"]:
            show_model(client, names[-1], model["ModelVersion"])
    return names


def test_the_first_program_of_the_guide_lists_projects(client):
    answer = client.list_projects()
    assert isinstance(answer["Projects"], list)
    show_projects(client)


@pytest.fixture(scope="module")
def trained(session, client, bucket):
    """train_host.py up to the question whether to start the model."""
    made = client.create_project(ProjectName="examples")
    assert made["ProjectMetadata"]["ProjectArn"].endswith("project/examples")
    for kind in ("train", "test"):
        manifest = f"s3://{bucket}/examples/manifests/{kind}.manifest"
        manifest_in_s3(session, f"s3://{bucket}/images/{kind}/", manifest)
        create_dataset(client, "examples", manifest, kind)
    show_projects(client)
    model = client.create_model(
        ProjectName="examples", Tags=[{"Key": "stage", "Value": "production"}],
        OutputConfig={"S3Location": {"Bucket": bucket, "Prefix": "examples/output/"}},
    )["ModelMetadata"]
    show_model(client, "examples", model["ModelVersion"])
    done = poll(lambda: client.describe_model(
        ProjectName="examples", ModelVersion=model["ModelVersion"])["ModelDescription"],
        ["TRAINING"])
    assert done["Status"] == "TRAINED", done
    return model["ModelVersion"]


def test_a_model_is_described_started_asked_found_and_stopped(session, client, bucket, trained,
                                                              tmp_path):
    assert show_model(client, "examples", trained) == f"s3://{bucket}/examples/output/"
    started = client.start_model(
        ProjectName="examples", ModelVersion=trained, MinInferenceUnits=1)
    assert started["Status"] == "STARTING_HOSTING"
    show_projects(client)
    described = lambda: client.describe_model(
        ProjectName="examples", ModelVersion=trained)["ModelDescription"]
    assert poll(described, ["STARTING_HOSTING"])["Status"] == "HOSTED"
    show_projects(client)
    # inference.py fetches the picture from S3, and reads the verdict.
    photo = tmp_path / "photo.png"
    session.resource("s3").Bucket(bucket).download_file("images/test/anomaly/12.png", str(photo))
    result = client.detect_anomalies(
        ProjectName="examples", ModelVersion=trained, ContentType="image/png",
        Body=photo.read_bytes())["DetectAnomalyResult"]
    assert isinstance(result["IsAnomalous"], bool) and 0 <= result["Confidence"] <= 1
    # find_running_models.py, by paginators.
    running = []
    for page in client.get_paginator("list_projects").paginate():
        for project in page["Projects"]:
            pages = client.get_paginator("list_models").paginate(ProjectName=project["ProjectName"])
            running += [model["ModelArn"] for models in pages for model in models["Models"]
                        if model["Status"] == "HOSTED"]
    assert [arn for arn in running if arn.endswith("model/examples/1")] == running[:1]
    # find_tag.py.
    tags = client.list_tags_for_resource(ResourceArn=described()["ModelArn"])["Tags"]
    assert {"Key": "stage", "Value": "production"} in tags
    stopped = client.stop_model(ProjectName="examples", ModelVersion=trained)
    assert stopped["Status"] == "STOPPING_HOSTING"
    assert poll(described, ["STOPPING_HOSTING"])["Status"] == "TRAINED"
    show_projects(client)


def test_a_dataset_is_described_exported_and_updated(session, client, bucket, trained):
    described = lambda: client.describe_dataset(
        ProjectName="examples", DatasetType="test")["DatasetDescription"]
    stats = described()["ImageStats"]
    assert stats == {"Total": 20, "Labeled": 20, "Normal": 10, "Anomaly": 10}
    # export_datasets.py copies images and writes their lines.
    resource = session.resource("s3")
    lines = []
    for page in client.get_paginator("list_dataset_entries").paginate(
            ProjectName="examples", DatasetType="test", PaginationConfig={"PageSize": 7}):
        for text in page["DatasetEntries"]:
            entry = json.loads(text)
            source, key = entry["source-ref"].removeprefix("s3://").split("/", 1)
            copied = resource.Bucket(bucket).Object(f"exported/test/images/{key}")
            copied.copy_from(CopySource={"Bucket": source, "Key": key})
            copied.wait_until_exists()
            entry["source-ref"] = f"s3://{bucket}/{copied.key}"
            lines.append(json.dumps(entry))
    assert len(lines) == 20
    put = resource.Bucket(bucket).Object("exported/datasets/test.manifest")
    put.put(Body="\n".join(lines).encode())
    put.wait_until_exists()
    # update_dataset.py gives the changes as text.
    client.update_dataset_entries(
        ProjectName="examples", DatasetType="test", Changes="\n".join(lines[:3]))
    done = poll(described, ["UPDATE_IN_PROGRESS", "UPDATE_FAILED_ROLLBACK_IN_PROGRESS"])
    assert done["Status"] == "UPDATE_COMPLETE", done
    assert done["ImageStats"]["Total"] == 23
    with pytest.raises(resource.meta.client.exceptions.ClientError) as caught:
        resource.Bucket(bucket).Object("exported/x").copy_from(
            CopySource={"Bucket": bucket, "Key": "nothing"})
    assert caught.value.response["Error"]["Code"] in ("404", "NoSuchKey")


def test_a_script_that_goes_through_all_regions_finds_what_runs_in_this_one(session, client,
                                                                            trained):
    regions = session.get_available_regions("lookoutvision")
    assert "us-east-1" in regions
    found = {}
    for region in {*regions, "us-east-1", "eu-west-1"}:
        elsewhere = session.client("lookoutvision", region_name=region)
        found[region] = [project["ProjectName"]
                         for page in elsewhere.get_paginator("list_projects").paginate()
                         for project in page["Projects"]]
    assert "examples" in found.pop("us-east-1")
    assert not any(found.values())
    with pytest.raises(botocore.exceptions.ClientError, match="'us-east-1'.*'eu-west-1'"):
        session.client("lookoutvision", region_name="eu-west-1").describe_project(
            ProjectName="examples")


# The Python SDK `lookoutvision`, version 0.1.10 and its sources.

class Project:
    """The calls of its class for a project."""

    def __init__(self, session, name):
        self.client, self.s3, self.name = (
            session.client("lookoutvision"), session.client("s3"), name)
        try:
            self.client.create_project(ProjectName=name)["ProjectMetadata"]["ProjectArn"]
        except botocore.exceptions.ClientError as error:
            assert "ConflictException" in str(error)

    def update_datasets(self, datasets):
        """update_datasets(wait=True): those that are there are deleted first. The published sources
        send a VersionId, the package does not."""
        described = self.client.describe_project(ProjectName=self.name)["ProjectDescription"]
        for dataset in described["Datasets"]:
            self.client.delete_dataset(ProjectName=self.name, DatasetType=dataset["DatasetType"])
        for number, (kind, key) in enumerate(datasets.items()):
            version = {"VersionId": "1"} if number == 0 else {}
            self.client.create_dataset(
                ProjectName=self.name, DatasetType=kind, DatasetSource={"GroundTruthManifest": {
                    "S3Object": {"Bucket": "factory", "Key": key, **version}}})
        for kind in datasets:
            done = poll(lambda: self.client.describe_dataset(
                ProjectName=self.name, DatasetType=kind)["DatasetDescription"],
                ["CREATE_IN_PROGRESS"])
            assert done["Status"] == "CREATE_COMPLETE", done

    def fit(self, prefix=None):
        for kind, least in (("train", 20), ("test", 10)):
            stats = self.client.describe_dataset(
                ProjectName=self.name, DatasetType=kind)["DatasetDescription"]["ImageStats"]
            assert stats["Normal"] >= least and stats["Anomaly"] >= 10
        model = self.client.create_model(
            ProjectName=self.name, OutputConfig={"S3Location": {
                "Bucket": "factory", "Prefix": "" if prefix is None else prefix}})["ModelMetadata"]
        done = poll(lambda: self.client.describe_model(
            ProjectName=self.name, ModelVersion=model["ModelVersion"])["ModelDescription"],
            ["TRAINING"])
        assert done["Status"] == "TRAINED", done
        return model["ModelVersion"]

    def delete(self):
        for kind in ("train", "test"):
            if self.client.list_dataset_entries(
                    ProjectName=self.name, DatasetType=kind)["DatasetEntries"]:
                self.client.delete_dataset(ProjectName=self.name, DatasetType=kind)
        if self.client.list_models(ProjectName=self.name)["Models"]:
            self.client.delete_model(ProjectName=self.name, ModelVersion="1")
        deadline = time.time() + SECONDS_MAX
        while self.client.list_models(ProjectName=self.name)["Models"]:
            assert time.time() < deadline
            time.sleep(0.05)
        assert self.client.delete_project(ProjectName=self.name)["ProjectArn"]


@pytest.fixture(scope="module")
def manifests(session, bucket):
    keys = {kind: f"sdk/{kind}.manifest" for kind in ("train", "test")}
    for kind, key in keys.items():
        manifest_in_s3(session, f"s3://{bucket}/images/{kind}/", f"s3://{bucket}/{key}")
    return keys


def test_the_python_sdk_fits_a_model_and_judges_a_bucket_in_a_batch(session, bucket, manifests):
    project = Project(session, "sdk")
    project.update_datasets(manifests)
    project.update_datasets(manifests)
    version = project.fit()
    # Its table of metrics takes them from the list.
    model, = [x for x in project.client.list_models(ProjectName="sdk")["Models"]
              if x["ModelVersion"] == version]
    assert set(model["Performance"]) == {"F1Score", "Recall", "Precision"}
    project.client.start_model(ProjectName="sdk", ModelVersion=version, MinInferenceUnits=1)
    describe = lambda: project.client.describe_model(
        ProjectName="sdk", ModelVersion=version)["ModelDescription"]
    assert poll(describe, ["STARTING_HOSTING"])["Status"] == "HOSTED"
    judged = 0
    for page in project.s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix="images/test/anomaly/"):
        for found in page["Contents"]:
            body = project.s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
            result = project.client.detect_anomalies(
                ProjectName="sdk", ModelVersion=version, Body=body,
                ContentType="image/jpeg")["DetectAnomalyResult"]
            project.s3.put_object(
                Bucket=bucket, Key=f"judged/{pathlib.Path(found['Key']).name}.json",
                Body=json.dumps(result))
            judged += 1
    assert judged == 10
    assert project.client.stop_model(
        ProjectName="sdk", ModelVersion=version)["Status"] == "STOPPING_HOSTING"
    assert poll(describe, ["STOPPING_HOSTING"])["Status"] == "TRAINED"


def test_the_python_sdk_trains_folds_side_by_side_and_reads_their_results(session, bucket,
                                                                         manifests):
    def fold(number):
        project = Project(session, f"folds_{number}")
        project.update_datasets(manifests)
        project.fit("k_fold_")
        project.delete()

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(fold, range(2)))
    s3 = session.client("s3")
    for number in range(2):
        answer = s3.get_object(
            Bucket=bucket, Key=f"k_fold_EvaluationResult-folds_{number}-1.json")
        result = json.loads(answer["Body"].read())
        assert result["Version"] and result["AggregatedEvaluationResults"]["Metrics"]["F1Score"] >= 0
        details = result["EvaluationDetails"]
        assert details["NumberOfTrainingImages"] == 38 and details["NumberOfTestingImages"] == 20
