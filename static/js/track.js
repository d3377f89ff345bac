// The tracking page: promise, steps, maps and events follow the parcel without a reload.

import { Page } from "./bind.js";
import { Live, showState } from "./live.js";
import { RouteMap } from "./map.js";

const main = document.getElementById("main");
const announcer = main.querySelector("[data-announce]");
const maps = new WeakMap();

const page = new Page(main, {
  map(host, parcel) {
    if (!parcel.points.length) return;
    if (!maps.has(host)) maps.set(host, new RouteMap(host));
    maps.get(host).show(parcel);
  },
});

function sentence({ headline, parcels }) {
  return [headline, ...parcels.map((parcel) => parcel.last_seen)].join(". ");
}

page.apply(JSON.parse(document.getElementById("page-data").textContent), { quiet: true });
let said = sentence(page.data);

const live = new Live({
  onData(sections) {
    page.apply(sections);
    document.title = `${page.data.headline} · ${page.data.brand}`;
    const now = sentence(page.data);
    if (now !== said) announcer.textContent = now;
    said = now;
  },
  onState: (state) => showState(main.querySelector("[data-live]"), state),
});
live.start();
