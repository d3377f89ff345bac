// Drawn maps in SVG: the network with its lanes, and the route of one parcel. Labels never overlap: the
// important ones are placed first, the rest stay away. The page says the same in words.

import { count, percent } from "./format.js";
import { glow } from "./bind.js";

const { d3, topojson } = window;
const MOST_LANES = 120, MANY_NODES = 40, LABEL_HEIGHT = 16, WEIGHTS = { bad: 3, warn: 2, hold: 1 };
const FAR_STATES = new Set(["02", "15"]), TERRITORY = 57;
const atlases = new Map();
const pen = document.createElement("canvas").getContext("2d");

function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// A map that cannot be loaded stays away until the next update; the page says the same in words.
function atlas(url) {
  const forget = () => void atlases.delete(url);
  if (!atlases.has(url)) atlases.set(url, fetch(url).then((answer) => answer.json()).catch(forget));
  return atlases.get(url);
}

const at = (item) => [item.lon, item.lat];
const isMainland = ([lon, lat]) => lon > -126 && lon < -66 && lat > 24 && lat < 50;

// The points and, when they lie close together, some ground around them.
function ground(points, least) {
  const [west, east] = d3.extent(points, (point) => point[0]);
  const [south, north] = d3.extent(points, (point) => point[1]);
  const dx = Math.max(0, least - (east - west)) / 2, dy = Math.max(0, least * 0.6 - (north - south)) / 2;
  return {
    type: "MultiPoint",
    coordinates: [...points, [west - dx, Math.max(south - dy, -75)], [east + dx, Math.min(north + dy, 80)]],
  };
}

function unitedStates(topology, { isWhole }) {
  const wanted = (state) => Number(state.id) < TERRITORY && (isWhole || !FAR_STATES.has(state.id));
  const geometries = topology.objects.states.geometries.filter(wanted);
  const collection = { type: "GeometryCollection", geometries };
  return {
    shape: topojson.merge(topology, geometries),
    borders: topojson.mesh(topology, collection, (one, other) => one !== other),
  };
}

function world(topology) {
  return {
    shape: topojson.feature(topology, topology.objects.land),
    borders: topojson.mesh(topology, topology.objects.countries, (one, other) => one !== other),
  };
}

// Places labels one after the other where nothing stands yet.
class Labels {
  constructor(width, height, font) {
    this.width = width;
    this.height = height;
    this.taken = [];
    pen.font = font;
  }

  block(x, y, radius) {
    this.taken.push([x - radius, y - radius, x + radius, y + radius]);
  }

  // Keeps labels off a line that is drawn from spot to spot.
  blockLine(from, to, radius) {
    const steps = Math.max(Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / (2 * radius)), 1);
    for (let step = 0; step <= steps; step++) {
      this.block(from[0] + ((to[0] - from[0]) * step) / steps, from[1] + ((to[1] - from[1]) * step) / steps, radius);
    }
  }

  place(text, x, y, radius) {
    const length = pen.measureText(text).width + 4, gap = radius + 6, half = LABEL_HEIGHT / 2;
    const spots = [
      [x + gap, y, "start"], [x - gap, y, "end"], [x, y + gap + half - 2, "middle"], [x, y - gap - half + 2, "middle"],
      [x + gap * 0.7, y - gap * 0.9, "start"], [x + gap * 0.7, y + gap * 0.9, "start"],
      [x - gap * 0.7, y - gap * 0.9, "end"], [x - gap * 0.7, y + gap * 0.9, "end"],
    ];
    for (const [left, middle, anchor] of spots) {
      const from = left - { start: 0, middle: length / 2, end: length }[anchor];
      const box = [from, middle - half, from + length, middle + half];
      if (!this.isFree(box)) continue;
      this.taken.push(box);
      return svg("text", { class: "label", x: left.toFixed(1), y: (middle + 4.5).toFixed(1), "text-anchor": anchor }, text);
    }
    return null;
  }

  isFree([x0, y0, x1, y1]) {
    if (x0 < 4 || y0 < 2 || x1 > this.width - 4 || y1 > this.height - 2) return false;
    return this.taken.every(([a, b, c, d]) => x1 < a || x0 > c || y1 < b || y0 > d);
  }
}

class Drawing {
  constructor(host) {
    this.host = host;
    this.land = svg("g", { class: "land" });
    this.over = svg("g");
    this.root = svg("svg", { focusable: "false" }, this.land, this.over);
    new ResizeObserver(() => this.draw()).observe(host);
  }

  async base(isUs, isWhole) {
    const topology = await atlas(isUs ? this.host.dataset.us : this.host.dataset.world);
    const key = `${isUs} ${isWhole}`;
    if (!topology) return null;
    if (this.ground?.key !== key) this.ground = { key, ...(isUs ? unitedStates(topology, { isWhole }) : world(topology)) };
    return this.ground;
  }

  paint(ground, projection, height) {
    const width = this.host.clientWidth;
    const path = d3.geoPath(projection).digits(1);
    this.root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.land.replaceChildren(
      svg("path", { class: "shape", d: path(ground.shape) ?? "" }),
      svg("path", { class: "borders", d: path(ground.borders) ?? "" }),
    );
    if (!this.root.isConnected) this.host.append(this.root);
  }

  labels(height) {
    const family = getComputedStyle(this.host).fontFamily;
    return new Labels(this.host.clientWidth, height, `600 12.5px ${family}`);
  }
}

export class NetworkMap extends Drawing {
  show(nodes, lanes) {
    this.nodes = nodes;
    this.lanes = [...lanes].sort((one, other) => other.parcels - one.parcels).slice(0, MOST_LANES);
    this.draw();
  }

  async draw() {
    const width = this.host.clientWidth;
    if (!this.nodes?.length || !width) return;
    const isUs = this.nodes.every((node) => node.country === "US");
    const points = [...this.nodes.map(at), ...this.lanes.map((lane) => [lane.to_lon, lane.to_lat])];
    const isWhole = !points.every(isMainland);
    const ground = await this.base(isUs, isWhole);
    if (!ground) return;
    const height = Math.round(Math.min(width * (isUs ? 0.62 : 0.66), 620));
    const key = [ground.key, width, isUs ? "" : d3.extent(points, (point) => point[0])].join();
    if (key !== this.fit) {
      this.fit = key;
      this.projection = isUs ? usProjection(ground, isWhole, width, height) : worldProjection(points, width, height);
      this.paint(ground, this.projection, height);
    }
    this.overlay(height);
  }

  overlay(height) {
    const labels = this.labels(height);
    const isDense = this.nodes.length > MANY_NODES, scale = this.host.clientWidth < 480 ? 0.7 : 1;
    this.over.setAttribute("class", isDense ? "dense" : "");
    const spots = this.nodes.map((node) => ({ node, xy: this.projection(at(node)), radius: (isDense ? 2.5 + 2.5 * Math.min(node.load, 1) : 10) * scale })).filter(({ xy }) => xy);
    const byCode = new Map(spots.map((spot) => [spot.node.code, spot]));
    spread(spots);
    spots.forEach(({ xy, radius }) => labels.block(...xy, radius + 2));
    const weight = ({ node }) => (WEIGHTS[node.tone] ?? 0) * 1e6 + node.queue;
    const ranked = [...spots].sort((one, other) => weight(other) - weight(one));
    const most = this.host.clientWidth < 480 ? 9 : 16;
    this.over.replaceChildren(
      svg("g", { class: "lanes" }, ...this.lanes.map((lane) => this.lane(lane, byCode)).filter(Boolean)),
      svg("g", { class: "nodes" }, ...ranked.toReversed().map((spot) => nodeMark(spot, isDense))),
      svg("g", {}, ...ranked.slice(0, most).map(({ node, xy, radius }) => labels.place(node.name, ...xy, radius)).filter(Boolean)),
    );
  }

  lane(lane, byCode) {
    const start = byCode.get(lane.from)?.xy, end = this.projection([lane.to_lon, lane.to_lat]);
    if (!start || !end) return null;
    const size = 1 + Math.min(Math.sqrt(lane.parcels) * 0.45, 3.5);
    const mark = svg("g", { class: `lane tone-${lane.tone}` },
      svg("path", { d: arc(start, end), "stroke-width": size.toFixed(1) }),
      svg("circle", { cx: end[0].toFixed(1), cy: end[1].toFixed(1), r: (1.5 + size / 2).toFixed(1) }));
    const key = `${lane.from} ${lane.to_lat} ${lane.to_lon}`;
    this.counts ??= new Map();
    const before = this.counts.get(key);
    if (before !== undefined && lane.parcels > before) mark.classList.add("moved");
    this.counts.set(key, lane.parcels);
    return mark;
  }
}

// Nodes of one city stand beside each other instead of on top of each other.
function spread(spots) {
  if (spots.length > MANY_NODES) return;
  for (let round = 0; round < 40; round++) {
    let isCalm = true;
    for (const [one, other] of d3.cross(spots.keys(), spots.keys())) {
      if (one < other && push(spots[one], spots[other], other)) isCalm = false;
    }
    if (isCalm) return;
  }
}

function push(one, other, turn) {
  const least = one.radius + other.radius + 5;
  const apart = Math.hypot(other.xy[0] - one.xy[0], other.xy[1] - one.xy[1]);
  if (apart >= least - 0.1) return false;
  const angle = apart > 0.5 ? Math.atan2(other.xy[1] - one.xy[1], other.xy[0] - one.xy[0]) : turn * 2.4;
  const dx = (Math.cos(angle) * (least - apart)) / 2, dy = (Math.sin(angle) * (least - apart)) / 2;
  one.xy = [one.xy[0] - dx, one.xy[1] - dy];
  other.xy = [other.xy[0] + dx, other.xy[1] + dy];
  return true;
}

function usProjection(ground, isWhole, width, height) {
  const margin = width < 480 ? 6 : 14;
  const projection = isWhole ? d3.geoAlbersUsa() : d3.geoAlbers();
  return projection.fitExtent([[margin, margin], [width - margin, height - margin]], ground.shape);
}

function worldProjection(points, width, height, least = 14) {
  const margin = Math.min(60, width * 0.09);
  return d3.geoMercator()
    .fitExtent([[margin, margin], [width - margin, height - margin]], ground(points, least))
    .clipExtent([[0, 0], [width, height]]);
}

function arc([x0, y0], [x1, y1]) {
  const dx = x1 - x0, dy = y1 - y0, bend = dx >= 0 ? -0.16 : 0.16;
  const mx = (x0 + x1) / 2 - dy * -bend, my = (y0 + y1) / 2 + dx * bend;
  return `M${x0.toFixed(1)},${y0.toFixed(1)}Q${mx.toFixed(1)},${my.toFixed(1)} ${x1.toFixed(1)},${y1.toFixed(1)}`;
}

function nodeMark({ node, xy: [x, y], radius }, isDense) {
  const share = Math.min(Math.max(node.load, 0), 1), around = 2 * Math.PI * radius;
  const place = { cx: x.toFixed(1), cy: y.toFixed(1) };
  const mark = svg("a", { class: `node tone-${node.tone}`, tabindex: "-1" },
    svg("title", {}, `${node.name}: ${percent(node.load)}, ${count(node.queue)}`),
    svg("circle", { ...place, r: radius * 0.5, class: "core" }));
  if (isDense) mark.lastChild.setAttribute("r", radius);
  else {
    mark.prepend(
      svg("circle", { ...place, r: radius + 6, class: "reach" }),
      svg("circle", { ...place, r: radius, class: "track" }),
      svg("circle", {
        ...place, r: radius, class: "load", transform: `rotate(-90 ${x.toFixed(1)} ${y.toFixed(1)})`,
        "stroke-dasharray": `${(share * around).toFixed(1)} ${around.toFixed(1)}`,
      }),
    );
  }
  if (node.href) mark.setAttribute("href", node.href);
  return mark;
}

export class RouteMap extends Drawing {
  show({ points, country }) {
    const isNew = this.points && JSON.stringify(points) !== JSON.stringify(this.points);
    this.points = points;
    this.country = country;
    this.draw();
    if (isNew) glow(this.host);
  }

  async draw() {
    const width = this.host.clientWidth;
    if (!this.points?.length || !width) return;
    const isUs = this.country === "US";
    const ground = await this.base(isUs, true);
    if (!ground) return;
    const height = Math.round(Math.min(Math.max(width * 0.5, 190), 320));
    const projection = routeProjection(this.points.map(at), isUs, width, height);
    this.paint(ground, projection, height);
    this.overlay(projection, height);
  }

  overlay(projection, height) {
    const labels = this.labels(height);
    const spots = this.points.map((point) => ({ ...point, xy: projection(at(point)) }));
    const gone = spots.filter(({ kind }) => kind !== "destination");
    const ahead = spots.filter(({ kind }) => kind === "destination");
    spots.forEach(({ kind, xy }) => labels.block(...xy, RADII[kind]));
    d3.pairs([...gone, ...ahead]).forEach(([one, other]) => labels.blockLine(one.xy, other.xy, 3));
    const named = [...gone.slice(-1), ...ahead, ...gone.slice(0, 1), ...gone.slice(1, -1)];
    this.over.replaceChildren(
      line("ahead", [...gone.slice(-1), ...ahead]),
      line("gone", gone),
      ...spots.flatMap(routeMark),
      ...named.map(({ label, kind, xy }) => labels.place(label, ...xy, RADII[kind])).filter(Boolean),
    );
  }
}

const RADII = { past: 5, here: 13, destination: 7 };

function line(name, spots) {
  const steps = spots.map(({ xy }) => xy.map((value) => value.toFixed(1)).join(","));
  return svg("polyline", { class: `route ${name}`, points: steps.join(" ") });
}

function routeMark({ kind, xy: [x, y] }) {
  const place = { cx: x.toFixed(1), cy: y.toFixed(1) };
  if (kind !== "here") return [svg("circle", { ...place, r: RADII[kind] - 1, class: `stop ${kind}` })];
  return [svg("circle", { ...place, r: 13, class: "halo" }), svg("circle", { ...place, r: 7, class: "here" })];
}

function routeProjection(points, isUs, width, height) {
  if (!isUs) return worldProjection(points, width, height, 10);
  const margin = Math.min(56, width * 0.13);
  const span = ground(points, 5), middle = d3.mean(points, (point) => point[0]);
  return d3.geoMercator().rotate([-middle, 0])
    .fitExtent([[margin, margin * 0.8], [width - margin, height - margin * 0.8]], span)
    .clipExtent([[0, 0], [width, height]]);
}
