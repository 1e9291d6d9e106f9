"""What happened, as a table for people and a line of JSON for scripts."""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from catalog.choices import Status
from catalog.models import Encoder, Image, Storefront
from demo.uploading import Sent, rate
from moderation.choices import Outcome

STANDING = {Outcome.HOLD, Outcome.REMOVE}
HELD_BACK = {Status.HELD, Status.REMOVED}


def summary(*, storefront: Storefront, sent: Sent) -> dict[str, Any]:
    """Counts, accuracy where the photos' labels are known, and speed."""
    images = list(
        Image.objects.of(storefront)
        .filter(pk__in=sent.ids)
        .prefetch_related("tags__category", "flags__policy")
    )
    counts = Counter(image.status for image in images)
    labelled = flagged = clean = right = caught = false = 0
    for image in images:
        photo = sent.ids[str(image.pk)]
        if photo.label is None:
            continue
        labelled += 1
        tags = list(image.tags.all())
        right += bool(tags) and tags[0].category.external_id == photo.label
        policies = {f.policy.slug for f in image.flags.all() if f.outcome in STANDING}
        if photo.flag:
            flagged += 1
            caught += photo.flag in policies and image.status in HELD_BACK
        else:
            clean += 1
            false += image.status in HELD_BACK
    return {
        "images": len(images),
        "tagged": sum(1 for image in images if image.tags.all()),
        "live": counts[Status.LIVE],
        "held": counts[Status.HELD],
        "removed": counts[Status.REMOVED],
        "failed": counts[Status.FAILED],
        "refused": len(sent.refused),
        "tag_top1": _ratio(right, labelled),
        "flag_recall": _ratio(caught, flagged),
        "flag_false_rate": _ratio(false, clean),
        "images_per_second": round(rate(storefront=storefront), 1),
        "encoder": Encoder.objects.get(is_active=True).name,
    }


def show(console: Console, figures: dict[str, Any], sent: Sent) -> None:
    """Print the table, and every refusal in words."""
    table = Table(title="What happened", show_header=False, title_justify="left")
    words = {
        "images": "Photos",
        "tagged": "Tagged",
        "live": "Live",
        "held": "Held for review",
        "removed": "Removed",
        "failed": "Failed",
        "refused": "Refused at upload",
        "tag_top1": "First tag right",
        "flag_recall": "Violations held",
        "flag_false_rate": "Harmless photos held",
        "images_per_second": "Photos per second",
        "encoder": "Encoder",
    }
    shares = {"tag_top1", "flag_recall", "flag_false_rate"}
    for name, label in words.items():
        value = figures[name]
        if value is not None:
            table.add_row(label, f"{value:.0%}" if name in shares else str(value))
    console.print(table)
    for photo, reason in sent.refused:
        console.print(f"{photo.path.name}: {reason}")


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
