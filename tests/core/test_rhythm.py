"""The rhythm of a shared index: learnt from changes, followed by looks, given up when wrong."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Decision, Observation, Status
from bot.core.rhythm import MEMORY, PERIOD_S, RELIED_UPON, Change, Rhythm, learn_rhythm
from bot.core.schedule import Pacing, in_rhythm, next_look

PERIOD = timedelta(seconds=PERIOD_S)
MIDNIGHT = datetime(2025, 4, 23, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def change(at: datetime, *, width: float = 5) -> Change:
    """A change that happened in the middle of so many minutes between two looks."""
    return Change(at - minutes(width / 2), at + minutes(width / 2))


def run(number: float, *, minute: float = 20) -> datetime:
    """A run of the job, so many periods after the first."""
    return MIDNIGHT + number * PERIOD + minutes(minute)


def learnt(*changes: Change, now: datetime | None = None) -> Rhythm:
    found = learn_rhythm(changes, now=now or max(each.seen for each in changes))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("changes", "is_one"),
    [
        pytest.param([], False, id="nothing seen"),
        pytest.param([change(run(0))], False, id="one"),
        pytest.param([change(run(0)), change(run(0, minute=24))], False, id="two of one run"),
        pytest.param([change(run(0)), change(run(1))], True, id="two"),
        pytest.param([change(run(5)), change(run(0))], True, id="two, in any order"),
        pytest.param([change(run(0)), change(run(1, minute=34))], True, id="a longer job"),
        pytest.param([change(run(0)), change(run(1, minute=36))], False, id="too far apart"),
        pytest.param([change(run(0, minute=1)), change(run(1, minute=-1))], True, id="round zero"),
        pytest.param([change(run(0)), change(run(1), width=16)], False, id="hardly seen"),
        pytest.param([change(run(0), width=200), change(run(1))], False, id="not seen at all"),
        pytest.param(
            [change(run(0)), change(run(1)), change(run(2, minute=100))], False, id="not any more"
        ),
        pytest.param(
            [change(run(0)), change(run(1, minute=99)), change(run(2))], True, id="an exception"
        ),
        pytest.param(
            [change(run(0)), change(run(1)), change(run(2, minute=100), width=45)],
            False,
            id="roughly seen, and elsewhere",
        ),
        pytest.param(
            [change(run(0)), change(run(1)), change(run(2), width=45)], True, id="roughly seen"
        ),
    ],
)
def test_two_runs_that_agree_make_a_rhythm(changes: list[Change], is_one: bool) -> None:
    assert (learn_rhythm(changes, now=run(9)) is not None) is is_one


def test_what_is_long_ago_says_nothing() -> None:
    changes = [change(run(0)), change(run(1))]
    late = changes[0].seen + MEMORY

    assert learn_rhythm(changes, now=late - minutes(1)) is not None
    assert learn_rhythm(changes, now=late) is None


def test_more_runs_narrow_the_time_in_which_a_change_is_expected() -> None:
    few = learnt(*(change(run(n)) for n in range(2)))
    more = learnt(*(change(run(n)) for n in range(4)))

    assert (few.runs, more.runs) == (2, 4)
    assert more.length_s < few.length_s
    assert more.confirmed_at == change(run(3)).seen


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(run(3, minute=60), run(4), id="between runs"),
        pytest.param(run(3, minute=10), run(3), id="before a run"),
        pytest.param(run(3, minute=22), run(3), id="during a run"),
        pytest.param(run(3, minute=40), run(4), id="after a run"),
    ],
)
def test_the_next_run_is_told(now: datetime, expected: datetime) -> None:
    assert learnt(change(run(0)), change(run(1)), now=now).next_run(now) == expected


def test_a_rhythm_holds_for_a_day_after_its_last_run() -> None:
    rhythm = learnt(change(run(0)), change(run(1)))

    assert rhythm.holds(rhythm.confirmed_at + RELIED_UPON - minutes(1))
    assert not rhythm.holds(rhythm.confirmed_at + RELIED_UPON)


WAITING = Decision(waiting=True)


def due(
    seen: Observation,
    rhythm: Rhythm | None,
    decision: Decision = WAITING,
    *,
    anchor: datetime,
    chance: float = 0.5,
) -> datetime:
    """When the next look is, with a rhythm or without."""
    pacing = Pacing()
    due_at = next_look(seen, decision, anchor=anchor, failures=1, chance=chance, pacing=pacing)
    if rhythm is None:
        return due_at
    return in_rhythm(due_at, seen, decision, rhythm, chance=chance, pacing=pacing)


MOMENTS = st.integers(0, 8 * 86_400).map(lambda seconds: MIDNIGHT + timedelta(seconds=seconds))
CHANGES = st.lists(
    st.builds(
        lambda seen, width_s: Change(seen - timedelta(seconds=width_s), seen),
        MOMENTS,
        st.floats(0, 20_000),
    ),
    max_size=12,
)


@given(CHANGES, MOMENTS, st.floats(1, 7200), st.floats(1, 7200), st.floats(0, 1, exclude_max=True))
def test_a_rhythm_never_delays_looks_beyond_what_is_allowed(
    changes: list[Change], now: datetime, usual_s: float, at_most_s: float, chance: float
) -> None:
    rhythm = learn_rhythm(changes, now=now)
    if rhythm is None:
        return

    delay_s = rhythm.delay_s(now, usual_s=usual_s, at_most_s=at_most_s, chance=chance)

    assert 0 < delay_s <= max(usual_s, at_most_s)
    assert 0 < rhythm.length_s < PERIOD_S
    assert timedelta(0) <= rhythm.next_run(now) - now + timedelta(seconds=rhythm.length_s)
    assert rhythm.next_run(now) - now <= PERIOD


Noise = Callable[[random.Random], float]


@dataclass
class Week:
    """A tag that waits for a week, while runs of the job change it now and then.

    minute: when runs begin, from shift_day on shift_minutes later. noise: seconds that a run takes.
    """

    seed: int
    noise: Noise
    is_rhythmic: bool
    shift_day: float = 99
    shift_minutes: float = 0
    looks: int = 0
    delays: list[tuple[datetime, timedelta]] = field(default_factory=list)
    without_rhythm: list[datetime] = field(default_factory=list)

    def live(self) -> "Week":
        chance = random.Random(self.seed)
        coming = list(self._changes(random.Random(self.seed + 1)))
        now = last = anchor = MIDNIGHT
        seen: list[Change] = []
        while now < MIDNIGHT + timedelta(days=7):
            self.looks += 1
            if coming and coming[0] <= now:
                while coming and coming[0] <= now:
                    at = coming.pop(0)
                    self.delays.append((at, now - at))
                seen.append(Change(last, now))
                anchor = now
            last, now = now, self._next(now, anchor, seen, chance.random())
        return self

    def _next(self, now: datetime, anchor: datetime, seen: list[Change], chance: float) -> datetime:
        rhythm = learn_rhythm(seen, now=now) if self.is_rhythmic else None
        if rhythm is None:
            self.without_rhythm.append(now)
        return due(Observation(Status.PRESENT, now), rhythm, anchor=anchor, chance=chance)

    def _changes(self, dice: random.Random) -> Iterable[datetime]:
        begin = MIDNIGHT + timedelta(seconds=dice.random() * PERIOD_S)
        moments = []
        for number in range(7 * 8):
            at = begin + number * PERIOD
            if at - MIDNIGHT >= timedelta(days=self.shift_day):
                at += minutes(self.shift_minutes)
            at += timedelta(seconds=self.noise(dice))
            # Half of the runs have something new for the tag.
            if dice.random() < 0.5:
                moments.append(at)
        return sorted(moments)


def mean_delay(weeks: Iterable[Week]) -> timedelta:
    return timedelta(
        seconds=mean(delay.total_seconds() for week in weeks for _, delay in week.delays)
    )


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param(lambda _: 0.0, id="none"),
        pytest.param(lambda dice: dice.uniform(0, 480), id="up to 8 min"),
        pytest.param(lambda dice: abs(dice.gauss(0, 180)), id="about 3 min"),
        pytest.param(lambda dice: dice.expovariate(1 / 300), id="5 min with a long tail"),
    ],
)
def test_over_a_week_half_the_looks_tell_as_soon_as_all_of_them(noise: Noise) -> None:
    plain = [Week(seed, noise, is_rhythmic=False).live() for seed in range(5)]
    rhythmic = [Week(seed, noise, is_rhythmic=True).live() for seed in range(5)]

    assert sum(week.looks for week in rhythmic) <= sum(week.looks for week in plain) / 2
    assert mean_delay(rhythmic) <= minutes(2.6)
    assert mean_delay(rhythmic) <= mean_delay(plain) * 1.05


@pytest.mark.parametrize("shift", [40, 80, -60])
def test_a_rhythm_that_has_changed_is_given_up_within_a_day_and_learnt_anew(shift: float) -> None:
    def noise(dice: random.Random) -> float:
        return dice.uniform(0, 480)

    moved_at, day = MIDNIGHT + timedelta(days=3), timedelta(days=1)

    weeks = [
        Week(seed, noise, is_rhythmic=True, shift_day=3, shift_minutes=shift).live()
        for seed in range(5)
    ]

    for week in weeks:
        given_up = [now for now in week.without_rhythm if moved_at <= now < moved_at + day]
        week.delays = [pair for pair in week.delays if pair[0] >= moved_at + day]
        assert given_up, "looks went on by the old rhythm"
        assert week.without_rhythm[-1] < moved_at + 2 * day, "the new one was not learnt"
    assert mean_delay(weeks) <= minutes(2.6)


def test_without_changes_looks_go_on_at_the_usual_pace_after_a_day() -> None:
    rhythm = learnt(change(run(0)), change(run(1)))
    idle = rhythm.confirmed_at + RELIED_UPON + minutes(75)

    seen = Observation(Status.PRESENT, idle)

    assert due(seen, rhythm, anchor=run(0)) == due(seen, None, anchor=run(0))


@pytest.mark.parametrize(
    ("observation", "decision"),
    [
        pytest.param(Observation(Status.UNKNOWN, run(1, minute=60)), Decision(waiting=True)),
        pytest.param(Observation(Status.DENIED, run(1, minute=60)), Decision(waiting=True)),
        pytest.param(Observation(Status.PRESENT, run(1, minute=60)), Decision(waiting=False)),
        pytest.param(
            Observation(Status.PRESENT, run(1, minute=60)), Decision(waiting=True, doubted=True)
        ),
    ],
    ids=["unknown", "denied", "nothing missing", "doubted"],
)
def test_only_waiting_for_what_is_missing_follows_a_rhythm(
    observation: Observation, decision: Decision
) -> None:
    rhythm = learnt(change(run(0)), change(run(1)))

    with_rhythm = due(observation, rhythm, decision, anchor=run(0))

    assert with_rhythm == due(observation, None, decision, anchor=run(0))
