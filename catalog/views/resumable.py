"""Files in pieces, for the upload page's script: begin or carry on, append, ask, discard.

All answers are JSON. Whoever asks for somebody else's upload is told that there is none.
"""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from catalog import uploads
from catalog.models import Upload
from catalog.roles import Role
from catalog.uploads import CHUNK_BYTES, UploadRefused, WrongOffset
from catalog.views.access import person, role_required, wants_json
from catalog.views.params import text

BROKEN_OFF = "The piece broke off on its way. It will be sent again."


class Described(forms.Form):
    """What the browser says about a file: enough to know it again after a reload."""

    name = forms.CharField(max_length=1000)
    size = forms.IntegerField(min_value=0, max_value=2**60)
    modified = forms.IntegerField(required=False, min_value=-(2**60), max_value=2**60)
    digest = forms.RegexField(r"^[0-9a-f]{0,64}$", required=False)


@require_POST
@never_cache
@role_required(Role.STAFF)
def begin(request: HttpRequest) -> JsonResponse:
    """Begin, or find what was begun: at which offset to go on, in pieces of which size."""
    form = Described(request.POST)
    if not form.is_valid():
        return _refusal("This file cannot be described. Choose it again.")
    said = form.cleaned_data
    try:
        upload = uploads.begin(
            user=person(request),
            name=said["name"].replace("\x00", ""),
            size=said["size"],
            modified=said["modified"] or 0,
            digest=said["digest"],
        )
    except UploadRefused as refused:
        return _refusal(str(refused))
    return JsonResponse(
        {"id": str(upload.pk), "offset": upload.received, "piece": CHUNK_BYTES}, status=200
    )


@require_http_methods(["GET", "PUT"])
@never_cache
@role_required(Role.STAFF)
def piece(request: HttpRequest, pk: UUID) -> JsonResponse:
    """GET: the offset to go on at. PUT `?offset=`: the next bytes, as they are."""
    upload = get_object_or_404(uploads.unfinished_of(person(request)), pk=pk)
    if request.method == "GET":
        return JsonResponse({"offset": upload.received})
    offset = text(request.GET, "offset")
    if not (offset.isascii() and offset.isdigit() and len(offset) < 19):
        return _refusal("Say the offset of this piece: `?offset=`, in bytes.")
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = 0
    if length > CHUNK_BYTES:
        return _refusal(f"A piece has at most {CHUNK_BYTES:,} bytes.", 413)
    data = request.read(length) if length > 0 else b""
    if len(data) != length:
        return _refusal(BROKEN_OFF, 400)
    try:
        upload = uploads.append(upload=upload, offset=int(offset), data=data)
    except WrongOffset as wrong:
        return JsonResponse({"offset": wrong.offset, "message": str(wrong)}, status=409)
    except UploadRefused as refused:
        return _refusal(str(refused))
    except Upload.DoesNotExist:
        return _refusal("This upload was discarded.", 404)
    return JsonResponse({"offset": upload.received})


@require_POST
@role_required(Role.STAFF)
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    upload = get_object_or_404(uploads.unfinished_of(person(request)), pk=pk)
    uploads.discard(upload=upload)
    if wants_json(request):
        return JsonResponse({})
    messages.success(request, f"Discarded what had arrived of {upload.name}.")
    return redirect("catalog:upload")


def _refusal(message: str, status: int = 422) -> JsonResponse:
    return JsonResponse({"message": message}, status=status)
