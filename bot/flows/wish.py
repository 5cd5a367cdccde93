"""What somebody wants to be told of a tag."""

from dataclasses import dataclass
from datetime import timedelta

from bot.core import command as said
from bot.core.model import TOLD_WHILE_STANDING, Event, Place
from bot.core.platform import Platform
from bot.core.reference import Reference

CHAT = "chat"
"""The source of watches that people make where they talk."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked for; platforms and expires_in left out mean the configured ones.

    rebuilds: tell each new build of a platform too, as long as the watch stands. anyway: also what
    is not built at present.
    """

    reference: Reference
    platforms: tuple[Platform, ...]
    place: Place
    person: str | None
    standing: bool = False
    expires_in: timedelta | None = None
    source: str = CHAT
    rebuilds: bool = False
    anyway: bool = False

    @property
    def tells(self) -> frozenset[Event]:
        """What the watch tells beyond what every one does."""
        if not self.standing:
            return frozenset()
        return TOLD_WHILE_STANDING | ({Event.REPLACED} if self.rebuilds else set())


def wish_of(
    meant: said.Watch,
    reference: Reference,
    place: Place,
    person: str | None,
    *,
    source: str = CHAT,
) -> Wish:
    """What a command to watch the reference asks for."""
    return Wish(
        reference,
        meant.platforms,
        place,
        person,
        standing=meant.standing,
        expires_in=meant.expires_in,
        source=source,
        rebuilds=meant.rebuilds,
        anyway=meant.anyway,
    )
