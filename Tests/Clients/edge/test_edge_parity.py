"""Device and server judge alike: every test image of the real data sets, on the same pixels."""

import json
import zipfile

import numpy
import pytest
from PIL import Image

from support.calls import wait_dataset
from support.edge import Agent, pixels
from support.pictures import host, import_shared, make_package, png, source, train
from support.server import SHARED, Server, needs_shared


def score_of(result, decision):
    """The score that the server's confidence was made from; None where a float cannot tell."""
    confidence = result["Confidence"]
    if confidence > 1 - 1e-6:
        return None
    sign = 1 if result["IsAnomalous"] else -1
    logit = sign * numpy.log(confidence / (1 - confidence))
    return decision["threshold"] * numpy.exp(logit / decision["slope"])


@needs_shared
@pytest.mark.parametrize("name", ["cookies", "ballscrew", "aliens"])
def test_server_and_agent_judge_alike(tmp_path, name):
    server = Server(tmp_path / "data").start()
    agent = Agent(tmp_path / "edge").start()
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
        full, _ = make_package(server, name, "com.example.Full", name)
        small, job = make_package(server, name, "com.example.Small", name,
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
        for path in sorted((SHARED / name / "test-images").rglob("*")):
            if path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
                continue
            count += 1
            picture = Image.open(path).convert("RGB")
            result = client.detect_anomalies(
                ProjectName=name, ModelVersion="1", ContentType="image/png",
                Body=png(picture))["DetectAnomalyResult"]
            device = agent.detect("com.example.Full", pixels(picture))
            assert device.is_anomalous == result["IsAnomalous"], path.name
            assert abs(device.confidence - result["Confidence"]) < 1e-6
            score = score_of(result, decision)
            if score is not None:
                compared += 1
                assert abs(device.anomaly_score - score) <= 1e-4, path.name
            compressed = agent.detect("com.example.Small", pixels(picture))
            # Test images were among those that the bound was measured on.
            assert abs(compressed.anomaly_score - device.anomaly_score) <= bound + 1e-4
            flipped += compressed.is_anomalous != device.is_anomalous
        assert compared > count / 2 and flipped <= compression["verdictsChanged"]
    finally:
        agent.kill()
        server.kill()


def read_manifest(archive):
    with zipfile.ZipFile(archive) as file:
        return json.loads(file.read("manifest.json"))
