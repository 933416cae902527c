// The threshold chart: what would change if the thresholds were others, and the images behind each
// number.
import { get, reach } from "./calls.js";
import { decimals, named } from "./numbers.js";
import { open } from "./viewer.js";

const place = document.getElementById("judge");
const tilesAtOnce = 60;

// How many of ascending `scores` are not above `bound`.
function upTo(scores, bound) {
  let low = 0, high = scores.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores[middle] > bound) high = middle; else low = middle + 1;
  }
  return low;
}

function figures(normal, anomaly, threshold) {
  const hits = anomaly.length - upTo(anomaly, threshold), alarms = normal.length - upTo(normal, threshold);
  const ratio = (part, whole) => whole ? part / whole : 0;
  return {
    precision: ratio(hits, hits + alarms), recall: ratio(hits, anomaly.length),
    f1: ratio(2 * hits, hits + alarms + anomaly.length), alarmRate: ratio(alarms, normal.length),
  };
}

// Images of a class in the order of their scores, with the scores apart for the search.
function sorted({ sources, scores, anomalous }, wanted) {
  const images = [];
  for (let index = 0; index < scores.length; index++) {
    if (anomalous[index] === wanted) images.push({ source: sources[index], score: scores[index], anomalous: wanted === 1 });
  }
  images.sort((a, b) => a.score - b.score);
  return { images, scores: Float64Array.from(images, image => image.score) };
}

async function judge() {
  const answer = await get(place.dataset.results);
  const classes = { normal: sorted(answer, 0), anomaly: sorted(answer, 1) };
  const form = place.querySelector("form[method=post]"), costs = place.querySelector(".costs");
  const field = form.querySelector("input[name=threshold]"), second = form.querySelector("input[name=unsure]");
  const sliders = Object.fromEntries([...form.querySelectorAll("[data-slider]")].map(slider => [slider.dataset.slider, slider]));
  const set = (name, text) => {
    const element = place.querySelector(`[data-figure=${name}]`);
    if (element.textContent !== text) element.textContent = text;
  };
  let threshold = Number(place.dataset.threshold), unsure = Number(place.dataset.unsure) || null;
  const ends = ["normal", "anomaly"].flatMap(name => { const { scores } = classes[name]; return scores.length ? [scores[0], scores.at(-1)] : []; });
  const low = Math.max(Math.min(...ends, threshold, unsure ?? threshold) * 0.9, 1e-6), high = Math.max(...ends, threshold, unsure ?? threshold) * 1.1;
  // Equal steps of the logarithm: what counts is the ratio of score and threshold.
  const value = step => low * Math.pow(high / low, step / 1000);
  const step = number => 1000 * Math.log(Math.max(number, low) / low) / Math.log(high / low);

  const bins = 60;
  const histogram = Object.fromEntries(Object.entries(classes).map(([name, { scores }]) => {
    const counts = new Array(bins).fill(0);
    for (const score of scores) counts[Math.max(0, Math.min(bins - 1, Math.floor(step(score) / 1000 * bins)))]++;
    return [name, counts];
  }));

  // The bars do not move, so they are drawn once for each appearance of the page.
  const canvas = place.querySelector(".chart canvas"), pen = canvas.getContext("2d");
  const bars = document.createElement("canvas");
  bars.width = canvas.width;
  bars.height = canvas.height;
  const color = name => getComputedStyle(document.documentElement).getPropertyValue(name);
  let colors = {};
  function drawBars() {
    colors = Object.fromEntries(["--bad", "--good", "--text", "--soft"].map(name => [name, color(name)]));
    const { width, height } = bars, middle = height / 2, ink = bars.getContext("2d");
    const most = Math.max(1, ...histogram.normal, ...histogram.anomaly);
    ink.clearRect(0, 0, width, height);
    for (let bin = 0; bin < bins; bin++) {
      const x = bin / bins * width, wide = width / bins - 1;
      const length = name => histogram[name][bin] ? Math.max(2, histogram[name][bin] / most * (middle - 8)) : 0;
      ink.fillStyle = colors["--bad"];
      ink.fillRect(x, middle - length("anomaly"), wide, length("anomaly"));
      ink.fillStyle = colors["--good"];
      ink.fillRect(x, middle, wide, length("normal"));
    }
    ink.fillStyle = colors["--text"];
    ink.fillRect(0, middle, width, 1);
  }
  // Scores at equal steps of the axis.
  place.querySelector(".axis").replaceChildren(...[0, 250, 500, 750, 1000].map(at => {
    const mark = document.createElement("span");
    mark.textContent = String(Number(value(at).toPrecision(3)));
    return mark;
  }));
  // A threshold beyond all scores stands at the edge.
  const edge = number => Math.max(1, Math.min(canvas.width - 2, step(number) / 1000 * canvas.width));
  function draw() {
    const { width, height } = canvas;
    pen.clearRect(0, 0, width, height);
    if (unsure !== null) {
      const [left, right] = [edge(Math.min(threshold, unsure)), edge(Math.max(threshold, unsure))];
      pen.globalAlpha = 0.25;
      pen.fillStyle = colors["--soft"];
      pen.fillRect(left, 0, right - left, height);
      pen.globalAlpha = 1;
      pen.fillRect(edge(unsure) - 1, 0, 2, height);
    }
    pen.drawImage(bars, 0, 0);
    pen.fillStyle = colors["--text"];
    pen.fillRect(edge(threshold) - 1, 0, 3, height);
  }

  const band = () => [Math.min(threshold, unsure ?? threshold), Math.max(threshold, unsure ?? threshold)];
  function cells() {
    const [lower, upper] = band();
    return Object.fromEntries(Object.entries(classes).flatMap(([name, { scores }]) => {
      const [first, last] = [upTo(scores, lower), upTo(scores, upper)];
      return [[`${name}-low`, [0, first]], [`${name}-mid`, [first, last]], [`${name}-high`, [last, scores.length]]];
    }));
  }

  let isPlanned = false, chosen = null, shown = tilesAtOnce, timer = 0, point = null, listed = [];
  function show() {
    isPlanned = false;
    const now = figures(classes.normal.scores, classes.anomaly.scores, threshold), parts = cells();
    const count = name => parts[name][1] - parts[name][0];
    for (const name of ["f1", "precision", "recall"]) set(name, decimals(now[name]));
    const mistakes = { escapes: count("anomaly-low"), alarms: count("normal-high"), unsure: count("normal-mid") + count("anomaly-mid") };
    for (const [name, number] of Object.entries(mistakes)) set(name, String(number));
    const price = name => Number(costs.elements[name].value) || 0;
    const cost = mistakes.escapes * price("escape") + mistakes.alarms * price("alarm") + mistakes.unsure * price("unsure");
    set("cost", String(Math.round(cost * 100) / 100));
    for (const button of place.querySelectorAll("[data-cell]")) button.textContent = String(count(button.dataset.cell));
    for (const element of place.querySelectorAll("[data-band]")) element.hidden = unsure === null;
    point?.setAttribute("cx", 100 * now.alarmRate);
    point?.setAttribute("cy", 100 - 100 * now.recall);
    draw();
    // Pictures can wait until the hand rests.
    clearTimeout(timer);
    timer = setTimeout(tiles, 120);
  }

  // The worst mistakes come first; of what is right, the most doubtful.
  function images(name) {
    const [kind, side] = name.split("-"), [from, to] = cells()[name];
    const list = classes[kind].images.slice(from, to);
    const isDescending = (side === "low") !== (kind === "anomaly");
    return isDescending ? list.reverse() : list;
  }
  function wrong() {
    const [lower, upper] = band();
    const distance = ({ score, anomalous }) => anomalous ? lower / score : score / upper;
    return [...images("anomaly-low"), ...images("normal-high")].sort((a, b) => distance(b) - distance(a));
  }
  function tiles() {
    clearTimeout(timer);
    const list = document.getElementById("cell"), found = chosen ? images(chosen) : wrong();
    const button = chosen && place.querySelector(`[data-cell=${chosen}]`);
    const caption = button ? `${button.closest("tr").querySelector("th").textContent}, ${place.querySelectorAll(".cells thead th")[["low", "mid", "high"].indexOf(chosen.split("-")[1])].textContent}` : place.dataset.wrong;
    place.querySelector("[data-shown]").textContent = `${caption}: ${found.length}`;
    place.querySelector("[data-more]").hidden = found.length <= shown;
    // A list that stays keeps its buttons, and with them the focus of a person who goes on by keys.
    const tilesWanted = Math.min(found.length, shown);
    if (found.length && list.children.length === tilesWanted && found.length === listed.length && found.every((image, index) => image === listed[index])) return;
    listed = found;
    list.replaceChildren(...found.slice(0, shown).map(({ source, anomalous, score }, index) => {
      const tile = document.createElement("li"), press = document.createElement("button"), image = document.createElement("img");
      press.type = "button";
      press.className = "tile";
      image.src = `${place.dataset.image}?small=1&source=${encodeURIComponent(source)}`;
      image.alt = named(source);
      image.loading = "lazy";
      const label = document.createElement("span"), name = document.createElement("span");
      label.className = `label ${anomalous ? "anomaly" : "normal"}`;
      label.textContent = anomalous ? place.dataset.bad : place.dataset.good;
      name.className = "name";
      name.textContent = `${decimals(score)} ${image.alt}`;
      press.append(image, label, name);
      press.addEventListener("click", () => open(found, index, place.dataset));
      tile.append(press);
      return tile;
    }));
    if (!found.length) {
      const line = document.createElement("li");
      line.className = "none";
      line.textContent = list.dataset.none;
      list.append(line);
    }
  }

  function plan() {
    if (!isPlanned) { isPlanned = true; requestAnimationFrame(show); }
  }
  const text = number => String(Number(number.toPrecision(6)));
  function moveThreshold(number) { threshold = number; plan(); }
  function moveSecond(number) { unsure = number; plan(); }
  sliders.threshold.addEventListener("input", () => { moveThreshold(value(Number(sliders.threshold.value))); field.value = text(threshold); });
  sliders.unsure.addEventListener("input", () => { moveSecond(value(Number(sliders.unsure.value))); second.value = text(unsure); });
  field.addEventListener("input", () => {
    const number = Number(field.value);
    if (number > 0) { sliders.threshold.value = step(number); moveThreshold(number); }
  });
  second.addEventListener("input", () => {
    const number = Number(second.value);
    if (number > 0) sliders.unsure.value = step(number);
    moveSecond(number > 0 ? number : null);
  });
  form.querySelector("[data-clear]").addEventListener("click", () => { second.value = ""; moveSecond(null); });
  // The line that is nearest to the pointer is the one that is dragged.
  let dragged = null;
  const at = event => {
    const box = canvas.getBoundingClientRect();
    return Math.min(1000, Math.max(0, (event.clientX - box.left) / box.width * 1000));
  };
  canvas.addEventListener("pointerdown", event => {
    const distance = number => number === null ? Infinity : Math.abs(step(number) - at(event));
    dragged = distance(unsure) < distance(threshold) ? sliders.unsure : sliders.threshold;
    canvas.setPointerCapture(event.pointerId);
    dragged.value = at(event);
    dragged.dispatchEvent(new Event("input"));
  });
  canvas.addEventListener("pointermove", event => {
    if (!dragged) return;
    dragged.value = at(event);
    dragged.dispatchEvent(new Event("input"));
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { dragged = null; });

  // Costs are the person's own, and stay in this browser.
  const key = `spotter-costs ${place.dataset.project}`;
  try {
    for (const [name, number] of Object.entries(JSON.parse(localStorage.getItem(key) ?? "{}"))) if (costs.elements[name]) costs.elements[name].value = number;
  } catch { /* What is kept there is not ours. */ }
  costs.addEventListener("input", () => {
    localStorage.setItem(key, JSON.stringify(Object.fromEntries([...costs.querySelectorAll("input")].map(input => [input.name, input.value]))));
    show();
  });
  costs.addEventListener("submit", event => event.preventDefault());
  for (const button of place.querySelectorAll("[data-cell]")) {
    button.addEventListener("click", () => {
      chosen = chosen === button.dataset.cell ? null : button.dataset.cell;
      for (const other of place.querySelectorAll("[data-cell]")) other.setAttribute("aria-pressed", String(other.dataset.cell === chosen));
      shown = tilesAtOnce;
      tiles();
    });
  }
  place.querySelector("[data-more]").addEventListener("click", () => {
    const first = shown;
    shown += tilesAtOnce;
    tiles();
    // The button may be gone now; keys go on at the first image that came.
    document.querySelectorAll("#cell button")[first]?.focus();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { drawBars(); draw(); });

  set("auroc", decimals(answer.auroc));
  if (answer.low !== null) set("interval", `95 %: ${decimals(answer.low)} – ${decimals(answer.high)} (${place.dataset[answer.method]})`);
  sliders.threshold.value = step(threshold);
  sliders.unsure.value = step(unsure ?? threshold);
  drawBars();
  show();
  tiles();

  const part = await reach(place.dataset.figures);
  if (!part.ok) return;
  // What the server has made of its own templates.
  place.querySelector("[data-place=figures]").innerHTML = await part.text();
  point = place.querySelector("[data-point]");
  plan();
}

if (place) judge().catch(error => { place.querySelector("[data-hint]").textContent = error.message; });
