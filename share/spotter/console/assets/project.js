// Keeps a page true while jobs are under way: shows how far they are, loads it again when something
// has changed its state, and says when the server cannot be asked.
import { getOnce, pause } from "./calls.js";
import { found, lost } from "./connection.js";
import { reload, restore } from "./place.js";

const watch = document.getElementById("watch");

// Whether somebody would lose what they have filled in or are looking at.
function isInUse() {
  const isChanged = [...document.querySelectorAll("main input:not([type=range], [type=hidden], [type=checkbox])")]
    .some(field => field.type === "file" ? field.files.length : field.value !== field.defaultValue);
  const isChosen = [...document.querySelectorAll("main option")].some(option => option.selected !== option.defaultSelected && option.selected && option.index > 0);
  return isChanged || isChosen || !getSelection().isCollapsed || document.querySelector(".verdicts > li, dialog[open], input:focus, select:focus");
}

function show(now) {
  for (const element of document.querySelectorAll("[data-model]")) {
    const message = now.messages[element.dataset.model];
    if (message !== undefined && element.textContent !== message) element.textContent = message;
  }
  for (const [version, { share, text }] of Object.entries(now.trainings ?? {})) {
    for (const bar of document.querySelectorAll(`[data-share="${version}"]`)) bar.value = share;
    for (const line of document.querySelectorAll(`[data-progress="${version}"]`)) line.textContent = text;
  }
}

async function follow() {
  for (;;) {
    await pause(watch.dataset.busy ? 1000 : 5000);
    if (document.hidden) continue;
    let now;
    try {
      now = await getOnce(watch.dataset.state);
      found();
    } catch (error) {
      // A server that answers with an error is there; one that does not answer is asked again.
      if (error.status === undefined) lost();
      else if (error.status === 404) location.href = "/console/projects";
      continue;
    }
    show(now);
    if (now.state === watch.dataset.known) continue;
    if (isInUse()) watch.querySelector("button").hidden = false; else reload();
  }
}

watch?.querySelector("button").addEventListener("click", () => reload(false));
restore();
if (watch) follow().catch(() => {});
