"""Somebody who never saw an API goes from `make demo` to a package of their own pictures."""

import signal
import subprocess

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from support.server import SHARED, SPOTTER

COOKIES = SHARED / "cookies"


class Looks:
    """Looks at a page as different people see it, and keeps what it looked like."""

    def __init__(self, browser, folder):
        self.browser, self.folder, self.count = browser, folder, 0
        folder.mkdir()

    def at(self, name):
        """No page is wider than its window, and axe finds nothing, on a phone and in the dark."""
        self.count += 1
        for look, width, scheme in (("light", 1280, "light"), ("dark", 1280, "dark"),
                                    ("phone", 360, "dark")):
            self.set(width, scheme)
            self.browser.driver.execute_async_script(
                "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
            wide = self.browser.script("return document.documentElement.scrollWidth")
            assert wide <= width, f"{name}, {look}: {wide} pixels wide"
            assert self.browser.violations() == [], f"{name}, {look}"
            self.browser.driver.save_screenshot(
                str(self.folder / f"{self.count:02}-{name}-{look}.png"))
        self.set(1280, "light")

    def set(self, width, scheme):
        self.browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
        self.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})


@pytest.fixture
def demo(tmp_path):
    """The link that `make demo` ends with."""
    process = subprocess.Popen(
        [SPOTTER, "demo", "--serve", "--output", tmp_path / "demo"],
        stdout=subprocess.PIPE, text=True)
    try:
        yield next(line.strip() for line in process.stdout if "/console/link?token=" in line)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()


@pytest.mark.slow
@pytest.mark.skipif(not COOKIES.exists(), reason="needs the photographs in ../shared/data/cookies")
def test_from_the_demonstration_to_a_package_of_cookies(demo, browser, tmp_path):
    looks = Looks(browser, tmp_path / "looks")
    browser.driver.set_script_timeout(60)
    browser.open(demo)
    browser.until(lambda: "demo" in browser.text(".cards"))
    looks.at("projects")
    browser.fill("name", "cookies")
    browser.press("Create project")
    browser.until(lambda: browser.text("h1") == "cookies")
    looks.at("project")
    browser.find(".cards a.button").click()
    # The folder as it is: its name says nothing of what the pictures show.
    browser.until(lambda: browser.find("#bring").get_attribute("open"))
    looks.at("import")
    browser.find("#upload [name=folder]").send_keys(str(COOKIES / "training-images"))
    browser.press("Bring in")
    browser.until(lambda: len(browser.all("#gallery li")) == 63)
    said = browser.until(lambda: browser.text("#labels [role=status]"))
    assert "63 images were brought in, 0 refused." in said and "Without a label: 63." in said
    assert {label.text for label in browser.all("#gallery .label")} == {"no label"}
    looks.at("imported")
    label_by_name(browser)
    looks.at("labelled")
    browser.find("nav.path a:last-of-type").click()
    browser.until(lambda: "31 normal · 32 anomalies" in browser.text(".cards"))
    train(browser, looks, 1)
    browser.find("table a").click()
    browser.until(lambda: browser.text("[data-figure=f1]") not in ("", "–"))
    looks.at("judge")
    # A threshold that misses what is at hand.
    top = float(browser.find("[name=threshold]").get_attribute("value")) * 10
    browser.fill("threshold", str(top))
    browser.until(lambda: browser.text("[data-figure=recall]") == "0.000")
    looks.at("threshold")
    browser.press("Set the thresholds")
    browser.until(lambda: "Back to what training found" in browser.text("#judge"))
    browser.press("Start")
    browser.until(lambda: browser.all("a[href$=trial]"))
    browser.find("a[href$=trial]").click()
    tests = sorted((COOKIES / "test-images").glob("*.jpg"))
    browser.find("#try [type=file]").send_keys("\n".join(map(str, tests)))
    browser.press("Judge")
    browser.until(lambda: browser.text("#try [role=status]") == f"Images judged: {len(tests)}.")
    looks.at("tried")
    wrong = [card for card in browser.all("#try .verdicts > li") if "anomaly" in card.text][:2]
    assert all("normal" in card.text for card in wrong)
    for card in wrong:
        card.send_keys("w")
    browser.press("Add the verified images")
    browser.until(lambda: "Images added: 2." in browser.text("#try [role=status]"))
    looks.at("verified")
    browser.find("[data-again]").click()
    browser.until(lambda: "34 anomalies" in browser.text(".cards"))
    train(browser, looks, 2)
    browser.find("table a").click()
    browser.until(lambda: browser.all("a[href*=compare]"))
    browser.find("a[href*=compare]").click()
    browser.until(lambda: browser.text("#compare thead").split() == ["Model", "1", "Model", "2"])
    assert browser.all("#compare .tile")
    looks.at("compared")
    browser.find("#compare thead th:last-child a").click()
    browser.fill("component", "com.example.Cookies")
    browser.press("Package")
    browser.until(lambda: "com.example.Cookies 2.0.0" in browser.text())
    looks.at("packaged")
    browser.find("a[href*='/packages/']").click()
    browser.until(lambda: browser.all("a[href$=archive]"))
    looks.at("package")
    assert browser.problems() == []


def label_by_name(browser):
    """By keys alone: in the order of their names the anomalies come first."""
    for option in browser.all("#view [name=sort] option"):
        if option.text == "name":
            option.click()
            break
    browser.until(lambda: "anomaly" in browser.all("#gallery li")[0].text)
    names = [tile.find_element("css selector", "img").get_attribute("alt")
             for tile in browser.all("#gallery li")]
    count = sum(name.startswith("anomaly") for name in names)
    browser.all("#gallery li")[0].click()
    keys = ActionChains(browser.driver).key_down(Keys.SHIFT)
    for _ in range(count - 1):
        keys = keys.send_keys(Keys.ARROW_RIGHT)
    keys.key_up(Keys.SHIFT).send_keys("a").perform()
    browser.all("#gallery li")[count].click()
    ActionChains(browser.driver).key_down(Keys.SHIFT).send_keys(Keys.END).key_up(
        Keys.SHIFT).send_keys("n").perform()
    browser.until(lambda: browser.text("#labels [role=status]") == "Saved")


def train(browser, looks, version):
    browser.press("Train")
    browser.until(lambda: browser.all("progress"))
    assert browser.find("progress").get_attribute("aria-label")
    looks.at(f"training-{version}")
    browser.until(lambda: f"/models/{version}" in browser.find("table a").get_attribute("href")
                  and "TRAINED" in browser.text("table tbody tr"), 300)
    looks.at(f"trained-{version}")
