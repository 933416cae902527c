// Selecting and labelling images by keys and pointer.
import { byItself, get, pause, post } from "./calls.js";
import { reload, restore as takeUpPlace } from "./place.js";

const list = document.getElementById("gallery");
const bar = document.getElementById("labels");
const status = bar.querySelector("[role=status]");
const undoButton = bar.querySelector("[data-undo]");
const titles = Object.fromEntries([...document.getElementById("titles").content.children]
  .map(element => [element.dataset.verdict, element.textContent]));
const words = Object.fromEntries([...document.getElementById("gallery-words").content.children]
  .map(element => [element.dataset.word, element.textContent]));
let tiles = [...list.children];
let current = 0, anchor = 0;
const undone = [];

function focus(index, keepsSelection) {
  if (!tiles.length) return;
  tiles[current].tabIndex = -1;
  current = Math.max(0, Math.min(tiles.length - 1, index));
  tiles[current].tabIndex = 0;
  tiles[current].focus();
  if (!keepsSelection) select(tile => tile === tiles[current]);
}

function select(isChosen) {
  for (const tile of tiles) tile.setAttribute("aria-selected", String(isChosen(tile)));
}

const chosen = () => tiles.filter(tile => tile.getAttribute("aria-selected") === "true");

function range(to) {
  const [low, high] = [Math.min(anchor, to), Math.max(anchor, to)];
  select(tile => { const at = tiles.indexOf(tile); return at >= low && at <= high; });
}

// A label is a verdict, and for an anomaly the kind of its defect or nothing.
const labelOf = tile => ({ verdict: tile.dataset.verdict, kind: tile.dataset.kind });

function write(element, { verdict, kind }) {
  element.className = `label ${verdict}`;
  element.textContent = kind || titles[verdict];
}

function show(tile, label) {
  Object.assign(tile.dataset, label);
  write(tile.querySelector(".label"), label);
}

// Changes go to the server one after the other, those of the meantime together. A change of a label
// keeps the line that its image had, and one that undoes it brings this line back.
const queue = [], batchMax = 200, batchBytesMax = 180 << 10;
let sending = null;

function nextBatch() {
  const isUndo = Boolean(queue[0].undoes), sources = new Set();
  let end = 0, bytes = 0;
  for (; end < Math.min(queue.length, batchMax); end++) {
    const { tile, undoes } = queue[end];
    bytes += 3 * (undoes?.line?.length ?? 0);
    if (Boolean(undoes) !== isUndo || sources.has(tile.dataset.source) || end && bytes > batchBytesMax) break;
    sources.add(tile.dataset.source);
  }
  return queue.splice(0, end);
}

async function sendLabels(batch) {
  const body = Object.fromEntries(batch.map(({ tile, to }) =>
    [tile.dataset.source, to.verdict === "anomaly" ? { kind: to.kind || null } : to.verdict === "normal" ? "normal" : null]));
  const { lines } = await persist(`${bar.dataset.home}/labels?dataset=${bar.dataset.dataset}`, JSON.stringify(body), "application/json");
  for (const change of batch) change.line = lines[change.tile.dataset.source];
}

// What was never saved has no line to bring back.
async function sendLines(batch) {
  const lines = batch.map(change => change.undoes.line).filter(Boolean);
  if (!lines.length) return;
  const { refused } = await persist(`${bar.dataset.home}/lines?dataset=${bar.dataset.dataset}`, lines.join("\n"), "text/plain");
  if (refused.length) throw new Error(refused[0].reason);
}

async function send() {
  while (queue.length) {
    const batch = nextBatch();
    status.textContent = bar.dataset.saving;
    try {
      await (batch[0].undoes ? sendLines : sendLabels)(batch);
      if (!queue.length) status.textContent = bar.dataset.saved;
    } catch (error) {
      status.textContent = `${bar.dataset.failed} ${error.message}`;
      for (const { tile, from } of batch) if (!queue.some(change => change.tile === tile)) show(tile, from);
    }
  }
  sending = null;
}

function change(changes) {
  queue.push(...changes);
  for (const { tile, to } of changes) show(tile, to);
  undoButton.disabled = undone.length === 0;
  sending ??= send();
}

// Takes the chosen images out of the dataset; undoing enters their lines again.
async function removeChosen() {
  if (bar.querySelector("[data-remove]").disabled || !chosen().length) return;
  const gone = chosen(), at = tiles.indexOf(gone[0]), address = `${bar.dataset.home}/remove?dataset=${bar.dataset.dataset}`;
  status.textContent = bar.dataset.saving;
  try {
    await sending;
    const { lines } = await persist(address, JSON.stringify(gone.map(tile => tile.dataset.source)), "application/json");
    const places = gone.map(tile => ({ tile, next: tile.nextElementSibling }));
    for (const tile of gone) tile.remove();
    tiles = [...list.children];
    undone.push({ lines, places });
    undoButton.disabled = false;
    status.textContent = words.removed.replace("{n}", gone.length);
    current = 0;
    // Keys go on working where nothing is left.
    if (tiles.length) focus(at); else { list.tabIndex = -1; list.focus(); }
    anchor = current;
  } catch (error) { status.textContent = `${bar.dataset.failed} ${error.message}`; }
}

async function restore({ lines, places }) {
  status.textContent = bar.dataset.saving;
  try {
    await persist(`${bar.dataset.home}/lines?dataset=${bar.dataset.dataset}`, lines.join("\n"), "text/plain");
    for (const { tile, next } of places.reverse()) list.insertBefore(tile, next?.parentNode === list ? next : null);
    tiles = [...list.children];
    current = 0;
    focus(tiles.indexOf(places[0].tile));
    status.textContent = bar.dataset.saved;
  } catch (error) { status.textContent = `${bar.dataset.failed} ${error.message}`; }
}

// The dataset takes one change at a time.
async function persist(address, body, type) {
  for (let attempt = 0; ; attempt++) {
    try { return await post(address, body, type); } catch (error) {
      if (error.status !== 409 || attempt > 200) throw error;
      await pause(150);
    }
  }
}

function labelChosen(verdict, kind = "") {
  if (bar.querySelector("[data-label]").disabled) return;
  const to = { verdict, kind };
  const changes = chosen().filter(tile => tile.dataset.verdict !== verdict || tile.dataset.kind !== kind).map(tile => ({ tile, from: labelOf(tile), to }));
  if (changes.length) {
    undone.push(changes);
    change(changes);
  }
  if (chosen().length === 1 && !large.open) { focus(current + 1); anchor = current; }
}

function undo() {
  const changes = undone.pop();
  undoButton.disabled = undone.length === 0;
  if (changes?.lines) restore(changes);
  else if (changes) change(changes.map(undoes => ({ tile: undoes.tile, from: labelOf(undoes.tile), to: undoes.from, undoes })));
}

// MARK: Kinds of defects

let kinds = [];

// The first nine have keys; each has a button that names its key.
function showKinds(names) {
  kinds = names.slice(0, 9);
  const isLocked = bar.querySelector("[data-label]").disabled;
  document.getElementById("kinds").replaceChildren(...kinds.map((name, place) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "quiet", textContent: `${name} (${place + 1})`, title: name, disabled: isLocked });
    button.addEventListener("click", () => labelChosen("anomaly", name));
    return button;
  }));
  for (const element of document.querySelectorAll("#kinds, .kind-keys")) element.hidden = !kinds.length;
}

// What a key stands for as a label; undefined for other keys.
function labelFor(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const label = { n: "normal", a: "anomaly", u: "unlabelled" }[event.key.toLowerCase()];
  if (label) return [label];
  // Keyboards that have their digits above other signs give them without Shift.
  const digit = /^[1-9]$/.test(event.key) ? event.key : !event.shiftKey && /^Digit([1-9])$/.exec(event.code)?.[1];
  return digit && kinds[digit - 1] !== undefined ? ["anomaly", kinds[digit - 1]] : undefined;
}

showKinds(JSON.parse(bar.dataset.kinds));
// The first page of a large dataset did not wait for them.
if (bar.dataset.moreKinds) get(`${bar.dataset.home}/kinds`, byItself).then(answer => showKinds(answer.kinds)).catch(() => {});

const columns = () => {
  const top = tiles[0]?.offsetTop;
  const count = tiles.findIndex(tile => tile.offsetTop !== top);
  return count < 0 ? tiles.length : count;
};

const large = document.getElementById("large");
const magnified = large.querySelector(".magnified"), picture = large.querySelector("img");
function showLarge() {
  const tile = tiles[current];
  picture.src = tile.dataset.full;
  picture.alt = tile.querySelector("img").alt;
  magnified.classList.remove("close");
  document.getElementById("large-name").textContent = picture.alt;
  write(document.getElementById("large-label"), labelOf(tile));
}
function enlarge() {
  if (!tiles.length) return;
  showLarge();
  if (!large.open) large.showModal();
  magnified.focus();
}
large.addEventListener("keydown", event => {
  const key = event.key.toLowerCase(), steps = { arrowleft: -1, arrowright: 1 }, label = labelFor(event);
  const isClose = magnified.classList.contains("close");
  if (key in steps && !isClose) { select(() => false); current = Math.max(0, Math.min(tiles.length - 1, current + steps[key])); select(tile => tile === tiles[current]); }
  else if (label) { select(tile => tile === tiles[current]); labelChosen(...label); magnified.focus(); }
  else if (key === "z") undo();
  else if (key === "m") outline();
  else if (key === "+" || key === "-" || key === " ") { magnified.classList.toggle("close", key === " " ? !isClose : key === "+"); event.preventDefault(); return; }
  else return;
  event.preventDefault();
  showLarge();
});
picture.addEventListener("click", () => magnified.classList.toggle("close"));
large.addEventListener("close", () => { if (tiles.length) focus(current); });
function outline() { if (tiles.length) location.href = tiles[current].dataset.mask; }
bar.querySelector("[data-draw]").addEventListener("click", outline);

list.addEventListener("keydown", event => {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns(), Home: -tiles.length, End: tiles.length };
  const key = event.key.toLowerCase(), label = labelFor(event);
  if (event.key in steps) {
    const next = current + steps[event.key];
    focus(next, event.shiftKey);
    if (event.shiftKey) range(current); else anchor = current;
  } else if (event.key === " ") {
    const tile = tiles[current];
    tile.setAttribute("aria-selected", String(tile.getAttribute("aria-selected") !== "true"));
  } else if (event.key === "Enter") enlarge();
  else if (key === "m") outline();
  else if (event.key === "Delete" || key === "x") removeChosen();
  else if (event.key === "PageDown") document.querySelector("a.more")?.click();
  else if (event.key === "PageUp") history.back();
  else if (key === "a" && (event.ctrlKey || event.metaKey)) select(() => true);
  else if (key === "z") undo();
  else if (label) labelChosen(...label);
  else return;
  event.preventDefault();
});

list.addEventListener("click", event => {
  const tile = event.target.closest("li");
  if (!tile) return;
  const at = tiles.indexOf(tile);
  if (event.shiftKey) { current = at; range(at); tile.focus(); return; }
  if (event.ctrlKey || event.metaKey) {
    tile.setAttribute("aria-selected", String(tile.getAttribute("aria-selected") !== "true"));
    focus(at, true);
  } else focus(at);
  anchor = at;
});
list.addEventListener("dblclick", enlarge);
for (const button of bar.querySelectorAll("[data-label]")) {
  button.addEventListener("click", () => labelChosen(button.dataset.label || "unlabelled"));
}
bar.querySelector("[data-remove]").addEventListener("click", removeChosen);
undoButton.addEventListener("click", undo);
window.addEventListener("beforeunload", event => { if (sending) event.preventDefault(); });
if (tiles.length) tiles[0].tabIndex = 0;
for (const field of document.querySelectorAll("#view select")) field.addEventListener("change", () => field.form.requestSubmit());
// Pictures that have not been looked at yet are looked at by the next request.
if (bar.dataset.growing) setTimeout(() => { if (!sending && !chosen().length) reload(); }, 300);
takeUpPlace();
if (tiles.includes(document.activeElement)) focus(tiles.indexOf(document.activeElement));
