// Reads zips in the browser, member by member: nothing of a zip but its pictures leaves it.
const endBytes = 22, endSearchMax = endBytes + 0xffff, directoryBytesMax = 64 << 20, membersMax = 100000;

async function view(file, start, end) { return new DataView(await file.slice(start, end).arrayBuffer()); }

// What is wrong with a member's name; null for nothing.
function wrongName(path, words) {
  if (path.startsWith("/") || path.includes("\\") || /^[a-z]:/i.test(path) || path.includes("\0")) return words.zipPath;
  return path.split("/").includes("..") ? words.zipPath : null;
}

// memberBytesMax: members that say they are larger, or turn out to be, are refused.
// Returns { members: [{ path, size, read }], refused: [{ path, reason }] }. Throws for what is no zip.
export async function openZip(file, memberBytesMax, words) {
  const tail = await view(file, Math.max(0, file.size - endSearchMax), file.size);
  let at = tail.byteLength - endBytes;
  while (at >= 0 && tail.getUint32(at, true) !== 0x06054b50) at--;
  if (at < 0) throw new Error(words.zipBroken);
  let count = tail.getUint16(at + 10, true), size = tail.getUint32(at + 12, true), start = tail.getUint32(at + 16, true);
  const ending = file.size - tail.byteLength + at;
  if (start === 0xffffffff || count === 0xffff || size === 0xffffffff) {
    const locator = await view(file, Math.max(0, ending - 20), ending);
    if (locator.byteLength === 20 && locator.getUint32(0, true) === 0x07064b50) {
      const place = Number(locator.getBigUint64(8, true)), wide = await view(file, place, place + 56);
      if (wide.byteLength < 56 || wide.getUint32(0, true) !== 0x06064b50) throw new Error(words.zipBroken);
      count = Number(wide.getBigUint64(32, true)); size = Number(wide.getBigUint64(40, true)); start = Number(wide.getBigUint64(48, true));
    }
  }
  if (start + size > file.size) throw new Error(words.zipBroken);
  if (size > directoryBytesMax || count > membersMax) throw new Error(words.zipMany);
  const list = await view(file, start, start + size), members = [], refused = [];
  for (let number = 0, place = 0; number < count; number++) {
    if (place + 46 > list.byteLength || list.getUint32(place, true) !== 0x02014b50) throw new Error(words.zipBroken);
    const flags = list.getUint16(place + 8, true), method = list.getUint16(place + 10, true), mode = list.getUint16(place + 40, true);
    let packed = list.getUint32(place + 20, true), full = list.getUint32(place + 24, true), offset = list.getUint32(place + 42, true);
    const nameBytes = list.getUint16(place + 28, true), extraBytes = list.getUint16(place + 30, true), noteBytes = list.getUint16(place + 32, true);
    if (place + 46 + nameBytes + extraBytes + noteBytes > list.byteLength) throw new Error(words.zipBroken);
    const path = new TextDecoder().decode(new Uint8Array(list.buffer, place + 46, nameBytes));
    // Sizes that need more than 32 bits stand in an extra field, in this order.
    for (let extra = place + 46 + nameBytes, last = extra + extraBytes; extra + 4 <= last;) {
      const kind = list.getUint16(extra, true), bytes = list.getUint16(extra + 2, true);
      let value = extra + 4;
      const next = () => { const number = value + 8 <= last ? Number(list.getBigUint64(value, true)) : 0; value += 8; return number; };
      if (kind === 1) {
        if (full === 0xffffffff) full = next();
        if (packed === 0xffffffff) packed = next();
        if (offset === 0xffffffff) offset = next();
      }
      extra += 4 + bytes;
    }
    place += 46 + nameBytes + extraBytes + noteBytes;
    if (path.endsWith("/")) continue;
    const isLink = (mode & 0xf000) === 0xa000;
    const reason = wrongName(path, words) ?? (flags & 1 ? words.zipLocked : isLink ? words.zipPath
      : method !== 0 && method !== 8 ? words.zipMethod : full > memberBytesMax || packed > memberBytesMax ? words.zipLarge : null);
    if (reason) refused.push({ path, reason });
    else members.push({ path, size: full, read: () => read(file, { packed, full, offset, method }, words) });
  }
  return { members, refused };
}

// The bytes of a member. One that becomes larger than it says stops there.
async function read(file, { packed, full, offset, method }, words) {
  const head = await view(file, offset, offset + 30);
  if (head.byteLength < 30 || head.getUint32(0, true) !== 0x04034b50) throw new Error(words.zipBroken);
  const start = offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  if (start + packed > file.size) throw new Error(words.zipBroken);
  const part = file.slice(start, start + packed);
  if (method === 0) {
    if (packed !== full) throw new Error(words.zipBroken);
    return part;
  }
  const reader = part.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader(), pieces = [];
  let bytes = 0;
  for (;;) {
    let piece;
    try { piece = await reader.read(); } catch { throw new Error(words.zipBroken); }
    if (piece.done) break;
    bytes += piece.value.length;
    if (bytes > full) { await reader.cancel(); throw new Error(words.zipLarge); }
    pieces.push(piece.value);
  }
  if (bytes !== full) throw new Error(words.zipBroken);
  return new Blob(pieces);
}
