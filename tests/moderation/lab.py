"""A bank, and photos that lie at known cosines from it: what tests of the threshold lab need."""

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from pgvector import HalfVector

from catalog.choices import Scoring, Source, Status
from catalog.models import Embedding, Encoder, Image, Storefront
from moderation.choices import Action, BankKind
from moderation.models import Bank, Decision, Exemplar, ExemplarVector, Policy, Review
from tests.moderation.cases import decide, make_review, settle

# Exactly halves can say these; so can the product with (1, 0, 0, 0).
Vector = tuple[float, float, float, float]


def at(cosine: float, *, safe: float = 0.0) -> Vector:
    """A vector at `cosine` from the bank's exemplar and at `safe` from the safe bank's.

    Not of length 1: scoring trusts what is stored, and so every cosine is exact.
    """
    return (cosine, safe, 0.0, 0.0)


@dataclass
class Lab:
    """One violating bank with one exemplar, in the first direction of a made-up encoder."""

    bank: Bank
    safe_bank: Bank
    encoder: Encoder
    moderator: User
    storefront: Storefront
    numbers: itertools.count

    def photo(self, vector: Vector | None, *, sha256: str = "") -> Image:
        """A live photo with that vector."""
        number = next(self.numbers)
        image = Image.objects.create(
            storefront=self.storefront,
            source=Source.API,
            status=Status.PENDING,
            filename=f"photo-{number}.jpg",
            sha256=sha256 or hashlib.sha256(str(number).encode()).hexdigest(),
            format="jpeg",
            width=8,
            height=8,
            size_bytes=8,
        )
        if vector:
            Embedding.objects.create(
                image=image, encoder=self.encoder, vector=HalfVector(list(vector))
            )
        return image

    def draft(self, image: Image, action: str, policy: Policy | None = None) -> Review:
        """Decided, but nothing has taken effect yet."""
        review = make_review(image, self.bank.policy)
        decide(review, self.moderator, action, policy)
        return review

    def approved(self, vector: Vector, **fields: str) -> Image:
        image = self.photo(vector, **fields)
        settle(self.draft(image, Action.APPROVE))
        return image

    def removed(self, vector: Vector, policy: Policy | None = None, **fields: str) -> Image:
        image = self.photo(vector, **fields)
        settle(self.draft(image, Action.REMOVE, policy or self.bank.policy))
        return image

    def exemplar(self, bank: Bank, vector: Vector, **fields: object) -> Exemplar:
        number = next(self.numbers)
        values = {"sha256": f"{number:064d}", "pdq": "0" * 256, "pdq_quality": 100}
        exemplar = Exemplar.objects.create(bank=bank, **(values | fields))  # type: ignore[arg-type]
        ExemplarVector.objects.create(
            exemplar=exemplar, encoder=self.encoder, vector=HalfVector(list(vector))
        )
        return exemplar

    def last_decision(self) -> Decision:
        return Decision.objects.order_by("-id")[0]


def make_lab(storefront: Storefront, make_user: Callable[..., User]) -> Lab:
    policy = Policy.objects.create(slug="recalled", name="Recalled goods")
    encoder = Encoder.objects.create(
        name="four-directions",
        fingerprint="4" * 64,
        dimension=4,
        scoring=Scoring.SOFTMAX,
        logit_scale=20.0,
        is_active=True,
    )
    lab = Lab(
        bank=Bank.objects.create(policy=policy, name="Recalled mugs", hold_threshold=0.875),
        safe_bank=Bank.objects.create(
            policy=policy, name="Look-alikes", kind=BankKind.SAFE, hold_threshold=0.5
        ),
        encoder=encoder,
        moderator=make_user("mona", "moderator"),
        storefront=storefront,
        numbers=itertools.count(1),
    )
    lab.exemplar(lab.bank, (1.0, 0.0, 0.0, 0.0))
    return lab
