"""Masks that are drawn in a real browser, by pointer and by keys alone."""

import io
import json

import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from support.calls import wait_dataset
from support.console import fill, press, sign_in
from support.pictures import draw


def edit(browser, server, project, name):
    browser.open(f"{server.endpoint}/console/projects/{project}/mask?dataset=train"
                 f"&source=s3%3A%2F%2F{project}%2F{name}")
    browser.until(lambda: browser.find("#editor").get_attribute("data-ready"))


def add_label(browser, name):
    field = browser.find("#add [name=name]")
    field.send_keys(name + Keys.ENTER)
    browser.until(lambda: any(x.get_attribute("value") == name
                              for x in browser.all("#classes li [type=text]")))


def saved(browser):
    press(browser, "s")
    browser.until(lambda: browser.text("#mask-status") == "Saved")


def entry(client, project):
    lines = client.list_dataset_entries(ProjectName=project, DatasetType="train")["DatasetEntries"]
    return json.loads(lines[0])


def kept(server, line):
    bucket, key = line["anomaly-mask-ref"].removeprefix("s3://").split("/", 1)
    return Image.open(io.BytesIO(server.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()))


def overlap(mask, truth):
    a = [value > 0 for value in mask.tobytes()]
    b = [value > 0 for value in truth.tobytes()]
    return sum(x and y for x, y in zip(a, b)) / sum(x or y for x, y in zip(a, b))


def test_a_click_proposes_a_blot_and_the_dataset_takes_its_mask(server, browser):
    picture, truth = draw(7, True)
    client = fill(server, "blots", {"a.png": picture})
    sign_in(browser, server)
    edit(browser, server, "blots", "a.png")
    assert browser.violations() == []
    add_label(browser, "blot")
    stage = browser.find("#stage")
    left, top, right, bottom = Image.frombytes("L", truth.size, truth.tobytes()).getbbox()
    scale = min(stage.size["width"], stage.size["height"]) / 256
    ActionChains(browser.driver).move_to_element_with_offset(
        stage, round(((left + right) / 2 - 128) * scale), round(((top + bottom) / 2 - 128) * scale)
    ).click().perform()
    browser.until(lambda: "Enter accepts" in browser.text("#mask-status"))
    # What the network sees of this part of the image comes a moment later.
    browser.until(lambda: browser.find("#editor").get_attribute("data-seen") == "1")
    press(browser, Keys.ENTER)
    saved(browser)
    wait_dataset(client, "blots", "train")
    line = entry(client, "blots")
    assert line["anomaly-label"] == 1
    assert line["anomaly-mask-ref-metadata"]["internal-color-map"]["1"]["class-name"] == "blot"
    mask = kept(server, line)
    assert mask.mode == "P" and mask.size == (256, 256)
    assert overlap(mask, truth) > 0.8
    # The page shows it when it comes again, and the label is there and cannot be deleted.
    edit(browser, server, "blots", "a.png")
    assert browser.find("#classes li [type=text]").get_attribute("value") == "blot"
    assert not browser.find("#classes li button").is_enabled()
    assert browser.problems() == []


@pytest.mark.slow
def test_a_mask_that_somebody_else_drew_meanwhile_is_not_replaced_unsaid(server, browser):
    client = fill(server, "shared", {"a.png": draw(7, True)[0]})
    sign_in(browser, server)
    edit(browser, server, "shared", "a.png")
    first = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    edit(browser, server, "shared", "a.png")

    def mark(name):
        add_label(browser, name)
        press(browser, "b")
        browser.find("#stage").click()

    kind = lambda: entry(client, "shared")["anomaly-mask-ref-metadata"]["internal-color-map"]["1"]["class-name"]
    mark("theirs")
    saved(browser)
    browser.driver.switch_to.window(first)
    mark("mine")
    press(browser, "s")
    browser.until(lambda: "Somebody else has saved another mask" in browser.text("#mask-status"))
    assert kind() == "theirs"
    # Once it was said, saving replaces it; and what this page saved itself is nobody else's.
    saved(browser)
    assert kind() == "mine"
    mark("more")
    saved(browser)
    assert browser.problems() == []


@pytest.mark.slow
def test_every_tool_works_by_keys_alone(server, browser):
    client = fill(server, "keys", {"a.png": draw(1, False)[0]})
    sign_in(browser, server)
    edit(browser, server, "keys", "a.png")
    add_label(browser, "scratch")
    add_label(browser, "dent")
    # A brush stroke of the second label, one of the first undone and done again.
    press(browser, "b", "2", " ", "1")
    for _ in range(10):
        press(browser, Keys.ARROW_RIGHT)
    press(browser, " ", "z")
    assert browser.find("[data-do=redo]").is_enabled()
    press(browser, "y")
    # A triangle, its middle filled with the other label, and a bite by the eraser.
    press(browser, "p")
    for move in (Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.ARROW_UP):
        ActionChains(browser.driver).key_down(Keys.SHIFT).send_keys(move, move).key_up(
            Keys.SHIFT).send_keys(" ").perform()
    press(browser, Keys.ENTER, "e", " ", "+", "-", "0", "t", "t", "[", "]")
    saved(browser)
    wait_dataset(client, "keys", "train")
    names = entry(client, "keys")["anomaly-mask-ref-metadata"]["internal-color-map"]
    assert {x["class-name"] for x in names.values()} == {"BACKGROUND", "scratch", "dent"}
    assert browser.problems() == []


@pytest.mark.slow
def test_labels_are_renamed_and_deleted_while_no_image_uses_them(server, browser):
    fill(server, "labels", {"a.png": draw(1, False)[0]})
    sign_in(browser, server)
    edit(browser, server, "labels", "a.png")
    for name in ("one", "two", "one", "background"):
        browser.find("#add [name=name]").clear()
        browser.find("#add [name=name]").send_keys(name + Keys.ENTER)
    assert len(browser.all("#classes li")) == 2
    browser.find("#classes li [type=text]").click()
    ActionChains(browser.driver).key_down(Keys.CONTROL).send_keys("a").key_up(
        Keys.CONTROL).perform()
    press(browser, "<img src=x onerror=alert(1)>" + Keys.TAB)
    browser.until(lambda: browser.find("#classes li [type=text]").get_attribute("value").startswith("<img"))
    browser.driver.refresh()
    browser.until(lambda: browser.find("#editor").get_attribute("data-ready"))
    assert [x.get_attribute("value") for x in browser.all("#classes li [type=text]")] == [
        "<img src=x onerror=alert(1)>", "two"]
    browser.find("#classes li button").click()
    browser.until(lambda: len(browser.all("#classes li")) == 1)
    assert browser.problems() == []


@pytest.mark.slow
def test_labels_are_chosen_and_renamed_by_keys_without_losing_the_place(server, browser):
    """Each change drew the list again, and the keys went to nobody."""
    fill(server, "places", {"a.png": draw(1, False)[0]})
    sign_in(browser, server)
    edit(browser, server, "places", "a.png")
    for name in ("one", "two", "three"):
        add_label(browser, name)
    browser.find("#classes li [type=radio]").click()
    press(browser, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    chosen = "return document.activeElement.closest('#classes li')?.querySelector('[type=text]').value"
    assert browser.script(chosen) == "three"
    assert browser.script("return document.activeElement.matches(':checked')")
    press(browser, Keys.TAB, Keys.TAB)
    press(browser, "x" + Keys.ENTER)
    browser.until(lambda: browser.script(chosen) not in ("three", None))
    assert browser.problems() == []


@pytest.mark.slow
def test_a_hundred_marks_on_the_largest_image_do_not_freeze_the_page(server, browser):
    picture = Image.new("RGB", (4096, 4096), (120, 120, 120))
    fill(server, "large", {"a.png": picture})
    sign_in(browser, server)
    edit(browser, server, "large", "a.png")
    add_label(browser, "scratch")
    press(browser, "b")
    browser.driver.execute_script("""
        window.longest = 0;
        new PerformanceObserver(list => { for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration); }).observe({ type: "longtask" });
        const stage = document.getElementById("stage"), box = stage.getBoundingClientRect();
        for (let mark = 0; mark < 100; mark++) {
            const x = box.left + box.width / 2 + (mark % 10 - 5) * 20, y = box.top + box.height / 2 + (Math.floor(mark / 10) - 5) * 20;
            const send = (type, dx) => stage.dispatchEvent(new PointerEvent(type, { clientX: x + dx, clientY: y, pointerId: 1, bubbles: true, buttons: 1 }));
            stage.setPointerCapture = () => {};
            send("pointerdown", 0); send("pointermove", 8); send("pointerup", 8);
        }""")
    assert browser.find("[data-do=undo]").is_enabled()
    saved(browser)
    print("longest task:", browser.driver.execute_script("return window.longest"), "ms")
    assert browser.problems() == []
