// Asks on every page whether the server is there and the session open, but for those that follow
// what happens anyway.
import { isThere, pause } from "./calls.js";

async function follow() {
  for (;;) {
    await pause(5000);
    if (!document.hidden) await isThere();
  }
}
if (document.body.dataset.formToken && !document.querySelector("#watch, [data-follows]")) follow();
