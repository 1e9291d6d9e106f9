"""How one person likes to work: their keys and their breaks."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text
from moderation import shortcuts
from moderation.shortcuts import KeysRefused


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def preferences(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if request.method != "POST":
        return _page(request, shortcuts.keys_of(user), {})
    keys = {name: request.POST.get(f"key-{name}", "").strip()[:20] for name in shortcuts.USUAL}
    minutes = text(request.POST, "break")
    if "reset" in request.POST:
        keys = {}
    try:
        shortcuts.save(
            user=user,
            keys=keys,
            break_after_minutes=int(minutes) if minutes.isascii() and minutes.isdigit() else -1,
        )
    except KeysRefused as refused:
        return _page(request, keys, refused.problems)
    messages.success(request, "Your usual keys are back." if not keys else "Saved.")
    return redirect("moderation:preferences")


def _page(request: HttpRequest, keys: dict[str, str], problems: dict[str, str]) -> HttpResponse:
    groups: dict[str, list[dict[str, object]]] = {}
    for shortcut in shortcuts.SHORTCUTS:
        row = {
            "shortcut": shortcut,
            "value": keys.get(shortcut.name, ""),
            "problem": problems.get(shortcut.name),
        }
        groups.setdefault(shortcut.group, []).append(row)
    stored = shortcuts.preferences_of(person(request)).break_after_minutes
    context = {
        "groups": groups,
        "break_after": request.POST.get("break", stored),
        "break_problem": problems.get("break"),
        "problems": list(dict.fromkeys(problems.values())),
    }
    status = 400 if problems else 200
    return render(request, "moderation/preferences.html", context, status=status)
