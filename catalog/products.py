"""Products as storefronts name them, and which photos stand for them in what order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.choices import EventKind, ProductEventKind
from catalog.history import event, record
from catalog.models import Image, Product, ProductEvent, Storefront

SKU_LENGTH = 120
TITLE_LENGTH = 300


class ProductRefused(ValueError):
    """It cannot be done to this product; the message says why and what to do."""


def upsert(*, storefront: Storefront, sku: str, title: str = "") -> Product:
    """The storefront's product with this SKU, made if new; a title that is given replaces."""
    product, created = Product.objects.get_or_create(
        storefront=storefront, sku=sku, defaults={"title": title}
    )
    if not created and title and product.title != title:
        product.title = title
        product.save(update_fields=["title", "updated_at"])
    return product


@transaction.atomic
def put(
    *,
    storefront: Storefront,
    sku: str,
    title: str | None = None,
    exposure: float | None = None,
    data: dict[str, Any] | None = None,
) -> tuple[Product, bool]:
    """What the storefront itself says of its product, made if new, and whether it is new. What is
    None stays as it is."""
    said = {"title": title, "exposure": exposure, "data": data}
    said = {name: value for name, value in said.items() if value is not None}
    product, created = Product.objects.get_or_create(storefront=storefront, sku=sku, defaults=said)
    if not created and said:
        for name, value in said.items():
            setattr(product, name, value)
        product.save(update_fields=[*said, "updated_at"])
    return product, created


@transaction.atomic
def delete(*, product_id: int) -> bool:
    """Delete a product; False, and nothing deleted, while it has photos."""
    product = Product.objects.select_for_update(of=("self",)).get(pk=product_id)
    if product.images.exists():
        return False
    product.delete()
    return True


@transaction.atomic
def edit(*, product_id: int, sku: str, title: str, by: AbstractBaseUser) -> bool:
    """Give it another SKU or title; False if it has these already. Raises `ProductRefused`."""
    product = _locked(product_id)
    sku, title = sku.strip(), " ".join(title.split())
    if not sku:
        raise ProductRefused("A product needs an SKU: the storefront knows it by that.")
    if len(sku) > SKU_LENGTH or len(title) > TITLE_LENGTH:
        raise ProductRefused(
            f"An SKU has up to {SKU_LENGTH} characters, a title up to {TITLE_LENGTH}."
        )
    said = []
    if title != product.title:
        said.append(f"Title “{title}”" if title else "Title taken away")
    if sku != product.sku:
        said.append(f"SKU {sku}, was {product.sku}")
    if not said:
        return False
    before = {"sku": product.sku, "title": product.title}
    product.sku, product.title = sku, title
    try:
        with transaction.atomic():
            product.save(update_fields=["sku", "title"])
    except IntegrityError as error:
        raise ProductRefused(
            f"{product.storefront.name} has another product with the SKU {sku}. Choose another "
            "SKU, or move the photos to that product."
        ) from error
    _note(product, ProductEventKind.EDITED, "; ".join(said), by, before=before)
    return True


@transaction.atomic
def assign(*, image_id: UUID, product: Product | None, by: AbstractBaseUser | None) -> bool:
    """Make it a photo of this product, or of none; False if it is so already. `by` is None where
    the storefront says so over the API.

    It follows the product's other photos. Raises `ProductRefused`.
    """
    image = Image.objects.select_for_update(of=("self",)).select_related("product").get(pk=image_id)
    if image.product_id == (product.pk if product else None):
        return False
    if product and product.storefront_id != image.storefront_id:
        raise ProductRefused("This photo and this product belong to different storefronts.")
    same = Image.objects.filter(
        storefront=image.storefront_id, product=product, sha256=image.sha256
    ).exclude(pk=image.pk)
    if same.exists():
        where = f"{product.sku} has" if product else "Among the photos without a product is"
        raise ProductRefused(
            f"{where} exactly this photo already. Take one of the two out by its duplicates."
        )
    before = image.product
    image.product, image.position = product, None
    image.save(update_fields=["product", "position"])
    if before:
        Product.objects.filter(pk=before.pk, cover=image.pk).update(cover=None)
        where = f"to {product.sku}" if product else "out of the product"
        _note(before, ProductEventKind.PHOTO_OUT, f"{_name(image)} went {where}", by, image)
    if product:
        where = f"from {before.sku}" if before else "from the photos without a product"
        _note(product, ProductEventKind.PHOTO_IN, f"{_name(image)} came {where}", by, image)
    summary = f"Given to the product {product.sku}" if product else "Taken out of its product"
    if before:
        summary += f", was {before.sku}"
    sku = product.sku if product else None
    record(
        [
            event(
                image=image,
                kind=EventKind.PRODUCT_CHANGED,
                summary=summary,
                actor=by,
                sku=sku,
                before=before.sku if before else None,
            )
        ]
    )
    return True


@transaction.atomic
def choose_cover(*, product_id: int, image_id: UUID, by: AbstractBaseUser) -> bool:
    """Have this photo stand for the product; False if it does. Raises `ProductRefused`."""
    product = _locked(product_id)
    image = Image.objects.filter(pk=image_id, product=product).first()
    if image is None:
        raise ProductRefused("This photo is not one of the product any more. Reload the page.")
    if product.cover_id == image.pk:
        return False
    product.cover = image
    product.save(update_fields=["cover"])
    _note(product, ProductEventKind.COVER, f"{_name(image)} is the cover", by, image)
    return True


@transaction.atomic
def reorder(*, product_id: int, image_ids: Sequence[UUID], by: AbstractBaseUser) -> bool:
    """Put the photos into this order; those that are not named follow. False if it is theirs."""
    product = _locked(product_id)
    photos = list(Image.objects.filter(product=product).in_order())
    place = {key: number for number, key in enumerate(dict.fromkeys(image_ids))}
    wanted = sorted(photos, key=lambda photo: place.get(photo.pk, len(place)))
    if wanted == photos:
        return False
    for number, photo in enumerate(wanted):
        photo.position = number
    Image.objects.bulk_update(wanted, ["position"])
    _note(product, ProductEventKind.ORDERED, "Photos put in order", by)
    return True


@transaction.atomic
def shift(*, product_id: int, image_id: UUID, places: int, by: AbstractBaseUser) -> bool:
    """Move one photo so many places on (or back, if negative); False if it stays."""
    _locked(product_id)
    keys = list(Image.objects.filter(product=product_id).in_order().values_list("pk", flat=True))
    if image_id not in keys:
        raise ProductRefused("This photo is not one of the product any more. Reload the page.")
    at = keys.index(image_id)
    keys.insert(max(0, min(len(keys) - 1, at + places)), keys.pop(at))
    return reorder(product_id=product_id, image_ids=keys, by=by)


def _locked(product_id: int) -> Product:
    found = Product.objects.select_for_update(of=("self",)).select_related("storefront")
    return found.get(pk=product_id)


def _name(image: Image) -> str:
    return image.filename or f"Photo {str(image.pk)[:8]}"


def _note(
    product: Product,
    kind: ProductEventKind,
    summary: str,
    by: AbstractBaseUser | None,
    image: Image | None = None,
    **data: object,
) -> None:
    ProductEvent.objects.create(
        product=product,
        kind=kind,
        summary=summary[:300],
        data=data | ({"image": str(image.pk)} if image else {}),
        actor_id=by.pk if by else None,
        at=timezone.now(),
    )
