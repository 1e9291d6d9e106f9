"""Alt texts: what is proposed for a photo, and what people and storefronts write instead.

A text of one's own is a row that only `set_text` and `use_proposal` touch: tagging a photo again
changes the proposal, never that.
"""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone

from catalog.alt_wording import Known, sentence
from catalog.choices import AltTextSource, EventKind
from catalog.history import event, record
from catalog.models import AltText, Image, Tag
from catalog.models.image import ImageQuerySet

OWN_LIMIT = 250  # characters
DESCRIBING = ("colour", "pattern", "material")  # attributes, by the slugs they are delivered with
NOTHING_KNOWN = "Nothing can be proposed yet: the photo has no tag, and its product no title."


class AltTextRefused(ValueError):
    """It cannot be a photo's alt text; the message says why."""


@dataclass(frozen=True)
class Shown:
    """The text that stands for a photo; `proposed` is what it would be without anybody's own.
    `reason` says what the proposal was made from, or why there is none."""

    text: str
    source: AltTextSource
    proposed: str
    reason: str
    own: AltText | None = None


def readable(images: ImageQuerySet) -> ImageQuerySet:
    """Photos ready for `shown`, without a query for each."""
    tags = Tag.objects.select_related("category", "encoder").order_by("-encoder__is_active", "rank")
    return images.select_related("product", "own_alt_text").prefetch_related(
        Prefetch("tags", tags), "attributes__value__attribute"
    )


def proposal(image: Image) -> tuple[str, str]:
    """The proposed text, empty if nothing is known, and a sentence that says where it is from."""
    known, sources = _known(image)
    text = sentence(known)
    if not text:
        return "", NOTHING_KNOWN
    return text, f"Proposed from {_listed(sources)}."


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def shown(image: Image) -> Shown:
    """The text that stands for this photo now, and who worded it."""
    proposed, reason = proposal(image)
    own: AltText | None = getattr(image, "own_alt_text", None)
    if own:
        return Shown(own.text, AltTextSource.EDITED, proposed, reason, own)
    return Shown(proposed, AltTextSource.PROPOSED, proposed, reason)


@transaction.atomic
def set_text(*, image_id: UUID, text: str, by: AbstractBaseUser | None = None) -> bool:
    """Have this text stand for the photo, whatever is proposed; False if it does already.

    `by` is None where the storefront says so over the API. Raises `AltTextRefused`.
    """
    text = " ".join(text.split())
    if not text:
        raise AltTextRefused("The alt text is empty. Write one, or use the proposal.")
    if len(text) > OWN_LIMIT:
        raise AltTextRefused(
            f"The alt text has {len(text)} characters; {OWN_LIMIT} are the most, and "
            "screen readers are best served by fewer than 125."
        )
    if "\x00" in text:
        raise AltTextRefused("The alt text holds a character that cannot be stored. Type it anew.")
    image = Image.objects.select_for_update(of=("self",)).get(pk=image_id)
    own = AltText.objects.filter(image=image).first()
    if own and own.text == text:
        return False
    AltText.objects.update_or_create(
        image=image,
        defaults={"text": text, "edited_by_id": by.pk if by else None, "edited_at": timezone.now()},
    )
    _note(image, f"Alt text: “{text}”", by, before=own.text if own else None, after=text)
    return True


@transaction.atomic
def use_proposal(*, image_id: UUID, by: AbstractBaseUser | None = None) -> bool:
    """Forget the photo's own text, so that what is proposed stands for it; False if it does."""
    image = Image.objects.select_for_update(of=("self",)).get(pk=image_id)
    own = AltText.objects.filter(image=image).first()
    if own is None:
        return False
    before = own.text
    own.delete()
    _note(image, "Alt text: as proposed again", by, before=before, after=None)
    return True


def _note(
    image: Image,
    summary: str,
    by: AbstractBaseUser | None,
    *,
    before: str | None,
    after: str | None,
) -> None:
    noted = event(
        image=image,
        kind=EventKind.ALT_TEXT_EDITED,
        summary=summary,
        actor=by,
        before=before,
        after=after,
    )
    record([noted])


def _known(image: Image) -> tuple[Known, list[str]]:
    """What is known of a photo, and what said so."""
    sources = []
    tag = _best_tag(image)
    if tag:
        sources.append(f"the tag {tag.category.name}")
    values = _values(image, tag.encoder_id if tag else None) if tag else {}
    if said := [name for names in values.values() for name in names]:
        sources.append(f"what it looks like ({', '.join(said)})")
    title = image.product.title if image.product else ""
    if title:
        sources.append("the product's title")
    known = Known(
        category=tag.category.name if tag else "",
        colours=values.get("colour", []),
        patterns=values.get("pattern", []),
        materials=values.get("material", []),
        title=title,
    )
    return known, sources


def _values(image: Image, encoder_id: int | None) -> dict[str, list[str]]:
    """Names of the photo's values by attribute, of those that the sentence has a place for; what a
    person confirmed first, then by score."""
    rows = sorted(
        image.attributes.all(),
        key=lambda row: (not row.is_confirmed, -(row.score or 0.0), row.pk),
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        attribute = row.value.attribute
        of_this = row.encoder_id == encoder_id or row.is_confirmed
        if of_this and attribute.is_active and attribute.slug in DESCRIBING:
            names = found.setdefault(attribute.slug, [])
            if row.value.name not in names:
                names.append(row.value.name)
    return found


def _best_tag(image: Image) -> Tag | None:
    """What a person confirmed, else the best of the active encoder, else of another."""
    return min(
        image.tags.all(),
        key=lambda tag: (not tag.is_confirmed, not tag.encoder.is_active, tag.rank),
        default=None,
    )
