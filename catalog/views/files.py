"""Private pictures: streamed only to people who are signed in with a role."""

from uuid import UUID

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from catalog.models import Image
from catalog.roles import Role
from catalog.views.access import role_required


def serve_picture(file: FieldFile) -> FileResponse:
    """A rendition we made ourselves, as a JPEG a browser may show but never run or share."""
    try:
        handle = file.open("rb")
    except (FileNotFoundError, ValueError) as missing:
        raise Http404("The picture is not in the store.") from missing
    response = FileResponse(handle, content_type="image/jpeg", as_attachment=False)
    response["Content-Disposition"] = "inline"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    # A rendition never changes under its id; `private` keeps it out of shared caches.
    response["Cache-Control"] = "private, max-age=3600, immutable"
    return response


@require_safe
@role_required(Role.STAFF, Role.MODERATOR)
def picture(request: HttpRequest, pk: UUID, kind: str) -> FileResponse:
    """A photo's `display` or `thumbnail` rendition. Originals are never served."""
    image = get_object_or_404(Image, pk=pk)
    return serve_picture(image.thumbnail if kind == "thumbnail" else image.display)
