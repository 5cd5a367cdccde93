"""Makes watches of new tags, each with a card."""

from datetime import datetime

from bot.ports.patterns import Pattern
from bot.ports.watches import NewWatch
from bot.store.parts import join_own, own_of
from bot.store.session import Session
from bot.store.subscribing import subscribe

FROM_PATTERN = "pattern"
"""The source of watches that a new tag has made."""


async def announce(
    session: Session, pattern: Pattern, tag: str, *, expires_at: datetime, now: datetime
) -> None:
    """Have the place of a pattern wait for a new tag's platforms; its target is due at once.

    Where somebody there watches the tag already that watch goes on, and has these platforms too.
    """
    for person in pattern.people or (None,):
        new = NewWatch(
            reference=pattern.repository.with_tag(tag),
            place=pattern.place,
            platforms=tuple(sorted(pattern.platforms | pattern.configured)),
            met={},
            person=person,
            standing=False,
            expires_at=expires_at,
            observation=None,
            source=FROM_PATTERN,
            due_at=now,
            unseen=True,
            card=True,
        )
        subscribed = await subscribe(session, new, now=now)
        await join_own(session, subscribed.watch, own_of(new))
