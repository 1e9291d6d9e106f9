"""Lists of hashes: taken in as CSV, and given out."""

from typing import BinaryIO, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text
from moderation import hashlists
from moderation.hashlists import ImportReport, UnusableList
from moderation.models import Bank
from moderation.views.banks import render_bank

NAMED = 20  # bad lines that are named one by one


@require_safe
@role_required(Role.LEAD)
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    bank = get_object_or_404(Bank.objects.select_related("policy"), pk=pk)
    response = StreamingHttpResponse(hashlists.export_csv(bank), content_type="text/csv")
    name = f"{slugify(f'{bank.policy.slug} {bank.name}') or 'bank'}-pdq.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
@role_required(Role.LEAD)
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    bank = get_object_or_404(Bank, pk=pk)
    file = request.FILES.get("list")
    if file is None:
        return render_bank(request, pk, problems=["Choose a CSV file with one hash per line."])
    try:
        report = hashlists.import_csv(
            bank=bank,
            file=cast(BinaryIO, file),
            source=text(request.POST, "source") or (file.name or "")[:120],
            added_by=person(request),
        )
    except UnusableList as unusable:
        return render_bank(request, pk, problems=[f"{file.name}: {unusable}"])
    done = f"{report.added:,} added" + (
        f", {report.already_there:,} were there already" if report.already_there else ""
    )
    if not report.rejected:
        messages.success(request, f"Hashes: {done}.")
        return redirect("moderation:bank", pk)
    title = f"{done[0].upper()}{done[1:]}; {len(report.rejected):,} could not be read"
    return render_bank(request, pk, problems=_lines(report), title=title)


def _lines(report: ImportReport) -> list[str]:
    named = [f"Line {number}: {reason}" for number, reason in report.rejected[:NAMED]]
    more = len(report.rejected) - NAMED
    return [*named, f"… and {more:,} more lines like these."] if more > 0 else named
