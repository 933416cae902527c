// Says when the server cannot be reached, so that nobody takes an old state for the present one.
const banner = document.getElementById("connection");

export function lost() { if (banner) banner.hidden = false; }

export function found() { if (banner) banner.hidden = true; }
