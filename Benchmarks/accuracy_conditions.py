#!/usr/bin/env python3
"""What models keep of their accuracy under other conditions, with `spotter evaluate`.

    Benchmarks/accuracy_conditions.py false-alarms   # the share asked against that of new images
    Benchmarks/accuracy_conditions.py labels         # 0, 1, 3, 5, 10, 20 labelled defects, and all
    Benchmarks/accuracy_conditions.py light          # brightness, gamma, JPEG, blur of test images

It needs the data sets in ../shared/data, `light` also Pillow and NumPy. Figures go to standard
output and, image by image, below spotter-accuracy/conditions. Test images only measure.
"""

import argparse
import io
import json
import pathlib
import random
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Labelled defects that a model learns from, beside all normal images.
COUNTS = (0, 1, 3, 5, 10, 20)
RATES = (0.01, 0.02, 0.05)
# Share of all normal images of a set that a model learns from when false alarms are counted: that
# of the given sets. The others are new to it.
TRAINING_SHARE = 0.6


class DataSet:
    """A data set's labelled images, as lines of manifests."""

    def __init__(self, folder):
        self.name = folder.name
        self.folder = folder
        self.train, self.test = (
            (folder / "manifests" / f"{part}.manifest").read_text().splitlines()
            for part in ("train", "test"))

    @staticmethod
    def is_anomalous(line):
        return any(isinstance(value, dict) and value.get("class-name") == "anomaly"
                   for value in json.loads(line).values())

    def of(self, lines, anomalous):
        return [line for line in lines if self.is_anomalous(line) == anomalous]

    @property
    def has_masks(self):
        return any("groundtruth/semantic-segmentation" in line for line in self.train)


def evaluate(data, folder, train, test, arguments, *options):
    """Trains on some lines, judges others, and gives back what result.json says."""
    (folder / "manifests").mkdir(parents=True, exist_ok=True)
    for images in data.folder.iterdir():
        link = folder / images.name
        if images.is_dir() and not link.exists():
            link.symlink_to(images)
    paths = []
    for part, lines in (("train", train), ("test", test)):
        paths.append(folder / "manifests" / f"{part}.manifest")
        paths[-1].write_text("".join(line + "\n" for line in lines))
    result = folder / "result.json"
    if not (arguments.reuse and result.exists()):
        command = [arguments.spotter, "evaluate", "--train", paths[0], "--test", paths[1],
                   "--threads", arguments.threads, "--output", folder, *options]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}{done.stdout}")
    return json.loads(result.read_text())


def false_alarms(data, folder, arguments):
    """Normal images alone, split at random: the share of new ones above the threshold."""
    normal = data.of(data.train + data.test, False)
    anomalous = data.of(data.test, True)[:1]
    for rate in RATES:
        alarms, judged = 0, 0
        for seed in range(arguments.seeds):
            lines = normal[:]
            random.Random(seed).shuffle(lines)
            count = round(TRAINING_SHARE * len(lines))
            result = evaluate(
                data, folder / f"{rate}-{seed}", lines[:count], lines[count:] + anomalous,
                arguments, "--supervision", "normal", "--false-alarms", rate)
            scores = [image["score"] for image in result["images"] if not image["isAnomalous"]]
            alarms += sum(score > result["threshold"] for score in scores)
            judged += len(scores)
        print(f"| {data.name} | {rate:.0%} | {alarms / judged:.1%} | {alarms} of {judged} |",
              flush=True)


def labels(data, folder, arguments):
    """The curve over labelled defects, drawn at random; larger draws contain the smaller ones."""
    normal, anomalous = data.of(data.train, False), data.of(data.train, True)
    rows = {"auroc": [], "f1": []}
    for count in (*(count for count in COUNTS if count < len(anomalous)), len(anomalous)):
        found = []
        for seed in range(1 if count in (0, len(anomalous)) else arguments.seeds):
            drawn = anomalous[:]
            random.Random(seed).shuffle(drawn)
            result = evaluate(
                data, folder / f"{count}-{seed}", normal + drawn[:count], data.test, arguments)
            found.append(result["metrics"])
        for name, row in rows.items():
            values = [metrics[name] for metrics in found]
            row.append(f"{statistics.mean(values):.3f}" + (
                f" ({min(values):.3f}–{max(values):.3f})" if min(values) < max(values) else ""))
    for name, row in rows.items():
        print(f"| {data.name}, {len(anomalous)} | {name} | {' | '.join(row)} |", flush=True)


def light(data, folder, arguments):
    """The same model on the test images as they are and as another light or camera has them."""
    import numpy
    from PIL import Image, ImageFilter, ImageOps

    def table(body):
        return lambda image: image.point([min(255, max(0, round(body(v)))) for v in range(256)] * 3)

    def jpeg(image):
        data = io.BytesIO()
        image.save(data, "JPEG", quality=60)
        return Image.open(io.BytesIO(data.getvalue())).convert("RGB")

    changes = {
        "as it is": lambda image: image,
        "brightness × 0.8": table(lambda v: 0.8 * v),
        "brightness × 1.2": table(lambda v: 1.2 * v),
        "gamma 0.8": table(lambda v: 255 * (v / 255) ** 0.8),
        "gamma 1.25": table(lambda v: 255 * (v / 255) ** 1.25),
        "JPEG, quality 60": jpeg,
        "blur of one pixel": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    }
    changed = []
    for index, name in enumerate(changes):
        pictures = folder / f"light-{index}"
        pictures.mkdir(parents=True, exist_ok=True)
        for place, line in enumerate(data.test):
            entry = json.loads(line)
            image = ImageOps.exif_transpose(Image.open(data.folder / entry["source-ref"]))
            target = pictures / f"{place}.png"
            if not target.exists():
                changes[name](image.convert("RGB")).save(target)
            entry = {key: value for key, value in entry.items() if "mask" not in key}
            entry["source-ref"] = f"light-{index}/{place}.png"
            changed.append(json.dumps(entry))
    for supervision in ("masks", "normal"):
        link_pictures(folder, supervision)
        result = evaluate(data, folder / supervision, data.train, changed, arguments,
                          "--supervision", supervision)
        scores = numpy.array([image["score"] for image in result["images"]])
        truth = numpy.array([image["isAnomalous"] for image in result["images"]])
        row = []
        for score, is_anomalous in zip(numpy.split(scores, len(changes)),
                                       numpy.split(truth, len(changes))):
            found = score > result["threshold"]
            f1 = 2 * (found & is_anomalous).sum() / (found.sum() + is_anomalous.sum())
            row.append(f"{auroc(score[~is_anomalous], score[is_anomalous]):.3f}, {f1:.3f}")
        print(f"| {data.name} | {supervision} | {' | '.join(row)} |", flush=True)


def link_pictures(folder, name):
    (folder / name).mkdir(exist_ok=True)
    for pictures in folder.glob("light-*"):
        link = folder / name / pictures.name
        if not link.exists():
            link.symlink_to(pictures)


def auroc(normal, anomalous):
    return ((anomalous[:, None] > normal).mean() + (anomalous[:, None] >= normal).mean()) / 2


def add_arguments(parser, output):
    """What a script takes that calls `evaluate`; `output` is its folder of results."""
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--reuse", action="store_true", help="keep results that are there")
    parser.add_argument("--spotter", type=pathlib.Path,
                        default=ROOT / ".build" / "release" / "spotter")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "spotter-accuracy" / output)


CONDITIONS = {"false-alarms": false_alarms, "labels": labels, "light": light}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("condition", choices=CONDITIONS)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--data", action="append", help="only this data set")
    parser.add_argument("--seeds", type=int, default=3, help="draws or splits")
    add_arguments(parser, "conditions")
    arguments = parser.parse_args()
    arguments.output = arguments.output.absolute()
    for folder in sorted(arguments.root.iterdir()):
        if (folder / "manifests").exists() and folder.name in (arguments.data or [folder.name]):
            data = DataSet(folder)
            CONDITIONS[arguments.condition](
                data, arguments.output / arguments.condition / data.name, arguments)


if __name__ == "__main__":
    main()
