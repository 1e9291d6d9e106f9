"""Taxonomy files: every format reads to the same kind of tree, and every fault is named."""

from pathlib import Path

import pytest

from catalog import taxonomy_files
from catalog.taxonomy_files import Document, Node, TaxonomyError, read

PUBLIC = Path(__file__).resolve().parents[3] / "shared" / "taxonomies"

SHOPIFY = """
# Shopify Product Taxonomy - Categories: 2025-01
gid://shopify/TaxonomyCategory/ap   : Animals
gid://shopify/TaxonomyCategory/ap-1 : Animals > Birds & Bees
gid://shopify/TaxonomyCategory/bi   : Business
"""
GOOGLE = """
# Google_Product_Taxonomy_Version: 2021-09-21
1 - Animals
3237 - Animals > Birds & Bees
111 - Business
"""
NESTED = """
# Google Product Taxonomy with Nested Set Model
# Generated on: 2025-08-16T22:56:17

   1 | [   1- 4] | Animals
   3 | [   5- 6] | Business
     2 | [   2- 3] | Birds & Bees
"""
BY_PARENT = """
id;name;parent;synonyms
b;Birds & Bees;a;poultry|insects
a;Animals;;
c;Business;;
"""
BY_PATH = 'id,path\na,Animals\nb,"Animals > Birds & Bees"\nc,Business\n'
YAML = """
slug: zoo
name: The zoo
version: 1.10
categories:
  - id: a
    name: Animals
    children:
      - {id: b, name: Birds & Bees, synonyms: [poultry, insects]}
  - {id: c, name: Business}
"""


def tree(document: Document) -> list[tuple[str, int]]:
    """Names with their depths."""
    return [(node.name, node.path.count(" ▸ ")) for node in document.nodes]


def problems_of(data: bytes | str) -> str:
    with pytest.raises(TaxonomyError) as caught:
        read(data.encode() if isinstance(data, str) else data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "format", "head"),
    [
        (SHOPIFY, "shopify", ("shopify", "Shopify Product Taxonomy", "2025-01")),
        (GOOGLE, "google", ("google", "Google Product Taxonomy", "2021-09-21")),
        (NESTED, "nested", ("google", "Google Product Taxonomy", "2025-08-16")),
        (BY_PARENT, "csv", ("", "", "")),
        (BY_PATH, "csv", ("", "", "")),
        (YAML, "yaml", ("zoo", "The zoo", "1.10")),
    ],
    ids=["shopify", "google", "nested", "csv by parent", "csv by path", "yaml"],
)
def test_the_format_is_told_from_the_content(
    text: str, format: str, head: tuple[str, str, str]
) -> None:
    document = read(text.encode())
    assert document.format == format
    assert (document.slug, document.name) == head[:2]
    if format != "csv":  # whose version is a digest of the file
        assert document.version == head[2]
    assert tree(document) == [("Animals", 0), ("Birds & Bees", 1), ("Business", 0)]
    assert document.nodes[1].path == "Animals ▸ Birds & Bees"
    assert document.nodes[1].parent == document.nodes[0].external_id


def test_ids_are_the_files_own() -> None:
    def ids(text: str) -> list[str]:
        return [node.external_id for node in read(text.encode()).nodes]

    prefix = "gid://shopify/TaxonomyCategory/"
    assert ids(SHOPIFY) == [f"{prefix}ap", f"{prefix}ap-1", f"{prefix}bi"]
    assert ids(GOOGLE) == ["1", "3237", "111"]
    assert ids(BY_PARENT) == ["a", "b", "c"]


def test_row_numbers_are_no_ids_for_they_shift_when_a_row_is_added() -> None:
    before = read(NESTED.encode())
    shifted = NESTED.replace("   1 | [   1- 4]", "   0 | [ 1- 2] | Alpacas\n 1 | [   3- 6]")
    shifted = shifted.replace("[   2- 3]", "[ 4- 5]").replace("[   5- 6]", "[ 7- 8]")
    after = read(shifted.replace("3 |", "4 |").encode())
    assert [node.name for node in after.nodes] == ["Alpacas", "Animals", "Birds & Bees", "Business"]
    assert after.nodes[1:] == before.nodes
    assert before.nodes[1].external_id == "birds-bees~" + before.nodes[1].external_id[-12:]


def test_synonyms_come_along() -> None:
    expected = Node("b", "a", "Birds & Bees", "Animals ▸ Birds & Bees", ("poultry", "insects"))
    assert read(BY_PARENT.encode()).nodes[1] == expected
    assert read(YAML.encode()).nodes[1] == expected


def test_windows_files_read_as_others_do() -> None:
    plain = read(BY_PARENT.encode()).nodes
    assert read(b"\xef\xbb\xbf" + BY_PARENT.replace("\n", "\r\n").encode()).nodes == plain


def test_text_encoded_twice_is_repaired_and_other_text_left_alone() -> None:
    names = [node.name for node in read("1 - CrÃªpe Pans\n2 - Crêpes Ãlvaro".encode()).nodes]
    assert names == ["Crêpe Pans", "Crêpes Ãlvaro"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"# only a comment\n", "The file is empty."),
        (b"\x00\x01\x02", "no text in UTF-8"),
        ("1 - A".encode("utf-16"), "no text in UTF-8"),
        ("id,name,parent\n1,A,\n2,Caf\xe9,".encode("latin-1"), "Line 3 is not UTF-8 (byte 0xe9)."),
        (b"hello", "This is not a taxonomy."),
        (b"[]", "This is not a taxonomy."),
        (b"a: [", "is not YAML"),
        (b"slug: a\nname: A", "no “categories”"),
        (b"categories: 3", "Line 1: here a list of categories"),
        (b"categories:\n - x", "Line 2: a category has an id and a name."),
        (b"categories: []", "There are no categories"),
        (b"categories:\n - {id: 1}", "Line 2: the name is empty."),
        (b"categories:\n - {name: A}", "Line 2: the id is empty."),
        (b"categories:\n - {id: 1, name: A, synonyms: x}", "Line 2: synonyms are a list"),
        (b"categories:\n - {id: [1], name: A}", "Line 2: here a text is expected."),
        (b"a: &x [1]\ncategories: *x", "Line 2 uses a YAML alias"),
        (b"[" * 100_000, "nested deeper than 50"),
        (b"1 - A\n1 - B", "Line 2: the id “1” is used twice, first in line 1."),
        (b"1 - A\n2 - A", "Line 2: “A” is there twice, first in line 1."),
        (b"1 - A\n2 - X > B", "Line 2: the parent “X” of “B” is not in the file."),
        (b"1 - A\n2 - A > ", "Line 2: the name is empty."),
        (b"1 - A\nfoo", "Line 2 is not of the form “<number> - <A> > <B>”: foo"),
        (b"gid://shopify/TaxonomyCategory/a : A\n2 - B", "Line 2 is not of the form"),
        (b"1 | [1-4] | A\n2 | [2-5] | B", "Line 2: the interval [2-5] crosses another one."),
        (b"id,label\n1,A", "Line 1: the columns are id, label."),
        (b"id,name,parent\n1,A,9", "Line 2: the parent “9” of “A” is not in the file."),
        (b"id,name,parent\n1,A,2\n2,B,1", "Line 2: “A” is below itself."),
        (b"id,name,parent\n1,A,1", "Line 2: “A” is below itself."),
        (b"id,name,parent\n,A,", "Line 2: the id is empty."),
        (b"id,name,parent\n1,A,,x,y", "Line 2 has 5 cells for 3 columns."),
        (b'id,name,parent\n1,"A,', "is not CSV"),
        (b"id,name,path\n1,A,B", "Line 2: the name is “A” and the path ends with “B”."),
        (b"id,name,parent\n1,A\x07,", "Line 2: the name contains unprintable characters."),
        (b"id,name,parent\n1," + b"A" * 201 + b",", "Line 2: the name is longer than 200 letters."),
        (b"id,name,parent\n" + b"1" * 121 + b",A,", "Line 2: the id is longer than 120 letters."),
    ],
)
def test_what_is_wrong_is_said_with_its_line(content: bytes, said: str) -> None:
    assert said in problems_of(content)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(TaxonomyError) as caught:
        read(b"id,name,parent\n1,A,9\n1,B,\n2,,\n")
    assert len(caught.value.problems) == 3
    many = "".join(f"{n},,\n" for n in range(50))
    with pytest.raises(TaxonomyError, match="And 30 more"):
        read(f"id,name,parent\n{many}".encode())


def test_a_file_or_tree_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taxonomy_files, "MAX_NODES", 2)
    assert "more than 2 categories" in problems_of(GOOGLE)
    monkeypatch.setattr(taxonomy_files, "MAX_BYTES", 10)
    assert "larger than" in problems_of(GOOGLE)
    deep = " > ".join(["A" * 150] * 7)
    rows = "\n".join(f"{n} - {' > '.join(['A' * 150] * n)}" for n in range(1, 8))
    assert deep in rows
    monkeypatch.undo()
    assert "longer than 1000 letters together" in problems_of(rows)


@pytest.mark.parametrize(
    ("given", "said"),
    [({}, "slug"), ({"slug": "No Slug"}, "slug"), ({"slug": "a", "name": "x" * 121}, "name")],
)
def test_a_taxonomy_needs_a_usable_name(given: dict[str, str], said: str) -> None:
    with pytest.raises(TaxonomyError, match=f"The {said}"):
        read(BY_PATH.encode()).named(**given)
    named = read(BY_PATH.encode()).named(slug="shop", version="7")
    assert (named.slug, named.name, named.version) == ("shop", "shop", "7")


@pytest.mark.parametrize(
    ("name", "nodes", "deepest"),
    [("shopify_categories_2025-01.txt", 10_595, 8), ("google_taxonomy_with_ids.txt", 5_595, 7)],
)
def test_the_public_taxonomies_read_in_full(name: str, nodes: int, deepest: int) -> None:
    path = PUBLIC / name
    if not path.is_file():
        pytest.skip(f"{path} is not here: the public taxonomies lie beside the checkout.")
    document = read(path.read_bytes())
    assert len(document.nodes) == len({node.external_id for node in document.nodes}) == nodes
    assert max(node.path.count(" ▸ ") + 1 for node in document.nodes) == deepest
    known = {None}
    for node in document.nodes:
        assert node.parent in known
        known.add(node.external_id)
