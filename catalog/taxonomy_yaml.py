"""Reading a taxonomy in YAML, with the line of every entry. No Django.

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
    try:
        _refuse_bombs(text)
        root = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"Line {mark.line + 1} is not YAML" if mark else "It is not YAML"
        raise TaxonomyError(f"{place}: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise TaxonomyError(f"It is not YAML: {error}.") from error
    if not isinstance(root, yaml.MappingNode):
        raise TaxonomyError(f"This is not a taxonomy. {FORM}")
    fields = _fields(root)
    if "categories" not in fields:
        raise TaxonomyError(f"This is not a taxonomy: it has no “categories”. {FORM}")
    head: dict[str, str] = {
        key: _text(fields[key]) for key in ("slug", "name", "version") if key in fields
    }
    return head, _walk(fields["categories"], None)


def _refuse_bombs(text: str) -> None:
    """Aliases can multiply a small file without end, and deep nesting exhausts the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.AliasEvent):
            raise TaxonomyError(
                f"{_place(event)} uses a YAML alias (*{event.anchor}). Write the entry out."
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise TaxonomyError(
                f"{_place(event)} is nested deeper than {MAX_DEPTH // 2} categories."
            )


def _walk(entries: yaml.Node, parent: str | None) -> Iterator[Entry]:
    if not isinstance(entries, yaml.SequenceNode):
        raise TaxonomyError(f"{_place(entries)}: here a list of categories is expected. {FORM}")
    for node in entries.value:
        if not isinstance(node, yaml.MappingNode):
            raise TaxonomyError(f"{_place(node)}: a category has an id and a name. {FORM}")
        fields = _fields(node)
        synonyms = fields.get("synonyms")
        if synonyms is not None and not isinstance(synonyms, yaml.SequenceNode):
            raise TaxonomyError(f"{_place(synonyms)}: synonyms are a list, like [cap, beanie].")
        identity = _text(fields["id"]) if "id" in fields else ""
        yield Entry(
            line=node.start_mark.line + 1,
            external_id=identity,
            name=_text(fields["name"]) if "name" in fields else "",
            parent=parent,
            synonyms=tuple(_text(each) for each in synonyms.value) if synonyms else (),
        )
        if "children" in fields:
            yield from _walk(fields["children"], identity)


def _fields(node: yaml.MappingNode) -> dict[str, yaml.Node]:
    return {_text(key): value for key, value in node.value}


def _text(node: yaml.Node) -> str:
    """A scalar as it is written: `1.10` stays 1.10, `no` stays no."""
    if not isinstance(node, yaml.ScalarNode):
        raise TaxonomyError(f"{_place(node)}: here a text is expected.")
    return str(node.value).strip()


def _place(part: yaml.Node | yaml.Event) -> str:
    return f"Line {part.start_mark.line + 1}" if part.start_mark else "Somewhere"
