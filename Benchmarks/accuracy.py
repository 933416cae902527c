#!/usr/bin/env python3
"""How good the models are: Spotter and baselines on the data sets of ../shared/data.

    make accuracy
    make accuracy ARGUMENTS='--data cookies --seeds 1 --no-baselines'

Prints tables and, after a complete run, rewrites docs/accuracy.md between its marks and the
pictures of docs/accuracy. Results, maps and sheets of hits and misses stay in spotter-accuracy/,
since they show photographs that are not ours. Test images only measure: nothing is chosen on them.
"""

import argparse
import datetime
import json
import pathlib
import subprocess
import sys

import accuracy_pictures as pictures
import accuracy_tables as tables

ROOT = pathlib.Path(__file__).resolve().parents[1]
SPOTTER = ROOT / ".build" / "release" / "spotter"
SEEDS = (1, 2, 3)
# Arguments of `spotter evaluate`; None stands for what Spotter comes with.
SPOTTERS = {
    "Spotter": None,
    "Spotter, own backbones": "own",
    "Spotter, filter bank alone": "filter-bank",
}
# With how many seeds at most: PatchCore takes minutes for a training.
ANOMALIB = {"PatchCore": 1, "PaDiM": len(SEEDS)}


class DataSet:
    def __init__(self, folder):
        self.name = folder.name
        self.folder = folder
        self.train = folder / "manifests" / "train.manifest"
        self.test = folder / "manifests" / "test.manifest"

    @staticmethod
    def all(root):
        found = [DataSet(folder) for folder in sorted(root.iterdir())]
        return [one for one in found if one.train.exists() and one.test.exists()]

    @property
    def has_masks(self):
        return "groundtruth/semantic-segmentation" in self.train.read_text()

    def entries(self, manifest):
        """Path and whether it shows an anomaly, of each labelled image."""
        for text in manifest.read_text().splitlines():
            entry = json.loads(text)
            for value in entry.values():
                if isinstance(value, dict) and value.get("class-name") in ("normal", "anomaly"):
                    yield self.folder / entry["source-ref"], value["class-name"] == "anomaly"
                    break


def run(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}{done.stdout}")
    return done.stdout


def spotter_methods(program):
    """Those that this build knows: the hook for backbones without weights."""
    usage = run([program, "evaluate", "--help"])
    return [name for name, value in SPOTTERS.items()
            if value != "filter-bank" or "filter-bank" in usage]


def evaluate(data, method, supervision, seed, arguments):
    folder = arguments.output / data.name / f"{slug(method)}-{supervision}-{seed}"
    file = folder / "result.json"
    if not (arguments.reuse and file.exists()):
        command = [arguments.program, "evaluate", "--train", data.train, "--test", data.test,
                   "--seed", seed, "--supervision", supervision, "--output", folder]
        if SPOTTERS[method]:
            command += ["--backbone", SPOTTERS[method]]
        if method == "Spotter" and seed == SEEDS[0]:
            command.append("--maps")
        run(command)
    result = json.loads(file.read_text())
    result["folder"] = folder
    return result


def baseline(data, method, seed, arguments):
    file = arguments.output / data.name / f"{slug(method)}-labels-{seed}" / "result.json"
    if not (arguments.reuse and file.exists()):
        import accuracy_baselines
        result = accuracy_baselines.evaluate(
            method, list(data.entries(data.train)), list(data.entries(data.test)), seed)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.with_suffix(".part").write_text(json.dumps(result, indent=2))
        file.with_suffix(".part").replace(file)
    return json.loads(file.read_text())


def slug(name):
    return name.lower().replace(",", "").replace(" ", "-")


def measure(data, arguments):
    """Rows of (method, what it learned from, the results of all seeds)."""
    rows = []
    seeds = SEEDS[:arguments.seeds]
    supervisions = ["masks" if data.has_masks else "labels", "normal"]
    for method in filter(arguments.wants, spotter_methods(arguments.program)):
        for supervision in supervisions:
            say(f"{data.name}: {method}, {supervision}")
            first = evaluate(data, method, supervision, seeds[0], arguments)
            rows.append((method, supervision, [first] + [
                evaluate(data, method, supervision, seed, arguments) for seed in seeds[1:]]))
    for method in filter(arguments.wants, ANOMALIB):
        say(f"{data.name}: {method}")
        rows.append((f"{method}, EfficientNet-Lite0", "labels",
                     [baseline(data, method, seed, arguments)
                      for seed in seeds[:ANOMALIB[method]]]))
    if not rows:
        sys.exit(f"This build of Spotter does not know {', '.join(arguments.method)}.")
    return rows


def drawn_pictures(arguments):
    """Maps of the demonstration's pictures, which are ours to show."""
    demo = arguments.output / "demo"
    run([arguments.program, "demo", "--output", demo])
    bucket = demo / "data" / "buckets" / "demo-images"
    folder = arguments.output / "drawn"
    run([arguments.program, "evaluate", "--train", bucket / "train.manifest", "--test",
         bucket / "test.manifest", "--output", folder, "--maps"])
    return folder


def provenance(arguments):
    revision = run(["git", "-C", ROOT, "rev-parse", "--short=10", "HEAD"]).strip()
    seeds = "one seed" if arguments.seeds == 1 else f"{arguments.seeds} seeds"
    part = f", only {', '.join(arguments.method)}" if arguments.method else ""
    return f"Measured on {datetime.date.today()} at {revision} with {seeds}{part}."


def say(text):
    print(text, file=sys.stderr, flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=ROOT.parent / "shared" / "data",
                        help="folder of the data sets, each with manifests/{train,test}.manifest")
    parser.add_argument("--program", type=pathlib.Path, default=SPOTTER,
                        help="the spotter to measure; .build/debug/spotter has the same models, "
                        "whose training and detection are compiled for speed there too")
    parser.add_argument("--data", action="append", help="only this data set; may be repeated")
    parser.add_argument("--seeds", type=int, choices=(1, 2, 3), default=len(SEEDS),
                        help="how many seeds to train with")
    parser.add_argument("--no-baselines", dest="baselines", action="store_false",
                        help="only Spotter with what it comes with")
    parser.add_argument("--method", action="append", help="only this one; may be repeated",
                        choices=[slug(name) for name in (*SPOTTERS, *ANOMALIB)])
    parser.add_argument("--reuse", action="store_true",
                        help="take results of the output folder instead of measuring again")
    parser.add_argument("--write", action="store_true",
                        help="rewrite docs/accuracy.md also after a run of parts")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "spotter-accuracy",
                        help="folder for results and sheets")
    arguments = parser.parse_args()
    arguments.method = arguments.method or ([] if arguments.baselines else ["spotter"])
    arguments.wants = lambda name: not arguments.method or slug(name) in arguments.method
    return arguments


def main():
    arguments = parse()
    if not arguments.root.is_dir():
        sys.exit(f"There is no folder {arguments.root} of data sets; give another with --root.")
    sets = DataSet.all(arguments.root)
    unknown = set(arguments.data or []) - {one.name for one in sets}
    if unknown or not sets:
        sys.exit(f"{arguments.root} has {', '.join(one.name for one in sets) or 'no data sets'}, "
                 f"not {', '.join(sorted(unknown)) or 'any'}.")
    is_complete = not (arguments.data or arguments.method) and arguments.seeds == len(SEEDS)
    measured = {}
    for data in sets:
        if not arguments.data or data.name in arguments.data:
            measured[data.name] = measure(data, arguments)
            pictures.photograph_sheets(measured[data.name], arguments.output / data.name)
    text = f"{provenance(arguments)}\n\n{tables.markdown(measured)}"
    print(text)
    if is_complete or arguments.write:
        folder = ROOT / "docs" / "accuracy"
        for name, rows in measured.items():
            pictures.roc(name, rows, folder)
            pictures.histograms(name, rows, folder)
        pictures.drawn_sheet(drawn_pictures(arguments), folder)
        tables.rewrite(ROOT / "docs" / "accuracy.md", text)


if __name__ == "__main__":
    main()
