"""Looks for somebody who waits for the answer."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

from bot.core.access import Access
from bot.core.model import Observation, Place
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.crowd import Crowd
from bot.flows.look import Look
from bot.ports.surroundings import Clock

if TYPE_CHECKING:
    from bot.ports.store import Store
    from bot.ports.targets import KnownTarget

GLANCE_S = 4.0
"""How long a look may take at a tag that nobody asked for by name."""


class Sight:
    """Looks for somebody who waits: from the store while that is fresh, else from the registry."""

    def __init__(
        self, store: "Store", look: Look, *, clock: Clock, fresh_s: float, timeout_s: float
    ) -> None:
        self._store = store
        self._look = look
        self._clock = clock
        self._fresh_s = fresh_s
        self._timeout_s = timeout_s
        self._crowd = Crowd()

    async def glance(
        self, reference: Reference, platforms: tuple[Platform, ...], *, place: Place
    ) -> Observation:
        """A short look at a tag that only makes an answer about another one better."""
        seen, _ = await self.see(reference, platforms, place=place, at_most_s=GLANCE_S)
        return seen

    def is_withheld(self, reference: Reference, place: Place) -> bool:
        """Whether there is a login for this reference that the place may not use."""
        return self._look.access(reference, (place,)) is Access.WITHHELD

    async def see(
        self,
        reference: Reference,
        platforms: tuple[Platform, ...],
        *,
        place: Place,
        anew: bool = False,
        at_most_s: float | None = None,
    ) -> "tuple[Observation, KnownTarget | None]":
        """The present observation, and what the store knows; anew: look even if that is fresh.

        at_most_s: a shorter time than usual for the look; without it Crowded is raised when enough
        others look at the registry.

        A place that may not use the login hears nothing of what the store knows: the login may
        have seen that.
        """
        withheld = self.is_withheld(reference, place)
        async with self._store.reading() as transaction:
            known = await transaction.targets.find(reference, now=self._clock())
        if known and not (anew or withheld) and self._is_fresh(known, platforms):
            assert known.observation is not None, "what is fresh has been seen"
            return known.observation, known
        crowd = self._crowd.one_more(reference.registry) if at_most_s is None else nullcontext()
        with crowd:
            observation = await self._look(
                reference,
                known=known.observation if known else None,
                wanted=platforms,
                places=(place,),
                urgent=True,
                timeout_s=min(self._timeout_s, at_most_s or self._timeout_s),
            )
        if known is not None and known.due_at is not None and _shows_news(observation, known):
            # Whoever watches it must not be told later than who happens to ask.
            async with self._store.transaction() as transaction:
                await transaction.targets.hint(
                    reference, digest=observation.digest, now=self._clock()
                )
        return observation, None if withheld else known

    def _is_fresh(self, known: "KnownTarget", platforms: tuple[Platform, ...]) -> bool:
        seen, latest = known.observation, known.latest
        if seen is None or latest is None or latest.trouble is not None or known.looked_at is None:
            return False
        if known.hinted:
            return False
        if (self._clock() - known.looked_at).total_seconds() > self._fresh_s:
            return False
        listed = [found[1] for found in map(seen.listed, platforms) if found is not None]
        return all(entry.reachable for entry in listed)


def _shows_news(seen: Observation, known: "KnownTarget") -> bool:
    """Whether the target's watches would learn something from what was seen just now."""
    before = known.observation
    if not seen.is_clear:
        return False
    if before is None or seen.differs_from(before):
        return True
    unserved = [platform for platform, entry in before.entries.items() if entry.reachable is False]
    return any(seen.offers(platform) for platform in unserved)
