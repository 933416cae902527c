// Selecting and labelling images by keys and pointer.
import { byItself, get, pause } from "./calls.js";
import { isTurned, Paging } from "./paging.js";
import { reload, restore as takeUpPlace } from "./place.js";
import { held, left, persist, takeUp, together } from "./saving.js";

const list = document.getElementById("gallery");
const bar = document.getElementById("labels");
const status = bar.querySelector("[role=status]");
const undoButton = bar.querySelector("[data-undo]");
const titles = Object.fromEntries([...document.getElementById("titles").content.children]
  .map(element => [element.dataset.verdict, element.textContent]));
const words = Object.fromEntries([...document.getElementById("gallery-words").content.children]
  .map(element => [element.dataset.word, element.textContent]));
const { home, dataset } = bar.dataset;
let tiles = [...list.children];
let current = 0, anchor = 0;
let undone = [];

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

const chosen = () => tiles.filter(tile => tile.getAttribute("aria-selected") === "true" && !tile.dataset.leaves);

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
  if (large.open && tile === tiles[current]) showLarge();
}

// What was refused stays there until these images are saved.
const refusals = new Map();
const nameOf = tile => tile.querySelector("img").alt;

function say(text) {
  const shown = [...refusals.values()].slice(0, 3).join(" ");
  status.textContent = shown ? `${text === bar.dataset.saved ? "" : `${text} `}${bar.dataset.failed} ${shown}${refusals.size > 3 ? " …" : ""}` : text;
}

function refuse(tile, reason) {
  tile.dataset.refused = "1";
  refusals.set(tile.dataset.source, `${nameOf(tile)}: ${reason}`);
}

function accept(tile) {
  delete tile.dataset.refused;
  refusals.delete(tile.dataset.source);
}

// Shows what the dataset holds of images whose labels may not be what was wanted.
async function showHeld(some) {
  const before = some.map(tile => tile.changed);
  const labels = await held(home, dataset, some.map(tile => tile.dataset.source));
  some.forEach((tile, index) => {
    const label = labels[tile.dataset.source];
    // What was pressed meanwhile is newer than the answer.
    if (label && !tile.open && tile.changed === before[index]) show(tile, label);
  });
  return labels;
}

// Changes go to the server one after the other, those of the meantime together, and each is followed
// until it has been made. A change of a label keeps the line that its image had, and one that undoes
// it brings this line back.
const queue = [], batchMax = 200, batchBytesMax = 180 << 10;
let sending = null, asked = 0;

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

// Asks for a change of the dataset; until it is accepted the page must stay.
async function ask(page, body, type) {
  let isOpen = true;
  const accept = () => { if (isOpen) { isOpen = false; asked--; } };
  asked++;
  try { return await persist(home, `${page}?dataset=${dataset}`, body, type, accept); } finally { accept(); }
}

async function sendLabels(batch) {
  const body = Object.fromEntries(batch.map(({ tile, to }) =>
    [tile.dataset.source, to.verdict === "anomaly" ? { kind: to.kind || null } : to.verdict === "normal" ? "normal" : null]));
  const { lines } = await ask("labels", JSON.stringify(body), "application/json");
  for (const change of batch) Object.assign(change, { line: lines[change.tile.dataset.source], isMade: true });
}

// What was never saved has no line to bring back.
async function sendLines(batch) {
  const lines = batch.map(change => change.undoes.line).filter(Boolean);
  if (!lines.length) return;
  const { refused } = await ask("lines", lines.join("\n"), "text/plain");
  if (refused.length) throw new Error(refused[0].reason);
  for (const change of batch) change.isMade = true;
}

async function sendBatch(batch) {
  const failed = [];
  const fail = (change, reason) => { change.isRefused = true; failed.push(change); refuse(change.tile, reason); };
  for (const { tile } of batch) accept(tile);
  try {
    await together(batch, batch[0].undoes ? sendLines : sendLabels, fail);
  } catch (error) { for (const change of batch) if (!change.isMade && !change.isRefused) fail(change, error.message); }
  for (const { tile } of batch) tile.open--;
  if (!failed.length) return;
  const labels = await showHeld(failed.map(change => change.tile));
  for (const { tile, to } of failed) {
    const label = labels[tile.dataset.source];
    // An answer was lost, and the change was made.
    if (label && label.verdict === to.verdict && label.kind === to.kind) accept(tile);
  }
}

async function send() {
  while (queue.length) {
    say(bar.dataset.saving);
    try { await sendBatch(nextBatch()); } catch (error) { say(`${bar.dataset.failed} ${error.message}`); continue; }
    if (!queue.length) say(bar.dataset.saved);
    if (dependsOnLabels()) paging.forget();
  }
  if (dependsOnLabels()) paging.lookAhead();
  sending = null;
  delete bar.dataset.open;
}

function change(changes) {
  if (!changes.length) return;
  queue.push(...changes);
  for (const { tile, to } of changes) {
    tile.changed = (tile.changed ?? 0) + 1;
    tile.open = (tile.open ?? 0) + 1;
    show(tile, to);
  }
  undoButton.disabled = undone.length === 0;
  // Whoever loads the page again waits for what is under way.
  bar.dataset.open = "1";
  sending ??= send();
}

// Takes the chosen images out of the dataset; undoing enters their lines again.
async function removeChosen() {
  const gone = chosen(), at = tiles.indexOf(gone[0]);
  if (bar.querySelector("[data-remove]").disabled || !gone.length) return;
  say(bar.dataset.saving);
  for (const tile of gone) tile.dataset.leaves = "1";
  try {
    await sending;
    const { lines } = await ask("remove", JSON.stringify(gone.map(tile => tile.dataset.source)), "application/json");
    const places = gone.map(tile => ({ tile, next: tile.nextElementSibling }));
    const hadFocus = gone.includes(tiles[current]);
    const here = tiles[current];
    for (const tile of gone) { tile.remove(); accept(tile); }
    tiles = [...list.children];
    undone.push({ lines, places });
    undoButton.disabled = false;
    paging.forget();
    say(words.removed.replace("{n}", gone.length));
    current = hadFocus ? 0 : tiles.indexOf(here);
    // Keys go on working where nothing is left.
    if (!tiles.length) { list.tabIndex = -1; list.focus(); } else if (hadFocus) focus(at);
    anchor = current;
  } catch (error) { for (const tile of gone) refuse(tile, error.message); say(""); }
  for (const tile of gone) delete tile.dataset.leaves;
}

async function restore({ lines, places }) {
  say(bar.dataset.saving);
  try {
    await ask("lines", lines.join("\n"), "text/plain");
    for (const { tile, next } of places.reverse()) list.insertBefore(tile, next?.parentNode === list ? next : null);
    tiles = [...list.children];
    current = 0;
    focus(tiles.indexOf(places[0].tile));
    say(bar.dataset.saved);
  } catch (error) {
    undone.push({ lines, places });
    undoButton.disabled = false;
    say(`${bar.dataset.failed} ${error.message}`);
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
  else if (changes) change(changes.filter(change => !change.isRefused).map(undoes => ({ tile: undoes.tile, from: labelOf(undoes.tile), to: undoes.from, undoes })));
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
if (bar.dataset.moreKinds) get(`${home}/kinds`, byItself).then(answer => showKinds(answer.kinds)).catch(() => {});

const columns = () => {
  const top = tiles[0]?.offsetTop;
  const count = tiles.findIndex(tile => tile.offsetTop !== top);
  return count < 0 ? tiles.length : count;
};

const large = document.getElementById("large");
const magnified = large.querySelector(".magnified"), picture = large.querySelector("img");
// The whole image in the window, or closer: at least in its own size, and three times as large as in
// the window, with the place `at` in the middle.
function magnify(isClose, at = [.5, .5]) {
  const scale = Math.min(picture.clientWidth / picture.naturalWidth, picture.clientHeight / picture.naturalHeight);
  picture.style.width = isClose ? `${Math.round(picture.naturalWidth * Math.max(1, 3 * scale))}px` : "";
  magnified.classList.toggle("close", isClose);
  magnified.scrollTo(at[0] * magnified.scrollWidth - magnified.clientWidth / 2, at[1] * magnified.scrollHeight - magnified.clientHeight / 2);
}
function showLarge() {
  const tile = tiles[current];
  if (picture.getAttribute("src") !== tile.dataset.full) {
    picture.src = tile.dataset.full;
    magnify(false);
  }
  picture.alt = tile.querySelector("img").alt;
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
  else if (key === "+" || key === "-" || key === " ") { magnify(key === " " ? !isClose : key === "+"); event.preventDefault(); return; }
  else return;
  event.preventDefault();
  showLarge();
});
picture.addEventListener("click", event => {
  const isClose = magnified.classList.contains("close"), box = picture.getBoundingClientRect();
  const scale = Math.min(box.width / picture.naturalWidth, box.height / picture.naturalHeight);
  const part = (at, start, length, own) => Math.min(1, Math.max(0, (at - start - (length - own * scale) / 2) / (own * scale)));
  magnify(!isClose, [part(event.clientX, box.left, box.width, picture.naturalWidth), part(event.clientY, box.top, box.height, picture.naturalHeight)]);
});
large.addEventListener("close", () => { if (tiles.length) focus(current); });
// Another page comes once the server has all that was asked for; what it says then is taken up there.
async function leave(go) {
  while (queue.length || asked) await pause(20);
  go();
}

// MARK: Pages

const paging = new Paging(() => {
  tiles = [...list.children];
  undone = [];
  undoButton.disabled = true;
  current = anchor = 0;
  if (tiles.length) focus(0);
  // It may have been fetched before others changed it.
  showHeld(tiles).catch(() => {});
});
// Where labels decide which images are shown, the next page is known once they are saved.
const dependsOnLabels = () => ![null, "", "all"].includes(new URLSearchParams(location.search).get("show"));
function turnPage() {
  if (dependsOnLabels()) leave(() => paging.forward()); else paging.forward();
}
function turnBack() { if (isTurned()) leave(() => history.back()); }
document.getElementById("back").addEventListener("click", turnBack);
function outline() { if (tiles.length) leave(() => { location.href = tiles[current].dataset.mask; }); }
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
  else if (event.key === "PageDown") turnPage();
  else if (event.key === "PageUp") turnBack();
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
window.addEventListener("beforeunload", event => { if (queue.length || asked) event.preventDefault(); });
if (tiles.length) tiles[0].tabIndex = 0;
for (const field of document.querySelectorAll("#view select")) field.addEventListener("change", () => field.form.requestSubmit());
// Pictures that have not been looked at yet are looked at by the next request.
if (bar.dataset.growing) setTimeout(() => { if (!sending && !chosen().length) reload(); }, 300);
takeUpPlace();
if (tiles.includes(document.activeElement)) focus(tiles.indexOf(document.activeElement));

// The page before left changes open: this page was made before they were, and is made true here.
async function finish(open) {
  say(bar.dataset.saving);
  const reasons = [];
  for (const change of open) await takeUp([change]).catch(error => reasons.push(error.message));
  if (tiles.length) await showHeld(tiles).catch(() => {});
  if (!queue.length) say(reasons.length ? `${bar.dataset.failed} ${reasons.join(" ")}` : bar.dataset.saved);
}
const open = left(home);
if (open.length) finish(open);
