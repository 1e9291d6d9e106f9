"""Lists of hashes as CSV, in and out."""

import csv
import io
from collections.abc import Callable

import numpy as np
import pytest
from django.contrib.auth.models import User

from catalog.ml import pdq_text
from moderation import banks, hashes, hashlists
from moderation.hashlists import ImportReport, UnusableList
from moderation.models import Bank, Exemplar, Policy
from tests.conftest import Picture

pytestmark = pytest.mark.django_db

A, B, C = "a" * 64, "0123456789abcdef" * 4, "F" * 64


@pytest.fixture
def bank(db: None) -> Bank:
    return Bank.objects.create(policy=Policy.objects.create(slug="p", name="P"), name="Shared")


def take(bank: Bank, text: str | bytes, **more: object) -> ImportReport:
    data = text if isinstance(text, bytes) else text.encode()
    return hashlists.import_csv(bank=bank, file=io.BytesIO(data), **more)  # type: ignore[arg-type]


def rows(bank: Bank) -> list[tuple[str, int | None, str, str]]:
    found = bank.exemplars.order_by("sha256")
    return [(e.sha256, e.pdq_quality, e.note, e.source) for e in found]


def test_each_line_becomes_an_exemplar_and_workers_are_told(
    bank: Bank, make_user: Callable[..., User]
) -> None:
    lea = make_user("lea", "lead")
    report = take(bank, f"{A},90,from A,their list\n{C},,,\n", source="ours", added_by=lea)
    assert report == ImportReport(added=2)
    assert rows(bank) == [
        (A, 90, "from A", "their list"),
        (C.lower(), 100, "", "ours"),
    ]
    kept = bank.exemplars.get(sha256=A)
    assert (kept.pdq, kept.added_by, kept.picture.name) == (
        pdq_text.bits(pdq_text.from_hex(A)),
        lea,
        "",
    )
    before = bank.version
    bank.refresh_from_db()
    assert before == bank.version  # touched once, and the caller's bank knows
    assert bank.version == 2


@pytest.mark.parametrize(
    "text",
    [
        f"{A},90\n{B},80",
        f"\ufeffhash,quality\r\n{A},90\r\n\r\n{B},80\r\n",
        f"quality;pdq_hex;extra\n90;{A};x\n80;{B};y\n",
        f"Hash\tQuality\n{A}\t90\n\n\n{B}\t80\n",
        f'"{A}","90"\n"{B}","80","",""\n',
        f"PDQ Hash, Quality\n {A} , 90\n{B.upper()},80\n",
    ],
)
def test_the_ways_lists_are_written(text: str, bank: Bank) -> None:
    assert take(bank, text) == ImportReport(added=2)
    assert rows(bank) == [(B, 80, "", ""), (A, 90, "", "")]


def test_bad_lines_are_named_and_the_others_added(bank: Bank) -> None:
    text = (
        f"hash,quality,note\nnonsense,90\n{A},90\n\n{B},high\n{C},12\n{C},101\n{C},90,{'x' * 301}\n"
    )
    report = take(bank, text)
    assert [number for number, _ in report.rejected] == [2, 5, 6, 7, 8]
    reasons = [reason for _, reason in report.rejected]
    assert "'nonsense' is not" in reasons[0]
    assert reasons[1] == "The quality is a whole number; 'high' is not."
    assert reasons[2].startswith("Quality 12 is not between 50 and 100.")
    assert reasons[4] == "The note has 301 characters; at most 300 are kept."
    assert report.added == 1
    assert rows(bank) == [(A, 90, "", "")]


def test_importing_again_adds_nothing_and_wakes_nobody(bank: Bank) -> None:
    take(bank, f"{A}\n{B}\n")
    retired = bank.exemplars.get(sha256=B)
    banks.disable_exemplar(exemplar=retired)
    bank.refresh_from_db()
    version = bank.version
    assert take(bank, f"{A}\n{B}\n{A.upper()}\n") == ImportReport(added=0, already_there=3)
    bank.refresh_from_db()
    retired.refresh_from_db()
    assert (bank.version, retired.is_enabled) == (version, False)


def test_the_same_hash_in_another_bank_is_another_exemplar(bank: Bank) -> None:
    other = Bank.objects.create(policy=bank.policy, name="Other")
    assert take(bank, A).added == take(other, A).added == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty."),
        (b"\n \n", "The file is empty."),
        (b"\xff\xfe" + f"{A}\n".encode("utf-16-le"), "The file is not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n\0\0", "The file is not UTF-8 text"),
        (b"a\0b", "The file is not text."),
        (b'"' + b"a" * 200_000, "Line 1 cannot be read as CSV"),
        (b"\n".join([A.encode()] * 100_001), "more than 100,000 lines"),
        (b"a" * (32 * 1024 * 1024 + 1), "more than 32 MB"),
    ],
)
def test_what_is_no_list_is_refused_in_words(data: bytes, message: str, bank: Bank) -> None:
    with pytest.raises(UnusableList, match=message):
        take(bank, data)
    assert not Exemplar.objects.exists()


def test_an_export_is_what_another_installation_imports(bank: Bank) -> None:
    take(bank, f"{B},80,=SUM(A1),@them\n{A},90,-1 +1 'quoted',\n{C},70,\"two\nlines, and\",x\n")
    text = "".join(hashlists.export_csv(bank))
    exported = list(csv.reader(io.StringIO(text)))
    assert exported[0] == ["pdq", "quality", "note", "source"]
    assert exported[1] == [B, "80", "'=SUM(A1)", "'@them"]  # a spreadsheet runs none of it
    assert exported[2] == [A, "90", "'-1 +1 'quoted'", ""]

    other = Bank.objects.create(policy=bank.policy, name="Other")
    assert take(other, text).added == 3
    assert rows(other) == rows(bank)


def test_an_export_leaves_out_what_should_match_nothing(bank: Bank, picture: Picture) -> None:
    banks.add_exemplar(bank=bank, data=picture("mug"))  # no hash yet
    kept = banks.add_hash(bank=bank, pdq_hex=A)
    banks.disable_exemplar(exemplar=banks.add_hash(bank=bank, pdq_hex=B))
    Exemplar.objects.filter(pk=banks.add_hash(bank=bank, pdq_hex=C).pk).update(pdq_quality=20)
    assert list(hashlists.export_csv(bank)) == [
        "pdq,quality,note,source\r\n" + A + ",100,,\r\n",
        "",
    ]
    assert kept.sha256 == A


def test_an_empty_bank_exports_its_header(bank: Bank) -> None:
    assert "".join(hashlists.export_csv(bank)) == "pdq,quality,note,source\r\n"


def test_ten_thousand_lines(bank: Bank) -> None:
    random = np.random.default_rng(1)
    lines = [pdq_text.to_hex(random.random(256) > 0.5) for _ in range(10_000)]
    assert take(bank, "\n".join(lines)).added == 10_000
    exported = "".join(hashlists.export_csv(bank)).splitlines()[1:]
    assert {line.split(",")[0] for line in exported} == set(lines)


def test_one_hash_by_hand(bank: Bank) -> None:
    added = banks.add_hash(bank=bank, pdq_hex=C, quality=77, note="n", source="s")
    assert (added.sha256, added.pdq_quality, added.note, added.source) == (C.lower(), 77, "n", "s")
    version = bank.version
    banks.disable_exemplar(exemplar=added)
    again = banks.add_hash(bank=bank, pdq_hex=C.lower())
    assert (again.pk, again.is_enabled, again.note) == (added.pk, True, "n")
    bank.refresh_from_db()
    assert bank.version == version + 2
    with pytest.raises(hashes.BadHash, match="64 hexadecimal digits"):
        banks.add_hash(bank=bank, pdq_hex="abc")
