#!/usr/bin/env python3
"""Runs a package's self-test inputs on this machine and, emulated, on ARM64, and compares.

    compare.py PACKAGE FOLDER

FOLDER has driver-native, driver-arm64, libonnxruntime-arm64.so and qemu's prefix.
"""

import json
import os
import pathlib
import subprocess
import sys
import zipfile

import numpy
from PIL import Image

TOLERANCE = 1e-4


def main(package, folder):
    folder = pathlib.Path(folder)
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder / "package")
    manifest = json.loads((folder / "package" / "manifest.json").read_text())
    width, height = manifest["input"]["width"], manifest["input"]["height"]
    names = ["score", "anomaly_map"] + (["label_logits"] if manifest["labels"] else [])
    worst = 0.0
    vectors = json.loads((folder / "package" / "selftest.json").read_text())
    for vector in vectors:
        picture = Image.open(folder / "package" / vector["image"]).convert("RGB")
        pixels = folder / "pixels"
        pixels.write_bytes(numpy.asarray(picture, dtype=numpy.uint8).tobytes())
        tail = [folder / "package" / "model.onnx", pixels, str(height), str(width), "1", *names]
        native = run([folder / "driver-native", ".deps/lib/spotter/libonnxruntime.so", *tail])
        arm = run(["qemu-aarch64", "-L", folder / "prefix", folder / "driver-arm64",
                   folder / "libonnxruntime-arm64.so", *tail])
        assert native.size == arm.size > 1
        difference = (numpy.abs(native - arm) / numpy.maximum(1, numpy.abs(native))).max()
        worst = max(worst, float(difference))
        print(f"{vector['image']}: score {native[0]:.6f} here, {arm[0]:.6f} on ARM64, "
              f"largest difference {difference:.1e}")
    print(f"{len(vectors)} passed, 0 failed" if worst <= TOLERANCE else f"FAILED: {worst}")
    return worst > TOLERANCE


def run(command):
    outcome = subprocess.run(command, stdout=subprocess.PIPE, env=dict(os.environ), check=True)
    return numpy.frombuffer(outcome.stdout, dtype=numpy.float32)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
