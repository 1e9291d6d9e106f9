"""Near-duplicates of one photo, decided together."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from catalog.roles import Role
from catalog.views.access import person, role_required
from moderation import deciding
from moderation.clusters import near_duplicates
from moderation.models import Policy, Review
from moderation.reviewing import Wanted
from moderation.views.batches import remember_conflicts
from moderation.views.bulk import cases_in
from moderation.views.verdicts import VerdictRefused, verdict_in
from moderation.views.wanting import query_of, takeable, wanted_of


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required(Role.MODERATOR)
def cluster(request: HttpRequest, pk: int) -> HttpResponseBase:
    review = get_object_or_404(Review.objects.select_related("image__storefront", "policy"), pk=pk)
    wanted = wanted_of(request, queue=review.queue)
    if request.method != "POST":
        return _page(request, review, wanted)
    cases = cases_in(request.POST.getlist("case"))
    if not cases:
        problem = "Nothing is selected, so nothing was decided. Select at least one photo."
        return _page(request, review, wanted, problem=problem)
    try:
        verdict = verdict_in(request.POST)
    except VerdictRefused as refused:
        return _page(request, review, wanted, problem=f"{refused} Nothing was decided.")
    together = deciding.decide_together(
        moderator=person(request),
        cases=cases,
        action=verdict.action,
        policy=verdict.policy,
        note=verdict.note,
    )
    remember_conflicts(request, together)
    return redirect(reverse("moderation:batch", args=[together.batch]) + query_of(wanted))


def _page(
    request: HttpRequest, review: Review, wanted: Wanted, *, problem: str = ""
) -> HttpResponse:
    """Selected are all but the outliers; after a problem, what was selected before."""
    among = takeable(Wanted(queue=review.queue), person(request))
    neighbours = near_duplicates(review, among)
    sent = {case for case, _ in cases_in(request.POST.getlist("case"))}
    alike = {each.review.pk for each in neighbours if not each.is_outlier}
    context = {
        "review": review,
        "takeable": among.filter(pk=review.pk).exists(),
        "neighbours": neighbours,
        "outliers": sum(neighbour.is_outlier for neighbour in neighbours),
        "chosen": sent if problem else alike | {review.pk},
        "policies": Policy.objects.filter(is_enabled=True),
        "problem": problem,
        "query": query_of(wanted),
    }
    status = 400 if problem else 200
    return render(request, "moderation/cluster.html", context, status=status)
