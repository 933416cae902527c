// Opens the pictures that two models judge differently.
import { open } from "./viewer.js";

const place = document.getElementById("compare");
for (const list of place?.querySelectorAll("[data-tiles]") ?? []) {
  const tiles = [...list.querySelectorAll("button")];
  tiles.forEach((tile, index) => tile.addEventListener("click", () =>
    open(tiles.map(one => ({ source: one.dataset.source, anomalous: one.dataset.anomalous === "anomaly" })), index, place.dataset)));
}
