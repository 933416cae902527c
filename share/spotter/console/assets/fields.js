// Pictures of one number a pixel: blurred, grown from places, closed. No page and no server.

// The mean over squares of 2 × radius + 1 pixels.
export function blurred(values, width, height, radius) {
  const half = new Float32Array(values.length), out = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let sum = 0, count = 0;
    for (let x = 0; x < Math.min(radius, width); x++) { sum += values[row + x]; count++; }
    for (let x = 0; x < width; x++) {
      if (x + radius < width) { sum += values[row + x + radius]; count++; }
      if (x - radius - 1 >= 0) { sum -= values[row + x - radius - 1]; count--; }
      half[row + x] = sum / count;
    }
  }
  for (let x = 0; x < width; x++) {
    let sum = 0, count = 0;
    for (let y = 0; y < Math.min(radius, height); y++) { sum += half[y * width + x]; count++; }
    for (let y = 0; y < height; y++) {
      if (y + radius < height) { sum += half[(y + radius) * width + x]; count++; }
      if (y - radius - 1 >= 0) { sum -= half[(y - radius - 1) * width + x]; count--; }
      out[y * width + x] = sum / count;
    }
  }
  return out;
}

// Twice, so that what counts falls off with the distance.
export const softened = (values, width, height, radius) =>
  blurred(blurred(values, width, height, radius), width, height, radius);

// How far each place is from one.
export const distance = ({ x, y }, width) => place => Math.hypot(place % width - x, Math.floor(place / width) - y);

// The places next to one, above, below and beside it.
export function around(place, width, count) {
  const x = place % width;
  return [x > 0 ? place - 1 : -1, x < width - 1 ? place + 1 : -1, place - width, place + width < count ? place + width : -1];
}

// What is connected with the seeds, 0, through places that `isIn`; everything else is 255.
export function connected(seeds, width, count, isIn) {
  const level = new Uint8Array(count).fill(255), stack = [];
  for (const { x, y } of seeds) { level[y * width + x] = 0; stack.push(y * width + x); }
  while (stack.length) {
    for (const next of around(stack.pop(), width, count)) {
      if (next >= 0 && level[next] && isIn(next)) { level[next] = 0; stack.push(next); }
    }
  }
  return level;
}

// How far inside a shape each of its pixels lies, by steps of 1 and √2; the view's border is no end of it.
export function depths(shape, width, height) {
  const out = Float32Array.from(shape, value => value ? Infinity : 0);
  const sweep = (places, side, rows) => {
    for (const place of places) {
      if (!out[place]) continue;
      const x = place % width, next = place + rows * width, isRow = next >= 0 && next < out.length;
      for (const [dx, dy, far] of [[side, 0, 1], [0, 1, 1], [-1, 1, Math.SQRT2], [1, 1, Math.SQRT2]]) {
        if (x + dx < 0 || x + dx >= width || dy && !isRow) continue;
        out[place] = Math.min(out[place], out[(dy ? next : place) + dx] + far);
      }
    }
  };
  const all = Array.from({ length: width * height }, (_, place) => place);
  sweep(all, -1, -1);
  sweep(all.reverse(), 1, 1);
  return out;
}

// Which pixels a region of a level has, its holes filled and its edge smoothed.
export function region(level, threshold, width, height) {
  const solid = new Float32Array(level.length);
  for (let place = 0; place < level.length; place++) solid[place] = level[place] <= threshold ? 1 : 0;
  fillHoles(solid, width, height);
  const soft = blurred(solid, width, height, 2), out = new Uint8Array(level.length);
  for (let place = 0; place < level.length; place++) out[place] = soft[place] > 0.48 ? 1 : 0;
  return out;
}

// Fills holes that are small beside the region; what lies on a table is not a hole of it.
function fillHoles(solid, width, height) {
  const seen = new Uint8Array(solid.length);
  let size = 0;
  for (const value of solid) size += value;
  for (let start = 0; start < solid.length; start++) {
    if (seen[start] || solid[start]) continue;
    const hole = [start];
    let isOpen = false;
    seen[start] = 1;
    for (let at = 0; at < hole.length; at++) {
      const place = hole[at], x = place % width;
      isOpen ||= x === 0 || x === width - 1 || place < width || place + width >= solid.length;
      for (const next of [x > 0 ? place - 1 : -1, x < width - 1 ? place + 1 : -1, place - width, place + width]) {
        if (next >= 0 && next < solid.length && !seen[next] && !solid[next]) { seen[next] = 1; hole.push(next); }
      }
    }
    if (!isOpen && hole.length < 0.25 * size) for (const place of hole) solid[place] = 1;
  }
}
