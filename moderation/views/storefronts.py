"""Storefronts: who plugs in, by which keys, and what holds for their photos. For leads."""

from django.contrib import messages
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog import keys, storefronts
from catalog.keys import KeyRefused
from catalog.models import ApiKey, Image, Storefront
from catalog.roles import Role
from catalog.storefronts import StorefrontRefused
from catalog.views.access import person, role_required
from catalog.views.params import text
from moderation import in_force
from moderation.models import Policy
from moderation.views.storefront_forms import (
    KeyForm,
    NewStorefrontForm,
    RotateForm,
    SettingsForm,
    first_problem,
)
from moderation.views.storefront_page import midnight, page

SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required(Role.LEAD)
def storefront_list(request: HttpRequest) -> HttpResponse:
    """Every storefront; a POST makes one."""
    problem, name = "", ""
    if request.method == "POST":
        form = NewStorefrontForm(request.POST)
        name = text(request.POST, "name")
        if form.is_valid():
            try:
                made = storefronts.create(name=form.cleaned_data["name"], by=person(request))
                messages.success(request, f"{made} is there. Make it a key, and it can begin.")
                return redirect("moderation:storefront", made.slug)
            except StorefrontRefused as refusal:
                problem = str(refusal)
        else:
            problem = first_problem(form)
    words = text(request.GET, "q")
    found = Storefront.objects.live().select_related("taxonomy")
    if words:
        found = found.filter(Q(name__icontains=words) | Q(slug__icontains=words))
    now = timezone.now()
    usable = Q(api_keys__revoked_at__isnull=True) & (
        Q(api_keys__expires_at__isnull=True) | Q(api_keys__expires_at__gt=now)
    )
    rows = list(
        found.annotate(
            usable_keys=Count("api_keys", filter=usable), used_at=Max("api_keys__last_used_at")
        )[: SHOWN + 1]
    )
    today = dict(
        Image.objects.filter(storefront__in=rows[:SHOWN], created_at__gte=midnight())
        .order_by()
        .values_list("storefront")
        .annotate(Count("pk"))
    )
    context = {
        "rows": [(shop, today.get(shop.pk, 0)) for shop in rows[:SHOWN]],
        "more": len(rows) > SHOWN,
        "shown": SHOWN,
        "words": words,
        "problem": problem,
        "name": name,
    }
    return render(request, "moderation/storefronts.html", context, status=422 if problem else 200)


@require_safe
@never_cache
@role_required(Role.LEAD)
def storefront(request: HttpRequest, slug: str) -> HttpResponse:
    """One storefront. A sandbox is shown on the page of its shop."""
    shop = get_object_or_404(Storefront.objects.select_related("sandbox_of"), slug=slug)
    if shop.sandbox_of:
        return redirect("moderation:storefront", shop.sandbox_of.slug)
    return page(request, shop)


@require_POST
@role_required(Role.LEAD)
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """Save its settings."""
    shop = _live(slug)
    form = SettingsForm(request.POST, instance=_live(slug))
    if not form.is_valid():
        return page(request, shop, settings_form=form, status=422)
    if storefronts.change(storefront=shop, values=form.cleaned_data, by=person(request)):
        messages.success(request, "Saved. It holds for photos screened from now on.")
    else:
        messages.info(request, "Nothing was different, so nothing was changed.")
    return redirect("moderation:storefront", slug)


@require_POST
@role_required(Role.LEAD)
def choose_policies(request: HttpRequest, slug: str) -> HttpResponse:
    """Put some policies in force, or all of them."""
    shop = _live(slug)
    chosen: list[Policy] = []
    if request.POST.get("which") == "some":
        chosen = list(Policy.objects.filter(slug__in=request.POST.getlist("policy")))
        if not chosen:
            problem = "Choose at least one policy, or put all of them in force."
            return page(request, shop, policy_problem=problem, status=422)
    if in_force.choose(storefront=shop, policies=chosen, by=person(request)):
        messages.success(request, "Saved. It holds for photos screened from now on.")
    else:
        messages.info(request, "Nothing was different, so nothing was changed.")
    return redirect("moderation:storefront", slug)


@require_POST
@never_cache
@role_required(Role.LEAD)
@sensitive_variables("plaintext")
def make_key(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a key and show it, this once: it goes into no session and no log."""
    shop = _live(slug)
    form = KeyForm(request.POST)
    if not form.is_valid():
        return page(request, shop, key_form=form, status=422)
    by = person(request)
    owner = shop
    if form.cleaned_data["mode"] == "test":
        owner = storefronts.sandbox_of(storefront=shop, by=by)
    try:
        key, plaintext = keys.create_key(
            storefront=owner,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at,
            by=by,
        )
    except KeyRefused as refusal:
        form.add_error(None, str(refusal))
        return page(request, shop, key_form=form, status=422)
    return page(request, shop, made=(key, plaintext))


@require_POST
@never_cache
@role_required(Role.LEAD)
@sensitive_variables("plaintext")
def rotate_key(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Make the key that follows, and show it, this once."""
    shop = _live(slug)
    form = RotateForm(request.POST)
    if not form.is_valid():
        return page(request, shop, key_problem="Choose how long both keys work.", status=422)
    try:
        key, plaintext = keys.rotate(key=_key(shop, pk), overlap=form.overlap, by=person(request))
    except KeyRefused as refusal:
        return page(request, shop, key_problem=str(refusal), status=409)
    return page(request, shop, made=(key, plaintext))


@require_POST
@role_required(Role.LEAD)
def revoke_key(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Refuse a key from now on."""
    shop = _live(slug)
    key = _key(shop, pk)
    keys.revoke(key=key, by=person(request))
    messages.success(request, f"{key.prefix}… is refused from now on.")
    return redirect("moderation:storefront", slug)


def _live(slug: str) -> Storefront:
    return get_object_or_404(Storefront.objects.live(), slug=slug)


def _key(shop: Storefront, pk: int) -> ApiKey:
    own = Q(storefront=shop) | Q(storefront__sandbox_of=shop)
    return get_object_or_404(ApiKey.objects.select_related("storefront").filter(own), pk=pk)
