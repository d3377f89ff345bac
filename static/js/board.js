// The operations board: keeps every figure, row and the map live; can be paused.

import { Page } from "./bind.js";
import { Live, showState } from "./live.js";
import { NetworkMap } from "./map.js";

const ANNOUNCE_MS = 20000;

const main = document.getElementById("main");
const announcer = main.querySelector("[data-announce]");
const network = new NetworkMap(main.querySelector("[data-map]"));
const page = new Page(main, {
  map: (_host, data, changed) => ("nodes" in changed || "lanes" in changed) && network.show(data.nodes, data.lanes),
});
const known = new Set();
let announced = 0;

function announce({ decisions = [] }) {
  const fresh = decisions.filter((row) => !known.has(row.number));
  fresh.forEach((row) => known.add(row.number));
  if (!fresh.length || Date.now() - announced < ANNOUNCE_MS) return;
  announced = Date.now();
  announcer.textContent = `${announcer.dataset.one} ${fresh[0].kind_label}, ${fresh[0].why}`;
}

const first = JSON.parse(document.getElementById("page-data").textContent);
first.decisions.forEach((row) => known.add(row.number));
page.apply(first, { quiet: true });

const live = new Live({
  onData(sections) {
    page.apply(sections);
    announce(sections);
  },
  onState: (state) => showState(main.querySelector("[data-live]"), state),
});
live.start();

const pause = main.querySelector("[data-pause]");
pause.hidden = false;
pause.addEventListener("click", () => {
  const isPaused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(isPaused));
  live.pause(isPaused);
});
