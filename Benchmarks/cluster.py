#!/usr/bin/env python3
"""Servers and workers on one PostgreSQL and one S3: what they do in a minute, and what kills cost.

    make bench-cluster
    make bench-cluster ARGUMENTS='--projects 40 --no-speed'

Trains a small model for each project, packages all of them while a process is killed -9 each
second and the database is restarted twice, and checks afterwards that every job ended once and that
no client saw anything but right answers and errors that SDKs repeat. Then it counts jobs a minute
with 1, 2 and 4 workers, and requests a second with 1 and 3 servers, with the answers of GET /health
as the reference in the same run. Everything runs on this one machine, load included.
"""

import argparse
import base64
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests" / "Clients"))
from support import cluster as clusters  # noqa: E402
from support import networks, pictures  # noqa: E402
from support import server as processes  # noqa: E402

BUCKET = "parts-images"
SIZE = (96, 96)
# Normal and anomalous ones.
PICTURES = (20, 10, SIZE)
RETRIABLE = {"InternalServerException", "ThrottlingException", "ServiceUnavailable",
             "503", "500", "502"}


class Clients:
    """Clients that take any server that is there, as behind a load balancer."""

    def __init__(self, servers):
        self.servers = servers
        self.cache = {}
        self.lock = threading.Lock()
        self.repeated = collections.Counter()
        self.wrong = []

    def call(self, operation, check=None, **parameters):
        """Calls until there is an answer; anything that SDKs would not repeat is wrong."""
        deadline = time.time() + 300
        while time.time() < deadline:
            server = random.choice(self.servers)
            try:
                answer = getattr(self.client(server), operation)(**parameters)
                if check:
                    check(answer)
                return answer
            except botocore.exceptions.ClientError as error:
                code = error.response["Error"]["Code"]
                if code not in RETRIABLE:
                    self.wrong.append(f"{operation}: {error}")
                    raise
                self.repeated[code] += 1
            except (botocore.exceptions.ConnectionError,
                    botocore.exceptions.HTTPClientError) as error:
                self.repeated[type(error).__name__] += 1
            time.sleep(random.uniform(0.05, 0.4))
        self.wrong.append(f"{operation}: no answer in 300 s")
        raise AssertionError("no answer")

    def client(self, server):
        with self.lock:
            endpoint = server.endpoint
            if endpoint not in self.cache:
                config = botocore.config.Config(
                    retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=30,
                    max_pool_connections=32)
                self.cache[endpoint] = server.client(config=config)
            return self.cache[endpoint]


class Chaos(threading.Thread):
    """Kills one process each second and starts it again; whatever else dies is wrong."""

    def __init__(self, cluster, members, restarts, seed, wrong):
        super().__init__(daemon=True)
        self.cluster, self.members, self.restarts = cluster, members, restarts
        self.wrong = wrong
        self.random = random.Random(seed)
        self.over = threading.Event()
        self.kills = collections.Counter()
        self.starting = concurrent.futures.ThreadPoolExecutor(8)
        self.began = time.time()

    def run(self):
        try:
            while not self.over.wait(1):
                self.step()
        except Exception as error:
            self.wrong.append(f"killing ended with {error!r}")

    def step(self):
        alive = []
        for member in self.members:
            if member.is_starting:
                continue
            if member.process.poll() is None:
                alive.append(member)
            else:
                self.wrong.append(f"{member.directory.name} ended with {member.process.returncode}")
                self.start_again(member)
        if alive:
            member = self.random.choice(alive)
            member.kill()
            self.kills[member.command] += 1
            self.start_again(member)
        if self.restarts and time.time() - self.began > self.restarts[0][0]:
            _, mode = self.restarts.pop(0)
            self.cluster.database.run("pg_ctl", "-w", "-m", mode, "stop")
            time.sleep(2)
            self.cluster.database.control("start")

    def start_again(self, member):
        member.is_starting = True
        self.starting.submit(self.bring_back, member)

    def bring_back(self, member):
        for _ in range(20):
            try:
                member.start()
                break
            except AssertionError:
                # The database may be away.
                time.sleep(0.5)
        else:
            self.wrong.append(f"{member.directory.name} does not start any more")
        member.is_starting = False

    def stop(self):
        self.over.set()
        self.join()
        self.starting.shutdown(wait=True)


def say(text):
    print(text, file=sys.stderr, flush=True)


def in_parallel(count, body, items):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(body, items))


def prepare(clients, projects):
    """A trained model of its own for each project."""
    def make(name):
        clients.call("create_project", ProjectName=name, ClientToken=f"{name}-project")
        clients.call("create_dataset", ProjectName=name, DatasetType="train",
                     DatasetSource=pictures.source(BUCKET, "train.manifest"),
                     ClientToken=f"{name}-dataset")
        until(clients, "describe_dataset", "DatasetDescription", {"CREATE_IN_PROGRESS"},
              ProjectName=name, DatasetType="train")
        clients.call("create_model", ProjectName=name, ClientToken=f"{name}-model", OutputConfig={
            "S3Location": {"Bucket": BUCKET, "Prefix": "results/"}})
        model = until(clients, "describe_model", "ModelDescription", {"TRAINING"},
                      ProjectName=name, ModelVersion="1")
        assert model["Status"] == "TRAINED", model

    begin = time.time()
    in_parallel(8, make, projects)
    return time.time() - begin


def until(clients, operation, member, going, **parameters):
    while True:
        answer = clients.call(operation, **parameters)[member]
        if answer["Status"] not in going:
            return answer
        time.sleep(random.uniform(0.2, 0.5))


def start_package(clients, project, version):
    component = f"cluster.{project}"
    return clients.call(
        "start_model_packaging_job", ProjectName=project, ModelVersion="1",
        ClientToken=f"{project}-{version.replace('.', '-')}", Configuration={"Greengrass": {
            "S3OutputLocation": {"Bucket": BUCKET, "Prefix": "packages/"},
            "ComponentName": component, "ComponentVersion": version,
            "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}})["JobName"]


def package_all(clients, projects, *versions):
    """Seconds until all are packaged, and what became of each."""
    begin = time.time()
    wanted = [(project, version) for version in versions for project in projects]
    jobs = in_parallel(8, lambda pair: (pair[0], start_package(clients, *pair)), wanted)
    statuses = in_parallel(8, lambda pair: until(
        clients, "describe_model_packaging_job", "ModelPackagingDescription",
        {"CREATED", "RUNNING"}, ProjectName=pair[0], JobName=pair[1]), jobs)
    return time.time() - begin, statuses


def watch_detections(clients, project, over):
    """Asks for one picture again and again; every answer must be the same."""
    body = pictures.png(pictures.draw(900, True, SIZE)[0])
    scores = collections.Counter()

    def look(answer):
        scores[answer["ResponseMetadata"]["HTTPHeaders"]["x-spotter-score"]] += 1

    while not over.is_set():
        clients.call("detect_anomalies", look, ProjectName=project, ModelVersion="1", Body=body,
                     ContentType="image/png")
        over.wait(0.2)
    if len(scores) != 1:
        clients.wrong.append(f"scores of one picture: {dict(scores)}")
    return scores


def under_kills(cluster, members, clients, projects, seed):
    clients.call("start_model", ProjectName=projects[0], ModelVersion="1", MinInferenceUnits=1,
                 ClientToken="host")
    until(clients, "describe_model", "ModelDescription", {"STARTING_HOSTING"},
          ProjectName=projects[0], ModelVersion="1")
    over = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        detections = pool.submit(watch_detections, clients, projects[0], over)
        chaos = Chaos(cluster, members, [(5, "fast"), (15, "immediate")], seed, clients.wrong)
        try:
            chaos.start()
            seconds, jobs = package_all(clients, projects, "1.0.0")
            while chaos.restarts and chaos.is_alive():
                time.sleep(1)
        finally:
            over.set()
            chaos.stop()
        scores = detections.result()
    check(cluster, clients, projects, jobs)
    return seconds, chaos.kills, sum(scores.values())


def check(cluster, clients, projects, jobs):
    """Every job ended once, and what it made is there."""
    wrong = clients.wrong
    wrong += [f"{job['JobName']}: {job['Status']}: {job.get('StatusMessage')}"
              for job in jobs if job["Status"] != "SUCCEEDED"]
    rows = [json.loads(row) for row in cluster.sql(
        "SELECT document FROM job WHERE kind = 'package'").splitlines()]
    states = collections.Counter(row["state"] for row in rows)
    if states != {"finished": len(projects)}:
        wrong.append(f"rows of jobs: {dict(states)}")
    components = cluster.sql("SELECT COUNT(*) FROM component")
    if components != str(len(projects)):
        wrong.append(f"{components} components")
    for project in random.sample(projects, min(20, len(projects))):
        url, expected = artifact_of(cluster.members[0], project)
        with urllib.request.urlopen(url) as answer:
            digest = base64.b64encode(hashlib.sha256(answer.read()).digest()).decode()
        if digest != expected:
            wrong.append(f"{project}: the artifact has the digest {digest}")
    attempts = collections.Counter(row["attempt"] for row in rows)
    say(f"attempts of jobs: {dict(sorted(attempts.items()))}")


def artifact_of(server, project):
    """The URL from which a device fetches the model of a component, and its digest."""
    greengrass = server.client("greengrassv2")
    arn = f"arn:aws:greengrass:us-east-1:000000000000:components:cluster.{project}:versions:1.0.0"
    recipe = json.loads(greengrass.get_component(arn=arn)["recipe"])
    artifact = recipe["Manifests"][0]["Artifacts"][0]
    url = greengrass.get_component_version_artifact(
        arn=arn, artifactName=artifact["Uri"].removeprefix("s3://"))["preSignedUrl"]
    return url, artifact["Digest"]


def signed(server, path):
    """Headers for a request that is sent again and again within five minutes."""
    key, secret = server.credentials()
    request = botocore.awsrequest.AWSRequest("GET", server.endpoint + path)
    botocore.auth.SigV4Auth(
        botocore.credentials.Credentials(key, secret), "lookoutvision", "us-east-1"
    ).add_auth(request)
    return dict(request.headers)


def requests_per_second(requests):
    """All URLs, each with its headers, at once, 16 connections in all."""
    running = []
    for url, headers in requests:
        arguments = [x for name, value in headers.items() for x in ("-H", f"{name}: {value}")]
        running.append(subprocess.Popen(
            ["wrk", "-t", "1", "-c", str(max(1, 16 // len(requests))), "-d", "8", *arguments, url],
            stdout=subprocess.PIPE, text=True))
    total = 0
    for process in running:
        out = process.communicate()[0]
        assert "Non-2xx" not in out, out
        total += float(out.split("Requests/sec:")[1].split()[0])
    return total


def measure_queue(cluster, worker, clients, project):
    """How many jobs without any work one worker does, of few and of many that wait."""
    clients.call("stop_model", ProjectName=project, ModelVersion="1", ClientToken="stop")
    text = cluster.sql("SELECT document FROM job WHERE state = 'queued'")
    subject, own = (json.loads(text)[name] for name in ("subject", "id"))
    nobody = base64.b64encode(base64.b64decode(subject).replace(project.encode(), b"none")).decode()
    text = text.replace(subject, nobody).replace(f'"{project}"', '"OWNER"')
    rows = []
    for queued in (400, 10_000):
        cluster.sql(f"""
            INSERT INTO job (id, kind, state, not_before, document, project, priority)
            SELECT id, kind, 'queued', not_before,
                replace(replace('{text}', '{own}', id), 'OWNER', owner), owner, priority
            FROM (SELECT upper(gen_random_uuid()::text) AS id, 'nobody-' || n % 200 AS owner, kind,
                not_before, priority
                FROM job, generate_series(1, {queued}) AS n WHERE id = '{own}') AS copy""")
        worker.start()
        taken = "FROM job WHERE project LIKE 'nobody-%' AND claimed IS NOT NULL"
        deadline = time.time() + 300
        while int(cluster.sql(f"SELECT COUNT(*) {taken}")) < 300:
            assert time.time() < deadline, "the worker takes no jobs"
            time.sleep(0.2)
        rate = cluster.sql(f"""
            SELECT 299 / (MAX(claimed) - MIN(claimed))
            FROM (SELECT claimed {taken} ORDER BY claimed LIMIT 300) AS first""")
        worker.stop()
        cluster.sql("DELETE FROM job WHERE project LIKE 'nobody-%'")
        rows.append((f"jobs without work a second, 1 worker, {queued:,} queued",
                     f"{float(rate):.0f}"))
    return rows


def measure_speed(cluster, servers, workers, clients, projects):
    rows = []
    projects = projects[:60]
    for number in (1, 2, 4):
        for worker in workers[number:]:
            worker.stop()
        for worker in workers[:number]:
            if worker.process.poll() is not None:
                worker.start()
        seconds, jobs = package_all(clients, projects, f"{10 + number}.0.0")
        assert all(job["Status"] == "SUCCEEDED" for job in jobs)
        rows.append((f"packaging jobs a minute, {number} workers",
                     f"{len(projects) / seconds * 60:.0f}"))
    for worker in workers:
        worker.stop()
    rows += measure_queue(cluster, workers[0], clients, projects[0])
    for number in (1, 3):
        rows += request_rates(servers[:number], projects[0], f"{number} servers")
    return rows


def request_rates(servers, project, name):
    path = f"/2020-11-20/projects/{urllib.parse.quote(project)}"
    own = requests_per_second([(s.endpoint + path, signed(s, path)) for s in servers])
    files = requests_per_second([(artifact_of(s, project)[0], {}) for s in servers])
    reference = requests_per_second([(s.endpoint + "/health", {}) for s in servers])
    return [(f"{what} a second, {name}", f"{count:.0f} ({count / reference:.3f} of GET /health)")
            for what, count in (("DescribeProject", own), ("downloads of an artifact", files))]


def measure_alone(cluster, name, count, arguments):
    """The same work by one server with SQLite and a directory, and nothing beside it."""
    server = processes.ProductServer(cluster.folder / name.replace(" ", "-"), *arguments).start()
    try:
        clusters.put_pictures(server.client("s3"), BUCKET, *PICTURES)
        clients = Clients([server])
        projects = [f"p{number}" for number in range(count)]
        trained = prepare(clients, projects)
        versions = [f"{number}.0.0" for number in range(1, 64 // count + 1)]
        seconds, _ = package_all(clients, projects, *versions)
        with urllib.request.urlopen(artifact_of(server, projects[0])[0]) as answer:
            size = len(answer.read()) / 1e6
        return [(f"seconds for a project with dataset and model, {name}", f"{trained / count:.1f}"),
                (f"packaging jobs a minute, {name}", f"{64 / seconds * 60:.0f}"),
                (f"an archive, {name}", f"{size:.2f} MB"),
                *request_rates([server], projects[0], name),
                (f"memory, {name}", memory_mb([server]))]
    finally:
        server.kill()


def measure_costs(cluster, projects):
    """Bytes that each thing takes, indexes included."""
    rows = []
    for table, name in (("project", "a project"), ("dataset_entry", "an image of a dataset"),
                        ("model", "a model"), ("packaging_job", "a packaging job"),
                        ("job", "a job"), ("component", "a component version")):
        cluster.sql(f"VACUUM FULL {table}")
        size, count = cluster.sql(
            f"SELECT pg_total_relation_size('{table}'), COUNT(*) FROM {table}").split("|")
        rows.append((f"database, {name}", f"{int(size) / max(1, int(count)):,.0f} bytes"))
    # What killed attempts left stays noted for a day.
    left = set(cluster.sql("SELECT key FROM staged_object").splitlines())
    sizes = collections.Counter()
    pages = cluster.s3().get_paginator("list_objects_v2").paginate(Bucket=clusters.STATE)
    for page in pages:
        for entry in page.get("Contents", []):
            if entry["Key"] not in left:
                sizes[entry["Key"].split("/")[0]] += entry["Size"]
    models = len(projects)
    components = int(cluster.sql("SELECT COUNT(*) FROM component"))
    rows.append(("state bucket, a model", f"{sizes['models'] / models / 1e6:.2f} MB"))
    rows.append(("state bucket, a component", f"{sizes['components'] / components / 1e6:.2f} MB"))
    return rows


def memory_mb(members):
    """Resident memory of processes after the work, in MB."""
    found = []
    for member in members:
        status = pathlib.Path(f"/proc/{member.process.pid}/status").read_text()
        found.append(int(status.split("VmRSS:")[1].split()[0]) / 1024)
    return f"{min(found):.0f} to {max(found):.0f} MB"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--projects", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--debug", action="store_true", help="the debug build")
    options = parser.parse_args()
    if not options.debug:
        processes.SPOTTER = ROOT / ".build" / "release" / "spotter"
    random.seed(options.seed)
    projects = [f"p{number:03}" for number in range(options.projects)]
    with tempfile.TemporaryDirectory() as folder:
        cluster = clusters.Cluster(folder)
        try:
            run(cluster, projects, options)
        finally:
            cluster.remove()


def run(cluster, projects, options):
    # What a training takes is measured by `make bench`; here there are 200 of them.
    networks.network(cluster.folder / "small.onnx")
    backbone = ["--backbone", cluster.folder / "small.onnx"]
    servers = [cluster.server(*backbone) for _ in range(3)]
    workers = [cluster.worker("--concurrency", "1", *backbone) for _ in range(4)]
    members = servers + workers
    for member in members:
        member.is_starting = False
    clients = Clients(servers)
    try:
        rows = measure(cluster, servers, workers, clients, projects, options)
        if not options.no_speed:
            for member in servers + workers:
                member.stop()
            rows += measure_alone(cluster, "one machine", 8, backbone)
            rows += measure_alone(cluster, "one machine with the standard backbone", 1, [])
    finally:
        for text in clients.wrong[:20]:
            say(f"Wrong: {text}")
    print(f"| 3 servers, 4 workers, {os.cpu_count()} cores | |\n| --- | --- |")
    for name, value in rows:
        print(f"| {name} | {value} |")
    sys.exit(1 if clients.wrong else 0)


def measure(cluster, servers, workers, clients, projects, options):
    members = servers + workers
    clusters.put_pictures(cluster.s3(), BUCKET, *PICTURES)
    seconds = prepare(clients, projects)
    rows = [("projects with dataset and model made a minute, 4 workers",
             f"{len(projects) / seconds * 60:.0f}")]
    say(f"{len(projects)} models trained in {seconds:.0f} s")
    seconds, kills, detections = under_kills(cluster, members, clients, projects, options.seed)
    say(f"{len(projects)} models packaged in {seconds:.0f} s")
    rows += [
        ("packaged under kills", f"{len(projects)} in {seconds:.0f} s"),
        ("kill -9", ", ".join(f"{count} {name}" for name, count in sorted(kills.items()))),
        ("detections meanwhile", str(detections)),
        ("calls repeated", ", ".join(f"{n} {code}" for code, n in sorted(
            clients.repeated.items())) or "none"),
        ("wrong answers", str(len(clients.wrong))),
    ]
    # What has just begun has little in memory yet.
    package_all(clients, projects, "2.0.0")
    rows += [("memory of a server", memory_mb(servers)), ("memory of a worker", memory_mb(workers))]
    rows += measure_costs(cluster, projects)
    if not options.no_speed and not clients.wrong:
        rows += measure_speed(cluster, servers, workers, clients, projects)
    return rows


if __name__ == "__main__":
    main()
