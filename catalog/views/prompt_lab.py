"""The prompt lab: labels and templates on a few photos, before anything is saved."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog import prompting, query_vectors, taxonomy_vectors
from catalog.choices import Status
from catalog.ml.rejection import ImageRejected
from catalog.models import Encoder, Image, Tag
from catalog.prompting import Outcome, Scored, TrialRefused
from catalog.query_vectors import SearchUnavailable
from catalog.roles import Role
from catalog.views.access import role_required
from catalog.views.params import text

OFFERED = 18  # photos to choose from
ESSAY = 20_000  # letters of a field


@dataclass(frozen=True)
class Column:
    """A photo as a column of the picture; dropped ones have a digest and no address."""

    title: str
    url: str = ""
    image: str = ""
    veiled: bool = False
    digest: str = ""


@dataclass(frozen=True)
class Side:
    """One template set's results, ready to be drawn and read out."""

    name: str
    scored: Scored
    table: list[tuple[str, list[tuple[str, str]]]]  # label, (cosine, probability) per photo
    firsts: list[tuple[str, str, bool]]  # each photo's first label, probability, differs from A


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required(Role.STAFF)
def lab(request: HttpRequest) -> HttpResponse:
    """The page; posted, with what comes out, and over htmx the results only."""
    typed = request.POST
    context: dict[str, object] = {}
    if request.method == "POST":
        context |= _tried(typed)
        if request.headers.get("HX-Request"):
            return render(request, "catalog/_prompt_results.html", context)
    in_force = "\n".join(taxonomy_vectors.templates().templates)
    context |= {
        "labels": typed.get("labels", ""),
        "a": typed.get("a", in_force),
        "b": typed.get("b", ""),
        "encoder": Encoder.objects.filter(is_active=True).first(),
        "limits": prompting,
        "photos": _offered(typed),
        "chosen": set(typed.getlist("photo")),
    }
    return render(request, "catalog/prompt_lab.html", context)


@require_safe
@never_cache
@role_required(Role.STAFF)
def photos(request: HttpRequest) -> HttpResponse:
    """Photos to choose from: those chosen already, then what the words find."""
    context = {"photos": _offered(request.GET), "chosen": set(request.GET.getlist("photo"))}
    return render(request, "catalog/_prompt_photos.html", context)


@require_POST
@role_required(Role.STAFF)
def picture(request: HttpRequest) -> JsonResponse:
    """Have a dropped picture looked at, without storing it."""
    upload = request.FILES.get("picture")
    limit = settings.VITRINE_MAX_UPLOAD_BYTES
    if upload is None:
        return JsonResponse({"message": "Choose a picture first."}, status=422)
    if upload.size is not None and upload.size > limit:
        message = f"This picture is larger than {limit // 1024**2} MB."
        return JsonResponse({"message": message}, status=422)
    try:
        digest = query_vectors.look_at(data=upload.read(), encoder=query_vectors.active_encoder())
    except ImageRejected as refused:
        return JsonResponse({"message": str(refused)}, status=422)
    except SearchUnavailable as error:
        return JsonResponse({"message": str(error)}, status=503)
    return JsonResponse({"digest": digest})


@require_POST
@role_required(Role.STAFF)
def download(request: HttpRequest) -> HttpResponse:
    """A template set as the file that the settings may name."""
    which = "b" if request.POST.get("save") == "b" else "a"
    try:
        templates = prompting.template_set(prompting.lines(_essay(request.POST, which)))
    except TrialRefused as refused:
        context = {"problems": refused.problems}
        return render(request, "catalog/prompt_refused.html", context, status=422)
    response = HttpResponse(prompting.as_yaml(templates), content_type="application/yaml")
    response["Content-Disposition"] = 'attachment; filename="prompt_templates.yaml"'
    return response


def _tried(typed: QueryDict) -> dict[str, object]:
    sets = [prompting.lines(_essay(typed, "a"))]
    if other := prompting.lines(_essay(typed, "b")):
        sets.append(other)
    try:
        trial = prompting.trial(
            labels=prompting.lines(_essay(typed, "labels")),
            sets=sets,
            photos=_keys(typed),
            pictures=[each[:64] for each in dict.fromkeys(typed.getlist("picture"))],
        )
        outcome = prompting.score(trial)
    except TrialRefused as refused:
        return {"problems": refused.problems}
    except SearchUnavailable as error:
        return {"unavailable": str(error)}
    cosines = np.stack([each.cosines for each in outcome.scored])
    return {
        "outcome": outcome,
        "columns": _columns(outcome),
        "sides": _sides(outcome),
        "least": float(cosines.min()),
        "most": float(cosines.max()),
    }


def _sides(outcome: Outcome) -> list[Side]:
    reference = outcome.scored[0].best
    sides = []
    for name, scored in zip("AB", outcome.scored, strict=False):
        table = [
            (label, [(f"{c:.3f}", f"{p:.3f}") for c, p in zip(cosines, likely, strict=True)])
            for label, cosines, likely in zip(
                outcome.labels, scored.cosines, scored.probabilities, strict=True
            )
        ]
        firsts = [
            (outcome.labels[row], f"{scored.probabilities[row, n]:.2f}", row != reference[n])
            for n, row in enumerate(scored.best)
        ]
        sides.append(Side(name, scored, table, firsts))
    return sides


def _columns(outcome: Outcome) -> list[Column]:
    images = Image.objects.in_bulk(outcome.photos)
    columns = []
    for key in outcome.photos:
        image = images.get(key)
        veiled = image is None or image.status != Status.LIVE
        columns.append(
            Column(
                title=(image.filename if image else "") or "unnamed",
                url=reverse("catalog:photo", args=[key]),
                image=reverse("catalog:thumbnail", args=[key]),
                veiled=veiled,
            )
        )
    dropped = enumerate(outcome.pictures, start=1)
    return columns + [Column(title=f"Dropped {n}", digest=digest) for n, digest in dropped]


def _offered(params: QueryDict) -> list[Image]:
    """Chosen photos first, then the newest that match and have been embedded."""
    chosen = _keys(params)
    images = Image.objects.of_live_shops().filter(embeddings__encoder__is_active=True)
    if words := text(params, "q"):
        tagged = Tag.objects.filter(category__path__icontains=words).values("image_id")
        named = Q(filename__icontains=words) | Q(product__sku__icontains=words)
        images = images.filter(named | Q(pk__in=tagged))
    known = Image.objects.in_bulk(chosen[: prompting.PHOTOS])
    found = images.exclude(pk__in=chosen).order_by("-created_at", "-id")[:OFFERED]
    return [*known.values(), *found]


def _keys(params: QueryDict) -> list[UUID]:
    keys = []
    for said in dict.fromkeys(params.getlist("photo")):
        try:
            keys.append(UUID(said))
        except ValueError:
            continue
    return keys


def _essay(params: QueryDict, name: str) -> str:
    return params.get(name, "")[:ESSAY]
