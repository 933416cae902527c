"""Projects whose images have several sizes."""

import base64
import io
import json

from PIL import Image

from support import edge
from support.calls import error, judge, wait_dataset, wait_model
from support.commands import beside, values
from support.networks import network
from support.pictures import draw, line, make_package, png, source, train


def make_mixed(server, project):
    """A project whose images have three sizes, not trained yet."""
    client, bucket = server.client(), f"{project}-images"
    folder = server.bucket(bucket)
    lines = []
    for index in range(36):
        anomalous = index >= 22
        size = [(256, 256), (192, 256), (320, 240)][index % 3]
        picture, mask = draw(index, anomalous)
        (folder / f"{index}.png").write_bytes(png(picture.resize(size)))
        if anomalous:
            mask.resize(size, Image.Resampling.NEAREST).save(folder / f"{index}-mask.png")
        lines.append(line(bucket, f"{index}.png", anomalous,
                          f"{index}-mask.png" if anomalous else None))
    (folder / "train.manifest").write_text("".join(json.dumps(x) + "\n" for x in lines))
    client.create_project(ProjectName=project)
    client.create_dataset(ProjectName=project, DatasetType="train",
                          DatasetSource=source(bucket, "train.manifest"))
    assert wait_dataset(client, project)["Status"] == "CREATE_COMPLETE"
    return client


def test_mixed_sizes_are_refused_until_the_project_opts_in(shared, tmp_path):
    client = make_mixed(shared, "mix")
    assert values(beside(shared, "project", "show", "mix"))["image-sizes"] == "one"
    client.create_model(ProjectName="mix", OutputConfig={"S3Location": {"Bucket": "mix-images"}})
    failed = wait_model(client, "mix")
    assert failed["Status"] == "TRAINING_FAILED" and "one size" in failed["StatusMessage"]
    client.delete_model(ProjectName="mix", ModelVersion="1")

    digest = network(tmp_path / "tiny.onnx")
    shown = values(beside(shared, "project", "set", "mix", "--image-sizes", "mixed",
                          "--backbone", tmp_path / "tiny.onnx"))
    assert shown["image-sizes"] == "mixed" and shown["backbone"] == digest
    stored = shared.directory / "backbones" / f"{digest}.onnx"
    assert stored.read_bytes() == (tmp_path / "tiny.onnx").read_bytes()
    assert not [x.name for x in stored.parent.iterdir() if x.suffix != ".onnx"]
    listed = [x for x in beside(shared, "project", "list").stdout.splitlines()
              if x.startswith("mix ")]
    assert listed[0].startswith("mix  models up to 1") and digest in listed[0]

    client.create_model(ProjectName="mix", OutputConfig={"S3Location": {"Bucket": "mix-images"}})
    model = wait_model(client, "mix", "2")
    assert model["Status"] == "TRAINED", model
    (path,) = shared.directory.glob("internal/models/mix/2/*/manifest.json")
    manifest = json.loads(path.read_text())
    assert manifest["training"]["backbone"] == digest and manifest["acceptsOtherSizes"] is True
    assert manifest["input"] == {"width": 128, "height": 128}
    shown = values(beside(shared, "model", "show", "mix", "2"))
    assert shown["backbone"] == digest and shown["image-size"] == "256×256, others"

    client.start_model(ProjectName="mix", ModelVersion="2", MinInferenceUnits=1)
    assert wait_model(client, "mix", "2")["Status"] == "HOSTED"
    picture, _ = draw(31, True)
    for size in ((256, 256), (400, 300), (64, 64)):
        result, score, _ = judge(shared, png(picture.resize(size)), model="mix/models/2")
        assert score > 0
        mask = result["AnomalyMask"]
        assert Image.open(io.BytesIO(base64.b64decode(mask))).size == size
    tiny, _ = draw(1, False, size=(40, 40))
    assert "40×40" in error(
        client.detect_anomalies, ProjectName="mix", ModelVersion="2", Body=png(tiny),
        ContentType="image/png")["Error"]["Message"]


def test_a_package_of_mixed_sizes_takes_them_on_the_device(shared, tmp_path):
    client = make_mixed(shared, "mix-device")
    values(beside(shared, "project", "set", "mix-device", "--image-sizes", "mixed"))
    train(client, "mix-device", "mix-device-images")
    archive, _ = make_package(shared, "mix-device", "com.example.Mix", "mix-device-images")
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
