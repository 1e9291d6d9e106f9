"""Reading YAML with the line of every entry, and a taxonomy in it. No Django.

`slug`, `name`, `version` and `categories`, each with `id`, `name`, and optionally `synonyms` and
`children`. Composed to nodes rather than loaded: nodes know their lines.
"""

from collections.abc import Iterator

import yaml

from catalog.taxonomy_formats import Entry, TaxonomyError

MAX_DEPTH = 100  # of YAML, where a category takes two levels
Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FORM = (
    "A taxonomy in YAML has slug, name, version and categories; see docs/architecture.md for the "
    "format."
)


def read_yaml(text: str) -> tuple[dict[str, str], Iterator[Entry]]:
    """The head (slug, name, version: those that are given) and the entries."""
    root = compose(text)
    if not isinstance(root, yaml.MappingNode):
        raise TaxonomyError(f"This is not a taxonomy. {FORM}")
    fields = fields_of(root)
    if "categories" not in fields:
        raise TaxonomyError(f"This is not a taxonomy: it has no “categories”. {FORM}")
    head: dict[str, str] = {
        key: text_of(fields[key]) for key in ("slug", "name", "version") if key in fields
    }
    return head, _walk(fields["categories"], None)


def compose(text: str) -> yaml.Node | None:
    """The document's root; None if it is empty. Raises `TaxonomyError` with the line."""
    try:
        _refuse_bombs(text)
        return yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"Line {mark.line + 1} is not YAML" if mark else "It is not YAML"
        raise TaxonomyError(f"{where}: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise TaxonomyError(f"It is not YAML: {error}.") from error


def _refuse_bombs(text: str) -> None:
    """Aliases can multiply a small file without end, and deep nesting exhausts the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.AliasEvent):
            raise TaxonomyError(
                f"{place_of(event)} uses a YAML alias (*{event.anchor}). Write the entry out."
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise TaxonomyError(
                f"{place_of(event)} is nested deeper than {MAX_DEPTH // 2} categories."
            )


def _walk(entries: yaml.Node, parent: str | None) -> Iterator[Entry]:
    if not isinstance(entries, yaml.SequenceNode):
        raise TaxonomyError(f"{place_of(entries)}: here a list of categories is expected. {FORM}")
    for node in entries.value:
        if not isinstance(node, yaml.MappingNode):
            raise TaxonomyError(f"{place_of(node)}: a category has an id and a name. {FORM}")
        fields = fields_of(node)
        synonyms = fields.get("synonyms")
        if synonyms is not None and not isinstance(synonyms, yaml.SequenceNode):
            raise TaxonomyError(f"{place_of(synonyms)}: synonyms are a list, like [cap, beanie].")
        identity = text_of(fields["id"]) if "id" in fields else ""
        yield Entry(
            line=node.start_mark.line + 1,
            external_id=identity,
            name=text_of(fields["name"]) if "name" in fields else "",
            parent=parent,
            synonyms=tuple(text_of(each) for each in synonyms.value) if synonyms else (),
        )
        if "children" in fields:
            yield from _walk(fields["children"], identity)


def fields_of(node: yaml.MappingNode) -> dict[str, yaml.Node]:
    """Names and what stands there; of a name that is given twice, the last."""
    return {text_of(key): value for key, value in node.value}


def text_of(node: yaml.Node) -> str:
    """A scalar as it is written: `1.10` stays 1.10, `no` stays no."""
    if not isinstance(node, yaml.ScalarNode):
        raise TaxonomyError(f"{place_of(node)}: here a text is expected.")
    return str(node.value).strip()


def place_of(part: yaml.Node | yaml.Event) -> str:
    """Where it begins, to start a sentence with."""
    return f"Line {part.start_mark.line + 1}" if part.start_mark else "Somewhere"
