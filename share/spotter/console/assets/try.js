// Trials: judges images with the hosted model, shows what it saw, takes a person's word on each
// verdict, and brings the verified images into a dataset.
import { get, post } from "./calls.js";
import { judgement, named } from "./numbers.js";
import { persist } from "./saving.js";
import { compose, view } from "./viewer.js";

const place = document.getElementById("try");
const cards = [];
let turn = Promise.resolve();

const say = text => { place.querySelector("[role=status]").textContent = text; };
const opacity = () => ({ heat: Number(place.querySelector("[data-heat]").value), predicted: true, truth: false });
const load = address => new Promise((done, failed) => {
  const image = new Image();
  image.onload = () => done(image);
  image.onerror = () => failed(new Error(address));
  image.src = address;
});

function verdictOf(answer) {
  const unsure = Number(place.dataset.unsure);
  const isUnsure = unsure && (answer.score > unsure) !== (answer.score > answer.threshold);
  return isUnsure ? "unlabelled" : answer.anomalous ? "anomaly" : "normal";
}

// One image: a file, or an object that is already in a bucket.
async function judge(name, file, source) {
  const line = document.createElement("li");
  line.className = "card";
  line.tabIndex = 0;
  line.textContent = name;
  place.querySelector(".verdicts").prepend(line);
  let address;
  try {
    const answer = file ? await post(place.dataset.try, file, "application/octet-stream")
      : await post(`${place.dataset.try}?source=${encodeURIComponent(source)}`, "", "application/octet-stream");
    address = file ? URL.createObjectURL(file) : `${place.dataset.image}?source=${encodeURIComponent(source)}`;
    const card = { name, file, source, answer, line, label: null, isAdded: false, view: await view(await load(address), answer) };
    cards.push(card);
    show(card);
    return true;
  } catch (error) {
    line.textContent = `${name}: ${error.message}`;
    line.classList.add("problem");
    return false;
  } finally { if (file && address) URL.revokeObjectURL(address); }
}

function show(card) {
  const { answer, line, name } = card, verdict = verdictOf(answer);
  const words = { normal: place.dataset.good, anomaly: place.dataset.bad, unlabelled: place.dataset.doubt };
  const title = document.createElement("h3"), label = document.createElement("span"), figures = document.createElement("p");
  const canvas = document.createElement("canvas"), buttons = document.createElement("p");
  label.className = `label ${verdict}`;
  label.textContent = words[verdict];
  title.append(label, ` ${name}`);
  figures.className = "hint";
  figures.textContent = `${judgement(place.dataset.figures, answer)} · ${Math.round(answer.milliseconds)} ms`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${name}: ${words[verdict]}`);
  compose(canvas, card.view, opacity());
  buttons.className = "row";
  for (const [isRight, text, key] of [[true, place.dataset.right, "R"], [false, place.dataset.wrong, "W"]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.dataset.right = isRight;
    button.textContent = `${text} (${key})`;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => mark(card, isRight));
    buttons.append(button);
  }
  card.canvas = canvas;
  line.replaceChildren(title, figures, canvas, buttons);
}

// A verdict that is right is the label; one that is wrong is the other.
function mark(card, isRight) {
  if (card.isAdded) return;
  const label = card.answer.anomalous === isRight ? "anomaly" : "normal";
  card.label = card.label === label ? null : label;
  for (const button of card.line.querySelectorAll("[aria-pressed]")) {
    button.setAttribute("aria-pressed", String(card.label !== null && (button.dataset.right === "true") === isRight));
  }
  offer();
}

const verified = () => cards.filter(card => card.label && !card.isAdded);
function offer() {
  const button = place.querySelector("[data-add]");
  button.disabled = Boolean(button.dataset.forbidden) || !verified().length;
}

async function judgeAll(images) {
  let begun = 0, judged = 0;
  for (const { name, file, source } of images) {
    say(place.dataset.judging.replace("{n}", ++begun).replace("{all}", images.length));
    if (await judge(name, file, source)) judged++;
  }
  const refused = images.length - judged;
  const said = [place.dataset.done.replace("{n}", judged), refused ? place.dataset.refused.replace("{n}", refused) : ""];
  say(images.length ? said.join(" ").trim() : place.dataset.nothing);
}
// One run after the other, so that the newest stands on top.
function queue(work) {
  turn = turn.then(work).catch(error => say(error.message));
}
const files = list => [...list].filter(file => /^image\/(png|jpeg)$/.test(file.type)).map(file => ({ name: file.name, file }));

function fromComputer(form) {
  form.addEventListener("submit", event => {
    event.preventDefault();
    const input = form.querySelector("[type=file]"), chosen = files(input.files);
    input.value = "";
    queue(() => judgeAll(chosen));
  });
  addEventListener("dragover", event => event.preventDefault());
  addEventListener("drop", event => {
    event.preventDefault();
    const dropped = files(event.dataTransfer.files);
    if (!form.querySelector("button").disabled) queue(() => judgeAll(dropped));
  });
}

function fromBucket(form) {
  const more = form.querySelector("[data-next]");
  let after = "";
  async function page(prefix) {
    const list = await get(`${place.dataset.objects}?prefix=${encodeURIComponent(prefix)}&after=${encodeURIComponent(after)}`);
    after = list.next ?? "";
    more.hidden = !after;
    await judgeAll(list.sources.map(source => ({ name: named(source), source })));
  }
  form.addEventListener("submit", event => {
    event.preventDefault();
    after = "";
    queue(() => page(form.elements.prefix.value));
  });
  more.addEventListener("click", () => queue(() => page(form.elements.prefix.value)));
}

function fromCamera(form) {
  const video = form.querySelector("video"), start = form.querySelector("[data-camera]"), shot = form.querySelector("[data-shot]");
  const [width, height] = [Number(place.dataset.width), Number(place.dataset.height)];
  let shots = 0;
  if (!navigator.mediaDevices) {
    start.disabled = true;
    form.querySelector("[data-camera-hint]").textContent = place.dataset.nocamera;
    return;
  }
  start.addEventListener("click", async () => {
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.hidden = false;
      await video.play();
      shot.disabled = false;
      start.hidden = true;
    } catch (error) { form.querySelector("[data-camera-hint]").textContent = error.message; }
  });
  form.addEventListener("submit", event => {
    event.preventDefault();
    const plane = document.createElement("canvas");
    plane.width = width;
    plane.height = height;
    // The middle of the picture in the model's own aspect.
    const scale = Math.max(width / video.videoWidth, height / video.videoHeight);
    const [wide, high] = [video.videoWidth * scale, video.videoHeight * scale];
    plane.getContext("2d").drawImage(video, (width - wide) / 2, (height - high) / 2, wide, high);
    const name = `camera-${new Date().toISOString().replace(/[:.]/g, "-")}-${++shots}.png`;
    plane.toBlob(blob => queue(() => judgeAll([{ name, file: new File([blob], name, { type: "image/png" }) }])), "image/png");
  });
}

// Images that are not in a bucket yet are sent there; their labels go to the dataset together.
async function add() {
  const { home } = place.dataset, dataset = place.querySelector("[data-dataset]").value;
  const chosen = verified().slice(0, 200);
  let sent = 0;
  for (const card of chosen) {
    say(place.dataset.adding.replace("{n}", ++sent).replace("{all}", chosen.length));
    card.source ??= (await post(`${home}/upload?dataset=${dataset}&name=${encodeURIComponent(`trial/${card.name}`)}`, card.file, "application/octet-stream")).source;
  }
  const body = JSON.stringify(Object.fromEntries(chosen.map(({ source, label }) => [source, label])));
  await persist(home, `labels?dataset=${dataset}`, body, "application/json");
  const button = place.querySelector("[data-add]"), hadFocus = [button, document.body].includes(document.activeElement);
  for (const card of chosen) {
    card.isAdded = true;
    for (const button of card.line.querySelectorAll("button")) button.disabled = true;
    const line = document.createElement("p");
    line.className = "right";
    line.textContent = place.dataset.known.replace("{label}", place.dataset[card.label === "anomaly" ? "bad" : "good"]);
    if (card.label === "anomaly") {
      const link = document.createElement("a");
      link.href = `${home}/mask?dataset=${dataset}&source=${encodeURIComponent(card.source)}&from=${encodeURIComponent(place.dataset.version)}`;
      link.textContent = place.dataset.draw;
      line.append(" · ", link);
    }
    card.line.append(line);
  }
  say(place.dataset.added.replace("{n}", chosen.length));
  const again = place.querySelector("[data-again]");
  again.hidden = false;
  offer();
  // A button that is off keeps no keys.
  if (hadFocus && button.disabled) again.focus();
}

if (place) {
  fromComputer(place.querySelector("[data-way=files]"));
  fromBucket(place.querySelector("[data-way=bucket]"));
  fromCamera(place.querySelector("[data-way=camera]"));
  place.querySelector("[data-add]").addEventListener("click", () => queue(add));
  place.querySelector("[data-heat]").addEventListener("input", () => {
    for (const card of cards) compose(card.canvas, card.view, opacity());
  });
  place.querySelector(".verdicts").addEventListener("keydown", event => {
    const card = cards.find(one => one.line === event.target.closest("li"));
    const key = event.key.toLowerCase();
    if (card && ["r", "w"].includes(key) && !event.ctrlKey && !event.metaKey) mark(card, key === "r");
  });
}
