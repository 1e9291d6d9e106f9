"""Passing bytes to a worker and back through Redis so that nobody else can read them.

Redis may write what it holds to its disk. What passes here is encrypted with a key that is derived
from SECRET_KEY and never leaves the processes, under a name that is used once, and gone after
seconds or as soon as it is taken.

Encryption: AES-256-GCM, bound to the name, so that nothing can be put in another's place.
"""

import os
import secrets
from functools import lru_cache

import redis
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PREFIX = "vitrine:passing:"
NAME_BYTES = 16
NONCE_BYTES = 12
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
    """Encrypted and signed."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(settings.SECRET_KEY).encrypt(nonce, data, name.encode())


def unseal(sealed: bytes, name: str) -> bytes:
    """What was sealed under this name. Raises `SealBroken`."""
    nonce, encrypted = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return _cipher(settings.SECRET_KEY).decrypt(nonce, encrypted, name.encode())
    except (InvalidTag, ValueError) as error:
        said = "The bytes were changed on their way, or sealed with another SECRET_KEY."
        raise SealBroken(said) from error


@lru_cache(maxsize=1)
def _cipher(secret: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"vitrine passing")
    return AESGCM(derived.derive(secret.encode()))


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
