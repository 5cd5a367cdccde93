"""Whether a post comes from somebody who knows the secret. Everything is compared in constant time.

Sources: distribution, "Notifications" (headers); Harbor, "Configure Webhook Notifications" (auth
header); GitHub, "Validating webhook deliveries"; Standard Webhooks, "Signature scheme". Docker Hub
and Quay can send nothing but the address they are given.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.core.pushed import SECRET_IN_ADDRESS, Sender
from bot.net.secret import Secret
from bot.net.signing import signature

SIGNED_WITHIN_S = 300
MAX_SIGNATURES = 10


@dataclass(frozen=True, slots=True)
class Post:
    """What came. path_secret: what follows the hook's name in the address, empty if nothing does.

    headers are found whatever their case.
    """

    headers: Mapping[str, str]
    path_secret: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """The sender knows the secret. once: what no honest sender proves twice; None: unknown."""

    once: str | None = None


def prove(sender: Sender, secret: Secret, post: Post, *, now: datetime) -> Proof | None:
    """The proof that a post is the sender's, or None."""
    in_path = sender in SECRET_IN_ADDRESS
    if in_path != bool(post.path_secret):
        return None
    if in_path:
        return Proof() if _is(secret, post.path_secret) else None
    return _PROOFS[sender](secret, post, now)


def _bearer(secret: Secret, post: Post, now: datetime) -> Proof | None:  # noqa: ARG001
    scheme, _, given = post.headers.get("Authorization", "").partition(" ")
    return Proof() if scheme.lower() == "bearer" and _is(secret, given) else None


def _bearer_or_bare(secret: Secret, post: Post, now: datetime) -> Proof | None:
    """Harbor sends what was typed into its form as the whole header."""
    if _is(secret, post.headers.get("Authorization", "")):
        return Proof()
    return _bearer(secret, post, now)


def _github(secret: Secret, post: Post, now: datetime) -> Proof | None:  # noqa: ARG001
    """Delivery ids are not signed, bodies are: the signature itself tells one from another."""
    right = f"sha256={hmac.digest(secret.reveal().encode(), post.body, 'sha256').hex()}"
    given = post.headers.get("X-Hub-Signature-256", "")
    return Proof(once=right) if _same(right, given) else None


def _bearer_or_signed(secret: Secret, post: Post, now: datetime) -> Proof | None:
    if "webhook-signature" in post.headers:
        return _signed(secret, post, now)
    return _bearer(secret, post, now)


def _signed(secret: Secret, post: Post, now: datetime) -> Proof | None:
    marker, timestamp = (post.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp"))
    if not marker or not _is_recent(timestamp, now):
        return None
    right = signature(secret, post.body, marker=marker, timestamp=timestamp)
    given = post.headers["webhook-signature"].split(" ")[:MAX_SIGNATURES]
    matches = [_same(right, each) for each in given]
    return Proof(once=marker) if any(matches) else None


def _is_recent(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= SIGNED_WITHIN_S


_PROOFS: Mapping[Sender, Callable[[Secret, Post, datetime], Proof | None]] = MappingProxyType(
    {
        Sender.DISTRIBUTION: _bearer,
        Sender.HARBOR: _bearer_or_bare,
        Sender.GITHUB: _github,
        Sender.GENERIC: _bearer_or_signed,
    }
)


def _is(secret: Secret, given: str) -> bool:
    return _same(secret.reveal(), given)


def _same(right: str, given: str) -> bool:
    return hmac.compare_digest(right.encode(), given.encode("utf-8", "surrogateescape"))
