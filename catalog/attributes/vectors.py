"""Text vectors of attributes' values, made as categories' are and by the same worker.

They are few, so a photo's own `prepare` makes them too. The bundled model has learned to tell goods
apart, not their qualities: asked for a colour it is right as often as a guess (docs/tagging.md). So
its vectors are made and marked as unknown, and no photo is given a value by them.
"""

import hashlib

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from pgvector import HalfVector

from catalog.attributes.files import LABEL
from catalog.choices import AttributeMethod
from catalog.encoders import LoadedEncoder
from catalog.ml.scoring import readable
from catalog.models import AttributeValue, AttributeVector, Encoder
from catalog.taxonomy_vectors import ensembles

AT_ONCE = 64  # values per commit


def prompts(value: AttributeValue) -> list[str]:
    """Every sentence whose vectors, averaged, stand for a value."""
    if value.prompts:
        return list(value.prompts)
    return [
        template.replace(LABEL, readable(word))
        for word in (value.name, *value.synonyms)
        for template in value.attribute.templates
    ]


def words_digest(value: AttributeValue) -> str:
    """Changes when the sentences do. Kept beside the value, so that finding what is to be encoded
    is one comparison in the database."""
    return hashlib.sha256("\n".join(prompts(value)).encode()).hexdigest()


def missing(*, encoder: Encoder | None) -> QuerySet[AttributeValue]:
    """Values that photos are asked for by words, without a present vector in `encoder`."""
    present = AttributeVector.objects.filter(
        value=OuterRef("pk"), encoder=encoder, words_digest=OuterRef("words_digest")
    )
    return AttributeValue.objects.filter(
        ~Exists(present),
        is_retired=False,
        attribute__is_active=True,
        attribute__method=AttributeMethod.WORDS,
    ).order_by("attribute", "position")


def has_work() -> bool:
    """Cheap enough to ask every few seconds, and without loading a model."""
    encoder = Encoder.objects.filter(is_active=True).first()
    return encoder is not None and missing(encoder=encoder).exists()


def encode_missing(*, encoder: LoadedEncoder) -> int:
    """Encode what is missing; returns how many values that was. Several workers may do so at
    once: each takes values that no other has."""
    done = 0
    while count := _encode_some(encoder):
        done += count
    return done


@transaction.atomic
def _encode_some(encoder: LoadedEncoder) -> int:
    # NO KEY: photos may be given a value while its vector is made.
    values = list(
        missing(encoder=encoder.row)
        .select_related("attribute")
        .select_for_update(no_key=True, skip_locked=True, of=("self",))[:AT_ONCE]
    )
    if not values:
        return 0
    vectors = ensembles([prompts(value) for value in values], encoder=encoder)
    AttributeVector.objects.bulk_create(
        [
            AttributeVector(
                value=value,
                encoder=encoder.row,
                words_digest=value.words_digest,
                is_known=value.is_contrast or is_known(value, encoder),
                vector=HalfVector(vector),
            )
            for value, vector in zip(values, vectors, strict=True)
        ],
        update_conflicts=True,
        unique_fields=["value", "encoder"],
        update_fields=["words_digest", "is_known", "vector", "created_at"],
    )
    return len(values)


def is_known(value: AttributeValue, encoder: LoadedEncoder) -> bool:
    """Whether the encoder can be asked for a value at all."""
    return not encoder.row.is_mini and not encoder.runtime.spells(value.name)
