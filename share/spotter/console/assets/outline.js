// Proposes the outline of a region from clicks: what looks like the places that were clicked and
// is connected with them, bounded where the picture changes most. No page and no server.

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

// Proposes a region.
//
// view: of `features`. inside, outside: [{x, y}], at least one inside. wanted: "area", "rough" or
// "bay"; null chooses by the picture.
// Returns `shape(step)`, which gives the region of a step, 1 a pixel inside, and `best`, the step
// whose border is the clearest. A higher step gives a larger region.
export function propose(view, inside, outside = [], wanted = null) {
  const { width, height } = view;
  view.edges ??= edgesOf(view);
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
  const shape = step => region(level, Math.max(1, Math.min(ceiling, step)), width, height);
  // Beside the strongest twentieth of the view's edges: how well people see this border.
  view.strong ??= Math.max(6, Float32Array.from(view.edges).sort()[Math.floor(view.edges.length * 0.95)]);
  const clarity = contrast[best] / Math.max(1, border[best]) / view.strong;
  const area = { kind: "area", best, shape };
  const rough = () => disturbed(view, inside, outside);
  const inBay = () => {
    const open = openness(shape(best), width, height, inside);
    return open && { kind: "bay", best: 28, shape: step => bay(open, step, width, height, inside, outside) };
  };
  if (wanted) return (wanted === "rough" ? rough() : wanted === "bay" ? inBay() : null) ?? area;
  if (clarity > 1.75) return inBay() ?? area;
  const found = rough();
  return found && found.clear > 1.3 ? found : inBay() ?? area;
}

// A region that is rougher than what is around it, like pits in metal: how strongly the light
// changes from pixel to pixel, taken together over a twentieth of the view, against what is usual
// there.
function disturbed(view, inside, outside) {
  const { width, height, channels, edges } = view, radius = Math.max(2, Math.round(Math.max(width, height) / 45));
  view.rough ??= blurred(blurred(Float32Array.from(edges, value => Math.min(value, 60)), width, height, radius), width, height, Math.max(1, radius >> 1));
  const { rough } = view, near = Math.round(1.5 * radius);
  let top = 0;
  // A click may be in the smooth middle of what is rough.
  const seeds = inside.map(({ x, y }) => {
    let best = { x, y };
    for (let v = Math.max(0, y - near); v <= Math.min(height - 1, y + near); v++) {
      for (let u = Math.max(0, x - near); u <= Math.min(width - 1, x + near); u++) {
        if (rough[v * width + u] > rough[best.y * width + best.x]) best = { x: u, y: v };
      }
    }
    top = Math.max(top, rough[best.y * width + best.x]);
    return best;
  });
  const usual = Float32Array.from(rough).sort()[rough.length >> 1];
  if (top <= usual) return null;
  const unlike = new Float32Array(rough.length);
  const reach = Math.max(width, height) / 4;
  for (let place = 0; place < unlike.length; place++) {
    // Who zooms in to a defect sees it whole: what is far from every click is hardly meant.
    let far = Infinity;
    for (const { x, y } of inside) far = Math.min(far, Math.hypot(place % width - x, Math.floor(place / width) - y));
    unlike[place] = Math.max(0, Math.min(254, 254 * (top - rough[place]) / (top - usual))) * 0.7 + Math.min(254, 127 * (far / reach) ** 2);
  }
  const level = reached(unlike, width, height, seeds);
  const ceiling = Math.max(1, Math.min(254, ...outside.map(({ x, y }) => neighbourhood(level, width, height, x, y) - 1)));
  return { kind: "rough", best: Math.min(ceiling, 120), clear: top / usual, shape: step => region(level, Math.max(1, Math.min(ceiling, step)), width, height) };
}

const directions = 64;

// For a region that runs out of the view, like the table behind a broken product: how large the
// widest opening is that each pixel looks out of, in directions of 64. null for a region that is
// closed.
function openness(solid, width, height, inside) {
  let outer = 0;
  for (let x = 0; x < width; x++) outer += solid[x] + solid[(height - 1) * width + x];
  for (let y = 0; y < height; y++) outer += solid[y * width] + solid[y * width + width - 1];
  if (outer < 0.15 * 2 * (width + height)) return null;
  const count = width * height, blocked = Array.from({ length: directions }, () => new Uint8Array(count));
  const reach = 0.6 * Math.max(width, height);
  for (let index = 0; index < directions; index++) {
    const angle = index / directions * 2 * Math.PI, dx = Math.cos(angle), dy = Math.sin(angle), hit = blocked[index];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (!solid[y * width + x]) continue;
        for (let far = 2; far < reach; far += 2) {
          const u = Math.round(x + dx * far), v = Math.round(y + dy * far);
          if (u < 0 || v < 0 || u >= width || v >= height) break;
          if (!solid[v * width + u]) { hit[y * width + x] = 1; break; }
        }
      }
    }
  }
  const open = new Uint8Array(count).fill(255);
  for (let place = 0; place < count; place++) {
    if (!solid[place]) continue;
    let longest = 0, run = 0;
    for (let index = 0; index < 2 * directions; index++) {
      run = blocked[index % directions][place] ? 0 : run + 1;
      if (run > longest) longest = run;
    }
    open[place] = Math.min(directions, longest);
  }
  return open;
}

// The part of an open region that looks out of openings of at most `step` directions, connected
// with the clicks inside.
function bay(open, step, width, height, inside, outside) {
  const level = new Uint8Array(open.length).fill(255), stack = [];
  const isIn = place => open[place] <= step;
  for (const { x, y } of inside) { level[y * width + x] = 0; stack.push(y * width + x); }
  while (stack.length) {
    const place = stack.pop(), x = place % width;
    for (const next of [x > 0 ? place - 1 : -1, x < width - 1 ? place + 1 : -1, place - width, place + width]) {
      if (next >= 0 && next < level.length && level[next] && isIn(next)) { level[next] = 0; stack.push(next); }
    }
  }
  return region(level, 0, width, height);
}

function neighbourhood(level, width, height, x, y) {
  let least = 255;
  for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) {
    const u = x + dx, v = y + dy;
    if (u >= 0 && v >= 0 && u < width && v < height) least = Math.min(least, level[v * width + u]);
  }
  return Math.max(2, least);
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
