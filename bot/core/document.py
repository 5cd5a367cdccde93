"""JSON documents of registries, read so strictly that every reader sees the same."""

import json
from collections.abc import Mapping
from typing import Any

from bot.core.errors import MalformedManifest


def decode_document(body: bytes, cap_bytes: int, what: str) -> Mapping[str, Any]:
    """The JSON object in these bytes: UTF-8, no key twice, no NaN, at most cap_bytes long.

    what names the document in the sentences. Raises MalformedManifest, and nothing else, for all
    other bytes.
    """
    if len(body) > cap_bytes:
        raise MalformedManifest(f"The {what} has {len(body)} bytes; {cap_bytes} are the most.")
    try:
        # Decoded here, because json would also guess UTF-16 and UTF-32.
        document = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object_without_duplicates,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise MalformedManifest(f"The {what} is not strict JSON.") from error
    return as_object(document, f"the {what}")


def as_object(value: object, what: str) -> Mapping[str, Any]:
    """The value, which must be an object."""
    if not isinstance(value, dict):
        raise MalformedManifest(f"Not a JSON object: {what}.")
    return value


def object_member(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The member, which must be an object; an empty one if it is missing or null."""
    member = document.get(key)
    return {} if member is None else as_object(member, key)


def list_member(document: Mapping[str, Any], key: str, *, at_most: int) -> list[Any]:
    """The member, which must be a list and not too long; an empty one if it is missing or null."""
    member = document.get(key)
    if member is None:
        return []
    if not isinstance(member, list) or len(member) > at_most:
        raise MalformedManifest(f"Not a list of at most {at_most}: {key}.")
    return member


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key comes twice")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
