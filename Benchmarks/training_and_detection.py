#!/usr/bin/env python3
"""Trains on the real data sets and times detection, with the release build.

    make bench

Prints a table of quality, training time and peak memory, and the latency of DetectAnomalies as a
ratio to three references in the same run, in turns with it, all on one thread and without HTTP:
Pillow's decoding and resizing plus the same graph in Python's onnxruntime; the floor, which is the
same with the backbone's file in place of the graph; and the lower floor, with the backbone as it is
in the graph, which has its edges mirrored earlier. "graph of floor" is the first by the second,
"graph of lower floor" the first by the third. The ratios of graphs are of processor time.
"""

import io
import json
import pathlib
import statistics
import sys
import tempfile
import time

import numpy
import onnx
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
    (own, _), (reference, graph), (floor, file), (_, backbone) = timed(
        lambda: client.detect_anomalies(
            ProjectName=name, ModelVersion="1", Body=body, ContentType="image/jpeg"),
        *reference_runs(server, name, body))
    labels = ", ".join(f"{x['ClassName']} {x['AIOU']:.2f}"
                       for x in metrics.get("PixelAnomalyClassMetrics", []))
    return [name, f"{metrics['ROCAUC']:.3f}", f"{metrics['F1Score']:.3f}",
            f"{metrics['Precision']:.3f}", f"{metrics['Recall']:.3f}", labels or "–",
            f"{seconds:.1f} s", f"{peak:.0f} MB", f"{own * 1000:.1f} ms", f"{own / reference:.2f}",
            f"{own / floor:.2f}", f"{graph / file:.2f}", f"{graph / backbone:.2f}"]


def jpeg(path):
    out = io.BytesIO()
    Image.open(path).convert("RGB").save(out, "JPEG", quality=92)
    return out.getvalue()


def timed(*calls):
    """The median time of each call, and the tenth percentile of this process's processor time."""
    times = [[] for _ in calls]
    for turn in range(5 + CALLS):
        for call, own in zip(calls, times):
            begin, busy = time.perf_counter(), time.process_time()
            call()
            if turn >= 5:
                own.append((time.perf_counter() - begin, time.process_time() - busy))
    return [(statistics.median(wall for wall, _ in own),
             statistics.quantiles((busy for _, busy in own), n=10)[0]) for own in times]


def reference_runs(server, name, body):
    folder = next((server.directory / "internal" / "models" / name / "1").iterdir())
    manifest = json.loads((folder / "manifest.json").read_text())
    size, file = manifest["input"], f"{manifest['training']['backbone']}.onnx"
    file = next(x / file for x in (ROOT / ".deps/share/spotter", ROOT / "share/spotter")
                if (x / file).exists())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    graph, network = (onnxruntime.InferenceSession(str(x), options)
                      for x in (folder / "model.onnx", file))
    name = network.get_inputs()[0].name
    part = folder / "backbone.onnx"
    onnx.utils.extract_model(
        folder / "model.onnx", part, ["image"], [f"backbone/{network.get_outputs()[0].name}"])
    backbone = onnxruntime.InferenceSession(str(part), options)

    def resized():
        picture = Image.open(io.BytesIO(body)).convert("RGB")
        return numpy.asarray(
            picture.resize((size["width"], size["height"]), Image.BILINEAR))[None]

    def floor():
        floats = resized().astype(numpy.float32).transpose(0, 3, 1, 2) * numpy.float32(1 / 255)
        network.run(None, {name: numpy.ascontiguousarray(floats)})
    return (lambda: graph.run(None, {"image": resized()}), floor,
            lambda: backbone.run(None, {"image": resized()}))


if __name__ == "__main__":
    if not processes.SHARED.exists():
        sys.exit("make bench needs the data sets in ../shared/data")
    head = ["data set", "AUROC", "F1", "precision", "recall", "mask IoU", "training", "peak memory",
            "detection", "of reference", "of floor", "graph of floor", "graph of lower floor"]
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for data_set in ("cookies", "ballscrew", "aliens"):
        print("| " + " | ".join(measure(data_set)) + " |", flush=True)
