"""A small client of Vitrine's API: one file to copy into a shop. It needs httpx alone.

Every method raises `Refused` when Vitrine says no.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx

TRIES = 5
WORTH_WAITING = frozenset({409, 429, 503})
TOO_OLD = 300  # seconds after which a webhook is not believed any more


class Refused(Exception):
    """Vitrine said no: `code` is stable, `str()` is for people."""

    def __init__(self, answer: httpx.Response) -> None:
        kind = answer.headers.get("Content-Type", "")
        problem = answer.json() if "json" in kind else {"detail": answer.reason_phrase}
        super().__init__(problem["detail"])
        self.code = str(problem.get("code", ""))
        self.status = answer.status_code


@dataclass(frozen=True)
class Photo:
    """A photo as Vitrine knows it. Show it to shoppers only while it `is_live`."""

    id: str
    status: str
    filename: str
    alt_text: str
    categories: tuple[str, ...]  # paths from the root, the likeliest first
    raw: Mapping[str, Any] = field(repr=False, compare=False)  # the whole answer

    @property
    def is_live(self) -> bool:
        return self.status == "live"

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        categories = tuple(tag["path"] for tag in raw["tags"])
        return cls(raw["id"], raw["status"], raw["filename"], raw["alt_text"], categories, raw)


class Vitrine:
    """What one key may do. Safe to share between threads."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=f"{url}/api/v1/", headers=headers, timeout=40)

    def upload(self, photo: Path, *, sku: str = "", wait: int = 0) -> Photo:
        """Send a photo; it comes back judged if that takes no longer than `wait` seconds."""
        files = {"file": (photo.name, photo.read_bytes())}
        fields = {"sku": sku} if sku else {}
        answer = self._ask("POST", "images", params={"wait": wait}, data=fields, files=files)
        return Photo.read(answer)

    def fetch(self, url: str, *, sku: str = "") -> str:
        """Have Vitrine fetch a photo from its address; returns the fetch's id."""
        return str(self._ask("POST", "fetches", json={"url": url, "sku": sku})["id"])

    def photo(self, photo_id: str) -> Photo:
        return Photo.read(self._ask("GET", f"images/{photo_id}"))

    def photos(self, **filters: str | int) -> Iterator[Photo]:
        """Photos, newest first; `status="held"` or `sku="MUG-1"` narrow them."""
        return map(Photo.read, self._pages("images", filters))

    def search(self, text: str, **filters: str | int) -> Iterator[Photo]:
        """Live photos that look like the text, nearest first."""
        found = self._pages("search", {"text": text, "status": "live", **filters})
        return (Photo.read(each["image"]) for each in found)

    def appeal(self, photo_id: str, text: str) -> None:
        """Ask for another look at a removed photo."""
        self._ask("POST", f"images/{photo_id}/appeal", json={"text": text})

    def erase(self, photo_id: str) -> None:
        """Erase a photo and what is known about it."""
        self._ask("DELETE", f"images/{photo_id}")

    def _pages(self, path: str, params: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
        while path:
            page = self._ask("GET", path, params=params)
            yield from page["results"]
            path, params = page["next"] or "", None

    def _ask(self, method: str, path: str, **content: Any) -> Any:
        """One request, tried again where that helps. Its `Idempotency-Key` stays the same, so
        that nothing is done twice."""
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        for pause in [*(2**tried / 4 for tried in range(1, TRIES)), None]:
            try:
                answer = self._http.request(method, path, headers=headers, **content)
            except httpx.TransportError:
                if pause is None:
                    raise
            else:
                if answer.is_success:
                    return answer.json() if answer.content else None
                if pause is None or answer.status_code not in WORTH_WAITING:
                    raise Refused(answer)
                pause = float(answer.headers.get("Retry-After", pause))
            time.sleep(pause)


def is_ours(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether a webhook was signed with this secret just now. Names in `headers` in lower case."""
    sent_at = headers.get("webhook-timestamp", "")
    if not sent_at.isdigit() or abs(time.time() - int(sent_at)) > TOO_OLD:
        return False
    signed = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    mine = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
    theirs = headers.get("webhook-signature", "").split()
    return any(
        hmac.compare_digest(f"v1,{base64.b64encode(mine).decode()}", each) for each in theirs
    )
