"""Which existing tags a misspelt one may mean."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nlargest

ENOUGH = 0.8
"""Lets bullsey-slim and 22.15.bullseye-slim through and keeps 20 from being 22."""
MAX_DIFFERENCE = 4
"""Tags whose lengths differ by more are other tags, not misspelt ones."""


def nearest_tags(wanted: str, tags: Iterable[str], *, at_most: int = 2) -> tuple[str, ...]:
    """The tags most like the wanted one, the likeliest first; none if nothing is like it.

    Of tags that are alike to the same degree the one that begins like the wanted one comes first.
    """
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted.lower())
    found = []
    for tag in tags:
        if tag == wanted or abs(len(tag) - len(wanted)) > MAX_DIFFERENCE:
            continue
        matcher.set_seq1(tag.lower())
        if matcher.real_quick_ratio() < ENOUGH or matcher.quick_ratio() < ENOUGH:
            continue
        ratio = matcher.ratio()
        if ratio >= ENOUGH:
            found.append((ratio, _common_beginning(tag, wanted), tag))
    return tuple(tag for _, _, tag in nlargest(at_most, found))


def _common_beginning(one: str, other: str) -> int:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return length
