// Keeps server-rendered markup in step with the data: the markup says with data-* what it shows, rows are
// cloned from the <template> beside them, so there is one source of HTML. Text is only ever set as text.

import * as format from "./format.js";

const REDUCED = matchMedia("(prefers-reduced-motion: reduce)");

// Values that run on between two updates, in seconds per second.
const RUNNING = { age: 1, since: 1, left: -1 };

export class Page {
  constructor(root, hooks = {}) {
    this.root = root;
    this.hooks = hooks;
    this.data = {};
    this.received = 0;
    setInterval(() => this.tick(), 1000);
  }

  // Shows the given sections; the others stay as they are.
  apply(sections, { quiet = false } = {}) {
    this.data = { ...this.data, ...sections };
    this.changed = sections;
    this.quiet = quiet;
    this.now = performance.now();
    if (sections.as_of) this.received = this.now;
    this.walk(this.root, this.data, true);
  }

  walk(element, scope, top) {
    if (element.tagName === "TEMPLATE" || element.tagName === "SCRIPT") return;
    this.bind(element, scope);
    const name = element.dataset.list;
    if (name !== undefined) {
      if (!top || name in this.changed) this.list(element, read(scope, name) ?? []);
      return;
    }
    for (const child of element.children) this.walk(child, scope, top);
  }

  bind(element, scope) {
    for (const [name, path] of Object.entries(element.dataset)) {
      BINDERS[name]?.call(this, element, path, scope);
    }
  }

  list(container, items) {
    const template = container.querySelector(":scope > template");
    const rows = [...container.children].filter((child) => child !== template);
    const keyed = container.dataset.key;
    const adopted = distinct(rows.map((row, index) => row.dataset.row ?? adopt(row, keyed, index)));
    const known = new Map(rows.map((row, index) => [adopted[index], row]));
    const keys = distinct(items.map((item, index) => String(keyed ? item[keyed] : index)));
    let last = template;
    items.forEach((item, index) => {
      const key = keys[index];
      const row = known.get(key) ?? template.content.firstElementChild.cloneNode(true);
      const fresh = !known.delete(key);
      row.dataset.row = key;
      if (last.nextElementSibling !== row) last.after(row);
      const { quiet } = this;
      this.quiet = quiet || fresh;
      this.walk(row, item, false);
      this.quiet = quiet;
      if (fresh && !quiet) glow(row);
      last = row;
    });
    known.forEach((row) => row.remove());
  }

  set(element, text) {
    if (element.textContent === text) return;
    element.textContent = text;
    if ("glow" in element.dataset && !this.quiet) glow(element);
  }

  tick() {
    for (const element of this.root.querySelectorAll("[data-as]")) {
      const speed = RUNNING[element.dataset.as];
      if (speed && element.running) element.textContent = format.shortTime(running(element, speed));
    }
  }

  // Seconds between an instant of the data and the data's own now.
  since(iso) {
    const elapsed = (this.now - this.received) / 1000;
    return Math.max((Date.parse(this.data.as_of) - Date.parse(iso)) / 1000 + elapsed, 0);
  }
}

// The key of a row that the server rendered: the text it shows for it, else its place.
function adopt(row, keyed, index) {
  const shown = keyed && row.querySelector(`[data-text="${keyed}"]`);
  return shown ? shown.textContent : String(index);
}

// One order can move twice: the second row of a key gets a key of its own.
function distinct(keys) {
  const times = new Map();
  return keys.map((key) => {
    const time = (times.get(key) ?? 0) + 1;
    times.set(key, time);
    return time > 1 ? `${key} ${time}` : key;
  });
}

function running(element, speed) {
  const { seconds, from } = element.running;
  return seconds + (speed * (performance.now() - from)) / 1000;
}

function read(scope, path) {
  return path.split(".").reduce((value, key) => value?.[key], scope);
}

function isTrue(scope, path) {
  if (path.startsWith("!")) return !isTrue(scope, path.slice(1));
  const value = read(scope, path);
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function assign(element, attribute, value) {
  if (value === null || value === undefined || value === "") element.removeAttribute(attribute);
  else if (element.getAttribute(attribute) !== String(value)) element.setAttribute(attribute, value);
}

export function glow(element) {
  if (REDUCED.matches) return;
  element.classList.remove("glow");
  requestAnimationFrame(() => element.classList.add("glow"));
  element.addEventListener("animationend", () => element.classList.remove("glow"), { once: true });
}

const AS = {
  count: format.count,
  percent: format.percent,
  time_of_day: format.timeOfDay,
  length: (rows) => format.count(rows.length),
  parcels: (rows) => format.count(format.total(rows, "parcels")),
};

const BINDERS = {
  text(element, path, scope) {
    const value = read(scope, path), as = element.dataset.as;
    if (as in RUNNING) {
      const seconds = as === "since" ? this.since(value) : value;
      element.running = seconds === null || seconds === undefined ? null : { seconds, from: this.now };
      this.set(element, format.shortTime(seconds));
      return;
    }
    this.set(element, String((as ? AS[as](value) : value) ?? ""));
  },
  tone(element, path, scope) {
    const tone = read(scope, path);
    for (const name of [...element.classList]) if (name.startsWith("tone-") && name !== `tone-${tone}`) element.classList.remove(name);
    if (tone) element.classList.add(`tone-${tone}`);
  },
  link(element, path, scope) { assign(element, "href", read(scope, path)); },
  if(element, path, scope) { element.hidden = !isTrue(scope, path); },
  flag(element, path, scope) { element.classList.toggle(path, Boolean(read(scope, path))); },
  width(element, path, scope) { element.style.width = format.width(read(scope, path) ?? 0); },
  line(element, path, scope) { assign(element, "points", format.sparkLine(read(scope, path))); },
  area(element, path, scope) { assign(element, "points", format.sparkArea(read(scope, path))); },
  step(element, path, scope) {
    element.dataset.state = format.stepState(read(scope, path));
    assign(element, "aria-current", element.dataset.state === "now" ? "step" : null);
  },
  map(element, _path, scope) { this.hooks.map?.(element, scope, this.changed); },
};
