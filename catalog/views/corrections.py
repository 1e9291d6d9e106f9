"""Staff correct a photo's tags on its page."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import reading, verdicts
from catalog.choices import Status
from catalog.models import Category, Encoder, Image, Storefront, Tag, Taxonomy
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text

SUGGESTED = 12
PATH = 1000  # characters
UNSEEN = (Status.PENDING, Status.FAILED)


def tags_of(image: Image) -> dict[str, object]:
    """What the tags part of a photo's page shows."""
    encoder = Encoder.objects.filter(is_active=True).first()
    said = verdicts.standing_of([image.pk]).get(image.pk, {})
    levels = []
    if encoder and image.status not in UNSEEN:
        levels = reading.path_of(reading.read(image=image, encoder=encoder))
    tags = list(image.tags.all())
    return {
        "image": image,
        "tags": tags,
        "next_tag": next((tag.pk for tag in tags if not tag.is_confirmed), None),
        "rejected": Category.objects.filter(pk__in=[key for key, yes in said.items() if not yes]),
        "levels": levels,
    }


@require_POST
@role_required(Role.STAFF)
def correct(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm, reject or add one tag: `category` is a key, or else `name` a path or a name."""
    image = get_object_or_404(Image.objects.select_related("storefront"), pk=pk)
    problem = ""
    category = _category(request, image)
    if category is None:
        problem = "There is no such category. Choose one of those that are proposed as you type."
    else:
        try:
            verdicts.judge(
                image_id=image.pk,
                category=category,
                accepted=text(request.POST, "verdict") != "reject",
                by=person(request),
            )
        except verdicts.VerdictRefused as refusal:
            problem = str(refusal)
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        return redirect("catalog:photo", pk)
    image = Image.objects.prefetch_related(
        Prefetch(
            "tags",
            queryset=Tag.objects.select_related("category", "encoder").order_by(
                "-encoder__is_active", "rank"
            ),
        )
    ).get(pk=pk)
    return render(request, "catalog/_photo_tags.html", {**tags_of(image), "problem": problem})


def _category(request: HttpRequest, image: Image) -> Category | None:
    if (key := text(request.POST, "category")).isdecimal() and len(key) < 18:
        return Category.objects.filter(pk=int(key)).first()
    return named(text(request.POST, "name", limit=PATH), used_by(image.storefront))


def named(name: str, used: QuerySet[Category]) -> Category | None:
    """The category of this path, or the only one of this name, among those `used`."""
    if not name:
        return None
    if exact := used.filter(path__iexact=name).first():
        return exact
    found = list(used.filter(name__iexact=name)[:2])
    return found[0] if len(found) == 1 else None


def used_by(storefront: Storefront) -> QuerySet[Category]:
    chosen = storefront.taxonomy_id
    which = Q(pk=chosen) if chosen else Q(is_active=True)
    return Category.objects.filter(taxonomy__in=Taxonomy.objects.filter(which), is_retired=False)


@require_safe
@never_cache
@role_required(Role.STAFF)
def category_names(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Options for the tag that is being typed, of the photo's own taxonomy."""
    image = get_object_or_404(Image.objects.select_related("storefront"), pk=pk)
    return _options(request, used_by(image.storefront))


@require_safe
@never_cache
@role_required(Role.STAFF)
def names_in_use(request: HttpRequest) -> HttpResponse:
    """The same for photos of several storefronts: of every taxonomy in use."""
    in_use = Taxonomy.objects.in_use()
    return _options(request, Category.objects.filter(taxonomy__in=in_use, is_retired=False))


def _options(request: HttpRequest, used: QuerySet[Category]) -> HttpResponse:
    words = text(request.GET, "name", limit=PATH)
    # Of several taxonomies, a path both have is proposed once.
    found = used.filter(path__icontains=words).order_by("position", "pk").values_list("path")
    paths = list(dict.fromkeys(path for (path,) in found[: 2 * SUGGESTED])) if words else []
    names = [{"path": path} for path in paths[:SUGGESTED]]
    return render(request, "catalog/_category_options.html", {"categories": names})
