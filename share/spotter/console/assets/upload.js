// Brings images in: files, folders and zips of this computer, pictures of a bucket, and manifests.
import { get, pause, post, reach } from "./calls.js";
import { ended, persist, together } from "./saving.js";
import { openZip } from "./zip.js";

const form = document.getElementById("upload");
const progress = form.querySelector("progress"), status = form.querySelector("[role=status]"), refusals = form.querySelector(".refused");
const words = Object.fromEntries([...document.getElementById("upload-words").content.children].map(element => [element.dataset.word, element.textContent]));
const { home, dataset } = form.dataset;
const skipped = /(^|\/)(\._[^/]*|\.DS_Store|Thumbs\.db|__MACOSX\/.*)$/;
const batchMax = 200, batchBytesMax = 180 << 10, refusalsShownMax = 500, key = `spotter import ${home} ${dataset}`;
let refused = 0, entered = 0, unlabelled = 0, isBusy = false;

function refuse(name, reason) {
  refused++;
  if (refused > refusalsShownMax) return;
  const line = document.createElement("li");
  line.textContent = `${name}: ${reason}`;
  refusals.append(line);
}

// The folder that a path leads to; empty where it leads to none.
const folderOf = path => path.split("/").slice(0, -1).at(-1)?.trim() ?? "";

// A folder of another name than these is called like a kind of defect, unless it is the one that was
// chosen or has all images: then its name says where they are from, and not what they show.
function labelOf(folder, isOrigin) {
  const chosen = form.elements.label.value;
  if (chosen !== "folder") return chosen || null;
  if (["normal", "good"].includes(folder.toLowerCase())) return "normal";
  if (["anomaly", "anomalous", "bad", "defect"].includes(folder.toLowerCase())) return "anomaly";
  if (!folder || isOrigin) return null;
  // As long as a label may be.
  return new TextEncoder().encode(folder).length > 256 || /\p{Cc}/u.test(folder) ? "anomaly" : { kind: folder };
}

// Which dataset an image goes to: the same one whenever it is brought in.
function target(name) {
  const share = Number(form.elements.split.value);
  if (!share) return dataset;
  let value = 2166136261;
  for (const byte of new TextEncoder().encode(name)) value = Math.imul(value ^ byte, 16777619) >>> 0;
  value = Math.imul(value ^ value >>> 15, 2246822519) >>> 0;
  return (value >>> 8) % 100 < share ? "test" : "train";
}

// MARK: What was done, for going on after a reload

function remembered() { try { return JSON.parse(localStorage.getItem(key)) ?? null; } catch { return null; } }
function remember(state) { try { localStorage.setItem(key, JSON.stringify(state)); } catch { /* Then it begins again after a reload. */ } }
function forget() { try { localStorage.removeItem(key); } catch { /* It was never kept. */ } }

// MARK: Entering

// Enters items together; those that the dataset refuses are named, and the others come in.
async function enter(type, items, send, name) {
  const made = await together(items, some => send(type, some), (item, reason) => refuse(name(item), reason));
  entered += made.length;
  unlabelled += made.filter(item => item.label === null).length;
}

const sendLabels = (type, items) => persist(home, `labels?dataset=${type}`, JSON.stringify(Object.fromEntries(items.map(({ source, label }) => [source, label]))), "application/json");
const enterImages = (type, items) => enter(type, items, sendLabels, item => item.name ?? item.source);

async function needTest() {
  if (!Number(form.elements.split.value)) return;
  // The dataset may be there already.
  await needDataset("test");
}

async function needDataset(type) {
  try { await get(`${home}/dataset-state?dataset=${type}`); } catch (error) {
    if (error.status !== 404) throw error;
    await post(`${home}/new-dataset?dataset=${type}`, "{}", "application/json");
    await ended(home, type);
  }
}

// MARK: This computer

async function bring(files) {
  const opened = [];
  for (const file of files) {
    if (skipped.test(file.path)) continue;
    if (!/\.zip$/i.test(file.path)) { opened.push({ path: file.path, stamp: `${file.file.size} ${file.file.lastModified}`, read: async () => file.file }); continue; }
    try {
      const zip = await openZip(file.file, Number(form.dataset.imageBytes), words);
      for (const { path, reason } of zip.refused) refuse(`${file.path}: ${path}`, reason);
      for (const member of zip.members) if (!skipped.test(member.path)) opened.push({ path: member.path, stamp: `${member.size} ${file.file.lastModified}`, read: member.read });
    } catch (error) { refuse(file.path, error.message); }
  }
  const pictures = opened.filter(file => /\.(png|jpe?g)$/i.test(file.path)).map(file => file.path.split("/"));
  const isOnly = new Set(pictures.map(parts => parts.slice(0, -1).join("/"))).size === 1;
  const isOneTree = new Set(pictures.map(parts => parts[0])).size === 1;
  const label = path => labelOf(folderOf(path), isOnly || isOneTree && path.split("/").length === 2);
  const state = remembered()?.kind === "files" ? remembered() : { kind: "files", done: {}, all: 0 };
  state.all = opened.length;
  remember(state);
  const queue = opened.filter(file => state.done[file.path] !== file.stamp), waiting = { train: [], test: [] };
  let sent = opened.length - queue.length;
  entered += sent;
  let entering = Promise.resolve();
  const flush = type => {
    const items = waiting[type].splice(0, batchMax);
    if (!items.length) return;
    entering = entering.then(async () => {
      await enterImages(type, items);
      for (const item of items) state.done[item.name] = item.stamp;
      remember(state);
    });
    entering.catch(() => {});
  };
  async function worker() {
    for (let next; (next = queue.shift());) {
      try {
        const type = target(next.path);
        const answer = await post(`${home}/upload?dataset=${type}&name=${encodeURIComponent(next.path)}`, await next.read(), "application/octet-stream");
        waiting[type].push({ source: answer.source, label: label(next.path), name: next.path, stamp: next.stamp });
        if (waiting[type].length >= batchMax) flush(type);
      } catch (error) {
        if (error.message === "signed out") throw error;
        refuse(next.path, error.message);
      }
      sent++;
      show(sent, opened.length);
    }
  }
  await Promise.all([worker(), worker(), worker()]);
  status.textContent = words.waiting;
  for (const type of ["train", "test"]) while (waiting[type].length) flush(type);
  await entering;
}

function show(part, all) {
  progress.value = all ? part / all : 1;
  status.textContent = words.sending.replace("{n}", part).replace("{all}", all);
}

// MARK: Buckets and manifests

async function bringPrefix(place, after) {
  let count = 0;
  progress.removeAttribute("value");
  // Only folders below the prefix say what their images show, whether or not it ends in a slash.
  const above = source => source.startsWith(`${place}/`) ? place.length + 1 : place.lastIndexOf("/") + 1;
  const label = source => labelOf(folderOf(source.slice(5)), folderOf(source.slice(above(source))) === "");
  for (;;) {
    remember({ kind: "prefix", place, after, label: form.elements.label.value, split: form.elements.split.value });
    const page = await get(`${home}/bucket-list?dataset=${dataset}&place=${encodeURIComponent(place)}${after ? `&after=${encodeURIComponent(after)}` : ""}`);
    for (const other of page.others) refuse(other, words.notPicture);
    for (const type of ["train", "test"]) {
      const items = page.sources.filter(source => target(source) === type).map(source => ({ source, label: label(source) }));
      for (let start = 0; start < items.length; start += batchMax) {
        await enterImages(type, items.slice(start, start + batchMax));
        count += Math.min(batchMax, items.length - start);
        status.textContent = words.taken.replace("{n}", count);
      }
    }
    if (!page.next) break;
    after = page.next;
  }
}

async function bringManifest(text, name) {
  const lines = text.split(/\r\n|\r|\n/).map((line, index) => ({ text: line, number: index + 1 })).filter(line => line.text.trim());
  let part = 0;
  const send = async (type, items) => {
    const answer = await persist(home, `lines?dataset=${type}`, items.map(item => item.text).join("\n"), "text/plain");
    for (const { line, reason } of answer.refused) refuse(`${name}, ${items[line - 1].number}`, reason);
    entered -= answer.refused.length;
  };
  for (const type of ["train", "test"]) {
    const own = lines.filter(line => target(line.text) === type);
    for (let start = 0; start < own.length;) {
      let end = start, bytes = 0;
      while (end < own.length && end - start < batchMax && (bytes += own[end].text.length * 3 + 1) < batchBytesMax || end === start) end++;
      const items = own.slice(start, end);
      await enter(type, items, send, item => `${name}, ${item.number}`);
      part += items.length;
      show(part, lines.length);
      start = end;
    }
  }
}

// MARK: The form

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

async function run(work) {
  if (isBusy) return;
  isBusy = true;
  refusals.replaceChildren();
  [refused, entered, unlabelled] = [0, 0, 0];
  progress.hidden = false;
  progress.value = 0;
  try {
    await needTest();
    await work();
    forget();
    const said = [words.done.replace("{n}", entered).replace("{refused}", refused), unlabelled ? words.unlabelled.replace("{n}", unlabelled) : ""].join(" ").trim();
    status.textContent = said;
    if (!refused && entered) {
      do await pause(400); while (document.getElementById("labels").dataset.open);
      // The page that shows the images says it again.
      try { sessionStorage.setItem(key, said); } catch { /* Then it is not said again. */ }
      location.reload();
    }
  } catch (error) { status.textContent = error.message; } finally { isBusy = false; progress.hidden = true; }
}

form.addEventListener("submit", event => {
  event.preventDefault();
  const files = [...form.elements.files.files, ...form.elements.folder.files].map(file => ({ file, path: file.webkitRelativePath || file.name }));
  const place = form.elements.place.value.trim(), manifest = form.elements.manifest.files[0];
  run(async () => {
    if (files.length) await bring(files);
    if (manifest) await bringManifest(await manifest.text(), manifest.name);
    if (/\.(manifest|jsonl?|json)$/i.test(place)) {
      const response = await reach(`${home}/manifest?place=${encodeURIComponent(place)}`, { headers: { accept: "application/json" } });
      if (!response.ok) throw new Error((await response.json()).message ?? String(response.status));
      await bringManifest(await response.text(), place);
    } else if (place) await bringPrefix(place, null);
  });
});
// Anywhere on the page.
document.addEventListener("dragover", event => event.preventDefault());
document.addEventListener("drop", event => {
  event.preventDefault();
  if (form.querySelector("button").disabled) return;
  document.getElementById("bring").open = true;
  const items = dropped(event.dataTransfer.items);
  run(async () => bring(await items));
});
window.addEventListener("beforeunload", event => { if (isBusy) event.preventDefault(); });

try {
  const said = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  if (said) document.querySelector("#labels [role=status]").textContent = said;
} catch { /* Nothing was kept. */ }
const before = remembered();
if (before?.kind === "prefix" && !form.querySelector("button").disabled) {
  form.elements.label.value = before.label;
  form.elements.split.value = before.split;
  form.closest("details")?.setAttribute("open", "");
  run(() => bringPrefix(before.place, before.after));
} else if (before?.kind === "files" && before.all) {
  status.textContent = words.interrupted.replace("{n}", Object.keys(before.done).length).replace("{all}", before.all);
}
