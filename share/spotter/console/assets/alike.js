// A region by what parts it from its surroundings: how light, coloured and rough places near the
// clicks are, against those farther away, and what a network and a model see in them. No page and no
// server.
import { connected, region, softened } from "./fields.js";
import { parted } from "./seen.js";

// Shares of the view's longer side: how far a click counts as the region's own; beyond which a
// place is taken for surroundings; within which a region is likely. Somebody who zooms in to a
// defect sees it in the middle third. Chosen on half of the masks that docs/console.md measures by.
const nearShare = 0.03, farShare = 0.26, likelyShare = 0.13;
// Channels say partly the same, so each counts half.
const trust = 0.5;
// People stop at the clear border: twice as likely in the region as not, a third of 255. Chosen likewise.
const best = 85;
// How often what was found is taken as the better example of itself.
const rounds = 2, bins = 24;

// What is measured of every pixel, beside `features`.
function measured({ width, height, channels: [light, red, blue], edges, heat }) {
  const unit = Math.max(1, Math.round(Math.max(width, height) / 160));
  const soft = (values, radius) => softened(values, width, height, radius * unit);
  const capped = Float32Array.from(edges, value => Math.min(60, value)), wide = soft(light, 8), near = soft(light, 1);
  const along = grain(light, width, height);
  const found = [near, soft(red, 1), soft(blue, 1), soft(capped, 2), soft(capped, 4), near.map((value, place) => value - wide[place]), soft(along, 1), soft(along, 2)];
  return heat ? [...found, Float32Array.from(heat)] : found;
}

// How strongly the light changes along the grain of the view: ground metal changes across it only,
// until something has damaged it.
function grain(light, width, height) {
  const across = new Float32Array(light.length), down = new Float32Array(light.length), out = new Float32Array(light.length);
  let xx = 0, xy = 0, yy = 0;
  for (let y = 1; y + 1 < height; y++) {
    for (let x = 1; x + 1 < width; x++) {
      const place = y * width + x;
      const dx = across[place] = light[place + 1] - light[place - 1], dy = down[place] = light[place + width] - light[place - width];
      xx += dx * dx; xy += dx * dy; yy += dy * dy;
    }
  }
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy), cosine = Math.cos(angle), sine = Math.sin(angle);
  for (let place = 0; place < out.length; place++) out[place] = Math.min(60, Math.abs(cosine * down[place] - sine * across[place]));
  return out;
}

// Values in few steps, between those that all but a hundredth lie in.
function stepped(values) {
  const sorted = Float32Array.from(values).sort(), low = sorted[Math.floor(sorted.length * 0.005)];
  const scale = (bins - 1) / Math.max(1e-6, sorted[Math.floor(sorted.length * 0.995)] - low);
  return Uint8Array.from(values, value => Math.max(0, Math.min(bins - 1, Math.round((value - low) * scale))));
}

// How often each step is seen among weighted pixels.
function seen(steps, weights) {
  const counts = new Float64Array(bins), out = new Float64Array(bins);
  for (let place = 0; place < steps.length; place++) counts[steps[place]] += weights[place];
  let total = 0;
  for (let bin = 0; bin < bins; bin++) {
    for (let other = Math.max(0, bin - 3); other <= Math.min(bins - 1, bin + 3); other++) out[bin] += counts[other] * Math.exp(-((bin - other) ** 2) / 4);
    total += out[bin];
  }
  return out.map(value => value / Math.max(1e-9, total) + 0.002);
}

function distances(places, width, count) {
  const out = new Float32Array(count).fill(1e9);
  for (const { x, y } of places) {
    for (let place = 0; place < count; place++) {
      const dx = place % width - x, dy = Math.floor(place / width) - y, far = Math.sqrt(dx * dx + dy * dy);
      if (far < out[place]) out[place] = far;
    }
  }
  return out;
}

// How alike neighbours are: [to the right, below], 0…1.
function links({ width, height, channels }) {
  const count = width * height, right = new Float32Array(count), below = new Float32Array(count);
  let sum = 0;
  for (let place = 0; place < count; place++) {
    for (const channel of channels.slice(0, 3)) {
      if ((place + 1) % width) right[place] += (channel[place] - channel[place + 1]) ** 2;
      if (place + width < count) below[place] += (channel[place] - channel[place + width]) ** 2;
    }
    sum += right[place] + below[place];
  }
  const beta = count / (sum + 1);
  for (let place = 0; place < count; place++) {
    right[place] = (place + 1) % width ? Math.exp(-beta * right[place]) + 0.01 : 0;
    below[place] = place + width < count ? Math.exp(-beta * below[place]) + 0.01 : 0;
  }
  return { right, below };
}

// What the clicks say for certain: 1 inside, -1 outside, 0 of everything else. The last click wins.
export function certain(inside, outside, { width, height }) {
  const out = new Int8Array(width * height), least = Math.max(1.5, 0.4 * nearShare * Math.max(width, height));
  for (const [clicks, value] of [[inside, 1], [outside, -1]]) {
    for (const { x, y, radius } of clicks) {
      const far = Math.max(least, 0.8 * radius), reach = Math.ceil(far);
      for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++) {
        for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++) if (Math.hypot(u - x, v - y) < far) out[v * width + u] = value;
      }
    }
  }
  return out;
}

// The likelihoods, each brought near to those of alike neighbours; what is certain stays.
//
// known: of `certain`. hold: how strongly a pixel holds to its own likelihood, against its neighbours'.
export function settle(likely, known, view, passes, hold = 0.03) {
  const { width, height } = view, { right, below } = view.links ??= links(view), count = likely.length;
  const out = Float32Array.from(likely, (value, place) => known[place] ? (known[place] > 0 ? 1 : 0) : value);
  for (let pass = 0; pass < passes; pass++) {
    for (let index = 0; index < count; index++) {
      const place = pass & 1 ? count - 1 - index : index;
      if (known[place]) continue;
      let sum = hold * likely[place], weight = hold;
      if (place > 0) { sum += right[place - 1] * out[place - 1]; weight += right[place - 1]; }
      if (place + 1 < count) { sum += right[place] * out[place + 1]; weight += right[place]; }
      if (place >= width) { sum += below[place - width] * out[place - width]; weight += below[place - width]; }
      if (place + width < count) { sum += below[place] * out[place + width]; weight += below[place]; }
      out[place] = sum / weight;
    }
  }
  return out;
}

// The region of all clicks, with `shape(step)`, the `best` step and how likely each pixel is in it, 0…1.
export function alike(view, inside, outside) {
  const { width, height } = view, count = width * height, side = Math.max(width, height);
  view.steps ??= measured(view).map(stepped);
  const near = distances(inside, width, count), away = distances(outside, width, count), own = Math.max(2, nearShare * side);
  const drop = new Float32Array(count), inner = new Float32Array(count), outer = new Float32Array(count);
  for (let place = 0; place < count; place++) {
    drop[place] = 2 - 2 * (near[place] / (likelyShare * side)) ** 2 - 4 * Math.exp(-((away[place] / (0.05 * side)) ** 2));
    inner[place] = Math.exp(-((near[place] / own) ** 2));
    outer[place] = (near[place] > farShare * side ? 1 : 0) + 5 * Math.exp(-((away[place] / own) ** 2));
  }
  const known = certain(inside, outside, view);
  let found = null;
  for (let round = 1; round <= rounds; round++) {
    const likely = Float32Array.from(drop);
    for (const steps of view.steps) {
      const [mine, other] = [seen(steps, inner), seen(steps, outer)], ratio = mine.map((value, bin) => trust * Math.log(value / other[bin]));
      for (let place = 0; place < count; place++) likely[place] += ratio[steps[place]];
    }
    if (view.cells) parted(view.cells, inner, outer, width, height).forEach((ratio, place) => { likely[place] += ratio; });
    for (let place = 0; place < count; place++) likely[place] = 1 / (1 + Math.exp(-likely[place]));
    found = settle(likely, known, view, round === rounds ? 24 : 8);
    for (let place = 0; place < count; place++) {
      inner[place] = (found[place] > 0.5 ? found[place] : 0) + Math.exp(-((near[place] / own) ** 2));
      outer[place] = (found[place] < 0.5 && near[place] < 0.5 * side ? 1 - found[place] : 0) + 3 * Math.exp(-((away[place] / own) ** 2));
    }
  }
  return {
    kind: "alike", best, likely: found,
    shape: step => region(connected(inside, width, count, place => found[place] >= 1 - step / 255), 0, width, height),
  };
}
