#!/usr/bin/env python3
"""What models reach on drawn surfaces and products that nothing was tuned for.

    Benchmarks/drawn_surfaces.py

Nine families of pictures, each with colours, contrast, scale and noise of its own; five kinds of
defects, of which the training's labels show three. A set has 40 normal and 15 anomalous pictures to
learn from, with masks, and 40 and 40 to judge, of 256×256 pixels. It needs NumPy, SciPy and Pillow,
and no data set: `.deps/venv-accuracy` has them after `scripts/setup --accuracy`.
"""

import argparse
import json

import numpy
from PIL import Image
from scipy import ndimage, spatial

from accuracy_conditions import DataSet, add_arguments, evaluate

SIDE = 256
COUNTS = {"train": (40, 15), "test": (40, 40)}
COLOURS = [(35, 164, 54), (44, 58, 90), (200, 30, 30), (20, 120, 220), (220, 180, 20)]
KINDS = len(COLOURS)
KINDS_SHOWN = 3
# Mean change of a pixel, of 255, from which on a mask covers it; and how many such pixels a defect
# has at least.
VISIBLE, PIXELS_MIN = 6, 12
Y, X = numpy.mgrid[0:SIDE, 0:SIDE].astype(numpy.float32)


def noise(rng, scale, stretch=(1, 1)):
    """Smooth noise of deviation 1 or less, with clouds of `scale` pixels."""
    size = [max(2, int(SIDE / scale / part)) for part in stretch]
    picture = Image.fromarray(rng.standard_normal(size).astype(numpy.float32))
    return numpy.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def clouds(rng, scales=(64, 32, 16, 8, 4), fall=0.6, stretch=(1, 1)):
    grey = sum(fall ** index * noise(rng, scale, stretch) for index, scale in enumerate(scales))
    return grey / grey.std()


class Family:
    """Pictures of one surface or product: what is drawn here is the same in all of them."""

    def __init__(self, kind, rng):
        self.draw = getattr(self, kind)
        self.part = rng.uniform(0, 1, 5)
        self.colour, self.other = rng.uniform(60, 190, 3), rng.uniform(30, 220, 3)
        self.tint = 1 + 0.4 * rng.uniform(-1, 1, 3)
        self.contrast = rng.uniform(8, 35)
        angle = rng.uniform(0, numpy.pi)
        self.u = X * numpy.cos(angle) + Y * numpy.sin(angle)
        self.v = -X * numpy.sin(angle) + Y * numpy.cos(angle)
        self.seed = int(rng.integers(1 << 30))

    def picture(self, rng):
        drawn = self.draw(rng)
        if drawn.ndim == 2:
            drawn = self.colour + (self.contrast * drawn)[..., None] * self.tint
        drawn = drawn * rng.uniform(0.93, 1.07) + 3 * self.part[3] * noise(rng, 150)[..., None]
        drawn = drawn + rng.normal(0, 1 + 4 * self.part[4], (SIDE, SIDE, 1))
        return numpy.clip(drawn, 0, 255).astype(numpy.uint8)

    def cloudy(self, rng):
        return clouds(rng, fall=0.4 + 0.5 * self.part[0])

    def brushed(self, rng):
        return clouds(rng, (40, 16, 6, 3), stretch=(1, 0.05 + 0.1 * self.part[0]))

    def weave(self, rng):
        bend = numpy.cumsum(rng.normal(0, 0.02, SIDE)) * 3
        threads = [numpy.sin(2 * numpy.pi * along / (6 + 14 * width) + rng.uniform(0, 6))
                   for along, width in ((self.u + bend[:, None], self.part[0]),
                                        (self.v + bend[None], self.part[1]))]
        return 1.5 * numpy.maximum(*threads) + 0.3 * clouds(rng)

    def wood(self, rng):
        rings = self.u / (8 + 25 * self.part[0])
        rings = rings + (1 + 3 * self.part[1]) * noise(rng, 90) + 0.3 * noise(rng, 20)
        return 1.2 * numpy.sin(2 * numpy.pi * rings) + 0.4 * clouds(rng, (6, 3))

    def cells(self, rng):
        count = int(20 + 150 * self.part[0])
        seeds = spatial.cKDTree(rng.uniform(0, SIDE, (count, 2)))
        near, which = seeds.query(numpy.stack([Y.ravel(), X.ravel()], 1), k=2)
        edge = (near[:, 1] - near[:, 0]).reshape(SIDE, SIDE) / (2 + 6 * self.part[1])
        shade = rng.standard_normal(count)[which[:, 0]].reshape(SIDE, SIDE)
        return 2 * numpy.clip(edge, 0, 1) - 1 + 0.4 * shade + 0.2 * clouds(rng)

    def speckles(self, rng):
        grains = ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), 0.7 + 2 * self.part[0])
        return 2.0 * (grains > (1 + self.part[1]) * grains.std()) + 0.4 * clouds(rng)

    def joints(self, rng):
        sides, shift = 20 + 60 * self.part[:2], rng.uniform(0, 80, 2)
        is_joint = [(along + by) % side < 2 + 3 * self.part[2]
                    for along, side, by in zip((self.u, self.v), sides, shift)]
        return numpy.where(is_joint[0] | is_joint[1], -1.5, 0.3) + 0.4 * clouds(rng, fall=0.5)

    def ground(self, rng):
        """What products lie on, where the camera shakes, and a generator that draws the same."""
        drawn = numpy.ones((SIDE, SIDE, 3)) * self.colour
        shake = rng.uniform(-4, 4, 2)
        drawn += (0.3 * self.contrast * clouds(rng))[..., None]
        return drawn, X + shake[0], Y + shake[1], numpy.random.default_rng(self.seed)

    def plate(self, rng):
        drawn, x, y, same = self.ground(rng)
        for _ in range(int(same.integers(3, 9))):
            left, top = same.uniform(30, SIDE - 30, 2)
            across, down = same.uniform(10, 70, 2)
            is_round, colour = same.random() < 0.5, same.uniform(20, 235, 3)
            x_part, y_part = abs(x - left) / across, abs(y - top) / down
            drawn[x_part ** 2 + y_part ** 2 < 1 if is_round else
                  numpy.maximum(x_part, y_part) < 1] = colour
        return drawn

    def array(self, rng):
        drawn, x, y, same = self.ground(rng)
        columns, rows = same.integers(2, 6, 2)
        across, down = SIDE / columns, SIDE / rows
        is_part = numpy.maximum(abs(x % across / across - 0.5), abs(y % down / down - 0.5)) < 1 / 3
        drawn[is_part] = self.other + (0.4 * self.contrast * clouds(rng)[is_part])[:, None]
        return drawn


FAMILIES = ["cloudy", "brushed", "weave", "wood", "cells", "speckles", "joints", "plate", "array"]


def place(rng):
    """Where a defect is: a scratch, or a blot of 3 to 28 pixels."""
    if rng.random() < 0.25:
        line, angle = numpy.zeros((SIDE, SIDE)), rng.uniform(0, 2 * numpy.pi)
        x, y = rng.uniform(20, SIDE - 20, 2)
        for _ in range(int(rng.uniform(10, 90))):
            angle += rng.normal(0, 0.15)
            x, y = x + numpy.cos(angle), y + numpy.sin(angle)
            if 0 <= x < SIDE and 0 <= y < SIDE:
                line[int(y), int(x)] = 1
        return ndimage.gaussian_filter(line, rng.uniform(0.6, 2)) > 0.12
    size, flat = rng.uniform(3, 28), rng.uniform(0.4, 1.6)
    x, y = rng.uniform(10, SIDE - 10, 2)
    return ((X - x) / size) ** 2 + ((Y - y) / (size * flat)) ** 2 + 0.5 * noise(rng, 12) < 1


def spoiled(picture, kind, rng):
    """A picture with a defect, and its mask."""
    before = picture.astype(numpy.float32)
    while True:
        if kind == 0:
            other = before + rng.choice([-1, 1]) * rng.uniform(15, 70) * rng.uniform(0.7, 1.3, 3)
        elif kind == 1:
            other = numpy.roll(before, rng.integers(-120, 120, 2), (0, 1))
        elif kind == 2:
            other = ndimage.gaussian_filter(before, (3, 3, 0))
        elif kind == 3:
            other = rng.uniform(20, 235, 3) + 10 * noise(rng, 6)[..., None]
        else:
            bent = [Y + 5 * noise(rng, 25), X + 5 * noise(rng, 25)]
            other = numpy.stack([ndimage.map_coordinates(before[..., part], bent, order=1,
                                                         mode="reflect") for part in range(3)], -1)
        share = ndimage.gaussian_filter(place(rng).astype(numpy.float32), rng.uniform(0.3, 1.5))
        after = numpy.clip(before + (other - before) * share[..., None], 0, 255)
        mask = abs(after - before).mean(-1) > VISIBLE
        if mask.sum() >= PIXELS_MIN:
            return after.astype(numpy.uint8), mask


def entry(name, mask, kind):
    def described(form, **more):
        return {"type": f"groundtruth/{form}", "creation-date": "2026-01-01T00:00:00", **more}

    line = {"source-ref": name, "anomaly-label": int(mask is not None),
            "anomaly-label-metadata": described(
                "image-classification", **{"class-name": "anomaly" if mask else "normal"})}
    if mask:
        colour = "#%02x%02x%02x" % COLOURS[kind]
        line |= {"anomaly-mask-ref": mask, "anomaly-mask-ref-metadata": described(
            "semantic-segmentation",
            **{"internal-color-map": {"1": {"class-name": f"kind{kind}", "hex-color": colour}}})}
    return json.dumps(line) + "\n"


def write(folder, family, rng):
    """A data set; which kinds of defects its training shows is drawn too."""
    shown = rng.permutation(KINDS)[:KINDS_SHOWN]
    for part in ("train", "test", "masks", "manifests"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for part, (normal, anomalous) in COUNTS.items():
        lines = []
        for index in range(normal + anomalous):
            picture, name = family.picture(rng), f"{part}/{index:03}.png"
            mask_name = kind = None
            if index >= normal:
                kind = int(rng.choice(shown if part == "train" else KINDS))
                picture, mask = spoiled(picture, kind, rng)
                mask_name = f"masks/{part}-{index:03}.png"
                colours = numpy.full((SIDE, SIDE, 3), 255, numpy.uint8)
                colours[mask] = COLOURS[kind]
                Image.fromarray(colours).save(folder / mask_name)
            Image.fromarray(picture).save(folder / name)
            lines.append(entry(name, mask_name, kind))
        (folder / "manifests" / f"{part}.manifest").write_text("".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", action="append", choices=FAMILIES, help="only this one")
    add_arguments(parser, "drawn")
    arguments = parser.parse_args()
    print("| family | learned from | AUROC | F1 | false alarms | escapes |")
    for number, name in enumerate(FAMILIES):
        if arguments.family and name not in arguments.family:
            continue
        rng = numpy.random.default_rng(number)
        folder = arguments.output.absolute() / "sets" / name
        write(folder, Family(name, rng), rng)
        pictures = DataSet(folder)
        for supervision in ("normal", "masks"):
            found = evaluate(
                pictures, arguments.output.absolute() / "results" / name / supervision,
                pictures.train, pictures.test, arguments, "--supervision", supervision)
            wrong = [[image["verdict"] != ("anomaly" if is_anomalous else "normal")
                      for image in found["images"] if image["isAnomalous"] == is_anomalous]
                     for is_anomalous in (False, True)]
            shares = " | ".join(f"{100 * sum(one) / len(one):.0f} %" for one in wrong)
            print(f"| {name} | {supervision} | {found['metrics']['auroc']:.3f} "
                  f"| {found['metrics']['f1']:.3f} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
