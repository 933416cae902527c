// A mask over an image: its pixels, how they are shown, and what was done to them. No page.
import { deflated } from "./png.js";

const undoBytesMax = 192 << 20;

export class Mask {
  constructor(width, height) {
    Object.assign(this, { width, height, pixels: new Uint8Array(width * height), done: [], undone: [], bytes: 0 });
    this.layer = new OffscreenCanvas(width, height);
    this.pen = this.layer.getContext("2d");
    this.colors = [[0, 0, 0, 0]];
    this.touched = null;
  }

  // What a stroke will change is kept from here on, until `end`.
  begin() { this.before = null; this.touched = null; }

  // The rows and columns that are about to change.
  touch(left, top, right, bottom) {
    left = Math.max(0, left); top = Math.max(0, top); right = Math.min(this.width, right); bottom = Math.min(this.height, bottom);
    if (left >= right || top >= bottom) return;
    const old = this.touched;
    const box = old ? { left: Math.min(left, old.left), top: Math.min(top, old.top), right: Math.max(right, old.right), bottom: Math.max(bottom, old.bottom) } : { left, top, right, bottom };
    if (!old || box.left < old.left || box.top < old.top || box.right > old.right || box.bottom > old.bottom) {
      const wider = this.cut(box);
      if (old) paste(wider, box, this.before, old);
      this.before = wider;
      this.touched = box;
    }
  }

  // Returns whether anything was changed.
  end() {
    const { touched, before } = this;
    this.touched = this.before = null;
    if (!touched) return false;
    const after = this.cut(touched);
    if (after.every((value, place) => value === before[place])) return false;
    this.done.push({ box: touched, pixels: before });
    this.bytes += before.length;
    this.undone = [];
    while (this.bytes > undoBytesMax && this.done.length > 1) this.bytes -= this.done.shift().pixels.length;
    return true;
  }

  undo() { return this.swap(this.done, this.undone); }
  redo() { return this.swap(this.undone, this.done); }

  swap(from, to) {
    const step = from.pop();
    if (!step) return false;
    to.push({ box: step.box, pixels: this.cut(step.box) });
    this.put(step.box, step.pixels);
    return true;
  }

  cut({ left, top, right, bottom }) {
    const wide = right - left, out = new Uint8Array(wide * (bottom - top));
    for (let y = top; y < bottom; y++) out.set(this.pixels.subarray(y * this.width + left, y * this.width + right), (y - top) * wide);
    return out;
  }

  put(box, pixels) {
    const wide = box.right - box.left;
    for (let y = box.top; y < box.bottom; y++) this.pixels.set(pixels.subarray((y - box.top) * wide, (y - box.top + 1) * wide), y * this.width + box.left);
    this.show(box);
  }

  // Shows the pixels of a box in their colours.
  show(box = { left: 0, top: 0, right: this.width, bottom: this.height }) {
    const strip = 512;
    for (let top = box.top; top < box.bottom; top += strip) {
      const bottom = Math.min(box.bottom, top + strip), wide = box.right - box.left;
      if (wide <= 0) return;
      const image = new ImageData(wide, bottom - top), out = new Uint32Array(image.data.buffer);
      const table = this.colors.map(([r, g, b, a]) => (a << 24 | b << 16 | g << 8 | r) >>> 0);
      for (let y = top; y < bottom; y++) {
        for (let x = 0; x < wide; x++) {
          const value = this.pixels[y * this.width + box.left + x];
          if (value) out[(y - top) * wide + x] = table[value];
        }
      }
      this.pen.putImageData(image, box.left, top);
    }
  }

  // A round dab from one place to another.
  line(from, to, radius, value) {
    const box = { left: Math.floor(Math.min(from.x, to.x) - radius), top: Math.floor(Math.min(from.y, to.y) - radius), right: Math.ceil(Math.max(from.x, to.x) + radius) + 1, bottom: Math.ceil(Math.max(from.y, to.y) + radius) + 1 };
    this.touch(box.left, box.top, box.right, box.bottom);
    const left = Math.max(0, box.left), top = Math.max(0, box.top), right = Math.min(this.width, box.right), bottom = Math.min(this.height, box.bottom);
    const dx = to.x - from.x, dy = to.y - from.y, length = dx * dx + dy * dy || 1, reach = Math.max(0.25, radius * radius);
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const u = x + 0.5 - from.x, v = y + 0.5 - from.y, part = Math.max(0, Math.min(1, (u * dx + v * dy) / length));
        const a = u - part * dx, b = v - part * dy;
        if (a * a + b * b <= reach) this.pixels[y * this.width + x] = value;
      }
    }
    if (right > left && bottom > top) this.show({ left, top, right, bottom });
  }

  polygon(points, value) {
    const xs = points.map(point => point.x), ys = points.map(point => point.y);
    const left = Math.max(0, Math.floor(Math.min(...xs))), right = Math.min(this.width, Math.ceil(Math.max(...xs)) + 1);
    const top = Math.max(0, Math.floor(Math.min(...ys))), bottom = Math.min(this.height, Math.ceil(Math.max(...ys)) + 1);
    if (left >= right || top >= bottom) return;
    this.touch(left, top, right, bottom);
    for (let y = top; y < bottom; y++) {
      const crossings = [];
      points.forEach((a, index) => {
        const b = points[(index + 1) % points.length], middle = y + 0.5;
        if (a.y <= middle !== b.y <= middle) crossings.push(a.x + (middle - a.y) / (b.y - a.y) * (b.x - a.x));
      });
      crossings.sort((a, b) => a - b);
      for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
        this.pixels.fill(value, y * this.width + Math.max(left, Math.round(crossings[pair])), y * this.width + Math.min(right, Math.max(left, Math.round(crossings[pair + 1]))));
      }
    }
    this.show({ left, top, right, bottom });
  }

  // Gives what is connected with a place and has its value another one.
  fill(at, value) {
    const { width, height, pixels } = this, x = Math.floor(at.x), y = Math.floor(at.y);
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const old = pixels[y * width + x];
    if (old === value) return;
    this.touch(0, 0, width, height);
    const rows = [[x, y]];
    while (rows.length) {
      let [u, v] = rows.pop();
      if (pixels[v * width + u] !== old) continue;
      while (u > 0 && pixels[v * width + u - 1] === old) u--;
      let above = false, below = false;
      for (; u < width && pixels[v * width + u] === old; u++) {
        pixels[v * width + u] = value;
        const up = v > 0 && pixels[(v - 1) * width + u] === old, down = v + 1 < height && pixels[(v + 1) * width + u] === old;
        if (up && !above) rows.push([u, v - 1]);
        if (down && !below) rows.push([u, v + 1]);
        above = up; below = down;
      }
    }
    this.show();
  }

  // Takes a region in, given as a smaller picture over a box of the image.
  stamp(shape, wide, high, box, value) {
    const left = Math.max(0, Math.floor(box.left)), top = Math.max(0, Math.floor(box.top));
    const right = Math.min(this.width, Math.ceil(box.right)), bottom = Math.min(this.height, Math.ceil(box.bottom));
    this.touch(left, top, right, bottom);
    const across = wide / (box.right - box.left), down = high / (box.bottom - box.top);
    // Between the small picture's pixels the border runs straight.
    const steps = (from, to, start, scale, most) => Array.from({ length: to - from }, (_, index) => {
      const at = Math.min(most - 1, Math.max(0, (from + index + 0.5 - start) * scale - 0.5)), low = Math.floor(at);
      return [low, Math.min(most - 1, low + 1), at - low];
    });
    const columns = steps(left, right, box.left, across, wide), rows = steps(top, bottom, box.top, down, high);
    rows.forEach(([above, below, v], row) => columns.forEach(([before, after, u], column) => {
      const upper = shape[above * wide + before] * (1 - u) + shape[above * wide + after] * u;
      const lower = shape[below * wide + before] * (1 - u) + shape[below * wide + after] * u;
      if (upper * (1 - v) + lower * v > 0.5) this.pixels[(top + row) * this.width + left + column] = value;
    }));
    this.show({ left, top, right, bottom });
  }

  // Which classes it shows.
  used() {
    const seen = new Uint8Array(256);
    for (let place = 0; place < this.pixels.length; place++) seen[this.pixels[place]] = 1;
    return seen;
  }

  // A palette PNG. palette: [[red, green, blue]], the background first.
  png(palette) { return deflated(this.pixels, this.width, this.height, palette); }
}

function paste(target, box, source, inner) {
  const wide = box.right - box.left, narrow = inner.right - inner.left;
  for (let y = inner.top; y < inner.bottom; y++) {
    target.set(source.subarray((y - inner.top) * narrow, (y - inner.top + 1) * narrow), (y - box.top) * wide + inner.left - box.left);
  }
}
