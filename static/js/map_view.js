// What part of the map is seen, and drawing it. Points are written straight into the picture's
// memory: fifty thousand of them take a few milliseconds, with or without a graphics card.
const DENSEST = 2; // device pixels per pixel that are drawn, at most
const FARTHEST = 400; // times nearer than everything
const MARGIN = 28;

export class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.zoom = 1;
    this.middle = [0, 0];
    this.bounds = [0, 0, 1, 1];
    this.resize();
  }

  resize() {
    const { canvas } = this;
    this.density = Math.min(DENSEST, window.devicePixelRatio || 1);
    this.width = canvas.clientWidth;
    this.height = canvas.clientHeight;
    canvas.width = Math.max(1, Math.round(this.width * this.density));
    canvas.height = Math.max(1, Math.round(this.height * this.density));
    this.image = this.context.createImageData(canvas.width, canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  // Everything within `bounds`, and this place as well where there is one.
  fit(bounds, place = null) {
    const [left, top, right, bottom] = bounds;
    this.bounds = place
      ? [Math.min(left, place[0]), Math.min(top, place[1]), Math.max(right, place[0]), Math.max(bottom, place[1])]
      : [left, top, right, bottom];
    this.zoom = 1;
    this.middle = [(this.bounds[0] + this.bounds[2]) / 2, (this.bounds[1] + this.bounds[3]) / 2];
  }

  // Pixels per unit. y grows upward on the map and downward on the screen.
  get scale() {
    const [left, top, right, bottom] = this.bounds;
    const across = (this.width - 2 * MARGIN) / Math.max(right - left, 1e-9);
    const down = (this.height - 2 * MARGIN) / Math.max(bottom - top, 1e-9);
    return this.zoom * Math.max(1e-9, Math.min(across, down));
  }

  toScreen([x, y]) {
    const { scale, middle } = this;
    return [(x - middle[0]) * scale + this.width / 2, (middle[1] - y) * scale + this.height / 2];
  }

  toMap([x, y]) {
    const { scale, middle } = this;
    return [(x - this.width / 2) / scale + middle[0], middle[1] - (y - this.height / 2) / scale];
  }

  zoomBy(factor, at = [this.width / 2, this.height / 2]) {
    const before = this.toMap(at);
    this.zoom = Math.max(0.5, Math.min(FARTHEST, this.zoom * factor));
    const after = this.toMap(at);
    this.middle = [this.middle[0] + before[0] - after[0], this.middle[1] + before[1] - after[1]];
  }

  panBy(right, down) {
    const { scale, bounds } = this;
    const keep = (value, least, most) => Math.max(least, Math.min(most, value));
    this.middle = [
      keep(this.middle[0] - right / scale, bounds[0], bounds[2]),
      keep(this.middle[1] + down / scale, bounds[1], bounds[3]),
    ];
  }

  // `groups` (n) number a colour of `palette` (RGBA as one number each); `lit`: the one group that
  // is brought out, or -1.
  draw(points, groups, palette, lit = -1, faint = 0) {
    const { pixels, canvas } = this;
    pixels.fill(0);
    const crowd = Math.min(1.6, Math.max(0.7, Math.sqrt(4000 / Math.max(1, points.count))));
    const radius = this.density * Math.min(7, (1.2 + crowd) * this.zoom ** 0.25);
    const disc = discOf(radius, canvas.width);
    if (lit >= 0) this.#stamp(points, disc, radius, (n) => (groups[n] === lit ? 0 : faint));
    this.#stamp(points, disc, radius, (n) => (lit < 0 || groups[n] === lit ? palette[groups[n]] : 0));
    this.context.putImageData(this.image, 0, 0);
  }

  #stamp({ places, count }, disc, radius, colourOf) {
    const { pixels, canvas, density, middle } = this;
    const scale = this.scale * density;
    const reach = Math.ceil(radius);
    const [right, bottom] = [canvas.width - reach - 1, canvas.height - reach - 1];
    const [across, down] = [canvas.width / 2 - middle[0] * scale, canvas.height / 2 + middle[1] * scale];
    for (let n = 0; n < count; n += 1) {
      const x = Math.round(places[2 * n] * scale + across);
      const y = Math.round(down - places[2 * n + 1] * scale);
      if (x < reach || y < reach || x > right || y > bottom) continue;
      const colour = colourOf(n);
      if (!colour) continue;
      const at = y * canvas.width + x;
      for (let k = 0; k < disc.length; k += 1) pixels[at + disc[k]] = colour;
    }
  }

  ring(place, colour, size = 7, width = 2) {
    const { context, density } = this;
    const [x, y] = this.toScreen(place).map((value) => value * density);
    context.strokeStyle = colour;
    context.lineWidth = width * density;
    context.beginPath();
    context.arc(x, y, size * density, 0, 2 * Math.PI);
    context.stroke();
  }

  // A text's place: a cross with the text beside it, on a ground that keeps it legible.
  label(place, text, ink, ground) {
    const { context, density } = this;
    const [x, y] = this.toScreen(place).map((value) => value * density);
    const arm = 9 * density;
    for (const [colour, width] of [[ground, 6], [ink, 2.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * density;
      context.beginPath();
      context.moveTo(x - arm, y);
      context.lineTo(x + arm, y);
      context.moveTo(x, y - arm);
      context.lineTo(x, y + arm);
      context.stroke();
    }
    context.font = `600 ${13 * density}px system-ui, sans-serif`;
    const said = text.length > 40 ? `${text.slice(0, 39)}…` : text;
    const wide = context.measureText(said).width;
    const left = Math.min(x + 14 * density, this.canvas.width - wide - 10 * density);
    context.fillStyle = ink;
    context.beginPath();
    context.roundRect(left - 6 * density, y - 12 * density, wide + 12 * density, 24 * density, 6 * density);
    context.fill();
    context.fillStyle = ground;
    context.textBaseline = "middle";
    context.fillText(said, left, y + density / 2);
  }
}

function discOf(radius, width) {
  const offsets = [];
  const reach = Math.ceil(radius);
  for (let y = -reach; y <= reach; y += 1) {
    for (let x = -reach; x <= reach; x += 1) {
      if (x * x + y * y <= radius * radius) offsets.push(y * width + x);
    }
  }
  return Int32Array.from(offsets);
}
