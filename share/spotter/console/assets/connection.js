// Says when the server cannot be reached, so that nobody takes an old state for the present one.
const banner = document.getElementById("connection");

// Returns what it says.
export function lost() {
  if (banner) banner.hidden = false;
  return banner?.textContent;
}

export function found() { if (banner) banner.hidden = true; }
