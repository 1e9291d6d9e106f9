"""Staff correct a photo's attributes, on its page."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from catalog.attributes import filtering, verdicts
from catalog.models import Attribute, AttributeValue, Image, ImageAttribute
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text


@dataclass(frozen=True)
class Shown:
    """An attribute on a photo's page: what the photo has, and what it could be given."""

    attribute: Attribute
    rows: list[ImageAttribute]
    others: list[AttributeValue]
    rejected: list[AttributeValue]


def attributes_of(image: Image) -> dict[str, object]:
    """What the attributes part of a photo's page shows."""
    said = verdicts.standing_of([image.pk]).get(image.pk, {})
    rows = filtering.shown_of(image, None)
    having = {row.value_id for row in rows}
    in_use = AttributeValue.objects.filter(is_contrast=False, is_retired=False)
    shown = [
        Shown(
            attribute=attribute,
            rows=[row for row in rows if row.value.attribute_id == attribute.pk],
            others=[value for value in attribute.values.all() if value.pk not in having],
            rejected=[value for value in attribute.values.all() if said.get(value.pk) is False],
        )
        for attribute in Attribute.objects.filter(is_active=True).prefetch_related(
            Prefetch("values", in_use)
        )
    ]
    open_rows = (row.pk for each in shown for row in each.rows if not row.is_confirmed)
    return {"attributes": shown, "next_attribute": next(open_rows, None)}


@require_POST
@role_required(Role.STAFF)
def correct(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm, reject or add one `value`, by its key."""
    image = get_object_or_404(Image, pk=pk)
    key = text(request.POST, "value")
    values = AttributeValue.objects.select_related("attribute")
    value = values.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 18 else None
    problem = ""
    if value is None:
        problem = "There is no such value. Choose one of those in the list."
    else:
        try:
            verdicts.judge(
                image_id=image.pk,
                value=value,
                accepted=text(request.POST, "verdict") != "reject",
                by=person(request),
            )
        except verdicts.AttributeRefused as refusal:
            problem = str(refusal)
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        return redirect("catalog:photo", pk)
    image = Image.objects.get(pk=pk)
    context = {"image": image, **attributes_of(image), "attribute_problem": problem}
    return render(request, "catalog/attributes_of_photo.html", context)
