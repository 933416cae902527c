// Keeps a page true while jobs are under way: shows how far they are, and loads it again when
// something has changed its state.
import { get, pause } from "./calls.js";

const watch = document.getElementById("watch");

// Whether somebody would lose what they have filled in or are looking at.
function isInUse() {
  const isChanged = [...document.querySelectorAll("main input:not([type=range], [type=hidden], [type=checkbox])")]
    .some(field => field.type === "file" ? field.files.length : field.value !== field.defaultValue);
  const isChosen = [...document.querySelectorAll("main option")].some(option => option.selected !== option.defaultSelected && option.selected && option.index > 0);
  return isChanged || isChosen || document.querySelector(".verdicts > li, dialog[open], input:focus, select:focus");
}

async function follow() {
  for (;;) {
    await pause(watch.dataset.busy ? 1000 : 5000);
    if (document.hidden) continue;
    let now;
    try {
      now = await get(watch.dataset.state);
    } catch {
      // The server is away; it is asked again.
      continue;
    }
    for (const element of document.querySelectorAll("[data-model]")) {
      const message = now.messages[element.dataset.model];
      if (message !== undefined) element.textContent = message;
    }
    if (now.state === watch.dataset.known) continue;
    if (isInUse()) watch.querySelector("button").hidden = false; else location.reload();
  }
}

watch?.querySelector("button").addEventListener("click", () => location.reload());
if (watch) follow().catch(() => {});
