"""Looks at many images: each once, in turn, and until all are there."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta

import pytest

from bot.core.advice import Advice
from bot.core.errors import Denied, RateLimited, TroubleKind, UnsupportedAnswer
from bot.core.evidence import Evidence
from bot.core.model import Observation, Place, Status, Trouble
from bot.core.platform import Platform
from bot.core.reason import Reason, ReasonCode
from bot.core.reference import Reference, parse_reference
from bot.core.schedule import Pacing
from bot.flows.look import Look
from bot.flows.question import Question
from bot.flows.survey import Finding, InTurn, all_there, survey, verdict_on_all
from bot.flows.wait import Progress, Verdict, Waiting
from bot.ports.surroundings import Sleep
from tests.support.decisions import AMD64, ARM64, NOW, missing, present, unknown
from tests.support.planned_registry import PlannedRegistry, Step
from tests.support.registry_client import ManualClock, no_chance

ONLY_AMD64 = ["linux/amd64"]
BOTH = ["linux/amd64", "linux/arm64"]
A, B, C = map(parse_reference, ("a:1", "b:1", "c:1"))


def planned(plans: Mapping[Reference, Iterable[Step]]) -> PlannedRegistry:
    registry = PlannedRegistry()
    for reference, steps in plans.items():
        registry.plan(reference.familiar, *steps)
    return registry


async def test_each_image_is_looked_at_once_and_told() -> None:
    registry = planned({A: [BOTH], B: [ONLY_AMD64], C: [Denied("docker.io", "no")]})
    told: list[Finding] = []

    findings = await survey(
        Look(registry, clock=ManualClock(NOW)),
        {A: (ARM64,), B: (ARM64,), C: ()},
        timeout_s=5,
        tell=told.append,
    )

    assert [(found.reference, found.verdict) for found in findings] == [
        (A, Verdict.ALL_THERE),
        (B, Verdict.MISSING),
        (C, Verdict.NOT_KNOWN),
    ]
    assert Counter(registry.asked) == {"a:1": 1, "b:1": 1, "c:1": 1}
    assert sorted(found.reference for found in told) == [A, B, C]


async def test_an_image_that_needs_no_platform_must_still_be_there() -> None:
    registry = planned({A: [ONLY_AMD64], B: [None]})

    findings = await survey(
        Look(registry, clock=ManualClock(NOW)), {A: (), B: ()}, timeout_s=5, tell=lambda _: None
    )

    assert [found.verdict for found in findings] == [Verdict.ALL_THERE, Verdict.MISSING]


def unsupported() -> Observation:
    return Observation(Status.UNKNOWN, NOW, trouble=Trouble(TroubleKind.UNSUPPORTED))


@pytest.mark.parametrize(
    ("seen", "is_complete", "verdict"),
    [
        pytest.param([], True, Verdict.ALL_THERE, id="nothing to look at"),
        pytest.param([], False, Verdict.NOT_KNOWN, id="a gap"),
        pytest.param([present(ARM64)], True, Verdict.ALL_THERE, id="there"),
        pytest.param([present(ARM64)], False, Verdict.NOT_KNOWN, id="there, and a gap"),
        pytest.param([present(ARM64), unknown()], True, Verdict.NOT_KNOWN, id="not known"),
        pytest.param([unknown(), present(AMD64)], False, Verdict.MISSING, id="missing"),
        pytest.param([missing(), present(ARM64)], True, Verdict.MISSING, id="no tag"),
        pytest.param([present(AMD64), unsupported()], True, Verdict.NEVER, id="never"),
    ],
)
def test_what_is_missing_outweighs_what_is_not_known(
    seen: list[Observation], is_complete: bool, verdict: Verdict
) -> None:
    findings = [Finding(A, (ARM64,), each) for each in seen]

    assert verdict_on_all(findings, is_complete=is_complete) is verdict


class Slow:
    """Looks that wait until they are let go, and how many were under way at once; full at four."""

    def __init__(self) -> None:
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.full = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(
        self,
        reference: Reference,
        *,
        known: Observation | None,
        wanted: Iterable[Platform],
        places: Iterable[Place] = (),
        timeout_s: float | None = None,
    ) -> Observation:
        self.now[reference.registry] += 1
        self.most |= self.now
        if sum(self.now.values()) == 4:
            self.full.set()
        await self.go_on.wait()
        self.now[reference.registry] -= 1
        return present(ARM64)


async def test_no_more_looks_are_under_way_than_each_registry_takes() -> None:
    slow = Slow()
    needs = {
        parse_reference(f"{registry}/x:{n}"): (ARM64,)
        for registry in ("ghcr.io", "quay.io")
        for n in range(9)
    }
    look = InTurn(slow, at_once={"ghcr.io": 3, "quay.io": 0}.__getitem__)

    task = asyncio.ensure_future(survey(look, needs, timeout_s=5, tell=lambda _: None))
    await slow.full.wait()
    slow.go_on.set()
    findings = await task

    assert len(findings) == 18
    assert slow.most == {"ghcr.io": 3, "quay.io": 1}


async def waited(
    plans: Mapping[Reference, Iterable[Step]],
    *,
    at_most_s: float = 7200,
    not_planned: Collection[Reference] = (),
    needed: tuple[Platform, ...] = (ARM64,),
    sleep: Sleep | None = None,
) -> tuple[list[Finding], list[tuple[Reference, Verdict]]]:
    clock, told = ManualClock(NOW), list[tuple[Reference, Verdict]]()

    def tell(reference: Reference, progress: Progress) -> None:
        told.append((reference, progress.verdict))

    async def explain(question: Question, platforms: Sequence[Platform]) -> tuple[Advice, ...]:
        is_planned = question.reference not in not_planned
        code = ReasonCode.QUEUED if is_planned else ReasonCode.NOT_PLANNED
        evidence = Evidence(question.reference, platforms[0], question.seen)
        return (Advice(Reason(code, evidence)),)

    waiting = Waiting(
        look=Look(planned(plans), clock=clock),
        clock=clock,
        sleep=sleep or clock.sleep,
        chance=no_chance,
        pacing=Pacing(jitter=0),
        timeout_s=5,
        explain=explain,
    )
    needs = dict.fromkeys(plans, needed)
    findings = await all_there(waiting, needs, at_most=timedelta(seconds=at_most_s), tell=tell)
    return findings, told


async def test_a_wait_ends_when_the_last_image_is_there() -> None:
    findings, told = await waited(
        {A: [BOTH], B: [None, ONLY_AMD64, BOTH], C: [RateLimited("docker.io", "slow"), BOTH]}
    )

    assert {found.verdict for found in findings} == {Verdict.ALL_THERE}
    assert [verdict for reference, verdict in told if reference == B] == [
        Verdict.MISSING,
        Verdict.MISSING,
        Verdict.ALL_THERE,
    ]
    assert [verdict for reference, verdict in told if reference == A] == [Verdict.ALL_THERE]


async def test_a_wait_ends_when_time_is_up() -> None:
    findings, told = await waited({A: [ONLY_AMD64], B: [BOTH]}, at_most_s=600)

    assert [found.verdict for found in findings] == [Verdict.MISSING, Verdict.ALL_THERE]
    assert [advice.reason.code for advice in findings[0].advices] == [ReasonCode.QUEUED]
    assert len(told) > 2


@pytest.mark.parametrize(
    ("step", "not_planned"),
    [
        pytest.param(UnsupportedAnswer("docker.io", "old"), (), id="no image with platforms"),
        pytest.param(ONLY_AMD64, (B,), id="not planned"),
    ],
)
async def test_a_wait_ends_as_soon_as_one_image_will_never_come(
    step: Step, not_planned: Collection[Reference]
) -> None:
    async def for_ever(_seconds: float) -> None:
        await asyncio.Event().wait()

    findings, told = await waited(
        {A: [ONLY_AMD64], B: [step], C: [None]}, not_planned=not_planned, sleep=for_ever
    )

    verdicts = {A: Verdict.MISSING, B: Verdict.NEVER, C: Verdict.MISSING}
    assert {found.reference: found.verdict for found in findings} == verdicts
    assert sorted(told) == sorted(verdicts.items())
    assert verdict_on_all(findings, is_complete=True) is Verdict.NEVER


async def test_nobody_is_asked_why_a_tag_is_missing_of_which_no_platform_is_needed() -> None:
    findings, _ = await waited({A: [None]}, at_most_s=60, needed=())

    assert [(found.verdict, found.advices) for found in findings] == [(Verdict.MISSING, ())]
