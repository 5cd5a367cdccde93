"""Patterns of tags: which new tags of a repository are meant."""

from bot.core.pattern.tags import (
    MAX_PATTERN_CHARACTERS,
    TagPattern,
    is_pattern,
    parse_tag_pattern,
    split_pattern,
)

__all__ = [
    "MAX_PATTERN_CHARACTERS",
    "TagPattern",
    "is_pattern",
    "parse_tag_pattern",
    "split_pattern",
]
