"""Tables of the results of accuracy.py."""

import statistics

import numpy
from sklearn import metrics as figures

BEGIN = "<!-- figures of make accuracy: begin -->"
END = "<!-- figures of make accuracy: end -->"
RESAMPLES = 2000


def markdown(measured):
    """Tables of {data set: rows of (method, what it learned from, results of all seeds)}."""
    parts = []
    for name, rows in measured.items():
        first = rows[0][2][0]
        normal = sum(not image["isAnomalous"] for image in first["images"])
        parts.append(f"### {name}\n\n{len(first['images'])} test images: {normal} normal, "
                     f"{len(first['images']) - normal} anomalous.\n")
        parts.append(table(
            ["method", "learned from", "AUROC", "95 % interval", "AP", "F1", "precision", "recall",
             "recall at 5 % false alarms"],
            [[method, supervision, spread(results, "auroc"), interval(median_run(results)),
              spread(results, "averagePrecision"), spread(results, "f1"),
              spread(results, "precision"), spread(results, "recall"),
              spread(results, "recallAt5PercentFalseAlarms")]
             for method, supervision, results in rows]))
        parts.append(table(
            ["method", "learned from", "pixel AUROC", "mask IoU", "calibration error", "training",
             "peak memory", "an image"],
            [[method, supervision, spread(results, "pixelAuroc"), spread(results, "meanIoU"),
              spread(results, "expectedCalibrationError"),
              f"{middle(r['trainingSeconds'] for r in results):.1f} s",
              memory(results), milliseconds(results)]
             for method, supervision, results in rows]))
    return "\n".join(parts)


def table(head, rows):
    lines = [head, ["---"] * len(head)] + rows
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def spread(results, name):
    """The median of the seeds, and lowest and highest where they differ."""
    values = [result["metrics"].get(name) for result in results]
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    low, high = f"{min(values):.3f}", f"{max(values):.3f}"
    return f"{middle(values):.3f}" + (f" ({low}–{high})" if low != high else "")


def middle(values):
    return statistics.median(values)


def memory(results):
    values = [result.get("trainingPeakMegabytes") for result in results]
    return f"{middle(values):.0f} MB" if all(values) else "–"


def milliseconds(results):
    return f"{middle(r['metrics']['millisecondsMedian'] for r in results):.1f} ms"


def median_run(results):
    """The run whose AUROC is the median of the seeds (of an even number, the lower one)."""
    ordered = sorted(results, key=lambda result: result["metrics"].get("auroc") or 0)
    return ordered[(len(ordered) - 1) // 2]


def interval(result):
    """95 % of the AUROCs of test sets drawn from this one with replacement, class by class."""
    scores = {kind: numpy.array([image["score"] for image in result["images"]
                                 if image["isAnomalous"] == kind]) for kind in (False, True)}
    if not all(len(values) for values in scores.values()):
        return "–"
    random = numpy.random.default_rng(0)
    truth = [0] * len(scores[False]) + [1] * len(scores[True])
    samples = [figures.roc_auc_score(truth, numpy.concatenate(
        [random.choice(scores[kind], len(scores[kind])) for kind in (False, True)]))
        for _ in range(RESAMPLES)]
    low, high = numpy.quantile(samples, (0.025, 0.975))
    return f"{low:.2f}–{high:.2f}"


def rewrite(path, text):
    """Puts `text` between the marks of the file at `path`."""
    before, rest = path.read_text().split(BEGIN)
    _, after = rest.split(END)
    part = path.with_suffix(".part")
    part.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
    part.replace(path)
