"""A held photo and an appeal, as the reference shows them."""

from drf_spectacular.utils import OpenApiExample

FINGERPRINT = "3f1f6c0b9be0d1c5a7a4f26f0d5a1f5b0f7d7c0e8e6f5a4b3c2d1e0f9a8b7c6d"

HELD = {
    "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "livemode": True,
    "status": "held",
    "filename": "blaster-blue.jpg",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "format": "JPEG",
    "width": 1600,
    "height": 1200,
    "product": {"sku": "TOY-1042", "title": "Foam blaster, blue"},
    "alt_text": "Blue toy blaster, Foam blaster, blue",
    "alt_text_source": "proposed",
    "tags": [
        {
            "category": "toy-blaster",
            "name": "Toy blaster",
            "path": "Toys ▸ Toy blaster",
            "score": 0.81,
            "rank": 1,
            "levels": [{"name": "Toys", "score": 0.93}, {"name": "Toy blaster", "score": 0.81}],
        }
    ],
    "attributes": [
        {
            "attribute": "colour",
            "value": "blue",
            "name": "Blue",
            "score": 0.74,
            "confirmed": False,
        }
    ],
    "encoder": {"name": "openai/clip-vit-base-patch32", "fingerprint": FINGERPRINT, "mini": False},
    "versions": {
        "taxonomy": {"slug": "starter", "version": "1"},
        "templates": "8f14e45fceea167a",
        "head": 3,
        "calibration": None,
    },
    "failure": None,
    "created_at": "2026-03-02T10:02:11.482000Z",
    "processed_at": "2026-03-02T10:02:13.107000Z",
    "timings": {"queued_ms": 1240, "processing_ms": 385},
    "flags": [
        {
            "kind": "embedding",
            "policy": "weapons",
            "bank": "Handguns",
            "bank_version": 12,
            "exemplar": "0f8fad5b-d9cb-469f-a165-70867728950e",
            "prompt": None,
            "outcome": "hold",
            "score": 0.93,
            "threshold": 0.87,
            "vetoed": False,
        }
    ],
    "decision": None,
    "review": {"queue": "first", "due_at": "2026-03-02T14:02:13.107000Z"},
    "appeal": None,
}
APPEAL_TEXT = {"text": "A water pistol for the beach, 12 cm of blue plastic."}
APPEAL = {"status": "open", "created_at": "2026-03-03T09:15:40.220000Z"}

HELD_PHOTO = OpenApiExample("A held photo", HELD, response_only=True)
