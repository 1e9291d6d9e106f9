"""Archives made to do harm: each entry is refused with its reason, the others come in."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from catalog.choices import ImportStatus, ItemStatus
from catalog.models import Image, Import, Storefront
from tests.catalog.zips import bomb, fates, import_of, link, patched, refused, zip_of
from tests.conftest import Picture

Run = Callable[[bytes], Import]


@pytest.fixture
def run(make_user: Callable[..., User], storefront: Storefront) -> Run:
    sam = make_user("sam", "staff")
    return lambda data: import_of(sam, storefront, {"photos.zip": data})


@pytest.mark.parametrize(
    "name",
    [
        "../../x.jpg",
        "/etc/x.jpg",
        "C:\\x.jpg",
        "photos/../../x.jpg",
        "..\\..\\x.jpg",
        "\\\\server\\x.jpg",
    ],
)
def test_names_that_lead_out_are_refused(
    name: str, run: Run, picture: Picture, media: Path, tmp_path: Path
) -> None:
    job = run(zip_of([(name, picture("mug")), ("good.jpg", picture("vase"))]))
    (reason,) = refused(job).values()
    assert "leads out of the archive" in reason
    assert Image.objects.get().filename == "good.jpg"
    assert not list(media.parent.rglob("x.jpg"))
    assert job.status == ImportStatus.DONE


def test_links_devices_passwords_and_odd_packing(run: Run, picture: Picture) -> None:
    pipe = link("pipe.jpg")
    pipe.external_attr = 0o010644 << 16
    data = zip_of(
        [
            (link("link.jpg"), b"/etc/passwd"),
            (pipe, b"x"),
            ("secret.jpg", picture("mug", 1)),
            ("odd.jpg", picture("mug", 2)),
            ("good.jpg", picture("mug", 3)),
        ]
    )
    data = patched(data, 2, 8, "<H", 0x1)
    data = patched(data, 3, 10, "<H", 98)
    reasons = refused(run(data))
    assert "a link to a place elsewhere" in reasons["link.jpg"]
    assert "a device or a pipe" in reasons["pipe.jpg"]
    assert "without a password" in reasons["secret.jpg"]
    assert "an ordinary ZIP" in reasons["odd.jpg"]
    assert Image.objects.get().filename == "good.jpg"


def test_archives_in_archives_by_name_and_by_content(run: Run, picture: Picture) -> None:
    inner = zip_of({"x.jpg": picture("mug")})
    reasons = refused(run(zip_of({"inner.zip": inner, "inner.jpg": inner})))
    assert set(reasons) == {"inner.zip", "inner.jpg"}
    assert all("an archive inside the archive" in reason for reason in reasons.values())
    assert not Image.objects.exists()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_bombs(run: Run, picture: Picture, settings: object, method: int) -> None:
    settings.VITRINE_MAX_UPLOAD_BYTES = 2_000_000  # type: ignore[attr-defined]
    data = zip_of(
        {
            "huge.jpg": bomb(3_000_000),
            "liar.jpg": bomb(3_000_000),
            "ratio.jpg": bomb(1_900_000),
            "good.jpg": picture("mug"),
        },
        method=method,
    )
    data = patched(data, 1, 24, "<L", 1_000)  # claims to be a kilobyte
    job = run(data)
    reasons = refused(job)
    assert "unpacks to more than 1.9 MB" in reasons["huge.jpg"]
    if method == zipfile.ZIP_DEFLATED:
        assert "more than 100 times its packed size" in reasons["liar.jpg"]
        assert "more than 100 times its packed size" in reasons["ratio.jpg"]
        assert job.unpacked_bytes < 2.5 * 1_100_000 + 100_000
    else:
        assert "unpacks to more than" in reasons["liar.jpg"]
        assert "not in an image format" in reasons["ratio.jpg"]
    assert Image.objects.get().filename == "good.jpg"


def test_an_import_unpacks_to_so_much_and_no_more(
    run: Run, picture: Picture, settings: object
) -> None:
    settings.VITRINE_IMPORT_UNPACKED_BYTES = 20_000  # type: ignore[attr-defined]
    photos = {f"{n}.jpg": picture("mug", n) for n in range(20)}
    job = run(zip_of(photos))
    assert job.status == ImportStatus.DONE
    accepted = job.items.filter(status=ItemStatus.ACCEPTED).count()
    assert 0 < accepted < 20
    assert len(refused(job)) == 20 - accepted
    assert all("the most allowed" in reason for reason in refused(job).values())


def test_entries_that_share_bytes(run: Run, picture: Picture) -> None:
    data = zip_of(
        {"a.jpg": picture("mug", 1), "b.jpg": picture("mug", 2), "c.jpg": picture("vase")}
    )
    first = data.index(b"PK\x01\x02")
    (offset,) = struct.unpack_from("<L", data, first + 42)
    reasons = refused(run(patched(data, 1, 42, "<L", offset)))
    assert set(reasons) == {"a.jpg", "b.jpg"}
    assert all("shares its bytes" in reason for reason in reasons.values())
    assert Image.objects.get().filename == "c.jpg"


def test_damage_stays_where_it_is(run: Run, picture: Picture) -> None:
    data = zip_of(
        {"a.jpg": picture("mug", 1), "b.jpg": picture("mug", 2)}, method=zipfile.ZIP_STORED
    )
    at = data.index(b"b.jpg") + 2_000
    reasons = refused(run(data[:at] + bytes(50) + data[at + 50 :]))
    assert reasons == {
        "b.jpg": "It is damaged inside the archive. Pack it again, from the original photo."
    }
    assert Image.objects.get().filename == "a.jpg"


def test_two_names_for_one_entry(run: Run, picture: Picture) -> None:
    data = zip_of({"a.jpg": picture("mug")}).replace(b"a.jpg", b"b.jpg", 1)
    assert "two different names" in refused(run(data))["a.jpg"]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda data: data[: len(data) // 2], "no directory"),
        (lambda data: data[:-10], "no directory"),
        (lambda data: patched(data, 1, 0, "<L", 0), "directory is damaged"),
        (lambda data: patched(data, 1, 28, "<H", 60_000), "directory is damaged"),
        (lambda data: patched(data, 0, 0, "<L", 0), "directory is damaged"),
        (lambda data: b"PK\x03\x04", "no directory"),
    ],
)
def test_a_broken_directory_is_explained(
    run: Run, picture: Picture, harm: Callable[[bytes], bytes], words: str
) -> None:
    job = run(harm(zip_of({"a.jpg": picture("mug"), "b.jpg": picture("vase")})))
    assert words in refused(job)["photos.zip"]
    assert job.status == ImportStatus.DONE
    assert not Image.objects.exists()


def test_too_many_entries(run: Run, picture: Picture, settings: object) -> None:
    settings.VITRINE_IMPORT_MAX_ENTRIES = 2  # type: ignore[attr-defined]
    job = run(zip_of({f"{n}.jpg": b"" for n in range(3)}))
    assert "more than 2 entries" in refused(job)["photos.zip"]


def test_names_twice_litter_and_odd_letters(run: Run, picture: Picture) -> None:
    odd = zipfile.ZipInfo("tasse_\u202egpj.jpg")
    data = zip_of(
        [
            ("a.jpg", picture("mug", 1)),
            ("A.jpg", picture("mug", 2)),
            ("__MACOSX/._a.jpg", b"x"),
            (".DS_Store", b"x"),
            ("folder/Thumbs.db", b"x"),
            ("folder/", b""),
            ("folder/Täßchen.jpg", picture("mug", 3)),
            (odd, picture("mug", 4)),
        ]
    )
    # A name that is neither UTF-8 nor declared to be.
    data = data.replace("Täßchen.jpg".encode(), b"T\xe4\xff\xfe\xfachen.jpg")
    job = run(data)
    found = fates(job)
    assert "which one is meant" in refused(job)["A.jpg"]
    assert len(refused(job)) == 1
    passed = job.items.filter(status=ItemStatus.SKIPPED).values_list("name", flat=True)
    assert set(passed) == {"__MACOSX/._a.jpg", ".DS_Store", "folder/Thumbs.db"}
    assert found["tasse_ gpj.jpg"][0] == ItemStatus.ACCEPTED
    assert Image.objects.count() == 3


def test_a_zip_inside_another_file_still_reads(run: Run, picture: Picture) -> None:
    """Self-extracting archives have a program in front."""
    job = run(b"#!/bin/sh\n" * 100 + zip_of({"a.jpg": picture("mug")}))
    assert not refused(job)
    assert Image.objects.get().filename == "a.jpg"


def test_an_entry_that_reaches_beyond_the_archive_is_alone(run: Run, picture: Picture) -> None:
    data = zip_of({"a.jpg": picture("mug", 1), "b.jpg": picture("mug", 2)})
    reasons = refused(run(patched(data, 0, 20, "<L", 0xFFFF_FFF0)))
    assert set(reasons) == {"a.jpg"}
    assert "damaged inside the archive" in reasons["a.jpg"]
    assert Image.objects.get().filename == "b.jpg"


def test_a_name_that_fills_pages(run: Run, picture: Picture) -> None:
    job = run(zip_of({"x" * 60_000 + ".jpg": picture("mug", 1), "b.jpg": picture("mug", 2)}))
    ((name, reason),) = refused(job).items()
    assert len(name) == 300
    assert "longer than 1,000 bytes" in reason
    assert Image.objects.get().filename == "b.jpg"
