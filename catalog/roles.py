"""What people are: roles are groups, a lead has all of them, and so has a superuser."""

from enum import StrEnum

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User


class Role(StrEnum):
    """The groups that a migration makes."""

    STAFF = "staff"
    MODERATOR = "moderator"
    LEAD = "lead"


def roles_of(user: User | AnonymousUser | AbstractBaseUser) -> frozenset[str]:
    """The roles a user has, asked of the database once per user object."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    known: frozenset[str] | None = getattr(user, "_roles", None)
    if known is None:
        known = frozenset(user.groups.values_list("name", flat=True)) & frozenset(Role)
        if user.is_superuser or Role.LEAD in known:
            known = frozenset(Role)
        user._roles = known  # type: ignore[attr-defined]
    return known


def is_lead(user: User | AnonymousUser | AbstractBaseUser) -> bool:
    return Role.LEAD in roles_of(user)
