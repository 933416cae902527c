#!/usr/bin/env python3
"""Small defects in large pictures: in which view models look for them, and what they find.

    Benchmarks/large_pictures.py

Trays of many products, made of the pictures in ../shared/data, of which one is anomalous; and a drawn
fabric with faint lines. Training has trays of training images only. Each set is judged by models of
normal images alone in the view that training takes, and in the smallest (`--latency-ms 0.1` leaves
only that), and by models with labels. It needs Pillow and NumPy.
"""

import argparse
import json
import pathlib
import random

import numpy
from PIL import Image

from accuracy_conditions import ROOT, DataSet, add_arguments, evaluate

# Columns, rows, size of a product's picture, gap between them, largest displacement; in pixels.
TRAYS = {"cookies": (4, 3, (256, 192), 8, 2), "aliens": (4, 3, (240, 200), 6, 2),
         "paper": (8, 8, (128, 128), 0, 0), "ballscrew": (2, 2, (520, 300), 4, 1)}
FABRIC_SIDE = 1024
# Normal and anomalous pictures.
COUNTS = {"train": (40, 16), "test": (30, 30)}
RUNS = {"normal, smallest view": ("--supervision", "normal", "--latency-ms", "0.1"),
        "normal": ("--supervision", "normal"), "labels": ("--supervision", "labels")}


def tray(data, lines, anomalous, rng):
    columns, rows, cell, gap, shift = TRAYS[data.name]
    normal, wrong = ([data.folder / json.loads(line)["source-ref"] for line in data.of(lines, kind)]
                     for kind in (False, True))
    picture = Image.new("RGB", (columns * (cell[0] + gap) + gap, rows * (cell[1] + gap) + gap),
                        (40, 42, 45))
    place = rng.randrange(columns * rows)
    for index in range(columns * rows):
        path = rng.choice(wrong if anomalous and index == place else normal)
        with Image.open(path) as product:
            picture.paste(product.convert("RGB").resize(cell, Image.Resampling.LANCZOS), (
                gap + index % columns * (cell[0] + gap) + rng.randint(-shift, shift),
                gap + index // columns * (cell[1] + gap) + rng.randint(-shift, shift)))
    return picture


def fabric(anomalous, rng):
    """Yarns of 9 and 7 pixels; a defect is a thread of another shade, or a knot."""
    side = FABRIC_SIDE
    y, x = numpy.mgrid[0:side, 0:side].astype(numpy.float32)
    bend = [numpy.cumsum(rng.normal(0, 0.02, side)) * 3 for _ in "xy"]
    phase = rng.uniform(0, 6.28, 2)
    warp = numpy.sin(2 * numpy.pi * (x + bend[0][:, None]) / (9 + rng.normal(0, 0.05)) + phase[0])
    weft = numpy.sin(2 * numpy.pi * (y + bend[1][None, :]) / (7 + rng.normal(0, 0.05)) + phase[1])
    grey = 130 + 28 * numpy.maximum(warp, weft) + 10 * warp * weft
    grey += rng.normal(0, 4, side)[None, :] + rng.normal(0, 4, side)[:, None]
    if anomalous:
        length, width = int(rng.uniform(60, 300)), int(rng.integers(2, 5))
        left, top = rng.integers(60, side - length - 20, 2)
        shade = rng.choice([-1, 1]) * rng.uniform(16, 30)
        kind = rng.integers(3)
        if kind == 0:
            grey[top:top + length, left:left + width] += shade
        elif kind == 1:
            grey[top:top + width, left:left + length] += shade
        else:
            knot = (x - left) ** 2 + (y - top) ** 2 < rng.uniform(6, 14) ** 2
            grey[knot] = 0.6 * grey[knot] + 52 + shade / 2
    light = Image.fromarray(rng.normal(0, 4, (6, 6)).astype(numpy.float32))
    grey += numpy.asarray(light.resize((side, side), Image.Resampling.BICUBIC))
    grey += rng.normal(0, 6, (side, side))
    return Image.fromarray(numpy.clip(grey, 0, 255).astype(numpy.uint8)).convert("RGB")


def write(folder, draw):
    """Writes a data set; `draw` makes a picture from its part and whether it is anomalous."""
    (folder / "manifests").mkdir(parents=True, exist_ok=True)
    for part, counts in COUNTS.items():
        lines = []
        (folder / part).mkdir(exist_ok=True)
        for anomalous, count in enumerate(counts):
            for index in range(count):
                name = f"{part}/{['normal', 'anomaly'][anomalous]}-{index}.png"
                draw(part, anomalous == 1).save(folder / name)
                lines.append(json.dumps({"source-ref": name, "label": anomalous, "label-metadata": {
                    "class-name": ["normal", "anomaly"][anomalous],
                    "type": "groundtruth/image-classification"}}) + "\n")
        (folder / "manifests" / f"{part}.manifest").write_text("".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--data", action="append", help="only this set")
    add_arguments(parser, "large")
    arguments = parser.parse_args()
    for name in arguments.data or [*TRAYS, "fabric"]:
        folder = arguments.output.absolute() / "sets" / name
        if name == "fabric":
            rng = numpy.random.default_rng(1)
            write(folder, lambda part, anomalous: fabric(anomalous, rng))
        else:
            data, rng = DataSet(arguments.root / name), random.Random(0)
            write(folder, lambda part, anomalous: tray(data, getattr(data, part), anomalous, rng))
        pictures = DataSet(folder)
        for run, options in RUNS.items():
            found = evaluate(pictures, arguments.output.absolute() / "results" / name / run,
                             pictures.train, pictures.test, arguments, *options)
            chosen = found["training"]["chosen"]
            print(f"| {name} | {run} | {chosen['inputWidth']}×{chosen['inputHeight']} "
                  f"| {chosen['auroc']:.3f} | {found['metrics']['auroc']:.3f} |", flush=True)


if __name__ == "__main__":
    main()
