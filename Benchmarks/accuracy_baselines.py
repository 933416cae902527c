"""anomalib's PatchCore and PaDiM on EfficientNet-Lite0, for accuracy.py.

Both see what Spotter's distances see: its stages 3 and 5, with the same weights.

The threshold is anomalib's, the one of the best F1 on a validation set. anomalib takes that set
from the test images; here a quarter of the normal training images and all anomalous ones stand for
it, and the model that is tested then learns from all normal training images.
"""

import ctypes
import math
import os
import time

# Bars of progress would drown what accuracy.py tells; read when PyTorch is imported.
os.environ.setdefault("TQDM_DISABLE", "1")

import numpy  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from sklearn import metrics as figures  # noqa: E402

import accuracy_lite0  # noqa: E402

# PatchCore's choice of a coreset makes and drops a large tensor between small ones that stay, and
# the heap grew to 22 GB. From a mebibyte on, memory is taken from the system and given back.
MALLOC_MMAP_THRESHOLD = -3
ctypes.CDLL(None).mallopt(MALLOC_MMAP_THRESHOLD, 1 << 20)

try:
    import torchvision  # noqa: F401
except RuntimeError:
    # PyPI's torchvision beside a PyTorch for CPUs alone cannot load its operators. The methods use
    # none of them, but the import needs these declared.
    OPERATORS = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        OPERATORS.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from anomalib.models.image.padim.torch_model import PadimModel  # noqa: E402
from anomalib.models.image.patchcore.torch_model import PatchcoreModel  # noqa: E402

SIDE = 256
LAYERS = ["stage3", "stage5"]
VALIDATION_SHARE = 4
CORESET_SHARE = 0.1
# PatchCore chooses among so many patches, drawn at random from all that the images have, and keeps
# as many as Spotter's own bank has. Each step of its coreset goes through all of them and chooses
# one, so that time grows with the square of their number.
CANDIDATES_MAX = 20000
# Of the 152 channels; anomalib's own number for its smallest network.
PADIM_CHANNELS = 100


def load(path):
    picture = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)
    values = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1).float() / 255
    return ((values - accuracy_lite0.MEAN) / accuracy_lite0.DEVIATION)[None]


def fit(method, paths, seed):
    torch.manual_seed(seed)
    network = accuracy_lite0.lite0()
    if method == "PatchCore":
        model = PatchcoreModel(layers=LAYERS, backbone=network, pre_trained=False)
    else:
        model = PadimModel(layers=LAYERS, backbone=network, pre_trained=False,
                           n_features=PADIM_CHANNELS)
    model.train()
    # Statistics of batches are the network's own; a model is never fitted to them.
    model.feature_extractor.eval()
    with torch.no_grad():
        for path in paths:
            model(load(path))
        if method == "PatchCore":
            patches = torch.vstack(model.embedding_store)
            kept = torch.randperm(len(patches))[:CANDIDATES_MAX]
            model.embedding_store = [patches[kept]]
            model.subsample_embedding(CORESET_SHARE)
        else:
            model.fit()
    return model.eval()


def score(model, path):
    with torch.no_grad():
        return float(model(load(path)).pred_score)


def best_threshold(normal, anomalous):
    """Halfway between the scores that the best F1 tells apart."""
    values = sorted(set(normal + anomalous))
    return max(((low + high) / 2 for low, high in zip(values, values[1:])),
               key=lambda threshold: f1(normal, anomalous, threshold), default=values[0])


def f1(normal, anomalous, threshold):
    found = sum(value > threshold for value in anomalous)
    false = sum(value > threshold for value in normal)
    return 2 * found / (len(anomalous) + found + false)


def evaluate(method, train, test, seed):
    """A result as `spotter evaluate` writes it, as far as the tables need it.

    `train` and `test` are lists of (path, whether it shows an anomaly).
    """
    normal = [path for path, is_anomalous in train if not is_anomalous]
    anomalous = [path for path, is_anomalous in train if is_anomalous]
    order = numpy.random.default_rng(seed).permutation(len(normal))
    held_out = [normal[i] for i in order[:math.ceil(len(normal) / VALIDATION_SHARE)]]
    begin = time.perf_counter()
    trial = fit(method, [path for path in normal if path not in held_out], seed)
    threshold = best_threshold([score(trial, path) for path in held_out],
                               [score(trial, path) for path in anomalous])
    model = fit(method, normal, seed)
    seconds = time.perf_counter() - begin
    images = []
    for path, is_anomalous in test:
        start = time.perf_counter()
        value = score(model, path)
        images.append({
            "source": str(path), "isAnomalous": is_anomalous, "score": value,
            "verdict": "anomaly" if value > threshold else "normal",
            "milliseconds": (time.perf_counter() - start) * 1000})
    return {"trainingSeconds": seconds, "threshold": threshold, "images": images,
            "metrics": measure(images, threshold)}


def measure(images, threshold):
    truth = [image["isAnomalous"] for image in images]
    scores = [image["score"] for image in images]
    normal = [score for score, is_anomalous in zip(scores, truth) if not is_anomalous]
    anomalous = [score for score, is_anomalous in zip(scores, truth) if is_anomalous]
    verdicts = [score > threshold for score in scores]
    limit = numpy.quantile(normal, 0.95)
    return {
        "auroc": float(figures.roc_auc_score(truth, scores)),
        "averagePrecision": float(figures.average_precision_score(truth, scores)),
        "f1": float(figures.f1_score(truth, verdicts, zero_division=0)),
        "precision": float(figures.precision_score(truth, verdicts, zero_division=0)),
        "recall": float(figures.recall_score(truth, verdicts)),
        "recallAt5PercentFalseAlarms": sum(
            float(score) > limit for score in anomalous) / len(anomalous),
        "millisecondsMedian": float(numpy.median([image["milliseconds"] for image in images])),
    }
