// What parts two kinds of places in numbers that say what a network sees there: Fisher's
// discriminant, as a log ratio of a likelihood for each pixel. No page and no server.

// Numbers differ between few places by chance: their covariance is mixed with one of equal
// variances as much as this.
const ridge = 1;
// No place is surer than this.
const surest = 4;

// The grid as the server sends it: width, height and channels in 16 bits each, then the numbers.
export function grid(buffer) {
  const head = new DataView(buffer), [width, height, channels] = [0, 2, 4].map(at => head.getUint16(at, true));
  return { width, height, channels, values: Float32Array.from(new Int8Array(buffer, 6), value => value / 25) };
}

// cells: of `grid`. inner, outer: how much each pixel of the view counts on either side.
export function parted(cells, inner, outer, width, height) {
  const { channels, values } = cells, count = cells.width * cells.height;
  const plane = channel => values.subarray(channel * count, (channel + 1) * count);
  const sides = [inner, outer].map(weights => shares(weights, width, height, cells));
  if (sides.some(side => !side)) return new Float32Array(width * height);
  const means = sides.map(side => Float64Array.from({ length: channels }, (_, channel) => dot(side, plane(channel))));
  const both = sides[0].map((value, cell) => value + sides[1][cell]);
  const rows = [], weighted = new Float32Array(count);
  for (let first = 0; first < channels; first++) {
    const own = plane(first);
    for (let cell = 0; cell < count; cell++) weighted[cell] = both[cell] * own[cell];
    rows.push(new Float64Array(channels + 1));
    for (let second = 0; second <= first; second++) {
      const value = (dot(weighted, plane(second)) - means[0][first] * means[0][second] - means[1][first] * means[1][second]) / 2;
      rows[first][second] = rows[second][first] = value;
    }
  }
  const mean = rows.reduce((sum, row, index) => sum + row[index], 0) / channels + 1e-6;
  rows.forEach((row, index) => { row[index] += ridge * mean; row[channels] = means[0][index] - means[1][index]; });
  const factors = solved(rows);
  const out = new Float32Array(count).fill(-factors.reduce((sum, factor, index) => sum + factor * (means[0][index] + means[1][index]) / 2, 0));
  factors.forEach((factor, channel) => { const own = plane(channel); for (let cell = 0; cell < count; cell++) out[cell] += factor * own[cell]; });
  return stretched(out.map(value => surest * Math.tanh(value / surest)), cells, width, height);
}

function dot(a, b) {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index] * b[index];
  return sum;
}

// The share of each cell in the weights of the pixels; null where nothing has any.
function shares(weights, width, height, cells) {
  const out = new Float32Array(cells.width * cells.height), seen = new Float32Array(out.length);
  // Views with fewer pixels than cells leave some out.
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y * cells.height / height) * cells.width;
    for (let x = 0; x < width; x++) { const cell = row + Math.floor(x * cells.width / width); out[cell] += weights[y * width + x]; seen[cell]++; }
  }
  let total = 0;
  for (let cell = 0; cell < out.length; cell++) { out[cell] /= Math.max(1, seen[cell]); total += out[cell]; }
  return total > 1e-9 ? out.map(value => value / total) : null;
}

// Gauss's elimination; what is positive definite needs no exchange of rows.
function solved(rows) {
  const size = rows.length, out = new Float64Array(size);
  for (let first = 0; first < size; first++) {
    for (let second = first + 1; second < size; second++) {
      const factor = rows[second][first] / rows[first][first];
      for (let column = first; column <= size; column++) rows[second][column] -= factor * rows[first][column];
    }
  }
  for (let row = size - 1; row >= 0; row--) {
    let sum = rows[row][size];
    for (let column = row + 1; column < size; column++) sum -= rows[row][column] * out[column];
    out[row] = sum / rows[row][row];
  }
  return out;
}

// Linear between the middles of cells.
function stretched(values, cells, width, height) {
  const out = new Float32Array(width * height), places = (from, to) => Array.from({ length: to }, (_, index) => {
    const middle = Math.max(0, Math.min(from - 1, (index + 0.5) * from / to - 0.5)), low = Math.floor(middle);
    return [low, Math.min(from - 1, low + 1), middle - low];
  });
  const columns = places(cells.width, width);
  places(cells.height, height).forEach(([top, bottom, down], y) => {
    const above = top * cells.width, below = bottom * cells.width;
    columns.forEach(([left, right, along], x) => {
      const upper = values[above + left] * (1 - along) + values[above + right] * along;
      const lower = values[below + left] * (1 - along) + values[below + right] * along;
      out[y * width + x] = upper * (1 - down) + lower * down;
    });
  });
  return out;
}
