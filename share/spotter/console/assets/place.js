// Where a person is on a page: the focus and what is unfolded, kept while the page changes.
const key = `spotter-place ${location.pathname}`;
const focusable = () => [...document.querySelectorAll("main a[href], main button, main summary, main input, main select, main textarea, main [tabindex]")];
const name = element => `${element.tagName} ${element.id} ${element.name ?? ""} ${element.getAttribute("href") ?? ""} ${element.textContent.trim().slice(0, 60)}`;

// Loads the page again, and lets `restore` find the place.
export function reload(isByItself = true) {
  const active = document.activeElement;
  sessionStorage.setItem(key, JSON.stringify({
    focus: active && active !== document.body ? name(active) : null, at: focusable().indexOf(active),
    open: [...document.querySelectorAll("main details[open] > summary")].map(name),
  }));
  // Loaded by a script: neither the page nor what it fetches counts as somebody's use of the session.
  if (isByItself) document.cookie = "spotter-background=1; path=/console; max-age=5; samesite=strict";
  location.reload();
}

// Takes up the place that `reload` left.
export function restore() {
  const kept = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  if (!kept) return;
  const { focus, at, open } = JSON.parse(kept);
  for (const summary of document.querySelectorAll("main details > summary")) if (open.includes(name(summary))) summary.parentNode.open = true;
  if (focus === null) return;
  // What is not there any longer has its place taken by what stands there now.
  const all = focusable();
  (all.find(element => name(element) === focus) ?? all[Math.min(at, all.length - 1)])?.focus({ preventScroll: true });
}

// Makes a part of the page as another is, and touches only what differs: focus, selection, scrolling
// and what is unfolded stay.
export function patch(old, next) {
  if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName || old.id !== next.id) { old.replaceWith(next.cloneNode(true)); return; }
  if (old.nodeType !== Node.ELEMENT_NODE) { if (old.data !== next.data) old.data = next.data; return; }
  for (const { name } of [...old.attributes]) if (name !== "open" && !next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  const others = [...next.childNodes];
  [...old.childNodes].forEach((child, index) => { if (others[index]) patch(child, others[index]); else child.remove(); });
  for (const other of others.slice(old.childNodes.length)) old.append(other.cloneNode(true));
}
