"""The taxonomies there are; a file becomes a draft, is looked at, and is applied."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import taxonomy as taxonomies
from catalog import taxonomy_vectors
from catalog.models import CategoryVector, Encoder, Storefront, Taxonomy, TaxonomyDraft
from catalog.roles import Role
from catalog.taxonomy_files import MAX_BYTES, SLUG, Document, TaxonomyError, read
from catalog.views.access import person, role_required
from catalog.views.params import text

SHOWN = 12  # changes of each kind that a preview names
MINUTE = timedelta(minutes=1)
DRAFTS_LIVE = timedelta(days=1)


@dataclass(frozen=True)
class State:
    """Where a taxonomy stands with the active encoder."""

    taxonomy: Taxonomy
    progress: taxonomy_vectors.Progress
    per_minute: int  # categories encoded in the last minute
    has_encoder: bool

    @property
    def seconds_left(self) -> int | None:
        return self.progress.left * 60 // self.per_minute if self.per_minute else None

    @property
    def is_moving(self) -> bool:
        return not self.progress.complete or self.taxonomy.is_next


def state_of(taxonomy: Taxonomy) -> State:
    """Asked of the database anew."""
    encoder = Encoder.objects.filter(is_active=True).first()
    fresh = CategoryVector.objects.filter(
        encoder=encoder, category__taxonomy=taxonomy, created_at__gte=timezone.now() - MINUTE
    )
    progress = taxonomy_vectors.progress(taxonomy=taxonomy, encoder=encoder)
    return State(
        taxonomy=taxonomy,
        progress=progress,
        per_minute=0 if progress.complete else fresh.count(),
        has_encoder=encoder is not None,
    )


@require_safe
@never_cache
@role_required(Role.STAFF)
def taxonomy_list(request: HttpRequest) -> HttpResponse:
    return _list(request)


def _list(request: HttpRequest, problems: tuple[str, ...] = ()) -> HttpResponse:
    found = Taxonomy.objects.order_by("-is_active", "-is_next", "name").annotate(
        retired=Count("categories", filter=Q(categories__is_retired=True)),
    )
    context = {
        "states": [state_of(each) for each in found],
        "storefronts": Storefront.objects.live()
        .select_related("taxonomy")
        .annotate(pruned=Count("prunes")),
        "problems": problems,
        "max_megabytes": MAX_BYTES // 1024**2,
    }
    return render(request, "catalog/taxonomies.html", context, status=422 if problems else 200)


@require_safe
@never_cache
@role_required(Role.STAFF)
def state(request: HttpRequest, slug: str) -> HttpResponse:
    """How far a taxonomy is encoded: the part of the list that asks for itself again."""
    taxonomy = get_object_or_404(Taxonomy, slug=slug)
    return render(request, "catalog/_taxonomy_state.html", {"state": state_of(taxonomy)})


@require_POST
@role_required(Role.LEAD)
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file and show what it would change; nothing is applied yet."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return _list(request, ("Choose a taxonomy file first.",))
    if (file.size or 0) > MAX_BYTES:
        return _list(request, (f"The file is larger than {MAX_BYTES // 1024**2} MB.",))
    data = file.read()
    try:
        document = read(data)
        stem = (file.name or "").rsplit(".", 1)[0].lower()[:50]
        document = document.named(
            slug=document.slug or (stem if SLUG.fullmatch(stem) else "taxonomy")
        )
    except TaxonomyError as error:
        return _list(request, error.problems)
    TaxonomyDraft.objects.filter(uploaded_at__lt=timezone.now() - DRAFTS_LIVE).delete()
    draft = TaxonomyDraft.objects.create(
        data=data,
        filename=(file.name or "")[:200].replace("\x00", ""),
        slug=document.slug,
        name=document.name,
        version=document.version,
        uploaded_by=person(request),
    )
    return redirect("catalog:taxonomy_draft", draft.pk)


def _document(draft: TaxonomyDraft) -> Document:
    return read(bytes(draft.data)).named(slug=draft.slug, name=draft.name, version=draft.version)


@never_cache
@role_required(Role.LEAD)
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """What an uploaded file would change. A post says under which name it is to be compared."""
    found = get_object_or_404(TaxonomyDraft, pk=pk)
    problems: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            named = _document(found).named(
                slug=text(request.POST, "slug"),
                name=text(request.POST, "name"),
                version=text(request.POST, "version"),
            )
        except TaxonomyError as error:
            problems = error.problems
        else:
            found.slug, found.name, found.version = named.slug, named.name, named.version
            found.save(update_fields=["slug", "name", "version"])
            return redirect("catalog:taxonomy_draft", found.pk)
    return _preview(request, found, problems)


def _preview(request: HttpRequest, draft: TaxonomyDraft, problems: tuple[str, ...]) -> HttpResponse:
    document = _document(draft)
    changes = taxonomies.compare(document=document)
    context = {
        "draft": draft,
        "problems": problems,
        "total": len(document.nodes),
        "changes": changes,
        "kinds": [
            {
                "name": kind,
                "count": len(found),
                "first": found[:SHOWN],
                "more": len(found) - SHOWN,
                "tags": sum(change.tags for change in found),
            }
            for kind, found in changes.by_kind().items()
            if found
        ],
        "is_active": Taxonomy.objects.filter(slug=draft.slug, is_active=True).exists(),
    }
    return render(request, "catalog/taxonomy_draft.html", context, status=422 if problems else 200)


@require_POST
@role_required(Role.LEAD)
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Do what the preview showed; if that is not what would happen any more, show it again."""
    found = get_object_or_404(TaxonomyDraft, pk=pk)
    document = _document(found)
    if text(request.POST, "seen") != taxonomies.compare(document=document).digest:
        messages.error(request, "Somebody changed this taxonomy meanwhile. Look at it again.")
        return redirect("catalog:taxonomy_draft", pk)
    loaded = taxonomies.apply(document=document, activate="activate" in request.POST)
    found.delete()
    messages.success(request, f"{loaded} is in place.")
    return redirect("catalog:taxonomies")


@require_POST
@role_required(Role.LEAD)
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw an uploaded file away."""
    TaxonomyDraft.objects.filter(pk=pk).delete()
    return redirect("catalog:taxonomies")


@require_POST
@role_required(Role.LEAD)
def activate(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a taxonomy the one for storefronts that chose none."""
    taxonomy = get_object_or_404(Taxonomy, slug=slug)
    if taxonomy_vectors.activate(taxonomy=taxonomy):
        messages.success(request, f"{taxonomy} is active.")
    else:
        messages.success(request, f"{taxonomy} becomes active as soon as it is encoded.")
    return redirect("catalog:taxonomies")
