"""Which reviews somebody works on, in the address: `?queue=…&policy=…&storefront=…&older=…`."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from catalog.models import Storefront
from catalog.views.params import text
from moderation.choices import Queue
from moderation.models import Policy, Review
from moderation.models.review import ReviewQuerySet
from moderation.reviewing import Wanted

# Minutes a review has waited; what the filter offers.
AGES = ((60, "1 hour"), (240, "4 hours"), (1440, "a day"), (4320, "3 days"))
MOST_MINUTES = 60 * 24 * 365


@dataclass(frozen=True)
class Passing(Wanted):
    """`Wanted`, without the reviews that somebody chose to come back to later."""

    passed: tuple[int, ...] = ()

    def of(self, reviews: ReviewQuerySet) -> ReviewQuerySet:
        return super().of(reviews).exclude(pk__in=self.passed)


def wanted_of(request: HttpRequest, *, queue: str = Queue.FIRST) -> Wanted:
    """The filters in the address; mangled ones count as none. `queue` holds where none is named."""
    named = text(request.GET, "queue")
    older = text(request.GET, "older", limit=9)
    return Wanted(
        queue=named if named in Queue.values else queue,
        policy=text(request.GET, "policy"),
        storefront=text(request.GET, "storefront"),
        older_than=min(int(older), MOST_MINUTES) if older.isascii() and older.isdigit() else 0,
    )


def query_of(wanted: Wanted, **changes: object) -> str:
    """The same filters as a query string with its `?`, or nothing when there are none."""
    named = {
        "queue": wanted.queue if wanted.queue != Queue.FIRST else "",
        "policy": wanted.policy,
        "storefront": wanted.storefront,
        "older": wanted.older_than or "",
    } | changes
    query = urlencode({name: value for name, value in named.items() if value})
    return f"?{query}" if query else ""


def takeable(wanted: Wanted, moderator: User) -> ReviewQuerySet:
    """The reviews of these filters that this moderator may decide now, the most urgent first."""
    return wanted.of(Review.objects.queue_for(moderator, timezone.now(), wanted.queue))


def words_of(wanted: Wanted) -> str:
    """The filters as people say them; nothing where only a queue is chosen."""
    policy = Policy.objects.filter(slug=wanted.policy).first() if wanted.policy else None
    shop = Storefront.objects.filter(slug=wanted.storefront).first() if wanted.storefront else None
    ages = dict(AGES)
    age = ages.get(wanted.older_than, f"{wanted.older_than} minutes")
    words = (
        str(policy or wanted.policy),
        str(shop or wanted.storefront),
        f"older than {age}" if wanted.older_than else "",
    )
    return ", ".join(word for word in words if word)
