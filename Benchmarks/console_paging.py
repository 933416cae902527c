"""A gallery in the browser, page after page by a key: how long until all thumbnails in the view are
painted, and whether a blank tile was seen."""

import json
import os
import statistics
import time

from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from support import pictures
from support.calls import wait_dataset

# Runs in every document before its own scripts. From the key on it looks at each frame: whether the
# gallery shows another page, whether a tile in the view has no decoded picture, and when all have
# one and a frame with them was painted.
WATCH = """
(() => {
  const kept = name => JSON.parse(sessionStorage.getItem(name) ?? "null");
  const keep = (name, value) => sessionStorage.setItem(name, JSON.stringify(value));
  const now = () => performance.timeOrigin + performance.now();
  const decoded = new WeakSet();
  const first = () => document.querySelector("#gallery li")?.dataset.source ?? null;
  addEventListener("keydown", event => {
    if (event.key === "PageDown" || event.key === "PageUp") keep("asked", { at: now(), from: first(), blank: 0 });
  }, true);
  function frame() {
    requestAnimationFrame(frame);
    const asked = kept("asked");
    if (!asked || !first() || first() === asked.from) return;
    const pictures = [...document.querySelectorAll("#gallery img")].filter(picture => {
      const box = picture.closest("li").getBoundingClientRect();
      return box.bottom > 0 && box.top < innerHeight;
    });
    let isBlank = !pictures.length;
    for (const picture of pictures) {
      if (decoded.has(picture)) continue;
      isBlank = true;
      if (picture.complete && picture.naturalWidth) picture.decode().then(() => decoded.add(picture), () => {});
    }
    if (!isBlank) {
      sessionStorage.removeItem("asked");
      // What is decoded now is in the frame that is painted behind this callback.
      const channel = new MessageChannel();
      channel.port1.onmessage = () => keep("turned", {
        milliseconds: now() - asked.at, blank: asked.blank, shown: asked.shown - asked.at, count: pictures.length });
      channel.port2.postMessage(null);
      return;
    }
    // A frame whose pictures are all there, but for the first look at them by this script, is not blank.
    const missing = pictures.filter(picture => !picture.complete || !picture.naturalWidth).length;
    keep("asked", { ...asked, shown: asked.shown ?? now(), blank: asked.blank + (missing ? 1 : 0) });
  }
  requestAnimationFrame(frame);
})();
"""


def watch(browser):
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})


def turn(browser, seconds=60):
    """Presses Page Down, and waits until the next page is whole; nil on the last page."""
    if not browser.all("a.more"):
        return None
    browser.script("""
        sessionStorage.removeItem('turned');
        if (!document.activeElement.closest('#gallery')) document.querySelector('#gallery li').focus();""")
    ActionChains(browser.driver).send_keys(Keys.PAGE_DOWN).perform()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = browser.script("return JSON.parse(sessionStorage.getItem('turned') ?? 'null')")
        if found:
            return found
        time.sleep(0.01)
    raise TimeoutError("The next page is not whole.")


def pages(browser, address, look, pages_max=None):
    """Goes through all pages, and looks at each for so many seconds."""
    browser.open(address)
    browser.find("#gallery li").click()
    found = []
    while pages_max is None or len(found) < pages_max:
        time.sleep(look)
        page = turn(browser)
        if page is None:
            return found
        found.append(page)
    return found


def report(title, found):
    times = sorted(page["milliseconds"] for page in found)
    blank = sum(page["blank"] > 0 for page in found)
    print(f"{title}: {len(found)} pages turned, about {found[0]['count']} pictures in the view; key to "
          f"all painted: median {statistics.median(times):.0f} ms, p95 "
          f"{times[int(len(times) * 0.95)]:.0f} ms, most {times[-1]:.0f} ms; a blank tile was seen on "
          f"{blank} of them", flush=True)


def make_large(server, client, project, images=1500):
    """A project of JPEGs as cameras make them, 2448 × 2048 pixels, of 20 different pictures."""
    folder, lines = server.bucket(project), []
    for index in range(images):
        key = f"i{index:06}.jpg"
        if index < 20:
            picture = pictures.draw(index, index % 4 == 0, (612, 512))[0]
            picture.resize((2448, 2048), Image.Resampling.BICUBIC).save(folder / key, "JPEG", quality=90)
        else:
            os.link(folder / f"i{index % 20:06}.jpg", folder / key)
        lines.append(json.dumps(pictures.line(project, key, index % 4 == 0)))
    (folder / "train.manifest").write_text("\n".join(lines) + "\n")
    client.create_project(ProjectName=project)
    client.create_dataset(ProjectName=project, DatasetType="train",
                          DatasetSource=pictures.source(project, "train.manifest"))
    wait_dataset(client, project)


def measure(browser, server):
    """First looks, for which the server makes the thumbnails, and later ones."""
    watch(browser)
    address = f"{server.endpoint}/console/projects/many/images?dataset=train&sort=name"
    for title, look in (("first look, 1 s a page", 1), ("again, 0.3 s a page", 0.3),
                        ("again, without a pause", 0)):
        report(title, pages(browser, address, look))
    # Each project is looked at for the first time.
    for look in (2, 1, 0):
        make_large(server, server.client(), f"large{look}")
        report(f"2448 × 2048 pixels, first look, {look} s a page", pages(
            browser, f"{server.endpoint}/console/projects/large{look}/images?dataset=train&sort=name", look))
