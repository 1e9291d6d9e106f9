"""Staff correct the tags of many photos at once, in the grid."""

from collections import Counter
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from catalog import correcting
from catalog.choices import TagStep
from catalog.correcting import Corrected, Shown
from catalog.models import Category, Image
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.corrections import PATH, named, used_by
from catalog.views.params import text
from catalog.views.photo_grid import with_tags

MOST = 200  # photos at once
SAID = {
    TagStep.CONFIRM: "confirmed",
    TagStep.REJECT: "rejected",
    TagStep.ADD: "tagged",
    TagStep.REPLACE: "tagged anew",
}


@require_POST
@role_required(Role.STAFF)
def correct_many(request: HttpRequest) -> HttpResponse:
    """One step for all photos that were selected in the grid."""
    step = text(request.POST, "step")
    name = text(request.POST, "name", limit=PATH)
    seen = _seen(request)
    problem = ""
    if not seen:
        problem = "Select photos first: tick them, or move to one with the arrow keys."
    elif step not in TagStep.values:
        problem = "Choose what to say of these photos."
    elif step in (TagStep.ADD, TagStep.REPLACE) and not name:
        problem = "Type a category first."
    if problem:
        return _answer(request, problem=problem)
    images = Image.objects.select_related("storefront").in_bulk(seen)
    tags = Category.objects.in_bulk([key for key in seen.values() if key])
    shops = {image.storefront_id: image.storefront for image in images.values()}
    chosen = {key: named(name, used_by(shop)) for key, shop in shops.items()}
    if step in (TagStep.ADD, TagStep.REPLACE) and not any(chosen.values()):
        problem = f"There is no category “{name}”. Choose one of those proposed as you type."
        return _answer(request, problem=problem)
    done = correcting.correct(
        shown={
            key: Shown(tag=tags.get(tag or 0), chosen=chosen[images[key].storefront_id])
            for key, tag in seen.items()
            if key in images
        },
        step=TagStep(step),
        by=person(request),
    )
    return _answer(request, done=done, verb=SAID[TagStep(step)])


@require_POST
@role_required(Role.STAFF)
def undo_many(request: HttpRequest) -> HttpResponse:
    """Take back what this person said in one go."""
    try:
        together = UUID(text(request.POST, "together"))
    except ValueError:
        return _answer(request, problem="There is nothing to undo.")
    return _answer(
        request, done=correcting.undo(together=together, by=person(request)), verb="put back"
    )


def _seen(request: HttpRequest) -> dict[UUID, int | None]:
    """Photos with the key of the tag that each was shown with."""
    seen: dict[UUID, int | None] = {}
    for value in request.POST.getlist("photo")[:MOST]:
        image, _, tag = value.partition(":")
        try:
            key = UUID(image)
        except ValueError:
            continue
        seen[key] = int(tag) if tag.isascii() and tag.isdigit() and len(tag) < 18 else None
    return seen


def state_of(user: User) -> dict[str, object]:
    """What the bar below the grid says about this person's day."""
    return {
        "latest": correcting.latest(user),
        "confirmed_today": correcting.confirmed_today(user),
    }


def _answer(
    request: HttpRequest,
    *,
    problem: str = "",
    done: Corrected | None = None,
    verb: str = "",
) -> HttpResponse:
    said = ""
    if done:
        said = f"{_photos(len(done.photos))} {verb}."
        if done.unchanged:
            said += f" {_photos(done.unchanged)} left as before."
        reasons = Counter(done.refused)
        problem = " ".join(f"{_photos(count)}: {why}" for why, count in reasons.most_common(3))
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        if said:
            messages.success(request, said)
        return redirect(reverse("catalog:photos") + "?" + text(request.POST, "back", limit=4000))
    changed = with_tags(Image.objects.filter(pk__in=done.photos if done else []))
    context = {"problem": problem, "said": said, "changed": changed, **state_of(person(request))}
    return render(request, "catalog/_bulk_answer.html", context)


def _photos(count: int) -> str:
    return f"{count} photo{'' if count == 1 else 's'}"
