"""Servers, workers and agents of the version before beside those of this one, as processes.

`scripts/build-previous` builds them and says which commit they are.
"""

import json
import time

import pytest

from support import edge
from support.calls import until, wait, wait_model, wait_package
from support.cluster import package, patient
from support.commands import detect, done, restore, spotter
from support.pictures import draw, host, make_dataset, make_package, train
from support.server import SPOTTER, Server

pytestmark = pytest.mark.slow
BUCKET = "images"


def steps(cluster):
    return cluster.sql("SELECT name FROM spotter_migration ORDER BY name").splitlines()


def begin(cluster, client, project):
    """Leaves a training at work."""
    cluster.make_dataset(client, project, BUCKET)
    client.create_model(ProjectName=project, OutputConfig={
        "S3Location": {"Bucket": BUCKET, "Prefix": f"{project}/"}})
    until(lambda: cluster.sql(
        f"SELECT 1 FROM job WHERE kind = 'train' AND state = 'running' AND project = '{project}'"))


def finish(writer, reader, project):
    """Hosts, packages, tags and changes through one server, and waits at the other one."""
    assert wait_model(reader, project)["Status"] == "TRAINED"
    arn = reader.describe_model(ProjectName=project, ModelVersion="1")["ModelDescription"][
        "ModelArn"]
    writer.tag_resource(ResourceArn=arn, Tags=[{"Key": "line", "Value": project}])
    writer.start_model(ProjectName=project, ModelVersion="1", MinInferenceUnits=1)
    assert wait_model(reader, project)["Status"] == "HOSTED"
    job = package(writer, project, f"version.{project}", BUCKET)
    assert wait_package(reader, project, job)["Status"] == "SUCCEEDED"
    entry = json.loads(reader.list_dataset_entries(
        ProjectName=project, DatasetType="train")["DatasetEntries"][0])
    entry["changed"] = project
    writer.update_dataset_entries(
        ProjectName=project, DatasetType="train", Changes=(json.dumps(entry) + "\n").encode())
    dataset = wait(
        lambda: reader.describe_dataset(
            ProjectName=project, DatasetType="train")["DatasetDescription"],
        ["UPDATE_IN_PROGRESS"])
    assert dataset["Status"] == "UPDATE_COMPLETE", dataset


def seen(server, projects):
    """What a client sees of the projects, with verdicts to the last digit."""
    client, found = patient(server), []
    for project in projects:
        model = client.describe_model(ProjectName=project, ModelVersion="1")["ModelDescription"]
        entries = client.list_dataset_entries(
            ProjectName=project, DatasetType="train", MaxResults=100)["DatasetEntries"]
        assert any("changed" in entry for entry in entries)
        arn = f"arn:aws:greengrass:us-east-1:000000000000:components:version.{project}:versions:1.0.0"
        found.append((
            model, entries,
            client.list_tags_for_resource(ResourceArn=model["ModelArn"])["Tags"],
            client.list_model_packaging_jobs(ProjectName=project)["ModelPackagingJobs"],
            server.client("greengrassv2").get_component(arn=arn)["recipe"],
            detect(client, project), detect(client, project, 901, False)))
    return found


def test_servers_and_workers_are_replaced_one_by_one_and_back(cluster, previous):
    old = {"program": previous / "spotter"}
    here, worker = cluster.server(**old), cluster.worker(**old)
    begin(cluster, patient(here), "a")
    finish(patient(here), patient(here), "a")
    before, alone = steps(cluster), seen(here, "a")

    # A server of this version changes the schema below the others while they train.
    begin(cluster, patient(here), "b")
    there = cluster.server()
    assert steps(cluster)[:-1] == before
    assert seen(there, "a") == seen(here, "a") == alone
    finish(patient(there), patient(here), "b")
    assert seen(here, "ab") == seen(there, "ab")

    # The worker is replaced while it trains; its job is given back and goes on.
    begin(cluster, patient(there), "c")
    newer = cluster.worker()
    assert worker.stop() == 0
    finish(patient(here), patient(there), "c")
    everything = seen(here, "abc")
    assert seen(there, "abc") == everything and everything[:1] == alone

    # Only this version is left, and dies at work; the version before goes on with the newer schema.
    assert here.stop() == 0
    begin(cluster, patient(there), "d")
    newer.kill()
    there.kill()
    back, _ = cluster.server(**old), cluster.worker(**old)
    assert seen(back, "abc") == everything
    finish(patient(back), patient(back), "d")
    assert steps(cluster)[:-1] == before
    again = cluster.server()
    assert seen(again, "abcd") == seen(back, "abcd")


def start(folder, program, *arguments):
    server = Server(folder, *arguments)
    server.program = program
    return server.start()


def test_a_data_directory_goes_to_this_version_and_back(previous, tmp_path):
    data, old = tmp_path / "data", previous / "spotter"
    server = start(data, old)
    client = server.client()
    make_dataset(server, client, "parts", "parts-images")
    train(client, "parts", "parts-images")
    host(client, "parts")
    verdict = detect(client, "parts")
    server.kill()

    server = start(data, SPOTTER)
    assert wait_model(server.client(), "parts")["Status"] == "HOSTED"
    assert detect(server.client(), "parts") == verdict
    server.client().create_project(ProjectName="since")
    assert server.stop() == 0
    [made] = (data / "before-upgrade").iterdir()

    # The version before refuses the newer schema by name, and goes on with the backup.
    out = spotter("user", "list", "--data-directory", data, program=old)
    assert out.returncode == 1 and "newer Spotter (0006" in out.stderr, out.stderr
    done(restore(made, tmp_path / "back"))
    data = tmp_path / "back"
    server = start(data, old)
    assert wait_model(server.client(), "parts")["Status"] == "HOSTED"
    assert detect(server.client(), "parts") == verdict
    names = [p["ProjectName"] for p in server.client().list_projects()["Projects"]]
    assert names == ["parts"]
    server.kill()

    # Who wants no backup gets none.
    server = start(data, SPOTTER, "--no-backup")
    assert detect(server.client(), "parts") == verdict
    assert not (data / "before-upgrade").exists()
    server.kill()


def judged(agent, component):
    """What an agent says of pictures, whatever the version of either."""
    return [
        (result.is_anomalous, round(result.confidence, 6))
        for result in (agent.detect(component, edge.pixels(draw(seed, anomalous)[0]))
                       for seed, anomalous in ((900, True), (901, False)))]


def test_agents_and_components_of_both_versions_fit(previous, tmp_path):
    archives, verdicts = {}, {}
    for name, program in (("old", previous / "spotter"), ("new", SPOTTER)):
        server = start(tmp_path / name, program)
        try:
            client = server.client()
            make_dataset(server, client, "parts", "parts-images", masks=True)
            train(client, "parts", "parts-images")
            archives[name] = make_package(server, "parts", edge.NAME, "parts-images")[0]
        finally:
            server.kill()
    programs = {"old": previous / "spotter-edge", "new": edge.SPOTTER_EDGE}
    for name, program in programs.items():
        for made, archive in archives.items():
            agent = edge.Agent(tmp_path / f"{name}-agent-{made}-component")
            agent.program = program
            agent.start()
            try:
                agent.install(archive, edge.NAME)
                agent.run(edge.NAME)
                found = judged(agent, edge.NAME)
                assert [is_anomalous for is_anomalous, _ in found] == [True, False]
                # The version before has one slope for both sides of the threshold, and is surer of
                # an anomaly when it runs this one's components.
                alike = found if made == "old" else [one for one in found if not one[0]]
                assert verdicts.setdefault(made, alike) == alike
            finally:
                agent.kill()
            # What a device has beside the agent need not be of the agent's version.
            for beside in programs.values():
                attached(tmp_path, program, beside, archive, found)


def attached(tmp_path, program, beside, archive, expected):
    agent = edge.Agent(tmp_path / f"agent-{time.monotonic_ns()}")
    agent.program = program
    agent.start()
    process = edge.attach(agent, archive, "--autostart", program=beside)
    try:
        edge.wait_until(lambda: edge.NAME in agent.listed(), "the component")
        agent.wait_status(edge.NAME, edge.RUNNING)
        assert judged(agent, edge.NAME) == expected
    finally:
        process.terminate()
        process.wait(timeout=60)
        agent.kill()
