"""Helpers for tests of pages: signing in, tagging and sending files as the uploader does."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalog.choices import Scoring
from catalog.models import Category, Encoder, Image, Storefront, Tag, Taxonomy

JSON = {"Accept": "application/json"}

SignIn = Callable[[str | None], Client]


def signing_in(client: Client, make_user: Callable[..., User]) -> SignIn:
    """Makes the client a user of a role; None stays a stranger, "nobody" has no role."""

    def enter(role: str | None) -> Client:
        if role:
            client.force_login(make_user(f"the-{role}", None if role == "nobody" else role))
        return client

    return enter


def send(
    client: Client, storefront: Storefront, data: bytes, fields: dict[str, str] | None = None
) -> Any:
    """Post one file the way the upload page's script does."""
    file = SimpleUploadedFile("mug.jpg", data)
    body = {"storefront": storefront.slug, **(fields or {}), "files": file}
    return client.post(reverse("catalog:upload_files"), body, headers=JSON)


def tag(image: Image, name: str, *, score: float, mini: bool = True) -> Tag:
    encoder, _ = Encoder.objects.get_or_create(
        fingerprint="f" * 64,
        defaults={
            "name": "test-encoder",
            "dimension": 4,
            "scoring": Scoring.SOFTMAX,
            "logit_scale": 20.0,
            "is_mini": mini,
            "is_active": True,
        },
    )
    taxonomy, _ = Taxonomy.objects.get_or_create(slug="t", defaults={"name": "T", "version": "1"})
    category, _ = Category.objects.get_or_create(
        taxonomy=taxonomy,
        external_id=name.lower(),
        defaults={"name": name, "path": f"Home ▸ {name}", "position": 1},
    )
    return Tag.objects.create(
        image=image,
        category=category,
        encoder=encoder,
        rank=1,
        score=score,
        threshold=0.3,
        template_version="templates-1",
    )
