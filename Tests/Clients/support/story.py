"""What clients do while a disk is unreliable, and whether it is still there afterwards."""

import hashlib
import io
import json
import random
import time
import zipfile

import botocore.exceptions
from botocore.config import Config

from support.commands import serving
from support.disk import ASKED, DONE

# An answer of the server counts, not that of a second try.
ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60)
BUCKET = "parts-images"
REFUSED = (botocore.exceptions.ClientError, botocore.exceptions.HTTPClientError)


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Truth:
    """What may be there: the value that was acknowledged last, and those asked for since then."""

    def __init__(self):
        self.values = {}

    def ask(self, name, value):
        self.values.setdefault(name, [None]).append(value)

    def done(self, name, value):
        self.values[name] = [value]

    def follow(self, change, text):
        what = json.loads(text)
        (self.ask if change == ASKED else self.done)(what["name"], what["value"])


class Story:
    """Calls, each noted before it is made and after it was answered."""

    def __init__(self, server, layer, seed=0):
        self.server, self.layer, self.truth = server, layer, Truth()
        self.random = random.Random(seed)
        self.s3 = server.client("s3", config=ONCE)
        self.vision = server.client(config=ONCE)
        self.refusals = 0

    def _asked(self, name, value):
        self.truth.ask(name, value)
        self.layer.note(ASKED, name=name, value=value)

    def _noted(self, name, value, call):
        self._asked(name, value)
        try:
            call()
        except REFUSED:
            self.refusals += 1
            return False
        self.truth.done(name, value)
        self.layer.note(DONE, name=name, value=value)
        return True

    def known(self, name, value):
        """What was there before."""
        self.truth.done(name, value)
        self.layer.note(DONE, name=name, value=value)

    def put(self, key, size, **options):
        body = self.random.randbytes(size)
        # It takes the tags of the object before away.
        self._asked(f"tags {key}", None)
        is_done = self._noted(f"object {key}", digest(body), lambda: self.s3.put_object(
            Bucket=BUCKET, Key=key, Body=body, Metadata={"digest": digest(body)}, **options))
        if is_done:
            self.known(f"tags {key}", None)
        return is_done

    def tag(self, key, value):
        return self._noted(f"tags {key}", value, lambda: self.s3.put_object_tagging(
            Bucket=BUCKET, Key=key, Tagging={"TagSet": [{"Key": "turn", "Value": value}]}))

    def configure(self, value):
        """Gives the bucket a tag."""
        return self._noted("bucket tag", value, lambda: self.s3.put_bucket_tagging(
            Bucket=BUCKET, Tagging={"TagSet": [{"Key": "turn", "Value": value}]}))

    def delete(self, key):
        return self._noted(f"object {key}", None, lambda: self.s3.delete_object(
            Bucket=BUCKET, Key=key))

    def multipart(self, key, sizes):
        pieces = [self.random.randbytes(size) for size in sizes]

        def call():
            place = {"Bucket": BUCKET, "Key": key}
            upload = self.s3.create_multipart_upload(**place)["UploadId"]
            parts = [{"PartNumber": n, "ETag": self.s3.upload_part(
                **place, UploadId=upload, PartNumber=n, Body=piece)["ETag"]}
                for n, piece in enumerate(pieces, 1)]
            self.s3.complete_multipart_upload(
                **place, UploadId=upload, MultipartUpload={"Parts": parts})
        return self._noted(f"object {key}", digest(b"".join(pieces)), call)

    def project(self, name):
        return self._noted(f"project {name}", True, lambda: self.vision.create_project(
            ProjectName=name))

    def label(self, key, label):
        """Changes an entry of the dataset and waits until that is done."""
        line = {"source-ref": f"s3://{BUCKET}/{key}", "label": label, "label-metadata": {
            "class-name": ["normal", "anomaly"][label], "type": "groundtruth/image-classification"}}

        def call():
            self.vision.update_dataset_entries(
                ProjectName="parts", DatasetType="train", Changes=json.dumps(line).encode())
            self._wait(lambda: self.vision.describe_dataset(
                ProjectName="parts", DatasetType="train")["DatasetDescription"], "UPDATE_COMPLETE")
        return self._noted(f"label {key}", label, call)

    def package(self, version):
        def call():
            job = self.vision.start_model_packaging_job(
                ProjectName="parts", ModelVersion="1", Configuration={"Greengrass": {
                    "S3OutputLocation": {"Bucket": BUCKET, "Prefix": "packages/"},
                    "ComponentName": "parts", "ComponentVersion": version,
                    "TargetPlatform": {"Os": "LINUX", "Arch": "X86_64"}}})["JobName"]
            self._wait(lambda: self.vision.describe_model_packaging_job(
                ProjectName="parts", JobName=job)["ModelPackagingDescription"], "SUCCEEDED")
        return self._noted(f"component {version}", True, call)

    @staticmethod
    def _wait(describe, wanted):
        until = time.monotonic() + 120
        while (found := describe())["Status"] != wanted:
            if "FAILED" in found["Status"] or time.monotonic() > until:
                raise botocore.exceptions.ClientError(
                    {"Error": {"Code": "Failed", "Message": found.get("StatusMessage")}}, "wait")
            time.sleep(0.02)


class Reader:
    """Looks whether a server still has what a story left."""

    def __init__(self, server):
        self.s3 = server.client("s3", config=ONCE)
        self.vision = server.client(config=ONCE)
        self.registry = server.client("greengrassv2", config=ONCE)

    def wrong(self, truth):
        """Returns sentences about what is lost or wrong."""
        return [f"{name} is {found!r} and not one of {values!r}"
                for name, values in truth.values.items()
                if (found := self._found(*name.split(" ", 1))) not in values]

    def _found(self, kind, name):
        try:
            return getattr(self, f"_{kind}")(name)
        except botocore.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            absent = ("NoSuchKey", "NoSuchTagSet", "ResourceNotFoundException")
            return None if code in absent else f"error {code}"

    def _object(self, key):
        answer = self.s3.get_object(Bucket=BUCKET, Key=key)
        found = digest(answer["Body"].read())
        written = answer["Metadata"].get("digest", found)
        return found if found == written else f"bytes {found} under metadata of {written}"

    def _tags(self, key):
        tags = self.s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
        return tags[0]["Value"] if tags else None

    def _bucket(self, _):
        return self.s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"][0]["Value"]

    def _project(self, name):
        return bool(self.vision.describe_project(ProjectName=name)["ProjectDescription"])

    def _label(self, key):
        lines = self.vision.list_dataset_entries(
            ProjectName="parts", DatasetType="train", SourceRefContains=f"/{key}")["DatasetEntries"]
        return json.loads(lines[0])["label"] if lines else None

    def _component(self, version):
        arn = "arn:aws:greengrass:us-east-1:000000000000:components:parts:versions:" + version
        recipe = json.loads(self.registry.get_component(arn=arn)["recipe"])
        artifact = recipe["Manifests"][0]["Artifacts"][0]
        key = artifact["Uri"].split("/", 3)[3]
        archive = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        names = zipfile.ZipFile(io.BytesIO(archive))
        return names.testzip() is None


def wrong_in(directory, truth, *arguments):
    """The same of a data directory that no server works on."""
    with serving(directory, *arguments) as server:
        return Reader(server).wrong(truth)
