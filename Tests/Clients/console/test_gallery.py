"""Bringing images in, finding them, labelling them and taking them out, in a real browser."""

import io
import json
import time
import zipfile

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from support.calls import until, wait_dataset
from support.console import empty_project, fill, press, sign_in, stats
from support.pictures import draw, line, png


def images(browser, server, name, query=""):
    browser.open(f"{server.endpoint}/console/projects/{name}/images?dataset=train{query}")


def members(*entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return bytearray(out.getvalue())


def test_a_zip_comes_in_and_what_is_wrong_in_it_is_named(server, browser, tmp_path):
    client = empty_project(server, "zips")
    sign_in(browser, server)
    content = members(
        ("set/normal/1.png", png(draw(1, False, (64, 64))[0])),
        ("set/scratch/2.png", png(draw(2, True, (64, 64))[0])),
        ("../out.png", b"x"), ("set/bomb.png", bytes(1 << 20)), ("set/note.txt", b"hello"),
        ("set/.DS_Store", b"x"))
    # The directory says that the bomb is smaller than it is.
    at = content.rindex(b"set/bomb.png") - 46
    content[at + 24:at + 28] = (1000).to_bytes(4, "little")
    (tmp_path / "set.zip").write_bytes(content)
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    images(browser, server, "zips")
    browser.find("#upload [name=files]").send_keys(f"{tmp_path}/set.zip\n{tmp_path}/broken.zip")
    browser.press("Bring in")
    browser.until(lambda: "2 images were brought in" in browser.text("#upload [role=status]"))
    refused = browser.text("#upload .refused")
    for words in ("broken.zip: is damaged", "../out.png: has a path", "bomb.png: is larger",
                  "note.txt"):
        assert words in refused, refused
    assert stats(client, "zips") == {"Total": 2, "Labeled": 2, "Normal": 1, "Anomaly": 1}
    assert browser.problems() == []


@pytest.mark.slow
def test_a_prefix_of_a_bucket_comes_in_with_labels_from_folders(server, browser):
    client, s3 = empty_project(server, "prefix"), server.client("s3")
    s3.create_bucket(Bucket="parts")
    for number in range(6):
        kind = "anomaly" if number % 2 else "good"
        s3.put_object(Bucket="parts", Key=f"in/{kind}/{number}.png",
                      Body=png(draw(number, False, (64, 64))[0]))
    s3.put_object(Bucket="parts", Key="in/good/broken.png", Body=b"\x89PNG\r\n\x1a\nbroken")
    s3.put_object(Bucket="parts", Key="in/read.me", Body=b"x")
    sign_in(browser, server)
    images(browser, server, "prefix")
    browser.fill("place", "s3://parts/in/")
    browser.press("Bring in")
    browser.until(lambda: "6 images were brought in" in browser.text("#upload [role=status]"))
    assert "broken.png" in browser.text("#upload .refused")
    assert "read.me" in browser.text("#upload .refused")
    assert stats(client, "prefix") == {"Total": 6, "Labeled": 6, "Normal": 3, "Anomaly": 3}
    assert browser.problems() == []


@pytest.mark.slow
def test_a_manifest_comes_in_split_into_training_and_test(server, browser, tmp_path):
    client, s3 = empty_project(server, "manifests"), server.client("s3")
    s3.create_bucket(Bucket="lines")
    lines = []
    for number in range(40):
        s3.put_object(Bucket="lines", Key=f"{number}.png",
                      Body=png(draw(number, False, (64, 64))[0]))
        lines.append(json.dumps(line("lines", f"{number}.png", number % 2 == 1)))
    lines.insert(7, "this is no line")
    (tmp_path / "all.manifest").write_text("\n".join(lines))
    sign_in(browser, server)
    images(browser, server, "manifests")
    browser.find("#upload [name=manifest]").send_keys(str(tmp_path / "all.manifest"))
    browser.fill("split", "30")
    browser.press("Bring in")
    browser.until(lambda: "40 images were brought in, 1 refused" in browser.text("#upload [role=status]"))
    assert "all.manifest, 8: " in browser.text("#upload .refused")
    train, test = stats(client, "manifests")["Total"], stats(client, "manifests", "test")["Total"]
    assert train + test == 40 and 4 <= test <= 20
    assert browser.problems() == []


@pytest.mark.slow
def test_images_are_found_labelled_removed_and_brought_back_by_keys(server, browser):
    client = fill(server, "keys", {f"{n}.png": draw(n, False, (64, 64))[0] for n in range(8)})
    sign_in(browser, server)
    images(browser, server, "keys", "&sort=name")
    tiles = browser.until(lambda: browser.all("#gallery li"))
    assert browser.violations() == []
    tiles[0].click()
    press(browser, "n")
    # The rest of the page at once.
    ActionChains(browser.driver).key_down(Keys.SHIFT).send_keys(Keys.END).key_up(
        Keys.SHIFT).send_keys("a").perform()
    until(lambda: stats(client, "keys") == {"Total": 8, "Labeled": 8, "Normal": 1, "Anomaly": 7})
    images(browser, server, "keys", "&show=anomaly&search=3.png")
    assert len(browser.until(lambda: browser.all("#gallery li"))) == 1
    browser.all("#gallery li")[0].click()
    press(browser, Keys.ENTER)
    browser.until(lambda: browser.find("#large").get_attribute("open"))
    assert browser.violations() == []
    press(browser, "n", Keys.ESCAPE)
    until(lambda: stats(client, "keys")["Normal"] == 2)
    press(browser, "x")
    browser.until(lambda: "1 images were taken out" in browser.text("#labels [role=status]"))
    until(lambda: stats(client, "keys")["Total"] == 7)
    press(browser, "z")
    until(lambda: stats(client, "keys")["Total"] == 8)
    assert browser.problems() == []


def entry(client, name, file):
    lines = client.list_dataset_entries(
        ProjectName=name, DatasetType="train", SourceRefContains=file)["DatasetEntries"]
    return json.loads(lines[0])


def kind(client, name, file):
    return entry(client, name, file).get("anomaly-label-metadata", {}).get("class-name")


def test_digits_say_which_kind_of_defect_an_image_has(server, browser, tmp_path):
    client = empty_project(server, "kinds")
    sign_in(browser, server)
    images(browser, server, "kinds")
    # Without a label in the project digits mean nothing.
    assert not browser.find("#kinds").is_displayed()
    (tmp_path / "set.zip").write_bytes(members(*[
        (f"set/{folder}/{n}.png", png(draw(n, False, (64, 64))[0]))
        for n, folder in enumerate(("normal", "normal", "normal", "Scratch", "dent"))]))
    browser.find("#upload [name=files]").send_keys(str(tmp_path / "set.zip"))
    browser.press("Bring in")
    browser.until(lambda: len(browser.all("#gallery li")) == 5)
    images(browser, server, "kinds", "&sort=name")
    browser.until(lambda: browser.all("#kinds button"))
    assert [button.text for button in browser.all("#kinds button")] == ["dent (1)", "Scratch (2)"]
    assert browser.violations() == []
    texts = lambda: [tile.find_element("css selector", ".label").text
                     for tile in browser.all("#gallery li")]
    assert texts() == ["normal", "normal", "normal", "Scratch", "dent"]
    before = entry(client, "kinds", "0-")
    browser.all("#gallery li")[0].click()
    press(browser, "1", "2", "3", "9")
    browser.until(lambda: texts() == ["dent", "Scratch", "normal", "Scratch", "dent"])
    browser.until(lambda: browser.text("#labels [role=status]") == "Saved")
    until(lambda: [kind(client, "kinds", f"{n}-") for n in (0, 1, 2)] == ["dent", "Scratch", "normal"])
    # Two keys at once on one image, and back by as many undos.
    browser.all("#gallery li")[0].click()
    press(browser, "a")
    browser.all("#gallery li")[0].click()
    press(browser, "2", "z", "z", "z", "z")
    browser.until(lambda: texts() == ["normal", "normal", "normal", "Scratch", "dent"])
    until(lambda: entry(client, "kinds", "0-") == before)
    images(browser, server, "kinds", "&show=label:Scratch")
    assert texts() == ["Scratch"]
    assert stats(client, "kinds") == {"Total": 5, "Labeled": 5, "Normal": 3, "Anomaly": 2}
    # The editor of masks offers them too.
    browser.all("#gallery li")[0].click()
    press(browser, "m")
    browser.until(lambda: [field.get_attribute("value") for field in browser.all(
        "#classes ul input[type=text]")] == ["dent", "Scratch"])
    # With the gallery's digits; what is new here comes after, also where a mask has another order.
    digits = lambda: [(x.find_element("css selector", "input[type=text]").get_attribute("value"),
                       x.find_element("css selector", "kbd").text) for x in browser.all("#classes li")]
    browser.find("#add [name=name]").send_keys("burr" + Keys.ENTER)
    browser.until(lambda: digits() == [("dent", "1"), ("Scratch", "2"), ("burr", "3")])
    press(browser, "2", "b", " ", "s")
    browser.until(lambda: browser.text("#mask-status") == "Saved")
    browser.driver.refresh()
    browser.until(lambda: digits()[:2] == [("dent", "1"), ("Scratch", "2")])
    press(browser, "2")
    assert browser.script("return document.querySelector('#classes :checked').ariaLabel").endswith("Scratch")
    assert browser.problems() == []


def test_a_label_that_the_dataset_refuses_is_not_called_saved(server, browser):
    """The page said so when the change was accepted, before its job found a mask that marks a defect."""
    picture, mask = draw(1, True, (64, 64))
    client = fill(server, "refused", {f"{n}.png": draw(n, False, (64, 64))[0] for n in range(4)})
    server.client("s3").put_object(Bucket="refused", Key="1.mask", Body=png(mask))
    client.update_dataset_entries(
        ProjectName="refused", DatasetType="train",
        Changes=json.dumps(line("refused", "1.png", True, "1.mask")).encode())
    wait_dataset(client, "refused")
    sign_in(browser, server)
    images(browser, server, "refused", "&sort=name")
    tiles = browser.until(lambda: browser.all("#gallery li"))
    texts = lambda: [tile.find_element("css selector", ".label").text for tile in tiles]
    before = entry(client, "refused", "1.png")
    tiles[0].click()
    press(browser, "n", "n", "n", "a")
    browser.until(lambda: "Not saved: 1.png: " in browser.text("#labels [role=status]"))
    assert "labelled normal, but its mask" in browser.text("#labels [role=status]")
    browser.until(lambda: texts() == ["normal", "anomaly", "normal", "anomaly"])
    assert browser.violations() == []
    until(lambda: stats(client, "refused") == {"Total": 4, "Labeled": 4, "Normal": 2, "Anomaly": 2})
    # Undone is what was made; the image whose label was refused has its line as it was.
    press(browser, "z", "z", "z", "z")
    browser.until(lambda: texts() == ["no label", "anomaly", "no label", "no label"])
    until(lambda: stats(client, "refused")["Labeled"] == 1)
    assert entry(client, "refused", "1.png") == before
    assert browser.problems() == []


def test_the_next_page_says_what_became_of_a_change_that_was_left_open(server, browser):
    client = fill(server, "left", {f"{n}.png": draw(n, False, (64, 64))[0] for n in range(2)})
    sign_in(browser, server)
    images(browser, server, "left", "&sort=name")
    browser.until(lambda: browser.all("#gallery li"))
    server.client("s3").put_object(Bucket="left", Key="0.png", Body=b"no picture")
    # As when somebody leaves while the job has not ended.
    browser.driver.execute_async_script("""
        const done = arguments[0], home = "/console/projects/left";
        import("/console/assets/calls.js").then(async ({ post }) => {
          const { changes } = await post(`${home}/labels?dataset=train`, '{"s3://left/0.png":"normal"}', "application/json");
          sessionStorage.setItem("spotter changes", JSON.stringify([{ home, dataset: "train", change: changes.train }]));
          done();
        });""")
    images(browser, server, "left", "&sort=name")
    browser.until(lambda: "Not saved: Nothing was changed." in browser.text("#labels [role=status]"))
    assert stats(client, "left")["Labeled"] == 0
    images(browser, server, "left", "&sort=name")
    browser.until(lambda: browser.all("#gallery li"))
    assert browser.text("#labels [role=status]") == ""
    assert browser.problems() == []


@pytest.mark.slow
def test_pages_are_turned_by_keys_without_a_blank_tile_and_are_true(server, browser):
    """A turned page had lost the focus, so the next key did nothing, and its tiles were blank at first."""
    client = fill(server, "turned", {f"{n:03}.png": draw(n, False, (64, 64))[0] for n in range(230)})
    sign_in(browser, server)
    names = lambda: browser.script(
        "return [...document.querySelectorAll('#gallery li')].map(x => x.dataset.source.slice(-7))")
    label = lambda: browser.text("#gallery li:nth-child(2) .label")
    ready = "return document.querySelector('#gallery img').complete"
    images(browser, server, "turned", "&sort=name")
    browser.until(lambda: browser.all("#gallery li"))[0].click()
    # The next page is known by now, and somebody else labels one of its images.
    time.sleep(1)
    client.update_dataset_entries(
        ProjectName="turned", DatasetType="train",
        Changes=json.dumps(line("turned", "101.png", False)).encode())
    wait_dataset(client, "turned")
    press(browser, "n", Keys.PAGE_DOWN)
    browser.until(lambda: names()[0] == "100.png")
    assert browser.script(ready)
    browser.until(lambda: label() == "normal")
    press(browser, Keys.PAGE_DOWN)
    browser.until(lambda: names() == [f"{n}.png" for n in range(200, 230)])
    press(browser, "a", Keys.PAGE_UP)
    browser.until(lambda: names()[0] == "100.png")
    browser.find("#back").click()
    browser.until(lambda: names()[0] == "000.png")
    # Before the first page there is none; the page before in the browser's history is another one.
    assert not browser.find("#back").is_displayed()
    press(browser, Keys.PAGE_UP)
    time.sleep(0.5)
    assert names()[0] == "000.png"
    assert browser.text("#gallery li .label") == "normal"
    browser.driver.refresh()
    browser.until(lambda: names()[0] == "000.png")
    until(lambda: stats(client, "turned")["Labeled"] == 3)
    # Where labelled images leave the view none is passed over.
    images(browser, server, "turned", "&sort=name&show=unlabelled")
    seen = []
    browser.until(lambda: browser.all("#gallery li"))[0].click()
    while True:
        page = browser.until(lambda: [name for name in names() if name not in seen] and names())
        seen += page
        ActionChains(browser.driver).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).send_keys(
            "n").perform()
        if not browser.all("a.more"):
            break
        press(browser, Keys.PAGE_DOWN)
        browser.until(lambda: names() != page)
    until(lambda: stats(client, "turned")["Labeled"] == 230)
    assert len(seen) == len(set(seen)) == 227
    assert browser.problems() == []


@pytest.mark.slow
def test_a_hundred_pictures_are_labelled_by_keys(server, browser):
    """One key each, as somebody does who looks at every picture; and none of them stays blank."""
    client = fill(server, "hundred", {
        f"{n:03}.png": draw(n, n % 3 == 0, (64, 64))[0] for n in range(100)})
    sign_in(browser, server)
    began = time.monotonic()
    images(browser, server, "hundred", "&sort=name")
    tiles = browser.until(lambda: browser.all("#gallery li"))
    assert len(tiles) == 100
    tiles[0].click()
    for number in range(100):
        press(browser, "a" if number % 3 == 0 else "n")
    browser.until(lambda: browser.text("#labels [role=status]") == "Saved")
    seconds = time.monotonic() - began
    print(f"100 pictures labelled by keys in {seconds:.1f} s")
    assert stats(client, "hundred") == {"Total": 100, "Labeled": 100, "Normal": 66, "Anomaly": 34}
    lines = client.list_dataset_entries(
        ProjectName="hundred", DatasetType="train", AnomalyClass="anomaly",
        MaxResults=100)["DatasetEntries"]
    names = {json.loads(entry)["source-ref"].split("/")[-1] for entry in lines}
    assert names == {f"{n:03}.png" for n in range(0, 100, 3)}
    browser.until(lambda: browser.script(
        "return [...document.querySelectorAll('#gallery img')].every(image => image.naturalWidth > 0)"))
    assert browser.problems() == []


@pytest.mark.slow
def test_a_small_image_is_magnified(server, browser):
    fill(server, "small", {"0.png": draw(0, False, (64, 64))[0]})
    sign_in(browser, server)
    images(browser, server, "small")
    browser.find("#gallery li").click()
    press(browser, Keys.ENTER)
    picture = "return document.querySelector('#large img').{}"
    browser.until(lambda: browser.script(picture.format("naturalWidth")) == 64)
    assert browser.script(picture.format("clientHeight")) > 400
    press(browser, " ")
    browser.until(lambda: browser.script(picture.format("clientWidth")) > 1200)
    # Its middle is in the middle of the window.
    assert browser.script("const {scrollLeft, scrollWidth, clientWidth} ="
                          " document.querySelector('.magnified');"
                          "return Math.abs(scrollLeft + clientWidth / 2 - scrollWidth / 2)") < 3
    assert browser.problems() == []
