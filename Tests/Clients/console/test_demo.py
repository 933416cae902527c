"""The demonstration ends in the console."""

import signal
import subprocess

import pytest

from support.browser import Browser
from support.console import installed
from support.pictures import draw


@pytest.mark.slow
def test_the_demonstration_ends_with_a_link_to_its_project(tmp_path):
    """It named the console and ended, so that there was nothing to open."""
    for kind, count in (("normal", 22), ("anomaly", 12)):
        folder = tmp_path / "pictures" / kind
        folder.mkdir(parents=True)
        for index in range(count):
            draw(index + 100 * (kind == "anomaly"), kind == "anomaly")[0].save(folder / f"{index}.png")
    process = subprocess.Popen(
        [installed(tmp_path / "prefix"), "demo", "--serve", "--images", tmp_path / "pictures",
         "--output", tmp_path / "out"], stdout=subprocess.PIPE, text=True)
    try:
        link = next(line.strip() for line in process.stdout if "/console/link?token=" in line)
        browser = Browser(tmp_path / "profile")
        try:
            browser.open(link)
            browser.until(lambda: "demo" in browser.text(".cards"))
            assert "TRAINED" in browser.text(".cards") and "F1" in browser.text(".cards")
        finally:
            browser.quit()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
