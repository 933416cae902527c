"""The demonstration ends in the console."""

import shutil
import signal
import subprocess

import pytest

from support import networks
from support.browser import Browser
from support.pictures import draw
from support.server import ROOT, SPOTTER


@pytest.mark.slow
def test_the_demonstration_ends_with_a_link_to_its_project(tmp_path):
    """It named the console and ended, so that there was nothing to open."""
    for kind, count in (("normal", 22), ("anomaly", 12)):
        folder = tmp_path / "pictures" / kind
        folder.mkdir(parents=True)
        for index in range(count):
            draw(index + 100 * (kind == "anomaly"), kind == "anomaly")[0].save(folder / f"{index}.png")
    prefix = tmp_path / "prefix"
    for file, target in ((SPOTTER, "bin/spotter"), (networks.small(), "share/spotter/backbone-e1.onnx"),
                         (ROOT / ".deps/lib/spotter/libonnxruntime.so",
                          "lib/spotter/libonnxruntime.so")):
        (prefix / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, prefix / target)
    shutil.copytree(ROOT / "share/spotter/console", prefix / "share/spotter/console")
    process = subprocess.Popen(
        [prefix / "bin/spotter", "demo", "--serve", "--images", tmp_path / "pictures",
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
