"""What tests of the console do again and again."""

import json
import shutil

from selenium.webdriver.common.action_chains import ActionChains

from support import networks
from support.calls import wait_dataset
from support.pictures import png
from support.server import ROOT, SPOTTER


def installed(prefix):
    """The program with all that it needs below a folder of its own, and a small network."""
    for file, target in ((SPOTTER, "bin/spotter"), (networks.small(), "share/spotter/backbone-e1.onnx"),
                         (ROOT / ".deps/lib/spotter/libonnxruntime.so",
                          "lib/spotter/libonnxruntime.so")):
        (prefix / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, prefix / target)
    shutil.copytree(ROOT / "share/spotter/console", prefix / "share/spotter/console")
    return prefix / "bin/spotter"


def fill(server, project, pictures):
    """A project whose training images are these pictures."""
    client, s3 = server.client(), server.client("s3")
    s3.create_bucket(Bucket=project)
    client.create_project(ProjectName=project)
    client.create_dataset(ProjectName=project, DatasetType="train")
    lines = []
    for name, picture in pictures.items():
        s3.put_object(Bucket=project, Key=name, Body=png(picture))
        lines.append(json.dumps({"source-ref": f"s3://{project}/{name}"}))
    wait_dataset(client, project, "train")
    client.update_dataset_entries(
        ProjectName=project, DatasetType="train", Changes="\n".join(lines).encode())
    wait_dataset(client, project, "train")
    return client


def empty_project(server, name):
    """A project with an empty training dataset."""
    client = server.client()
    client.create_project(ProjectName=name)
    client.create_dataset(ProjectName=name, DatasetType="train")
    wait_dataset(client, name, "train")
    return client


def stats(client, name, kind="train"):
    return client.describe_dataset(ProjectName=name, DatasetType=kind)[
        "DatasetDescription"]["ImageStats"]


def sign_in(browser, server):
    lines = [server.process.stdout.readline() for _ in range(2)]
    browser.open(lines[1].strip())
    browser.until(lambda: browser.text("h1") == "Projects")


def press(browser, *keys):
    ActionChains(browser.driver).send_keys(*keys).perform()


def open_import(browser):
    """The form that brings images in is folded away where there are images."""
    if not browser.find("#bring").get_attribute("open"):
        browser.find("#bring summary").click()
