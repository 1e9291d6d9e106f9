"""Passing bytes to a worker and back through Redis so that nobody else can read them.

Redis may write what it holds to its disk. What passes here is encrypted with a key that is derived
from SECRET_KEY and never leaves the processes, under a name that is used once, and gone after
seconds or as soon as it is taken.

Encryption: SHAKE-256 over the key and a random name gives as many bytes as the message has, which
are added to it (an extendable output function as a stream cipher); HMAC-SHA256 over the name and
the result, under a second key, tells whether it is whole and ours.
"""

import hashlib
import hmac
import secrets
from functools import lru_cache

import numpy as np
import redis
from django.conf import settings

PREFIX = "vitrine:passing:"
NAME_BYTES = 16
PATIENCE = 2.0  # seconds; the largest photo takes a fraction of one


class SealBroken(ValueError):
    """What was found is not what was sealed."""


def put(data: bytes, *, seconds: int) -> str:
    """Leave bytes for `take`, for so many seconds; returns the name they are under.

    Raises `redis.RedisError`.
    """
    name = secrets.token_hex(NAME_BYTES)
    _client(settings.REDIS_URL).set(PREFIX + name, seal(data, name), ex=seconds)
    return name


def take(name: str) -> bytes | None:
    """The bytes under this name, which are gone from there; None if there are none (any more).

    Raises `SealBroken` and `redis.RedisError`.
    """
    sealed = _client(settings.REDIS_URL).getdel(PREFIX + name)
    return unseal(sealed, name) if isinstance(sealed, bytes) else None


def seal(data: bytes, name: str) -> bytes:
    """Encrypted and signed. Every name may be used once."""
    encrypted = _add(data, name)
    return _signature(encrypted, name) + encrypted


def unseal(sealed: bytes, name: str) -> bytes:
    """What was sealed under this name. Raises `SealBroken`."""
    signature, encrypted = sealed[:32], sealed[32:]
    if not hmac.compare_digest(signature, _signature(encrypted, name)):
        raise SealBroken("The bytes were changed on their way, or sealed with another SECRET_KEY.")
    return _add(encrypted, name)


def _add(data: bytes, name: str) -> bytes:
    stream = hashlib.shake_256(_key("encrypt") + name.encode()).digest(len(data))
    both = np.frombuffer(data, np.uint8) ^ np.frombuffer(stream, np.uint8)
    return both.tobytes()


def _signature(encrypted: bytes, name: str) -> bytes:
    return hmac.digest(_key("sign"), name.encode() + encrypted, "sha256")


def _key(purpose: str) -> bytes:
    said = f"vitrine passing {purpose}"
    return hmac.digest(settings.SECRET_KEY.encode(), said.encode(), "sha256")


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
