"""What follows from looks at official images and at the tags of their architectures."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest

from bot.core.model import Alert, Event, Observation, TargetId, Want, WantState, WatchId
from bot.core.platform import Platform
from bot.core.reference import Reference, parse_reference
from bot.core.schedule import Pacing
from bot.flows.check import Rules, check, result_of
from bot.flows.early import Early
from bot.flows.look import Look
from bot.ports.targets import ClaimedTarget, LookResult, SharedTarget
from tests.support.planned_registry import PlannedRegistry
from tests.support.registry_client import ManualClock
from tests.support.stores import (
    AMD64,
    ARM64,
    NODE,
    NOW,
    RISCV,
    at,
    digest,
    missing,
    present,
    unknown,
)

ONE, TWO = WatchId(1), WatchId(2)
OWN = parse_reference("arm64v8/node:22")
ON = Early(enabled=True)
PACING = Pacing(jitter=0)


def target_of(
    *wants: Want, reference: Reference = NODE, shared: SharedTarget | None = None
) -> ClaimedTarget:
    return ClaimedTarget(
        id=TargetId(2),
        reference=reference,
        observation=None,
        anchor=NOW,
        failures=0,
        lease="mine",
        hint_seq=0,
        wants=wants,
        wanted_since=since(*wants),
        shared=shared,
    )


def since(*wants: Want) -> Mapping[tuple[WatchId, Platform], datetime]:
    return {(want.watch, want.platform): at(-60) for want in wants}


def derived(*wants: Want, own: tuple[Want, ...] = ()) -> ClaimedTarget:
    """arm64v8/node:22, for those who want this of node:22, which has amd64."""
    shared = SharedTarget(TargetId(1), NODE, present(AMD64), wants, since(*wants))
    return target_of(*own, reference=OWN, shared=shared)


def follows(target: ClaimedTarget, seen: Observation, *, early: Early = ON) -> LookResult:
    return result_of(target, seen, rules=Rules(PACING, early), chance=0.5)


def test_a_missing_platform_is_looked_for_in_its_own_tag() -> None:
    result = follows(target_of(Want(ONE, ARM64), Want(TWO, RISCV)), present(AMD64))

    assert [tag.familiar for tag in result.derived] == ["arm64v8/node:22", "riscv64/node:22"]


def test_what_this_look_has_found_is_looked_for_no_longer() -> None:
    result = follows(target_of(Want(ONE, ARM64), Want(TWO, RISCV)), present(ARM64))

    assert [tag.familiar for tag in result.derived] == ["riscv64/node:22"]


@pytest.mark.parametrize(
    "early",
    [
        pytest.param(Early(), id="switched off"),
        pytest.param(replace(ON, planned=lambda _: frozenset({AMD64})), id="not planned"),
    ],
)
def test_nothing_is_looked_for_in_vain(early: Early) -> None:
    watched = follows(target_of(Want(ONE, ARM64)), present(AMD64), early=early)
    own = follows(derived(Want(ONE, ARM64)), present(ARM64), early=early)

    assert watched.derived == ()
    assert (own.built, own.decision.alerts, own.due_at) == ((), (), None)


def test_what_is_built_is_told_of_the_shared_tag() -> None:
    wants = (Want(ONE, ARM64), Want(ONE, RISCV), Want(TWO, ARM64, WantState.MET))

    result = follows(derived(*wants), present(ARM64, seen_at=at(5)))

    alert = Alert(ONE, Event.BUILT, ARM64, 0)
    assert result.built == (Want(ONE, ARM64, built=True),)
    assert result.decision.alerts == (alert,)
    facts = result.facts[alert]
    assert (facts.reference, facts.digest) == (NODE, digest("b"))
    assert (facts.there, facts.missing) == (("amd64",), ("arm64", "riscv64"))
    assert (facts.observed_at, facts.wanted_since) == (at(5), at(-60))


def test_what_is_built_is_noted_even_if_it_is_not_to_be_told() -> None:
    result = follows(derived(Want(ONE, ARM64)), present(ARM64), early=replace(ON, tells=False))

    assert result.built == (Want(ONE, ARM64, built=True),)
    assert (result.decision.alerts, result.facts) == ((), {})


def test_once_everybody_knows_that_it_is_built_nobody_looks_again() -> None:
    assert follows(derived(Want(ONE, ARM64)), present(ARM64)).due_at is None


def test_until_it_is_built_the_usual_pace_holds() -> None:
    assert follows(derived(Want(ONE, ARM64)), missing()).due_at == at(PACING.fast_s)


def test_no_answer_about_the_own_tag_tells_nothing() -> None:
    result = follows(derived(Want(ONE, ARM64)), unknown())

    assert (result.built, result.decision.alerts) == ((), ())
    assert result.due_at is not None


def test_who_watches_the_own_tag_itself_goes_on() -> None:
    own = (Want(TWO, ARM64, WantState.MET, standing=True),)

    result = follows(derived(Want(ONE, ARM64), own=own), present(ARM64))

    assert [alert.event for alert in result.decision.alerts] == [Event.BUILT]
    assert result.due_at == at(PACING.standing_s)


async def test_the_image_behind_an_own_tag_must_be_served_before_it_is_told() -> None:
    registry = PlannedRegistry()
    registry.plan("arm64v8/node:22", ["linux/arm64"])
    clock = ManualClock(NOW)

    result = await check(
        derived(Want(ONE, ARM64)),
        look=Look(registry, clock=clock),
        timeout_s=5,
        clock=clock,
        rules=Rules(PACING, ON),
        chance=0.5,
    )

    assert registry.asked == ["arm64v8/node:22"]
    assert [alert.event for alert in result.decision.alerts] == [Event.BUILT]
