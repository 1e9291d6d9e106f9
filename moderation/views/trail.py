"""The way somebody came through the queue: what they saw, and what they left for later."""

from django.http import HttpRequest

SEEN, LEFT = "reviews_seen", "reviews_left"
LENGTH = 100


def saw(request: HttpRequest, pk: int) -> None:
    """They look at this review now."""
    seen: list[int] = request.session.get(SEEN, [])
    if not seen or seen[-1] != pk:
        request.session[SEEN] = [*seen, pk][-LENGTH:]


def before(request: HttpRequest, pk: int) -> int | None:
    """The review they saw before this one, which becomes where they are; None at the start."""
    seen: list[int] = request.session.get(SEEN, [])
    if pk in seen:
        seen = seen[: len(seen) - seen[::-1].index(pk) - 1]
    while seen and seen[-1] == pk:
        seen.pop()
    if not seen:
        return None
    request.session[SEEN] = seen
    return seen[-1]


def leave(request: HttpRequest, pk: int) -> None:
    """They will come back to this review once they have seen the others."""
    left = [key for key in request.session.get(LEFT, []) if key != pk]
    request.session[LEFT] = [*left, pk][-LENGTH:]


def left(request: HttpRequest) -> tuple[int, ...]:
    return tuple(request.session.get(LEFT, []))


def forget_left(request: HttpRequest) -> None:
    request.session.pop(LEFT, None)
