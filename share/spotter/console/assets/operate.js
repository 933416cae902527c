// Keeps the page of an installation true: jobs, workers and health are asked for again and again.
import { byItself, pause } from "./calls.js";
import { found, lost } from "./connection.js";
import { patch } from "./place.js";

async function follow() {
  for (;;) {
    await pause(3000);
    if (document.hidden) continue;
    try {
      const response = await fetch(location.href, { headers: byItself });
      found();
      if (response.redirected) { location.href = response.url; return; }
      // A server that answers with an error shows no figures; those on the page are not the present ones.
      if (!response.ok) { lost(); continue; }
      // The server's own page, which its templates have made.
      const next = new DOMParser().parseFromString(await response.text(), "text/html");
      patch(document.querySelector("main"), next.querySelector("main"));
    } catch { lost(); }
  }
}
follow();
