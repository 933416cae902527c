// The part of an open region, like the table behind a broken product, that the product would have
// filled: what lies within the product's convex hull. No page and no server.
import { blurred, connected, region } from "./fields.js";

// Parts of the product are at least this share of the view; crumbs are smaller.
const partShare = 0.02;
// How deep a bay is at least, of the view's longer side.
const sliverShare = 0.04;

// solid: the open region, 1 a pixel. grow: gives the region of one colour around a click. Returns null where it does not run out of the view, or the
// first click is not in a bay of it.
export function bay(view, solid, inside, grow) {
  const { width, height } = view, count = width * height;
  if (outermost(solid, width, height) < 0.15) return null;
  const hull = around(outlines(solid, width, height));
  if (hull.length < 3) return null;
  const depth = depths(hull, width, height);
  if (depth[inside[0].y * width + inside[0].x] < 1) return null;
  // Four steps are a pixel by which the closing line moves outwards.
  const best = 128;
  const hollow = (click, line) => {
    const deep = Math.min(sliverShare * Math.max(width, height), 0.7 * depth[click.y * width + click.x]);
    // A sliver between the hull and a side that is hardly hollow does not belong to the bay.
    const core = connected([click], width, count, place => solid[place] && depth[place] > line + deep);
    const near = blurred(Float32Array.from(core, level => level ? 0 : 1), width, height, Math.ceil(1.5 * deep));
    return connected([click], width, count, place => solid[place] && depth[place] > line && near[place] > 1e-4);
  };
  const found = {
    kind: "bay", best,
    shape: step => {
      const line = (best - step) / 4, level = hollow(inside[0], line);
      for (const click of inside.slice(1)) {
        const isBay = solid[click.y * width + click.x] && depth[click.y * width + click.x] > 1;
        const more = isBay ? hollow(click, line) : grow(click).map((value, place) => value && depth[place] > line ? 0 : 255);
        // A crack is smaller than the bay that it is in.
        if (isBay || more.filter(value => !value).length < level.filter(value => !value).length) more.forEach((value, place) => { if (!value) level[place] = 0; });
      }
      return region(level, 0, width, height);
    },
  };
  // A stripe that runs through the view is not a bay.
  return outermost(found.shape(best), width, height) > 0.08 ? null : found;
}

// Which share of the view's border a shape takes.
function outermost(shape, width, height) {
  let taken = 0;
  for (let x = 0; x < width; x++) taken += shape[x] + shape[shape.length - width + x];
  for (let y = 0; y < height; y++) taken += shape[y * width] + shape[y * width + width - 1];
  return taken / (2 * (width + height));
}

// The first and last pixel in each row of every part of what is not solid.
function outlines(solid, width, height) {
  const count = width * height, seen = new Uint8Array(count), points = [];
  for (let start = 0; start < count; start++) {
    if (seen[start] || solid[start]) continue;
    const part = [start], rows = new Map();
    seen[start] = 1;
    for (let at = 0; at < part.length; at++) {
      const place = part[at], x = place % width, y = (place - x) / width, row = rows.get(y);
      if (!row) rows.set(y, [x, x]); else { if (x < row[0]) row[0] = x; if (x > row[1]) row[1] = x; }
      for (const next of [x > 0 ? place - 1 : -1, x < width - 1 ? place + 1 : -1, place - width, place + width]) {
        if (next >= 0 && next < count && !seen[next] && !solid[next]) { seen[next] = 1; part.push(next); }
      }
    }
    if (part.length >= partShare * count) for (const [y, [low, high]] of rows) points.push([low, y], [high, y]);
  }
  return points;
}

// The convex hull of points, one way round (Andrew's monotone chain).
function around(points) {
  points.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  const half = list => {
    const out = [];
    for (const point of list) {
      while (out.length > 1 && turn(out.at(-2), out.at(-1), point) <= 0) out.pop();
      out.push(point);
    }
    return out.slice(0, -1);
  };
  return [...half(points), ...half(points.toReversed())];
}

// How far inside the hull each pixel lies, negative outside.
function depths(hull, width, height) {
  const lines = hull.map((a, index) => {
    const b = hull[(index + 1) % hull.length], length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    return [-(b[1] - a[1]) / length, (b[0] - a[0]) / length, ((b[1] - a[1]) * a[0] - (b[0] - a[0]) * a[1]) / length];
  });
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let least = Infinity;
      for (const [a, b, c] of lines) { const far = a * x + b * y + c; if (far < least) least = far; }
      out[y * width + x] = least;
    }
  }
  return out;
}

// How far apart the colours of a region and of everything else are, in standard deviations.
export function apart({ channels }, solid) {
  let sum = 0;
  for (const channel of channels.slice(0, 3)) {
    const size = [0, 0], total = [0, 0], square = [0, 0];
    for (let place = 0; place < solid.length; place++) {
      const side = solid[place], value = channel[place];
      size[side]++; total[side] += value; square[side] += value * value;
    }
    const mean = side => total[side] / Math.max(1, size[side]), variance = side => square[side] / Math.max(1, size[side]) - mean(side) ** 2;
    sum += (mean(0) - mean(1)) ** 2 / (variance(0) + variance(1) + 4);
  }
  return Math.sqrt(sum);
}
