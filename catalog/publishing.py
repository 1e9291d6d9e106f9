"""Stage and verbs: giving a photo its status. The only place that writes `Image.status`."""

import uuid

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog import doorbell, history, webhooks
from catalog.batch import Batch
from catalog.choices import EventKind, Occurrence, Status
from catalog.encoders import LoadedEncoder
from catalog.models import Image

SUMMARIES = {
    Status.LIVE: (EventKind.PUBLISHED, "Went live"),
    Status.HELD: (EventKind.HELD, "Held for review"),
    Status.REMOVED: (EventKind.REMOVED, "Removed by a bank trusted to remove"),
}


class UnscreenedPhoto(RuntimeError):
    """No stage screened this photo, so it must not be published. Check VITRINE_STAGES."""


class PublishImages:
    """The last stage: every photo of the batch receives the verdict the stages reached."""

    def prepare(self, encoder: LoadedEncoder) -> None:
        pass

    def process(self, batch: Batch) -> None:
        now = timezone.now()
        for item in batch.items:
            if not item.screened:
                raise UnscreenedPhoto(f"Photo {item.image.pk} was not screened by any stage.")
            image = item.image
            image.status = item.verdict
            image.screened_at = image.processed_at = now
            image.lease_token = image.lease_expires_at = None
            image.failure_code = image.failure_reason = ""
        Image.objects.bulk_update(
            [item.image for item in batch.items],
            [
                "status",
                "screened_at",
                "processed_at",
                "lease_token",
                "lease_expires_at",
                "failure_code",
                "failure_reason",
            ],
        )
        history.record(
            history.event(image=item.image, kind=kind, summary=summary)
            for item in batch.items
            for kind, summary in [SUMMARIES[item.verdict]]
        )
        webhooks.emit_status(item.image for item in batch.items)


@transaction.atomic
def publish(*, image: Image) -> None:
    """A moderator approved it: the photo goes live. It must have been screened."""
    if image.screened_at is None:
        raise UnscreenedPhoto(f"Photo {image.pk} was never screened.")
    _give(image, Status.LIVE)


@transaction.atomic
def remove(*, image: Image) -> None:
    """A moderator removed it: the photo is no longer shown."""
    _give(image, Status.REMOVED)


@transaction.atomic
def hold(*, image: Image) -> None:
    """The photo waits for a moderator."""
    _give(image, Status.HELD)


def _give(image: Image, status: Status) -> None:
    """The storefront hears of it only if it is not so already."""
    if Image.objects.filter(pk=image.pk).exclude(status=status).update(status=status):
        webhooks.emit(image=image, kind=webhooks.OF_STATUS[status])


@transaction.atomic
def fail(*, image: Image, code: str, reason: str, token: uuid.UUID | None = None) -> int:
    """Quarantine a pending photo with a reason a person understands; 1 if it was, else 0.

    With a `token`, only while that lease still holds it.
    """
    fenced = Q(lease_token=token) if token else Q()
    changed = Image.objects.filter(fenced, pk=image.pk, status=Status.PENDING).update(
        status=Status.FAILED,
        failure_code=code,
        failure_reason=reason[:300],
        processed_at=timezone.now(),
        lease_token=None,
        lease_expires_at=None,
    )
    if changed:
        summary = f"Failed: {reason}"
        history.record(
            [history.event(image=image, kind=EventKind.FAILED, summary=summary, code=code)]
        )
        webhooks.emit(image=image, kind=Occurrence.IMAGE_FAILED)
    return changed


@transaction.atomic
def retry(*, image: Image, actor: AbstractBaseUser | None = None) -> bool:
    """Send a failed photo round again; False when it is not failed (any more)."""
    changed = Image.objects.filter(pk=image.pk, status=Status.FAILED).update(
        status=Status.PENDING, failure_code="", failure_reason="", attempts=0, processed_at=None
    )
    if changed:
        history.record(
            [
                history.event(
                    image=image, kind=EventKind.RETRIED, summary="Queued again", actor=actor
                )
            ]
        )
        transaction.on_commit(doorbell.ring)
    return bool(changed)
