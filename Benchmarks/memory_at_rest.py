#!/usr/bin/env python3
"""Memory of a server at rest after trainings, hosting and stopping, with the release build.

    make bench-memory
    make bench-memory ARGUMENTS='--trainings 3 --debug'

Pictures are drawn: 256×256, 20 normal and 12 with a defect and its mask, which train in all views
that a small picture has. Figures are resident MiB, and of these what no file stands behind; at rest
is after the server has had time to look (`HeapMemory.lookSeconds`).
"""

import argparse
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests" / "Clients"))
from support import pictures  # noqa: E402
from support import server as processes  # noqa: E402
from support.calls import wait_model  # noqa: E402

REST_SECONDS = 12
NAME = "parts"


def report(server, what):
    time.sleep(REST_SECONDS)
    print(f"{what}: {server.memory_mb():.0f} MB, {server.memory_mb('RssAnon'):.0f} of them beside "
          f"files; peak {server.peak_memory_mb():.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trainings", type=int, default=15)
    parser.add_argument("--debug", action="store_true", help="measure the debug build")
    arguments = parser.parse_args()
    if not arguments.debug:
        processes.SPOTTER = ROOT / ".build" / "release" / "spotter"
    with tempfile.TemporaryDirectory() as folder:
        server = processes.ProductServer(pathlib.Path(folder) / "data").start()
        try:
            measure(server, arguments.trainings)
        finally:
            server.kill()


def measure(server, trainings):
    client = server.client()
    report(server, "started")
    pictures.make_dataset(server, client, NAME, NAME, masks=True, normal=20, anomalous=12)
    output = {"S3Location": {"Bucket": NAME, "Prefix": "results/"}}
    for version in range(1, trainings + 1):
        client.create_model(ProjectName=NAME, OutputConfig=output)
        model = wait_model(client, NAME, str(version))
        assert model["Status"] == "TRAINED", model
        if version in (1, trainings):
            report(server, f"after {version} training{'s' if version > 1 else ''}")
    pictures.host(client, NAME)
    picture = pictures.png(pictures.draw(1, True)[0])
    for _ in range(100):
        client.detect_anomalies(
            ProjectName=NAME, ModelVersion="1", Body=picture, ContentType="image/png")
    report(server, "with a hosted model, after 100 detections")
    client.stop_model(ProjectName=NAME, ModelVersion="1")
    wait_model(client, NAME)
    report(server, "after it was stopped")


if __name__ == "__main__":
    main()
