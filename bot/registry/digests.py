"""Digests of content, computed and compared."""

import hashlib

from bot.core.reference import is_digest

USUAL_ALGORITHM = "sha256"


def digest_of(body: bytes, *, algorithm: str = USUAL_ALGORITHM) -> str:
    """The digest of a body, as registries write it."""
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def has_digest(body: bytes, digest: str) -> bool:
    """Whether a body has this digest; False for what is no digest of an algorithm we know.

    Source: OCI image-spec, descriptor.md, "Verification".
    """
    return is_digest(digest) and digest_of(body, algorithm=digest.partition(":")[0]) == digest
