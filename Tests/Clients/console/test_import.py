"""What goes on around an import: dropping, reloading, and what somebody hostile brings in."""

import io
import json

import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys

from support.browser import Browser
from support.calls import until
from support.console import empty_project, open_import, sign_in, stats
from support.pictures import draw, line, make_dataset, png, train


def gallery(browser, server, name):
    browser.open(f"{server.endpoint}/console/projects/{name}/images?dataset=train")
    browser.until(lambda: browser.all("#labels"))


def drop(browser, *paths):
    """As a person drags files and folders from elsewhere onto the page."""
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.driver.execute_cdp_cmd(
            "Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})


@pytest.mark.slow
def test_a_folder_is_dropped_and_its_name_is_no_label(server, browser, tmp_path):
    """A folder of any name made anomalies of all that lay in it."""
    client = empty_project(server, "drops")
    for folder in ("photos", "sorted/good", "sorted/scratch"):
        (tmp_path / folder).mkdir(parents=True)
        for number in range(3):
            content = png(draw(len(folder) * 10 + number, False, (64, 64))[0])
            (tmp_path / folder / f"{folder[-4:]}{number}.png").write_bytes(content)
    sign_in(browser, server)
    gallery(browser, server, "drops")
    drop(browser, tmp_path / "photos")
    browser.until(lambda: len(browser.all("#gallery li")) == 3)
    assert "Without a label: 3." in browser.text("#labels [role=status]")
    assert stats(client, "drops")["Labeled"] == 0
    # Folders below the one that is dropped say what their images show; beside them lies another.
    (tmp_path / "sorted/beside.png").write_bytes(png(draw(77, False, (64, 64))[0]))
    drop(browser, tmp_path / "sorted")
    browser.until(lambda: len(browser.all("#gallery li")) == 10)
    assert stats(client, "drops") == {"Total": 10, "Labeled": 6, "Normal": 3, "Anomaly": 3}
    assert "Without a label: 1." in browser.text("#labels [role=status]")
    # What is shown as its name is what the search finds.
    browser.find("[name=search]").send_keys("beside.png", Keys.ENTER)
    browser.until(lambda: len(browser.all("#gallery li")) == 1)
    assert browser.problems() == []
    # A folder of notes makes no anomalies of the pictures beside it.
    (tmp_path / "noted/notes").mkdir(parents=True)
    (tmp_path / "noted/notes/1.txt").write_text("nothing")
    (tmp_path / "noted/1.png").write_bytes(png(draw(78, False, (64, 64))[0]))
    drop(browser, tmp_path / "noted")
    browser.until(lambda: "Without a label: 1." in browser.text("#upload [role=status]"))
    assert stats(client, "drops")["Anomaly"] == 3


@pytest.mark.slow
def test_an_import_that_a_reload_interrupts_goes_on_with_the_same_files(server, browser, tmp_path):
    client = empty_project(server, "again")
    for number in range(400):
        (tmp_path / f"{number}.png").write_bytes(png(draw(number, False, (64, 64))[0]))
    files = "\n".join(str(tmp_path / f"{number}.png") for number in range(400))
    sign_in(browser, server)
    gallery(browser, server, "again")
    open_import(browser)
    browser.find("#upload [name=files]").send_keys(files)
    # Slow enough that something is left when the page goes.
    slow = {"offline": False, "latency": 150, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.driver.execute_cdp_cmd("Network.enable", {})
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
    browser.press("Bring in")
    browser.until(lambda: browser.script(
        "return Object.values(localStorage).some(value => Object.keys(JSON.parse(value).done ?? {}).length === 200)"))
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**slow, "latency": 0})
    gallery(browser, server, "again")
    browser.until(lambda: len(browser.all("#gallery li")) == 100)
    open_import(browser)
    said = browser.until(lambda: browser.text("#upload [role=status]"))
    assert "An earlier import was interrupted after 200 of 400 images" in said
    before = len(list((server.directory / "buckets/spotter-console").rglob("*.png")))
    browser.find("#upload [name=files]").send_keys(files)
    browser.press("Bring in")
    browser.until(lambda: "400 images were brought in, 0 refused." in browser.text("#labels [role=status]"))
    assert stats(client, "again")["Total"] == 400
    assert before < len(list((server.directory / "buckets/spotter-console").rglob("*.png"))) == 400
    assert browser.problems() == []


HOSTILE = [
    "<img src=x onerror=hit()>", "\"><script>hit()</script>", "'onfocus='hit()' autofocus='",
    "{{formToken}}", "</title><svg onload=hit()>", "javascript:hit()", "${hit()}", "&lt;b&gt;"]


@pytest.mark.slow
def test_nothing_that_somebody_brings_in_is_executed(server, tmp_path):
    """Names of files, labels, tags and descriptions, pictures that are none, and what lies in EXIF."""
    client = server.client()
    make_dataset(server, client, "parts", "parts-images", size=(128, 128))
    folder = server.bucket("parts-images")
    lines = []
    for number, words in enumerate(HOSTILE):
        name = words.replace("/", "_") + ".png"
        (folder / name).write_bytes(png(draw(number, True, (128, 128))[0]))
        Image.new("P", (128, 128), 1).save(folder / f"mask-{number}.png")
        mask = Image.new("P", (128, 128), 0)
        mask.putpalette([255, 255, 255, 200, 0, 40])
        mask.paste(1, (40, 40, 80, 80))
        mask.save(folder / f"mask-{number}.png")
        entry = line("parts-images", name, True)
        entry["mask-ref"] = f"s3://parts-images/mask-{number}.png"
        entry["mask-ref-metadata"] = {
            "internal-color-map": {"0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"},
                                   "1": {"class-name": words, "hex-color": "#c80028"}},
            "type": "groundtruth/semantic-segmentation", "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00", "job-name": words}
        lines.append(json.dumps(entry))
    train(client, "parts", "parts-images")
    client.update_dataset_entries(
        ProjectName="parts", DatasetType="train", Changes="\n".join(lines).encode())
    until(lambda: stats(client, "parts")["Total"] == 38 + len(HOSTILE))
    arn = client.describe_model(ProjectName="parts", ModelVersion="1")["ModelDescription"]["ModelArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "k", "Value": "a+b=c"}])
    exif = io.BytesIO()
    picture = draw(1, False, (128, 128))[0]
    tags = picture.getexif()
    tags[0x010E] = HOSTILE[0]
    picture.save(exif, "JPEG", exif=tags)
    (tmp_path / f"{HOSTILE[0]}.jpg").write_bytes(exif.getvalue())
    (tmp_path / "drawing.png").write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='hit()'/>")
    (tmp_path / "page.jpg").write_text("<script>hit()</script>")
    browser = Browser(tmp_path / "profile")
    try:
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {
            "source": "window.hits = 0; window.hit = () => { localStorage.setItem('hit', '1'); };"})
        browser.sign_in(server)
        gallery(browser, server, "parts")
        open_import(browser)
        browser.find("#upload [name=files]").send_keys("\n".join(
            str(file) for file in tmp_path.iterdir() if file.suffix in (".png", ".jpg")))
        browser.press("Bring in")
        browser.until(lambda: "1 images were brought in, 2 refused." in browser.text("#upload [role=status]"))
        assert len(browser.all("#upload .refused li")) == 2
        gallery(browser, server, "parts")
        assert browser.until(lambda: "onerror=hit()" in browser.text("#gallery"))
        addresses = {tile.get_attribute("data-mask") for tile in browser.all("#gallery li")
                     if any(words[:9] in tile.text for words in HOSTILE)}
        assert len(addresses) >= len(HOSTILE) - 1
        pages = ["/projects/parts", "/projects/parts/models/1", "/projects/parts/models/1/report",
                 "/projects/parts/images?dataset=train&search=%3Cscript%3Ehit()%3C/script%3E",
                 "/projects/parts/images?dataset=train&sort=name", "/operate", "/operate/audit"]
        for address in [*sorted(addresses), *("/console" + page for page in pages)]:
            browser.open(server.endpoint + address)
            browser.until(lambda: browser.find("h1"))
            browser.script("document.querySelectorAll('main *').forEach(x => x.focus?.())")
        assert browser.script("return localStorage.getItem('hit')") is None
        # Nor did anything try to, which the policy would have refused.
        assert browser.problems() == []
    finally:
        browser.quit()
