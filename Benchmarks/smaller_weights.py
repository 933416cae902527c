#!/usr/bin/env python3
"""What weights of 8 and 16 bits would do to detectors of the real data sets.

    Benchmarks/smaller_weights.py

A model of each data set is trained by the server on three quarters of the training images. In turns
with its graph, the other quarter and the test images are judged by the same graph with weights of
16 bits, as packages may have them; with products of matrices in 8 bits, whose scales come from each
image; and with convolutions in 8 bits, each channel with its scale, ranges from 16 training images.
"""

import argparse
import json
import pathlib
import tempfile
import time

import numpy
import onnx
import onnxruntime
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image, ImageOps

import training_and_detection as benchmark
from accuracy_conditions import DataSet, auroc
from support import pictures
from support.calls import wait_dataset

CALIBRATING = 16


def split(data):
    """Every fourth image of each class is held out."""
    classes = [data.of(data.train, anomalous) for anomalous in (False, True)]
    held = [line for lines in classes for line in lines[3::4]]
    return [line for line in data.train if line not in held], held


def train(server, data, kept):
    client = server.client()
    folder = pictures.import_shared(server, data.name)
    whole = (folder / "train.manifest").read_text().splitlines()
    (folder / "train.manifest").write_text("".join(
        line + "\n" for line, own in zip(whole, data.train) if own in kept))
    client.create_project(ProjectName=data.name)
    for kind in ("train", "test"):
        client.create_dataset(ProjectName=data.name, DatasetType=kind,
                              DatasetSource=pictures.source(data.name, f"{kind}.manifest"))
        wait_dataset(client, data.name, kind)
    pictures.train(client, data.name, data.name)
    return next((server.directory / "internal" / "models" / data.name / "1").iterdir())


def halved(source, target):
    """As WeightCompression.swift does it."""
    model = onnx.load(source)
    for tensor in model.graph.initializer:
        if (tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) >= 2
                and tensor.dims[0] > 1 and len(tensor.raw_data) >= 1024):
            name = tensor.name
            narrow = onnx.numpy_helper.to_array(tensor).astype(numpy.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(narrow, f"{name}/float16"))
            model.graph.node.insert(0, onnx.helper.make_node(
                "Cast", [f"{name}/float16"], [name], to=onnx.TensorProto.FLOAT))
    onnx.save(model, target)


class Images(quantization.CalibrationDataReader):
    def __init__(self, images):
        self.images = iter(images)

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {"image": image}


def graphs(folder, images):
    """Each form of the graph, by name."""
    files = {name: folder / f"{index}.onnx" for index, name in enumerate(
        ("float16 weights", "int8 products", "int8 convolutions"))}
    source = folder / "model.onnx"
    half, products, convolutions = files.values()
    halved(source, half)
    quantization.quantize_dynamic(source, products, op_types_to_quantize=["MatMul"],
                                  weight_type=quantization.QuantType.QInt8)
    quant_pre_process(source, folder / "prepared.onnx", skip_symbolic_shape=True)
    quantization.quantize_static(
        folder / "prepared.onnx", convolutions, Images(images), per_channel=True,
        op_types_to_quantize=["Conv"], activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8)
    return {"float32": source} | files


def measure(data):
    kept, held = split(data)
    with tempfile.TemporaryDirectory() as directory:
        server = benchmark.processes.ProductServer(pathlib.Path(directory) / "data").start()
        try:
            folder = train(server, data, kept)
        finally:
            server.kill()
        manifest = json.loads((folder / "manifest.json").read_text())
        size = manifest["input"]["width"], manifest["input"]["height"]

        def pixels(line):
            path = data.folder / json.loads(line)["source-ref"]
            picture = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
            return numpy.asarray(picture.resize(size, Image.BILINEAR))[None]

        step = len(kept) // CALIBRATING
        files = graphs(folder, [pixels(line) for line in kept[::step][:CALIBRATING]])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        sessions = {name: onnxruntime.InferenceSession(str(file), options)
                    for name, file in files.items()}
        lines = held + data.test
        truth = numpy.array([data.is_anomalous(line) for line in lines])
        scores, times = ({name: [] for name in sessions} for _ in range(2))
        for line in lines:
            image = pixels(line)
            for name, session in sessions.items():
                begin = time.process_time()
                scores[name].append(session.run(["score"], {"image": image})[0].item())
                times[name].append(time.process_time() - begin)
        return report(data, files, scores, times, truth, len(held),
                      manifest["decision"]["threshold"])


def report(data, files, scores, times, truth, held, threshold):
    plain = numpy.array(scores["float32"])
    for name, file in files.items():
        own = numpy.array(scores[name])
        row = [data.name, name, f"{file.stat().st_size / 1e6:.2f} MB",
               f"{numpy.percentile(times[name], 10) * 1000:.1f} ms"]
        for part in (slice(None, held), slice(held, None)):
            score, is_anomalous, before = own[part], truth[part], plain[part]
            moved = abs(score / before - 1)
            agree = ((score > threshold) == (before > threshold)).sum()
            row += [f"{auroc(score[~is_anomalous], score[is_anomalous]):.4f}",
                    f"{agree} of {len(score)}", f"{numpy.median(moved):.1%}, {moved.max():.1%}"]
        print("| " + " | ".join(row) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", action="append", help="only this data set")
    parser.add_argument("--spotter", type=pathlib.Path, default=benchmark.processes.SPOTTER)
    arguments = parser.parse_args()
    benchmark.processes.SPOTTER = arguments.spotter.absolute()
    onnxruntime.set_default_logger_severity(3)
    for folder in sorted(pictures.SHARED.iterdir()):
        if (folder / "manifests").exists() and folder.name in (arguments.data or [folder.name]):
            measure(DataSet(folder))


if __name__ == "__main__":
    main()
