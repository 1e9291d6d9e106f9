"""Groups of near-duplicates side by side, and what is done about each."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import duplicate_groups, grouping
from catalog.duplicate_groups import SettlingRefused
from catalog.models import DuplicateGroup, Encoder, Grouping, Storefront
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text

PAGE_SIZE = 20
LARGEST_KEY = 2**63 - 1


@require_safe
@never_cache
@role_required(Role.STAFF)
def group_list(request: HttpRequest) -> HttpResponse:
    storefront = text(request.GET, "storefront")
    ignored = request.GET.get("show") == "ignored"
    groups = duplicate_groups.shown(storefront=storefront, ignored=ignored)
    count = groups.count()
    if start := _position(request.GET.get("after", "")):
        size, key = start
        groups = groups.filter(Q(size__lt=size) | Q(size=size, pk__gt=key))
    found = list(groups[: PAGE_SIZE + 1])
    page = found[:PAGE_SIZE]
    chosen = {"storefront": storefront, "show": "ignored" if ignored else ""}
    filters = urlencode({name: value for name, value in chosen.items() if value})
    encoder = Encoder.objects.filter(is_active=True).first()
    storefronts = list(Storefront.objects.filter(Q(sandbox_of__isnull=True) | Q(slug=storefront)))
    context = {
        "cards": duplicate_groups.cards(page),
        "count": count,
        "next": f"{page[-1].size}~{page[-1].pk}" if len(found) > PAGE_SIZE else "",
        "filters": filters,
        "chosen": chosen,
        "storefronts": storefronts,
        "waiting": sum(grouping.waiting_in(each, encoder) for each in storefronts)
        if encoder
        else 0,
        "has_begun": Grouping.objects.filter(encoder=encoder, grouped_at__isnull=False).exists(),
    }
    return render(request, "catalog/duplicates.html", context)


def _position(cursor: str) -> tuple[int, int] | None:
    """A cursor someone mangled counts as none: the list starts from the top."""
    size, _, key = cursor.partition("~")
    if not (size.isascii() and size.isdigit() and key.isascii() and key.isdigit()):
        return None
    place = int(size), int(key)
    return place if max(place) <= LARGEST_KEY else None


@require_POST
@role_required(Role.STAFF)
def ignore(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        duplicate_groups.ignore(group_id=pk, by=person(request))
    except SettlingRefused as refused:
        return _answer(request, pk, str(refused))
    return _answer(request, pk, said="Ignored. It comes back if another photo joins it.", gone=True)


@require_POST
@role_required(Role.STAFF)
def heed(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an ignored group again."""
    try:
        duplicate_groups.heed(group_id=pk)
    except SettlingRefused as refused:
        return _answer(request, pk, str(refused))
    return _answer(request, pk, said="It is shown with the others again.", gone=True)


@require_POST
@role_required(Role.STAFF)
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Give all photos to the product of the chosen one."""
    try:
        moved, refused = duplicate_groups.merge(
            group_id=pk, image_id=_photo(request.POST.get("photo", "")), by=person(request)
        )
    except SettlingRefused as problem:
        return _answer(request, pk, str(problem))
    said = f"{moved} photo{'' if moved == 1 else 's'} moved to the product."
    return _answer(request, pk, " ".join(refused), said=said)


@require_safe
@never_cache
@role_required(Role.STAFF)
def ask_to_keep(request: HttpRequest, pk: int) -> HttpResponse:
    """What keeping only this photo would erase, to be confirmed."""
    try:
        group = DuplicateGroup.objects.filter(pk=pk).first()
        if group is None:
            raise SettlingRefused("This group has changed meanwhile. Reload the page.")
        keep = _photo(request.GET.get("photo", ""))
        others = duplicate_groups.to_erase(group, keep=keep)
    except SettlingRefused as refused:
        return _answer(request, pk, str(refused))
    fragment = request.headers.get("HX-Request")
    template = "catalog/_duplicate_keep.html" if fragment else "catalog/duplicate_keep.html"
    bare = [image for image in others if image.product and image.product.images.count() == 1]
    context = {"group": group, "keep": keep, "others": others, "bare": bare}
    response = render(request, template, context)
    if fragment:
        response["HX-Retarget"] = "#dialogs"
        response["HX-Reswap"] = "innerHTML"
    return response


@require_POST
@role_required(Role.STAFF)
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Erase all photos of the group but one."""
    try:
        erased = duplicate_groups.keep_one(
            group_id=pk, image_id=_photo(request.POST.get("photo", "")), by=person(request)
        )
    except SettlingRefused as refused:
        return _answer(request, pk, str(refused))
    said = f"Kept one, erased {erased} photo{'' if erased == 1 else 's'}."
    return _answer(request, pk, said=said, gone=True)


def _photo(value: str) -> UUID:
    """Raises `SettlingRefused`."""
    try:
        return UUID(value)
    except ValueError:
        raise SettlingRefused("Choose the photo that should stay first.") from None


def _answer(
    request: HttpRequest, pk: int, problem: str = "", *, said: str = "", gone: bool = False
) -> HttpResponse:
    """The group anew, or what became of it, in its place in the list; without the page's script
    the list."""
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        if said:
            messages.success(request, said)
        return redirect(reverse("catalog:duplicates"))
    context: dict[str, object] = {"pk": pk, "problem": problem, "said": said}
    group = None if gone else duplicate_groups.one(pk)
    if group:
        context["card"] = duplicate_groups.cards([group])[0]
    response = render(request, "catalog/_duplicate_group.html", context)
    response["HX-Retarget"] = f"#group-{pk}"
    response["HX-Reswap"] = "outerHTML"
    return response
