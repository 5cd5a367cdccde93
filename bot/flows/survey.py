"""One look at each of many images, and waiting for all of them: for scripts and CI."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from bot.core.advice import Advice
from bot.core.model import TERMINAL, Observation, Place
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.together import together
from bot.flows.wait import (
    WORST_FIRST,
    Looking,
    Progress,
    Verdict,
    Waiting,
    verdict_on,
)

Needs = Mapping[Reference, Sequence[Platform]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look said about an image and the platforms it is needed for.

    advices: on what is missing, if anybody asked.
    """

    reference: Reference
    needed: Sequence[Platform]
    observation: Observation
    advices: tuple[Advice, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """How it came out."""
        return verdict_on(self.observation, self.needed, self.advices)


def verdict_on_all(findings: Iterable[Finding], *, is_complete: bool) -> Verdict:
    """How a survey came out; is_complete: nothing stays of which nobody knows what it means."""
    verdicts = {finding.verdict for finding in findings}
    verdicts.add(Verdict.ALL_THERE if is_complete else Verdict.NOT_KNOWN)
    return next(verdict for verdict in WORST_FIRST if verdict in verdicts)


class InTurn:
    """Looks of which no more are under way than their registry takes at once.

    What a look may take counts from its turn: without this the last of many would run out of time
    in the registry's queue.
    """

    def __init__(self, look: Looking, *, at_once: Callable[[str], int]) -> None:
        self._look = look
        self._at_once = at_once
        self._turns: dict[str, asyncio.Semaphore] = {}

    async def __call__(
        self,
        reference: Reference,
        *,
        known: Observation | None,
        wanted: Iterable[Platform],
        places: Collection[Place] = (),
        timeout_s: float | None = None,
    ) -> Observation:
        """Look when it is the look's turn."""
        registry = reference.registry
        if registry not in self._turns:
            self._turns[registry] = asyncio.Semaphore(max(self._at_once(registry), 1))
        async with self._turns[registry]:
            return await self._look(
                reference, known=known, wanted=wanted, places=places, timeout_s=timeout_s
            )


async def survey(
    look: Looking, needs: Needs, *, timeout_s: float, tell: Callable[[Finding], None]
) -> list[Finding]:
    """Look at each image once; tell is called for each as it is known. In the order of needs."""

    async def one(reference: Reference, needed: Sequence[Platform]) -> Finding:
        seen = await look(
            reference, known=None, wanted=needed, places=(TERMINAL,), timeout_s=timeout_s
        )
        finding = Finding(reference, needed, seen)
        tell(finding)
        return finding

    return await together(one(*need) for need in needs.items())


class _InVain(Exception):
    """One of several images will never have what it is needed for."""


async def all_there(
    waiting: Waiting,
    needs: Needs,
    *,
    at_most: timedelta,
    tell: Callable[[Reference, Progress], None],
) -> list[Finding]:
    """Wait until every image has what it is needed for, one of them never will, or time is up.

    Each is looked at once at least, so that all can be told of.
    """
    last: dict[Reference, Progress] = {}

    async def one(reference: Reference, needed: Sequence[Platform]) -> None:
        def hear(progress: Progress) -> None:
            last[reference] = progress
            tell(reference, progress)
            are_all_seen = len(last) == len(needs)
            if are_all_seen and any(each.verdict is Verdict.NEVER for each in last.values()):
                raise _InVain

        await waiting.until_there(reference, needed, at_most=at_most, tell=hear)

    with suppress(_InVain):
        await together(one(*need) for need in needs.items())
    return [
        Finding(reference, needed, last[reference].observation, last[reference].advices)
        for reference, needed in needs.items()
    ]
