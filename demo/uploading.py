"""Sending photos through the real HTTP API and waiting until each has its verdict."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from django.db.models import Max, Min

from catalog.choices import Status
from catalog.models import Image, Storefront
from config.processes import Processes

SENDERS = 4


@dataclass(frozen=True)
class Photo:
    """One picture to send; `label` and `flag` are what it shows, where that is known."""

    path: Path
    sku: str = ""
    title: str = ""
    label: str | None = None
    flag: str | None = None


@dataclass
class Sent:
    """What the API answered: image ids by photo, and refusals in the API's own words."""

    ids: dict[str, Photo] = field(default_factory=dict)
    refused: list[tuple[Photo, str]] = field(default_factory=list)


def send(*, photos: Iterable[Photo], address: str, key: str, done: Callable[[], None]) -> Sent:
    """Upload every photo, a few at a time; `done` is called after each."""
    sent = Sent()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:

        def one(photo: Photo) -> None:
            fields = {"sku": photo.sku, "title": photo.title} if photo.sku else {}
            with photo.path.open("rb") as file:
                response = client.post(
                    "/api/v1/images", files={"file": (photo.path.name, file)}, data=fields
                )
            if response.is_success:
                sent.ids[response.json()["id"]] = photo
            else:
                sent.refused.append((photo, _problem(response)))
            done()

        with ThreadPoolExecutor(SENDERS) as pool:
            for _ in pool.map(one, photos):
                pass
    return sent


def wait(
    *, storefront: Storefront, total: int, processes: Processes, progress: Callable[[int], None]
) -> None:
    """Wait until no photo of the storefront is pending; `progress` gets the number done."""
    while True:
        processes.check()
        pending = Image.objects.of(storefront).filter(status=Status.PENDING).count()
        progress(total - pending)
        if not pending:
            return
        time.sleep(0.25)


def rate(*, storefront: Storefront) -> float:
    """Photos per second, from the first accepted to the last processed."""
    span = Image.objects.of(storefront).aggregate(first=Min("created_at"), last=Max("processed_at"))
    if not span["first"] or not span["last"]:
        return 0.0
    seconds = (span["last"] - span["first"]).total_seconds()
    return Image.objects.of(storefront).count() / max(seconds, 0.001)


def _problem(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError):
        return f"HTTP {response.status_code}"
