#!/usr/bin/env python3
"""How quick the console is in a real browser, and what sessions cost the server.

    make bench-console
    make bench-console ARGUMENTS='--images 5000'

Starts a server with a model of drawn pictures, puts an evaluation of 20,000 images in the place of
the model's own, makes a dataset of 16,000 images, and measures in Debian's Chromium on loopback: the
first paint of each page, the kilobytes of script that it loads, what a frame costs while the
threshold is dragged; how long the server takes for a page of the gallery, how long the browser takes
from the key to its last thumbnail, and the server's memory with 20 people signed in. Everything runs on this one machine.
"""

import argparse
import html
import json
import os
import pathlib
import random
import re
import statistics
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests" / "Clients"))
import console_paging  # noqa: E402
from support import pictures  # noqa: E402
from support import server as processes  # noqa: E402
from support.browser import Browser, link  # noqa: E402
from support.calls import wait_dataset  # noqa: E402

PAGES = {
    "projects": "/projects", "project": "/projects/parts",
    "images": "/projects/parts/images?dataset=train", "model": "/projects/parts/models/1",
    "report": "/projects/parts/models/1/report", "trial": "/projects/parts/models/1/trial",
    "operate": "/operate", "audit": "/operate/audit",
}
# Ways to look at a large gallery, each page after page.
ORDERS = {
    "newest first": "", "anomalies": "&show=anomaly", "by name": "&sort=name",
    "by doubt": "&sort=doubt", "without a mask": "&show=noMask"}
# The time of each frame's work, from the input to the end of what was planned for the frame.
DRAG = """
const done = arguments[0], slider = document.querySelector("[data-slider=threshold]");
const times = [];
let step = 100;
function next() {
  const began = performance.now();
  slider.value = step;
  slider.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => {
    times.push(performance.now() - began);
    step += 8;
    if (step < 900) setTimeout(next, 20); else done(times);
  });
}
next();
"""
WORK = """
const done = arguments[0], slider = document.querySelector("[data-slider=threshold]");
const native = window.requestAnimationFrame, times = [];
window.requestAnimationFrame = work => native.call(window, stamp => {
  const began = performance.now();
  work(stamp);
  times.push(performance.now() - began);
});
let step = 100;
function next() {
  slider.value = step;
  slider.dispatchEvent(new Event("input"));
  step += 8;
  if (step < 900) setTimeout(next, 30); else setTimeout(() => done(times), 100);
}
next();
"""


def evaluation(count):
    """A line for each image, as a training writes them."""
    rng = random.Random(1)
    for index in range(count):
        anomalous = index % 5 == 0
        score = rng.lognormvariate(0.6 if anomalous else 0, 0.35) * 8
        yield json.dumps({
            "source-ref": f"s3://parts-images/{index % 38}.png?{index}", "anomaly-label": int(anomalous),
            "anomaly-label-metadata": {
                "class-name": "anomaly" if anomalous else "normal",
                "type": "groundtruth/image-classification"},
            "anomaly-label-detected-metadata": {"spotter-score": score, "confidence": 0.9}})


def resident(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def paint(browser, address):
    """Milliseconds to the first contentful paint, and kilobytes of script before compression."""
    browser.open(address)
    browser.find("h1")
    time.sleep(0.5)
    return browser.script("""
        const paint = performance.getEntriesByName("first-contentful-paint")[0];
        const scripts = performance.getEntriesByType("resource").filter(one => /\\.js/.test(one.name));
        return [paint ? paint.startTime : null,
                scripts.reduce((sum, one) => sum + one.decodedBodySize, 0) / 1024];""")


def make_gallery(server, client, images):
    """A project whose dataset has so many images of 128 × 128 pixels, of 400 different pictures."""
    folder = server.bucket("many")
    lines = []
    for index in range(images):
        key = f"i{index:06}.png"
        if index < 400:
            picture = pictures.draw(index, index % 4 == 0, (128, 128))[0]
            (folder / key).write_bytes(pictures.png(picture))
        else:
            os.link(folder / f"i{index % 400:06}.png", folder / key)
        lines.append(json.dumps(pictures.line("many", key, index % 4 == 0)))
    (folder / "train.manifest").write_text("\n".join(lines) + "\n")
    client.create_project(ProjectName="many")
    client.create_dataset(ProjectName="many", DatasetType="train",
                          DatasetSource=pictures.source("many", "train.manifest"))
    wait_dataset(client, "many")


def gallery(server, pages=40):
    """Milliseconds of the server for each of the first pages, in every order of `ORDERS`."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    opener.open(link(server)).read()
    for name, query in ORDERS.items():
        place = f"{server.endpoint}/console/projects/many/images"
        address, times = f"{place}?dataset=train{query}", []
        while address and len(times) < pages:
            began = time.perf_counter()
            text = opener.open(address).read().decode()
            times.append((time.perf_counter() - began) * 1000)
            more = re.search(r'class="more" href="([^"]+)"', text)
            address = more and place + html.unescape(more[1])
        first, rest = times[0], sorted(times[1:]) or times
        print(f"gallery {name:16} first page {first:6.0f} ms, the next {len(rest)}: median "
              f"{statistics.median(rest):5.0f} ms, p95 {rest[int(len(rest) * 0.95)]:5.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--gallery", type=int, default=16_000)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--program", default=ROOT / ".build/release/spotter")
    arguments = parser.parse_args()
    import support.browser
    processes.SPOTTER = support.browser.SPOTTER = pathlib.Path(arguments.program)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        server = processes.Server(folder / "data").start()
        client = server.client()
        pictures.make_dataset(server, client, "parts", "parts-images")
        model = pictures.train(client, "parts", "parts-images")
        place = model["OutputConfig"]["S3Location"]
        manifest = client.describe_model(ProjectName="parts", ModelVersion="1")[
            "ModelDescription"]["EvaluationManifest"]
        server.client("s3").put_object(
            Bucket=place["Bucket"], Key=manifest["Key"],
            Body="\n".join(evaluation(arguments.images)).encode())
        pictures.host(client, "parts")
        browser = Browser(folder / "profile")
        browser.open(link(server))
        print("page        first paint, ms (median of 5)   script, KB")
        for name, path in PAGES.items():
            figures = [paint(browser, f"{server.endpoint}/console{path}") for _ in range(5)]
            print(f"{name:10}  {statistics.median(x for x, _ in figures):8.0f}"
                  f"                        {max(y for _, y in figures):6.1f}")
        browser.open(f"{server.endpoint}/console/projects/parts/models/1")
        browser.until(lambda: browser.text("[data-figure=f1]") != "–")
        for title, code in (("input to end of frame", DRAG), ("work of a frame", WORK)):
            times = sorted(browser.driver.execute_async_script(code))
            print(f"threshold over {arguments.images} results, {title}: median "
                  f"{statistics.median(times):.1f} ms, p95 {times[int(len(times) * 0.95)]:.1f} ms")
        browser.quit()
        make_gallery(server, client, arguments.gallery)
        gallery(server)
        browser = Browser(folder / "paging")
        browser.sign_in(server)
        console_paging.measure(browser, server)
        browser.quit()
        before = resident(server)
        cookies = []
        for _ in range(arguments.sessions):
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            opener.open(link(server)).read()
            for path in PAGES.values():
                opener.open(f"{server.endpoint}/console{path}").read()
            cookies.append(opener)
        print(f"server memory: {before:.0f} MB with one session, {resident(server):.0f} MB with "
              f"{arguments.sessions} more that looked at every page")
        server.stop()


if __name__ == "__main__":
    main()
