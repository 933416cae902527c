// The threshold chart: what would change if the threshold were another.
import { get } from "./calls.js";

const place = document.getElementById("judge");
const wrongMax = 60;

function figures(images, threshold) {
  let hits = 0, alarms = 0, escapes = 0;
  for (const { score, anomalous } of images) {
    if (score > threshold) { if (anomalous) hits++; else alarms++; } else if (anomalous) escapes++;
  }
  const ratio = (part, whole) => whole ? part / whole : 0;
  return {
    precision: ratio(hits, hits + alarms), recall: ratio(hits, hits + escapes),
    f1: ratio(2 * hits, 2 * hits + alarms + escapes), escapes, alarms,
  };
}

async function judge() {
  const { images, auroc } = await get(place.dataset.results);
  const form = place.querySelector("form[method=post]");
  const slider = form.querySelector("[type=range]");
  const field = form.elements.threshold[0] ?? form.elements.threshold;
  const costs = place.querySelector(".costs");
  const words = Object.fromEntries([...document.getElementById("words").content.children]
    .map(element => [element.dataset.word, element.textContent]));
  const set = (name, text) => { place.querySelector(`[data-figure=${name}]`).textContent = text; };
  const scores = images.map(image => image.score);
  const start = Number(place.dataset.threshold);
  const low = Math.min(...scores, start) * 0.9, high = Math.max(...scores, start) * 1.1;
  // Equal steps of the logarithm: what counts is the ratio of score and threshold.
  const value = step => low * Math.pow(high / low, step / 1000);
  const step = number => 1000 * Math.log(number / low) / Math.log(high / low);
  let threshold = start;

  const bins = 60, histogram = { normal: new Array(bins).fill(0), anomaly: new Array(bins).fill(0) };
  for (const { score, anomalous } of images) {
    const bin = Math.max(0, Math.min(bins - 1, Math.floor(step(score) / 1000 * bins)));
    histogram[anomalous ? "anomaly" : "normal"][bin]++;
  }

  const canvas = place.querySelector("canvas"), pen = canvas.getContext("2d");
  function draw() {
    const { width, height } = canvas, middle = height / 2;
    const style = getComputedStyle(document.documentElement);
    const most = Math.max(1, ...histogram.normal, ...histogram.anomaly);
    pen.clearRect(0, 0, width, height);
    for (let bin = 0; bin < bins; bin++) {
      const x = bin / bins * width, wide = width / bins - 1;
      pen.fillStyle = style.getPropertyValue("--bad");
      const up = histogram.anomaly[bin] / most * (middle - 8);
      pen.fillRect(x, middle - up, wide, up);
      pen.fillStyle = style.getPropertyValue("--good");
      pen.fillRect(x, middle, wide, histogram.normal[bin] / most * (middle - 8));
    }
    pen.fillStyle = style.getPropertyValue("--text");
    pen.fillRect(0, middle, width, 1);
    pen.fillRect(step(threshold) / 1000 * width - 1, 0, 3, height);
  }

  let isPlanned = false;
  function show() {
    isPlanned = false;
    const now = figures(images, threshold);
    set("auroc", auroc === null ? "–" : auroc.toFixed(3));
    for (const name of ["f1", "precision", "recall"]) set(name, now[name].toFixed(3));
    set("escapes", String(now.escapes));
    set("alarms", String(now.alarms));
    set("cost", String(now.escapes * Number(costs.elements.escape.value) + now.alarms * Number(costs.elements.alarm.value)));
    draw();
    wrong();
  }

  function wrong() {
    const list = document.getElementById("wrong");
    const found = images.filter(({ score, anomalous }) => (score > threshold) !== anomalous)
      .sort((a, b) => Math.abs(Math.log(b.score / threshold)) - Math.abs(Math.log(a.score / threshold))).slice(0, wrongMax);
    list.replaceChildren(...found.map(({ source, anomalous, score }) => {
      const tile = document.createElement("li"), image = document.createElement("img");
      image.src = `${place.dataset.image}?small=1&source=${encodeURIComponent(source)}`;
      image.alt = source.split("/").at(-1);
      image.loading = "lazy";
      const label = document.createElement("span"), name = document.createElement("span");
      label.className = `label ${anomalous ? "anomaly" : "normal"}`;
      label.textContent = anomalous ? words.escape : words.alarm;
      name.className = "name";
      name.textContent = `${score.toFixed(3)} ${image.alt}`;
      tile.append(image, label, name);
      return tile;
    }));
    if (!found.length) {
      const line = document.createElement("li");
      line.textContent = words.none;
      list.append(line);
    }
  }

  function move(number) {
    threshold = number;
    if (!isPlanned) { isPlanned = true; requestAnimationFrame(show); }
  }
  slider.addEventListener("input", () => { move(value(Number(slider.value))); field.value = threshold.toPrecision(6); });
  field.addEventListener("input", () => {
    const number = Number(field.value);
    if (number > 0) { slider.value = step(number); move(number); }
  });
  canvas.addEventListener("pointermove", event => {
    if (!event.buttons) return;
    const box = canvas.getBoundingClientRect();
    slider.value = (event.clientX - box.left) / box.width * 1000;
    slider.dispatchEvent(new Event("input"));
  });
  costs.addEventListener("input", show);
  costs.addEventListener("submit", event => event.preventDefault());
  slider.value = step(start);
  show();
}

if (place) judge().catch(error => { place.querySelector(".hint").textContent = error.message; });
