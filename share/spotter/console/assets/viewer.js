// One picture with what the model saw in it: heat map, predicted and true masks.
import { get } from "./calls.js";
import { decimals, judgement, named } from "./numbers.js";

const dialog = document.getElementById("viewer");
const canvas = dialog?.querySelector("canvas");
const status = dialog?.querySelector("[role=status]");
const layers = {};
let list = [], at = 0, places = {}, shown = null, turn = 0;

const load = address => new Promise((done, failed) => {
  const image = new Image();
  image.onload = () => done(image);
  image.onerror = () => failed(new Error(address));
  image.src = address;
});

// A picture of the answer, whose grey values mean something.
export async function picture(base64) {
  const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
  try {
    const image = await load(address), plane = document.createElement("canvas");
    plane.width = image.width;
    plane.height = image.height;
    const pen = plane.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    return { plane, pen, data: pen.getImageData(0, 0, image.width, image.height) };
  } finally { URL.revokeObjectURL(address); }
}

// Clear well below the threshold, yellow at it, red at one and a half times it, as in the overlays
// of the command line.
export function heat({ plane, pen, data }) {
  const pixels = data.data;
  for (let at = 0; at < pixels.length; at += 4) {
    const ratio = pixels[at] / 128;
    const strength = Math.min(Math.max((ratio - 0.7) / 0.5, 0), 1), red = Math.min(Math.max((ratio - 1) / 0.5, 0), 1);
    pixels[at] = 255;
    pixels[at + 1] = 220 * (1 - red);
    pixels[at + 2] = 0;
    pixels[at + 3] = 255 * strength;
  }
  pen.putImageData(data, 0, 0);
  return plane;
}

// Indices of labels as areas, or as outlines of them.
export function mask({ plane, pen, data }, labels, isOutline) {
  const { width, height } = data, pixels = data.data;
  const colors = labels.map(({ color }) => [1, 3, 5].map(start => parseInt(color.slice(start, start + 2), 16)));
  const values = new Uint8Array(width * height);
  for (let index = 0; index < values.length; index++) values[index] = pixels[4 * index];
  const reach = Math.max(1, Math.round(width / 300));
  const isEdge = index => {
    const x = index % width, y = (index - x) / width, value = values[index];
    for (const [dx, dy] of [[reach, 0], [-reach, 0], [0, reach], [0, -reach]]) {
      const other = x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height ? values[index + dx + dy * width] : 0;
      if (other !== value) return true;
    }
    return false;
  };
  for (let index = 0; index < values.length; index++) {
    const color = colors[values[index] - 1] ?? [0, 0, 0];
    const isShown = values[index] > 0 && (!isOutline || isEdge(index));
    pixels.set([...color, isShown ? (isOutline ? 255 : 130) : 0], 4 * index);
  }
  pen.putImageData(data, 0, 0);
  return plane;
}

// Draws a picture and the layers that are wanted.
export function compose(canvas, view, wanted) {
  canvas.width = view.image.naturalWidth;
  canvas.height = view.image.naturalHeight;
  const pen = canvas.getContext("2d"), box = [0, 0, canvas.width, canvas.height];
  pen.drawImage(view.image, ...box);
  pen.globalAlpha = wanted.heat / 100;
  pen.drawImage(view.heat, ...box);
  pen.globalAlpha = 1;
  pen.imageSmoothingEnabled = false;
  for (const name of ["predicted", "truth"]) if (wanted[name] && view[name]) pen.drawImage(view[name], ...box);
  pen.imageSmoothingEnabled = true;
}

// What an answer of the server shows on an image.
export async function view(image, answer) {
  return {
    image, heat: heat(await picture(answer.heat)),
    predicted: answer.predicted ? mask(await picture(answer.predicted), answer.labels, false) : null,
    truth: answer.truth ? mask(await picture(answer.truth), answer.labels, true) : null,
  };
}

const wanted = () => ({ heat: Number(layers.heat.value), predicted: layers.predicted.checked, truth: layers.truth.checked });

async function show() {
  const mine = ++turn, { source, anomalous } = list[at];
  dialog.querySelector("h2").textContent = named(source);
  status.textContent = dialog.dataset.loading;
  dialog.querySelector(".legend").replaceChildren();
  try {
    const image = await load(`${places.image}?source=${encodeURIComponent(source)}`);
    const answer = await get(`${places.review}?source=${encodeURIComponent(source)}`);
    const seen = await view(image, answer);
    if (mine !== turn) return;
    shown = seen;
    const word = isBad => isBad ? dialog.dataset.bad : dialog.dataset.good;
    status.textContent = `${word(anomalous)} → ${word(answer.anomalous)} · ${judgement(dialog.dataset.figures, answer)}`;
    status.className = anomalous === answer.anomalous ? "right" : "problem";
    canvas.setAttribute("aria-label", `${named(source)}: ${status.textContent}`);
    layers.predicted.disabled = !seen.predicted;
    layers.truth.disabled = !seen.truth;
    legend(answer.labels);
    compose(canvas, shown, wanted());
  } catch (error) {
    if (mine === turn) { status.textContent = error.message; status.className = "problem"; }
  }
}

function legend(labels) {
  dialog.querySelector(".legend").replaceChildren(...labels.map(({ name, color, iou, isThere }) => {
    const line = document.createElement("li"), swatch = document.createElement("canvas");
    swatch.width = swatch.height = 12;
    const pen = swatch.getContext("2d");
    pen.fillStyle = color;
    pen.fillRect(0, 0, 12, 12);
    line.append(swatch, ` ${name}${isThere ? ` · IoU ${decimals(iou)}` : ""}`);
    return line;
  }));
}

function step(by) {
  if (at + by < 0 || at + by >= list.length) return;
  at += by;
  show();
}

// Opens the dialog on one of several images.
export function open(images, index, data) {
  [list, at, places] = [images, index, data];
  if (!dialog.open) dialog.showModal();
  show();
}

if (dialog) {
  for (const control of dialog.querySelectorAll("[data-layer]")) {
    layers[control.dataset.layer] = control;
    control.addEventListener("input", () => { if (shown) compose(canvas, shown, wanted()); });
  }
  for (const button of dialog.querySelectorAll("[data-step]")) button.addEventListener("click", () => step(Number(button.dataset.step)));
  dialog.addEventListener("keydown", event => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.target.type === "range") return;
    event.preventDefault();
    step(by);
  });
  dialog.addEventListener("close", () => { turn++; shown = null; });
}
