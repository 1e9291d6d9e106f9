"""Hostile and unusual files: refused with the right code, or shown the way they look."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from catalog.ml import images
from catalog.ml.images import ImageRejected, Limits
from catalog.ml.opening import count_scans
from catalog.ml.preprocessing import Preprocessing

from . import pictures

SCENE = pictures.scene(7, 640, 480)
JPEG, PNG = pictures.jpeg(SCENE), pictures.png(SCENE)
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
EXACT = Preprocessing.from_config(
    {"image_processor_type": "CLIPImageProcessor", "size": 96, "crop_size": 96}
)


def difference(left: Image.Image, right: Image.Image) -> float:
    """Mean absolute difference of two pictures, 0 to 255."""
    pair = [np.asarray(image.convert("RGB")).astype(int) for image in (left, right)]
    return float(np.abs(pair[0] - pair[1]).mean())


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty_file", ["empty", "again"]),
        (b"\xff\xd8\xff" + b"\x00" * 2_000_000, "file_too_large", ["1.9 MB", "at most 1 MB"]),
        (b"this is a price list\n" * 20, "unsupported_format", ["text", "JPEG"]),
        (SVG, "unsupported_format", ["SVG", "PNG"]),
        (b"  <svg viewBox='0 0 1 1'/>", "unsupported_format", ["SVG"]),
        (b"<!DOCTYPE html><html>", "unsupported_format", ["web page"]),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "unsupported_format", ["HEIC"]),
        (b"\x00\x00\x00\x14ftypisom\x00\x00\x02\x00isom", "unsupported_format", ["video"]),
        (pictures.saved(SCENE, "BMP")[:1000], "unsupported_format", ["BMP"]),
        (pictures.saved(SCENE, "TIFF")[:1000], "unsupported_format", ["TIFF"]),
        (b"%PDF-1.7 ...", "unsupported_format", ["PDF"]),
        (bytes(range(256)) * 4, "unsupported_format", ["not in an image format"]),
        (pictures.png_bomb(), "too_many_pixels", ["50,000", "megapixels"]),
        (pictures.png_bomb(10_000, 9_000), "too_many_pixels", ["10,000", "9,000"]),
        (pictures.webp_declaring(16_000, 16_000), "too_many_pixels", ["16,000"]),
        (pictures.png(SCENE.resize((400, 15))), "image_too_small", ["400", "15", "16"]),
        (JPEG[: len(JPEG) // 2], "truncated_image", ["ends before", "again"]),
        (JPEG[:-200], "truncated_image", ["ends before"]),
        (pictures.jpeg(SCENE, progressive=True)[:-200], "truncated_image", ["ends before"]),
        (PNG[: len(PNG) // 2], "truncated_image", ["ends before"]),
        (pictures.saved(SCENE, "WEBP")[:-500], "corrupt_image", ["damaged"]),
        (pictures.saved(SCENE, "GIF")[:-9000], "truncated_image", ["ends before"]),
        (JPEG[:20], "corrupt_image", ["damaged", "save it again"]),
        (PNG[:40] + bytes(2000), "corrupt_image", ["damaged"]),
        (b"\xff\xd8\xff\xe0" + bytes(500), "corrupt_image", ["damaged"]),
        (b"\x89PNG\r\n\x1a\n", "corrupt_image", ["damaged"]),
        (b"GIF89a", "corrupt_image", ["damaged"]),
        (b"RIFF\x00\x00\x00\x00WEBP", "corrupt_image", ["damaged"]),
        (pictures.jpeg_of_many_scans(500), "too_many_scans", ["100 passes"]),
    ],
)
def test_refused(data: bytes, code: str, words: list[str]) -> None:
    with pytest.raises(ImageRejected) as refusal:
        images.check(data, Limits(max_bytes=1024**2))
    assert refusal.value.code == code
    for word in words:
        assert word in str(refusal.value)


def test_what_was_refused_cannot_be_decoded_or_rendered_either() -> None:
    for data in (JPEG[: len(JPEG) // 2], PNG[: len(PNG) // 2], SVG, b"text", PNG[:60]):
        with pytest.raises(ImageRejected):
            images.decode(data, EXACT)
        with pytest.raises(ImageRejected):
            images.render(data, max_side=100)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_truncation_shows_at_reduced_size_too(progressive: bool, kept: float) -> None:
    """check() decodes a JPEG at an eighth: it must see the same missing end as a full decode."""
    whole = pictures.jpeg(pictures.scene(3, 1600, 1200), progressive=progressive)
    assert images.check(whole).width == 1600
    with pytest.raises(ImageRejected) as refusal:
        images.check(whole[: int(len(whole) * kept)])
    assert refusal.value.code == "truncated_image"


@pytest.mark.parametrize("data", [pictures.png_bomb(), pictures.webp_declaring(16_000, 16_000)])
def test_bomb_is_refused_quickly_and_in_little_memory(data: bytes) -> None:
    images.check(PNG)
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(ImageRejected):
        images.check(data)
    seconds, peak = time.perf_counter() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 0.1
    assert peak < 5_000_000


def test_bomb_leaves_the_process_small() -> None:
    """tracemalloc does not see the decoder's own buffers; the process's peak size does."""
    script = (
        "import resource\n"
        "from tests.ml import pictures\n"
        "from catalog.ml import images\n"
        "bombs = [pictures.png_bomb(), pictures.webp_declaring(16_000, 16_000)]\n"
        "images.check(pictures.png(pictures.scene(1, 200, 200)))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for bomb in bombs:\n"
        "    try: images.check(bomb)\n"
        "    except images.ImageRejected: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    assert int(run_python(script)) < 20_000  # KiB


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP", b"iTXt"])
def test_compressed_metadata_bomb(name: bytes) -> None:
    """60 MB of text or profile in a 60 kB chunk is refused before it is unpacked."""
    prefix = {b"zTXt": b"Comment\x00\x00", b"iCCP": b"p\x00\x00", b"iTXt": b"C\x00\x01\x00\x00\x00"}
    data = pictures.with_png_chunk(PNG, name, prefix[name] + pictures.zlib_bomb())
    tracemalloc.start()
    with pytest.raises(ImageRejected) as refusal:
        images.check(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal.value.code == "corrupt_image"
    assert peak < 10_000_000


def test_bytes_damaged_at_random_are_refused_or_read_but_never_crash() -> None:
    rng = np.random.default_rng(11)
    small = pictures.scene(5, 96, 80)
    files = [pictures.saved(small, name) for name in ("JPEG", "PNG", "WEBP", "GIF", "AVIF")]
    refused = 0
    for round_ in range(200):
        data = bytearray(files[round_ % len(files)])
        for position in rng.integers(0, len(data), 1 + round_ % 12):
            data[position] = rng.integers(0, 256)
        for work in (
            images.check,
            lambda raw: images.decode(raw, EXACT),
            lambda raw: images.render(raw, max_side=50),
        ):
            try:
                work(bytes(data))
            except ImageRejected:
                refused += 1
    assert 50 < refused < 550


@pytest.mark.parametrize(
    ("format", "mime", "extension"),
    [
        ("JPEG", "image/jpeg", ".jpg"),
        ("PNG", "image/png", ".png"),
        ("WEBP", "image/webp", ".webp"),
        ("GIF", "image/gif", ".gif"),
        ("AVIF", "image/avif", ".avif"),
    ],
)
def test_accepted_formats(format: str, mime: str, extension: str) -> None:
    checked = images.check(pictures.saved(SCENE, format))
    assert (checked.format, checked.mime, checked.extension) == (format, mime, extension)
    assert (checked.width, checked.height, checked.animated) == (640, 480, False)


@pytest.mark.parametrize("format", ["WEBP", "GIF", "PNG", "AVIF"])
def test_animation_counts_as_its_first_frame(format: str) -> None:
    frames = [pictures.scene(seed, 120, 90) for seed in (1, 2, 3)]
    data = pictures.saved(frames[0], format, save_all=True, append_images=frames[1:])
    assert images.check(data).animated
    shown = pictures.opened(images.render(data, max_side=120))
    assert difference(shown, frames[0]) < 12 < difference(shown, frames[1])


def test_phone_photo_with_a_second_picture_inside_is_a_plain_jpeg() -> None:
    small = pictures.scene(9, 64, 48)
    data = pictures.saved(SCENE, "MPO", save_all=True, append_images=[small])
    assert pictures.opened(data).format == "MPO"
    checked = images.check(data)
    assert (checked.format, checked.width, checked.animated) == ("JPEG", 640, False)
    assert difference(pictures.opened(images.render(data, max_side=640)), SCENE) < 6


def test_video_after_the_picture_does_not_count_as_scans() -> None:
    motion = pictures.jpeg(SCENE, progressive=True) + b"\xff\xda\x00\x04ab" * 1000
    assert count_scans(motion) == count_scans(pictures.jpeg(SCENE, progressive=True)) == 10
    assert images.check(motion).format == "JPEG"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("margin", [0, 2])
def test_orientation_is_applied(orientation: int, margin: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = pictures.jpeg(pictures.scene(4, 900, 600), exif=exif)
    upright = ImageOps.exif_transpose(pictures.opened(data))
    checked = images.check(data)
    assert (checked.width, checked.height) == upright.size
    shown = pictures.opened(images.render(data, max_side=900))
    assert shown.size == upright.size
    assert difference(shown, upright) < 5
    prep = dataclasses.replace(EXACT, dct_margin=margin)
    ours = images.decode(data, prep).astype(int)
    reference = images.decode(pictures.png(upright), prep).astype(int)
    # The filter runs over rows first: turned, the intermediate rounding differs by a step.
    assert np.abs(ours - reference).mean() < (0.2 if margin == 0 else 1.0)


def test_renditions_are_small_upright_and_bare() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 22.0, 12.0), 3: "E", 4: (4.0, 53.0, 0.0)})
    data = pictures.jpeg(
        pictures.scene(6, 2000, 1500), exif=exif, comment=b"call me", icc_profile=display_p3()
    )
    assert pictures.opened(data).getexif().get_ifd(0x8825)
    small, large = images.renditions(data, [320, 1280])
    assert pictures.opened(small).size == (240, 320)
    assert pictures.opened(large).size == (960, 1280)
    for rendered in (small, large):
        shown = pictures.opened(rendered)
        assert not shown.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(shown.info)
        assert shown.info["progressive"]
        for trace in (b"Exif", b"ICC_PROFILE", b"call me", b"Maker"):
            assert trace not in rendered


def test_rendering_never_enlarges() -> None:
    assert pictures.opened(images.render(JPEG, max_side=5000)).size == (640, 480)
    assert pictures.opened(
        images.render(pictures.png(SCENE.resize((2000, 16))), max_side=50)
    ).size == (50, 1)


def display_p3() -> bytes:
    """A wide profile, built from the sRGB one by exchanging its red and green primaries' names."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"tmpX").replace(b"gXYZ", b"rXYZ").replace(b"tmpX", b"gXYZ")
    return swapped.replace("sRGB".encode("utf-16-be"), "Test".encode("utf-16-be"))


def test_colour_profile_is_applied() -> None:
    """With red and green exchanged in the profile, a red file is a green picture."""
    red = pictures.png(Image.new("RGB", (64, 64), (220, 30, 30)), icc_profile=display_p3())
    shown = np.asarray(pictures.opened(images.render(red, max_side=64))).reshape(-1, 3).mean(0)
    assert shown[1] > 200 > 60 > shown[0]
    pixels = images.decode(red, EXACT).reshape(-1, 3).mean(0)
    assert pixels[1] > 200 > 60 > pixels[0]


def test_damaged_colour_profile_is_ignored() -> None:
    data = pictures.jpeg(SCENE, icc_profile=b"not a profile" * 20)
    assert images.render(data, max_side=640) == images.render(JPEG, max_side=640)


def unusual() -> list[tuple[str, bytes, tuple[int, int, int], tuple[int, int, int]]]:
    """(name, file, colour of the left half, of the right half)."""
    red, green, white = (200, 40, 40), (40, 160, 60), (255, 255, 255)
    halves = Image.new("RGB", (64, 64), red)
    halves.paste(green, (32, 0, 64, 64))
    mask = Image.new("L", (64, 64), 255)
    mask.paste(0, (32, 0, 64, 64))
    clear = halves.copy()
    clear.putalpha(mask)
    palette = halves.quantize(4)
    clear_palette = palette.copy()
    clear_palette.info["transparency"] = palette.getpixel((60, 10))
    deep = np.full((64, 64), 0x3000, dtype=np.uint16)
    deep[:, 32:] = 0xC000
    grey = Image.fromarray(np.where(deep < 0x8000, 48, 192).astype(np.uint8))
    clear_grey = grey.copy()
    clear_grey.putalpha(mask)
    one_bit = Image.fromarray(deep > 0x8000)
    dark, light = (48, 48, 48), (192, 192, 192)
    return [
        ("CMYK", pictures.jpeg(halves.convert("CMYK"), quality=98), red, green),
        ("grey JPEG", pictures.jpeg(grey, quality=98), dark, light),
        ("16 bits", pictures.png(Image.fromarray(deep)), dark, light),
        ("palette", pictures.png(palette), red, green),
        ("palette and alpha", pictures.png(clear_palette), red, white),
        ("transparent colour", pictures.png(halves, transparency=green), red, white),
        ("alpha", pictures.png(clear), red, white),
        ("grey and alpha", pictures.png(clear_grey), dark, white),
        ("one bit", pictures.png(one_bit), (0, 0, 0), white),
        ("WebP alpha", pictures.saved(clear, "WEBP", lossless=True), red, white),
        (
            "GIF alpha",
            pictures.saved(clear_palette, "GIF", transparency=clear_palette.info["transparency"]),
            red,
            white,
        ),
    ]


@pytest.mark.parametrize(
    ("data", "left", "right"), [case[1:] for case in unusual()], ids=[case[0] for case in unusual()]
)
def test_pixel_layouts(
    data: bytes, left: tuple[int, int, int], right: tuple[int, int, int]
) -> None:
    images.check(data)
    shown = np.asarray(pictures.opened(images.render(data, max_side=64)))
    pixels = images.decode(data, EXACT)
    for array in (shown, pixels):
        side = array.shape[1]
        assert array.shape == (side, side, 3)
        assert np.abs(array[:, : side // 3].reshape(-1, 3).mean(0) - left).max() < 8
        assert np.abs(array[:, -side // 3 :].reshape(-1, 3).mean(0) - right).max() < 8


def test_a_very_long_strip_costs_no_more_than_a_square() -> None:
    """Resizing its short side to 96 first would make a picture of 96 × 375,000 pixels."""
    strip = pictures.png(pictures.scene(8, 62_500, 16))
    tracemalloc.start()
    pixels = images.decode(strip, EXACT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pixels.shape == (96, 96, 3)
    assert peak < 30_000_000


def test_rejection_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(ImageRejected("empty_file", "The file is empty.")))
    assert (copy.code, str(copy)) == ("empty_file", "The file is empty.")


def test_modules_of_the_web_process_do_not_import_torch() -> None:
    script = (
        "import sys\n"
        "import catalog.ml.images, catalog.ml.scoring, catalog.ml.preprocessing\n"
        "import catalog.ml.checkpoint, catalog.evaluation\n"
        "print(sorted({'torch', 'transformers', 'django', 'celery'} & set(sys.modules)))\n"
    )
    assert run_python(script) == "[]"


def run_python(script: str) -> str:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
