"""What verdicts taught about how sure categories have to be, and which version is in force."""

from django.conf import settings
from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import node_thresholds
from catalog.models import CategoryThreshold, Encoder, Taxonomy, ThresholdSet, ThresholdSwitch
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text

SHOWN = 100  # categories
VERSIONS = 20


@require_safe
@never_cache
@role_required(Role.STAFF)
def page(request: HttpRequest, slug: str) -> HttpResponse:
    taxonomy = get_object_or_404(Taxonomy, slug=slug)
    encoder = Encoder.objects.filter(is_active=True).first()
    sets = ThresholdSet.objects.filter(taxonomy=taxonomy, encoder=encoder)
    now = sets.filter(is_active=True).first()
    switch = ThresholdSwitch.objects.filter(taxonomy=taxonomy).select_related("changed_by").first()
    own = CategoryThreshold.objects.filter(set=now).exclude(right=0, wrong=0)
    context = {
        "taxonomy": taxonomy,
        "encoder": encoder,
        "now": now,
        "sets": sets[:VERSIONS],
        "older": max(0, sets.count() - VERSIONS),
        "switch": switch,
        "follows": switch is None or switch.follows,
        "base": now.base if now else settings.VITRINE_TAG_THRESHOLD,
        "precision": now.precision if now else settings.VITRINE_TAG_PRECISION,
        "rows": own.select_related("category").order_by(
            -(F("right") + F("wrong")), "category__position"
        )[:SHOWN],
        "count": own.count(),
        "lent": CategoryThreshold.objects.filter(set=now, right=0, wrong=0).count(),
    }
    return render(request, "catalog/thresholds.html", context)


@require_POST
@role_required(Role.LEAD)
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """`to`: the key of a version to go back to, `off`, or `follow`."""
    taxonomy = get_object_or_404(Taxonomy, slug=slug)
    match to := text(request.POST, "to"):
        case "follow":
            node_thresholds.follow(taxonomy=taxonomy, by=person(request))
            said = "Thresholds follow the verdicts again, within a minute."
        case "off":
            node_thresholds.turn_off(taxonomy=taxonomy, by=person(request))
            said = "Every category has the same threshold from the next photo on."
        case _:
            key = int(to) if to.isascii() and to.isdigit() and len(to) < 19 else 0
            found = get_object_or_404(ThresholdSet, pk=key, taxonomy=taxonomy)
            node_thresholds.go_back(to=found, by=person(request))
            said = f"Version {found.version} is in force from the next photo on, and stays."
    messages.success(request, said)
    return redirect("catalog:thresholds", slug)
