"""Packaging for devices, hosting, tags and deletion of models, by keys in a real browser."""

import io
import json
import zipfile

import pytest
from selenium.webdriver.common.keys import Keys

from support.browser import Browser
from support.console import installed
from support.pictures import host, make_dataset, train
from support.server import Server

NVIDIA = {"gpu-code": "sm_75", "trt-ver": "7.1.3", "cuda-ver": "10.2"}
TARGETS = {
    "Linux, x86_64": {"precision": "float16"}, "Linux, ARM64": {}, "Linux, x86_64, NVIDIA": NVIDIA,
    "Linux, ARM64, NVIDIA": NVIDIA, "NVIDIA Jetson Xavier": {}}


def fetched(browser, selector):
    """What a download link gives: type, proposed name, and bytes."""
    found = browser.driver.execute_async_script("""
        const [address, done] = arguments;
        fetch(address).then(async answer => done([answer.headers.get("content-type"),
            answer.headers.get("content-disposition"), [...new Uint8Array(await answer.arrayBuffer())]]));
        """, browser.find(selector).get_attribute("href"))
    return found[0], found[1], bytes(found[2])


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.usefixtures("signed_in")
def test_a_model_is_packaged_for_each_target_and_carried_away(hosted, browser, target):
    """List, describe, recipe, download and the commands to type on a device."""
    name = "com.example.P" + "".join(filter(str.isalnum, target))
    browser.driver.set_script_timeout(60)
    browser.open(hosted.endpoint + "/console/projects/parts/models/1")
    menu = browser.find("[name=target]")
    for _ in range(list(TARGETS).index(target)):
        menu.send_keys(Keys.ARROW_DOWN)
    browser.fill("component", name)
    browser.fill("componentVersion", "1.2.3")
    # The options of this target are there, each explained, and no others.
    shown = {field.get_attribute("name") for field in browser.all("fieldset.options [name]")
             if field.is_displayed() and browser.text(f"#{field.get_attribute('aria-describedby')}")}
    assert shown == set(NVIDIA if "NVIDIA" in target else ("precision", "mcpu"))
    for option, value in TARGETS[target].items():
        browser.find(f"[name={option}]").send_keys(value)
    browser.find("[name=componentVersion]").send_keys(Keys.ENTER)
    browser.until(lambda: browser.text("h1") == "parts")
    job = hosted.client().list_model_packaging_jobs(ProjectName="parts")["ModelPackagingJobs"][0]
    browser.find(f"a[href$='{job['JobName']}']").send_keys(Keys.ENTER)
    browser.until(lambda: "SUCCEEDED" in browser.text("h1"))
    facts = browser.text(".facts")
    assert name in facts and "1.2.3" in facts
    assert all(f'"{option}":"{value}"' in facts for option, value in TARGETS[target].items())
    assert browser.violations() == []
    page = browser.text()
    for words in ("spotter edge-agent publish", f'--merge "{name}=1.2.3"',
                  f"--add-component {name}=1.2.3"):
        assert words in page
    browser.find("details summary").send_keys(Keys.ENTER)
    browser.until(lambda: name in browser.text("details pre"))
    assert browser.violations() == []
    kind, saved_as, recipe = fetched(browser, "a[href$=recipe]")
    assert kind == "application/json" and f'"{name}-1.2.3.json"' in saved_as
    assert json.loads(recipe)["ComponentVersion"] == "1.2.3"
    kind, saved_as, archive = fetched(browser, "a[href$=archive]")
    assert kind == "application/zip" and saved_as.endswith('.zip"')
    assert zipfile.ZipFile(io.BytesIO(archive)).testzip() is None
    assert browser.problems() == []


def pack(browser, server, target, component):
    """Packages model 1, and shows the page of its package."""
    browser.open(server.endpoint + "/console/projects/parts/models/1")
    menu = browser.find("[name=target]")
    for _ in range(list(TARGETS).index(target)):
        menu.send_keys(Keys.ARROW_DOWN)
    browser.fill("component", component)
    browser.press("Package")
    browser.until(lambda: f"{component} 1.0.0" in browser.text("#packages"))
    browser.until(lambda: "SUCCEEDED" in browser.text("#packages tbody tr"))
    browser.find("#packages tbody a").click()
    browser.until(lambda: browser.all("#agent"))


@pytest.mark.slow
def test_the_agent_beside_the_server_is_published_by_a_press(tmp_path):
    """Into the server's own S3 and Greengrass; a version that is taken was refused afterwards."""
    prefix = tmp_path / "prefix"
    server = Server(tmp_path / "data")
    server.program = installed(prefix)
    for architecture, machine in (("amd64", 62), ("aarch64", 183)):
        for name in ("bin/spotter-edge", "lib/spotter/libonnxruntime.so"):
            file = prefix / "lib/spotter/edge-agent" / architecture / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"\x7fELF" + bytes(14) + bytes([machine, 0]) + bytes(60))
    server.start()
    browser = Browser(tmp_path / "profile")
    try:
        browser.driver.set_script_timeout(60)
        client = server.client()
        make_dataset(server, client, "parts", "parts-images")
        train(client, "parts", "parts-images")
        browser.sign_in(server)
        pack(browser, server, "Linux, x86_64", "com.example.A")
        assert browser.violations() == []
        own = browser.find("#agent [name=version]").get_attribute("value")
        browser.press("Publish com.spotter.EdgeAgent")
        browser.until(lambda: f"com.spotter.EdgeAgent {own} (amd64" in browser.text("#agent"))
        kind, name, archive = fetched(browser, "#agent a[href$=archive]")
        assert kind == "application/zip" and "spotter-edge.zip" in name
        members = zipfile.ZipFile(io.BytesIO(archive)).namelist()
        assert any(member.endswith("/bin/spotter-edge") for member in members)
        # It lies where S3 and Greengrass say.
        listed = server.client("s3").list_objects_v2(Bucket="spotter-edge-agent")["Contents"]
        assert [entry["Key"] for entry in listed] == [f"com.spotter.EdgeAgent/{own}/spotter-edge.zip"]
        components = server.client("greengrassv2").list_components()["components"]
        assert "com.spotter.EdgeAgent" in [component["componentName"] for component in components]
        # For the other processor the page proposes a version that is not taken, and says why.
        pack(browser, server, "Linux, ARM64", "com.example.B")
        assert f"is {own}." in browser.text("#newest-agent")
        assert browser.violations() == []
        proposed = browser.find("#agent [name=version]").get_attribute("value")
        numbers = [[int(part) for part in version.split(".")] for version in (own, proposed)]
        assert numbers[0] < numbers[1]
        browser.press("Publish com.spotter.EdgeAgent")
        browser.until(lambda: f"com.spotter.EdgeAgent {proposed} (aarch64" in browser.text("#agent"))
        assert f'--merge "com.spotter.EdgeAgent={proposed}"' in browser.text()
        assert browser.problems() == []
    finally:
        browser.quit()
        server.kill()


@pytest.mark.slow
def test_a_model_is_tagged_stopped_started_and_deleted_by_keys(server, tmp_path):
    client = server.client()
    make_dataset(server, client, "parts", "parts-images")
    train(client, "parts", "parts-images")
    host(client, "parts")
    browser = Browser(tmp_path / "profile")
    try:
        browser.sign_in(server)
        browser.open(server.endpoint + "/console/projects/parts/models/1")
        browser.fill("key", "line")
        browser.find("[name=value]").send_keys("7" + Keys.ENTER)
        browser.until(lambda: "line = 7" in browser.text(".tags"))
        browser.find(".tags button").send_keys(Keys.ENTER)
        browser.until(lambda: not browser.all(".tags li"))
        browser.find("form[action$=stop] button").send_keys(Keys.ENTER)
        browser.until(lambda: browser.text("h1").endswith("TRAINED"))
        browser.find("[name=units]").send_keys(Keys.ENTER)
        browser.until(lambda: browser.text("h1").endswith("RUNNING"))
        browser.find("form[action$=stop] button").send_keys(Keys.ENTER)
        browser.until(lambda: browser.text("h1").endswith("TRAINED"))
        browser.find("details.danger summary").send_keys(Keys.ENTER)
        browser.find("form[action$=delete] button").send_keys(Keys.ENTER)
        browser.until(lambda: browser.text("h1") == "parts")
        browser.until(lambda: not client.list_models(ProjectName="parts")["Models"])
        assert browser.problems() == []
    finally:
        browser.quit()
