"""Photos that are here already, as a table of products names them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Lower

from catalog import entry_names
from catalog.models import Image, Storefront
from catalog.product_tables import Wanted

SHA256 = re.compile(r"^[0-9a-f]{64}$", re.IGNORECASE)
AT_ONCE = 5_000  # names per query


class KnownPhotos:
    """A storefront's photos by id, SHA-256 and file name, read once for a whole table."""

    def __init__(self, storefront: Storefront, names: Sequence[str]) -> None:
        own = Image.objects.of(storefront).select_related("product")
        keys = {name: key for name in names if (key := _uuid(name))}
        digests = {name.lower() for name in names if SHA256.match(name)}
        files = {_file(name) for name in names}
        self.by_key = {image.pk: image for image in _each(own, "pk", keys.values())}
        self.by_digest: dict[str, list[Image]] = defaultdict(list)
        for image in _each(own, "sha256", digests):
            self.by_digest[image.sha256].append(image)
        self.by_file: dict[str, list[Image]] = defaultdict(list)
        for image in _each(own.annotate(lower=Lower("filename")), "lower", files):
            self.by_file[image.filename.lower()].append(image)
        self.given: dict[UUID, Wanted] = {}

    def find(self, wanted: Wanted) -> tuple[Image | None, str]:
        """The photo a row means, or the sentence why that cannot be said."""
        found = self._named(wanted.file)
        if not found:
            return None, (
                f"Row {wanted.row} names a photo that is neither in this upload nor in the "
                "storefront. Send its file along, or correct the name."
            )
        # Of several of one name, the one the product has already: a table may be sent again.
        own = [image for image in found if image.product and image.product.sku == wanted.sku]
        if len(found) > 1 and not own:
            return None, (
                f"Row {wanted.row} names a photo of which the storefront has {len(found)}. Give "
                "the SHA-256 or the id of the one you mean."
            )
        image = (own or found)[0]
        earlier = self.given.setdefault(image.pk, wanted)
        if earlier.sku != wanted.sku:
            return None, (
                f"Row {wanted.row} gives a photo to {wanted.sku} that row {earlier.row} gave to "
                f"{earlier.sku}. A photo that is here is of one product: send its file again for "
                "the other."
            )
        return image, ""

    def _named(self, name: str) -> list[Image]:
        if (key := _uuid(name)) and (image := self.by_key.get(key)):
            return [image]
        return self.by_digest.get(name.lower()) or self.by_file.get(_file(name)) or []


def _file(name: str) -> str:
    return entry_names.last_part(name).lower()


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _each(images: QuerySet[Image], column: str, values: Iterable[object]) -> Iterable[Image]:
    wanted = list(values)
    for at in range(0, len(wanted), AT_ONCE):
        yield from images.filter(**{f"{column}__in": wanted[at : at + AT_ONCE]}).order_by("pk")
