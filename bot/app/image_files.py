"""The images that files name: Dockerfiles, compose files, Kubernetes manifests."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.core.message.english.scanning import (
    and_more,
    watched_file_not_read,
    watched_file_without_images,
    watched_name_not_resolved,
)
from bot.core.platform import Platform
from bot.core.reference import Reference

MAX_BYTES = 1024 * 1024
"""What one file may have; a file that people write has far less."""

MOST_TOLD = 5
"""How many places of one file are named that say nothing; the others are counted."""


@dataclass(frozen=True, slots=True)
class Images:
    """What one file wants to be watched.

    wanted: the platforms that each image is needed for; one that only whoever builds runs, and one
    with a digest, is not there. mistakes: why the file, or a part of it, could not be read, a
    sentence each. gaps: names that depend on what the file does not say.
    """

    wanted: Mapping[Reference, frozenset[Platform]] = field(default_factory=dict)
    mistakes: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


def images_in(path: Path, shown: str, platforms: Collection[Platform]) -> Images:
    """What a file names, for the platforms that it is built or deployed for."""
    from bot.scan.folders import read_one

    inventory = read_one(path, shown, at_most_bytes=MAX_BYTES)
    needs = inventory.needs(sorted(platforms))
    tags = {reference: needed for reference, needed in needs.items() if reference.digest is None}
    mistakes = _sentences(shown, list(map(watched_file_not_read, inventory.not_read)))
    if not tags and inventory.is_complete:
        mistakes = (watched_file_without_images(shown),)
    return Images(
        {reference: frozenset(needed) for reference, needed in tags.items() if needed},
        mistakes,
        _sentences(shown, list(map(watched_name_not_resolved, inventory.unresolved))),
    )


def _sentences(shown: str, every: Sequence[str]) -> tuple[str, ...]:
    more = len(every) - MOST_TOLD
    return (*every[:MOST_TOLD], and_more(shown, more)) if more > 0 else tuple(every)
