"""Many photos in one request, a line of JSON each. What is wrong with one concerns no other."""

import logging
import time
from io import BytesIO
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http.response import HttpResponseBase
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import idempotency
from catalog.api import fetches, idempotent, problems, throttling
from catalog.api.authentication import storefront_of
from catalog.api.bulk_schema import documented_bulk
from catalog.api.codes import Code
from catalog.api.ndjson import Lines, NDJSONParser
from catalog.api.parsers import TOO_DEEP, longest_item
from catalog.api.problems import Problem
from catalog.api.sent import JSONUploadSerializer
from catalog.api.views import StorefrontImages, receive
from catalog.choices import Scope
from catalog.idempotency import Answer, Lock

log = logging.getLogger(__name__)

MOST = 1_000  # photos in one request
SHOWN_AT_ONCE = 200
RENEW_EVERY = idempotency.LOCKED.total_seconds() / 4

Result = dict[str, Any]


@documented_bulk
class ImageBulk(StorefrontImages):
    """`/images/bulk`. `photo` is the endpoint whose photos it shows."""

    required_scope = Scope.IMAGES_WRITE
    parser_classes = (NDJSONParser,)
    photo: type[StorefrontImages] = StorefrontImages

    def post(self, request: Request) -> HttpResponseBase:
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.VITRINE_API_BULK_BYTES:
            limit = f"{settings.VITRINE_API_BULK_BYTES / 1024**2:g} MB"
            raise Problem(Code.FILE_TOO_LARGE, f"Send at most {limit} in one request.")
        key = idempotent.key_of(request)
        lines = Lines(self.stream(request), longest=longest_item(), most=MOST)
        if key is None:
            return self.answer(request, lines, None)
        held = idempotent.begin(request, key, "")
        if isinstance(held, Answer):
            return self.again(request, key, lines, held)
        try:
            response = self.answer(request, lines, held)
        except Exception as error:
            response = self.handle_exception(error)
        idempotency.finish(
            lock=held, digest=self.digest(request, lines), answer=idempotent.answer_of(response)
        )
        return response

    def stream(self, request: Request) -> Any:
        """The body; an empty one is parsed as an empty object."""
        return request.data if hasattr(request.data, "readline") else BytesIO()

    def again(self, request: Request, key: str, lines: Lines, held: Answer) -> HttpResponseBase:
        """The kept answer, if the same was sent again."""
        lines.read_out()
        try:
            idempotency.compare(
                storefront=storefront_of(request), key=key, digest=self.digest(request, lines)
            )
        except idempotency.DigestMismatch as error:
            raise Problem(Code.IDEMPOTENCY_MISMATCH) from error
        return idempotent.replay(held)

    def digest(self, request: Request, lines: Lines) -> str:
        lines.read_out()
        digest = lines.digest.copy()
        digest.update(f"\n{request.method} {request.get_full_path()}".encode())
        return digest.hexdigest()

    def answer(self, request: Request, lines: Lines, lock: Lock | None) -> Response:
        results: list[Result] = []
        renewed = time.monotonic()
        for index, line in enumerate(lines):
            results.append({"index": index, **self.take(request, line, is_first=index == 0)})
            if lock and time.monotonic() > renewed + RENEW_EVERY:
                idempotency.renew(lock=lock)
                renewed = time.monotonic()
        if lines.is_more:
            results.append({"index": MOST, **_refused(Problem(Code.TOO_MANY_ITEMS))})
        lines.read_out()
        self.show_all(results)
        taken = sum("problem" not in result for result in results)
        return Response({"accepted": taken, "refused": len(results) - taken, "results": results})

    def take(self, request: Request, line: bytes | None, *, is_first: bool) -> Result:
        """What became of one line. The first is paid for by the request itself."""
        try:
            if not is_first:
                throttling.charge(request, points=settings.VITRINE_API_UPLOAD_POINTS)
            return self.taken(request, line)
        except (OperationalError, InterfaceError):
            raise  # the database is away: that concerns them all
        except Exception as error:
            return _refused(error)

    def taken(self, request: Request, line: bytes | None) -> Result:
        """Raises whatever is wrong with the line."""
        if line is None:
            raise Problem(Code.FILE_TOO_LARGE, "The line is longer than any photo may be.")
        try:
            said = JSONParser().parse(BytesIO(line))
        except RecursionError as error:
            raise ParseError(TOO_DEEP) from error
        sent = JSONUploadSerializer(data=said)
        sent.is_valid(raise_exception=True)
        if "url" in sent.validated_data:
            fetch = fetches.enqueue(request, **sent.validated_data)
            return {"status": 202, "fetch": fetches.FetchSerializer(fetch).data}
        image, created = receive(storefront=storefront_of(request), **sent.validated_data)
        return {"status": 201 if created else 200, "image": image.pk}

    def show_all(self, results: list[Result]) -> None:
        """Put photos in the place of their ids."""
        view = self.photo(request=self.request, args=(), kwargs={}, format_kwarg=None)
        keys = [result["image"] for result in results if "image" in result]
        shown: dict[UUID, Any] = {}
        for start in range(0, len(keys), SHOWN_AT_ONCE):
            images = view.get_queryset().filter(pk__in=keys[start : start + SHOWN_AT_ONCE])
            shown |= {image.pk: view.get_serializer(image).data for image in images}
        for result in results:
            if "image" in result and result["image"] in shown:
                result["image"] = shown[result["image"]]
            elif "image" in result:  # erased while the others were taken in
                del result["image"]
                result |= _refused(Problem(Code.GONE))


def _refused(error: Exception) -> Result:
    code, detail, errors = problems.explain(error)
    if code is Code.INTERNAL_ERROR:
        log.error("A photo in a bulk request could not be taken in", exc_info=error)
    return {"status": code.status, "problem": problems.body(code, detail, errors)}
