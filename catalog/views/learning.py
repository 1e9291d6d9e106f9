"""What a taxonomy learned from staff: versions, confirmed photos, and tagging photos again."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import learning, retagging, scorer, tag_changes
from catalog.choices import RetagStatus
from catalog.coverage import FEW, coverage
from catalog.models import CategoryHead, Encoder, LearningSwitch, Retagging, Taxonomy
from catalog.retagging import RetagRefused
from catalog.roles import Role
from catalog.templatetags.console import span
from catalog.views.access import person, role_required
from catalog.views.params import text

VERSIONS = 20
ENOUGH = 2.0  # seconds a pace is measured over before it is shown


@dataclass(frozen=True)
class Progress:
    """How far a job is; `mark` is what the page sends along when it asks again, so that the pace
    is measured from when it was opened."""

    job: Retagging
    percent: int
    pace: float | None  # photos a second
    left: str
    mark: str

    @property
    def is_running(self) -> bool:
        return self.job.status == RetagStatus.RUNNING


def progress_of(job: Retagging | None, params: QueryDict) -> Progress | None:
    if job is None:
        return None
    now = timezone.now()
    try:
        at = datetime.fromtimestamp(float(params.get("from", "")), tz=now.tzinfo)
        begun, before = min(at, now), max(0, int(params.get("done", "")))
    except (ValueError, OverflowError, OSError):
        begun, before = now, job.seen
    seconds = (now - begun).total_seconds()
    pace = (job.seen - before) / seconds if seconds >= ENOUGH and job.seen > before else None
    left = ""
    if pace and job.status == RetagStatus.RUNNING:
        rest = max(0, job.total - job.seen) / pace
        left = f"{span(rest)} left" if rest >= 60 else "less than a minute left"
    done = job.status == RetagStatus.DONE
    percent = 100 if done else min(99, 100 * job.seen // max(1, job.total))
    mark = urlencode({"from": f"{begun.timestamp():.3f}", "done": before})
    return Progress(job, percent, pace, left, mark)


@require_safe
@never_cache
@role_required(Role.STAFF)
def page(request: HttpRequest, slug: str) -> HttpResponse:
    taxonomy = get_object_or_404(Taxonomy, slug=slug)
    encoder = Encoder.objects.filter(is_active=True).first()
    switch = LearningSwitch.objects.filter(taxonomy=taxonomy).select_related("changed_by").first()
    head, calibration = (
        scorer.in_force(taxonomy=taxonomy, encoder=encoder) if encoder else (None, None)
    )
    taught = coverage(taxonomy=taxonomy, encoder=encoder)
    heads = CategoryHead.objects.filter(taxonomy=taxonomy, encoder=encoder)
    job = taxonomy.retaggings.select_related("started_by").first()
    context = {
        "taxonomy": taxonomy,
        "encoder": encoder,
        "switch": switch,
        "follows": switch is None or switch.follows,
        "head": head,
        "heads": heads[:VERSIONS],
        "older": max(0, heads.count() - VERSIONS),
        "calibration": calibration,
        "taught": taught,
        "most": max((row.confirmed for row in taught.rows), default=1),
        "few": FEW,
        "photos": tag_changes.photos_of(taxonomy, encoder).count() if encoder else 0,
        "progress": progress_of(job, request.GET),
        "quiet": span(retagging.QUIET.total_seconds()),
    }
    return render(request, "catalog/learning.html", context)


@require_safe
@never_cache
@role_required(Role.STAFF)
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """How far tagging again is: the part of the page that asks for itself again."""
    taxonomy = get_object_or_404(Taxonomy, slug=slug)
    found = progress_of(taxonomy.retaggings.select_related("started_by").first(), request.GET)
    context = {"taxonomy": taxonomy, "progress": found}
    response = render(request, "catalog/_retagging.html", context)
    if found is None or not found.is_running:
        response["HX-Refresh"] = "true"  # what can be done now
    return response


@require_safe
@never_cache
@role_required(Role.STAFF)
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What tagging again would change."""
    taxonomy = get_object_or_404(Taxonomy, slug=slug)
    encoder = Encoder.objects.filter(is_active=True).first()
    found = tag_changes.preview(taxonomy=taxonomy, encoder=encoder) if encoder else None
    context = {"taxonomy": taxonomy, "found": found}
    whole = "catalog/_retag_preview.html"
    if not request.headers.get("HX-Request"):
        whole = "catalog/retag_preview.html"
    return render(request, whole, context)


@require_POST
@role_required(Role.LEAD)
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Turn learning off, let it follow, go back to a version, or tag again by itself or not."""
    taxonomy = get_object_or_404(Taxonomy, slug=slug)
    by = person(request)
    match text(request.POST, "to"):
        case "off":
            learning.turn_off(taxonomy=taxonomy, by=by)
            said = "Learning is off: new photos are tagged by the words alone."
        case "follow":
            learning.follow(taxonomy=taxonomy, by=by)
            said = "Learning follows what people confirm. The next build catches up in a moment."
        case "retags":
            on = "on" in request.POST
            learning.retag_by_itself(taxonomy=taxonomy, on=on, by=by)
            said = (
                "Photos are tagged again by themselves from now on."
                if on
                else "Photos keep their tags until somebody starts tagging again."
            )
        case number if number.isascii() and number.isdigit() and len(number) < 18:
            heads = CategoryHead.objects.filter(taxonomy=taxonomy, encoder__is_active=True)
            head = get_object_or_404(heads.select_related("taxonomy"), pk=int(number))
            learning.go_back(head=head, by=by)
            said = f"Version {head.version} is in force until you let it follow again."
        case _:
            messages.error(request, "Choose what to do about learning.")
            return redirect("catalog:learning", slug)
    messages.success(request, said)
    return redirect("catalog:learning", slug)


@require_POST
@role_required(Role.LEAD)
def retag(request: HttpRequest, slug: str) -> HttpResponse:
    """Start tagging the photos of a taxonomy again."""
    taxonomy = get_object_or_404(Taxonomy, slug=slug)
    try:
        retagging.start(taxonomy=taxonomy, started_by=person(request))
    except RetagRefused as refused:
        messages.error(request, str(refused))
    return redirect("catalog:learning", slug)


@require_POST
@role_required(Role.LEAD)
def change_retagging(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Pause, resume or end a job."""
    job = get_object_or_404(Retagging, pk=pk, taxonomy__slug=slug)
    verbs = {"pause": retagging.pause, "resume": retagging.resume, "cancel": retagging.cancel}
    try:
        if verb := verbs.get(text(request.POST, "do")):
            verb(job_id=job.pk)
    except RetagRefused as refused:
        messages.error(request, str(refused))
    return redirect("catalog:learning", slug)
