"""A real browser, Debian's Chromium, that looks at the console."""

import importlib.resources
import pathlib
import subprocess

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from support.server import SPOTTER

SECONDS = 120


class Found(WebElement):
    """An element that is looked for again, by its selector and its place among those it selects,
    when the page has replaced it since."""
    place = None

    def _execute(self, command, params=None):
        try:
            return super()._execute(command, params)
        except StaleElementReferenceException:
            if self.place is None:
                raise
            browser, selector, index = self.place
            self._id = browser.until(lambda: browser.all(selector)[index])._id
            return super()._execute(command, params)


class Chrome(webdriver.Chrome):
    _web_element_cls = Found


class Browser:
    def __init__(self, profile, language="en", size=(1280, 900), accepts_any_certificate=False):
        options = webdriver.ChromeOptions()
        options.accept_insecure_certs = accepts_any_certificate
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", f"--lang={language}",
                         "--disable-dev-shm-usage", "--use-fake-ui-for-media-stream",
                         "--use-fake-device-for-media-stream", f"--user-data-dir={profile}",
                         f"--window-size={size[0]},{size[1]}"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = Chrome(
            options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))

    def quit(self):
        self.driver.quit()

    def open(self, address):
        self.driver.get(address)

    def sign_in(self, server):
        """By a link, without waiting for what the server printed when it started."""
        self.open(link(server))
        self.until(lambda: self.text("h1") == "Projects")

    def find(self, selector):
        return self.until(lambda: self.all(selector))[0]

    def all(self, selector):
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        for index, element in enumerate(found):
            element.place = (self, selector, index)
        return found

    def script(self, code, *values):
        return self.driver.execute_script(code, *values)

    def text(self, selector="main"):
        return self.find(selector).text

    def until(self, condition, seconds=SECONDS):
        """What `condition` gives once it is true; a page that is just being replaced is asked
        again."""
        def calm(_):
            try:
                return condition()
            except Exception:
                return False
        return WebDriverWait(self.driver, seconds, poll_frequency=0.2).until(calm)

    def press(self, words):
        """Presses the button with these words."""
        button = self.until(lambda: next(
            x for x in self.all("main button, main summary, header button") if x.text == words))
        button.click()

    def fill(self, name, text):
        field = self.find(f"[name={name}]")
        field.clear()
        field.send_keys(text)

    def problems(self):
        """What the browser complained about: scripts that failed, and what the policy refused. An
        answer that is an error is the page's to show."""
        return [line["message"] for line in self.driver.get_log("browser")
                if line["level"] == "SEVERE" and "Failed to load resource" not in line["message"]]

    def violations(self):
        """What axe finds wrong with the page for people who use it without a mouse or eyes."""
        axe = importlib.resources.files("axe_core_python") / "axe.min.js"
        self.driver.execute_script(pathlib.Path(str(axe)).read_text())
        result = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then(done, error => done({error: String(error)}))")
        assert "violations" in result, result
        return [f"{found['id']}: {found['nodes'][0]['html'][:200]}"
                for found in result["violations"]]


def link(server, user=None):
    """A link that signs in to a running server's console."""
    name = ["--user", user] if user else []
    return subprocess.run(
        [SPOTTER, "console", "link", *name, "--data-directory", server.directory,
         "--address", server.endpoint], check=True, capture_output=True, text=True).stdout.strip()
