from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import TroubleKind
from bot.core.model import Decision, Observation, Status
from bot.core.schedule import CONFIRM_WITHIN_S, Pacing, next_look
from tests.support.decisions import AMD64, NOW, denied, missing, present, unknown

USUAL = Pacing()
WAITING, DOUBTED = Decision(waiting=True), Decision(doubted=True)
SETTLED = Decision()
MINUTE, HOUR, DAY = 60, 3600, 86400


def delay_s(
    observation: Observation,
    decision: Decision = WAITING,
    *,
    age_s: float = 0,
    failures: int = 0,
    chance: float = 0.5,
    pacing: Pacing = USUAL,
) -> float:
    """Seconds to the next look; a chance of 0.5 is no jitter."""
    due_at = next_look(
        observation,
        decision,
        anchor=observation.observed_at - timedelta(seconds=age_s),
        failures=failures,
        chance=chance,
        pacing=pacing,
    )
    return (due_at - observation.observed_at).total_seconds()


@pytest.mark.parametrize(
    ("age_s", "expected_s"),
    [
        pytest.param(-5, 60, id="anchor ahead of this clock"),
        pytest.param(0, 60, id="at once"),
        pytest.param(599, 60, id="just under 10 minutes"),
        pytest.param(600, 300, id="10 minutes"),
        pytest.param(10 * HOUR, 300, id="10 hours"),
        pytest.param(DAY, 432, id="a day"),
        pytest.param(4 * DAY, 1728, id="four days"),
        pytest.param(30 * DAY, 3600, id="a month"),
    ],
)
def test_while_a_platform_is_missing_the_pace_follows_the_age(
    age_s: float, expected_s: float
) -> None:
    assert delay_s(present(AMD64), age_s=age_s) == pytest.approx(expected_s)
    assert delay_s(missing(), age_s=age_s) == pytest.approx(expected_s)


def test_a_missing_tag_has_a_maximum_of_its_own() -> None:
    pacing = replace(USUAL, missing_tag_max_s=7200)

    assert delay_s(missing(), age_s=30 * DAY, pacing=pacing) == 7200
    assert delay_s(present(AMD64), age_s=30 * DAY, pacing=pacing) == 3600


def test_a_settled_tag_is_looked_at_every_six_hours() -> None:
    assert delay_s(present(AMD64), SETTLED) == 6 * HOUR
    assert delay_s(missing(), SETTLED) == 6 * HOUR


@pytest.mark.parametrize("decision", [WAITING, SETTLED, DOUBTED], ids=["wait", "settled", "doubt"])
def test_a_denied_repository_is_not_asked_fast_and_never_given_up(decision: Decision) -> None:
    assert delay_s(denied(), decision) == 300
    assert delay_s(denied(), decision, age_s=30 * DAY) == 3600


def test_what_seems_gone_is_looked_at_again_soon() -> None:
    assert delay_s(present(AMD64), DOUBTED, age_s=30 * DAY) == 120


def test_a_doubt_does_not_slow_down_those_who_wait() -> None:
    both = Decision(doubted=True, waiting=True)

    assert delay_s(present(AMD64), both) == 60


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 30 * DAY))
def test_a_doubt_is_settled_within_five_minutes_whatever_is_configured(
    chance: float, age_s: float
) -> None:
    pacing = replace(USUAL, confirm_s=300, jitter=0.5)

    assert 0 < delay_s(present(), DOUBTED, age_s=age_s, chance=chance, pacing=pacing) <= 300
    assert CONFIRM_WITHIN_S == 300


@pytest.mark.parametrize(
    ("chance", "expected_s"),
    [
        pytest.param(0, 54, id="earliest"),
        pytest.param(0.5, 60, id="middle"),
        pytest.param(0.999999, 66, id="latest"),
    ],
)
def test_looks_are_spread_by_a_tenth(chance: float, expected_s: float) -> None:
    assert delay_s(present(AMD64), chance=chance) == pytest.approx(expected_s, abs=0.001)


@pytest.mark.parametrize(
    ("failures", "ceiling_s"),
    [
        pytest.param(0, 60, id="none counted"),
        pytest.param(1, 60, id="first"),
        pytest.param(2, 120, id="second"),
        pytest.param(5, 960, id="fifth"),
        pytest.param(6, 1800, id="sixth"),
        pytest.param(10_000, 1800, id="many"),
    ],
)
def test_failures_are_spread_between_half_a_minute_and_a_growing_ceiling(
    failures: int, ceiling_s: float
) -> None:
    assert delay_s(unknown(), failures=failures, chance=0) == 30
    latest = delay_s(unknown(), failures=failures, chance=0.9999999)
    assert latest == pytest.approx(ceiling_s, abs=0.01)


@pytest.mark.parametrize("decision", [WAITING, SETTLED, DOUBTED], ids=["wait", "settled", "doubt"])
def test_a_failure_has_its_own_pace_whatever_is_wanted(decision: Decision) -> None:
    assert delay_s(unknown(), decision, failures=1, chance=0) == 30


@pytest.mark.parametrize("kind", [TroubleKind.RATE_LIMITED, TroubleKind.PARKED], ids=str)
@pytest.mark.parametrize("chance", [0.0, 0.5, 0.99], ids=str)
def test_a_registry_is_not_asked_before_it_wants_to_be(kind: TroubleKind, chance: float) -> None:
    observation = unknown(kind=kind, retry_in_s=7200)

    waited_s = delay_s(observation, failures=3, chance=chance)

    assert waited_s == pytest.approx(7200 + chance * 30)


def test_a_registry_that_may_be_asked_soon_is_asked_at_the_pace_of_failures() -> None:
    observation = unknown(kind=TroubleKind.RATE_LIMITED, retry_in_s=1)

    assert delay_s(observation, failures=1, chance=0) == 30


def test_trouble_without_a_reason_is_a_failure_like_any_other() -> None:
    assert delay_s(replace(unknown(), trouble=None), failures=1, chance=0) == 30


def test_a_maximum_below_its_minimum_counts() -> None:
    pacing = replace(USUAL, max_s=10, error_max_s=5)

    assert delay_s(present(AMD64), age_s=DAY, pacing=pacing) == 10
    assert delay_s(unknown(), failures=4, chance=0.9, pacing=pacing) == 5


positive = st.floats(0.01, 100_000)
pacings = st.builds(
    Pacing,
    fast_s=positive,
    fast_for_s=positive,
    min_s=positive,
    growth=st.floats(0.0001, 1),
    max_s=positive,
    missing_tag_max_s=positive,
    standing_s=positive,
    confirm_s=st.floats(0.01, 300),
    error_min_s=positive,
    error_max_s=positive,
    jitter=st.floats(0, 0.5),
)


@given(
    observation=st.sampled_from([present(AMD64), missing(), denied(), unknown()]),
    decision=st.builds(Decision, doubted=st.booleans(), waiting=st.booleans()),
    age_s=st.floats(-1000, 10 * 365 * DAY),
    failures=st.integers(0, 1_000_000),
    chance=st.floats(0, 1, exclude_max=True),
    pacing=pacings,
)
def test_the_next_look_is_always_to_come_and_never_beyond_the_maxima(
    observation: Observation,
    decision: Decision,
    age_s: float,
    failures: int,
    chance: float,
    pacing: Pacing,
) -> None:
    waited_s = delay_s(
        observation, decision, age_s=age_s, failures=failures, chance=chance, pacing=pacing
    )

    usual_s = max(pacing.fast_s, pacing.max_s, pacing.missing_tag_max_s, pacing.standing_s)
    is_failure = observation.status is Status.UNKNOWN
    longest_s = pacing.error_max_s if is_failure else usual_s * (1 + pacing.jitter)
    assert 0 < waited_s <= longest_s + 0.001


def test_a_wait_costs_about_as_many_looks_as_planned() -> None:
    now, looks = NOW, 0
    while now < NOW + timedelta(hours=3):
        now = next_look(
            present(AMD64, at=now), WAITING, anchor=NOW, failures=0, chance=0.5, pacing=USUAL
        )
        looks += 1

    assert looks == 10 + 34
