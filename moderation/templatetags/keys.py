"""A control's key, as the person who looks has set it: what a key does stays visible."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser, User
from django.utils.html import format_html
from django.utils.safestring import SafeString

from moderation.shortcuts import SHORTCUTS, USUAL, Shortcut, keys_of, printed

register = template.Library()


def _key(context: dict[str, Any], name: str) -> str:
    user: User | AnonymousUser | None = context.get("user")
    return keys_of(user)[name] if isinstance(user, User) else USUAL[name]


@register.simple_tag(takes_context=True)
def key(context: dict[str, Any], name: str) -> SafeString:
    """The attributes that bind a control to a shortcut's key."""
    own = _key(context, name)
    return format_html('data-key="{}" aria-keyshortcuts="{}"', own, own)


@register.simple_tag(takes_context=True)
def kbd(context: dict[str, Any], name: str) -> SafeString:
    """The shortcut's key as it is printed on a keyboard."""
    return format_html("<kbd>{}</kbd>", printed(_key(context, name)))


@register.simple_tag(takes_context=True)
def key_of(context: dict[str, Any], name: str) -> str:
    return _key(context, name)


@register.filter(name="printed")
def as_printed(key: str) -> str:
    return printed(key)


@register.simple_tag
def shortcuts() -> dict[str, list[Shortcut]]:
    """All shortcuts by group, for lists of keys."""
    groups: dict[str, list[Shortcut]] = {}
    for shortcut in SHORTCUTS:
        groups.setdefault(shortcut.group, []).append(shortcut)
    return groups
