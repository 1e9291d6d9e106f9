"""Signatures of webhooks, as the Standard Webhooks specification (1.0) has them: HMAC-SHA256 over
`id.timestamp.body`, so that a receiver knows who sent a message, when, and that it is whole."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """A random secret, written as receivers' libraries read it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(*, secret: str, message: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of the HMAC. `timestamp` is in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def headers(*, active: Iterable[str], message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a delivery; one signature for each active secret."""
    signatures = [
        signature(secret=secret, message=message, timestamp=timestamp, body=body)
        for secret in active
    ]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
