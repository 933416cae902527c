// Selecting and labelling images by keys and pointer.
import { pause, post } from "./calls.js";
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

function show(tile, verdict) {
  tile.dataset.verdict = verdict;
  const label = tile.querySelector(".label");
  label.className = `label ${verdict}`;
  label.textContent = titles[verdict];
}

// Changes go to the server one after the other, those of the meantime together.
let waiting = new Map(), isSending = false;

async function send() {
  if (isSending) return;
  isSending = true;
  while (waiting.size) {
    const batch = [...waiting].slice(0, 200);
    for (const [source] of batch) waiting.delete(source);
    status.textContent = bar.dataset.saving;
    const body = JSON.stringify(Object.fromEntries(batch.map(([source, change]) => [source, change.to])));
    try {
      await persist(`${bar.dataset.home}/labels?dataset=${bar.dataset.dataset}`, body, "application/json");
      if (!waiting.size) status.textContent = bar.dataset.saved;
    } catch (error) {
      status.textContent = `${bar.dataset.failed} ${error.message}`;
      for (const [, change] of batch) show(change.tile, change.from);
    }
  }
  isSending = false;
}

function label(changes, isUndo) {
  if (!isUndo) undone.push(changes.map(change => ({ tile: change.tile, verdict: change.tile.dataset.verdict })));
  undoButton.disabled = undone.length === 0;
  for (const { tile, verdict } of changes) {
    const from = waiting.get(tile.dataset.source)?.from ?? tile.dataset.verdict;
    waiting.set(tile.dataset.source, { tile, from, to: verdict === "unlabelled" ? null : verdict });
    show(tile, verdict);
  }
  send();
}

// Takes the chosen images out of the dataset; undoing enters their lines again.
async function removeChosen() {
  if (bar.querySelector("[data-remove]").disabled || !chosen().length) return;
  const gone = chosen(), at = tiles.indexOf(gone[0]), address = `${bar.dataset.home}/remove?dataset=${bar.dataset.dataset}`;
  status.textContent = bar.dataset.saving;
  try {
    await send();
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

function labelChosen(verdict) {
  if (bar.querySelector("[data-label]").disabled) return;
  const changes = chosen().filter(tile => tile.dataset.verdict !== verdict).map(tile => ({ tile, verdict }));
  if (changes.length) label(changes);
  if (chosen().length === 1 && !large.open) { focus(current + 1); anchor = current; }
}

function undo() {
  const changes = undone.pop();
  undoButton.disabled = undone.length === 0;
  if (changes?.lines) restore(changes); else if (changes) label(changes, true);
}

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
  const label = document.getElementById("large-label");
  label.className = `label ${tile.dataset.verdict}`;
  label.textContent = titles[tile.dataset.verdict];
}
function enlarge() {
  if (!tiles.length) return;
  showLarge();
  if (!large.open) large.showModal();
  magnified.focus();
}
large.addEventListener("keydown", event => {
  const key = event.key.toLowerCase(), steps = { arrowleft: -1, arrowright: 1 }, labels = { n: "normal", a: "anomaly", u: "unlabelled" };
  const isClose = magnified.classList.contains("close");
  if (key in steps && !isClose) { select(() => false); current = Math.max(0, Math.min(tiles.length - 1, current + steps[key])); select(tile => tile === tiles[current]); }
  else if (key in labels && !event.ctrlKey) { select(tile => tile === tiles[current]); labelChosen(labels[key]); magnified.focus(); }
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
  const labels = { n: "normal", a: "anomaly", u: "unlabelled" };
  const key = event.key.toLowerCase();
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
  else if (key in labels && !event.ctrlKey && !event.metaKey) labelChosen(labels[key]);
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
window.addEventListener("beforeunload", event => { if (waiting.size || isSending) event.preventDefault(); });
if (tiles.length) tiles[0].tabIndex = 0;
for (const field of document.querySelectorAll("#view select")) field.addEventListener("change", () => field.form.requestSubmit());
// Pictures that have not been looked at yet are looked at by the next request.
if (bar.dataset.growing) setTimeout(() => { if (!waiting.size && !isSending && !chosen().length) reload(); }, 300);
takeUpPlace();
if (tiles.includes(document.activeElement)) focus(tiles.indexOf(document.activeElement));
