// Brings images into a dataset: each is sent by itself, then their labels together.
import { pause, post } from "./calls.js";

const form = document.getElementById("upload");
const progress = form.querySelector("progress");
const status = form.querySelector("[role=status]");
const refusals = form.querySelector(".refused");
const skipped = /(^|\/)(\._[^/]*|\.DS_Store|Thumbs\.db)$/;

function labelOf(path) {
  const chosen = form.elements.label.value;
  if (chosen !== "folder") return chosen || null;
  const folder = path.split("/").slice(0, -1).at(-1)?.toLowerCase();
  if (folder === "normal" || folder === "good") return "normal";
  // A folder of any other name has a kind of defect.
  return folder ? "anomaly" : null;
}

async function bring(files) {
  files = files.filter(file => !skipped.test(file.path));
  if (!files.length) return;
  const { home, dataset } = form.dataset;
  refusals.replaceChildren();
  progress.hidden = false;
  const labels = [];
  let sent = 0, refused = 0;
  const queue = [...files];
  async function worker() {
    for (let next; (next = queue.shift());) {
      try {
        const answer = await post(`${home}/upload?dataset=${dataset}&name=${encodeURIComponent(next.path)}`, next.file, "application/octet-stream");
        labels.push([answer.source, labelOf(next.path)]);
      } catch (error) {
        refused++;
        const line = document.createElement("li");
        line.textContent = `${next.path}: ${error.message}`;
        refusals.append(line);
      }
      sent++;
      progress.value = sent / files.length;
      status.textContent = form.dataset.sending.replace("{n}", sent).replace("{all}", files.length);
    }
  }
  await Promise.all([worker(), worker(), worker()]);
  status.textContent = form.dataset.waiting;
  while (labels.length) {
    const batch = labels.splice(0, 200);
    for (let attempt = 0; ; attempt++) {
      try {
        await post(`${home}/labels?dataset=${dataset}`, JSON.stringify(Object.fromEntries(batch)), "application/json");
        break;
      } catch (error) {
        if (error.status !== 409 || attempt > 600) throw error;
        await pause(200);
      }
    }
  }
  const text = form.dataset.done.replace("{n}", sent - refused).replace("{refused}", refused);
  status.textContent = text;
  if (!refused) { await pause(400); location.reload(); }
}

// What was dropped, with the folders that it lay in.
async function dropped(items) {
  const files = [];
  async function walk(entry, path) {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => entry.file(done, failed));
      files.push({ file, path: path + entry.name });
      return;
    }
    const reader = entry.createReader();
    for (let entries; (entries = await new Promise((done, failed) => reader.readEntries(done, failed))).length;) {
      for (const below of entries) await walk(below, `${path}${entry.name}/`);
    }
  }
  for (const entry of [...items].map(item => item.webkitGetAsEntry()).filter(Boolean)) await walk(entry, "");
  return files;
}

const report = error => { status.textContent = error.message; };
form.addEventListener("submit", event => {
  event.preventDefault();
  const files = [...form.elements.files.files, ...form.elements.folder.files]
    .map(file => ({ file, path: file.webkitRelativePath || file.name }));
  bring(files).catch(report);
});
form.addEventListener("dragover", event => event.preventDefault());
form.addEventListener("drop", event => {
  event.preventDefault();
  dropped(event.dataTransfer.items).then(bring).catch(report);
});
