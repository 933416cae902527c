"""Pictures of the results of accuracy.py."""

import pathlib

import matplotlib
from PIL import Image, ImageDraw
from sklearn import metrics as figures

from accuracy_tables import median_run

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import FormatStrFormatter  # noqa: E402

NORMAL, ANOMALOUS = "#2ea043", "#da3633"
SHEET_COLUMNS, SHEET_IMAGES_MAX, SHEET_WIDTH = 2, 24, 640


def roc(name, rows, folder):
    """One curve a method: of the seed with the median area."""
    figure, axes = pyplot.subplots(figsize=(6, 5))
    for method, supervision, results in rows:
        result = median_run(results)
        truth, scores = arrays(result)
        rates = figures.roc_curve(truth, scores, drop_intermediate=False)
        axes.step(rates[0], rates[1], where="post", linewidth=2 if method == "Spotter" else 1,
                  label=f"{method}, {supervision}: {result['metrics']['auroc']:.3f}")
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linestyle=":", linewidth=1)
    axes.set(xlabel="share of normal test images that raise an alarm",
             ylabel="share of anomalies found", title=name, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.legend(loc="lower right", fontsize=7)
    save(figure, folder / f"roc-{name}.png")


def histograms(name, rows, folder):
    """Scores of Spotter's test images as multiples of the threshold, on a logarithmic axis."""
    ours = [row for row in rows if row[0] == "Spotter"]
    if not ours:
        return
    figure, plots = pyplot.subplots(1, len(ours), figsize=(5 * len(ours), 3.4), squeeze=False)
    for axes, (_, supervision, results) in zip(plots[0], ours):
        result = median_run(results)
        ratios = [max(image["score"], 1e-9) / result["threshold"] for image in result["images"]]
        low, high = min(ratios + [0.9]) * 0.98, max(ratios + [1.1]) * 1.02
        bins = [low * (high / low) ** (step / 30) for step in range(31)]
        groups = [[ratio for ratio, image in zip(ratios, result["images"])
                   if image["isAnomalous"] == kind] for kind in (False, True)]
        axes.hist(groups, bins=bins, color=[NORMAL, ANOMALOUS], label=["normal", "anomalous"],
                  stacked=True)
        axes.axvline(1, color="black", linestyle="--", linewidth=1, label="threshold")
        axes.set(xscale="log", xlabel="score / threshold", ylabel="test images",
                 title=f"{name}, learned from {supervision}")
        # Powers of ten are no help within one decade.
        axes.xaxis.set_major_formatter(FormatStrFormatter("%.1f"))
        axes.xaxis.set_minor_formatter(FormatStrFormatter("%.1f"))
        axes.legend(fontsize=7)
    save(figure, folder / f"scores-{name}.png")


def arrays(result):
    images = result["images"]
    return [image["isAnomalous"] for image in images], [image["score"] for image in images]


def save(figure, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, dpi=90, metadata={"Software": None})
    pyplot.close(figure)


def photograph_sheets(rows, folder):
    """Hits and misses of the runs that wrote maps. They show photographs: never to be committed."""
    for method, supervision, results in rows:
        if method != "Spotter" or not (results[0]["folder"] / "maps").exists():
            continue
        for title, is_anomalous, verdict in (
            ("found", True, "anomaly"), ("missed", True, "normal"),
            ("false-alarms", False, "anomaly"), ("passed", False, "normal"),
        ):
            paths = maps(results[0], is_anomalous, verdict)
            path = folder / f"{title}-{supervision}.png"
            path.unlink(missing_ok=True)
            if paths:
                sheet(paths[:SHEET_IMAGES_MAX], SHEET_COLUMNS, SHEET_WIDTH).save(path)


def maps(result, is_anomalous, verdict):
    """(file, caption) of the images of a kind with a verdict, nearest to the threshold first."""
    chosen = [(number, image) for number, image in enumerate(result["images"], 1)
              if image["isAnomalous"] == is_anomalous and image["verdict"] == verdict]
    chosen.sort(key=lambda pair: abs(pair[1]["score"] / result["threshold"] - 1))
    return [(result["folder"] / "maps" / f"{number}-{pathlib.Path(image['source']).stem}.png",
             f"{pathlib.Path(image['source']).stem}  {image['score'] / result['threshold']:.2f}")
            for number, image in chosen]


def sheet(paths, columns, width):
    """Pictures of one size in a grid with their captions."""
    with Image.open(paths[0][0]) as first:
        height = round(first.height * width / first.width)
    rows = (len(paths) + columns - 1) // columns
    caption, gap = 14, 6
    out = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + caption + gap) + gap),
                    "white")
    draw = ImageDraw.Draw(out)
    for place, (path, text) in enumerate(paths):
        left = gap + place % columns * (width + gap)
        top = gap + place // columns * (height + caption + gap)
        draw.text((left, top), text[-60:], fill="black")
        with Image.open(path) as picture:
            out.paste(picture.convert("RGB").resize((width, height)), (left, top + caption))
    return out


def drawn_sheet(result_folder, folder):
    """Maps of the demonstration's drawn pictures: every second test picture."""
    paths = sorted((result_folder / "maps").glob("*.png"), key=lambda p: int(p.stem.split("-")[0]))
    picture = sheet([(path, path.stem.split("-", 1)[1]) for path in paths[::2]], 3, 240)
    folder.mkdir(parents=True, exist_ok=True)
    # 128 colours suffice and keep the file small.
    picture.quantize(128).save(folder / "drawn-maps.png", optimize=True)
