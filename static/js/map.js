// The map of the catalog: fetches its points once, draws them, and says what is under the pointer.
import { startMoves } from "./map_moves.js";
import { Points } from "./map_points.js";
import { View } from "./map_view.js";

const COLOURS = 8;
const REACH = 12; // pixels around the pointer
const LOOK_AGAIN = 20_000; // milliseconds; the server sends nothing when nothing changed

const stage = document.querySelector("[data-map]");

class CatalogMap {
  constructor() {
    this.view = new View(stage.querySelector("canvas"));
    this.card = stage.querySelector("[data-map-card]");
    this.message = stage.querySelector("[data-map-message]");
    this.legend = document.querySelector("[data-legend]");
    this.colour = document.querySelector("[data-colour]");
    this.chosen = -1; // the point the card is about
    this.lit = -1;
    this.near = [];
  }

  async start() {
    this.message.textContent = "Fetching the map…";
    if (!(await this.fetch())) return;
    this.view.fit(this.points.bounds);
    stage.querySelector(".map-pad").hidden = false;
    document.querySelector("[data-colour-field]").hidden = false;
    startMoves(stage, this.view, {
      changed: () => this.show(),
      hover: (at) => this.choose(at ? this.under(at) : -1),
      open: (at, event) => this.open(at, event),
      moved: (move) => { if (move !== "fit") this.chooseMiddle(); },
      everything: () => this.view.fit(this.points.bounds, this.landed),
    });
    this.colour.addEventListener("change", () => { this.lit = -1; this.group(); this.show(); });
    new ResizeObserver(() => { this.view.resize(); this.paint(); }).observe(stage);
    const repaint = () => { this.group(); this.show(); };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
    new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    document.addEventListener("htmx:afterSettle", (event) => {
      if (event.target.closest?.("#landing")) this.land();
    });
    this.land();
    setInterval(() => { if (!document.hidden) this.fetch(); }, LOOK_AGAIN);
  }

  async fetch() {
    try {
      const response = await fetch(stage.dataset.points, { cache: "no-cache" });
      if (response.status === 404) return this.say("The map was drawn anew. Reload the page.");
      if (!response.ok) throw new Error(String(response.status));
      const tag = response.headers.get("ETag");
      if (tag !== this.tag) {
        const points = new Points(await response.arrayBuffer());
        if (!points.count) return this.say("The first photos are being placed. This takes seconds.");
        const first = !this.points;
        this.points = points;
        this.tag = tag;
        this.chosen = -1;
        this.card.hidden = true;
        this.group();
        if (!first) this.land(false);
      }
      this.message.hidden = true;
      this.show();
      return true;
    } catch {
      // Points that are there already stay useful.
      return this.points ? true : this.say("The map could not be fetched. Reload the page to try again.");
    }
  }

  say(text) {
    this.message.textContent = text;
    this.message.hidden = false;
    if (!this.points) setTimeout(() => this.start(), LOOK_AGAIN / 4);
    return false;
  }

  // Numbers each point's colour, and names the colours in the legend.
  group() {
    const { points } = this;
    const counts = new Map();
    this.groups = new Uint8Array(points.count);
    const byStatus = this.colour.value === "status";
    const names = byStatus ? points.statuses.map(([, label]) => label) : points.categories;
    const none = byStatus ? -1 : names.indexOf("No tag");
    const groupOf = byStatus
      ? (n) => points.status[n]
      : (n) => (points.category[n] === none ? COLOURS + 1 : Math.min(points.category[n], COLOURS));
    for (let n = 0; n < points.count; n += 1) {
      this.groups[n] = groupOf(n);
      counts.set(this.groups[n], (counts.get(this.groups[n]) ?? 0) + 1);
    }
    const colourOf = (number) => {
      if (byStatus) return points.statuses[number][0];
      return number > COLOURS ? "none" : number === COLOURS ? "other" : String(number);
    };
    const nameOf = (number) => {
      if (byStatus || number < COLOURS) return names[number];
      return number > COLOURS ? "No tag" : "Other categories";
    };
    const focused = this.legend.contains(document.activeElement);
    this.palette = [];
    this.legend.replaceChildren(...[...counts].sort(([a], [b]) => a - b).map(([number, count]) => {
      const button = document.createElement("button");
      button.type = "button";
      const swatch = document.createElement("span");
      swatch.className = "map-swatch";
      swatch.dataset.mapColour = colourOf(number);
      button.append(swatch, ` ${nameOf(number)} ${count.toLocaleString("en")}`);
      button.setAttribute("aria-pressed", String(this.lit === number));
      button.addEventListener("click", () => this.bringOut(number));
      const item = document.createElement("li");
      item.append(button);
      item.dataset.group = number;
      return item;
    }));
    for (const item of this.legend.children) {
      this.palette[item.dataset.group] = packed(getComputedStyle(item.querySelector(".map-swatch")).backgroundColor);
    }
    if (focused && this.lit >= 0) this.legend.querySelector(`[data-group="${this.lit}"] button`)?.focus();
  }

  bringOut(number) {
    this.lit = this.lit === number ? -1 : number;
    for (const item of this.legend.children) {
      item.firstChild.setAttribute("aria-pressed", String(Number(item.dataset.group) === this.lit));
    }
    this.show();
  }

  show() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = null;
      this.paint();
    });
  }

  paint() {
    if (!this.points) return;
    const { view, points } = this;
    const style = getComputedStyle(stage);
    const [ink, ground] = [style.color, style.backgroundColor];
    view.draw(points, this.groups, this.palette, this.lit, packed(getComputedStyle(this.legend).color, 40));
    for (const n of this.near) view.ring(this.place(n), ink, 6, 1.5);
    if (this.landed) view.label(this.landed, this.text, ink, ground);
    if (this.chosen >= 0) view.ring(this.place(this.chosen), ink, 8, 2.5);
    this.position();
  }

  place(n) {
    return [this.points.places[2 * n], this.points.places[2 * n + 1]];
  }

  under(at, reach = REACH) {
    const wanted = this.lit < 0 ? undefined : (n) => this.groups[n] === this.lit;
    return this.points.nearest(...this.view.toMap(at), reach / this.view.scale, wanted);
  }

  chooseMiddle() {
    const { view } = this;
    this.choose(this.under([view.width / 2, view.height / 2], Math.hypot(view.width, view.height) / 2));
  }

  choose(number) {
    // The card itself may be pointed at.
    if (number === this.chosen || (number < 0 && this.card.matches(":hover, :focus-within"))) return;
    this.chosen = number;
    stage.classList.toggle("pointing", number >= 0);
    this.card.hidden = number < 0;
    if (number >= 0) this.fill(number);
    this.show();
  }

  fill(number) {
    const { points, card } = this;
    const [status, label] = points.statuses[points.status[number]];
    const name = points.categories[points.category[number]];
    card.href = `${stage.dataset.photo}${points.id(number)}/`;
    card.querySelector(".frame").classList.toggle("veil", status !== "live");
    const image = card.querySelector("img");
    image.removeAttribute("src");
    image.alt = name === "No tag" ? "Photo without tags" : name;
    image.src = `${card.href}thumbnail.jpg`;
    card.querySelector("b").textContent = name;
    const chip = card.querySelector(".status");
    chip.className = `status ${status}`;
    chip.textContent = label;
  }

  // Beside its point, and always within the stage.
  position() {
    const { card, view } = this;
    if (card.hidden || this.chosen < 0) return;
    const [x, y] = view.toScreen(this.place(this.chosen));
    const [wide, high] = [card.offsetWidth, card.offsetHeight];
    const left = x + 16 + wide < view.width ? x + 16 : x - 16 - wide;
    const top = Math.max(8, Math.min(view.height - high - 8, y - high / 2));
    card.style.transform = `translate(${Math.max(8, Math.round(left))}px, ${Math.round(top)}px)`;
  }

  open(at, event) {
    const number = this.under(at, event.pointerType === "touch" ? 2 * REACH : REACH);
    this.choose(number);
    if (number < 0) return;
    if (event.pointerType === "touch") return; // the card is what is tapped next
    if (event.ctrlKey || event.metaKey) window.open(this.card.href, "_blank", "noopener");
    else window.location.assign(this.card.href);
  }

  land(bringIntoView = true) {
    const found = document.querySelector("#landing [data-x]");
    this.landed = found ? [Number(found.dataset.x), Number(found.dataset.y)] : null;
    this.text = found?.dataset.text ?? "";
    const numbers = [...document.querySelectorAll("#landing [data-near]")].map((each) => this.points.numberOf(each.dataset.near));
    this.near = numbers.filter((n) => n !== undefined);
    if (this.landed && bringIntoView) {
      const [x, y] = this.view.toScreen(this.landed);
      if (x < 0 || y < 0 || x > this.view.width || y > this.view.height) this.view.fit(this.points.bounds, this.landed);
      stage.scrollIntoView({ block: "nearest" });
    }
    this.show();
  }
}

// A colour of the stylesheet as the bytes of a pixel. Computed colours are rgb(r, g, b).
function packed(colour, alpha = 255) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map(Number);
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

if (stage) new CatalogMap().start();
