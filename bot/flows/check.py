"""Looks at what is due: claim, look, decide, record."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.core.decide import decide
from bot.core.early import built_alert, decide_built
from bot.core.errors import StoreError, TroubleKind
from bot.core.model import (
    Decision,
    Event,
    Observation,
    Status,
    Trouble,
)
from bot.core.rhythm import Change, Rhythm
from bot.core.schedule import Pacing, in_rhythm, next_look
from bot.flows.bells import Bells
from bot.flows.claims import Claims
from bot.flows.early import NOTHING_EARLY, Early
from bot.flows.facts import built_facts, facts_of
from bot.flows.look import Look
from bot.flows.past import Rhythms
from bot.flows.recorder import Recorder
from bot.log import Log
from bot.ports.figures import NO_FIGURES, Figures
from bot.ports.registry import Courtesy
from bot.ports.store import Store
from bot.ports.surroundings import Chance, Clock
from bot.ports.targets import ClaimedTarget, LookResult

MAX_TURNS = 3
"""How many looks deep the queue may be: more would keep those waiting who come later."""

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class LookSettings:
    """How many looks at once, how long one may take, and for how long a target is leased."""

    concurrency: int = 50
    timeout_s: float = 25
    lease_s: float = 90

    @property
    def at_most_claimed(self) -> int:
        """How many targets may be leased at once.

        No more than are looked at before their lease ends though every look take all its time;
        fewer, larger claims cost less.
        """
        turns = int(self.lease_s / self.timeout_s)
        return self.concurrency * max(1, min(turns, MAX_TURNS))


@dataclass(frozen=True, slots=True)
class Rules:
    """How what was seen decides about the next look, and about the looks at other tags.

    rhythms: when official images change; without them nobody knows.
    """

    pacing: Pacing
    early: Early = NOTHING_EARLY
    rhythms: Rhythms | None = None


async def check(
    target: ClaimedTarget,
    *,
    look: Look,
    timeout_s: float,
    clock: Clock,
    rules: Rules,
    chance: float,
) -> LookResult:
    """Look at one claimed target and decide what follows; a bug is trouble like any other."""
    wanted = [want.platform for want in target.wants]
    ages = {want.platform for want in target.wants if want.standing and Event.STALE in want.tells}
    if target.shared is not None:
        wanted += [want.platform for want in target.awaited]
    try:
        observation = await look.with_ages(
            target.reference,
            known=target.observation,
            wanted=wanted,
            ages=ages,
            places=target.places,
            timeout_s=timeout_s,
        )
        return result_of(target, observation, rules=rules, chance=chance)
    except Exception:
        # One target's bug must not stop the looks at the others.
        log.exception("look_failed", target=str(target.reference))
    observation = Observation(Status.UNKNOWN, clock(), trouble=Trouble(TroubleKind.BUG))
    return result_of(target, observation, rules=rules, chance=chance)


def result_of(
    target: ClaimedTarget,
    observation: Observation,
    *,
    rules: Rules,
    chance: float,
) -> LookResult:
    """Everything that follows from an observation and is to be written."""
    decision, early = decide(target.wants, observation), rules.early
    awaited = early.awaited(target)
    built = decide_built(awaited, observation) if awaited else ()
    still_awaited = len(awaited) > len(built)
    if still_awaited and not decision.waiting:
        decision = replace(decision, waiting=True)
    changed = observation.is_clear and observation.differs_from(target.observation)
    failures = target.failures + 1 if observation.status is Status.UNKNOWN else 0
    anchor = observation.observed_at if changed and target.observation else target.anchor
    due_at = next_look(
        observation,
        decision,
        anchor=anchor,
        failures=failures,
        chance=chance,
        pacing=rules.pacing,
    )
    rhythm = rules.rhythms.of(target.reference) if rules.rhythms is not None else None
    if rhythm is not None and not (changed and _is_out_of(rhythm, target, observation)):
        due_at = in_rhythm(
            due_at, observation, decision, rhythm, chance=chance, pacing=rules.pacing
        )
    alive = bool(target.wants)
    if decision.finished:
        alive = any(want.watch not in decision.finished for want in target.wants)
    news = [built_alert(want) for want in built] if early.tells else []
    facts = facts_of(target, observation, decision)
    if news:
        decision = replace(decision, alerts=(*decision.alerts, *news))
        facts = {**facts, **built_facts(target, news, observation)}
    return LookResult(
        target=target,
        observation=observation,
        decision=decision,
        facts=facts,
        due_at=due_at if alive or still_awaited else None,
        changed=changed,
        failures=failures,
        derived=early.derived(target, decision),
        built=built,
    )


def _is_out_of(rhythm: Rhythm, target: ClaimedTarget, observation: Observation) -> bool:
    """Whether the tag changed when that was not expected."""
    before = target.observation
    return before is not None and not rhythm.fits(
        Change(before.observed_at, observation.observed_at)
    )


@dataclass(slots=True, kw_only=True)
class Checker:
    """A fixed crew that looks at whatever is due, registry by registry as each allows."""

    store: Store
    look: Look
    courtesy: Courtesy
    recorder: Recorder
    bells: Bells
    clock: Clock
    chance: Chance
    settings: LookSettings
    rules: Rules
    figures: Figures = NO_FIGURES
    _claims: Claims = field(default_factory=Claims)
    _stopping: bool = False

    def stop(self) -> None:
        """Let run() end when the looks under way are recorded."""
        self._stopping = True
        self.bells.looks.ring()

    async def run(self) -> None:
        """Look until stopped; targets claimed and not begun are given back.

        Cancelled, it gives back those whose look is under way too.
        """
        async with asyncio.TaskGroup() as crew:
            crew.create_task(self.recorder.run())
            try:
                async with asyncio.TaskGroup() as lookers:
                    for _ in range(self.settings.concurrency):
                        lookers.create_task(self._work())
                    await self._claim_until_stopped()
                    await self._give_back(self._claims.take_back())
            finally:
                await self._give_back(self._claims.under_way())
                self.recorder.close()

    async def _claim_until_stopped(self) -> None:
        while not self._stopping:
            try:
                claimed = await self._claim()
                until = None if claimed else await self._next_due_at()
            except StoreError as error:
                log.error("claim_failed", error=str(error))
                claimed, until = [], None
            except Exception:
                # The looks under way, and those after this, must go on.
                log.exception("claim_failed")
                claimed, until = [], None
            self._claims.add(claimed)
            await self.bells.looks.listen(until=until, now=self.clock())

    async def _claim(self) -> list[ClaimedTarget]:
        free = self.settings.at_most_claimed - self._claims.total
        if free <= 0:
            return []
        async with self.store.transaction() as transaction:
            return await transaction.targets.claim(
                capacity=self._capacity,
                limit=free,
                now=self.clock(),
                lease_s=self.settings.lease_s,
            )

    def _capacity(self, registry: str) -> int:
        return self.courtesy.capacity(registry, busy=self._claims.busy(registry))

    def _opens_at(self, registry: str) -> datetime | None:
        return self.courtesy.opens_at(registry, busy=self._claims.busy(registry))

    async def _next_due_at(self) -> datetime | None:
        async with self.store.reading() as transaction:
            return await transaction.targets.next_due_at(opens_at=self._opens_at)

    async def _work(self) -> None:
        while (target := await self._claims.begin()) is not None:
            began_at, rhythms = self.clock(), self.rules.rhythms
            if rhythms is not None and rhythms.is_due(target.reference, now=began_at):
                await rhythms.refresh(target.reference)
            result = await check(
                target,
                look=self.look,
                timeout_s=self.settings.timeout_s,
                clock=self.clock,
                rules=self.rules,
                chance=self.chance(),
            )
            self.recorder.put(result)
            if result.changed and rhythms is not None:
                rhythms.note(result)
            if self._claims.end(target):
                self.bells.looks.ring()
            observation = result.observation
            took_s = (observation.observed_at - began_at).total_seconds()
            self.figures.looked(target.reference.registry, observation, seconds=took_s)
            if log.is_detailed:
                _log_look(target, observation, result.decision)

    async def _give_back(self, targets: Sequence[ClaimedTarget]) -> None:
        if not targets:
            return
        try:
            async with self.store.transaction() as transaction:
                await transaction.targets.release(targets, now=self.clock())
        except StoreError as error:
            # Their leases run out by themselves; what is under way is still to be recorded.
            log.error("leases_not_given_back", targets=len(targets), error=str(error))


def _log_look(target: ClaimedTarget, observation: Observation, decision: Decision) -> None:
    trouble = observation.trouble.kind.value if observation.trouble else None
    log.debug(
        "looked",
        target=str(target.reference),
        status=observation.status.value,
        digest=observation.digest,
        trouble=trouble,
        alerts=len(decision.alerts),
    )
