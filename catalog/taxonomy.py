"""Taxonomies in the database: what a file would change, and applying it.

Categories are known by the external ids of their file, so importing a newer one keeps every tag:
renamed and moved nodes stay the same rows, and what is no longer in the file is retired.
"""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.db import transaction
from django.db.models import Count

from catalog import doorbell
from catalog.models import Category, Tag, Taxonomy
from catalog.taxonomy_files import Document, Node, TaxonomyError, read
from catalog.taxonomy_vectors import activate as make_active
from catalog.taxonomy_vectors import words_digest

STARTER = Path(__file__).parent / "data" / "starter_taxonomy.yaml"
ENCODE = "catalog.tasks.encode_categories"
BATCH = 1000  # rows per statement


@dataclass(frozen=True)
class Change:
    """What happens to one category, and on how many photos it is a tag today."""

    external_id: str
    path: str  # afterwards; of a retired one, as it is
    before: str = ""  # its path today, or its id if that is what changes
    tags: int = 0


@dataclass(frozen=True)
class Changes:
    """What applying a file would do; each kind in the file's order.

    `moved` names the categories that get another parent, not all that move along with them.
    `renumbered` are known by their path: the file gives them other ids.
    """

    slug: str
    is_new: bool
    added: tuple[Change, ...]
    renamed: tuple[Change, ...]
    moved: tuple[Change, ...]
    reworded: tuple[Change, ...]  # other synonyms
    renumbered: tuple[Change, ...]
    revived: tuple[Change, ...]
    retired: tuple[Change, ...]
    unchanged: int

    def by_kind(self) -> dict[str, tuple[Change, ...]]:
        """Every kind with its changes, the ones to look at first."""
        kinds = ("retired", "renamed", "moved", "renumbered", "reworded", "revived", "added")
        return {kind: getattr(self, kind) for kind in kinds}

    def __bool__(self) -> bool:
        return any(self.by_kind().values())

    @property
    def digest(self) -> str:
        """Equal where the same would happen, whatever photos have been tagged meanwhile."""
        kinds = {
            kind: [(each.external_id, each.path, each.before) for each in found]
            for kind, found in self.by_kind().items()
        }
        return hashlib.sha256(repr((self.slug, self.is_new, kinds)).encode()).hexdigest()


def open_file(path: Path) -> Document:
    """Read a taxonomy file. Raises `TaxonomyError`."""
    try:
        return read(path.read_bytes())
    except OSError as error:
        raise TaxonomyError(f"{path} cannot be read: {error.strerror}.") from error
    except TaxonomyError as error:
        raise TaxonomyError(f"{path}:", *error.problems) from error


def compare(*, document: Document) -> Changes:
    """What `apply` would do; nothing is written. Raises `TaxonomyError` for an unusable name."""
    document = document.named()
    taxonomy = Taxonomy.objects.filter(slug=document.slug).first()
    known = _known(taxonomy)
    matches = _match(document, known)
    listed: dict[str, list[tuple[Category | None, Node]]] = {
        kind: []
        for kind in ("added", "renamed", "moved", "reworded", "renumbered", "revived", "unchanged")
    }
    for node in document.nodes:
        row = matches.get(node.external_id)
        for kind in _kinds(node, row, matches):
            listed[kind].append((row, node))
    gone = _gone(known, matches)
    touched = [row.pk for pairs in listed.values() for row, _ in pairs if row]
    tags = _tags(set(touched + [row.pk for row in gone]) - _pks(listed["unchanged"]))

    def changes(kind: str) -> tuple[Change, ...]:
        return tuple(
            Change(
                external_id=node.external_id,
                path=node.path,
                before=(row.external_id if kind == "renumbered" else row.path) if row else "",
                tags=tags.get(row.pk, 0) if row else 0,
            )
            for row, node in listed[kind]
        )

    return Changes(
        slug=document.slug,
        is_new=taxonomy is None,
        added=changes("added"),
        renamed=changes("renamed"),
        moved=changes("moved"),
        reworded=changes("reworded"),
        renumbered=changes("renumbered"),
        revived=changes("revived"),
        retired=tuple(Change(row.external_id, row.path, tags=tags.get(row.pk, 0)) for row in gone),
        unchanged=len(listed["unchanged"]),
    )


@transaction.atomic
def apply(*, document: Document, activate: bool = True) -> Taxonomy:
    """Bring the database to what the file says; a second time changes nothing at all.

    `activate` makes it the active taxonomy, at once or when its categories are encoded. Rings the
    worker to encode them. Raises `TaxonomyError` for an unusable name.
    """
    document = document.named()
    Taxonomy.objects.get_or_create(
        slug=document.slug, defaults={"name": document.name, "version": document.version}
    )
    taxonomy = Taxonomy.objects.select_for_update().get(slug=document.slug)  # one import at a time
    wrote = _write(taxonomy, document)
    if wrote or (taxonomy.name, taxonomy.version) != (document.name, document.version):
        taxonomy.name, taxonomy.version = document.name, document.version
        taxonomy.save(update_fields=["name", "version", "updated_at"])
    if activate:
        make_active(taxonomy=taxonomy)
    if wrote:
        transaction.on_commit(partial(doorbell.ring, ENCODE))
    return taxonomy


def load(*, path: Path, activate: bool = True) -> Taxonomy:
    """Read a taxonomy file into the database; reading it again updates it. Raises
    `TaxonomyError`."""
    return apply(document=open_file(path), activate=activate)


def _write(taxonomy: Taxonomy, document: Document) -> bool:
    """Make categories as the file has them; says whether any row was written."""
    known = _known(taxonomy)
    matches = _match(document, known)
    gone = _gone(known, matches)
    rows: dict[str, Category] = {}
    changed: list[Category] = []
    new: dict[int, list[Category]] = {}  # by depth: a parent needs its key before its children
    depths: dict[str | None, int] = {None: -1}
    for position, node in enumerate(document.nodes):
        depths[node.external_id] = depths[node.parent] + 1
        row = matches.get(node.external_id)
        wanted = {
            "external_id": node.external_id,
            "name": node.name,
            "path": node.path,
            "synonyms": list(node.synonyms),
            "words_digest": words_digest(node.name, node.synonyms),
            "position": position,
            "is_retired": False,
        }
        parent = rows[node.parent] if node.parent else None
        if row is None:
            row = Category(taxonomy=taxonomy, parent=parent, **wanted)
            new.setdefault(depths[node.external_id], []).append(row)
        elif row.parent_id != (parent.pk if parent else None) or any(
            getattr(row, field) != value for field, value in wanted.items()
        ):
            for field, value in wanted.items():
                setattr(row, field, value)
            row.parent = parent
            changed.append(row)
        rows[node.external_id] = row
    for depth in sorted(new):
        for row in new[depth]:
            row.parent = row.parent  # its key is known by now
        Category.objects.bulk_create(new[depth], batch_size=BATCH)
    for row in changed:
        row.parent = row.parent
    # An upsert by key: ten times faster than bulk_update, whose statement is a CASE per value.
    Category.objects.bulk_create(
        changed,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[*wanted, "parent"],
    )
    Category.objects.filter(pk__in=[row.pk for row in gone]).update(is_retired=True)
    return bool(new or changed or gone)


def _known(taxonomy: Taxonomy | None) -> dict[str, Category]:
    rows = taxonomy.categories.order_by("position") if taxonomy else ()
    return {row.external_id: row for row in rows}


def _match(document: Document, known: dict[str, Category]) -> dict[str, Category]:
    """The row of each of the file's ids that has one: by its id, else by a path only it has."""
    ids = {node.external_id for node in document.nodes}
    by_path: dict[str, list[Category]] = {}
    for row in known.values():
        if row.external_id not in ids and not row.is_retired:
            by_path.setdefault(row.path, []).append(row)
    unknown: dict[str, list[Node]] = {}
    for node in document.nodes:
        if node.external_id not in known:
            unknown.setdefault(node.path, []).append(node)
    matches = {key: row for key, row in known.items() if key in ids}
    for path, nodes in unknown.items():
        if len(nodes) == 1 and len(same := by_path.get(path, [])) == 1:
            matches[nodes[0].external_id] = same[0]
    return matches


def _kinds(node: Node, row: Category | None, matches: dict[str, Category]) -> list[str]:
    if row is None:
        return ["added"]
    parent = matches.get(node.parent) if node.parent else None
    found = {
        "renamed": row.name != node.name,
        "moved": bool(node.parent) != bool(row.parent_id)
        or (node.parent is not None and (parent is None or row.parent_id != parent.pk)),
        "reworded": row.synonyms != list(node.synonyms),
        "renumbered": row.external_id != node.external_id,
        "revived": row.is_retired,
    }
    return [kind for kind, happens in found.items() if happens] or ["unchanged"]


def _gone(known: dict[str, Category], matches: dict[str, Category]) -> list[Category]:
    kept = {row.pk for row in matches.values()}
    return [row for row in known.values() if row.pk not in kept and not row.is_retired]


def _pks(pairs: list[tuple[Category | None, Node]]) -> set[int]:
    return {row.pk for row, _ in pairs if row}


def _tags(categories: set[int]) -> dict[int, int]:
    """On how many photos each category is a tag."""
    counted = Tag.objects.filter(category__in=categories).order_by().values("category")
    return dict(
        counted.annotate(photos=Count("image", distinct=True)).values_list("category", "photos")
    )
