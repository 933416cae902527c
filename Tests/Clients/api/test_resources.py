"""Projects, datasets, entries, models and tags: their states, their ends, their pages."""

import concurrent.futures
import datetime
import json
import time
import uuid

import pytest

from support.calls import error, until, wait, wait_dataset, wait_model
from support.pictures import draw, line, make_dataset, png, source, train
from support.server import Server

LABEL = "label-metadata"


def code(call, **arguments):
    return error(call, **arguments)["Error"]["Code"]


def entries(client, **filters):
    pages = client.get_paginator("list_dataset_entries").paginate(
        ProjectName=client.project, DatasetType="train", **filters)
    return [json.loads(entry) for page in pages for entry in page["DatasetEntries"]]


def names(found):
    return [entry["source-ref"].rsplit("/", 1)[1] for entry in found]


def update(client, lines, project=None, kind="train"):
    project = project or client.project
    text = "".join(x if isinstance(x, str) else json.dumps(x) + "\n" for x in lines)
    answer = client.update_dataset_entries(
        ProjectName=project, DatasetType=kind, Changes=text.encode())
    assert answer["Status"] == "UPDATE_IN_PROGRESS"
    return wait(lambda: client.describe_dataset(
        ProjectName=project, DatasetType=kind)["DatasetDescription"], ["UPDATE_IN_PROGRESS"])


@pytest.fixture
def client(shared):
    """A client whose `project` is the test's own, with an empty train dataset."""
    client = shared.client()
    client.project = f"p-{uuid.uuid4().hex}"
    client.create_project(ProjectName=client.project)
    client.create_dataset(ProjectName=client.project, DatasetType="train")
    return client


def test_entries_are_added_replaced_and_filtered(client):
    plain = {"source-ref": "s3://bucket/plain.png"}
    done = update(client, [line("bucket", "a.png", False), line("bucket", "b.png", True), plain])
    assert done["Status"] == "UPDATE_COMPLETE"
    assert done["ImageStats"] == {"Total": 3, "Labeled": 2, "Normal": 1, "Anomaly": 1}
    assert names(entries(client)) == ["plain.png", "b.png", "a.png"]
    time.sleep(1.1)
    middle = datetime.datetime.now(datetime.timezone.utc)
    changed = line("bucket", "a.png", True)
    changed["note"] = "füße"
    done = update(client, [changed, line("bucket", "sub/c.png", False)])
    assert done["ImageStats"] == {"Total": 4, "Labeled": 3, "Normal": 1, "Anomaly": 2}
    found = entries(client)
    assert names(found) == ["c.png", "plain.png", "b.png", "a.png"]
    assert found[-1] == changed
    assert names(entries(client, Labeled=False)) == ["plain.png"]
    assert names(entries(client, Labeled=True)) == ["c.png", "b.png", "a.png"]
    assert names(entries(client, AnomalyClass="normal")) == ["c.png"]
    assert names(entries(client, AnomalyClass="anomaly")) == ["b.png", "a.png"]
    assert names(entries(client, SourceRefContains="/sub/")) == ["c.png"]
    assert names(entries(client, SourceRefContains="%")) == []
    assert names(entries(client, AfterCreationDate=middle)) == ["c.png"]
    assert names(entries(client, BeforeCreationDate=middle)) == ["plain.png", "b.png", "a.png"]
    assert names(entries(client, PaginationConfig={"PageSize": 1})) == names(found)


@pytest.mark.parametrize("changes, words", [
    ([line("bucket", "a.png", True), "{broken\n"], "Line 2"),
    ([{"label": 1}], "source-ref"),
    ([{"source-ref": "https://example.com/a.png"}], "s3://"),
    (["\n\n"], "no lines"),
    (["\xff".encode("latin-1").decode("latin-1") + "\n"], "JSON"),
    ([{"source-ref": "s3://bucket/" + "a" * 9000}], "longer"),
])
def test_a_failed_update_changes_nothing_and_says_why(client, changes, words):
    update(client, [line("bucket", "a.png", False)])
    before = entries(client)
    done = update(client, changes)
    assert done["Status"] == "UPDATE_FAILED_ROLLBACK_COMPLETE"
    assert words in done["StatusMessage"], done["StatusMessage"]
    assert entries(client) == before
    assert update(client, [line("bucket", "b.png", False)])["Status"] == "UPDATE_COMPLETE"


def test_a_mask_may_name_twenty_labels(client):
    def many(count):
        entry = line("bucket", "a.png", True, "m.png")
        entry["mask-ref-metadata"]["internal-color-map"] = {
            str(i): {"class-name": f"c{i}", "hex-color": f"#0000{i:02x}"} for i in range(count)}
        return entry
    assert update(client, [many(20)])["Status"] == "UPDATE_COMPLETE"
    done = update(client, [many(21)])
    assert done["Status"] == "UPDATE_FAILED_ROLLBACK_COMPLETE" and "20" in done["StatusMessage"]


@pytest.mark.parametrize("count, pages", [(1, [1]), (99, [99]), (100, [100]), (101, [100, 1])])
def test_lists_of_every_kind_have_pages_of_a_hundred(tmp_path, count, pages):
    server = Server(tmp_path / "data").start()
    try:
        client = server.client()
        for index in range(count):
            client.create_project(ProjectName=f"p{index:03}")
        client.create_dataset(ProjectName="p000", DatasetType="train")
        update(client, [{"source-ref": f"s3://b/{i}.png"} for i in range(count)], "p000")
        for index in range(count):
            client.create_model(ProjectName="p000",
                                OutputConfig={"S3Location": {"Bucket": "nowhere"}})
        calls = [("list_projects", "Projects", {}), ("list_models", "Models", {"ProjectName": "p000"}),
                 ("list_dataset_entries", "DatasetEntries",
                  {"ProjectName": "p000", "DatasetType": "train"})]
        for call, member, arguments in calls:
            sizes = [len(page[member]) for page in client.get_paginator(call).paginate(**arguments)]
            assert sizes == pages, call
            assert code(getattr(client, call), MaxResults=101, **arguments) == "ValidationException"
            assert code(getattr(client, call), NextToken="Zm9yZ2Vk", **arguments) == (
                "ValidationException")
    finally:
        server.kill()


def test_a_token_is_good_for_its_own_list_only(client):
    update(client, [{"source-ref": f"s3://b/{i}.png"} for i in range(3)])
    arguments = dict(ProjectName=client.project, DatasetType="train")
    token = client.list_dataset_entries(MaxResults=1, **arguments)["NextToken"]
    assert len(client.list_dataset_entries(NextToken=token, **arguments)["DatasetEntries"]) == 2
    assert code(client.list_dataset_entries, NextToken=token, Labeled=True, **arguments) == (
        "ValidationException")
    assert code(client.list_projects, NextToken=token) == "ValidationException"


def test_datasets_and_projects_end_and_may_come_again(shared, client):
    folder = shared.bucket("bucket")
    (folder / "a.png").write_bytes(png(draw(1, False)[0]))
    update(client, [line("bucket", "a.png", False)])
    failure = error(client.delete_project, ProjectName=client.project)
    assert failure["Error"]["Code"] == "ConflictException"
    assert failure["ResourceType"] == "PROJECT" and "train dataset" in failure["Error"]["Message"]
    assert client.delete_dataset(
        ProjectName=client.project, DatasetType="train")["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert code(client.describe_dataset, ProjectName=client.project, DatasetType="train") == (
        "ResourceNotFoundException")
    assert code(client.delete_dataset, ProjectName=client.project, DatasetType="train") == (
        "ResourceNotFoundException")
    assert (folder / "a.png").exists()
    client.create_dataset(ProjectName=client.project, DatasetType="train")
    assert entries(client) == []
    client.delete_dataset(ProjectName=client.project, DatasetType="train")
    arn = client.delete_project(ProjectName=client.project)["ProjectArn"]
    assert arn.endswith(f":project/{client.project}")
    assert code(client.describe_project, ProjectName=client.project) == "ResourceNotFoundException"
    assert code(client.delete_project, ProjectName=client.project) == "ResourceNotFoundException"
    client.create_project(ProjectName=client.project)


def failed_model(client):
    """A model whose training fails: there are no images."""
    version = client.create_model(
        ProjectName=client.project, OutputConfig={"S3Location": {"Bucket": "nowhere"}})[
            "ModelMetadata"]["ModelVersion"]
    assert wait_model(client, client.project, version)["Status"] == "TRAINING_FAILED"
    return version


def test_versions_are_never_used_twice_and_latest_is_the_newest(client):
    assert [failed_model(client), failed_model(client)] == ["1", "2"]
    arn = client.delete_model(ProjectName=client.project, ModelVersion="2")["ModelArn"]
    assert arn.endswith(f":model/{client.project}/2")
    wait_gone(client, "2")
    assert failed_model(client) == "3"
    assert [m["ModelVersion"] for m in client.list_models(ProjectName=client.project)["Models"]] == ["3", "1"]
    latest = client.describe_model(ProjectName=client.project, ModelVersion="latest")["ModelDescription"]
    assert latest["ModelVersion"] == "3"
    assert code(client.delete_model, ProjectName=client.project, ModelVersion="latest") == (
        "ValidationException")
    assert code(client.delete_project, ProjectName=client.project) == "ConflictException"


def wait_gone(client, version):
    until(lambda: version not in [m["ModelVersion"] for m in client.list_models(
        ProjectName=client.project)["Models"]])


def test_tags_live_and_die_with_their_model(client):
    client.create_model(ProjectName=client.project, OutputConfig={"S3Location": {"Bucket": "nowhere"}},
                        Tags=[{"Key": "line", "Value": "7"}])
    arn = client.describe_model(ProjectName=client.project, ModelVersion="1")["ModelDescription"]["ModelArn"]

    def tags():
        return {t["Key"]: t["Value"] for t in client.list_tags_for_resource(ResourceArn=arn)["Tags"]}

    assert tags() == {"line": "7"}
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "line", "Value": "8"},
                                               {"Key": "größe/@:+=-_.", "Value": ""}])
    assert tags() == {"line": "8", "größe/@:+=-_.": ""}
    client.untag_resource(ResourceArn=arn, TagKeys=["line", "unknown"])
    assert tags() == {"größe/@:+=-_.": ""}
    many = [{"Key": f"k{i}", "Value": "v"} for i in range(50)]
    failure = error(client.tag_resource, ResourceArn=arn, Tags=many)
    assert failure["Error"]["Code"] == "ServiceQuotaExceededException"
    assert failure["ResponseMetadata"]["HTTPStatusCode"] == 402
    assert failure["QuotaCode"] and failure["ServiceCode"]
    client.tag_resource(ResourceArn=arn, Tags=many[:49])
    assert len(tags()) == 50
    for bad in ([{"Key": "aws:x", "Value": ""}], [{"Key": "a", "Value": ""}] * 2,
                [{"Key": "semi;colon", "Value": ""}],
                [{"Key": f"k{i}", "Value": "v"} for i in range(201)]):
        assert code(client.tag_resource, ResourceArn=arn, Tags=bad) == "ValidationException"
    wait_model(client, client.project)
    client.delete_model(ProjectName=client.project, ModelVersion="1")
    wait_gone(client, "1")
    for call, arguments in ((client.list_tags_for_resource, {}),
                            (client.tag_resource, {"Tags": many[:1]}),
                            (client.untag_resource, {"TagKeys": ["k1"]})):
        failure = error(call, ResourceArn=arn, **arguments)
        assert failure["Error"]["Code"] == "ResourceNotFoundException"
        assert failure["ResourceType"] == "MODEL"
        for other in ("nonsense", arn.replace(":model/", ":project/"), arn.replace(
                "000000000000", "111111111111"), arn + "/../2"):
            assert code(call, ResourceArn=other, **arguments) == "ValidationException"


def test_one_of_many_creations_at_once_wins(shared, client):
    def create(_):
        try:
            shared.client().create_project(ProjectName=f"race-{client.project}")
            return "created"
        except client.exceptions.ConflictException:
            return "conflict"
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        results = list(pool.map(create, range(16)))
    assert sorted(results) == ["conflict"] * 15 + ["created"]


def test_one_token_at_once_from_many_does_the_call_once(shared, client):
    def create(_):
        return shared.client().create_model(
            ProjectName=client.project, ClientToken="the-same",
            OutputConfig={"S3Location": {"Bucket": "nowhere"}})["ModelMetadata"]["ModelVersion"]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert set(pool.map(create, range(16))) == {"1"}
    assert len(client.list_models(ProjectName=client.project)["Models"]) == 1
    assert code(client.create_model, ProjectName=client.project, ClientToken="the-same", Description="other",
                OutputConfig={"S3Location": {"Bucket": "nowhere"}}) == "ConflictException"
    # A token belongs to its operation.
    client.create_dataset(ProjectName=client.project, DatasetType="test", ClientToken="the-same")


def test_a_token_outlives_a_kill_between_doing_and_answering(server):
    client = server.client()
    client.create_project(ProjectName="p")
    client.create_dataset(ProjectName="p", DatasetType="train")
    client.create_model(ProjectName="p", ClientToken="kept",
                        OutputConfig={"S3Location": {"Bucket": "nowhere"}})
    server.kill()
    server.start()
    again = server.client().create_model(
        ProjectName="p", ClientToken="kept", OutputConfig={"S3Location": {"Bucket": "nowhere"}})
    assert again["ModelMetadata"]["ModelVersion"] == "1"
    assert len(server.client().list_models(ProjectName="p")["Models"]) == 1


def test_states_that_do_not_allow_a_call(hosted):
    client = hosted.client()
    model = dict(ProjectName="parts", ModelVersion="1")
    failure = error(client.delete_model, **model)
    assert failure["Error"]["Code"] == "ConflictException" and failure["ResourceType"] == "MODEL"
    assert code(client.start_model, MinInferenceUnits=1, **model) == "ConflictException"
    assert code(client.delete_project, ProjectName="parts") == "ConflictException"
    assert code(client.create_dataset, ProjectName="parts", DatasetType="train",
                DatasetSource=source("parts-images", "train.manifest")) == "ConflictException"


def test_a_trained_model_is_deleted_with_its_files(shared):
    client = shared.client()
    client.project = f"p-{uuid.uuid4().hex}"
    make_dataset(shared, client, client.project, client.project)
    train(client, client.project, client.project)
    files = shared.directory / "internal" / "models" / client.project / "1"
    assert files.exists()
    client.delete_model(ProjectName=client.project, ModelVersion="1")
    assert code(client.start_model, ProjectName=client.project, ModelVersion="1", MinInferenceUnits=1) in (
        "ConflictException", "ResourceNotFoundException")
    wait_gone(client, "1")
    # The row goes first.
    until(lambda: not files.exists())
    assert code(client.describe_model, ProjectName=client.project, ModelVersion="latest") == (
        "ResourceNotFoundException")
    client.delete_dataset(ProjectName=client.project, DatasetType="train")
    client.delete_project(ProjectName=client.project)


def test_a_manifest_larger_than_a_piece_is_read_and_an_update_during_it_waits(shared):
    client = shared.client()
    client.project = f"p-{uuid.uuid4().hex}"
    client.create_project(ProjectName=client.project)
    folder = shared.bucket("big")
    pad = "x" * 4000
    with open(folder / "m", "w") as file:
        for index in range(3000):
            file.write(json.dumps({"source-ref": f"s3://big/{index}.png", "pad": pad}) + "\r\n\n")
    client.create_dataset(ProjectName=client.project, DatasetType="train", DatasetSource=source("big", "m"))
    failure = error(client.update_dataset_entries, ProjectName=client.project, DatasetType="train",
                    Changes=b'{"source-ref":"s3://b/k"}')
    assert failure["Error"]["Code"] == "ConflictException"
    assert failure["ResourceType"] == "DATASET"
    assert code(client.delete_dataset, ProjectName=client.project, DatasetType="train") == "ConflictException"
    done = wait_dataset(client, client.project)
    assert done["Status"] == "CREATE_COMPLETE" and done["ImageStats"]["Total"] == 3000
