"""How well clicks outline real defects: the masks that people drew are the truth, and their deepest
places are clicked. docs/console.md has the figures."""

import base64
import json
import statistics
import urllib.parse

import numpy
import pytest
from PIL import Image

from support.browser import Browser
from support.calls import wait_dataset
from support.console import sign_in
from support.server import SHARED, ProductServer, needs_shared

SIDE = 320
BEGIN = """
const [width, height, pixels, address, done] = arguments;
const bytes = Uint8Array.from(atob(pixels), character => character.charCodeAt(0));
Promise.all([
  import("/console/assets/outline.js"), import("/console/assets/seen.js"),
  fetch(address).then(response => response.arrayBuffer()),
]).then(([{ features, Outline }, { grid }, seen]) => {
  window.outline = new Outline(features(bytes, width, height));
  outline.view.cells = grid(seen);
  done();
});
"""
CLICK = """
outline.click(arguments[0], arguments[1]);
return outline.shape.join("");
"""
# As somebody turns the wheel who sees the truth: to where the outline is the nearest to it.
TURN = """
const truth = Uint8Array.from(arguments[0], Number), { found, best } = outline;
let most = -1, steps = 0;
for (let step = Math.max(1, best - 120); step <= Math.min(254, best + 120); step += 4) {
  let both = 0, either = 0;
  found.shape(step).forEach((value, place) => { both += value & truth[place]; either += value | truth[place]; });
  if (both / either > most) { most = both / either; steps = step - best; }
}
outline.move(steps);
return outline.shape.join("");
"""


def shrunk(mask):
    inner = numpy.zeros_like(mask)
    inner[1:-1, 1:-1] = (mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2]
                         & mask[1:-1, 2:])
    return inner


def deepest(mask):
    while shrunk(mask).any():
        mask = shrunk(mask)
    places = numpy.argwhere(mask)
    y, x = places[len(places) // 2]
    return {"x": int(x), "y": int(y)}


def masks(name):
    """The images with masks, those of the training images first: their places in the set."""
    root, found = SHARED / name, []
    for part in ("train", "test"):
        for line in (root / "manifests" / f"{part}.manifest").read_text().splitlines():
            entry = json.loads(line)
            if "anomaly-mask-ref" in entry:
                found.append((part, entry["source-ref"], entry["anomaly-mask-ref"]))
    return found


def views(name):
    """Every defect, seen by somebody who has zoomed until it takes a third of the view."""
    for part, source, reference in masks(name):
        mask = numpy.array(Image.open(SHARED / name / reference).convert("RGB")).astype(int).sum(2)
        mask = (mask > 0) & (mask < 765)
        rows, columns = numpy.nonzero(mask)
        side = max(96, 3 * max(numpy.ptp(rows), numpy.ptp(columns)))
        left = max(0, (columns.min() + columns.max() - side) // 2)
        top = max(0, (rows.min() + rows.max() - side) // 2)
        box = (left, top, min(mask.shape[1], left + side), min(mask.shape[0], top + side))
        scale = min(2, SIDE / max(box[2] - box[0], box[3] - box[1]))
        size = (round((box[2] - box[0]) * scale), round((box[3] - box[1]) * scale))
        truth = Image.fromarray(mask).crop(box).resize(size, Image.Resampling.NEAREST)
        picture = Image.open(SHARED / name / source).convert("RGBA").crop(box)
        picture = picture.resize(size, Image.Resampling.BOX)
        edges = ",".join(map(str, map(int, box)))
        place = urllib.parse.quote(f"s3://{name}/{source}", safe="")
        yield part, f"dataset=train&source={place}&part={edges}", picture, numpy.array(truth)


def largest(error):
    """The largest connected part of what is wrong."""
    left, best = error.copy(), numpy.zeros_like(error)
    while left.sum() > best.sum():
        part = numpy.zeros_like(error)
        part[tuple(numpy.argwhere(left)[0])] = True
        while True:
            wider = part.copy()
            wider[1:] |= part[:-1]
            wider[:-1] |= part[1:]
            wider[:, 1:] |= part[:, :-1]
            wider[:, :-1] |= part[:, 1:]
            wider &= left
            if wider.sum() == part.sum():
                break
            part = wider
        left &= ~part
        if part.sum() > best.sum():
            best = part
    return best


def overlaps(browser, name, is_turned):
    """The part of the set and the best IoU of three clicks for each view: the first in the middle
    of the defect, the others in that of the largest part that is missing or too much. is_turned:
    whether the wheel is turned after each click."""
    values = []
    for part, query, picture, truth in views(name):
        pixels = base64.b64encode(picture.tobytes()).decode()
        address = f"/console/projects/{name}/features?{query}"
        browser.driver.execute_async_script(BEGIN, picture.width, picture.height, pixels, address)
        best, error, belongs = 0, truth, True
        for _ in range(3):
            text = browser.script(CLICK, deepest(error), not belongs)
            if is_turned:
                text = browser.script(TURN, "".join(map(str, truth.astype(int).ravel())))
            shape = (numpy.frombuffer(text.encode(), numpy.uint8) == ord("1")).reshape(truth.shape)
            best = max(best, (shape & truth).sum() / (shape | truth).sum())
            missing, extra = largest(truth & ~shape), largest(shape & ~truth)
            belongs = missing.sum() >= extra.sum()
            error = missing if belongs else extra
            if not error.any():
                break
        values.append((part, best))
    return values


def enter(server, name):
    """A project whose training images are those that have masks, without them."""
    client, s3 = server.client(), server.client("s3")
    s3.create_bucket(Bucket=name)
    client.create_project(ProjectName=name)
    client.create_dataset(ProjectName=name, DatasetType="train")
    wait_dataset(client, name)
    lines = []
    for _, source, _ in masks(name):
        s3.put_object(Bucket=name, Key=source, Body=(SHARED / name / source).read_bytes())
        lines.append(json.dumps({"source-ref": f"s3://{name}/{source}"}))
    client.update_dataset_entries(
        ProjectName=name, DatasetType="train", Changes="\n".join(lines).encode())
    wait_dataset(client, name)


DRAWN = """
const [width, height, pixels, done] = arguments;
const bytes = Uint8Array.from(atob(pixels), character => character.charCodeAt(0));
import("/console/assets/outline.js").then(({ features, Outline }) => {
  window.outline = new Outline(features(bytes, width, height));
  done();
});
"""


def test_a_click_that_corrects_changes_what_lies_around_it_and_nothing_else(server, browser):
    """A click on a second part took all between both, or the first part was lost with the second."""
    side, noise = 240, numpy.random.default_rng(7).integers(-15, 16, (240, 240))
    rows, columns = numpy.mgrid[:side, :side]
    one, other = (numpy.hypot(columns - x, rows - y) < radius
                  for x, y, radius in ((60, 60, 18), (175, 165, 22)))
    gray = numpy.where(one | other, 110, 150) + noise
    pixels = numpy.dstack([gray, gray, gray, numpy.full_like(gray, 255)]).astype(numpy.uint8)
    sign_in(browser, server)
    browser.driver.set_script_timeout(60)
    browser.driver.execute_async_script(
        DRAWN, side, side, base64.b64encode(pixels.tobytes()).decode())

    def click(x, y, is_outside=False):
        text = browser.script(CLICK, {"x": x, "y": y}, is_outside)
        return (numpy.frombuffer(text.encode(), numpy.uint8) == ord("1")).reshape(side, side)

    def overlap(shape, truth):
        return (shape & truth).sum() / (shape | truth).sum()

    first = click(60, 60)
    assert overlap(first, one) > 0.95
    both = click(175, 165)
    assert overlap(both, one | other) > 0.95
    assert (both[:, :110] == first[:, :110]).all()
    # What is right already stays as it is.
    assert (click(60, 60) == both).all()
    without = click(175, 165, is_outside=True)
    assert overlap(without, one) > 0.95
    assert (without[:, :110] == first[:, :110]).all()
    # The wheel grows what the last click took away, and nothing else.
    browser.script("outline.move(120)")
    shape = browser.script("return outline.shape.join('')")
    moved = (numpy.frombuffer(shape.encode(), numpy.uint8) == ord("1")).reshape(side, side)
    assert (moved[:, :110] == first[:, :110]).all() and moved[:, 110:].sum() > 100


@pytest.mark.slow
@needs_shared
@pytest.mark.parametrize("name, is_turned, least, sampled, share", [
    ("cookies", False, 0.81, 0.75, 0.7), ("ballscrew", False, 0.77, 0.25, 0.5),
    ("cookies", True, 0.83, 0.75, 0.8), ("ballscrew", True, 0.8, 0.25, 0.6)])
def test_three_clicks_outline_most_of_a_real_defect(
        tmp_path, name, is_turned, least, sampled, share):
    """Grown from colours alone, not one pit of the ball screws was outlined to 0.8; without what
    the network sees a quarter was, and with clicks that changed the whole region two fifths."""
    server, browser = ProductServer(tmp_path / "data").start(), Browser(tmp_path / "profile")
    try:
        enter(server, name)
        browser.driver.set_script_timeout(60)
        sign_in(browser, server)
        values = overlaps(browser, name, is_turned)
    finally:
        browser.quit()
        server.stop()
    for part in ("train", "test"):
        some = [value for own, value in values if own == part]
        if some:
            good = sum(value >= 0.8 for value in some) / len(some)
            print(name, part, "with the wheel" * is_turned, "median IoU", round(statistics.median(some), 2), "of", len(some),
                  "and 0.8 or more in", round(good, 2))
    # Every fourth training image, and all images.
    for some, least_share in (
            ([value for part, value in values if part == "train"][::4], sampled),
            ([value for _, value in values], share)):
        assert statistics.median(some) > least
        assert sum(value >= 0.8 for value in some) / len(some) >= least_share
