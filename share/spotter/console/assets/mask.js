// The mask editor: what is drawn, zoomed and saved by pointer and keys.
import { Mask } from "./canvas.js";
import { Classes } from "./classes.js";
import { features, Outline } from "./outline.js";
import { persist } from "./saving.js";
import { grid } from "./seen.js";

const editor = document.getElementById("editor"), canvas = document.getElementById("stage"), pen = canvas.getContext("2d");
const status = document.getElementById("mask-status"), sizeField = document.getElementById("size"), opacityField = document.getElementById("opacity");
const { width: wide, height: high, locked } = editor.dataset;
const width = Number(wide), height = Number(high);
const words = Object.fromEntries([...document.getElementById("words").content.children].map(element => [element.dataset.word, element.textContent]));
const mask = new Mask(width, height);
let picture = null, heat = null, tool = "outline", proposal = null, corners = [];
let view = { scale: 1, left: 0, top: 0 }, cross = { x: width / 2, y: height / 2 }, hasCross = false;
let isSaved = true, isDrawing = false, isPlanned = false, isHidden = false, isWhole = true;
const classes = new Classes(editor, mask, words, () => { show(); buttons(); });

// Places in the image and on the stage.
const toImage = (x, y) => ({ x: (x - view.left) / view.scale, y: (y - view.top) / view.scale });
const pixel = () => canvas.width / canvas.clientWidth || 1;
const say = text => { status.textContent = text; };

function draw() {
  isPlanned = false;
  const ratio = pixel(), style = getComputedStyle(document.documentElement);
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.setTransform(view.scale * ratio, 0, 0, view.scale * ratio, view.left * ratio, view.top * ratio);
  pen.imageSmoothingEnabled = view.scale < 3;
  if (picture) pen.drawImage(picture, 0, 0, width, height);
  if (!isHidden) {
    pen.globalAlpha = Number(opacityField.value) / 100;
    pen.drawImage(mask.layer, 0, 0);
    pen.globalAlpha = 1;
  }
  if (proposal) {
    pen.globalAlpha = 0.75;
    pen.drawImage(proposal.layer, proposal.box.left, proposal.box.top, proposal.box.right - proposal.box.left, proposal.box.bottom - proposal.box.top);
    pen.globalAlpha = 1;
    for (const [places, color] of [[proposal.inside, "#16a34a"], [proposal.outside, "#dc2626"]]) {
      pen.fillStyle = color;
      for (const place of places) { pen.beginPath(); pen.arc(place.x, place.y, 4 / view.scale, 0, 7); pen.fill(); }
    }
  }
  pen.lineWidth = 2 / view.scale;
  pen.strokeStyle = style.getPropertyValue("--warn");
  if (corners.length) {
    pen.beginPath();
    for (const { x, y } of corners) pen.lineTo(x, y);
    pen.lineTo(cross.x, cross.y);
    pen.stroke();
  }
  if (tool === "brush" || tool === "eraser") { pen.beginPath(); pen.arc(cross.x, cross.y, radius(), 0, 7); pen.stroke(); }
  if (hasCross) {
    const arm = 9 / view.scale;
    pen.beginPath();
    pen.moveTo(cross.x - arm, cross.y); pen.lineTo(cross.x + arm, cross.y);
    pen.moveTo(cross.x, cross.y - arm); pen.lineTo(cross.x, cross.y + arm);
    pen.stroke();
  }
}

function show() { if (!isPlanned) { isPlanned = true; requestAnimationFrame(draw); } }
const radius = () => Math.max(0.5, Number(sizeField.value) / 2);

function fit() {
  const box = canvas.getBoundingClientRect(), ratio = Math.min(2, devicePixelRatio || 1);
  canvas.width = Math.max(1, Math.round(box.width * ratio));
  canvas.height = Math.max(1, Math.round(box.height * ratio));
  if (isWhole) wholeView();
  show();
}

function wholeView() {
  const box = canvas.getBoundingClientRect();
  view.scale = Math.min(box.width / width, box.height / height) || 1;
  view.left = (box.width - width * view.scale) / 2;
  view.top = (box.height - height * view.scale) / 2;
  isWhole = true;
  show();
}

function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const least = Math.min(canvas.clientWidth / width, canvas.clientHeight / height) / 2;
  const scale = Math.max(least, Math.min(40, view.scale * factor)), place = toImage(x, y);
  view = { scale, left: x - place.x * scale, top: y - place.y * scale };
  isWhole = false;
  show();
}

function changed() {
  if (mask.end()) { isSaved = false; say(""); }
  buttons();
  show();
}

function buttons() {
  const set = (name, isOff) => { const button = editor.querySelector(`[data-do=${name}]`); if (!locked || name !== "save") button.disabled = isOff; };
  set("undo", !mask.done.length);
  set("redo", !mask.undone.length);
  set("accept", !proposal && corners.length < 3);
  for (const button of editor.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
}

// MARK: Outlines

// What the stage shows is what is looked at, so zooming in is looking closer.
function shownBox() {
  const from = toImage(0, 0), to = toImage(canvas.clientWidth, canvas.clientHeight);
  return { left: Math.max(0, Math.floor(from.x)), top: Math.max(0, Math.floor(from.y)), right: Math.min(width, Math.ceil(to.x)), bottom: Math.min(height, Math.ceil(to.y)) };
}

const lookedAtMax = 320;
function look(box) {
  const scale = Math.min(2, lookedAtMax / Math.max(box.right - box.left, box.bottom - box.top));
  const w = Math.max(8, Math.round((box.right - box.left) * scale)), h = Math.max(8, Math.round((box.bottom - box.top) * scale));
  const read = (source, fullWidth, fullHeight) => {
    const small = new OffscreenCanvas(w, h).getContext("2d", { willReadFrequently: true });
    small.imageSmoothingQuality = "high";
    const x = fullWidth / width, y = fullHeight / height;
    small.drawImage(source, box.left * x, box.top * y, (box.right - box.left) * x, (box.bottom - box.top) * y, 0, 0, w, h);
    return small.getImageData(0, 0, w, h).data;
  };
  const colors = read(picture, picture.width, picture.height);
  const warm = heat && read(heat, heat.width, heat.height).filter((_, index) => index % 4 === 0);
  return { box, ...features(colors, w, h, warm) };
}

function outline(place, isOutside) {
  if (!picture) return;
  if (!proposal) {
    if (isOutside) return;
    const box = shownBox();
    proposal = { outline: new Outline(look(box)), box, inside: [], outside: [] };
    see(proposal);
  }
  const { box, outline: { view: { width: w, height: h } } } = proposal;
  if (place.x < box.left || place.y < box.top || place.x >= box.right || place.y >= box.bottom) return;
  proposal[isOutside ? "outside" : "inside"].push(place);
  proposal.outline.click({
    x: Math.min(w - 1, Math.floor((place.x - box.left) / (box.right - box.left) * w)),
    y: Math.min(h - 1, Math.floor((place.y - box.top) / (box.bottom - box.top) * h)),
  }, isOutside);
  showProposal();
}

// What the network sees comes a moment later, and betters what is proposed until then; an outline
// that was grown or shrunk stays as it is until the next click.
async function see(asked) {
  const { box, outline } = asked, part = [box.left, box.top, box.right, box.bottom];
  const response = await fetch(`${editor.dataset.features}&part=${part}`).catch(() => null);
  if (!response?.ok) return;
  outline.view.cells = grid(await response.arrayBuffer());
  if (proposal !== asked || !outline.shape) return;
  if (!outline.clicks.at(-1).moved) { outline.solve(); showProposal(); }
  editor.dataset.seen = String(1 + Number(editor.dataset.seen ?? 0));
}

function showProposal() {
  const { view: { width: w, height: h }, shape } = proposal.outline;
  const image = new ImageData(w, h), [r, g, b] = classes.color;
  shape.forEach((isIn, place) => { if (isIn) image.data.set([r, g, b, 255], 4 * place); });
  proposal.layer = new OffscreenCanvas(w, h);
  proposal.layer.getContext("2d").putImageData(image, 0, 0);
  say(words.proposal);
  buttons();
  show();
}

function grow(steps) {
  proposal.outline.move(steps);
  showProposal();
}

function otherKind() {
  proposal.outline.turn();
  showProposal();
}

function accept() {
  if (proposal) {
    mask.begin();
    const { shape, view: { width: w, height: h } } = proposal.outline;
    mask.stamp(shape, w, h, proposal.box, classes.value);
    proposal = null;
  } else if (corners.length > 2) {
    mask.begin();
    mask.polygon(corners, classes.value);
    corners = [];
  } else return;
  say("");
  changed();
}

function cancel() { proposal = null; corners = []; say(""); buttons(); show(); }

// MARK: Tools

function choose(name) { cancel(); tool = name; buttons(); show(); }

function press(place, isOutside) {
  if (locked) return;
  if (!classes.value && tool !== "eraser") { say(words.noClass); return; }
  if (tool === "outline") { outline(place, isOutside); return; }
  if (tool === "polygon") {
    const first = corners[0];
    if (first && corners.length > 2 && Math.hypot(first.x - place.x, first.y - place.y) * view.scale < 10) accept();
    else { corners.push(place); buttons(); show(); }
    return;
  }
  mask.begin();
  if (tool === "fill") { mask.fill(place, classes.value); changed(); return; }
  isDrawing = true;
  paint(place, place);
}

function paint(from, to) { mask.line(from, to, radius(), tool === "eraser" ? 0 : classes.value); show(); }

function release() { if (isDrawing) { isDrawing = false; changed(); } }

// MARK: Pointer

let pan = null, isSpace = false;
const place = event => {
  const box = canvas.getBoundingClientRect();
  return toImage(event.clientX - box.left, event.clientY - box.top);
};
canvas.addEventListener("pointerdown", event => {
  canvas.setPointerCapture(event.pointerId);
  if (event.button === 1 || event.button === 0 && event.ctrlKey) { pan = { x: event.clientX, y: event.clientY }; event.preventDefault(); return; }
  hasCross = false;
  cross = place(event);
  press(cross, event.button === 2 || event.shiftKey || event.altKey);
});
canvas.addEventListener("pointermove", event => {
  if (pan) {
    isWhole = false;
    view.left += event.clientX - pan.x; view.top += event.clientY - pan.y;
    pan = { x: event.clientX, y: event.clientY };
    show();
    return;
  }
  const next = place(event);
  if (isDrawing) {
    for (const step of event.getCoalescedEvents?.() ?? []) { const between = place(step); paint(cross, between); cross = between; }
    paint(cross, next);
  }
  cross = next;
  if (!hasCross) show();
});
for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { pan = null; release(); });
canvas.addEventListener("contextmenu", event => event.preventDefault());
canvas.addEventListener("wheel", event => {
  event.preventDefault();
  if (proposal && !event.ctrlKey) grow(event.deltaY < 0 ? 2 : -2);
  else { const box = canvas.getBoundingClientRect(); zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.clientX - box.left, event.clientY - box.top); }
}, { passive: false });

// MARK: Keys

function follow() {
  const x = cross.x * view.scale + view.left, y = cross.y * view.scale + view.top, edge = 30;
  if (x < edge) view.left += edge - x; else if (x > canvas.clientWidth - edge) view.left -= x - canvas.clientWidth + edge;
  if (y < edge) view.top += edge - y; else if (y > canvas.clientHeight - edge) view.top -= y - canvas.clientHeight + edge;
  show();
}

function step(x, y, isFar) {
  const by = Math.max(1, (isFar ? 40 : 4) / view.scale), old = cross;
  cross = { x: Math.max(0, Math.min(width - 1, cross.x + x * by)), y: Math.max(0, Math.min(height - 1, cross.y + y * by)) };
  hasCross = true;
  if (isDrawing) paint(old, cross);
  follow();
}

const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const tools = { o: "outline", b: "brush", e: "eraser", p: "polygon", f: "fill" };
const actions = {
  undo: () => { cancel(); if (mask.undo()) { isSaved = false; buttons(); show(); } },
  redo: () => { cancel(); if (mask.redo()) { isSaved = false; buttons(); show(); } },
  closer: () => zoom(1.4), farther: () => zoom(1 / 1.4), whole: wholeView, accept,
  save: () => { save().catch(error => say(`${words.failed} ${error.message}`)); },
};

canvas.addEventListener("keydown", event => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key, isControl = event.ctrlKey || event.metaKey;
  if (key in arrows) step(...arrows[key], event.shiftKey);
  else if (key === " " || key === "x") {
    hasCross = true;
    if (!event.repeat && !isSpace) { isSpace = true; press(cross, key === "x"); }
  } else if (key === "Enter") accept();
  else if (key === "Escape") cancel();
  else if (key === "Backspace" && corners.length) { corners.pop(); buttons(); show(); }
  else if (key === "z" && event.shiftKey || key === "y") actions.redo();
  else if (key === "z") actions.undo();
  else if (key === "s") actions.save();
  else if (isControl) return;
  else if (key in tools) choose(tools[key]);
  else if (key === "r") { if (proposal) otherKind(); }
  else if (key === "g" || key === "h") { if (proposal) grow(key === "g" ? 2 : -2); }
  else if (key === "[" || key === "]") { sizeField.value = Math.round(Number(sizeField.value) * (key === "]" ? 1.25 : 0.8) + (key === "]" ? 1 : 0)); show(); }
  else if (key === "+" || key === "=") zoom(1.4);
  else if (key === "-") zoom(1 / 1.4);
  else if (key === "0") wholeView();
  else if (key === "t") { isHidden = !isHidden; show(); }
  else if (key >= "1" && key <= "9") { classes.pick(classes.digits.indexOf(Number(key))); if (proposal) showProposal(); }
  else if (key === "," || key === ".") document.getElementById(key === "," ? "before" : "after")?.click();
  else return;
  event.preventDefault();
});
canvas.addEventListener("keyup", event => { if (event.key === " " || event.key === "x") { isSpace = false; release(); } });
canvas.addEventListener("blur", () => { isSpace = false; release(); });
for (const button of editor.querySelectorAll("[data-tool]")) button.addEventListener("click", () => { choose(button.dataset.tool); canvas.focus(); });
for (const button of editor.querySelectorAll("[data-do]")) button.addEventListener("click", () => { actions[button.dataset.do](); canvas.focus(); });
for (const field of [sizeField, opacityField]) field.addEventListener("input", show);

// MARK: Saving

async function save() {
  if (locked) return;
  if (proposal || corners.length > 2) accept();
  if (!classes.list.length) { isSaved = true; return; }
  say(words.saving);
  const revision = mask.done.length;
  const image = await mask.png([[255, 255, 255], ...classes.list.map(entry => entry.rgb)]);
  const wanted = encodeURIComponent(JSON.stringify(classes.list.map(({ name, color }) => ({ name, color }))));
  const answer = await persist(editor.dataset.home, `${editor.dataset.save}&classes=${wanted}&base=${encodeURIComponent(editor.dataset.base)}`, image, "image/png");
  editor.dataset.base = answer.base;
  if (answer.isOutdated) throw new Error(words.outdated);
  const verdict = document.getElementById("verdict");
  verdict.className = `label ${answer.verdict}`;
  verdict.textContent = words[answer.verdict];
  isSaved = revision === mask.done.length;
  classes.remember();
  say(words.saved);
}

window.addEventListener("beforeunload", event => { if (!isSaved) event.preventDefault(); });
for (const id of ["before", "after"]) {
  document.getElementById(id)?.addEventListener("click", event => {
    if (isSaved) return;
    event.preventDefault();
    const { href } = event.currentTarget;
    save().then(() => { location.href = href; }).catch(error => say(`${words.failed} ${error.message}`));
  });
}

// MARK: Beginning

async function load(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(String(response.status));
  return createImageBitmap(await response.blob());
}

async function begin() {
  fit();
  wholeView();
  new ResizeObserver(fit).observe(canvas);
  picture = await load(editor.dataset.image);
  show();
  if (editor.dataset.mask) {
    try {
      classes.read(await load(editor.dataset.mask));
      if (editor.dataset.proposed) { isSaved = false; say(words.proposed); }
    } catch (error) {
      // Without a model's proposal the mask begins empty.
      if (!editor.dataset.proposed) throw error;
      say(error.message);
    }
  }
  buttons();
  show();
  editor.dataset.ready = "1";
  if (editor.dataset.heat) heat = await load(editor.dataset.heat).catch(() => null);
}
classes.report = say;
begin().catch(error => say(error.message));
canvas.focus();
