"""The main job through boto3, as a program written for Lookout for Vision does it."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import time
import zipfile

import numpy
import onnx
import onnxruntime
import pytest
from PIL import Image

from support.calls import wait_dataset, wait_package
from support.pictures import draw, host, import_shared, png, source, train
from support.server import SHARED, ProductServer, needs_shared


def package(client, project, name, bucket, **target):
    job = client.start_model_packaging_job(
        ProjectName=project, ModelVersion="latest",
        Configuration={"Greengrass": {
            "S3OutputLocation": {"Bucket": bucket, "Prefix": "components"}, "ComponentName": name,
            **(target or {"TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}})}})["JobName"]
    return wait_package(client, project, job)


def test_a_script_with_only_the_endpoint_and_keys_in_its_environment_runs_all_14_operations(hosted):
    script = """
import boto3, io, json, sys
client = boto3.client("lookoutvision")
client.create_project(ProjectName="script")
client.create_dataset(ProjectName="script", DatasetType="train")
client.describe_dataset(ProjectName="script", DatasetType="train")
client.describe_project(ProjectName="script")
client.list_projects()
client.create_model(ProjectName="script", OutputConfig={"S3Location": {"Bucket": "parts-images"}})
client.describe_model(ProjectName="parts", ModelVersion="1")
client.list_models(ProjectName="parts")
answer = client.detect_anomalies(ProjectName="parts", ModelVersion="1", ContentType="image/png",
                                 Body=open(sys.argv[1], "rb"))
job = client.start_model_packaging_job(
    ProjectName="parts", ModelVersion="1", JobName="script-job", Configuration={"Greengrass": {
        "S3OutputLocation": {"Bucket": "parts-images"}, "ComponentName": "com.example.Script",
        "TargetDevice": "jetson_xavier"}})
client.describe_model_packaging_job(ProjectName="parts", JobName=job["JobName"])
client.list_model_packaging_jobs(ProjectName="parts")
client.stop_model(ProjectName="parts", ModelVersion="1")
while client.describe_model(ProjectName="parts", ModelVersion="1")["ModelDescription"]["Status"] != "TRAINED": pass
client.start_model(ProjectName="parts", ModelVersion="1", MinInferenceUnits=1)
while client.describe_model(ProjectName="parts", ModelVersion="1")["ModelDescription"]["Status"] != "HOSTED": pass
print(answer["DetectAnomalyResult"]["IsAnomalous"])
"""
    key, secret = hosted.credentials()
    environment = {
        "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": hosted.endpoint,
        "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": "us-east-1"}
    picture = hosted.directory / "buckets" / "parts-images" / "30.png"
    out = subprocess.run([sys.executable, "-c", script, picture], env=environment, text=True,
                         capture_output=True, timeout=120)
    assert out.returncode == 0, out.stderr
    assert out.stdout.strip() == "True"


def test_the_model_finds_blots_that_it_was_not_trained_on(detailed):
    client = detailed.client()
    right = 0
    for seed in range(1000, 1020):
        picture, _ = draw(seed, seed % 2 == 0)
        result = client.detect_anomalies(
            ProjectName="parts", ModelVersion="1", ContentType="image/png",
            Body=png(picture))["DetectAnomalyResult"]
        assert result["Source"] == {"Type": "direct"}
        assert 0.5 <= result["Confidence"] <= 1
        right += result["IsAnomalous"] == (seed % 2 == 0)
    assert right >= 18


def test_anomalies_and_mask_agree_with_each_other_and_with_the_picture(detailed):
    picture, truth = draw(2000, True)
    result = detailed.client().detect_anomalies(
        ProjectName="parts", ModelVersion="1", ContentType="image/png",
        Body=png(picture))["DetectAnomalyResult"]
    areas = {a["Name"]: a["PixelAnomaly"] for a in result["Anomalies"]}
    assert set(areas) == {"background", "blot"}
    assert areas["blot"]["Color"] == "#2CA02C" and areas["background"]["Color"] == "#FFFFFF"
    assert abs(sum(a["TotalPercentageArea"] for a in areas.values()) - 1) < 1e-6
    mask = Image.open(io.BytesIO(result["AnomalyMask"]))
    assert mask.mode == "P" and mask.size == picture.size
    found = numpy.asarray(mask.convert("RGB")) == (0x2C, 0xA0, 0x2C)
    found = found.all(axis=2)
    assert abs(found.mean() - areas["blot"]["TotalPercentageArea"]) < 1e-6
    real = numpy.asarray(truth) == 1
    assert (found & real).sum() / (found | real).sum() > 0.3


def test_the_evaluation_objects_have_the_form_that_lookout_for_vision_wrote(hosted):
    model = hosted.client().describe_model(
        ProjectName="parts", ModelVersion="latest")["ModelDescription"]
    assert model["EvaluationManifest"] == {
        "Bucket": "parts-images", "Key": "results/EvaluationManifest-parts-1.json"}
    folder = hosted.directory / "buckets" / "parts-images"
    result = json.loads((folder / model["EvaluationResult"]["Key"]).read_text())
    assert result["EvaluationDetails"]["NumberOfTestingImages"] == 6
    assert result["EvaluationDetails"]["NumberOfTrainingImages"] == 32
    metrics = result["AggregatedEvaluationResults"]["Metrics"]
    assert metrics["F1Score"] == model["Performance"]["F1Score"]
    assert {"ROCAUC", "AveragePrecision", "Precision", "Recall"} <= set(metrics)
    assert metrics["PixelAnomalyClassMetrics"][0]["ClassName"] == "blot"
    lines = [json.loads(x) for x in (folder / model["EvaluationManifest"]["Key"]).open()]
    assert len(lines) == 6
    for entry in lines:
        detected = entry["anomaly-label-detected-metadata"]
        assert detected["class-name"] == ["normal", "anomaly"][entry["anomaly-label-detected"]]
        assert detected["human-annotated"] == "no" and detected["model-version"] == "1"


@pytest.mark.parametrize("target, architecture", [
    ({"TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}, "amd64"),
    ({"TargetPlatform": {"Os": "LINUX", "Arch": "ARM64"}}, "aarch64"),
    ({"TargetPlatform": {"Os": "LINUX", "Arch": "X86_64", "Accelerator": "NVIDIA"},
      "CompilerOptions": '{"gpu-code": "sm_75", "trt-ver": "7.1.3", "cuda-ver": "10.2"}'}, "amd64"),
    ({"TargetPlatform": {"Os": "LINUX", "Arch": "ARM64", "Accelerator": "NVIDIA"},
      "CompilerOptions": '{"gpu-code": "sm_72", "trt-ver": "8.2.1", "cuda-ver": "10.2"}'}, "aarch64"),
    ({"TargetDevice": "jetson_xavier"}, "aarch64"),
])
def test_packages_for_every_published_target(hosted, target, architecture):
    client = hosted.client()
    name = "com.example.Target" + hashlib.sha256(repr(target).encode()).hexdigest()[:8]
    job = package(client, "parts", name, "parts-images", **target)
    assert job["Status"] == "SUCCEEDED", job
    assert job["ModelPackagingMethod"] == "Greengrass"
    output = job["ModelPackagingOutputDetails"]["Greengrass"]
    assert output == {
        "ComponentName": name, "ComponentVersion": "1.0.0", "ComponentVersionArn":
        f"arn:aws:greengrass:us-east-1:000000000000:components:{name}:versions:1.0.0"}
    registry = hosted.directory / "greengrass"
    recipe = json.loads((registry / "recipes" / f"{name}-1.0.0.json").read_text())
    assert {m["Platform"]["architecture"] for m in recipe["Manifests"]} == {architecture}
    stored = registry / "artifacts" / name / "1.0.0" / "parts-1_greengrass_model_component.zip"
    artifact = recipe["Manifests"][0]["Artifacts"][0]
    uploaded = hosted.directory / "buckets" / artifact["Uri"].removeprefix("s3://")
    assert uploaded.read_bytes() == stored.read_bytes()
    assert artifact["Algorithm"] == "SHA-256"
    assert base64.b64decode(artifact["Digest"]) == hashlib.sha256(stored.read_bytes()).digest()
    with zipfile.ZipFile(stored) as archive:
        assert archive.namelist() == [
            "manifest.json", "SHA256SUMS", "model.onnx", "selftest.json",
            "selftest-1.png", "selftest-2.png", "selftest-3.png"]
        assert all(x.compress_type == zipfile.ZIP_STORED for x in archive.infolist())
        manifest = json.loads(archive.read("manifest.json"))
        for file, digest in manifest["files"].items():
            assert hashlib.sha256(archive.read(file)).hexdigest() == digest
    assert manifest["modelArn"].endswith("model/parts/1")
    assert manifest["labels"] == [{"name": "blot", "color": "#2CA02C"}]
    assert manifest["image"] == {"width": 256, "height": 256}
    if "CompilerOptions" in target:
        assert manifest["target"]["compilerOptions"] == json.loads(target["CompilerOptions"])


def test_packaging_the_same_model_twice_gives_the_same_bytes(hosted):
    client = hosted.client()
    registry = hosted.directory / "greengrass" / "artifacts"
    archives = []
    for name in ("com.example.First", "com.example.Second"):
        assert package(client, "parts", name, "parts-images")["Status"] == "SUCCEEDED"
        archives.append(next((registry / name / "1.0.0").iterdir()).read_bytes())
    assert archives[0] == archives[1]


def test_the_packaged_graph_is_sound_and_says_what_the_server_says(detailed):
    client = detailed.client()
    assert package(client, "parts", "com.example.Graph", "parts-images")["Status"] == "SUCCEEDED"
    folder = detailed.directory / "greengrass" / "artifacts" / "com.example.Graph" / "1.0.0"
    with zipfile.ZipFile(next(folder.iterdir())) as archive:
        model, manifest = archive.read("model.onnx"), json.loads(archive.read("manifest.json"))
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    session = onnxruntime.InferenceSession(model)
    assert [o.name for o in session.get_outputs()] == ["score", "anomaly_map", "label_logits"]
    assert manifest["image"] == manifest["input"]
    decision = manifest["decision"]
    threshold = decision["threshold"]
    compared = 0
    for seed in range(3000, 3016):
        picture, _ = draw(seed, seed % 2 == 0)
        result = client.detect_anomalies(
            ProjectName="parts", ModelVersion="1", ContentType="image/png",
            Body=png(picture))["DetectAnomalyResult"]
        score = float(session.run(["score"], {"image": numpy.asarray(picture)[None]})[0][0])
        assert (score > threshold) == result["IsAnomalous"]
        # The API shows no scores, but a confidence tells the score that it was made from, unless
        # it is too near to 1 for a float to tell.
        confidence = result["Confidence"]
        if confidence > 1 - 1e-6:
            continue
        sign = 1 if result["IsAnomalous"] else -1
        slope = decision["slopeAbove" if result["IsAnomalous"] else "slope"]
        logit = sign * numpy.log(confidence / (1 - confidence))
        assert abs(threshold * numpy.exp(logit / slope) - score) < 1e-4
        compared += 1
    assert compared >= 4


def test_a_failed_packaging_job_says_why_and_leaves_nothing(hosted):
    client = hosted.client()
    assert package(client, "parts", "com.example.Taken", "parts-images")["Status"] == "SUCCEEDED"
    again = package(client, "parts", "com.example.Taken", "parts-images")
    assert again["Status"] == "FAILED" and "already has a version 1.0.0" in again["StatusMessage"]
    missing = package(client, "parts", "com.example.NoBucket", "no-such-bucket")
    assert missing["Status"] == "FAILED" and "no-such-bucket" in missing["StatusMessage"]
    registry = hosted.directory / "greengrass"
    assert not (registry / "artifacts" / "com.example.NoBucket").exists()
    assert not list((registry / "recipes").glob("com.example.NoBucket*"))
    blocked = hosted.bucket("blocked")
    (blocked / ".spotter-temporary").symlink_to(hosted.directory)
    job = package(client, "parts", "com.example.Blocked", "blocked")
    assert job["Status"] == "FAILED", job
    assert not (registry / "artifacts" / "com.example.Blocked").exists()


def test_the_command_line_of_the_developer_guide_starts_a_packaging_job(hosted):
    key, secret = hosted.credentials()
    environment = {
        "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": hosted.endpoint, "AWS_PAGER": "",
        "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": "us-east-1", "HOME": str(hosted.directory)}
    command = [
        sys.executable, "-m", "awscli", "lookoutvision", "start-model-packaging-job",
        "--project-name", "parts", "--model-version", "1", "--description", "Sample packaging job",
        "--job-name", "cli-job", "--configuration",
        "Greengrass={TargetPlatform={Os='LINUX',Arch='ARM64',Accelerator='NVIDIA'},"
        "CompilerOptions='{\"gpu-code\":\"sm_72\",\"trt-ver\":\"7.1.3\",\"cuda-ver\":\"10.2\"}',"
        "S3OutputLocation={Bucket='parts-images',Prefix='cli'},"
        "ComponentName='com.example.Cli',ComponentVersion='1.2.3',"
        "ComponentDescription='A sample component',Tags=[{Key='modelKey',Value='modelValue'}]}",
        "--output", "json"]
    out = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert out.returncode == 0, out.stderr
    assert json.loads(out.stdout) == {"JobName": "cli-job"}
    job = wait_package(hosted.client(), "parts", "cli-job")
    assert job["Status"] == "SUCCEEDED", job
    record = hosted.directory / "greengrass" / "components" / "com.example.Cli" / "1.2.3.json"
    assert json.loads(record.read_text())["tags"] == {"modelKey": "modelValue"}
    assert job["ModelPackagingConfiguration"]["Greengrass"]["ComponentDescription"]


@pytest.mark.slow
@needs_shared
def test_cookies_train_to_the_promised_quality_within_time_and_memory(tmp_path):
    server = ProductServer(tmp_path / "data").start()
    try:
        client = server.client()
        import_shared(server, "cookies")
        client.create_project(ProjectName="cookies")
        for kind in ("train", "test"):
            client.create_dataset(ProjectName="cookies", DatasetType=kind,
                                  DatasetSource=source("cookies", f"{kind}.manifest"))
            assert wait_dataset(client, "cookies", kind)["Status"] == "CREATE_COMPLETE"
        begin = time.time()
        model = train(client, "cookies", "cookies")
        print(f"cookies: {model['Performance']}, {time.time() - begin:.1f} s, "
              f"{server.peak_memory_mb():.0f} MB")
        assert model["Performance"]["F1Score"] >= 0.85
        assert server.peak_memory_mb() < 1500
        host(client, "cookies")
        photo = (SHARED / "cookies" / "test-images" / "test-anomaly-1.jpg").read_bytes()
        result = client.detect_anomalies(ProjectName="cookies", ModelVersion="1", Body=photo,
                                         ContentType="image/jpeg")["DetectAnomalyResult"]
        assert result["IsAnomalous"]
        assert [a["Name"] for a in result["Anomalies"]][0] == "background"
        assert package(client, "cookies", "com.example.Cookies", "cookies")["Status"] == "SUCCEEDED"
    finally:
        server.kill()
