"""Which images of a tag must be asked when they were built, and what is known of it already."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from bot.core.model import Entry, Observation
from bot.core.platform import Platform


def undated_in(observation: Observation, ages: Collection[Platform]) -> list[str]:
    """Digests of the images whose unknown time of building matters for the age of some platforms.

    These come first, then their siblings in the index' order: the platforms of the same operating
    system. What is not served, or has no sibling, cannot be compared.
    """
    entries = {
        platform: entry
        for platform, entry in observation.entries.items()
        if entry.reachable is not False
    }
    own = sorted(platform for platform in set(ages) if platform in entries)
    platforms_of = Counter(platform.os for platform in entries)
    compared = {platform.os for platform in own if platforms_of[platform.os] > 1}
    in_turn = dict.fromkeys(platform for platform in (*own, *entries) if platform.os in compared)
    undated = (entries[platform] for platform in in_turn)
    return list(dict.fromkeys(entry.digest for entry in undated if entry.created is None))


def with_times(
    observation: Observation,
    known: Observation | None,
    time_of: Callable[[str], datetime | None],
) -> Observation:
    """The observation with times of building from the last one, or from time_of, by digest.

    The same mapping of entries if there is nothing to add, so that it counts as unchanged.
    """
    if all(entry.created is not None for entry in observation.entries.values()):
        return observation
    before = {entry.digest: entry.created for entry in known.entries.values()} if known else {}

    def dated(entry: Entry) -> Entry:
        if entry.created is not None:
            return entry
        created = before.get(entry.digest) or time_of(entry.digest)
        return entry if created is None else replace(entry, created=created)

    entries = {platform: dated(entry) for platform, entry in observation.entries.items()}
    return observation if entries == observation.entries else replace(observation, entries=entries)
