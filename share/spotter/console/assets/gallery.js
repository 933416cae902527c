// Selecting and labelling images by keys and pointer.
import { get, pause, post } from "./calls.js";

const list = document.getElementById("gallery");
const bar = document.getElementById("labels");
const status = bar.querySelector("[role=status]");
const undoButton = bar.querySelector("[data-undo]");
const titles = Object.fromEntries([...document.getElementById("titles").content.children]
  .map(element => [element.dataset.verdict, element.textContent]));
const tiles = [...list.children];
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
      for (let attempt = 0; ; attempt++) {
        try {
          await post(`${bar.dataset.home}/labels?dataset=${bar.dataset.dataset}`, body, "application/json");
          break;
        } catch (error) {
          // The dataset takes one change at a time.
          if (error.status !== 409 || attempt > 200) throw error;
          await pause(150);
        }
      }
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

function labelChosen(verdict) {
  if (bar.querySelector("[data-label]").disabled) return;
  const changes = chosen().filter(tile => tile.dataset.verdict !== verdict).map(tile => ({ tile, verdict }));
  if (changes.length) label(changes);
  if (chosen().length === 1) focus(current + 1);
}

function undo() {
  const changes = undone.pop();
  undoButton.disabled = undone.length === 0;
  if (changes) label(changes, true);
}

const columns = () => {
  const top = tiles[0]?.offsetTop;
  const count = tiles.findIndex(tile => tile.offsetTop !== top);
  return count < 0 ? tiles.length : count;
};

const large = document.getElementById("large");
function enlarge() {
  const image = large.querySelector("img");
  image.src = tiles[current].dataset.full;
  image.alt = tiles[current].querySelector("img").alt;
  large.showModal();
}

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
undoButton.addEventListener("click", undo);
window.addEventListener("beforeunload", event => { if (waiting.size || isSending) event.preventDefault(); });
if (tiles.length) tiles[0].tabIndex = 0;
