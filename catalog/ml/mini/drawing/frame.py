"""From recorded marks to a finished picture: framing, supersampling, shadow, light, camera."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import backgrounds
from .backgrounds import Pixels
from .palette import Colour, dark
from .paths import Points
from .pen import Mark

SUPERSAMPLING = 2


@dataclass(frozen=True, slots=True)
class Look:
    """How one picture is posed, lit and taken; every field is drawn from the picture's rng."""

    turn: float  # degrees
    flip: bool
    stretch: float  # width over height of the object, about 1
    fill: float  # longer side of the object over the side of the picture
    edge: float  # outline width over the side of the picture, 0 for none
    edge_colour: Colour | None  # None: a darker version of each shape's own colour
    shadow: float
    bevel: float
    grey: bool
    blur: float  # of the whole picture, in pixels at 128
    noise: float
    jpeg: int | None


def look(rng: np.random.Generator, *, spin: float, tilt: float, calm: bool) -> Look:
    """`calm` keeps to poses and cameras a catalogue would use."""
    wild = not calm and rng.random() < 0.12
    turn = tilt + (rng.uniform(-180, 180) if wild else rng.normal(0, spin * (0.3 if calm else 0.6)))
    outlined = rng.random() < 0.5
    return Look(
        turn=float(turn),
        flip=bool(rng.random() < 0.5),
        stretch=float(rng.uniform(0.95, 1.05) if calm else rng.uniform(0.84, 1.18)),
        fill=float(rng.uniform(0.74, 0.88) if calm else rng.uniform(0.52, 0.96)),
        edge=float(rng.uniform(0.004, 0.012)) if outlined else 0.0,
        edge_colour=(30, 30, 36) if rng.random() < 0.4 else None,
        shadow=float(rng.uniform(0.15, 0.5)) if rng.random() < 0.75 else 0.0,
        bevel=float(rng.uniform(0.1, 0.45)) if rng.random() < 0.6 else 0.0,
        grey=bool(not calm and rng.random() < 0.06),
        blur=float(rng.uniform(0.4, 1.1)) if not calm and rng.random() < 0.25 else 0.0,
        noise=float(rng.uniform(0.005, 0.045)) if not calm and rng.random() < 0.5 else 0.0,
        jpeg=int(rng.integers(35, 80)) if not calm and rng.random() < 0.25 else None,
    )


def picture(
    marks: list[Mark], rng: np.random.Generator, *, pose: Look, size: int, calm: bool
) -> Image.Image:
    """RGB, size x size."""
    colour, mask = _rasterise(marks, pose, size * SUPERSAMPLING, rng)
    cover: Pixels = np.asarray(mask.reduce(SUPERSAMPLING), dtype=np.float32) / np.float32(255)
    backdrop = _backdrop(colour, mask, rng, size, calm)
    if pose.shadow:
        backdrop *= _shadow(cover, rng, pose.shadow, size)[..., None]
    backdrop = np.clip(backdrop, 0, 1)
    large = Image.fromarray((backdrop * 255).astype(np.uint8)).resize(
        colour.size, Image.Resampling.NEAREST
    )
    large.paste(colour, mask=mask)
    result = large.reduce(SUPERSAMPLING)
    if pose.bevel:
        result = _lit(result, cover, pose.bevel, size)
    return _taken(result, rng, pose, size)


def _rasterise(
    marks: list[Mark], pose: Look, side: int, rng: np.random.Generator
) -> tuple[Image.Image, Image.Image]:
    placed, unit = _place(marks, pose, side, rng)
    colour, mask = Image.new("RGB", (side, side)), Image.new("L", (side, side))
    ink, cover = ImageDraw.Draw(colour, "RGBA"), ImageDraw.Draw(mask)
    edge = round(pose.edge * side)
    for mark, points in zip(marks, placed, strict=True):
        xy = [(float(x), float(y)) for x, y in points]
        if mark.op == "stroke":
            width = max(1, round(mark.width * unit))
            if edge and mark.edged:
                _round_line(
                    ink, cover, xy, width + 2 * edge, pose.edge_colour or dark(mark.colour, 0.55)
                )
            _round_line(ink, cover, xy, width, mark.colour)
            continue
        if mark.op == "tint":
            ink.polygon(xy, fill=(*mark.colour, mark.alpha))
            continue
        if mark.op == "hole":
            cover.polygon(xy, fill=0)
        else:
            ink.polygon(xy, fill=mark.colour)
            cover.polygon(xy, fill=mark.alpha)
        if edge and mark.edged:
            _round_line(ink, cover, [*xy, xy[0]], edge, pose.edge_colour or dark(mark.colour, 0.55))
    return colour, mask


def _round_line(
    ink: ImageDraw.ImageDraw,
    cover: ImageDraw.ImageDraw,
    xy: list[tuple[float, float]],
    width: int,
    colour: Colour,
) -> None:
    ink.line(xy, fill=colour, width=width)
    cover.line(xy, fill=255, width=width)
    if width > 3:  # below that a gap at a corner is not visible after downscaling
        r = width / 2 - 0.5
        for x, y in xy:
            ink.ellipse((x - r, y - r, x + r, y + r), fill=colour)
            cover.ellipse((x - r, y - r, x + r, y + r), fill=255)


def _place(
    marks: list[Mark], pose: Look, side: int, rng: np.random.Generator
) -> tuple[list[Points], float]:
    """Object space to pixels so that the turned object fills its share of the frame."""
    a = np.radians(pose.turn)
    flip = -1.0 if pose.flip else 1.0
    matrix = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    matrix = matrix @ np.diag([flip * pose.stretch, 1.0])
    turned = np.concatenate([m.points for m in marks]) @ matrix.T
    solid = np.concatenate([np.full(len(m.points), m.op in ("fill", "stroke")) for m in marks])
    low, high = turned[solid].min(axis=0), turned[solid].max(axis=0)
    unit = pose.fill * side / float((high - low).max())
    room = (side - unit * (high - low)) / 2
    centre = side / 2 + room * rng.uniform(-0.6, 0.6, 2)
    pixels = (turned - (low + high) / 2) * unit + centre
    cuts = np.cumsum([len(m.points) for m in marks])[:-1]
    return np.split(pixels, cuts), unit


def _backdrop(
    colour: Image.Image, mask: Image.Image, rng: np.random.Generator, size: int, calm: bool
) -> Pixels:
    """A background whose lightness keeps clear of the object's own."""
    small_mask = np.asarray(mask.reduce(8), dtype=np.float32)
    grey = np.asarray(colour.convert("L").reduce(8), dtype=np.float32) / 255
    tone = float((grey * small_mask).sum() / max(float(small_mask.sum()), 1.0))
    choices = [t for t in rng.uniform(0.42 if calm else 0.12, 0.97, 8) if abs(t - tone) > 0.24]
    aim = float(choices[0]) if choices else (0.9 if tone < 0.5 else 0.2)
    options = backgrounds.CALM if calm else backgrounds.ALL
    chroma = 0.4 if calm else float(rng.uniform(0.3, 1.0))
    return options[int(rng.integers(len(options)))](rng, size, aim, chroma)


def _shadow(cover: Pixels, rng: np.random.Generator, strength: float, size: int) -> Pixels:
    small = Image.fromarray((cover * 255).astype(np.uint8)).reduce(2)
    soft = small.filter(ImageFilter.GaussianBlur(size * rng.uniform(0.008, 0.03)))
    dx, dy = (int(size * s) for s in rng.uniform((-0.04, 0.0), (0.04, 0.05)))
    cast = Image.new("L", (size, size))
    cast.paste(soft.resize((size, size), Image.Resampling.BILINEAR), (dx, dy))
    fade: Pixels = 1 - np.asarray(cast, dtype=np.float32) * np.float32(strength / 255)
    return fade


def _lit(image: Image.Image, cover: Pixels, strength: float, size: int) -> Image.Image:
    """Lighten the upper-left rim of the object and darken the lower-right one."""
    soft = Image.fromarray((cover * 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(size * 0.02)
    )
    height = np.asarray(soft, dtype=np.float32) / 255
    d = max(1, size // 64)
    slope = np.roll(height, (-d, -d), axis=(0, 1)) - np.roll(height, (d, d), axis=(0, 1))
    pixels = np.asarray(image, dtype=np.float32) * (1 + strength * slope * cover)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _taken(image: Image.Image, rng: np.random.Generator, pose: Look, size: int) -> Image.Image:
    """What a camera and an upload do to it."""
    if pose.grey:
        image = image.convert("L").convert("RGB")
    if pose.blur:
        image = image.filter(ImageFilter.GaussianBlur(pose.blur * size / 128))
    if pose.noise:
        grain = rng.normal(0, pose.noise * 255, (size, size, 1)).astype(np.float32)
        pixels = np.asarray(image, dtype=np.float32) + grain
        image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if pose.jpeg:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=pose.jpeg)
        image = Image.open(buffer).convert("RGB")
    return image
