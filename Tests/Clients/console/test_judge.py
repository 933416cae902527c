"""The console's pages about models: judging, comparing, trying and verifying."""


import json
import subprocess

import pytest
from selenium.webdriver.common.keys import Keys

from support import networks
from support.browser import Browser
from support.calls import until, wait_dataset
from support.console import press
from support.pictures import draw, line, make_dataset, png, source, train
from support.server import SPOTTER


def model_page(browser, hosted, part=""):
    browser.open(f"{hosted.endpoint}/console/projects/parts/models/1{part}")


@pytest.mark.usefixtures("signed_in")
def test_a_model_is_judged_by_keys_with_its_pictures_behind_every_number(hosted, browser):
    """Results, results by label, predictions drawn over the images."""
    model_page(browser, hosted)
    performance = hosted.client().describe_model(
        ProjectName="parts", ModelVersion="1")["ModelDescription"]["Performance"]
    browser.until(lambda: browser.text("[data-figure=f1]") == f"{performance['F1Score']:.3f}")
    assert browser.text("[data-figure=recall]") == f"{performance['Recall']:.3f}"
    assert "95 %" in browser.text("[data-figure=interval]")
    browser.until(lambda: browser.all("[data-place=figures] svg .curve"))
    assert "blot" in browser.text("[data-place=figures] table")
    assert browser.violations() == []
    # The second threshold takes images out of both verdicts.
    browser.find("summary").send_keys(Keys.ENTER)
    browser.fill("unsure", "1000000")
    anomalies = sum(int(browser.text(f"[data-cell=anomaly-{side}]")) for side in ("low", "mid", "high"))
    browser.until(lambda: browser.text("[data-cell=anomaly-high]") == "0")
    assert int(browser.text("[data-figure=unsure]")) >= 1
    assert browser.violations() == []
    browser.press("No second threshold")
    browser.until(lambda: int(browser.text("[data-cell=anomaly-high]")) == anomalies)
    # The pictures behind a cell, with the heat map, the predicted and the true mask.
    browser.find("[data-cell=anomaly-high]").send_keys(Keys.ENTER)
    tile = browser.until(lambda: browser.all("#cell .tile"))
    assert len(tile) == anomalies
    tile[0].send_keys(Keys.ENTER)
    browser.until(lambda: "IoU" in browser.text("#viewer .legend"))
    with_heat = browser.script("return document.querySelector('#viewer canvas').toDataURL()")
    heat = browser.find("[data-layer=heat]")
    for _ in range(3):
        heat.send_keys(Keys.PAGE_DOWN)
    assert browser.script("return document.querySelector('#viewer canvas').toDataURL()") != with_heat
    assert browser.violations() == []
    browser.find("#viewer-name + button").send_keys(Keys.ENTER)
    # On paper.
    model_page(browser, hosted, "/report")
    assert f"{performance['F1Score']:.3f}" in browser.text(".figures")
    assert browser.all("svg.histogram rect.good")
    assert browser.violations() == []
    assert browser.problems() == []


@pytest.mark.usefixtures("signed_in")
def test_a_trial_is_verified_and_taken_into_the_dataset(hosted, browser, tmp_path):
    """Trial detections from the computer, from a bucket and from a camera; verify; add."""
    for seed in (900, 901):
        (tmp_path / f"{seed}.png").write_bytes(png(draw(seed, seed == 901)[0]))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    bucket = hosted.bucket("trials") / "new"
    bucket.mkdir(exist_ok=True)
    (bucket / "7.png").write_bytes(png(draw(907, True)[0]))
    client = hosted.client()
    before = client.describe_dataset(ProjectName="parts", DatasetType="train")[
        "DatasetDescription"]["ImageStats"]
    model_page(browser, hosted, "/trial")
    browser.find("[data-way=files] [type=file]").send_keys(
        "\n".join(str(tmp_path / name) for name in ("900.png", "901.png", "broken.png")))
    browser.press("Judge")
    browser.until(lambda: browser.text("#try [role=status]") == "Images judged: 2. Not judged: 1.")
    assert "broken.png" in browser.text("#try .verdicts .problem")
    browser.fill("prefix", "s3://trials/new/")
    browser.press("Judge what is there")
    browser.until(lambda: "7.png" in browser.text("#try .verdicts"))
    browser.press("Turn the camera on")
    browser.until(lambda: browser.find("[data-shot]").is_enabled())
    browser.press("Take a picture and judge it")
    cards = browser.until(lambda: len(browser.all("#try .verdicts canvas")) == 4
                          and browser.all("#try .verdicts > li"))
    assert browser.violations() == []
    # By keys: the newest stands on top.
    for card in cards:
        if "camera" not in card.text and "broken" not in card.text:
            card.send_keys("r" if ("anomaly" in card.text) == ("900" not in card.text) else "w")
    browser.press("Add the verified images")
    browser.until(lambda: "Images added: 3." in browser.text("#try [role=status]"))
    until(lambda: client.describe_dataset(ProjectName="parts", DatasetType="train")[
        "DatasetDescription"]["ImageStats"]["Total"] == before["Total"] + 3)
    stats = client.describe_dataset(ProjectName="parts", DatasetType="train")[
        "DatasetDescription"]["ImageStats"]
    assert stats["Normal"] == before["Normal"] + 1 and stats["Anomaly"] == before["Anomaly"] + 2
    assert browser.find("[data-again]").is_displayed()
    # The keys go on where the button was, and from a defect to its mask as the model sees it.
    assert browser.script("return document.activeElement.matches('[data-again]')")
    browser.find("#try .verdicts a[href*='source=s3%3A%2F%2Ftrials']").send_keys(Keys.ENTER)
    browser.until(lambda: browser.find("#editor").get_attribute("data-ready"))
    browser.until(lambda: "The model proposes this mask" in browser.text("#mask-status"))
    assert browser.violations() == []
    press(browser, "s")
    browser.until(lambda: browser.text("#mask-status") == "Saved")
    lines = client.list_dataset_entries(
        ProjectName="parts", DatasetType="train", SourceRefContains="trials/new/7.png")
    assert "anomaly-mask-ref" in lines["DatasetEntries"][0]
    assert browser.problems() == []


@pytest.mark.slow
def test_the_figures_are_those_of_the_evaluation_command_to_the_digit(server, tmp_path):
    """Some test images have the wrong label, so that no figure is 1."""
    client = server.client()
    make_dataset(server, client, "parts", "parts-images")
    folder = server.bucket("parts-images")
    lines = []
    for index in range(500, 540):
        anomalous = index % 2 == 0
        (folder / f"{index}.png").write_bytes(png(draw(index, anomalous)[0]))
        lines.append(json.dumps(line("parts-images", f"{index}.png", anomalous != (index % 7 == 0))))
    (folder / "test.manifest").write_text("\n".join(lines) + "\n")
    client.create_dataset(ProjectName="parts", DatasetType="test",
                          DatasetSource=source("parts-images", "test.manifest"))
    assert wait_dataset(client, "parts", "test")["Status"] == "CREATE_COMPLETE"
    train(client, "parts", "parts-images")
    out = subprocess.run(
        [SPOTTER, "evaluate", "--train", folder / "train.manifest", "--test",
         folder / "test.manifest", "--backbone", networks.small(), "--output", tmp_path / "out"],
        check=True, capture_output=True, text=True).stdout
    table = {row[:19].strip(): row[19:].split() for row in out.splitlines()}
    browser = Browser(tmp_path / "profile")
    try:
        browser.sign_in(server)
        browser.open(f"{server.endpoint}/console/projects/parts/models/1")
        browser.until(lambda: browser.text("[data-figure=f1]") not in ("", "–"))
        f1, _, precision, _, recall = table["F1"]
        shown = {name: browser.text(f"[data-figure={name}]")
                 for name in ("auroc", "f1", "precision", "recall")}
        assert shown == {"auroc": table["AUROC"][0], "f1": f1, "precision": precision,
                         "recall": recall}
        assert "1.000" not in shown.values()
        browser.open(f"{server.endpoint}/console/projects/parts/models/1/report")
        report = browser.text()
        for name in ("AUROC", "Average precision", "Threshold", "Calibration error"):
            assert table[name][0] in report, name
    finally:
        browser.quit()
