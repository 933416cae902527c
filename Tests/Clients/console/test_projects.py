"""Datasets made of manifests, trainings cancelled, costs, filters by a model, and projects deleted."""

import json

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from support.calls import until, wait_model
from support.console import open_import, sign_in
from support.pictures import draw, host, line, make_dataset, png, train
from support.server import ProductServer


@pytest.mark.slow
def test_manifests_in_a_bucket_make_a_test_dataset_and_bring_images_in(server, browser):
    client, s3 = server.client(), server.client("s3")
    s3.create_bucket(Bucket="lines")
    for name, numbers in (("test", range(6)), ("more", range(6, 16))):
        for number in numbers:
            s3.put_object(Bucket="lines", Key=f"{number}.png",
                          Body=png(draw(number, False, (64, 64))[0]))
        s3.put_object(Bucket="lines", Key=f"{name}.manifest", Body="\n".join(
            json.dumps(line("lines", f"{number}.png", number % 2 == 1)) for number in numbers))
    sign_in(browser, server)
    browser.fill("name", "two")
    browser.press("Create project")
    browser.until(lambda: browser.text("h1") == "two")
    browser.fill("manifest", "s3://lines/none.manifest")
    browser.press("Make the dataset")
    # What could not be made says so, and is not in the way for good.
    browser.until(lambda: "FAILED" in browser.text(".cards li:last-child .status"))
    assert "A dataset could not be made. Delete it" in browser.text("#missing")
    assert browser.violations() == []
    browser.find(".cards li:last-child .danger summary").click()
    browser.find(".cards li:last-child .danger button").click()
    browser.until(lambda: browser.all("[name=manifest]"))
    # An empty one counts: a training would fail for want of its images.
    browser.press("Make the dataset")
    browser.until(lambda: "1 more normal test images are needed." in browser.text("#missing"))
    browser.find(".cards li:last-child .danger summary").click()
    browser.find(".cards li:last-child .danger button").click()
    browser.until(lambda: browser.all("[name=manifest]"))
    browser.fill("manifest", "s3://lines/test.manifest")
    browser.press("Make the dataset")
    browser.until(lambda: "6 images · 3 normal · 3 anomalies" in browser.text(".cards"))
    browser.open(server.endpoint + "/console/projects/two/images?dataset=train")
    open_import(browser)
    browser.fill("place", "s3://lines/more.manifest")
    browser.press("Bring in")
    browser.until(lambda: len(browser.all("#gallery li")) == 10)
    assert client.describe_dataset(ProjectName="two", DatasetType="train")[
        "DatasetDescription"]["ImageStats"]["Anomaly"] == 5
    assert browser.problems() == []


@pytest.mark.slow
def test_a_training_is_cancelled_while_it_is_shown(browser, tmp_path):
    server = ProductServer(tmp_path / "data").start()
    try:
        client = server.client()
        make_dataset(server, client, "parts", "parts-images")
        sign_in(browser, server)
        browser.open(server.endpoint + "/console/projects/parts")
        browser.press("Train")
        browser.until(lambda: browser.all("progress"))
        browser.find("table a").click()
        browser.until(lambda: "Step" in browser.text("[data-progress]"))
        browser.press("Cancel the training")
        browser.until(lambda: "TRAINING FAILED" in browser.text("h1"))
        assert "The training was cancelled by" in browser.text()
        model = client.describe_model(ProjectName="parts", ModelVersion="1")["ModelDescription"]
        assert model["Status"] == "TRAINING_FAILED"
        browser.press("What the training said")
        assert browser.all(".log li")
        assert browser.violations() == []
        assert browser.problems() == []
    finally:
        server.kill()


@pytest.mark.slow
def test_mistakes_have_a_cost_and_the_gallery_shows_them(server, browser):
    client = server.client()
    make_dataset(server, client, "parts", "parts-images", size=(128, 128))
    train(client, "parts", "parts-images")
    sign_in(browser, server)
    browser.open(server.endpoint + "/console/projects/parts/models/1")
    browser.until(lambda: browser.text("[data-figure=recall]") not in ("", "–"))
    # The line is dragged to the right edge, where all anomalies are missed.
    canvas = browser.find(".chart canvas")
    browser.script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    wide = canvas.size["width"]
    ActionChains(browser.driver).move_to_element(canvas).click_and_hold().move_by_offset(
        wide // 2 - 3, 0).release().perform()
    browser.until(lambda: browser.text("[data-figure=recall]") == "0.000")
    escapes = int(browser.text("[data-figure=escapes]"))
    assert escapes > 1 and browser.text("[data-figure=alarms]") == "0"
    browser.fill("escape", "7")
    browser.until(lambda: float(browser.text("[data-figure=cost]")) == 7 * escapes)
    browser.press("Set the thresholds")
    browser.until(lambda: "Back to what training found" in browser.text("#judge"))
    place = server.endpoint + "/console/projects/parts/images?dataset=train"
    browser.open(place + "&show=wrong&sort=score")
    tiles = browser.until(lambda: browser.all("#gallery li"))
    assert len(tiles) == escapes
    assert {tile.get_attribute("data-verdict") for tile in tiles} == {"anomaly"}
    scores = [float(tile.text.split("\n")[-1].split()[0]) for tile in tiles]
    assert scores == sorted(scores, reverse=True)
    browser.open(place + "&sort=doubt")
    assert len(browser.until(lambda: browser.all("#gallery li"))) == 38
    assert "Scores are those of model 1" in browser.text("#view")
    # A copy of a picture under another name stands beside it.
    folder = server.bucket("parts-images")
    first = sorted(folder.glob("*.png"))[0]
    (folder / "copy.png").write_bytes(first.read_bytes())
    client.update_dataset_entries(
        ProjectName="parts", DatasetType="train",
        Changes=json.dumps({"source-ref": "s3://parts-images/copy.png"}).encode())
    until(lambda: client.describe_dataset(ProjectName="parts", DatasetType="train")[
        "DatasetDescription"]["ImageStats"]["Total"] == 39)
    browser.open(place + "&show=duplicates")
    browser.until(lambda: {"copy.png", first.name} <= {
        tile.text.split()[-1] for tile in browser.all("#gallery li")})
    assert browser.violations() == []
    assert browser.problems() == []


@pytest.mark.slow
def test_a_project_is_deleted_with_all_that_the_page_names(server, browser):
    client = server.client()
    make_dataset(server, client, "parts", "parts-images", size=(128, 128))
    train(client, "parts", "parts-images")
    host(client, "parts")
    sign_in(browser, server)
    browser.find("a[href$='parts/delete']").click()
    browser.until(lambda: "must be stopped first: 1 (running)" in browser.text())
    assert "Training images: 38 entries" in browser.text()
    assert not browser.find("main form button").is_enabled()
    client.stop_model(ProjectName="parts", ModelVersion="1")
    until(lambda: wait_model(client, "parts")["Status"] == "TRAINED")
    browser.open(server.endpoint + "/console/projects/parts/delete")
    browser.fill("confirm", "part")
    browser.press("Delete all of it")
    # The browser itself refuses another name.
    assert "Delete this project" in browser.text("h1")
    browser.fill("confirm", "parts")
    browser.press("Delete all of it")
    browser.until(lambda: browser.text("h1") == "Projects" and "no project yet" in browser.text())
    assert client.list_projects()["Projects"] == []
    assert browser.problems() == []
