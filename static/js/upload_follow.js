// Asks how all stored photos are doing with one question per hundred, slower while nothing moves.
const SOON = 1000;
const LATE = 5000;

export class Follower {
  constructor(form, rows, changed) {
    this.url = form.dataset.statusUrl;
    this.limit = Number(form.dataset.maxIds);
    this.rows = rows;
    this.changed = changed;
    this.wait = SOON;
    this.timer = null;
  }

  start() {
    if (this.timer === null) this.timer = setTimeout(() => this.#ask(), this.wait);
  }

  async #ask() {
    const open = this.rows.filter((row) => row.state === "stored");
    let moved = false;
    for (let from = 0; from < open.length; from += this.limit) {
      moved = (await this.#askFor(open.slice(from, from + this.limit))) || moved;
    }
    this.wait = moved ? SOON : Math.min(LATE, this.wait * 1.3);
    this.timer = null;
    this.changed();
    if (this.rows.some((row) => row.state === "stored" || row.state === "sending" || row.state === "waiting")) this.start();
    else this.wait = SOON;
  }

  // True when at least one photo reached its verdict.
  async #askFor(rows) {
    let photos;
    try {
      const ids = rows.map((row) => row.id).join(",");
      const response = await fetch(`${this.url}?ids=${ids}`, { headers: { Accept: "application/json" } });
      if (!response.ok) return false;
      ({ photos } = await response.json());
    } catch { return false; }
    const byId = new Map(photos.map((photo) => [photo.id, photo]));
    for (const row of rows) if (byId.has(row.id)) row.follow(byId.get(row.id));
    return rows.some((row) => row.over);
  }
}
