"""Celery tasks: fetch, then call one verb. Importing this module must not import torch."""

import threading

from celery import shared_task
from celery.signals import worker_shutdown
from django.conf import settings
from django.db import connection
from django.utils import timezone

from catalog import (
    delivering,
    doorbell,
    endpoints,
    erasing,
    fetching,
    glancing,
    grouping,
    idempotency,
    importing,
    indexing,
    labels,
    learning,
    mapping,
    node_thresholds,
    pipeline,
    prompting,
    query_vectors,
    retagging,
    taxonomy,
    taxonomy_vectors,
    unpacking,
    uploads,
    webhooks,
)
from catalog.attributes import vectors as attribute_vectors
from catalog.choices import MapKind
from catalog.encoders import load_configured
from catalog.models import Encoder, Image

ENCODE_SECONDS = 5
DELIVER_SECONDS = 30
FETCH_SECONDS = 30
PLACE_SECONDS = 2
SEAL_SECONDS = 2  # decisions that are due wait in the same queue


@shared_task(ignore_result=True)
def drain() -> None:
    """Somebody rang: process what waits, for a while, then ring again if more does."""
    if not Image.objects.awaiting_worker(timezone.now()).exists():
        return
    result = pipeline.drain(
        encoder=load_configured(),
        stages=pipeline.load_stages(),
        seconds=settings.VITRINE_DRAIN_SECONDS,
    )
    if result.more:
        doorbell.ring()


@shared_task(ignore_result=True)
def fetch_photos() -> None:
    """Photos that are elsewhere on the web, for a while; then ring again if more are due."""
    fetching.forget()
    if fetching.run_turn(seconds=FETCH_SECONDS):
        doorbell.ring(fetching.TASK)


@shared_task(ignore_result=True)
def deliver_webhooks() -> None:
    """Send what storefronts are to be told, for a while; then ring again if there is more."""
    if delivering.deliverer().run(seconds=DELIVER_SECONDS):
        doorbell.ring(webhooks.TASK)


@worker_shutdown.connect
def finish_deliveries(**_: object) -> None:
    """What is under way was sent for nothing unless it is written down."""
    delivering.finish()


@shared_task(ignore_result=True)
def forget_webhooks() -> None:
    """Events that are old enough, a few at a time."""
    endpoints.forget()


@shared_task(expires=30)
def score_label(image_id: str, label: str) -> labels.LabelScore:
    """Interactive: what would the encoder say if this label were a category?"""
    image = Image.objects.get(pk=image_id)
    return labels.score_label(image=image, label=label, encoder=load_configured())


@shared_task(ignore_result=True)
def encode_categories() -> None:
    """Text vectors of attributes, which are few, and of categories, for a few seconds at a time.

    On the pipeline's queue: that worker has the device. Between two drains photos wait for no
    more than one such turn, and people at the interactive queue wait for none.
    """
    if attribute_vectors.has_work():
        attribute_vectors.encode_missing(encoder=load_configured())
    if not taxonomy_vectors.has_work():
        return
    done = taxonomy_vectors.encode_missing(encoder=load_configured(), seconds=ENCODE_SECONDS)
    if taxonomy_vectors.has_work():
        # Nothing done: another worker has the rest, and may yet lose it.
        doorbell.ring(taxonomy.ENCODE, countdown=None if done else ENCODE_SECONDS)


@shared_task(ignore_result=True)
def learn() -> None:
    """Category vectors and thresholds from what staff said; nothing to do while it is the same."""
    learning.learn_all()
    node_thresholds.learn_all()  # how sure photos are depends on the vectors


@shared_task(ignore_result=True)
def retag() -> None:
    """Do one chunk of tagging photos again, then ring for the next; begin what is due."""
    retagging.start_due()
    wait = retagging.run_chunk()
    if wait is not None:
        doorbell.ring(retagging.RETAG, countdown=wait)


@shared_task(expires=30)
def encode_text(text: str) -> None:
    """Interactive: somebody searches for a text."""
    query_vectors.encode_text(text=text, encoder=load_configured())


@shared_task(expires=30)
def encode_picture(digest: str, picture: str) -> None:
    """Interactive: somebody searches by a picture, which comes as base64 and is not stored."""
    query_vectors.encode_picture(digest=digest, picture=picture, encoder=load_configured())


@shared_task(expires=30)
def judge_picture(name: str, storefront_id: int) -> str:
    """Interactive: a photo is judged and forgotten; it and its judgement are sealed."""
    return glancing.judge(
        name=name,
        storefront_id=storefront_id,
        encoder=load_configured(),
        stages=pipeline.load_stages(),
    )


@shared_task(expires=30)
def encode_prompts(texts: list[str]) -> None:
    """Interactive: somebody tries labels and templates."""
    prompting.encode(texts=texts, encoder=load_configured())


@shared_task(ignore_result=True)
def run_imports() -> None:
    """Take entries of an import for a while, then ring for the next turn."""
    uploads.expire()
    if unpacking.run_turn():
        doorbell.ring(importing.IMPORT)


@shared_task(ignore_result=True)
def tend_index() -> None:
    """Seal new vectors into the search index, or build it anew; forget old searches and answers,
    and finish what erasing a photo left behind."""
    query_vectors.forget_old()
    idempotency.forget_old()
    erasing.finish_files()
    encoder = Encoder.objects.filter(is_active=True).first()
    if encoder is None or indexing.is_being_built(encoder):
        return
    indexing.tidy(encoder=encoder)
    match indexing.next_step(encoder):
        case indexing.Step.SEAL:
            if indexing.seal(encoder=encoder, seconds=SEAL_SECONDS):
                doorbell.ring(indexing.TEND)
        case indexing.Step.BUILD:
            # Minutes of waiting for PostgreSQL, for which the rest of the queue must not wait.
            threading.Thread(target=_build, args=(encoder,), daemon=True).start()


@shared_task(ignore_result=True)
def tend_map() -> None:
    """Place new photos on the map; fit it first, or anew when there are many more photos."""
    encoder = Encoder.objects.filter(is_active=True).first()
    if encoder is None:
        return
    match mapping.due(encoder):
        case MapKind.LINEAR:
            mapping.fit(encoder=encoder, kind=MapKind.LINEAR)
        case MapKind.NEIGHBOURS:
            # Seconds of arithmetic, for which the rest of the queue must not wait.
            threading.Thread(target=_arrange, args=(encoder,), daemon=True).start()
    for projection in mapping.to_place(encoder):
        if mapping.place(projection=projection, seconds=PLACE_SECONDS):
            doorbell.ring(mapping.TEND)
            return


@shared_task(ignore_result=True)
def group_duplicates() -> None:
    """Compare photos that were not compared yet, and group near-duplicates."""
    encoder = Encoder.objects.filter(is_active=True).first()
    if encoder is not None and grouping.behind(encoder):
        # Up to minutes of arithmetic, for which the rest of the queue must not wait.
        threading.Thread(target=_group, args=(encoder,), daemon=True).start()


def _group(encoder: Encoder) -> None:
    try:
        grouping.catch_up_all(encoder=encoder)
    finally:
        connection.close()  # this thread's own


def _arrange(encoder: Encoder) -> None:
    try:
        if mapping.fit(encoder=encoder, kind=MapKind.NEIGHBOURS):
            doorbell.ring(mapping.TEND)
    finally:
        connection.close()  # this thread's own


def _build(encoder: Encoder) -> None:
    try:
        indexing.build(encoder=encoder)
    finally:
        connection.close()  # this thread's own
