"""Thresholds that move without training, backbones of one's own, images of many sizes."""

import base64
import hashlib
import io
import json
import subprocess
import zipfile

import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from support import edge
from support.calls import error, kind, metrics, raw, wait_dataset, wait_model, wait_package
from support.networks import network
from support.pictures import draw, host, line, make_dataset, make_package, png, source, train
from support.server import SPOTTER, Server

DETECT = "/2020-11-20/projects/parts/models/1/detect"


def spotter(server, *arguments):
    return subprocess.run([SPOTTER, *map(str, arguments), "--data-directory", server.directory],
                          capture_output=True, text=True, timeout=60, env=server.environment())


def values(result):
    """What `show` and `set` print."""
    assert result.returncode == 0, result.stderr
    return dict(x.split(" = ") for x in result.stdout.splitlines())


def detect(server, body, threshold=None, path=DETECT):
    """One call: the result, the score and the threshold in force."""
    headers = {"Content-Type": "image/png"}
    if threshold is not None:
        headers["x-spotter-threshold"] = str(threshold)
    status, headers, answer = raw(server, "POST", path, body, headers)
    assert status == 200, answer
    headers = {k.lower(): v for k, v in headers.items()}
    return (answer["DetectAnomalyResult"], float(headers["x-spotter-score"]),
            float(headers["x-spotter-threshold"]))


def test_a_call_may_bring_its_own_threshold(hosted):
    body = png(draw(4001, True)[0])
    result, score, threshold = detect(hosted, body)
    assert result["IsAnomalous"] and score > threshold > 0
    above, same, used = detect(hosted, body, score * 2)
    assert same == score and used == score * 2
    assert not above["IsAnomalous"] and 0.5 < above["Confidence"] <= 1
    # The mask follows: what is normal is all background.
    assert [x["Name"] for x in above["Anomalies"]] == ["background"]
    assert len(result["Anomalies"]) == 2
    good = png(draw(4002, False)[0])
    assert not detect(hosted, good)[0]["IsAnomalous"]
    below, score, _ = detect(hosted, good, 0.001)
    assert below["IsAnomalous"] and score > 0.001
    # The next call is the model's again.
    assert detect(hosted, body)[2] == threshold


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
    _, score, trained = detect(hosted, body)
    shown = values(spotter(hosted, "model", "show", "parts", "1"))
    assert shown["status"] == "HOSTED" and shown["image-size"] == "256×256"
    assert float(shown["threshold"]) == float(shown["trained-threshold"]) == trained
    labels = '{ProjectName="parts",ModelVersion="1"}'
    try:
        shown = values(spotter(hosted, "model", "set", "parts", "1", "--threshold", score * 2))
        assert float(shown["threshold"]) == score * 2
        assert float(shown["trained-threshold"]) == trained
        result, _, used = detect(hosted, body)
        assert not result["IsAnomalous"] and used == score * 2
        assert detect(hosted, body, score / 2)[0]["IsAnomalous"]
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
        shown = values(spotter(hosted, "model", "set", "parts", "1", "--threshold", "default"))
    assert float(shown["threshold"]) == trained
    assert detect(hosted, body)[2] == trained
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
    result = spotter(hosted, *arguments)
    assert result.returncode != 0 and words in result.stderr, result.stderr
    assert "Fatal" not in result.stderr


def test_scores_are_in_the_metrics_and_the_evaluation(hosted):
    labels = 'ProjectName="parts",ModelVersion="1"'
    before = metrics(hosted)
    for seed, anomalous in ((4005, False), (4006, True)):
        detect(hosted, png(draw(seed, anomalous)[0]))
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


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A server with the project `mix`, whose images have three sizes, not trained yet."""
    server = Server(tmp_path_factory.mktemp("mixed") / "data").start()
    client = server.client()
    folder = server.bucket("mix-images")
    lines = []
    for index in range(36):
        anomalous = index >= 22
        size = [(256, 256), (192, 256), (320, 240)][index % 3]
        picture, mask = draw(index, anomalous)
        (folder / f"{index}.png").write_bytes(png(picture.resize(size)))
        if anomalous:
            mask.resize(size, Image.Resampling.NEAREST).save(folder / f"{index}-mask.png")
        lines.append(line("mix-images", f"{index}.png", anomalous,
                          f"{index}-mask.png" if anomalous else None))
    (folder / "train.manifest").write_text("".join(json.dumps(x) + "\n" for x in lines))
    client.create_project(ProjectName="mix")
    client.create_dataset(ProjectName="mix", DatasetType="train",
                          DatasetSource=source("mix-images", "train.manifest"))
    assert wait_dataset(client, "mix")["Status"] == "CREATE_COMPLETE"
    yield server
    server.kill()


def test_mixed_sizes_are_refused_until_the_project_opts_in(mixed, tmp_path):
    client = mixed.client()
    assert values(spotter(mixed, "project", "show", "mix"))["image-sizes"] == "one"
    client.create_model(ProjectName="mix", OutputConfig={"S3Location": {"Bucket": "mix-images"}})
    failed = wait_model(client, "mix")
    assert failed["Status"] == "TRAINING_FAILED" and "one size" in failed["StatusMessage"]
    client.delete_model(ProjectName="mix", ModelVersion="1")

    digest = network(tmp_path / "tiny.onnx")
    shown = values(spotter(mixed, "project", "set", "mix", "--image-sizes", "mixed",
                           "--backbone", tmp_path / "tiny.onnx"))
    assert shown["image-sizes"] == "mixed" and shown["backbone"] == digest
    stored = mixed.directory / "backbones" / f"{digest}.onnx"
    assert stored.read_bytes() == (tmp_path / "tiny.onnx").read_bytes()
    assert [x.name for x in stored.parent.iterdir()] == [stored.name]
    listed = spotter(mixed, "project", "list").stdout
    assert listed.startswith("mix  models up to 1") and digest in listed

    client.create_model(ProjectName="mix", OutputConfig={"S3Location": {"Bucket": "mix-images"}})
    model = wait_model(client, "mix", "2")
    assert model["Status"] == "TRAINED", model
    (path,) = mixed.directory.glob("internal/models/mix/2/*/manifest.json")
    manifest = json.loads(path.read_text())
    assert manifest["training"]["backbone"] == digest and manifest["acceptsOtherSizes"] is True
    assert manifest["input"] == {"width": 128, "height": 128}
    shown = values(spotter(mixed, "model", "show", "mix", "2"))
    assert shown["backbone"] == digest and shown["image-size"] == "256×256, others"

    client.start_model(ProjectName="mix", ModelVersion="2", MinInferenceUnits=1)
    assert wait_model(client, "mix", "2")["Status"] == "HOSTED"
    path = "/2020-11-20/projects/mix/models/2/detect"
    picture, _ = draw(31, True)
    for size in ((256, 256), (400, 300), (64, 64)):
        result, score, _ = detect(mixed, png(picture.resize(size)), path=path)
        assert score > 0
        mask = result["AnomalyMask"]
        assert Image.open(io.BytesIO(base64.b64decode(mask))).size == size
    tiny, _ = draw(1, False, size=(40, 40))
    assert "40×40" in error(
        client.detect_anomalies, ProjectName="mix", ModelVersion="2", Body=png(tiny),
        ContentType="image/png")["Error"]["Message"]


def test_a_package_of_mixed_sizes_takes_them_on_the_device(mixed, tmp_path):
    client = mixed.client()
    configuration = {
        "S3OutputLocation": {"Bucket": "mix-images", "Prefix": "packages/"},
        "ComponentName": "com.example.Mix", "ComponentVersion": "1.0.0",
        "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}
    job = client.start_model_packaging_job(
        ProjectName="mix", ModelVersion="2", Configuration={"Greengrass": configuration})
    assert wait_package(client, "mix", job["JobName"])["Status"] == "SUCCEEDED"
    archive = next((mixed.directory / "greengrass/artifacts/com.example.Mix/1.0.0").iterdir())
    agent = edge.Agent(tmp_path / "edge").start()
    try:
        agent.install(archive, "com.example.Mix")
        agent.run("com.example.Mix")
        picture, _ = draw(31, True)
        for size in ((256, 256), (300, 200)):
            found = agent.detect("com.example.Mix", edge.pixels(picture.resize(size)))
            assert (found.anomaly_mask.width, found.anomaly_mask.height) == size
            assert found.anomaly_score > 0
    finally:
        agent.kill()


def test_a_file_that_is_no_backbone_is_refused_by_name_and_changes_nothing(mixed, tmp_path):
    before = spotter(mixed, "project", "show", "mix").stdout
    text = tmp_path / "text.onnx"
    text.write_text("no network")
    opsets = [helper.make_opsetid("", 17)]
    flat = tmp_path / "flat.onnx"
    onnx.save(helper.make_model(helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])], "flat",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 10])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])]),
        opset_imports=opsets), flat)
    odd = tmp_path / "odd.onnx"
    onnx.save(helper.make_model(helper.make_graph(
        [helper.make_node("NoSuchOperator", ["x"], ["y"])], "odd",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 8, 8])]),
        opset_imports=opsets), odd)
    newer, finer = tmp_path / "newer.onnx", tmp_path / "finer.onnx"
    network(newer, opset=18)
    # One output has the other's strides.
    network(finer, side=None, outputs=("z", "y"), metadata={"spotter.strides": "8,4"})
    half = tmp_path / "half.onnx"
    network(half, side=None)
    for path, words, flags in (
            (text, "not an ONNX file", []), (flat, "[1, 10]", []), (odd, "NoSuchOperator", []),
            (newer, "opset_version=17", []), (finer, "spotter.strides", []),
            (half, "--backbone-strides", []),
            (half, "strides for 2", ["--backbone-strides", "8,16"]),
            (half, "spotter.multiple", ["--backbone-strides", "8", "--backbone-multiple", "12"]),
            (half, "spotter.strides", ["--backbone-strides", "4"])):
        result = spotter(mixed, "project", "set", "mix", "--backbone", path, *flags)
        assert result.returncode == 1 and str(path) in result.stderr, result.stderr
        assert words in result.stderr, result.stderr
    assert spotter(mixed, "project", "show", "mix").stdout == before
    shown = values(spotter(mixed, "project", "set", "mix", "--backbone", "default"))
    assert shown["backbone"] == "default" and f"image-sizes = {shown['image-sizes']}" in before


IMAGENET = {"spotter.mean": "0.485,0.456,0.406", "spotter.std": "0.229,0.224,0.225"}


def test_backbones_of_any_size_and_of_one_are_trained_and_detect(tmp_path):
    server = Server(tmp_path / "data").start()
    try:
        client = server.client()
        two, wide = tmp_path / "two.onnx", tmp_path / "wide.onnx"
        network(two, side=None, outputs=("z", "y"),
                metadata={"spotter.strides": "4,8", "spotter.multiple": "32", **IMAGENET})
        network(wide, side=224, channels=200)
        for project, file, flags, views in (
                ("any", two, [], {(256, 4), (256, 8)}),
                ("one", wide, ["--backbone-mean", "0.5,0.5,0.5"], {(224, 8)})):
            make_dataset(server, client, project, f"{project}-images")
            digest = values(spotter(server, "project", "set", project, "--backbone", file,
                                    *flags))["backbone"]
            stored = (server.directory / "backbones" / f"{digest}.onnx").read_bytes()
            assert hashlib.sha256(stored).hexdigest() == digest
            assert (stored == file.read_bytes()) == (not flags)
            train(client, project, f"{project}-images")
            (manifest,) = server.directory.glob(f"internal/models/{project}/1/*/manifest.json")
            training = json.loads(manifest.read_text())["training"]
            assert training["backbone"] == digest
            assert {(x["inputWidth"], x["stride"]) for x in training["candidates"]} == views
            host(client, project)
            scores = [
                detect(server, png(draw(seed, anomalous)[0]),
                       path=f"/2020-11-20/projects/{project}/models/1/detect")[1]
                for seed, anomalous in ((31, True), (32, False))]
            assert scores[0] > scores[1] > 0
    finally:
        server.kill()


def test_flags_stand_in_for_metadata(hosted, tmp_path):
    plain, told = tmp_path / "plain.onnx", tmp_path / "told.onnx"
    network(plain, side=None, outputs=("z", "y"))
    digest = network(told, side=None, outputs=("z", "y"), metadata={
        "spotter.strides": "4,8", "spotter.multiple": "16", "spotter.mean": "0.5,0.25,0.0",
        "spotter.std": "1.0,2.0,3.0"})
    flags = ["--backbone-strides", "4,8", "--backbone-multiple", "16", "--backbone-mean",
             "0.5,0.25,0", "--backbone-std", "1,2,3"]
    try:
        for file, more in ((told, []), (plain, flags), (told, flags)):
            shown = values(
                spotter(hosted, "project", "set", "parts", "--backbone", file, *more))
            stored = onnx.load(hosted.directory / "backbones" / f"{shown['backbone']}.onnx")
            onnx.checker.check_model(stored)
            assert stored.metadata_props == onnx.load(told).metadata_props
            assert stored.graph == onnx.load(told).graph
            assert (shown["backbone"] == digest) == (not more)
    finally:
        values(spotter(hosted, "project", "set", "parts", "--backbone", "default"))
    # The commands that read a file where it lies.
    environment = hosted.environment()
    (tmp_path / "m").mkdir()
    for name in ("train", "test"):
        (tmp_path / "m" / name).write_text("")
    command = ["evaluate", "--train", tmp_path / "m" / "train", "--test", tmp_path / "m" / "test",
               "--output", tmp_path / "out", "--backbone"]
    for more, words in (([plain], "--backbone-strides"), ([plain, *flags], "train"),
                        ([plain, "--backbone-strides", "8,4"], "plain.onnx cannot be used"),
                        (["filter-bank", *flags], "--backbone,")):
        result = subprocess.run([SPOTTER, *command, *more], capture_output=True, text=True,
                                timeout=60, env=environment)
        assert result.returncode != 0 and words in result.stderr, result.stderr


def test_a_backbone_of_the_whole_server(tmp_path):
    digest = network(tmp_path / "tiny.onnx", seed=2)
    server = Server(tmp_path / "data", "--backbone", tmp_path / "tiny.onnx").start()
    try:
        client = server.client()
        make_dataset(server, client, "p", "images")
        train(client, "p", "images")
        assert values(spotter(server, "model", "show", "p", "1"))["backbone"] == digest
        host(client, "p")
    finally:
        server.kill()
    broken = tmp_path / "broken.onnx"
    broken.write_text("no network")
    plain = tmp_path / "plain.onnx"
    network(plain, side=None)
    for more, name in (([broken], "broken.onnx"), ([plain], "plain.onnx"),
                       ([plain, "--backbone-strides", "4"], "plain.onnx cannot be used")):
        outcome = subprocess.run(
            [SPOTTER, "serve", "--data-directory", tmp_path / "other", "--port", "0", "--backbone",
             *more], capture_output=True, text=True, timeout=60, env=server.environment())
        assert outcome.returncode == 1 and name in outcome.stderr, outcome.stderr
    server = Server(tmp_path / "other", "--backbone", plain, "--backbone-strides", "8").start()
    server.kill()
