"""Waiting without a store: how it goes on, when it ends and with what."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot.core.advice import Advice
from bot.core.errors import (
    Denied,
    EgressRefused,
    RateLimited,
    RegistryError,
    TransportFailure,
    TroubleKind,
    UnlistedRegistry,
    UnsupportedAnswer,
)
from bot.core.evidence import Evidence
from bot.core.model import Observation
from bot.core.platform import Platform
from bot.core.reason import Reason, ReasonCode
from bot.core.schedule import Pacing
from bot.flows.look import Look
from bot.flows.question import Depth, Explaining, Question
from bot.flows.wait import Progress, Verdict, Waiting, verdict_on
from tests.support.decisions import AMD64, ARM64, NODE, NOW, denied, missing, present, unknown
from tests.support.planned_registry import PlannedRegistry, Step
from tests.support.registry_client import ManualClock, no_chance

IMAGE = NODE.familiar
ONLY_AMD64 = ["linux/amd64"]
BOTH = ["linux/amd64", "linux/arm64"]
DOWN = TransportFailure("docker.io", "cannot connect")


@dataclass
class Told:
    """What was told after each look, and when."""

    clock: ManualClock
    rows: list[tuple[float, Progress]] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        self.rows.append((_since_start(self.clock()), progress))

    @property
    def verdicts(self) -> list[Verdict]:
        return [progress.verdict for _, progress in self.rows]

    @property
    def moments(self) -> list[float]:
        return [second for second, _ in self.rows]


def _since_start(moment: datetime) -> float:
    return (moment - NOW).total_seconds()


async def waited(
    *steps: Step,
    at_most_s: float = 7200,
    timeout_s: float = 5,
    explain: Explaining | None = None,
) -> tuple[Progress, Told, PlannedRegistry]:
    clock = ManualClock(NOW)
    registry, told = PlannedRegistry(), Told(clock)
    registry.plan(IMAGE, *steps)
    waiting = Waiting(
        look=Look(registry, clock=clock),
        clock=clock,
        sleep=clock.sleep,
        chance=no_chance,
        pacing=Pacing(jitter=0),
        timeout_s=timeout_s,
        explain=explain,
    )
    last = await waiting.until_there(
        NODE, [AMD64, ARM64], at_most=timedelta(seconds=at_most_s), tell=told
    )
    return last, told, registry


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        pytest.param(present(AMD64, ARM64), Verdict.ALL_THERE, id="all there"),
        pytest.param(present(AMD64), Verdict.MISSING, id="one missing"),
        pytest.param(missing(), Verdict.MISSING, id="no such tag"),
        pytest.param(denied(), Verdict.NOT_KNOWN, id="denied"),
        pytest.param(unknown(), Verdict.NOT_KNOWN, id="no answer"),
        pytest.param(unknown(kind=TroubleKind.UNSUPPORTED), Verdict.NEVER, id="no image"),
    ],
)
def test_the_verdict_on_one_look(seen: Observation, verdict: Verdict) -> None:
    assert verdict_on(seen, [AMD64, ARM64]) is verdict


async def test_what_is_there_is_not_waited_for() -> None:
    last, told, registry = await waited(BOTH)

    assert (last.verdict, last.next_at) == (Verdict.ALL_THERE, None)
    assert told.moments == [0]
    assert registry.asked == [IMAGE]


async def test_it_looks_at_the_bots_pace_until_all_is_there() -> None:
    last, told, _ = await waited(ONLY_AMD64, ONLY_AMD64, BOTH)

    assert last.verdict is Verdict.ALL_THERE
    assert told.verdicts == [Verdict.MISSING, Verdict.MISSING, Verdict.ALL_THERE]
    assert told.moments == [0, 60, 120]


async def test_each_look_tells_when_the_next_one_is() -> None:
    _, told, _ = await waited(ONLY_AMD64, BOTH)

    assert [progress.next_at for _, progress in told.rows] == [NOW + timedelta(seconds=60), None]


async def test_a_tag_that_does_not_exist_yet_is_waited_for() -> None:
    last, told, _ = await waited(None, BOTH)

    assert last.verdict is Verdict.ALL_THERE
    assert told.verdicts == [Verdict.MISSING, Verdict.ALL_THERE]


async def test_the_last_look_falls_on_the_deadline() -> None:
    last, told, _ = await waited(ONLY_AMD64, at_most_s=150)

    assert last.verdict is Verdict.MISSING
    assert told.moments == [0, 60, 120, 150]
    assert last.next_at is None


async def test_without_time_it_looks_once() -> None:
    last, told, _ = await waited(ONLY_AMD64, at_most_s=0)

    assert last.verdict is Verdict.MISSING
    assert told.moments == [0]


async def test_trouble_is_waited_out() -> None:
    last, told, _ = await waited(ONLY_AMD64, DOWN, DOWN, BOTH)

    assert last.verdict is Verdict.ALL_THERE
    assert told.verdicts[1:3] == [Verdict.NOT_KNOWN, Verdict.NOT_KNOWN]


async def test_trouble_until_the_end_is_not_known() -> None:
    last, _, _ = await waited(ONLY_AMD64, DOWN, at_most_s=300)

    assert last.verdict is Verdict.NOT_KNOWN


async def test_a_registry_that_says_when_is_not_asked_before() -> None:
    retry_at = NOW + timedelta(seconds=1000)
    limited = RateLimited("docker.io", "429", retry_at=retry_at)

    _, told, _ = await waited(limited, BOTH)

    assert told.moments == [0, 1000]


async def test_a_private_repository_may_be_opened_while_one_waits() -> None:
    last, told, _ = await waited(Denied("docker.io", "private", http_status=401), BOTH)

    assert last.verdict is Verdict.ALL_THERE
    assert told.verdicts == [Verdict.NOT_KNOWN, Verdict.ALL_THERE]


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        pytest.param(UnsupportedAnswer("docker.io", "artifact"), Verdict.NEVER, id="no image"),
        pytest.param(EgressRefused("10.0.0.1", "private"), Verdict.NOT_KNOWN, id="private address"),
        pytest.param(UnlistedRegistry("a.test", "unlisted"), Verdict.NOT_KNOWN, id="unlisted"),
    ],
)
async def test_what_waiting_does_not_cure_ends_it_at_once(
    error: RegistryError, verdict: Verdict
) -> None:
    last, told, _ = await waited(error)

    assert (last.verdict, last.next_at) == (verdict, None)
    assert told.moments == [0]


async def test_a_look_without_an_end_is_given_up_and_counts_as_no_answer() -> None:
    last, told, _ = await waited(asyncio.Event(), at_most_s=0, timeout_s=0.05)

    assert last.verdict is Verdict.NOT_KNOWN
    assert len(told.rows) == 1


# -- what will never come --------------------------------------------------------------------------


@dataclass
class Plans:
    """Why arm64 is missing, one answer after the other; the last one stays."""

    codes: list[ReasonCode]
    asked: list[Question] = field(default_factory=list)

    async def __call__(
        self, question: Question, platforms: Sequence[Platform]
    ) -> tuple[Advice, ...]:
        self.asked.append(question)
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        evidence = Evidence(question.reference, ARM64, question.seen)
        assert list(platforms) == [ARM64]
        return (Advice(Reason(code, evidence)),)


@pytest.mark.parametrize("code", [ReasonCode.NOT_PLANNED, ReasonCode.UNLISTED])
async def test_what_is_not_built_is_not_waited_for(code: ReasonCode) -> None:
    last, told, _ = await waited(ONLY_AMD64, explain=Plans([code]))

    assert (last.verdict, last.next_at) == (Verdict.NEVER, None)
    assert [advice.reason.code for advice in last.advices] == [code]
    assert told.moments == [0]


async def test_a_tag_that_is_not_there_yet_is_waited_for_though_it_is_not_listed() -> None:
    last, told, _ = await waited(None, BOTH, explain=Unlisted())

    assert last.verdict is Verdict.ALL_THERE
    assert told.verdicts[0] is Verdict.MISSING


class Unlisted(Plans):
    def __init__(self) -> None:
        super().__init__([ReasonCode.UNLISTED])

    async def __call__(
        self, question: Question, platforms: Sequence[Platform]
    ) -> tuple[Advice, ...]:
        evidence = Evidence(question.reference, ARM64, question.seen)
        return (Advice(Reason(ReasonCode.UNLISTED, evidence)),)


async def test_a_plan_that_changes_while_waiting_ends_the_wait() -> None:
    plans = Plans([ReasonCode.QUEUED, ReasonCode.UNLISTED])

    last, told, _ = await waited(ONLY_AMD64, explain=plans)

    assert last.verdict is Verdict.NEVER
    assert 1800 <= told.moments[-1] < 2400
    assert len(plans.asked) == 2
    assert {question.depth for question in plans.asked} == {Depth.REASON}


async def test_what_has_come_is_not_explained_any_more() -> None:
    last, _, _ = await waited(ONLY_AMD64, BOTH, explain=Plans([ReasonCode.QUEUED]))

    assert last.verdict is Verdict.ALL_THERE
    assert last.advices == ()


async def test_nobody_is_asked_about_what_is_there_or_not_known() -> None:
    plans = Plans([ReasonCode.NOT_PLANNED])

    last, _, _ = await waited(DOWN, DOWN, BOTH, explain=plans)

    assert last.verdict is Verdict.ALL_THERE
    assert plans.asked == []
