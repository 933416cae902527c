// Proposes the outline of a region from clicks: what looks like the places that were clicked and
// is connected with them, bounded where the picture changes most. No page and no server.
import { alike, certain, settle } from "./alike.js";
import { apart, bay } from "./bay.js";
import { correction, covers } from "./correction.js";
import { blurred, region } from "./fields.js";

// From which clarity on a border is taken for that of an area of one colour, and how many standard
// deviations apart a table and its product are at least: 6 to 8 where cookies lie on a tray, 1 to 2
// between the stripes of a ball screw.
const clearArea = 2, apartMin = 4;

// Colours as people tell them apart, and how rough their surroundings are, in bytes.
export function features(pixels, width, height, heat) {
  const count = width * height, light = new Float32Array(count), red = new Float32Array(count), blue = new Float32Array(count);
  for (let place = 0; place < count; place++) {
    const r = pixels[4 * place], g = pixels[4 * place + 1], b = pixels[4 * place + 2];
    light[place] = 0.3 * r + 0.59 * g + 0.11 * b;
    red[place] = (r - g) * 0.7;
    blue[place] = (0.5 * (r + g) - b) * 0.5;
  }
  const smooth = [blurred(light, width, height, 1), blurred(red, width, height, 1), blurred(blue, width, height, 1)];
  const mean = blurred(light, width, height, 3), rough = new Float32Array(count);
  for (let place = 0; place < count; place++) rough[place] = Math.abs(light[place] - mean[place]);
  return { width, height, channels: [...smooth, blurred(rough, width, height, 3)], heat };
}

// How unlike the clicked places every pixel is, 0…255: the least distance to the surroundings of a
// click inside, made larger where a click outside is more alike.
function unlikeness({ width, height, channels, heat }, inside, outside) {
  const near = 2, count = width * height, out = new Float32Array(count);
  const at = ({ x, y }) => {
    const means = channels.map(() => 0);
    let seen = 0;
    for (let dy = -near; dy <= near; dy++) {
      for (let dx = -near; dx <= near; dx++) {
        const u = x + dx, v = y + dy;
        if (u < 0 || v < 0 || u >= width || v >= height) continue;
        channels.forEach((channel, index) => { means[index] += channel[v * width + u]; });
        seen++;
      }
    }
    return means.map(sum => sum / seen);
  };
  const weights = [1, 1, 1, 0.7], ins = inside.map(at), outs = outside.map(at);
  const distance = (mean, place) => {
    let sum = 0;
    for (let index = 0; index < channels.length; index++) {
      const difference = (channels[index][place] - mean[index]) * weights[index];
      sum += difference * difference;
    }
    return Math.sqrt(sum);
  };
  for (let place = 0; place < count; place++) {
    let least = Infinity, other = Infinity;
    for (const mean of ins) least = Math.min(least, distance(mean, place));
    for (const mean of outs) other = Math.min(other, distance(mean, place));
    // A pixel that is nearer to what is not meant is not meant.
    if (outs.length) least = least + Math.max(0, 1.2 * least - other) * 2;
    // What the model finds normal is farther away, what it finds anomalous nearer.
    if (heat) least *= 1.5 - Math.min(1, heat[place] / 128);
    out[place] = Math.min(255, 1.6 * least);
  }
  return out;
}

// When a growing region reaches each pixel: the highest step of unlikeness on the best way from a
// click. 255 for what is not reached.
function reached(unlike, width, height, seeds) {
  const level = new Uint8Array(width * height).fill(255), buckets = Array.from({ length: 256 }, () => []);
  for (const { x, y } of seeds) { level[y * width + x] = 0; buckets[0].push(y * width + x); }
  for (let now = 0; now < 255; now++) {
    const bucket = buckets[now];
    while (bucket.length) {
      const place = bucket.pop();
      if (level[place] !== now) continue;
      const x = place % width;
      for (const next of [x > 0 ? place - 1 : -1, x < width - 1 ? place + 1 : -1, place - width, place + width]) {
        if (next < 0 || next >= level.length) continue;
        const step = Math.max(now, Math.min(254, unlike[next] | 0));
        if (step < level[next]) { level[next] = step; buckets[step].push(next); }
      }
    }
  }
  return level;
}

// Sizes and mean contrasts at the border for every level.
function curve(level, edges, width, height) {
  const size = new Float64Array(256), border = new Float64Array(256), contrast = new Float64Array(256);
  for (let place = 0; place < level.length; place++) size[level[place]]++;
  const cross = (a, b) => {
    const low = Math.min(level[a], level[b]), high = Math.max(level[a], level[b]);
    if (low === high) return;
    const strength = Math.max(edges[a], edges[b]);
    // The pair is on the border of every region from `low` up to below `high`.
    border[low]++; contrast[low] += strength;
    if (high < 256) { border[high]--; contrast[high] -= strength; }
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = y * width + x;
      if (x + 1 < width) cross(place, place + 1);
      if (y + 1 < height) cross(place, place + width);
    }
  }
  for (let now = 1; now < 256; now++) { size[now] += size[now - 1]; border[now] += border[now - 1]; contrast[now] += contrast[now - 1]; }
  return { size, border, contrast };
}

function edgesOf({ width, height, channels }) {
  const out = new Float32Array(width * height);
  for (let y = 1; y + 1 < height; y++) {
    for (let x = 1; x + 1 < width; x++) {
      const place = y * width + x;
      let sum = 0;
      for (let index = 0; index < 3; index++) {
        const channel = channels[index];
        const dx = channel[place + 1] - channel[place - 1], dy = channel[place + width] - channel[place - width];
        sum += dx * dx + dy * dy;
      }
      out[place] = Math.sqrt(sum);
    }
  }
  return out;
}

// A region that is grown from clicks until its border is the clearest: for what has one colour.
function area(view, inside, outside) {
  const { width, height } = view;
  const level = reached(unlikeness(view, inside, outside), width, height, inside);
  const { size, border, contrast } = curve(level, view.edges, width, height);
  const ceiling = Math.max(1, Math.min(254, ...outside.map(({ x, y }) => neighbourhood(level, width, height, x, y) - 1)));
  let best = Math.min(24, ceiling), most = -1;
  for (let now = 2; now <= ceiling; now++) {
    if (size[now] < 12 || size[now] > 0.7 * width * height) continue;
    // A region that hardly grows over some levels is one.
    const steady = size[Math.max(0, now - 4)] / size[Math.min(254, now + 4)];
    const value = contrast[now] / (border[now] + 8) * Math.pow(steady, 0.7);
    if (value > most) { most = value; best = now; }
  }
  // Beside the strongest twentieth of the view's edges: how well people see this border.
  view.strong ??= Math.max(6, Float32Array.from(view.edges).sort()[Math.floor(view.edges.length * 0.95)]);
  return {
    kind: "area", best, clarity: contrast[best] / Math.max(1, border[best]) / view.strong,
    shape: step => region(level, Math.max(1, Math.min(ceiling, step)), width, height),
  };
}

function neighbourhood(level, width, height, x, y) {
  let least = 255;
  for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) {
    const u = x + dx, v = y + dy;
    if (u >= 0 && v >= 0 && u < width && v < height) least = Math.min(least, level[v * width + u]);
  }
  return Math.max(2, least);
}

export const kinds = ["area", "alike", "bay"];

// The region of clicks: the first click finds it, and each further one changes the part around it that
// is missing or too much.
//
// view: of `features`. `kind` is the likeliest by the first click; `shape` has 1 for a pixel inside; a
// higher `step`, 1…254, gives a larger region, or a larger last part of it; `best` is the proposed step.
export class Outline {
  constructor(view) { Object.assign(this, { view, clicks: [], kind: null, shape: null }); }

  get best() { return this.found.best; }

  click({ x, y }, isOutside = false) {
    if (!this.shape && isOutside) return;
    this.clicks.push({ x, y, isOutside, moved: 0 });
    this.follow(this.clicks.at(-1));
  }

  // All clicks again, in a view of which more is known than before.
  solve() {
    this.shape = null;
    for (const click of this.clicks) this.follow(click);
  }

  follow(click) {
    const { view, shape } = this;
    if (!shape) {
      view.edges ??= edgesOf(view);
      const inside = [{ ...click, radius: 0 }];
      Object.assign(this, { inside, outside: [], plain: area(view, inside, []) });
      this.found = this.begun();
      this.kind ??= this.found.kind;
    } else if ((shape[click.y * view.width + click.x] === 1) === click.isOutside) {
      // What was clicked before and is clicked away now counts no longer; the region is that of the first click.
      const others = click.isOutside ? "inside" : "outside";
      this[others] = this[others].filter((other, index) => click.isOutside && index === 0 || !covers(other, view.width)(click.y * view.width + click.x));
      this.found = correction(shape, view, click, this.inside, this.outside, (...sides) => this.likely(...sides));
      (click.isOutside ? this.outside : this.inside).push(this.found.click);
    } else {
      // It says that what is right already is right.
      (click.isOutside ? this.outside : this.inside).push({ ...click, radius: 0 });
      this.found = { best: 127, shape: () => shape };
    }
    this.show(this.best + click.moved);
  }

  begun() {
    const { view, inside, plain } = this;
    if (this.kind === "bay" || this.kind === null && apart(view, plain.shape(plain.best)) > apartMin) return this.open(inside) ?? plain;
    if (this.kind === "area" || this.kind === null && plain.clarity > clearArea) return plain;
    return alike(view, inside, []);
  }

  // How likely each pixel is in the region of all clicks, 0…1.
  likely(inside, outside) {
    const { view, kind } = this;
    if (kind === "alike") return alike(view, inside, outside).likely;
    const found = kind === "bay" && this.open(inside) || area(view, inside, outside);
    return settle(Float32Array.from(found.shape(found.best), value => value ? 0.95 : 0.05), certain(inside, outside, view), view, 24);
  }

  open(inside) {
    const { view, plain } = this;
    return bay(view, plain.shape(plain.best), inside, click => { const one = area(view, [click], []); return one.shape(one.best); });
  }

  // Grows or shrinks what the last click found.
  move(steps) {
    const last = this.clicks.at(-1);
    last.moved = this.show(this.best + last.moved + steps) - this.best;
  }

  show(step) {
    const bounded = Math.max(1, Math.min(254, step));
    this.shape = this.found.shape(bounded);
    return bounded;
  }

  // Looks for a region of the next kind.
  turn() {
    this.kind = kinds[(kinds.indexOf(this.kind) + 1) % kinds.length];
    this.solve();
  }
}
