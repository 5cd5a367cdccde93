"""What was found out lately about the images that builds build upon."""

from collections import OrderedDict
from datetime import datetime, timedelta

from bot.core.evidence import Ancestor, Said
from bot.core.platform import Platform
from bot.core.reference import Reference

BELIEVED_FOR = timedelta(hours=1)
"""A parent may be built, and the next build begun, with each round of the build system."""
MAX_REMEMBERED = 1_000

Ancestors = Said[tuple[Ancestor, ...]]


class Lineage:
    """Keeps what whoever asked was told, so that others see it who do not ask."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[Reference, Platform], Ancestors] = OrderedDict()

    def note(self, reference: Reference, platform: Platform, ancestors: Ancestors) -> None:
        """These are the ancestors of a platform of a tag, and how they are."""
        self._known[reference, platform] = ancestors
        self._known.move_to_end((reference, platform))
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)

    def of(self, reference: Reference, platform: Platform, *, now: datetime) -> Ancestors | None:
        """What was noted, if that is not long ago."""
        known = self._known.get((reference, platform))
        return known if known is not None and now - known.at < BELIEVED_FOR else None
