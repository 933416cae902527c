"""Device and server judge alike: drawn pictures, and every test image of the real data sets."""

import json
import subprocess
import zipfile

import numpy
import pytest
from PIL import Image

from support.calls import wait_dataset
from support.edge import Agent, pixels
from support.pictures import draw, host, import_shared, make_package, png, source, train
from support.server import ROOT, SHARED, ProductServer, needs_shared


def score_of(result, decision):
    """The score that the server's confidence was made from; None where a float cannot tell."""
    confidence = result["Confidence"]
    if confidence > 1 - 1e-6:
        return None
    sign = 1 if result["IsAnomalous"] else -1
    logit = sign * numpy.log(confidence / (1 - confidence))
    slope = decision["slope"]
    if result["IsAnomalous"]:
        slope = decision.get("slopeAbove", slope)
    return decision["threshold"] * numpy.exp(logit / slope)


def test_the_program_that_runs_graphs_on_arm64_fits_the_shim():
    """`make test-arm64` compiles and runs it; here an old call of the shim is found."""
    subprocess.run(["clang", "-fsyntax-only", "-Wall", "-Werror",
                    f"-I{ROOT}/Sources/COnnxRuntime/include", ROOT / "Tests/Arm64/driver.c"],
                   check=True)


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("name", ["cookies", "ballscrew", "aliens"])
def test_server_and_agent_judge_real_pictures_alike(tmp_path, name):
    server = ProductServer(tmp_path / "data").start()
    try:
        client = server.client()
        import_shared(server, name)
        client.create_project(ProjectName=name)
        for kind in ("train", "test"):
            client.create_dataset(ProjectName=name, DatasetType=kind,
                                  DatasetSource=source(name, f"{kind}.manifest"))
            wait_dataset(client, name, kind)
        train(client, name, name)
        host(client, name)
        paths = [path for path in sorted((SHARED / name / "test-images").rglob("*"))
                 if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
        compare(server, name, tmp_path, (Image.open(path).convert("RGB") for path in paths))
    finally:
        server.kill()


def test_server_and_agent_judge_drawn_pictures_alike(hosted, tmp_path):
    # Some of those that the model was trained on, as make_dataset draws them.
    compare(hosted, "parts", tmp_path, (draw(seed, seed >= 24)[0] for seed in range(0, 38, 3)))


def compare(server, name, tmp_path, pictures):
    """Judges pictures by a hosted model and by its packages in full and in half precision."""
    client, bucket = server.client(), name if name != "parts" else "parts-images"
    agent = Agent(tmp_path / "edge").start()
    try:
        full, _ = make_package(server, name, "com.example.Full", bucket)
        small, job = make_package(server, name, "com.example.Small", bucket,
                                  options={"precision": "float16"})
        agent.install(full, "com.example.Full")
        agent.install(small, "com.example.Small")
        agent.run("com.example.Full")
        agent.run("com.example.Small")
        manifest = read_manifest(small)
        compression = manifest["compression"]
        assert compression["images"] > 20
        decision = manifest["decision"]
        if compression["precision"] == "float16":
            # The backbone's kernels have 16 bits in both; the rest shrinks by half.
            assert small.stat().st_size < full.stat().st_size
            bound = compression["scoreDifferenceMax"] * decision["threshold"]
            assert compression["scoreDifferenceMax"] <= 0.01
            assert compression["f1"] - compression["f1Compressed"] <= 0.01
        else:
            assert "32 bits" in job["StatusMessage"]
            bound = 1e-4
        compared = flipped = count = 0
        for picture in pictures:
            count += 1
            result = client.detect_anomalies(
                ProjectName=name, ModelVersion="1", ContentType="image/png",
                Body=png(picture))["DetectAnomalyResult"]
            device = agent.detect("com.example.Full", pixels(picture))
            assert device.is_anomalous == result["IsAnomalous"], count
            assert abs(device.confidence - result["Confidence"]) < 1e-6
            score = score_of(result, decision)
            if score is not None:
                compared += 1
                assert abs(device.anomaly_score - score) <= 1e-4, count
            compressed = agent.detect("com.example.Small", pixels(picture))
            # These pictures were among those that the bound was measured on.
            assert abs(compressed.anomaly_score - device.anomaly_score) <= bound + 1e-4
            flipped += compressed.is_anomalous != device.is_anomalous
        assert compared > count / 2 and flipped <= compression["verdictsChanged"]
    finally:
        agent.kill()


def read_manifest(archive):
    with zipfile.ZipFile(archive) as file:
        return json.loads(file.read("manifest.json"))
