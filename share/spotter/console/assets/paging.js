// Turns the pages of a gallery without leaving it. The next page and the thumbnails that it shows
// first are fetched while people look at this one, so that no tile is blank when it comes.
import { byItself, pause } from "./calls.js";

const patience = 150, keptMax = 4;
const list = document.getElementById("gallery"), more = document.getElementById("more");
const back = document.getElementById("back");
const place = () => location.pathname + location.search;

// Whether a page was turned to get here: only then is what lies before it in the browser's history a
// page of the gallery.
export const isTurned = () => history.state?.isTurned === true;
const mark = () => { back.hidden = !isTurned(); };

// How many tiles the view has now, and how many fill it if the list begins at its top, with a row more.
function counts() {
  const tiles = [...list.children], top = tiles[0]?.offsetTop;
  const columns = tiles.filter(tile => tile.offsetTop === top).length || 1;
  const height = tiles[0]?.offsetHeight || 150;
  const shown = tiles.filter(tile => {
    const box = tile.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  }).length;
  return { shown: Math.max(shown, columns), full: columns * (Math.ceil(innerHeight / height) + 1) };
}

// Detached pictures are loaded once their source is set by a script.
function load(tiles, priority) {
  const pictures = tiles.map(tile => tile.querySelector("img"));
  for (const picture of pictures) Object.assign(picture, { fetchPriority: priority, loading: "eager", src: picture.getAttribute("src") });
  return Promise.all(pictures.map(picture => picture.decode().catch(() => {})));
}

async function read(address) {
  const response = await fetch(address, { headers: { accept: "text/html", ...byItself } });
  if (!response.ok || response.redirected) throw new Error(String(response.status));
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (page.getElementById("labels").dataset.growing) throw new Error("growing");
  const tiles = [...page.getElementById("gallery").children].map(tile => document.adoptNode(tile));
  // What is seen first is asked for first, before what this page shows to those who scroll.
  const { shown, full } = counts(), decoded = load(tiles.slice(0, shown), "high");
  decoded.then(() => load(tiles.slice(shown, full), "low"));
  return { tiles, decoded, next: [...page.getElementById("more").childNodes].map(node => document.adoptNode(node)) };
}

export class Paging {
  // `turned` is called when another page is shown.
  constructor(turned) {
    Object.assign(this, { turned, pages: new Map(), here: place(), isTurning: false });
    more.addEventListener("click", event => {
      if (!event.target.closest("a") || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      this.forward();
    });
    mark();
    addEventListener("popstate", () => { if (place() !== this.here) this.show(place()); });
    if (document.readyState === "complete") this.lookAhead(); else addEventListener("load", () => this.lookAhead());
  }

  get next() { const link = more.querySelector("a"); return link && link.pathname + link.search; }

  // What was fetched ahead may not be so any longer.
  forget() { this.pages.clear(); }

  lookAhead() { if (this.next && !this.isTurning) this.fetch(this.next).catch(() => {}); }

  fetch(address) {
    let page = this.pages.get(address);
    if (!page) {
      page = read(address);
      this.keep(address, page);
      page.catch(() => this.pages.delete(address));
    }
    return page;
  }

  keep(address, page) {
    this.pages.delete(address);
    this.pages.set(address, page);
    while (this.pages.size > keptMax) this.pages.delete(this.pages.keys().next().value);
  }

  async forward() {
    const { next } = this;
    if (next) await this.show(next, () => history.pushState({ isTurned: true }, "", next));
  }

  async show(address, record) {
    if (this.isTurning) return;
    this.isTurning = true;
    try {
      const page = await this.fetch(address);
      await Promise.race([page.decoded, pause(patience)]);
      const left = { tiles: [...list.children], next: [...more.childNodes], decoded: Promise.resolve() };
      record?.();
      list.replaceChildren(...page.tiles);
      more.replaceChildren(...page.next);
      this.keep(this.here, Promise.resolve(left));
      this.pages.delete(address);
      this.here = address;
      mark();
      this.turned();
    } catch { location.href = address; } finally { this.isTurning = false; }
    this.lookAhead();
  }
}
