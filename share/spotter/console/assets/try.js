// Trials: judges images with the hosted model and shows what it saw.
import { post } from "./calls.js";

const form = document.getElementById("try");

async function judge(file) {
  const line = document.createElement("li");
  form.querySelector(".verdicts").prepend(line);
  line.textContent = file.name;
  const answer = await post(form.dataset.try, file, "application/octet-stream");
  const words = document.createElement("p"), image = document.createElement("img");
  words.className = `label ${answer.anomalous ? "anomaly" : "normal"}`;
  words.textContent = `${file.name}: ${answer.anomalous ? form.dataset.bad : form.dataset.good} · ${answer.confidence.toFixed(3)} · ${answer.score.toFixed(4)} / ${answer.threshold.toFixed(4)} · ${Math.round(answer.milliseconds)} ms`;
  const bytes = Uint8Array.from(atob(answer.overlay), character => character.charCodeAt(0));
  image.src = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
  image.alt = words.textContent;
  line.replaceChildren(words, image);
}

form?.addEventListener("submit", async event => {
  event.preventDefault();
  for (const file of form.querySelector("[type=file]").files) {
    try { await judge(file); } catch (error) { form.querySelector(".verdicts li").textContent = `${file.name}: ${error.message}`; }
  }
});
