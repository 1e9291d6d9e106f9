"""The attributes there are, with their values and prompts; staff switch them and upload others."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Prefetch
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.attributes import filtering, importing, vectors
from catalog.attributes.files import MAX_BYTES, STARTER, AttributesError, read
from catalog.choices import AttributeMethod
from catalog.models import (
    Attribute,
    AttributeValue,
    AttributeVector,
    Encoder,
    ImageAttribute,
)
from catalog.roles import Role
from catalog.views.access import role_required
from catalog.views.params import text


@dataclass(frozen=True)
class Answer:
    """A value: how many photos have it in the active encoder, and what it is known by there."""

    value: AttributeValue
    count: int
    prompts: list[str]
    filter: str


@dataclass(frozen=True)
class State:
    """An attribute as the page shows it."""

    attribute: Attribute
    answers: list[Answer]
    contrast: list[str]
    retired: int
    unknown: list[AttributeValue]  # whose words the active encoder does not know
    waiting: int  # values without a vector yet

    @property
    def by_pixels(self) -> bool:
        return self.attribute.method == AttributeMethod.PIXELS

    @property
    def is_unasked(self) -> bool:
        """True if no photo is given any of its values."""
        return bool(self.unknown) and len(self.unknown) == len(self.answers)


def _states(encoder: Encoder | None) -> list[State]:
    rows = ImageAttribute.objects.filter(encoder=encoder).order_by()
    counts = dict(rows.values_list("value").annotate(photos=Count("pk")))
    known = dict(
        AttributeVector.objects.filter(encoder=encoder).values_list("value_id", "is_known")
    )
    values = AttributeValue.objects.select_related("attribute").order_by("position")
    return [
        _state(attribute, counts, known)
        for attribute in Attribute.objects.prefetch_related(Prefetch("values", values))
    ]


def _state(attribute: Attribute, counts: dict[int, int], known: dict[int, bool]) -> State:
    values = [value for value in attribute.values.all() if not value.is_contrast]
    used = [value for value in values if not value.is_retired]
    by_words = attribute.method == AttributeMethod.WORDS
    return State(
        attribute=attribute,
        answers=[
            Answer(
                value,
                counts.get(value.pk, 0),
                vectors.prompts(value) if by_words else [],
                filtering.said_of(value),
            )
            for value in used
        ],
        contrast=[
            prompt
            for value in attribute.values.all()
            if value.is_contrast and not value.is_retired
            for prompt in value.prompts
        ],
        retired=len(values) - len(used),
        unknown=[value for value in used if by_words and known.get(value.pk) is False],
        waiting=sum(value.pk not in known for value in used) if by_words else 0,
    )


@require_safe
@never_cache
@role_required(Role.STAFF)
def attribute_list(request: HttpRequest) -> HttpResponse:
    return _list(request)


def _list(request: HttpRequest, problem: str = "") -> HttpResponse:
    encoder = Encoder.objects.filter(is_active=True).first()
    context = {
        "states": _states(encoder),
        "encoder": encoder,
        "problem": problem,
        "max_kilobytes": MAX_BYTES // 1024,
    }
    return render(request, "catalog/attributes.html", context, status=422 if problem else 200)


@require_POST
@role_required(Role.STAFF)
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file, or with `look` only say what it would change. Nothing photos have is lost."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return _list(request, "Choose a YAML file first.")
    if (file.size or 0) > MAX_BYTES:
        return _list(request, f"The file is larger than {MAX_BYTES // 1024} KB.")
    only_look = "look" in request.POST
    try:
        changes = importing.apply(asked=read(file.read()), dry_run=only_look)
    except AttributesError as error:
        return _list(request, str(error))
    if only_look:
        kinds = changes.by_kind().items()
        said = ". ".join(f"{kind.capitalize()}: {', '.join(names)}" for kind, names in kinds)
        messages.info(request, f"It would change this. {said}." if said else "It changes nothing.")
    else:
        messages.success(request, f"Taken: {changes}.")
    return redirect("catalog:attributes")


@require_POST
@role_required(Role.STAFF)
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Switch an attribute on or off."""
    attribute = get_object_or_404(Attribute, slug=slug)
    on = text(request.POST, "on") == "1"
    importing.switch(attribute=attribute, on=on)
    said = "is asked of new photos from now on" if on else "is not asked any more, nor shown"
    messages.success(request, f"{attribute.name} {said}.")
    return redirect("catalog:attributes")


@require_safe
@role_required(Role.STAFF)
def starter(request: HttpRequest) -> FileResponse:
    """The file that comes along, to begin one's own from."""
    return FileResponse(STARTER.open("rb"), as_attachment=True, filename="attributes.yaml")
