"""What is said while a script waits."""

from collections.abc import Sequence
from datetime import timedelta

from bot.core.message.english.words import listing, platforms_there, span
from bot.core.model import Observation, Status
from bot.core.platform import Platform
from bot.core.reference import Reference


def still_waiting(reference: Reference, platforms: Sequence[Platform]) -> str:
    """What is waited for."""
    return f"Waiting for {listing(map(str, platforms))} of {reference.familiar}…"


def progress_line(
    seen: Observation,
    platforms: Sequence[Platform],
    *,
    trouble: str | None,
    waited: timedelta,
    next_in: timedelta,
) -> tuple[str, str]:
    """One look as two halves: what was seen, and the times, which differ at every look."""
    times = f"(waited {span(waited)}, next look in {span(next_in)})"
    if trouble is not None:
        return trouble, times
    if seen.status is Status.TAG_MISSING:
        return "No such tag yet.", times
    missing = [platform.short for platform in platforms if seen.offers(platform) is None]
    return f"There: {listing(platforms_there(seen))}. Missing: {listing(missing)}.", times
