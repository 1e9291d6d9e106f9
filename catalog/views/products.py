"""The grid of products, and one product with all its photos."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import product_cards, products
from catalog.models import Event, Image, Product, ProductEvent, Storefront
from catalog.product_cards import Filters
from catalog.products import ProductRefused
from catalog.roles import Role
from catalog.search import at_or_below
from catalog.views.access import person, role_required
from catalog.views.paging import page_of
from catalog.views.params import text
from catalog.views.search_asked import category_named

PAGE_SIZE = 48
EVENTS = 30
SUGGESTED = 12
TITLE = 1000  # characters that are read; more are refused by the verb, in words
WITHOUT = {"photos": "Without photos", "live": "Without a live photo"}


def _filtered(request: HttpRequest) -> tuple[QuerySet[Product], dict[str, str], list[str]]:
    """The products the address asks for, the filters that were understood, and problems."""
    chosen = {
        "q": text(request.GET, "q"),
        "storefront": text(request.GET, "storefront"),
        "category": text(request.GET, "category", limit=1000),
        "without": request.GET.get("without", ""),
    }
    problems = []
    category = category_named(chosen["category"]) if chosen["category"] else None
    if chosen["category"] and category is None:
        problems.append(f"No category is called “{chosen['category']}”, so it was left out.")
    if chosen["without"] not in WITHOUT:
        chosen["without"] = ""
    filters = Filters(
        storefront=chosen["storefront"],
        words=chosen["q"],
        categories=at_or_below(category) if category else (),
        without_photos=chosen["without"] == "photos",
        without_live=chosen["without"] == "live",
        live_shops=True,
    )
    found = filters.of(Product.objects.select_related("storefront"))
    return found, {name: value for name, value in chosen.items() if value}, problems


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def product_list(request: HttpRequest) -> HttpResponse:
    found, chosen, problems = _filtered(request)
    page = page_of(
        found,
        before=request.GET.get("before", ""),
        after=request.GET.get("after", ""),
        size=PAGE_SIZE,
    )
    rest = {name: value for name, value in chosen.items() if name != "without"}
    context = {
        "page": page,
        "cards": product_cards.cards(page.rows),
        "chosen": chosen,
        "problems": problems,
        "filters": urlencode(chosen),
        "tabs": [
            (value, label, urlencode(rest | ({"without": value} if value else {})))
            for value, label in {"": "All", **WITHOUT}.items()
        ],
        "storefronts": Storefront.objects.filter(
            Q(sandbox_of__isnull=True) | Q(slug=chosen.get("storefront", ""))
        ),
    }
    return render(request, "catalog/products.html", context)


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def product_page(request: HttpRequest, pk: int) -> HttpResponse:
    product = get_object_or_404(Product.objects.select_related("storefront"), pk=pk)
    return render(request, "catalog/product.html", _shown(product))


def _shown(product: Product) -> dict[str, object]:
    """All that a product's page shows, but for what it asks for later."""
    photos = product_cards.placed(product)
    images = [photo.image for photo in photos]
    events: list[Event | ProductEvent] = [
        *ProductEvent.objects.filter(product=product)
        .select_related("actor")
        .order_by("-at")[:EVENTS],
        *Event.objects.filter(image__in=images)
        .select_related("actor", "image")
        .order_by("-at")[:EVENTS],
    ]
    return {
        "product": product,
        "photos": photos,
        "statuses": product_cards.by_status(images),
        "tags": product_cards.tags_of(product),
        "events": sorted(events, key=lambda each: each.at, reverse=True)[:EVENTS],
    }


def _answer(request: HttpRequest, pk: int, problem: str = "", said: str = "") -> HttpResponse:
    """The photos anew for the page's script, else the page."""
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        elif said:
            messages.success(request, said)
        return redirect("catalog:product", pk)
    product = get_object_or_404(Product.objects.select_related("storefront"), pk=pk)
    context = _shown(product) | {"problem": problem, "said": said}
    return render(request, "catalog/_product_photos.html", context)


def _key(value: str) -> UUID:
    """Raises `ProductRefused`."""
    try:
        return UUID(value)
    except ValueError:
        raise ProductRefused("This is no photo of the product. Reload the page.") from None


@require_POST
@role_required(Role.STAFF)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Another SKU or title."""
    get_object_or_404(Product, pk=pk)
    try:
        changed = products.edit(
            product_id=pk,
            sku=text(request.POST, "sku", limit=TITLE),
            title=text(request.POST, "title", limit=TITLE),
            by=person(request),
        )
    except ProductRefused as refused:
        messages.error(request, str(refused))
    else:
        if changed:
            messages.success(request, "Saved.")
    return redirect("catalog:product", pk)


@require_POST
@role_required(Role.STAFF)
def cover(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(Product, pk=pk)
    try:
        products.choose_cover(
            product_id=pk, image_id=_key(request.POST.get("photo", "")), by=person(request)
        )
    except ProductRefused as refused:
        return _answer(request, pk, str(refused))
    return _answer(request, pk, said="This is the cover now.")


@require_POST
@role_required(Role.STAFF)
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """`order`: keys in their new order, after dragging; or one `photo` goes `by` one place."""
    get_object_or_404(Product, pk=pk)
    try:
        if keys := request.POST.getlist("order"):
            products.reorder(
                product_id=pk, image_ids=[_key(each) for each in keys], by=person(request)
            )
        else:
            products.shift(
                product_id=pk,
                image_id=_key(request.POST.get("photo", "")),
                places=-1 if request.POST.get("by") == "earlier" else 1,
                by=person(request),
            )
    except ProductRefused as refused:
        return _answer(request, pk, str(refused))
    return _answer(request, pk)


@require_POST
@role_required(Role.STAFF)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move a photo to the product with the SKU `to` of the same storefront, or out if empty."""
    product = get_object_or_404(Product, pk=pk)
    sku = text(request.POST, "to", limit=TITLE)
    try:
        photo = _key(request.POST.get("photo", ""))
        if not Image.objects.filter(pk=photo, product=product).exists():
            raise ProductRefused("This photo is not one of the product any more. Reload the page.")
        target = None
        if request.POST.get("out") != "yes":
            if not sku:
                raise ProductRefused("Type the SKU of the product it should go to.")
            target = Product.objects.filter(storefront=product.storefront_id, sku=sku).first()
            if target is None:
                raise ProductRefused(
                    f"{product.storefront.name} has no product with the SKU {sku[:120]}. Choose "
                    "one of those that are proposed as you type."
                )
        products.assign(image_id=photo, product=target, by=person(request))
    except ProductRefused as refused:
        return _answer(request, pk, str(refused))
    where = (
        f"The photo is one of {target.sku} now." if target else "The photo is of no product now."
    )
    return _answer(request, pk, said=where)


@require_safe
@never_cache
@role_required(Role.STAFF)
def names(request: HttpRequest, pk: int) -> HttpResponse:
    """Options for the SKU that is being typed: other products of the same storefront."""
    product = get_object_or_404(Product, pk=pk)
    words = text(request.GET, "to")
    others = Product.objects.filter(storefront=product.storefront_id).exclude(pk=product.pk)
    found = Filters(words=words).of(others).order_by("sku")[:SUGGESTED] if words else []
    return render(request, "catalog/_product_options.html", {"products": found})
