"""Servers and workers that share a PostgreSQL and an S3, as processes on loopback."""

import json
import pathlib

import botocore.config

from support.calls import wait_dataset
from support.pictures import draw, line, png, source
from support.postgresql import Database
from support.server import SPOTTER, Server

KEY = {"SPOTTER_ACCESS_KEY_ID": "AKIACLUSTERCLUSTER00",
       "SPOTTER_SECRET_ACCESS_KEY": "a-secret-that-all-servers-know"}
STATE = "spotter-state"


class Worker(Server):
    """`spotter worker` as a process of its own."""

    command = "worker"
    greeting = "Spotter works; its state is at "


class Cluster:
    """The S3 is another Spotter, with nothing of the cluster in it but objects."""

    def __init__(self, folder, database=None):
        self.folder = pathlib.Path(folder)
        # A PostgreSQL may have the databases of many clusters.
        self.keeps_database = database is not None
        self.database = database or Database()
        self.name, self.url = self.database.create()
        self.peer = Server(self.folder / "peer").start()
        self.members = []

    def remove(self):
        for member in [*self.members, self.peer]:
            if member.process.poll() is None:
                member.kill()
        if not self.keeps_database:
            self.database.remove()

    def server(self, *arguments, program=SPOTTER):
        return self._start(Server, program, "--no-worker", *arguments)

    def worker(self, *arguments, program=SPOTTER):
        return self._start(Worker, program, *arguments)

    def _start(self, kind, program, *arguments):
        key, secret = self.peer.credentials()
        member = kind(
            self.folder / f"{kind.command}-{len(self.members)}", *self.stores(), *arguments, **KEY,
            AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)
        member.program = program
        member.credentials = lambda: tuple(KEY.values())
        self.members.append(member)
        return member.start()

    def stores(self):
        return ["--metadata", self.url, "--object-store", "s3", "--s3-endpoint",
                self.peer.endpoint, "--state-bucket", STATE]

    def s3(self):
        return self.peer.client("s3")

    def sql(self, text):
        return self.database.sql(text, self.name)

    def state_keys(self, prefix=""):
        pages = self.s3().get_paginator("list_objects_v2").paginate(Bucket=STATE, Prefix=prefix)
        return {entry["Key"] for page in pages for entry in page.get("Contents", [])}

    def make_dataset(self, client, project, bucket, normal=20, anomalous=10, size=(256, 256)):
        """Puts drawn pictures into a bucket, once, and makes a dataset of them."""
        put_pictures(self.s3(), bucket, normal, anomalous, size)
        client.create_project(ProjectName=project)
        client.create_dataset(ProjectName=project, DatasetType="train",
                              DatasetSource=source(bucket, "train.manifest"))
        assert wait_dataset(client, project)["Status"] == "CREATE_COMPLETE"


def put_pictures(s3, bucket, normal, anomalous, size):
    """Drawn pictures and their manifest, unless the bucket is there."""
    if bucket in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]:
        return
    s3.create_bucket(Bucket=bucket)
    lines = []
    for index in range(normal + anomalous):
        picture, _ = draw(index, index >= normal, size)
        s3.put_object(Bucket=bucket, Key=f"{index}.png", Body=png(picture))
        lines.append(json.dumps(line(bucket, f"{index}.png", index >= normal)) + "\n")
    s3.put_object(Bucket=bucket, Key="train.manifest", Body="".join(lines).encode())


def patient(server, **changes):
    """A client that repeats calls as SDKs do, for longer than a process is away."""
    config = botocore.config.Config(
        retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=5, read_timeout=60)
    return server.client(config=config, **changes)


def package(client, project, component, bucket, version="1.0.0", **more):
    return client.start_model_packaging_job(
        ProjectName=project, ModelVersion="1", Configuration={"Greengrass": {
            "S3OutputLocation": {"Bucket": bucket, "Prefix": "packages/"},
            "ComponentName": component, "ComponentVersion": version,
            "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}}, **more)["JobName"]
