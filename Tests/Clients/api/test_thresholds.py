"""Scores that a caller sees, and thresholds that move without training."""

import json
import subprocess
import zipfile

import pytest

from support import edge
from support.calls import judge, kind, metrics, raw
from support.commands import beside, values
from support.pictures import draw, make_package, png

DETECT = "/2020-11-20/projects/parts/models/1/detect"


def test_a_call_may_bring_its_own_threshold(hosted):
    body = png(draw(4001, True)[0])
    result, score, threshold = judge(hosted, body)
    assert result["IsAnomalous"] and score > threshold > 0
    above, same, used = judge(hosted, body, score * 2)
    assert same == score and used == score * 2
    assert not above["IsAnomalous"] and 0.5 < above["Confidence"] <= 1
    # The mask follows: what is normal is all background.
    assert [x["Name"] for x in above["Anomalies"]] == ["background"]
    assert len(result["Anomalies"]) == 2
    good = png(draw(4002, False)[0])
    assert not judge(hosted, good)[0]["IsAnomalous"]
    below, score, _ = judge(hosted, good, 0.001)
    assert below["IsAnomalous"] and score > 0.001
    # The next call is the model's again.
    assert judge(hosted, body)[2] == threshold


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e999", "warm", "12,5"])
def test_a_threshold_that_is_none_is_refused_by_the_headers_name(hosted, text):
    answer = raw(hosted, "POST", DETECT, png(draw(4001, True)[0]),
                 {"Content-Type": "image/png", "x-spotter-threshold": text})
    assert kind(answer) == (400, "ValidationException")
    assert "x-spotter-threshold" in answer[2]["Message"] and text in answer[2]["Message"]


def test_the_sdk_sees_the_score_beside_the_answer(hosted):
    answer = hosted.client().detect_anomalies(
        ProjectName="parts", ModelVersion="1", ContentType="image/png",
        Body=png(draw(4003, True)[0]))
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert float(headers["x-spotter-score"]) > float(headers["x-spotter-threshold"])


def test_a_set_threshold_counts_from_the_next_call_and_travels_in_the_package(hosted, tmp_path):
    body = png(draw(4004, True)[0])
    _, score, trained = judge(hosted, body)
    shown = values(beside(hosted, "model", "show", "parts", "1"))
    assert shown["status"] == "HOSTED" and shown["image-size"] == "256×256"
    assert float(shown["threshold"]) == float(shown["trained-threshold"]) == trained
    labels = '{ProjectName="parts",ModelVersion="1"}'
    try:
        shown = values(beside(hosted, "model", "set", "parts", "1", "--threshold", score * 2))
        assert float(shown["threshold"]) == score * 2
        assert float(shown["trained-threshold"]) == trained
        result, _, used = judge(hosted, body)
        assert not result["IsAnomalous"] and used == score * 2
        assert judge(hosted, body, score / 2)[0]["IsAnomalous"]
        assert metrics(hosted)[f"spotter_threshold{labels}"] == score * 2
        archive, _ = make_package(hosted, "parts", "com.example.Strict", "parts-images")
        manifest = json.loads(zipfile.ZipFile(archive).read("manifest.json"))
        assert manifest["decision"]["threshold"] == score * 2
        assert manifest["training"]["threshold"] == trained
        (tmp_path / "x.png").write_bytes(body)

        def inspect(*arguments):
            result = subprocess.run(
                [edge.SPOTTER_EDGE, "inspect", "--model", archive, "--json", *arguments,
                 tmp_path / "x.png"], capture_output=True, text=True)
            return json.loads(result.stdout) if result.returncode == 0 else result.stderr
        judged = inspect()
        assert judged["threshold"] == score * 2 and not judged["isAnomalous"]
        assert abs(judged["score"] - score) < 1e-3 * score
        judged = inspect("--threshold", str(score / 2))
        assert judged["threshold"] == score / 2 and judged["isAnomalous"]
        assert "--threshold" in inspect("--threshold", "0")
    finally:
        shown = values(beside(hosted, "model", "set", "parts", "1", "--threshold", "default"))
    assert float(shown["threshold"]) == trained
    assert judge(hosted, body)[2] == trained
    assert metrics(hosted)[f"spotter_threshold{labels}"] == trained


@pytest.mark.parametrize("arguments, words", [
    (["model", "set", "parts", "1", "--threshold", "0"], "--threshold"),
    (["model", "set", "parts", "1", "--threshold", "nan"], "--threshold"),
    (["model", "set", "parts", "9", "--threshold", "1"], "no model 9"),
    (["model", "show", "none", "1"], "project none"),
    (["project", "show", "none"], "no project none"),
    (["project", "set", "none", "--image-sizes", "mixed"], "no project none"),
    (["project", "set", "parts"], "--backbone"),
    (["project", "set", "parts", "--image-sizes", "three"], "mixed"),
    (["project", "set", "parts", "--backbone", "/no/such.onnx"], "/no/such.onnx"),
    (["project", "set", "parts", "--backbone", "/etc"], "/etc"),
    (["project", "set", "parts", "--image-sizes", "one", "--backbone-strides", "8"], "--backbone,"),
    (["project", "set", "parts", "--backbone", "default", "--backbone-std", "1,1,1"],
     "--backbone,"),
    (["project", "set", "parts", "--backbone", "x", "--backbone-mean", "1,2"], "three numbers"),
    (["project", "set", "parts", "--backbone", "x", "--backbone-multiple", "0"], "1 to 256"),
    (["serve", "--backbone-strides", "8"], "--backbone,"),
])
def test_commands_say_what_is_wrong(hosted, arguments, words):
    result = beside(hosted, *arguments)
    assert result.returncode != 0 and words in result.stderr, result.stderr
    assert "Fatal" not in result.stderr


def test_scores_are_in_the_metrics_and_the_evaluation(hosted):
    labels = 'ProjectName="parts",ModelVersion="1"'
    before = metrics(hosted)
    for seed, anomalous in ((4005, False), (4006, True)):
        judge(hosted, png(draw(seed, anomalous)[0]))
    after = metrics(hosted)
    name = "spotter_score_threshold_ratio"

    def grown(key):
        return after[key] - before.get(key, 0)
    assert grown(f"{name}_count{{{labels}}}") == 2
    assert grown(f'{name}_bucket{{{labels},le="1.0"}}') == 1
    assert grown(f'{name}_bucket{{{labels},le="+Inf"}}') == 2
    folder = hosted.directory / "buckets" / "parts-images" / "results"
    own = json.loads((folder / "EvaluationResult-parts-1.json").read_text())["Spotter"]
    assert 0 <= own["ExpectedCalibrationError"] < 0.5 and own["PixelAUROC"] > 0.8
    for entry in map(json.loads, (folder / "EvaluationManifest-parts-1.json").open()):
        told = entry["anomaly-label-detected-metadata"]
        assert told["spotter-threshold"] == own["Threshold"]
        is_above = told["spotter-score"] > told["spotter-threshold"]
        assert is_above == bool(entry["anomaly-label-detected"])
