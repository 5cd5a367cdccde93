"""What an answer holds, believed only as far as its digest proves it."""

import re

from bot.core.errors import MalformedAnswer, UnsupportedAnswer
from bot.core.reference import is_digest
from bot.ports.registry import FetchedManifest
from bot.registry.digests import digest_of, has_digest
from bot.registry.exchange import Answer, Request

SCHEMA_1 = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v1+json",
    }
)
"""Abandoned; the digest of one is not that of its bytes."""
_ETAG = re.compile(r"[!-~]{1,1024}")


def stated_digest(answer: Answer) -> str | None:
    """The digest that an answer names in its header; None if it names none that could be one."""
    digest = answer.headers.get("Docker-Content-Digest", "")
    return digest if is_digest(digest) else None


def etag_of(answer: Answer) -> str | None:
    """The validator, verbatim; it need not be the digest, so it is never taken for one."""
    etag = answer.headers.get("ETag", "")
    return etag if _ETAG.fullmatch(etag) else None


def condition_for(known_digest: str | None, etag: str | None) -> dict[str, str]:
    """The header that asks for a manifest only if it is not the known one.

    One value on one line: distribution compares strings, and understands neither lists nor `W/`.
    """
    if known_digest is None:
        return {}
    usable = etag is not None and _ETAG.fullmatch(etag)
    return {"If-None-Match": etag if usable and etag else f'"{known_digest}"'}


def manifest_in(request: Request, answer: Answer, *, digest: str | None) -> FetchedManifest:
    """The manifest in a 200, verified; digest is the one that was asked for, None for a tag.

    Raises MalformedAnswer if the body does not have the digest that was asked for or that the
    header names, UnsupportedAnswer for schema 1.
    """
    content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type in SCHEMA_1:
        raise request.trouble(UnsupportedAnswer, "a manifest of the abandoned schema 1", status=200)
    stated = stated_digest(answer)
    for expected in (digest, stated):
        if expected is not None:
            verify(request, answer, expected)
    return FetchedManifest(
        digest=digest or stated or digest_of(answer.body),
        content_type=content_type or None,
        body=answer.body,
        etag=etag_of(answer),
    )


def verify(request: Request, answer: Answer, digest: str) -> None:
    """Raise MalformedAnswer unless the body has this digest."""
    if not has_digest(answer.body, digest):
        raise request.trouble(
            MalformedAnswer, "the content does not have the digest it should", status=answer.status
        )


def unexpected(request: Request, answer: Answer) -> MalformedAnswer:
    """The error for a status that means nothing here: 407, 410, 451 …."""
    return request.trouble(MalformedAnswer, f"answered {answer.status}", status=answer.status)
