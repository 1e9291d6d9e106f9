"""How the work goes: how much, how fast, how often it was taken back. Times are in seconds."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone

from moderation.choices import Queue
from moderation.models import Review, Skip
from moderation.scope import Scope

# One pass over the decisions of a time, added up four ways. A decision that was undone counts as
# undone and nowhere else. Decisions made together share the time they took together. Overturned
# means that the next decision on the photo to take effect came to the other action.
FACTS = """
WITH made AS (
    SELECT decision.*, settlement.result, settlement.by_id AS undone_by_id,
           EXTRACT(EPOCH FROM CASE WHEN batch IS NULL THEN decided_at - claimed_at ELSE
               (MAX(decided_at) OVER together - MIN(claimed_at) OVER together)
               / COUNT(*) OVER together
           END) AS handling
    FROM moderation_decision decision
    LEFT JOIN moderation_settlement settlement ON settlement.decision_id = decision.id
    WHERE decided_at >= %(since)s AND decided_at < %(until)s
    WINDOW together AS (PARTITION BY batch)
), facts AS (
    SELECT made.*, (made.decided_at AT TIME ZONE %(zone)s)::date AS day,
           EXTRACT(EPOCH FROM made.decided_at - made.opened_at) AS waited,
           made.result IS DISTINCT FROM 'undone' AS stood,
           made.decided_at <= review.due_at AS in_time,
           later.action <> made.action AS overturned,
           later.queue AS overturned_in
    FROM made
    LEFT JOIN moderation_review review ON review.id = made.review_id
    LEFT JOIN LATERAL (
        SELECT next.action, next.queue
        FROM moderation_decision next
        JOIN moderation_settlement took ON took.decision_id = next.id
        WHERE next.image_id = made.image_id AND next.id > made.id AND took.result = 'effective'
        ORDER BY next.id LIMIT 1
    ) later ON made.result = 'effective'
    WHERE (%(policy)s::bigint IS NULL OR COALESCE(made.about_id, made.policy_id) = %(policy)s)
      AND (%(person)s::bigint IS NULL OR made.decided_by_id = %(person)s)
      AND (%(storefront)s::bigint IS NULL OR EXISTS (
          SELECT 1 FROM catalog_image image
          WHERE image.id = made.image_id AND image.storefront_id = %(storefront)s))
)
SELECT person.username, facts.day,
       COUNT(*) FILTER (WHERE stood) AS decisions,
       COUNT(*) FILTER (WHERE stood AND action = 'remove') AS removals,
       COUNT(*) FILTER (WHERE result = 'undone' AND undone_by_id IS NOT NULL) AS undone,
       COUNT(*) FILTER (WHERE result = 'effective') AS effective,
       COUNT(*) FILTER (WHERE overturned) AS overturned,
       COUNT(*) FILTER (WHERE overturned AND overturned_in = 'appeals') AS overturned_by_appeal,
       COUNT(*) FILTER (WHERE result = 'effective' AND in_time IS NOT NULL) AS timed,
       COUNT(*) FILTER (WHERE result = 'effective' AND in_time) AS in_time,
       COUNT(DISTINCT facts.day) FILTER (WHERE stood) AS days,
       PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY handling) FILTER (WHERE stood),
       PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY handling) FILTER (WHERE stood),
       PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY waited) FILTER (WHERE stood),
       PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY waited) FILTER (WHERE stood)
FROM facts JOIN auth_user person ON person.id = facts.decided_by_id
GROUP BY GROUPING SETS ((), (person.username), (facts.day), (person.username, facts.day))
ORDER BY person.username NULLS FIRST, facts.day NULLS FIRST
"""


@dataclass(frozen=True)
class Work:
    """What was decided by somebody, on some day, or altogether. Times in seconds."""

    decisions: int = 0
    removals: int = 0
    undone: int = 0
    effective: int = 0
    overturned: int = 0
    overturned_by_appeal: int = 0
    timed: int = 0  # of the effective ones, those whose review still says when it was due
    in_time: int = 0
    days: int = 0
    handling_median: float | None = None
    handling_p90: float | None = None
    waited_median: float | None = None
    waited_p90: float | None = None

    @property
    def undo_rate(self) -> float | None:
        return share(self.undone, self.decisions + self.undone)

    @property
    def overturn_rate(self) -> float | None:
        return share(self.overturned, self.effective)

    @property
    def in_time_share(self) -> float | None:
        return share(self.in_time, self.timed)


@dataclass(frozen=True)
class WorkDone:
    """The same numbers altogether, per person (by name), per day, and per person and day."""

    total: Work
    people: dict[str, Work]
    days: dict[date, Work]
    people_days: dict[tuple[str, date], Work]


def share(part: int, whole: int) -> float | None:
    """None where there is nothing to have a share of."""
    return part / whole if whole else None


def work_done(scope: Scope) -> WorkDone:
    """One query, however many decisions."""
    total, people, days, both = Work(), {}, {}, {}
    with connection.cursor() as cursor:
        cursor.execute(
            FACTS,
            {
                "since": scope.since,
                "until": scope.until,
                "zone": timezone.get_current_timezone_name(),
                "policy": scope.policy.pk if scope.policy else None,
                "storefront": scope.storefront.pk if scope.storefront else None,
                "person": scope.person.pk if scope.person else None,
            },
        )
        for person, day, *numbers in cursor.fetchall():
            work = Work(*numbers)
            if person is None and day is None:
                total = work
            elif person is None:
                days[day] = work
            elif day is None:
                people[person] = work
            else:
                both[person, day] = work
    return WorkDone(total=total, people=people, days=days, people_days=both)


@dataclass(frozen=True)
class QueueAge:
    """What waits in one queue now."""

    queue: str
    waiting: int
    overdue: int
    oldest: datetime


def queue_ages(scope: Scope, now: datetime) -> list[QueueAge]:
    """Now, whatever the scope's time; queues in their usual order, empty ones left out."""
    rows = (
        scope.of_photos(Review.objects.open())
        .order_by()
        .values("queue")
        .annotate(
            waiting=Count("pk"),
            overdue=Count("pk", filter=Q(due_at__lt=now)),
            oldest=Min("created_at"),
        )
    )
    return sorted((QueueAge(**row) for row in rows), key=lambda age: Queue.values.index(age.queue))


def skips(scope: Scope) -> dict[str, int]:
    """How many reviews each person passed on, by name."""
    found = Skip.objects.filter(at__gte=scope.since, at__lt=scope.until)
    if scope.policy is not None:
        found = found.filter(review__policy=scope.policy)
    if scope.storefront is not None:
        found = found.filter(review__image__storefront=scope.storefront)
    if scope.person is not None:
        found = found.filter(moderator=scope.person)
    named = found.order_by("moderator__username").values_list("moderator__username")
    return dict(named.annotate(n=Count("pk")))


def escalations(scope: Scope) -> int:
    """Reviews begun in the scope's time that went on to a lead."""
    return (
        scope.of_photos(Review.objects.all())
        .filter(queue=Queue.ESCALATED, created_at__gte=scope.since, created_at__lt=scope.until)
        .count()
    )
