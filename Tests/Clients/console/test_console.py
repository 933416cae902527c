"""The console in a real browser: the whole job, without the API and without a command line."""

import pytest

from support.calls import until
from support.console import open_import, sign_in
from support.pictures import draw, make_dataset, png, train


def folders(tmp_path, name, normal, anomalous):
    """Pictures in folders that say what they show."""
    for kind, numbers in (("normal", range(normal)), ("anomaly", range(100, 100 + anomalous))):
        folder = tmp_path / name / kind
        folder.mkdir(parents=True)
        for number in numbers:
            (folder / f"{number}.png").write_bytes(png(draw(number, kind == "anomaly", (128, 128))[0]))
    return tmp_path / name


def bring(browser, files, label):
    open_import(browser)
    browser.find("#upload select").send_keys(label)
    browser.find("#upload [name=files]").send_keys("\n".join(str(file) for file in files))
    shown = len(browser.all("#gallery li"))
    browser.press("Bring in")
    browser.until(lambda: len(browser.all("#gallery li")) == shown + len(files))


def test_somebody_who_never_saw_an_api_does_the_whole_job(server, browser, tmp_path):
    pictures = folders(tmp_path, "pictures", 24, 14)
    sign_in(browser, server)
    assert browser.violations() == []
    browser.fill("name", "plates")
    browser.press("Create project")
    browser.until(lambda: browser.text("h1") == "plates")
    assert "20 more normal training images are needed" in browser.text("#missing")
    assert browser.violations() == []
    # Images in: normal ones with their label, the others without, to be labelled by keys.
    browser.open(server.endpoint + "/console/projects/plates/images?dataset=train")
    (pictures / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    bring(browser, sorted((pictures / "normal").iterdir()), "normal")
    bring(browser, sorted((pictures / "anomaly").iterdir()), "no label")
    assert browser.violations() == []
    browser.open(server.endpoint + "/console/projects/plates/images?dataset=train&show=unlabelled")
    gallery = browser.until(lambda: browser.all("#gallery li"))
    assert len(gallery) == 14
    gallery[0].click()
    for _ in range(14):
        browser.driver.switch_to.active_element.send_keys("a")
    browser.until(lambda: browser.text("#labels [role=status]") == "Saved")
    browser.driver.switch_to.active_element.send_keys("z")
    browser.until(lambda: browser.text("#labels [role=status]") == "Saved")
    browser.driver.switch_to.active_element.send_keys("a")
    browser.until(lambda: browser.text("#labels [role=status]") == "Saved")
    # One that is no picture is refused by its name, and nothing else is lost.
    open_import(browser)
    browser.find("#upload [name=files]").send_keys(str(pictures / "broken.png"))
    browser.press("Bring in")
    browser.until(lambda: "broken.png" in browser.text(".refused"))
    client = server.client()
    stats = client.describe_dataset(ProjectName="plates", DatasetType="train")
    until(lambda: client.describe_dataset(ProjectName="plates", DatasetType="train")[
        "DatasetDescription"]["ImageStats"]["Anomaly"] >= 13)
    assert stats["DatasetDescription"]["ImageStats"]["Total"] == 38
    # Train; the page goes on by itself.
    browser.open(server.endpoint + "/console/projects/plates")
    browser.press("Train")
    browser.until(lambda: "TRAINED" in browser.text("table"))
    browser.find("table a").click()
    # Judge: the figures are the evaluation's own.
    model = client.describe_model(ProjectName="plates", ModelVersion="1")["ModelDescription"]
    performance = model["Performance"]
    browser.until(lambda: browser.text("[data-figure=f1]") == f"{performance['F1Score']:.3f}")
    assert browser.text("[data-figure=recall]") == f"{performance['Recall']:.3f}"
    assert browser.text("[data-figure=precision]") == f"{performance['Precision']:.3f}"
    assert browser.violations() == []
    field = browser.find("[name=threshold]")
    found = float(field.get_attribute("value"))
    field.clear()
    field.send_keys("1000000")
    browser.until(lambda: browser.text("[data-figure=recall]") == "0.000")
    field.clear()
    field.send_keys(str(found * 1.01))
    browser.press("Set the thresholds")
    browser.until(lambda: "Back to what training found" in browser.text("#judge"))
    # Try.
    browser.press("Start")
    browser.until(lambda: "RUNNING" in browser.text("h1"))
    browser.find("a[href$=trial]").click()
    browser.until(lambda: browser.all("#try"))
    browser.find("#try [type=file]").send_keys(str(pictures / "anomaly" / "100.png"))
    browser.press("Judge")
    browser.until(lambda: browser.all("#try .verdicts canvas"))
    assert "anomaly" in browser.text("#try .verdicts")
    browser.open(server.endpoint + "/console/projects/plates/models/1")
    # Package.
    browser.fill("component", "com.example.Plates")
    browser.press("Package")
    browser.until(lambda: "SUCCEEDED" in browser.text())
    assert browser.problems() == []
    lines = (server.directory / "audit" / "audit.jsonl").read_text()
    assert '"AwsConsoleAction"' in lines and "StartModelPackagingJob" in lines


@pytest.mark.slow
def test_two_verdicts_that_were_wrong_teach_a_second_model_that_is_compared_and_packaged(
        server, browser, tmp_path):
    client = server.client()
    make_dataset(server, client, "plates", "plates-images", size=(128, 128))
    train(client, "plates", "plates-images")
    sign_in(browser, server)
    home = server.endpoint + "/console/projects/plates"
    browser.open(home + "/models/1")
    # With a threshold above every score both anomalies are missed.
    browser.fill("threshold", "1000000")
    browser.press("Set the thresholds")
    browser.until(lambda: "Back to what training found" in browser.text("#judge"))
    browser.press("Start")
    browser.until(lambda: "RUNNING" in browser.text("h1"))
    browser.find("a[href$=trial]").click()
    tests = folders(tmp_path, "tests", 2, 2)
    browser.find("#try [type=file]").send_keys("\n".join(map(str, sorted(tests.rglob("*.png")))))
    browser.press("Judge")
    browser.until(lambda: browser.text("#try [role=status]") == "Images judged: 4.")
    for card in browser.all("#try .verdicts > li"):
        if "100.png" in card.text or "101.png" in card.text:
            assert "normal" in card.text
            card.send_keys("w")
    browser.press("Add the verified images")
    browser.until(lambda: "Images added: 2." in browser.text("#try [role=status]"))
    # The link goes where the next training begins.
    browser.find("[data-again]").click()
    browser.until(lambda: browser.text("h1") == "plates" and "16 anomalies" in browser.text(".cards"))
    browser.press("Train")
    browser.until(lambda: "/models/2" in browser.find("table a").get_attribute("href")
                  and "TRAINED" in browser.text("table tbody tr"))
    browser.find("table a").click()
    browser.find("a[href*=compare]").click()
    browser.until(lambda: browser.text("#compare thead").split() == ["Model", "1", "Model", "2"])
    assert int(browser.text("#compare p").split()[0]) > 0
    assert browser.violations() == []
    # Model 1 misses everything with its threshold; what 2 finds is listed as better.
    assert browser.all("#compare .tile")
    browser.find("#compare thead th:last-child a").click()
    browser.fill("component", "com.example.Plates")
    browser.press("Package")
    browser.until(lambda: "com.example.Plates 2.0.0" in browser.text())
    assert browser.problems() == []
