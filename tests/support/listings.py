"""Library files as values, in a line each."""

from bot.core.library import Library, parse_library
from tests.support.planned_official import library_text


def listing(*tags: str) -> Library:
    """What lists these tags, for amd64 and arm64."""
    parsed = parse_library(library_text(tags))
    assert isinstance(parsed, Library)
    return parsed
