"""Walking through a taxonomy, and what a storefront uses of it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import node_thresholds, storefronts, taxonomy_tree
from catalog.models import Category, Storefront, StorefrontPrune, Tag, Taxonomy
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text
from catalog.views.taxonomies import state_of


@require_safe
@never_cache
@role_required(Role.STAFF)
def tree(request: HttpRequest, slug: str) -> HttpResponse:
    """A taxonomy's roots, open down to `?at=<id>`; with `?q=`, the categories of these words."""
    return _page(request, get_object_or_404(Taxonomy, slug=slug), None)


@require_safe
@never_cache
@role_required(Role.STAFF)
def storefront_tree(request: HttpRequest, slug: str) -> HttpResponse:
    """The same for one storefront: its taxonomy, and what it leaves out of it."""
    storefront = get_object_or_404(Storefront.objects.select_related("taxonomy"), slug=slug)
    taxonomy = storefront.taxonomy or Taxonomy.objects.filter(is_active=True).first()
    return _page(request, taxonomy, storefront)


def _page(
    request: HttpRequest, taxonomy: Taxonomy | None, storefront: Storefront | None
) -> HttpResponse:
    context: dict[str, object] = {
        "taxonomy": taxonomy,
        "storefront": storefront,
        "words": (words := text(request.GET, "q")),
        "here": reverse("catalog:storefront_taxonomy", args=[storefront.slug])
        if storefront
        else reverse("catalog:taxonomy", args=[taxonomy.slug])
        if taxonomy
        else "",
    }
    if taxonomy:
        found = taxonomy_tree.search(taxonomy=taxonomy, words=words) if words else None
        if found is not None:
            context["found"] = found[: taxonomy_tree.FOUND]
            context["count"] = found.count()
        if request.headers.get("HX-Request"):
            return render(request, "catalog/_taxonomy_found.html", context)
        at = taxonomy.categories.filter(external_id=text(request.GET, "at")).first()
        pruned = taxonomy_tree.pruned_by(storefront, taxonomy)
        context |= {
            "branches": taxonomy_tree.open_to(taxonomy=taxonomy, category=at, pruned=pruned),
            "at": at,
            "at_photos": Tag.objects.filter(category=at).values("image").distinct().count(),
            "at_line": taxonomy_tree.line_of(at)[:-1] if at else (),
            "standing": node_thresholds.of_category(at) if at else None,
            "prunes": StorefrontPrune.objects.filter(
                storefront=storefront, category__taxonomy=taxonomy
            )
            .select_related("category", "pruned_by")
            .order_by("category__position"),
        }
    if storefront:
        context["taxonomies"] = Taxonomy.objects.order_by("name")
        if storefront.taxonomy:
            context["state"] = state_of(storefront.taxonomy)
        context["active"] = Taxonomy.objects.filter(is_active=True).first()
    return render(request, "catalog/taxonomy.html", context)


@require_safe
@never_cache
@role_required(Role.STAFF)
def children(request: HttpRequest, pk: int) -> HttpResponse:
    """What is right below a category, for `?storefront=` if one is given."""
    category = get_object_or_404(Category.objects.select_related("taxonomy"), pk=pk)
    storefront = None
    if slug := text(request.GET, "storefront"):
        storefront = get_object_or_404(Storefront, slug=slug)
    branches = taxonomy_tree.level(
        taxonomy=category.taxonomy,
        parent=category,
        pruned=taxonomy_tree.pruned_by(storefront, category.taxonomy),
    )
    context = {
        "branches": branches,
        "storefront": storefront,
        "here": reverse("catalog:storefront_taxonomy", args=[storefront.slug])
        if storefront
        else reverse("catalog:taxonomy", args=[category.taxonomy.slug]),
    }
    return render(request, "catalog/_taxonomy_branches.html", context)


@require_POST
@role_required(Role.LEAD)
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """The storefront's taxonomy: one of them, or "" for whichever is active."""
    storefront = get_object_or_404(Storefront, slug=slug)
    chosen = text(request.POST, "taxonomy")
    taxonomy = get_object_or_404(Taxonomy, slug=chosen) if chosen else None
    storefronts.choose_taxonomy(storefront=storefront, taxonomy=taxonomy)
    messages.success(
        request,
        f"{storefront} is tagged with {taxonomy or 'the active taxonomy'} from now on.",
    )
    return redirect("catalog:storefront_taxonomy", slug)


@require_POST
@role_required(Role.LEAD)
def prune(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Leave a category and all below it out, or with `use`, take it back."""
    storefront = get_object_or_404(Storefront, slug=slug)
    category = get_object_or_404(Category.objects.select_related("taxonomy", "parent"), pk=pk)
    try:
        if "use" in request.POST:
            storefronts.unprune(storefront=storefront, category=category)
        else:
            storefronts.prune(storefront=storefront, category=category, by=person(request))
    except storefronts.PruneRefused as refused:
        messages.error(request, str(refused))
    if request.headers.get("HX-Request") and not category.is_retired:
        pruned = taxonomy_tree.pruned_by(storefront, category.taxonomy)
        context = {
            "branch": taxonomy_tree.branch_of(category=category, pruned=pruned),
            "storefront": storefront,
            "here": reverse("catalog:storefront_taxonomy", args=[storefront.slug]),
        }
        return render(request, "catalog/_taxonomy_branch.html", context)
    address = reverse("catalog:storefront_taxonomy", args=[slug])
    return redirect(f"{address}?{urlencode({'at': category.external_id})}")
