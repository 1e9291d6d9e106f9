"""The sentence that is proposed as a photo's alt text, from what is known of it.

The words of the taxonomy and of the storefront are kept as they are written: nothing is translated,
and no plural is guessed at.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 125  # characters; screen readers are said to cut or to lose their listeners after that
OPENING = re.compile(
    r"^(?:(?:an?|the)\s+)?(?:image|photo(?:graph)?|picture|pic|thumbnail)\s+(?:of|showing)\s+",
    re.IGNORECASE,
)
FILE_NAME = re.compile(
    r"\.(?:jpe?g|png|webp|gif|avif|bmp|tiff?)$|^(?:IMG|DSC|DSCN|PXL|P)[-_ ]?\d{3,}\b", re.IGNORECASE
)
UNSAID = {"plain", "solid", "none", "unknown", "other", "no pattern"}
MANY = "multicoloured"


@dataclass(frozen=True)
class Known:
    """What is known of a photo; empty where nothing is."""

    category: str = ""
    colours: Sequence[str] = ()  # the most of it first
    patterns: Sequence[str] = ()
    materials: Sequence[str] = ()
    title: str = ""


def sentence(known: Known) -> str:
    """At most `LIMIT` characters, not saying that it is a picture; empty if nothing is known."""
    noun = _clean(known.category)
    title = _title(known.title)
    adjectives = [word for word in _adjectives(known) if not _says(noun, word)]
    subject = _subject(adjectives, noun)
    if not noun:
        whole = title  # colours alone describe no thing
    elif not title:
        whole = subject
    elif _says(title, noun):
        missing = [word for word in adjectives if not _says(title, word)]
        return _capital(", ".join([_cut(title, LIMIT - _length(missing)), *missing]))
    else:
        room = LIMIT - len(subject) - 2
        whole = f"{subject}, {_cut(title, room)}" if room > 12 else subject
    return _capital(_cut(whole, LIMIT))


def _adjectives(known: Known) -> list[str]:
    colours = [each for each in map(_lower, known.colours) if each and each not in UNSAID]
    said = [" and ".join(colours) if len(colours) < 3 else MANY] if colours else []
    rest = map(_lower, [*known.patterns[:1], *known.materials[:1]])
    return said + [each for each in rest if each and each not in UNSAID]


def _subject(adjectives: Sequence[str], noun: str) -> str:
    # A noun that opens the sentence stays as the taxonomy writes it.
    return " ".join([*adjectives, _lower(noun)]) if adjectives else noun


def _says(text: str, words: str) -> bool:
    """True if every word is among the text's, be it as a plural or as the start of a longer one."""
    has = [_stem(word) for word in _words(text)]
    return bool(has) and all(
        any(word == own or (len(word) > 3 and own.startswith(word)) for own in has)
        for word in map(_stem, _words(words))
        if word not in ("and", "&")
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[\w&]+", text.casefold())


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _clean(text: str) -> str:
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(printable.split()).strip(" ,;:–-")


def _title(text: str) -> str:
    title = OPENING.sub("", _clean(text)).rstrip(".")
    return "" if FILE_NAME.search(title) else title


def _lower(text: str) -> str:
    """Words that are capitalised only as names of categories are; USB and T-shirt stay."""
    return " ".join(
        word.lower() if word[1:].islower() and "-" not in word[:2] else word
        for word in _clean(text).split()
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _length(words: Sequence[str]) -> int:
    return sum(len(word) + 2 for word in words)


def _cut(text: str, room: int) -> str:
    """Whole words that fit, with an ellipsis where some are missing."""
    if len(text) <= room:
        return text
    kept = text[: room - 1]
    if " " in kept and text[room - 1] != " ":
        kept = kept.rpartition(" ")[0]
    return kept.rstrip(" ,;:–-") + "…"
