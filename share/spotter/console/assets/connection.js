// Says when the server cannot be reached, so that nobody takes an old state for the present one, and
// when the session has ended.
const banner = document.getElementById("connection"), end = document.getElementById("session-over");

// Returns what it says.
export function lost() {
  if (banner) banner.hidden = false;
  return banner?.textContent;
}

export function found() { if (banner) banner.hidden = true; }

export function over(isOver) { if (end) end.hidden = !isOver; }
