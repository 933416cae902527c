// Goes on with the deletion of a project until nothing of it is left.
import { byItself, pause, post } from "./calls.js";

const place = document.querySelector("[data-going]");

async function go() {
  for (;;) {
    await pause(700);
    try {
      const { left } = await post(place.dataset.going, new URLSearchParams({ confirm: place.dataset.name }), "application/x-www-form-urlencoded", byItself);
      if (!left) break;
      place.textContent = `${place.dataset.left} ${left}`;
    } catch (error) {
      // It is gone, by this page or by another.
      if (error.status === 404) break;
      place.textContent = error.message;
      if (error.status === 403) return;
    }
  }
  location.href = "/console/projects";
}
if (place) go();
