"""What holds in a storefront: its policies, whether photos are live while they wait for a person,
and whether anybody waits for them at all. A sandbox has its shop's policies and no reviewers."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog import shop_history
from catalog.choices import ShopEvent
from catalog.models import Storefront
from moderation.models import Policy, StorefrontPolicy


@dataclass(frozen=True)
class Rules:
    """What holds in one storefront.

    Attributes:
        policies: keys of those in force; None: all of them.
        live_meanwhile: photos that wait for a person are live until one decides.
        reviewed: people look at its photos; nobody does at a sandbox's.
    """

    policies: frozenset[int] | None
    live_meanwhile: bool
    reviewed: bool

    def heeds(self, policy_id: int) -> bool:
        return self.policies is None or policy_id in self.policies


def rules_of(storefront_ids: Iterable[int]) -> dict[int, Rules]:
    """The rules of each, in two small queries."""
    shops = Storefront.objects.in_bulk(set(storefront_ids))
    own = {key: shop.sandbox_of_id or key for key, shop in shops.items()}
    chosen: dict[int, set[int]] = {}
    rows = StorefrontPolicy.objects.filter(storefront__in=set(own.values()))
    for storefront_id, policy_id in rows.values_list("storefront_id", "policy_id"):
        chosen.setdefault(storefront_id, set()).add(policy_id)
    return {
        key: Rules(
            policies=frozenset(chosen[own[key]]) if own[key] in chosen else None,
            live_meanwhile=shop.publish_before_review,
            reviewed=shop.livemode,
        )
        for key, shop in shops.items()
    }


def storefronts_without(policy: Policy) -> frozenset[int]:
    """Keys of the storefronts that chose policies, and not this one; without sandboxes."""
    choosing = StorefrontPolicy.objects.values_list("storefront_id", flat=True)
    with_it = choosing.filter(policy=policy)
    return frozenset(choosing.distinct()) - frozenset(with_it)


def chosen_by(storefront: Storefront) -> frozenset[int]:
    """Keys of the policies it chose; none: all of them are in force."""
    rows = StorefrontPolicy.objects.filter(storefront=storefront)
    return frozenset(rows.values_list("policy_id", flat=True))


@transaction.atomic
def choose(*, storefront: Storefront, policies: Iterable[Policy], by: AbstractBaseUser) -> bool:
    """Put these policies in force, for photos screened from then on; none puts all in force.

    False when nothing is different.
    """
    shop = Storefront.objects.select_for_update(no_key=True).get(pk=storefront.pk)
    wanted = {policy.pk: policy for policy in policies}
    if chosen_by(shop) == wanted.keys():
        return False
    StorefrontPolicy.objects.filter(storefront=shop).exclude(policy__in=wanted).delete()
    StorefrontPolicy.objects.bulk_create(
        [StorefrontPolicy(storefront=shop, policy=policy) for policy in wanted.values()],
        ignore_conflicts=True,
    )
    names = ", ".join(sorted(str(policy) for policy in wanted.values())) or "all"
    shop_history.record(
        storefront=shop, kind=ShopEvent.CHANGED, summary=f"Policies in force: {names}", by=by
    )
    return True
