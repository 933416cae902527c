"""The commands that an operator runs beside or instead of a server, and what they print."""

import contextlib
import json
import os
import subprocess
import time

from support import edge
from support.pictures import draw, png
from support.server import SPOTTER, Server


def spotter(*arguments, program=SPOTTER, **variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SPOTTER_", "AWS_"))}
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, env={**environment, **variables})


def beside(server, *arguments):
    """A command on the data directory of a server that goes on meanwhile."""
    return spotter(*arguments, "--data-directory", server.directory)


def done(out):
    assert out.returncode == 0, out.stdout + out.stderr
    return out.stdout


def refused(out, *words):
    assert out.returncode != 0, out.stdout
    for word in words:
        assert word in out.stderr, out.stderr
    return out.stderr


def values(result):
    """What `show` and `set` print."""
    assert result.returncode == 0, result.stderr
    return dict(x.split(" = ") for x in result.stdout.splitlines())



def backup(directory, folder, *options, **variables):
    return spotter("backup", "--data-directory", directory, "--to", folder, *options, **variables)


def kill_when(process, moment):
    """Kills a process as soon as `moment` holds; returns whether it was still at work."""
    while process.poll() is None and not moment():
        time.sleep(0.001)
    process.kill()
    return process.wait() != 0


def bytes_in(folder):
    """The size of all files below a folder to which others write."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                size += os.stat(os.path.join(parent, name)).st_size
    return size


def restore(folder, directory, *options, **variables):
    return spotter("restore", "--from", folder, "--data-directory", directory, *options,
                   **variables)


def migrate(directory, *stores, **variables):
    return spotter("migrate", "--from", "sqlite", "--to", "postgres", "--data-directory",
                   directory, *stores, **variables)


def doctor(*arguments, **variables):
    out = spotter("doctor", "--json", *arguments, **variables)
    report = json.loads(out.stdout)
    assert report["isWell"] == (out.returncode == 0)
    return {finding["check"]: finding for finding in report["findings"]}


def levels(findings):
    return {check for check, finding in findings.items() if finding["level"] == "failed"}


def detect(client, project, seed=900, anomalous=True):
    answer = client.detect_anomalies(
        ProjectName=project, ModelVersion="1", ContentType="image/png",
        Body=png(draw(seed, anomalous)[0]))
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    return answer["DetectAnomalyResult"]["IsAnomalous"], headers["x-spotter-score"]


@contextlib.contextmanager
def serving(directory, *arguments, **variables):
    server = Server(directory, *arguments, **variables).start()
    yield server
    if server.process.poll() is None:
        server.kill()


def seen(server):
    """What clients see of the server of `kept`."""
    client, s3, greengrass = (server.client(x) for x in ("lookoutvision", "s3", "greengrassv2"))
    model = client.describe_model(ProjectName="parts", ModelVersion="1")["ModelDescription"]
    entries = client.list_dataset_entries(ProjectName="parts", DatasetType="train")
    arn = f"arn:aws:greengrass:us-east-1:000000000000:components:{edge.NAME}:versions:1.0.0"
    recipe = json.loads(greengrass.get_component(arn=arn)["recipe"])
    heads = {}
    for key in ("a/ä.txt", "hand.txt", "joined"):
        head = s3.get_object(Bucket="letters", Key=key)
        heads[key] = (head["Body"].read(), head["ContentType"], head["Metadata"],
                      head["LastModified"], head["ETag"] if key != "hand.txt" else None)
    return (model, entries["DatasetEntries"], recipe, heads, detect(client, "parts"),
            detect(client, "parts", 901, False),
            sorted(b["Name"] for b in s3.list_buckets()["Buckets"]))


def peer_key(cluster):
    key, secret = cluster.peer.credentials()
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
