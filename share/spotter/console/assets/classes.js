// The labels of masks with their colours: those of the project, and new ones.
import { get } from "./calls.js";
import { persist } from "./saving.js";

const colors = ["#2CA02C", "#D62728", "#1F77B4", "#FF7F0E", "#9467BD", "#17BECF", "#E377C2", "#BCBD22", "#8C564B", "#7F7F7F"];
const parse = color => [1, 3, 5].map(at => parseInt(color.slice(at, at + 2), 16));

export class Classes {
  constructor(editor, mask, words, changed) {
    Object.assign(this, { mask, words, changed, place: 0, locked: editor.dataset.locked, home: editor.dataset.home, key: `spotter labels ${editor.dataset.home}` });
    // Those of the mask first, in its order: that is what its pixels count.
    this.own = JSON.parse(editor.dataset.own);
    this.kinds = JSON.parse(editor.dataset.kinds);
    const known = JSON.parse(editor.dataset.classes).map(entry => ({ ...entry, isUsed: true }));
    this.list = [];
    const add = entry => {
      if (!this.list.some(other => other.name === entry.name)) this.list.push({ ...entry, color: this.free(entry.color), isUsed: entry.isUsed });
    };
    for (const entry of this.own) add({ ...entry, isUsed: true });
    for (const entry of [...known, ...this.remembered()]) add(entry);
    this.box = document.getElementById("classes");
    this.box.querySelector("form").addEventListener("submit", event => {
      event.preventDefault();
      const field = event.target.elements.name;
      if (this.add(field.value.trim())) field.value = "";
      document.getElementById("stage").focus();
    });
    this.show();
  }

  // Which number pixels of the chosen label have; 0 without one.
  get value() { return this.list.length ? this.place + 1 : 0; }
  get color() { return parse(this.list[this.place]?.color ?? "#000000"); }

  // The digit of each label: that of the gallery, in the order of all names of the project; new
  // labels come after them.
  get digits() {
    let last = this.kinds.length;
    return this.list.map(({ name }) => { const place = this.kinds.indexOf(name); return place < 0 ? ++last : place + 1; });
  }

  // A colour that no label has: the wanted one if it can be.
  free(wanted) {
    const taken = color => color.toUpperCase() === "#FFFFFF" || this.list.some(entry => entry.color.toUpperCase() === color.toUpperCase());
    if (wanted && !taken(wanted)) return wanted.toUpperCase();
    return colors.find(color => !taken(color)) ?? `#${(0x100000 + this.list.length * 7919).toString(16).slice(-6).toUpperCase()}`;
  }

  remembered() {
    try { return JSON.parse(localStorage.getItem(this.key) ?? "[]").filter(entry => typeof entry?.name === "string"); } catch { return []; }
  }

  remember() {
    try { localStorage.setItem(this.key, JSON.stringify(this.list.filter(entry => !entry.isUsed).map(({ name, color }) => ({ name, color })))); } catch { /* It is only a convenience. */ }
  }

  add(name) {
    if (!name || this.list.some(entry => entry.name === name) || name.toLowerCase() === "background" || this.list.length >= 20) return false;
    this.list.push({ name, color: this.free(), isUsed: false });
    this.place = this.list.length - 1;
    this.remember();
    this.show();
    return true;
  }

  pick(place) {
    if (!this.list[place]) return;
    this.place = place;
    this.show();
  }

  remove(place) {
    this.list.splice(place, 1);
    // Later labels move up, and their pixels with them.
    const { pixels } = this.mask;
    for (let at = 0; at < pixels.length; at++) if (pixels[at] > place + 1) pixels[at]--;
    this.mask.done = [];
    this.mask.undone = [];
    this.place = Math.max(0, Math.min(this.place, this.list.length - 1));
    this.remember();
    this.show();
  }

  // A label that images use is renamed in all their masks.
  async rename(entry, wanted) {
    const isFree = wanted && wanted.toLowerCase() !== "background" && !this.list.some(other => other !== entry && other.name === wanted);
    if (isFree && wanted !== entry.name) {
      if (entry.isUsed) {
        const body = new URLSearchParams({ from: entry.name, to: wanted });
        await persist(this.home, "rename-label", body, "application/x-www-form-urlencoded");
        this.kinds = (await get(`${this.home}/kinds`)).kinds;
      }
      entry.name = wanted;
    }
    this.remember();
    this.show();
  }

  show() {
    for (const entry of this.list) entry.rgb = parse(entry.color);
    this.mask.colors = [[0, 0, 0, 0], ...this.list.map(entry => [...entry.rgb, 255])];
    // Who goes on by keys stays where they are: in the same field of the same label.
    const list = this.box.querySelector("ul"), fields = () => [...list.querySelectorAll("input, button")];
    const isHere = list.contains(document.activeElement), isChoice = document.activeElement.type === "radio", at = fields().indexOf(document.activeElement);
    const { digits } = this, rows = this.list.map((entry, place) => this.row(entry, place, digits[place]));
    list.replaceChildren(...rows.map((row, place) => [digits[place], row]).sort(([a], [b]) => a - b).map(([, row]) => row));
    if (isHere) (isChoice ? list.querySelector("[type=radio]:checked") : fields()[at] ?? fields().at(-1) ?? document.getElementById("stage"))?.focus();
    this.mask.show();
    this.changed?.();
  }

  row(entry, place, digit) {
    const line = document.createElement("li"), choice = document.createElement("input"), color = document.createElement("input");
    const name = document.createElement("input"), remove = document.createElement("button"), number = document.createElement("kbd");
    Object.assign(choice, { type: "radio", name: "class", checked: place === this.place });
    choice.setAttribute("aria-label", `${this.words.choose} ${entry.name}`);
    choice.addEventListener("change", () => this.pick(place));
    Object.assign(color, { type: "color", value: entry.color.toLowerCase(), disabled: Boolean(this.locked) });
    color.setAttribute("aria-label", `${this.words.color} ${entry.name}`);
    color.addEventListener("change", () => {
      const wanted = color.value.toUpperCase();
      if (wanted !== "#FFFFFF" && !this.list.some(other => other !== entry && other.color === wanted)) entry.color = wanted;
      this.remember();
      this.show();
    });
    Object.assign(name, { type: "text", value: entry.name, maxLength: 100, readOnly: Boolean(this.locked) });
    name.setAttribute("aria-label", `${this.words.rename} ${entry.name}`);
    name.addEventListener("change", () => this.rename(entry, name.value.trim()).catch(error => { this.show(); this.report?.(error.message); }));
    const isDrawn = this.mask.pixels.includes(place + 1);
    Object.assign(remove, { type: "button", className: "quiet", textContent: "×", disabled: Boolean(entry.isUsed || isDrawn || this.locked), title: entry.isUsed || isDrawn ? this.words.used : "" });
    remove.setAttribute("aria-label", `${this.words.remove} ${entry.name}`);
    remove.addEventListener("click", () => { if (!this.mask.pixels.includes(place + 1)) this.remove(place); else this.show(); });
    number.textContent = digit <= 9 ? String(digit) : "";
    line.append(choice, color, name, number, remove);
    return line;
  }

  // Takes the pixels of a mask whose colours are those of `own`.
  read(picture) {
    const { width, height, pixels } = this.mask;
    const table = new Map(this.own.map((entry, place) => [parseInt(entry.color.slice(1), 16), place + 1]));
    const down = picture.height / height, strip = 256, canvas = new OffscreenCanvas(width, Math.min(strip, height)), pen = canvas.getContext("2d", { willReadFrequently: true });
    for (let top = 0; top < height; top += strip) {
      const rows = Math.min(strip, height - top);
      // A model's mask has the size of the model's input.
      pen.imageSmoothingEnabled = false;
      pen.drawImage(picture, 0, top * down, picture.width, rows * down, 0, 0, width, rows);
      const { data } = pen.getImageData(0, 0, width, rows);
      for (let at = 0; at < width * rows; at++) pixels[top * width + at] = table.get(data[4 * at] << 16 | data[4 * at + 1] << 8 | data[4 * at + 2]) ?? 0;
    }
    this.show();
  }
}
