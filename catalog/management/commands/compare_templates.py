"""`manage.py compare_templates FOLDER --a FILE --b FILE`: two template sets on labelled photos."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalog import labelled_photos
from catalog.intervals import paired_difference, wilson
from catalog.ml import scoring


class Command(BaseCommand):
    help = (
        "Top-1 of two prompt template sets on labelled folders (FOLDER/GROUP/LABEL/photo.jpg), "
        "with 95 % intervals, and the difference on the same photos."
    )
    # Reads files and settings only; it must run where there is no database.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--a", type=Path, help="a YAML file; without it, the set in force")
        parser.add_argument("--b", type=Path, required=True, help="a YAML file")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        parser.add_argument("--limit", type=int, help="at most this many photos, evenly spaced")

    def handle(
        self,
        *args: Any,
        folder: Path,
        a: Path | None,
        b: Path,
        json: bool,
        limit: int | None,
        **options: Any,
    ) -> None:
        # Here and not above: importing the command must not load torch.
        from catalog.ml.encoder import EncoderUnavailable, load

        try:
            first = scoring.load_templates(a or settings.VITRINE_PROMPT_TEMPLATES)
            second = scoring.load_templates(b)
            found = labelled_photos.find_photos(folder)
            encoder = load(
                settings.VITRINE_ENCODER,
                revision=settings.VITRINE_ENCODER_REVISION,
                device=settings.VITRINE_DEVICE,
                dtype=settings.VITRINE_DTYPE,
            )
            photos, vectors, unreadable = labelled_photos.embed(
                folder, encoder=encoder, photos=labelled_photos.spread(found, limit)
            )
        except (EncoderUnavailable, ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        classes = labelled_photos.class_names(found)
        right = [
            [
                classes[best] == photo.class_name
                for photo, best in zip(
                    photos,
                    (vectors @ labelled_photos.class_vectors(encoder, classes, templates).T).argmax(
                        1
                    ),
                    strict=True,
                )
            ]
            for templates in (first, second)
        ]
        for path, reason in unreadable:
            self.stderr.write(f"Left out {path}: {reason}")
        result = _compared(*right) | {"encoder": encoder.name, "classes": len(classes)}
        self.stdout.write(_line(result) if json else _sentences(result))


def _compared(a: list[bool], b: list[bool]) -> dict[str, Any]:
    pairs = list(zip(a, b, strict=True))
    only_a, only_b = pairs.count((True, False)), pairs.count((False, True))
    both, neither = pairs.count((True, True)), pairs.count((False, False))
    low, high = paired_difference(both, only_a, only_b, neither)
    return {
        "photos": len(pairs),
        "a": _share(sum(a), len(pairs)),
        "b": _share(sum(b), len(pairs)),
        "difference": {"top1": (sum(b) - sum(a)) / len(pairs), "low": low, "high": high},
        "only_a": only_a,
        "only_b": only_b,
    }


def _share(right: int, total: int) -> dict[str, float]:
    low, high = wilson(right, total)
    return {"top1": right / total, "low": low, "high": high}


def _sentences(result: dict[str, Any]) -> str:
    lines = [f"{result['photos']} photos, {result['classes']} labels, {result['encoder']}"]
    for key, name in (("a", "A"), ("b", "B"), ("difference", "B − A")):
        found = result[key]
        sign = "+" if key == "difference" else ""
        numbers = [f"{found[part]:{sign}.3f}" for part in ("top1", "low", "high")]
        said = [number.replace("-", "−") for number in numbers]
        lines.append(f"{name:>5}  top-1 {said[0]}  (95 %: {said[1]} to {said[2]})")
    lines.append(f"right with A only: {result['only_a']}, with B only: {result['only_b']}")
    difference = result["difference"]
    if difference["low"] <= 0 <= difference["high"]:
        lines.append("These photos do not tell the two apart.")
    return "\n".join(lines)


def _line(result: dict[str, Any]) -> str:
    return json.dumps(result)
