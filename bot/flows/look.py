"""One look at a target: what the registry says now, as an observation."""

import asyncio
from collections.abc import Collection, Iterable

from bot.core.access import Access, Permits
from bot.core.errors import (
    Denied,
    RegistryError,
    TroubleKind,
)
from bot.core.model import Observation, Place, Status, Trouble
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.remembered import Configs, Shown, Undated
from bot.flows.requests_of_look import OneLook
from bot.ports.registry import Registry
from bot.ports.surroundings import Clock


class Look:
    """Looks at tags through a registry port; remembers the platforms of configs by digest.

    A look is made for places, and with the operator's login only if all of them may use that.
    """

    def __init__(self, registry: Registry, *, clock: Clock, permits: Permits | None = None) -> None:
        self._registry = registry
        self._clock = clock
        self._permits = permits or Permits()
        self._configs = Configs()
        self._undated = Undated()
        self._shown = Shown()

    def access(self, reference: Reference, places: Collection[Place]) -> Access:
        """How a look for these places is made."""
        return self._permits.access(reference, places)

    async def __call__(
        self,
        reference: Reference,
        *,
        known: Observation | None,
        wanted: Iterable[Platform],
        places: Collection[Place] = (),
        urgent: bool = False,
        timeout_s: float | None = None,
    ) -> Observation:
        """Look once; never raises RegistryError: what went wrong is the observation's trouble.

        known: the last clear observation, so that an unchanged tag costs one HEAD. wanted: the
        platforms whose own manifest must be served before they count as there. timeout_s: what the
        whole look may take; without it only the session's limits hold.
        """
        one = self._begin(reference, places, urgent=urgent)
        return await self._observe(one, known, wanted, (), timeout_s)

    async def with_ages(
        self,
        reference: Reference,
        *,
        known: Observation | None,
        wanted: Iterable[Platform],
        ages: Collection[Platform],
        places: Collection[Place],
        timeout_s: float | None = None,
    ) -> Observation:
        """Look as always; where an index does not say when images were built, ask their configs.

        ages: the platforms whose age beside their siblings' matters; without any this is the usual
        look. What cannot be had of the times is None, and never makes the look unclear.
        """
        one = self._begin(reference, places, urgent=False)
        return await self._observe(one, known, wanted, ages, timeout_s)

    def _begin(self, reference: Reference, places: Collection[Place], *, urgent: bool) -> OneLook:
        access = self.access(reference, places)
        return OneLook(
            self._registry, self._clock, self._configs, self._undated, reference, urgent, access
        )

    async def _observe(
        self,
        one: OneLook,
        known: Observation | None,
        wanted: Iterable[Platform],
        ages: Collection[Platform],
        timeout_s: float | None,
    ) -> Observation:
        is_withheld = one.access is Access.WITHHELD
        if is_withheld and not self._shown.includes(one.reference, known):
            known = None
        observation = None
        try:
            async with asyncio.timeout(timeout_s):
                observation = await one.observe(known, wanted)
                if ages:
                    await one.read_times(one.dated(observation, known), ages)
        except TimeoutError as error:
            if observation is None:
                return self._unclear(_known_before(error))
        except RegistryError as error:
            return self._unclear(error)
        if is_withheld:
            self._shown.add(one.reference, observation)
        return one.dated(observation, known) if ages else observation

    def _unclear(self, error: RegistryError | None) -> Observation:
        """What is left of a look: its error, or none if all that is known is that time was up."""
        if error is None:
            trouble = Trouble(TroubleKind.TIMED_OUT)
            return Observation(Status.UNKNOWN, self._clock(), trouble=trouble)
        status = Status.DENIED if isinstance(error, Denied) else Status.UNKNOWN
        trouble = Trouble(error.kind, error.http_status, error.retry_at)
        return Observation(status, self._clock(), trouble=trouble)


def _known_before(time_up: TimeoutError) -> RegistryError | None:
    """What the registry had answered already when the look's time was up, if anything."""
    cut_off = time_up.__cause__
    known = None if cut_off is None else cut_off.__cause__
    return known if isinstance(known, RegistryError) else None
