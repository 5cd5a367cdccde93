"""Signatures of Standard Webhooks, for what is posted and what is received."""

import base64
import binascii
import hmac

from bot.net.secret import Secret

ENCODED_SECRET = "whsec_"  # noqa: S105 - what such secrets begin with


def signing_key(secret: Secret) -> bytes:
    """The bytes to sign with: what follows whsec_ is base64, any other secret is itself.

    Raises ValueError if that is no base64.
    """
    text = secret.reveal()
    if not text.startswith(ENCODED_SECRET):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(ENCODED_SECRET), validate=True)
    except binascii.Error:
        raise ValueError("what follows whsec_ must be base64") from None


def signature(secret: Secret, body: bytes, *, marker: str, timestamp: str) -> str:
    """The value of webhook-signature for a body, its webhook-id and its webhook-timestamp.

    Source: Standard Webhooks, "Signature scheme" (symmetric, v1).
    """
    content = b".".join((_bytes(marker), _bytes(timestamp), body))
    signed = hmac.digest(signing_key(secret), content, "sha256")
    return f"v1,{base64.b64encode(signed).decode()}"


def _bytes(header: str) -> bytes:
    """A header as it came over the wire."""
    return header.encode("utf-8", "surrogateescape")
