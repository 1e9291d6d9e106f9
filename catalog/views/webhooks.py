"""A storefront's webhooks: its endpoints, the log of deliveries, and one delivery."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import endpoints
from catalog.choices import DeliveryState, EndpointState, Occurrence
from catalog.endpoints import WebhookRefused
from catalog.models import Delivery, Image, Storefront, WebhookEndpoint
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.webhook_form import WebhookForm, problems_of
from catalog.views.webhook_tables import Asked, figures_of, log_of, pretty, rows_of

SECRET = "webhook_secret"  # noqa: S105  the session's key for one that was just made
OVERLAPS = (
    (0, "Only the new one signs"),
    (1, "For an hour"),
    (24, "For a day"),
    (168, "For a week"),
)


@require_safe
@never_cache
@role_required(Role.LEAD)
def webhooks(request: HttpRequest, slug: str) -> HttpResponse:
    """Endpoints and the log; while something is on its way, the page asks for it again."""
    storefront = get_object_or_404(Storefront, slug=slug)
    rows, asked = rows_of(storefront), Asked.of(request.GET)
    log, older = log_of(rows, asked)
    context = {
        "storefront": storefront,
        "rows": rows,
        "figures": figures_of(rows),
        "asked": asked,
        "log": log,
        "older": older,
        "states": DeliveryState.choices,
        "kinds": Occurrence.choices,
        "is_at_work": any(row.is_at_work for row in rows) and asked.before is None,
        "is_full": len(rows) >= endpoints.MOST_ENDPOINTS,
    }
    fragment = request.headers.get("HX-Request")
    template = "catalog/_webhooks.html" if fragment else "catalog/webhooks.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, Cookie"
    return response


@never_cache
@role_required(Role.LEAD)
def webhook_new(request: HttpRequest, slug: str) -> HttpResponse:
    storefront = get_object_or_404(Storefront, slug=slug)
    form = WebhookForm(_sent(request))
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            made = endpoints.make(storefront=storefront, by=person(request), **form.wanted())
        except WebhookRefused as refused:
            refusal = str(refused)
        else:
            request.session[SECRET] = str(made.pk)
            return redirect("catalog:webhook", slug, made.pk)
    context = {"storefront": storefront, "form": form, "problems": problems_of(form, refusal)}
    return render(request, "catalog/webhook_new.html", context, status=_status(context["problems"]))


@never_cache
@role_required(Role.LEAD)
def webhook(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """One endpoint: what it is told, its secret when that was just made, deleting it."""
    endpoint = _endpoint(slug, pk)
    form = WebhookForm(_sent(request), initial=WebhookForm.initial_of(endpoint))
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            endpoints.change(endpoint=endpoint, by=person(request), **form.wanted())
        except WebhookRefused as refused:
            refusal = str(refused)
        else:
            messages.success(request, "Saved.")
            return redirect("catalog:webhooks", slug)
    shown = request.method == "GET" and request.session.pop(SECRET, "") == str(endpoint.pk)
    context = {
        "storefront": endpoint.storefront,
        "endpoint": endpoint,
        "form": form,
        "problems": problems_of(form, refusal),
        "secret": endpoint.secret if shown else "",
        "overlaps": OVERLAPS,
    }
    return render(request, "catalog/webhook.html", context, status=_status(context["problems"]))


@require_safe
@never_cache
@role_required(Role.LEAD)
def delivery_page(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What was sent, and what came of every attempt."""
    delivery = _delivery(slug, pk)
    context = {
        "storefront": delivery.endpoint.storefront,
        "delivery": delivery,
        "event": delivery.event,
        "endpoint": delivery.endpoint,
        "payload": pretty(delivery.event.body),
        "log": list(delivery.log.all()[:100]),
        "photo": Image.objects.filter(pk__in=[delivery.image_id]).first(),
        "is_waiting": delivery.state == DeliveryState.WAITING,
        "may_replay": delivery.endpoint.state != EndpointState.DISABLED,
    }
    fragment = request.headers.get("HX-Request")
    template = "catalog/_webhook_delivery.html" if fragment else "catalog/webhook_delivery.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, Cookie"
    return response


@require_POST
@role_required(Role.LEAD)
def act(request: HttpRequest, slug: str, pk: UUID, action: str) -> HttpResponse:
    """A button of an endpoint."""
    endpoint, by = _endpoint(slug, pk), person(request)
    back = redirect("catalog:webhooks", slug)
    try:
        match action:
            case "pause":
                endpoints.pause(endpoint=endpoint, by=by)
                said = "Paused. What happens meanwhile waits."
            case "resume":
                endpoints.resume(endpoint=endpoint, by=by)
                said = "Switched on. What waited is being sent."
            case "test":
                made = endpoints.send_test(endpoint=endpoint)
                said, back = (
                    "A test event is on its way.",
                    redirect("catalog:delivery", slug, made.pk),
                )
            case "replay":
                count = endpoints.replay_failed(endpoint=endpoint)
                said = f"{count:,} {'is' if count == 1 else 'are'} being sent again."
            case "rotate":
                hours = request.POST.get("overlap", "")
                known = {str(each) for each, _ in OVERLAPS}
                overlap = timedelta(hours=int(hours)) if hours in known else endpoints.OVERLAP
                endpoints.rotate(endpoint=endpoint, overlap=overlap, by=by)
                request.session[SECRET] = str(endpoint.pk)
                said, back = "The secret was rotated.", redirect("catalog:webhook", slug, pk)
            case "delete":
                endpoints.delete(endpoint=endpoint, by=by)
                said = "Deleted. Nothing more is sent there."
            case _:
                raise Http404
    except WebhookRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    return back


@require_POST
@role_required(Role.LEAD)
def replay(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    try:
        endpoints.replay(delivery=_delivery(slug, pk))
    except WebhookRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "It is being sent again, with the same id.")
    return redirect("catalog:delivery", slug, pk)


def _endpoint(slug: str, pk: UUID) -> WebhookEndpoint:
    storefront = get_object_or_404(Storefront, slug=slug)
    found = WebhookEndpoint.objects.of(storefront).select_related("storefront")
    return get_object_or_404(found, pk=pk)


def _delivery(slug: str, pk: int) -> Delivery:
    there = Delivery.objects.filter(
        endpoint__storefront__slug=slug, endpoint__deleted_at__isnull=True
    )
    return get_object_or_404(there.select_related("event", "endpoint__storefront"), pk=pk)


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _status(problems: object) -> int:
    return 422 if problems else 200
