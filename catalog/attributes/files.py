"""From the bytes of an attributes file to checked attributes.

YAML: `attributes`, each with `id`, `name`, `by` (words or pixels), `values`, and optionally
`exclusive`, `threshold`, `templates` and `contrast`. `catalog/data/starter_attributes.yaml` is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from catalog.choices import AttributeMethod
from catalog.ml.swatches import rgb_of
from catalog.taxonomy_files import SLUG, TaxonomyError
from catalog.taxonomy_yaml import compose, fields_of, place_of, text_of

STARTER = Path(__file__).parents[1] / "data" / "starter_attributes.yaml"
MAX_BYTES = 256 * 1024  # a photo is compared with all of it, so it is no place for thousands
MAX_ATTRIBUTES, MAX_VALUES, MAX_WORDS, MAX_SWATCHES = 24, 100, 20, 64
MAX_NAME, MAX_SENTENCE = 120, 300
CONTRAST = "no-particular"  # the slug of what stands for “none of these”
DEFAULT_THRESHOLD = 0.5
LABEL = "{label}"
OF_ATTRIBUTE = frozenset(
    ("id", "name", "by", "exclusive", "threshold", "templates", "contrast", "values")
)
OF_VALUE = frozenset(("id", "name", "synonyms", "prompts", "swatches"))


class AttributesError(ValueError):
    """The file cannot be used; the message names the line and the remedy."""


@dataclass(frozen=True)
class Value:
    """One answer; a contrast has the slug `CONTRAST` and prompts only."""

    slug: str
    name: str
    synonyms: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    swatches: tuple[str, ...] = ()

    @property
    def is_contrast(self) -> bool:
        return self.slug == CONTRAST


@dataclass(frozen=True)
class Asked:
    """One attribute as its file gives it; values in the file's order, the contrast last."""

    slug: str
    name: str
    method: AttributeMethod
    is_exclusive: bool
    threshold: float
    templates: tuple[str, ...]
    values: tuple[Value, ...]


def read(data: bytes) -> tuple[Asked, ...]:
    """The attributes of a file. Raises `AttributesError`."""
    if len(data) > MAX_BYTES:
        raise AttributesError(f"The file is larger than {MAX_BYTES // 1024} KB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AttributesError("The file is not UTF-8 text. Save it as UTF-8.") from error
    try:
        root = compose(text)
        if not isinstance(root, yaml.MappingNode) or "attributes" not in fields_of(root):
            raise AttributesError(
                "This is not a file of attributes: it has no “attributes”. See docs/tagging.md."
            )
        nodes = _list(fields_of(root)["attributes"], "attributes", MAX_ATTRIBUTES)
        asked = [_attribute(node) for node in nodes]
    except TaxonomyError as error:
        raise AttributesError(str(error)) from error
    _once([each.slug for each in asked], "attribute")
    return tuple(asked)


def _attribute(node: yaml.Node) -> Asked:
    fields = _mapping(node, "an attribute", OF_ATTRIBUTE)
    slug, name = _named(node, fields)
    said = text_of(fields["by"]) if "by" in fields else ""
    if said not in AttributeMethod.values:
        raise AttributesError(f"{place_of(node)}: “{slug}” needs by: words, or by: pixels.")
    method = AttributeMethod(said)
    values = [
        _value(each, method) for each in _list(fields.get("values"), "values", MAX_VALUES, node)
    ]
    _once([each.slug for each in values], f"value of “{slug}”")
    templates = _sentences(fields, "templates")
    contrast = _sentences(fields, "contrast")
    if method == AttributeMethod.WORDS:
        for each in templates:
            if each.count(LABEL) != 1:
                raise AttributesError(
                    f"{place_of(fields['templates'])}: “{each}” does not contain {LABEL} once."
                )
        if not templates and not all(each.prompts for each in values):
            raise AttributesError(f"{place_of(node)}: “{slug}” has no templates to put words into.")
        if not contrast:
            raise AttributesError(
                f"{place_of(node)}: “{slug}” has no contrast. Say what a photo is likest when no "
                "value applies, such as [a photo of a product]; else every photo would get a value."
            )
        values.append(Value(CONTRAST, f"No particular {name.lower()}"[:MAX_NAME], prompts=contrast))
    return Asked(
        slug=slug,
        name=name,
        method=method,
        is_exclusive=_yes(fields, "exclusive"),
        threshold=_threshold(fields),
        templates=templates,
        values=tuple(values),
    )


def _value(node: yaml.Node, method: AttributeMethod) -> Value:
    fields = _mapping(node, "a value", OF_VALUE)
    slug, name = _named(node, fields)
    if slug == CONTRAST:
        raise AttributesError(f"{place_of(node)}: “{CONTRAST}” is kept for the contrast.")
    swatches = _words(fields, "swatches", 7, MAX_SWATCHES)
    for swatch in swatches:
        try:
            rgb_of(swatch)
        except ValueError as error:
            raise AttributesError(f"{place_of(fields['swatches'])}: {error}") from error
    if method == AttributeMethod.PIXELS and not swatches:
        raise AttributesError(
            f"{place_of(node)}: “{slug}” has no swatches, such as [“#d01c24”], to be known by."
        )
    return Value(
        slug=slug,
        name=name,
        synonyms=_words(fields, "synonyms", MAX_NAME, MAX_WORDS),
        prompts=_sentences(fields, "prompts"),
        swatches=tuple(swatch.lower() for swatch in swatches),
    )


def _mapping(node: yaml.Node, what: str, known: frozenset[str]) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise AttributesError(f"{place_of(node)}: {what} has an id and a name.")
    fields = fields_of(node)
    for name in fields.keys() - known:
        raise AttributesError(
            f"{place_of(fields[name])}: {what} has no “{name}”, only {', '.join(sorted(known))}."
        )
    return fields


def _named(node: yaml.Node, fields: dict[str, yaml.Node]) -> tuple[str, str]:
    slug = text_of(fields["id"]) if "id" in fields else ""
    if not SLUG.fullmatch(slug) or len(slug) > 50:
        raise AttributesError(
            f"{place_of(node)}: the id “{slug}” cannot be used: up to 50 of a-z, 0-9, “-” and “_”."
        )
    if "name" not in fields:
        raise AttributesError(f"{place_of(node)}: “{slug}” needs a name.")
    return slug, _text(fields["name"], "name", MAX_NAME)


def _list(node: yaml.Node | None, what: str, most: int, near: yaml.Node | None = None) -> list:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        where = node or near
        raise AttributesError(
            f"{place_of(where) if where else 'Somewhere'}: here a list of {what} is expected."
        )
    if len(node.value) > most:
        raise AttributesError(f"{place_of(node)}: these are {len(node.value)} {what}, {most} fit.")
    return list(node.value)


def _words(fields: dict[str, yaml.Node], name: str, longest: int, most: int) -> tuple[str, ...]:
    if name not in fields:
        return ()
    nodes = _list(fields[name], name, most)
    return tuple(dict.fromkeys(_text(node, name, longest) for node in nodes))


def _text(node: yaml.Node, name: str, longest: int) -> str:
    text = text_of(node)
    if not 0 < len(text) <= longest or not text.isprintable():
        raise AttributesError(
            f"{place_of(node)}: for {name}, 1 to {longest} letters on one line are expected."
        )
    return text


def _sentences(fields: dict[str, yaml.Node], name: str) -> tuple[str, ...]:
    return _words(fields, name, MAX_SENTENCE, MAX_WORDS)


def _yes(fields: dict[str, yaml.Node], name: str) -> bool:
    said = text_of(fields[name]).lower() if name in fields else "false"
    if said not in ("true", "false", "yes", "no"):
        raise AttributesError(f"{place_of(fields[name])}: {name} is true or false, not “{said}”.")
    return said in ("true", "yes")


def _threshold(fields: dict[str, yaml.Node]) -> float:
    if "threshold" not in fields:
        return DEFAULT_THRESHOLD
    said = text_of(fields["threshold"])
    try:
        found = float(said)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1:
        raise AttributesError(
            f"{place_of(fields['threshold'])}: a threshold is above 0 and at most 1, not “{said}”."
        )
    return found


def _once(slugs: Sequence[str], what: str) -> None:
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise AttributesError(f"The {what} “{slug}” is there twice.")
