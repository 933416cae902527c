#!/usr/bin/env python3
"""Trains on the real data sets and times detection, with the release build.

    make bench

Prints a table of quality, training time and peak memory, and the latency of DetectAnomalies as a
ratio to a named reference in the same run: Pillow's decoding and resizing plus the same graph in
Python's onnxruntime, both on one thread, without HTTP.
"""

import io
import json
import pathlib
import statistics
import sys
import tempfile
import time

import numpy
import onnxruntime
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests" / "Clients"))
from support import pictures  # noqa: E402
from support import server as processes  # noqa: E402
from support.calls import wait_dataset  # noqa: E402

processes.SPOTTER = ROOT / ".build" / "release" / "spotter"
CALLS = 50


def measure(name):
    with tempfile.TemporaryDirectory() as folder:
        server = processes.ProductServer(pathlib.Path(folder) / "data").start()
        try:
            return train_and_time(server, name)
        finally:
            server.kill()


def train_and_time(server, name):
    client = server.client()
    folder = pictures.import_shared(server, name)
    client.create_project(ProjectName=name)
    for kind in ("train", "test"):
        client.create_dataset(ProjectName=name, DatasetType=kind,
                              DatasetSource=pictures.source(name, f"{kind}.manifest"))
        wait_dataset(client, name, kind)
    begin = time.perf_counter()
    model = pictures.train(client, name, name)
    seconds = time.perf_counter() - begin
    peak = server.peak_memory_mb()
    result = json.loads((folder / model["EvaluationResult"]["Key"]).read_text())
    metrics = result["AggregatedEvaluationResults"]["Metrics"]
    pictures.host(client, name)
    image = next(p for p in sorted((folder / "test-images").iterdir()))
    body = jpeg(image)
    own = median(lambda: client.detect_anomalies(
        ProjectName=name, ModelVersion="1", Body=body, ContentType="image/jpeg"))
    reference = median(reference_run(server, name, body))
    labels = ", ".join(f"{x['ClassName']} {x['AIOU']:.2f}"
                       for x in metrics.get("PixelAnomalyClassMetrics", []))
    return [name, f"{metrics['ROCAUC']:.3f}", f"{metrics['F1Score']:.3f}",
            f"{metrics['Precision']:.3f}", f"{metrics['Recall']:.3f}", labels or "–",
            f"{seconds:.1f} s", f"{peak:.0f} MB", f"{own * 1000:.1f} ms", f"{own / reference:.2f}"]


def jpeg(path):
    out = io.BytesIO()
    Image.open(path).convert("RGB").save(out, "JPEG", quality=92)
    return out.getvalue()


def median(call):
    for _ in range(5):
        call()
    times = []
    for _ in range(CALLS):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def reference_run(server, name, body):
    folder = server.directory / "internal" / "models" / name / "1"
    size = json.loads((folder / "manifest.json").read_text())["input"]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)

    def run():
        picture = Image.open(io.BytesIO(body)).convert("RGB")
        resized = picture.resize((size["width"], size["height"]), Image.BILINEAR)
        session.run(None, {"image": numpy.asarray(resized)[None]})
    return run


if __name__ == "__main__":
    if not processes.SHARED.exists():
        sys.exit("make bench needs the data sets in ../shared/data")
    head = ["data set", "AUROC", "F1", "precision", "recall", "mask IoU", "training", "peak memory",
            "detection", "of reference"]
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for data_set in ("cookies", "ballscrew", "aliens"):
        print("| " + " | ".join(measure(data_set)) + " |", flush=True)
