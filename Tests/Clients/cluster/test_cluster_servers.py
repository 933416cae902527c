"""Servers behind one address must look like one: tokens, ids, rates, the audit log."""

import concurrent.futures
import itertools
import json
import os
import signal
import subprocess
import threading
import time

import botocore.config
import botocore.exceptions
import pytest

from support.calls import metrics, until
from support.server import SPOTTER

ONCE = botocore.config.Config(retries={"max_attempts": 0})


def together(*calls):
    """The answers to calls that go out at the same moment."""
    barrier = threading.Barrier(len(calls))

    def call(body):
        barrier.wait()
        return body()
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def audit(cluster, *arguments):
    """What `spotter audit` prints of all servers."""
    member = cluster.members[0]
    out = subprocess.run([SPOTTER, "audit", *cluster.stores(), *arguments], capture_output=True,
                         text=True, env={**member.environment(), **member.variables})
    assert out.returncode == 0, out.stderr
    return [json.loads(line) for line in out.stdout.splitlines()]


def test_a_token_is_good_for_one_effect_on_all_servers(cluster):
    servers = [cluster.server(), cluster.server()]
    here, there = [server.client() for server in servers]
    for index in range(12):
        name, token = f"project-{index}", f"token-{index}"
        first, second = together(*[
            lambda client=client: client.create_project(ProjectName=name, ClientToken=token)
            for client in (here, there)])
        assert first["ProjectMetadata"] == second["ProjectMetadata"]
        datasets = together(*[
            lambda client=client: client.create_dataset(
                ProjectName=name, DatasetType="train", ClientToken=token)
            for client in (here, there, here, there)])
        assert len({str(answer["DatasetMetadata"]) for answer in datasets}) == 1
        for client in here, there:
            with pytest.raises(client.exceptions.ConflictException, match="other parameters"):
                client.create_project(ProjectName=f"{name}-b", ClientToken=token)
    assert len(here.list_projects()["Projects"]) == 12
    # Without a common token, one of them makes the project.
    results = together(*[lambda client=client: outcome(client, "contested")
                         for client in (here, there, here, there)])
    assert sorted(results) == ["ConflictException"] * 3 + ["made"]


def outcome(client, name):
    try:
        client.create_project(ProjectName=name)
        return "made"
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]


def test_page_tokens_and_request_ids_hold_across_servers(cluster):
    clients = [cluster.server().client() for _ in range(2)]
    names = [f"p{index}" for index in range(9)]
    ids = [client.create_project(ProjectName=name)["ResponseMetadata"]["RequestId"]
           for client, name in zip(itertools.cycle(clients), names)]
    seen, token = [], None
    for client in itertools.cycle(clients):
        page = client.list_projects(MaxResults=2, **({"NextToken": token} if token else {}))
        ids.append(page["ResponseMetadata"]["RequestId"])
        seen += [project["ProjectName"] for project in page["Projects"]]
        token = page.get("NextToken")
        if not token:
            break
    assert seen == names
    assert len(set(ids)) == len(ids)
    with pytest.raises(clients[1].exceptions.ValidationException, match="NextToken"):
        clients[1].list_projects(MaxResults=2, NextToken="Zm9yZ2Vk" * 4)


def share(server):
    return metrics(server)["spotter_requests_per_second_share"]


def test_servers_share_a_rate_out(cluster):
    limit = ("--limit", "requests-per-second=20")
    first, second = cluster.server(*limit), cluster.server(*limit)
    until(lambda: share(first) == share(second) == 10)
    assert metrics(first)['spotter_members{Role="server"}'] == 2
    assert metrics(first)['spotter_members{Role="worker"}'] == 0
    clients = [server.client(config=ONCE) for server in (first, second)]
    start, results = time.monotonic(), []
    for client in itertools.islice(itertools.cycle(clients), 200):
        try:
            client.list_projects()
            results.append("OK")
        except client.exceptions.ThrottlingException as error:
            results.append(error.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"])
    seconds = time.monotonic() - start
    # A second's worth was saved before.
    assert 20 <= results.count("OK") <= 20 * (seconds + 1)
    # A third one takes its share of less than a call a second each.
    third = cluster.server("--limit", "requests-per-second=2")
    until(lambda: share(first) == pytest.approx(20 / 3))
    assert share(third) == pytest.approx(2 / 3)
    client = third.client(config=ONCE)
    client.list_projects()
    with pytest.raises(client.exceptions.ThrottlingException) as caught:
        client.list_projects()
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "2"
    # Those that are left take over what a server that stops leaves.
    assert second.stop() == 0 and third.stop() == 0
    until(lambda: share(first) == 20)


def test_the_audit_log_of_all_servers_is_one(cluster):
    servers = [cluster.server(), cluster.server()]
    clients = [server.client() for server in servers]

    def calls(count):
        return [client.list_projects()["ResponseMetadata"]["RequestId"]
                for client in itertools.islice(itertools.cycle(clients), count)]
    ids = calls(10)
    assert servers[1].stop() == 0
    lines = audit(cluster)
    assert [line["requestID"] for line in lines] == ids[1::2]
    # What was not delivered when a process was killed is delivered at its next start.
    servers[0].kill()
    servers[0].start()
    servers[1].start()
    clients = [server.client() for server in servers]
    until(lambda: len(audit(cluster)) == 10)
    ids += calls(7)
    for server in servers:
        assert server.stop() == 0
    lines = audit(cluster)
    assert sorted(line["requestID"] for line in lines) == sorted(ids)
    times = [line["eventTime"] for line in lines]
    assert times == sorted(times)
    sources = {(line["additionalEventData"]["serverHost"],
                line["additionalEventData"]["serverId"]) for line in lines}
    assert len(sources) == 4
    # The same lines lie beside the servers.
    files = [json.loads(line)["requestID"] for server in servers
             for line in (server.directory / "audit" / "audit.jsonl").open()]
    assert sorted(files) == sorted(ids)
    later = [line["requestID"] for line in lines if line["eventTime"] >= times[5]]
    assert [line["requestID"] for line in audit(cluster, "--since", times[5])] == later
    assert len(audit(cluster, "--until", times[5])) == 17 - len(later)
    assert audit(cluster, "--since", "2999-01-01") == []
    assert len(audit(cluster, "--since", "1d")) == 17
    keys = cluster.state_keys("audit/")
    assert all(key.endswith(".jsonl") and key.count("/") == 4 for key in keys)


def test_a_lone_servers_audit_log_is_read_where_it_lies(server):
    ids = [server.client().list_projects()["ResponseMetadata"]["RequestId"] for _ in range(3)]

    def run(*arguments, directory=server.directory):
        return subprocess.run([SPOTTER, "audit", "--data-directory", directory, *arguments],
                              capture_output=True, text=True)
    assert [json.loads(line)["requestID"] for line in run().stdout.splitlines()] == ids
    assert run("--until", "2020-01-31").stdout == ""
    assert metrics(server)['spotter_members{Role="server"}'] == 1
    assert "spotter_requests_per_second_share" not in metrics(server)
    out = run(directory=server.directory / "elsewhere")
    assert out.returncode == 1 and "has no audit log" in out.stderr
    out = run("--since", "yesterday")
    assert out.returncode != 0 and "is not a time" in out.stderr
    command = [SPOTTER, "audit", "--data-directory", server.directory]
    with open("/dev/full", "w") as full:
        out = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert out.returncode == 1 and "No space left" in out.stderr
    # A reader that has enough ends it without a word.
    reading, writing = os.pipe()
    os.close(reading)
    out = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert out.returncode in (0, -signal.SIGPIPE) and out.stderr == ""
