"""A program as users of Lookout for Vision wrote them: s3, lookoutvision and greengrassv2 together.

    inspection.py DATASET WORK

DATASET has training-images/, test-images/ and mask-images/, and manifests/ that refer to them by path. The
program makes a bucket, uploads everything, trains, reads the evaluation result, packages the model
and downloads what a device would. It knows no endpoint: clients find it in the environment.
"""

import base64
import hashlib
import json
import pathlib
import sys
import time

import boto3

dataset, work = map(pathlib.Path, sys.argv[1:])
BUCKET = "inspection-line-7"
PROJECT = "line-7"
COMPONENT = "com.example.Line7"

s3 = boto3.client("s3")
lookout = boto3.client("lookoutvision")
greengrass = boto3.client("greengrassv2")
print("account", boto3.client("sts").get_caller_identity()["Account"])


def wait(describe, busy):
    while True:
        answer = describe()
        if answer["Status"] not in busy:
            return answer
        time.sleep(0.1)


# Images and manifests into the bucket.
s3.create_bucket(Bucket=BUCKET)
images = [x for part in ("training-images", "test-images", "mask-images") for x in (dataset / part).rglob("*")
          if x.is_file()]
for image in images:
    s3.upload_file(str(image), BUCKET, str(image.relative_to(dataset)))
for kind in ("train", "test"):
    lines = []
    for text in (dataset / "manifests" / f"{kind}.manifest").open():
        entry = json.loads(text)
        for name in ("source-ref", "anomaly-mask-ref"):
            if name in entry:
                entry[name] = f"s3://{BUCKET}/{entry[name]}"
        lines.append(json.dumps(entry))
    s3.put_object(Bucket=BUCKET, Key=f"manifests/{kind}.manifest", Body="\n".join(lines).encode())
listed = sum(len(page["Contents"]) for page in
             s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET))
assert listed == len(images) + 2, listed

# Project, datasets, model.
lookout.create_project(ProjectName=PROJECT)
for kind in ("train", "test"):
    lookout.create_dataset(
        ProjectName=PROJECT, DatasetType=kind, DatasetSource={"GroundTruthManifest": {
            "S3Object": {"Bucket": BUCKET, "Key": f"manifests/{kind}.manifest"}}})
    state = wait(lambda: lookout.describe_dataset(
        ProjectName=PROJECT, DatasetType=kind)["DatasetDescription"], ["CREATE_IN_PROGRESS"])
    assert state["Status"] == "CREATE_COMPLETE", state
lookout.create_model(ProjectName=PROJECT,
                     OutputConfig={"S3Location": {"Bucket": BUCKET, "Prefix": "output/"}})
model = wait(lambda: lookout.describe_model(
    ProjectName=PROJECT, ModelVersion="1")["ModelDescription"], ["TRAINING"])
assert model["Status"] == "TRAINED", model
result = model["EvaluationResult"]
evaluation = json.load(s3.get_object(Bucket=result["Bucket"], Key=result["Key"])["Body"])
print("F1", model["Performance"]["F1Score"], "members", sorted(evaluation)[:3])

# The package.
job = lookout.start_model_packaging_job(
    ProjectName=PROJECT, ModelVersion="1", Configuration={"Greengrass": {
        "ComponentName": COMPONENT, "ComponentVersion": "1.0.0",
        "S3OutputLocation": {"Bucket": BUCKET, "Prefix": "components"},
        "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"},
        "Tags": [{"Key": "line", "Value": "7"}]}})
package = wait(lambda: lookout.describe_model_packaging_job(
    ProjectName=PROJECT, JobName=job["JobName"])["ModelPackagingDescription"],
    ["CREATED", "RUNNING"])
assert package["Status"] == "SUCCEEDED", package

# What a device's owner looks at.
arn = package["ModelPackagingOutputDetails"]["Greengrass"]["ComponentVersionArn"]
assert greengrass.describe_component(arn=arn)["status"]["componentState"] == "DEPLOYABLE"
recipe = json.loads(greengrass.get_component(arn=arn, recipeOutputFormat="JSON")["recipe"])
artifact = recipe["Manifests"][0]["Artifacts"][0]
bucket, key = artifact["Uri"].removeprefix("s3://").split("/", 1)
archive = work / "component.zip"
s3.download_file(bucket, key, str(archive))
digest = base64.b64encode(hashlib.sha256(archive.read_bytes()).digest()).decode()
assert digest == artifact["Digest"], (digest, artifact)
print("artifact", artifact["Uri"], archive.stat().st_size)
