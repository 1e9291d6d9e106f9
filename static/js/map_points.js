// The points of the map: read from their compact file, found again by a grid of cells.
const HEAD = 16;
const PER_CELL = 3;

const hex = (byte) => byte.toString(16).padStart(2, "0");

export class Points {
  constructor(buffer) {
    const [letters, count, length] = new Uint32Array(buffer, 0, 3);
    if (letters !== 0x50414d56) throw new Error("This is no map.");
    const at = HEAD + length;
    Object.assign(this, JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, HEAD, length))));
    this.count = count;
    this.places = new Float32Array(buffer, at, 2 * count);
    this.category = new Uint16Array(buffer, at + 8 * count, count);
    this.status = new Uint8Array(buffer, at + 10 * count, count);
    this.ids = new Uint8Array(buffer, at + 11 * count, 16 * count);
    this.#index();
  }

  id(n) {
    const bytes = [...this.ids.subarray(16 * n, 16 * n + 16)].map(hex).join("");
    return bytes.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  }

  numberOf(id) {
    if (!this.numbers) this.numbers = new Map(Array.from({ length: this.count }, (_, n) => [this.id(n), n]));
    return this.numbers.get(id);
  }

  // The point nearest to a place, at most `reach` away, that is `wanted`; -1 if there is none.
  nearest(x, y, reach, wanted = () => true) {
    const { side, bounds, cell, starts, order, places } = this;
    const from = (value, least) => Math.max(0, Math.min(side - 1, Math.floor((value - least) / cell)));
    let best = -1;
    let least = reach * reach;
    for (let row = from(y - reach, bounds[1]); row <= from(y + reach, bounds[1]); row += 1) {
      for (let column = from(x - reach, bounds[0]); column <= from(x + reach, bounds[0]); column += 1) {
        const key = row * side + column;
        for (let at = starts[key]; at < starts[key + 1]; at += 1) {
          const n = order[at];
          const apart = (places[2 * n] - x) ** 2 + (places[2 * n + 1] - y) ** 2;
          if (apart <= least && wanted(n)) [best, least] = [n, apart];
        }
      }
    }
    return best;
  }

  #index() {
    const { places, count } = this;
    const bounds = [Infinity, Infinity, -Infinity, -Infinity];
    for (let n = 0; n < count; n += 1) {
      const x = places[2 * n];
      const y = places[2 * n + 1];
      if (x < bounds[0]) bounds[0] = x;
      if (y < bounds[1]) bounds[1] = y;
      if (x > bounds[2]) bounds[2] = x;
      if (y > bounds[3]) bounds[3] = y;
    }
    const side = Math.max(1, Math.ceil(Math.sqrt(count / PER_CELL)));
    const cell = Math.max(bounds[2] - bounds[0], bounds[3] - bounds[1], 1e-9) / side;
    const of = new Uint32Array(count);
    const starts = new Uint32Array(side * side + 1);
    const clamp = (value) => Math.min(side - 1, Math.floor(value / cell));
    for (let n = 0; n < count; n += 1) {
      of[n] = clamp(places[2 * n + 1] - bounds[1]) * side + clamp(places[2 * n] - bounds[0]);
      starts[of[n] + 1] += 1;
    }
    for (let key = 0; key < side * side; key += 1) starts[key + 1] += starts[key];
    const order = new Uint32Array(count);
    const next = starts.slice();
    for (let n = 0; n < count; n += 1) {
      order[next[of[n]]] = n;
      next[of[n]] += 1;
    }
    Object.assign(this, { bounds, side, cell, starts, order });
  }
}
