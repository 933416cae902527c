"""Pictures that the tests draw themselves, and models that are made of them."""

import io
import json
import shutil

import numpy
from PIL import Image, ImageDraw

from support.calls import wait_dataset, wait_model, wait_package
from support.server import SHARED, Server


def draw(seed, anomalous, size=(256, 256)):
    """A disc on a noisy table, with a dark blot when anomalous; returns picture and mask.

    The default size is that of the graph's input, so that nothing is resized on the way.
    """
    random = numpy.random.default_rng(seed)
    table = random.normal(120, 6, (size[1], size[0], 1)) + random.normal(0, 3, 3)
    picture = Image.fromarray(numpy.clip(table, 0, 255).astype(numpy.uint8))
    pen = ImageDraw.Draw(picture)
    x, y = size[0] / 2 + random.uniform(-4, 4), size[1] / 2 + random.uniform(-4, 4)
    pen.ellipse((x - 44, y - 44, x + 44, y + 44), fill=(200, 190, 170))
    pen.ellipse((x - 14, y - 14, x + 14, y + 14), fill=(90, 80, 80))
    mask = Image.new("P", size, 0)
    mask.putpalette([255, 255, 255, 44, 160, 44])
    if anomalous:
        angle, radius = random.uniform(0, 6.28), random.uniform(24, 34)
        bx, by = x + radius * numpy.cos(angle), y + radius * numpy.sin(angle)
        box = (bx - 8, by - 7, bx + 8, by + 7)
        pen.ellipse(box, fill=(70, 40, 30))
        ImageDraw.Draw(mask).ellipse(box, fill=1)
    return picture, mask


def png(image):
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def line(bucket, key, anomalous, mask=None):
    name = "anomaly" if anomalous else "normal"
    entry = {
        "source-ref": f"s3://{bucket}/{key}",
        "label": int(anomalous),
        "label-metadata": {
            "class-name": name, "confidence": 1, "type": "groundtruth/image-classification",
            "human-annotated": "yes", "creation-date": "2026-01-01T00:00:00", "job-name": "test"},
    }
    if mask:
        entry["mask-ref"] = f"s3://{bucket}/{mask}"
        entry["mask-ref-metadata"] = {
            "internal-color-map": {
                "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"},
                "1": {"class-name": "blot", "hex-color": "#2ca02c"}},
            "type": "groundtruth/semantic-segmentation"}
    return entry


def source(bucket, key):
    return {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Key": key}}}


def make_dataset(server, client, project, bucket, masks=False, normal=24, anomalous=14,
                 size=(256, 256)):
    folder = server.bucket(bucket)
    lines = []
    for index in range(normal + anomalous):
        is_anomalous = index >= normal
        picture, mask = draw(index, is_anomalous, size)
        (folder / f"{index}.png").write_bytes(png(picture))
        if masks and is_anomalous:
            mask.save(folder / f"{index}-mask.png")
        lines.append(line(bucket, f"{index}.png", is_anomalous,
                          f"{index}-mask.png" if masks and is_anomalous else None))
    (folder / "train.manifest").write_text("".join(json.dumps(x) + "\n" for x in lines))
    client.create_project(ProjectName=project)
    client.create_dataset(ProjectName=project, DatasetType="train",
                          DatasetSource=source(bucket, "train.manifest"))
    assert wait_dataset(client, project)["Status"] == "CREATE_COMPLETE"


def train(client, project, bucket):
    client.create_model(ProjectName=project,
                        OutputConfig={"S3Location": {"Bucket": bucket, "Prefix": "results/"}})
    model = wait_model(client, project)
    assert model["Status"] == "TRAINED", model
    return model


def host(client, project):
    client.start_model(ProjectName=project, ModelVersion="1", MinInferenceUnits=1)
    assert wait_model(client, project)["Status"] == "HOSTED"


def copy_of(example, directory):
    """A server that goes on with a copy of the fixture `example`."""
    shutil.copytree(example, directory)
    server = Server(directory).start()
    assert wait_model(server.client(), "parts")["Status"] == "HOSTED"
    return server


def make_package(server, project, component, bucket, options=None, platform=None):
    """Runs a packaging job and returns the archive in the registry."""
    client = server.client()
    configuration = {
        "S3OutputLocation": {"Bucket": bucket, "Prefix": "packages/"}, "ComponentName": component,
        "ComponentVersion": "1.0.0",
        "TargetPlatform": platform or {"Os": "LINUX", "Arch": "X86_64"}}
    if options:
        configuration["CompilerOptions"] = json.dumps(options)
    job = client.start_model_packaging_job(
        ProjectName=project, ModelVersion="1", Configuration={"Greengrass": configuration})
    job = wait_package(client, project, job["JobName"])
    assert job["Status"] == "SUCCEEDED", job
    folder = server.directory / "greengrass" / "artifacts" / component / "1.0.0"
    return next(folder.iterdir()), job


def import_shared(server, name):
    """Copies a real data set into a bucket of its name; its manifests refer to the bucket then."""
    folder = server.bucket(name)
    for part in ("training-images", "test-images", "mask-images"):
        if (SHARED / name / part).exists():
            shutil.copytree(SHARED / name / part, folder / part)
    for manifest in ("train", "test"):
        out = []
        for text in (SHARED / name / "manifests" / f"{manifest}.manifest").open():
            entry = json.loads(text)
            for key in ("source-ref", "anomaly-mask-ref"):
                if key in entry:
                    entry[key] = f"s3://{name}/{entry[key]}"
            out.append(json.dumps(entry) + "\n")
        (folder / f"{manifest}.manifest").write_text("".join(out))
    return folder
