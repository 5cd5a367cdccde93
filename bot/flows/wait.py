"""Waits for platforms of a tag without a store: for scripts and CI."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from bot.core.advice import Advice, never_comes
from bot.core.errors import TroubleKind
from bot.core.model import TERMINAL, Decision, Observation, Place, Status
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.core.schedule import Pacing, next_look
from bot.flows.question import Depth, Explaining, Question
from bot.ports.surroundings import Chance, Clock, Sleep

HOPE_LASTS = timedelta(minutes=30)
"""How long what is planned is believed while a script waits."""


class Looking(Protocol):
    """A look without a store, as bot.flows.look.Look makes it."""

    async def __call__(
        self,
        reference: Reference,
        *,
        known: Observation | None,
        wanted: Iterable[Platform],
        places: Collection[Place] = (),
        timeout_s: float | None = None,
    ) -> Observation:
        """Look once; what went wrong is the observation's trouble."""
        ...


class Verdict(Enum):
    """How one look, or a whole wait, came out; the values are the command line's exit codes."""

    ALL_THERE = 0
    MISSING = 1
    NOT_KNOWN = 3
    NEVER = 4


_NEVER = frozenset({TroubleKind.UNSUPPORTED})
_NOT_WORTH_WAITING = frozenset(
    {TroubleKind.EGRESS_REFUSED, TroubleKind.LOGIN_REFUSED, TroubleKind.UNLISTED_REGISTRY}
)


@dataclass(frozen=True, slots=True)
class Progress:
    """One look of a wait; next_at is None when it was the last. advices: on what is missing."""

    observation: Observation
    verdict: Verdict
    next_at: datetime | None
    advices: tuple[Advice, ...] = ()


WORST_FIRST = (Verdict.NEVER, Verdict.MISSING, Verdict.NOT_KNOWN, Verdict.ALL_THERE)
NOT_THERE = frozenset({Verdict.MISSING, Verdict.NEVER})


def verdict_on(
    observation: Observation, platforms: Sequence[Platform], advices: Sequence[Advice] = ()
) -> Verdict:
    """What a look means for somebody who wants all these platforms; without any, the tag alone.

    advices: what is known of those that are missing, for somebody who would wait for them.
    """
    if observation.trouble is not None and observation.trouble.kind in _NEVER:
        return Verdict.NEVER
    if not observation.is_clear:
        return Verdict.NOT_KNOWN
    there = all(observation.offers(platform) is not None for platform in platforms)
    if there and observation.status is not Status.TAG_MISSING:
        return Verdict.ALL_THERE
    return Verdict.NEVER if never_comes(advices) else Verdict.MISSING


@dataclass(slots=True)
class _Hope:
    """What is known of what is missing; it changes rarely, so it is not asked for each time."""

    explain: Explaining | None
    clock: Clock
    _advices: tuple[Advice, ...] = ()
    _asked_at: datetime | None = None

    async def renew(
        self, reference: Reference, platforms: Sequence[Platform], seen: Observation
    ) -> None:
        """Ask after what is missing, if that has not been asked for a while."""
        now = self.clock()
        is_due = self._asked_at is None or now - self._asked_at >= HOPE_LASTS
        missing = [platform for platform in platforms if seen.offers(platform) is None]
        if self.explain is not None and is_due and missing:
            self._asked_at = now
            question = Question(reference, seen, TERMINAL, Depth.REASON)
            self._advices = await self.explain(question, missing)

    def on(self, seen: Observation) -> tuple[Advice, ...]:
        """What was learnt of what is still missing."""
        return tuple(each for each in self._advices if seen.offers(each.platform) is None)


@dataclass(slots=True, kw_only=True)
class Waiting:
    """Looks again and again, as politely as the bot does, until all is there or time is up.

    timeout_s: what one look may take; a wait ends at most so much after its deadline. explain: why
    something is missing, so that nobody waits for what is not built; None: nobody is asked.
    """

    look: Looking
    clock: Clock
    sleep: Sleep
    chance: Chance
    pacing: Pacing
    timeout_s: float
    explain: Explaining | None = None

    async def until_there(
        self,
        reference: Reference,
        platforms: Sequence[Platform],
        *,
        at_most: timedelta,
        tell: Callable[[Progress], None],
    ) -> Progress:
        """Wait; tell is called after every look. The last look falls on the deadline itself."""
        began_at = self.clock()
        deadline = began_at + at_most
        known: Observation | None = None
        failures = 0
        hope = _Hope(self.explain, self.clock)
        while True:
            observation = await self.look(
                reference,
                known=known,
                wanted=platforms,
                places=(TERMINAL,),
                timeout_s=self.timeout_s,
            )
            known = observation if observation.is_clear else known
            failures = failures + 1 if observation.status is Status.UNKNOWN else 0
            verdict = verdict_on(observation, platforms)
            if verdict is Verdict.MISSING:
                await hope.renew(reference, platforms, observation)
                verdict = verdict_on(observation, platforms, hope.on(observation))
            next_at = None
            if self._goes_on(observation, verdict) and self.clock() < deadline:
                due_at = next_look(
                    observation,
                    Decision(waiting=True),
                    anchor=began_at,
                    failures=failures,
                    chance=self.chance(),
                    pacing=self.pacing,
                )
                next_at = min(due_at, deadline)
            progress = Progress(observation, verdict, next_at, hope.on(observation))
            tell(progress)
            if next_at is None:
                return progress
            await self.sleep(max((next_at - self.clock()).total_seconds(), 0))

    @staticmethod
    def _goes_on(observation: Observation, verdict: Verdict) -> bool:
        if verdict in {Verdict.ALL_THERE, Verdict.NEVER}:
            return False
        trouble = observation.trouble
        return trouble is None or trouble.kind not in _NOT_WORTH_WAITING
