"""Judging a photo and forgetting it: the stages' own judgement, and nothing stored.

The photo goes to the interactive worker and its judgement comes back, both sealed. Neither side
writes either down.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis
from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.utils import timezone

from catalog import asking, hashing, sealing
from catalog.batch import Batch, Item, Stage
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.ingest import limits
from catalog.ml.images import ImageRejected, check
from catalog.models import Encoder, Image, Storefront

JUDGE = "catalog.tasks.judge_picture"
# A little longer than anybody waits for the worker.
PASSING_SECONDS = asking.PATIENCE + 2


class NobodyJudged(RuntimeError):
    """No worker answered; the message says what to do."""


@dataclass(frozen=True)
class Glance:
    """A photo's judgement. `image` and `rows` are not saved, and never will be."""

    image: Image
    encoder: Encoder
    rows: list[Model]

    def of(self, model: type[Model]) -> list[Any]:
        """What the stages found of one kind."""
        return [row for row in self.rows if isinstance(row, model)]


def glance(*, storefront: Storefront, data: bytes) -> Glance:
    """Have a photo judged as if the storefront had sent it. Raises `ImageRejected` and
    `NobodyJudged`."""
    checked = check(data, limits())
    image = Image(
        storefront=storefront,
        format=checked.format,
        width=checked.width,
        height=checked.height,
        sha256=hashlib.sha256(data).hexdigest(),
        created_at=timezone.now(),
    )
    try:
        name = sealing.put(data, seconds=PASSING_SECONDS)
        left = asking.ask(JUDGE, name, storefront.pk)
        answer = sealing.take(left) if left else None
    except (asking.NobodyAnswered, redis.RedisError) as error:
        raise NobodyJudged("No worker answered that could judge the photo.") from error
    if answer is None:
        raise NobodyJudged("The worker's answer came too late.")
    said = json.loads(answer)
    if "rejected" in said:
        raise ImageRejected(*said["rejected"])
    image.status = Status(said["status"])
    image.started_at = datetime.fromisoformat(said["begun"])
    image.processed_at = datetime.fromisoformat(said["done"])
    rows = [apps.get_model(kind)(**fields, image=image) for kind, fields in said["rows"]]
    return Glance(image, Encoder.objects.get(pk=said["encoder"]), rows)


def judge(*, name: str, storefront_id: int, encoder: LoadedEncoder, stages: Sequence[Stage]) -> str:
    """Worker: judge the photo under this name; returns the name of the answer, empty if the photo
    is gone by now."""
    begun = timezone.now()
    data = sealing.take(name)
    if data is None:
        return ""
    try:
        pixels, grid = encoder.runtime.decode_both(data)
    except ImageRejected as error:
        return _answer({"rejected": (error.code, str(error))})
    (vector,) = encoder.runtime.encode_images([pixels])
    (pdq,), (quality,) = hashing.pdq([grid], device=encoder.runtime.device)
    image = Image(storefront_id=storefront_id, sha256=hashlib.sha256(data).hexdigest())
    item = Item(image, vector, pdq=pdq, pdq_quality=int(quality), pixels=pixels)
    for stage in stages:
        stage.prepare(encoder)
    rows = judge_item(item, encoder=encoder, stages=stages)
    return _answer(
        {
            "status": item.verdict,
            "encoder": encoder.row.pk,
            "begun": begun.isoformat(),
            "done": timezone.now().isoformat(),
            "rows": [(row._meta.label, _fields(row)) for row in rows],
        }
    )


def judge_item(item: Item, *, encoder: LoadedEncoder, stages: Sequence[Stage]) -> list[Model]:
    """What the stages would store of one photo, not saved. Raises `RuntimeError` if none of them
    screened it."""
    batch = Batch([item], encoder)
    rows = [
        row
        for stage in stages
        if (say := getattr(stage, "judge", None)) is not None
        for row in say(batch)
    ]
    if not item.screened:
        raise RuntimeError("No stage screened the photo. Check VITRINE_STAGES.")
    return rows


def _answer(said: dict[str, Any]) -> str:
    answer = json.dumps(said, cls=DjangoJSONEncoder).encode()
    return sealing.put(answer, seconds=PASSING_SECONDS)


def _fields(row: Model) -> dict[str, Any]:
    """Every column but the row's own key and its photo, which it has none of."""
    skipped = ("image_id", row._meta.pk.attname if row._meta.pk else "id")
    fields = [each.attname for each in row._meta.concrete_fields if each.attname not in skipped]
    return {name: getattr(row, name) for name in fields}
