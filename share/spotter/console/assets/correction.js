// What a further click changes in a region: the part around it that is missing or too much, and
// nothing elsewhere. Who clicks in the middle of what is wrong says how wide it is. No page and no
// server.
import { around, connected, depths, distance } from "./fields.js";
import { certain, settle } from "./alike.js";

// How much wider than at the click a part may be elsewhere.
const slack = 1.1;
// What is less likely than this is no part of a change, unless the wheel asks for it.
const leastLikely = 0.3;
// How many half-widths of the part it may reach away from the region and from the click.
const band = 2.2;
// A change holds to what is likely more than a whole region does: its borders are known on one side.
const hold = 0.5;
// Half-widths up to which a missing part is taken to touch the region, in pixels.
const touching = 6;
// Where the part that is likely by itself is narrower than this share of what a click says, it is believed.
const narrower = 0.6;

// How far a place is from the border of a shape.
function reach(shape, { width, height }, click) {
  const value = shape[click.y * width + click.x], far = distance(click, width);
  let least = Math.min(width, height);
  for (let place = 0; place < shape.length; place++) {
    if (shape[place] !== value) least = Math.min(least, far(place));
  }
  return least;
}

// Whether a place is for certain what a click says, by the half-width it stands for.
export function covers(click, width) {
  const far = distance(click, width), radius = Math.max(1.5, 0.8 * click.radius);
  return place => far(place) < radius;
}

// shape: the region as it is, which the click finds wrong. inside, outside: the clicks before it.
// likely: gives how likely each pixel is in the region by clicks on both sides. Returns the click with
// the half-width it stands for, the changed region's `shape(step)` and the `best` step.
export function correction(shape, view, click, inside, outside, likely) {
  const { width, height } = view, { isOutside } = click, middle = click.y * width + click.x;
  let radius = reach(shape, view, click);
  if (!isOutside && radius > touching) {
    // A missing part beside the region says nothing of the way between both.
    const alone = likely([...inside, { ...click, radius: 0 }], outside);
    const level = connected([click], width, shape.length, place => !shape[place] && alone[place] > 0.5);
    const part = level.map(value => value ? 0 : 1), own = reach(part, view, click);
    const touches = part.some((value, place) => value && around(place, width, part.length).some(next => next >= 0 && shape[next]));
    if (own < radius && !touches) return change(shape, view, click, own, alone, place => !shape[place], (part, least) => least > 0.5);
    if (own < narrower * radius) radius = Math.max(1, own);
  }
  const own = { ...click, radius }, all = isOutside ? [inside, [...outside, own]] : [[...inside, own], outside], found = likely(...all);
  const side = shape.map(value => isOutside ? value : 1 - value), depth = depths(side, width, height);
  const isClicked = covers(own, width), known = new Int8Array(shape.length), from = distance(click, width), far = band * radius + 1;
  const against = certain(isOutside ? inside : outside, [], view);
  // The change grows from the region's border and from the click.
  for (let place = 0; place < known.length; place++) {
    if (isClicked(place)) known[place] = 1;
    else if (against[place]) known[place] = -1;
    else if (!side[place]) known[place] = 1;
    else if (depth[place] > far && from(place) > far) known[place] = -1;
  }
  const field = settle(found.map(value => isOutside ? 1 - value : value), known, view, 16, hold);
  const widest = slack * Math.max(radius, 1.5) + 0.5;
  return change(shape, view, click, radius, field, place => place === middle || side[place] && known[place] >= 0,
    (part, least) => least >= leastLikely && depths(part, width, height).every(value => value <= widest));
}

// The changes for all steps: what is connected with the click through pixels of a rank or above.
// isGood: whether a part, and the least value in it, may be a change; the largest such part is the best.
function change(shape, view, click, radius, field, can, isGood) {
  const { width } = view, { isOutside } = click, count = shape.length, reachMax = 12 * radius + 10, isClicked = covers({ ...click, radius }, width), far = distance(click, width);
  const values = field.filter((_, place) => can(place) && far(place) < reachMax).sort().reverse();
  const least = rank => values[Math.min(values.length - 1, Math.floor(values.length * (rank / 254) ** 2))] ?? 1;
  const part = rank => connected([click], width, count, place => can(place) && (field[place] >= least(rank) || isClicked(place))).map(value => value ? 0 : 1);
  let low = 0, high = 254;
  // Parts only grow with their rank.
  while (low < high) {
    const rank = (low + high + 1) >> 1;
    if (isGood(part(rank), least(rank))) low = rank; else high = rank - 1;
  }
  return {
    click: { ...click, radius }, best: isOutside ? 255 - low : low,
    shape: step => {
      const changed = part(isOutside ? 255 - step : step);
      return shape.map((value, place) => changed[place] ? 1 - value : value);
    },
  };
}
