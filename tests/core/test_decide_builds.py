from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.builds import MARGIN
from bot.core.decide import decide
from bot.core.model import Alert, Decision, Entry, Event, Want, WantState
from bot.core.platform import Platform
from tests.support.decisions import (
    AMD64,
    ARM64,
    NOW,
    ONE,
    S390X,
    Story,
    built,
    digest,
    kept,
    once,
    present,
)

OPTIONAL = frozenset({Event.REPLACED, Event.STALE})
WINDOWS = Platform("windows", "amd64")


def test_a_new_build_is_told_to_those_who_asked() -> None:
    story = Story(kept(tells=OPTIONAL))

    story.see(present(ARM64, build="b"), present(ARM64, build="c"))

    assert story.alerts == [
        Alert(ONE, Event.REPLACED, ARM64, 1),
        Alert(ONE, Event.REPLACED, ARM64, 2),
    ]


def test_a_new_build_is_noted_and_not_told_to_those_who_did_not_ask() -> None:
    decision = decide([kept()], present(ARM64, build="b"))

    assert decision == Decision(wants=(kept(digest=digest("b")),))


def test_a_new_build_of_a_watch_that_is_not_standing_is_nothing() -> None:
    met = replace(once(state=WantState.MET), digest=digest("a"), tells=OPTIONAL)

    assert decide([met], present(ARM64, build="b")) == Decision(finished=frozenset({ONE}))


def test_a_first_digest_is_not_a_new_build() -> None:
    decision = decide([kept(tells=OPTIONAL, digest=None)], present(ARM64))

    assert decision.alerts == ()


def test_a_new_build_found_after_a_doubt_is_told() -> None:
    story = Story(kept(tells=OPTIONAL))

    story.see(present(AMD64), present(ARM64, build="b"))

    assert story.told == [(Event.REPLACED, ARM64)]


FRESH_AMD64 = built("b", hours=5, revision="new")
OLD_ARM64 = built("a", hours=0, revision="old")
STALE = present(entries={AMD64: FRESH_AMD64, ARM64: OLD_ARM64})


def test_a_platform_left_behind_by_its_siblings_is_told_once_to_those_who_asked() -> None:
    story = Story(kept(tells=OPTIONAL))

    story.see(STALE, STALE)

    assert story.alerts == [Alert(ONE, Event.STALE, ARM64, 1)]


def test_a_platform_left_behind_is_not_told_to_those_who_did_not_ask() -> None:
    assert decide([kept()], STALE).alerts == ()


def test_a_platform_that_catches_up_can_be_left_behind_again() -> None:
    caught_up = present(entries={AMD64: FRESH_AMD64, ARM64: built("c", hours=6, revision="new")})
    behind_again = present(
        entries={
            AMD64: built("d", hours=30, revision="newer"),
            ARM64: built("c", hours=6, revision="new"),
        }
    )
    story = Story(kept(tells=frozenset({Event.STALE})))

    story.see(STALE, caught_up, behind_again)

    assert story.alerts == [
        Alert(ONE, Event.STALE, ARM64, 1),
        Alert(ONE, Event.STALE, ARM64, 2),
    ]


@pytest.mark.parametrize(
    ("state", "event"),
    [(WantState.WAITING, Event.APPEARED), (WantState.GONE, Event.BACK)],
    ids=["appears", "is back"],
)
def test_an_old_build_that_comes_is_told_with_its_coming(state: WantState, event: Event) -> None:
    story = Story(kept(state=state, tells=OPTIONAL))

    story.see(STALE, STALE)

    assert story.told == [(event, ARM64), (Event.STALE, ARM64)]


def test_a_new_build_that_is_behind_already_is_told_as_both() -> None:
    story = Story(kept(tells=OPTIONAL, digest=digest("0")))

    story.see(STALE)

    assert story.alerts == [
        Alert(ONE, Event.REPLACED, ARM64, 1),
        Alert(ONE, Event.STALE, ARM64, 1),
    ]


@pytest.mark.parametrize(
    ("own", "platform", "sibling"),
    [
        pytest.param(OLD_ARM64, AMD64, built("b", hours=5, revision="old"), id="same revision"),
        pytest.param(OLD_ARM64, AMD64, built("b", hours=-5, revision="new"), id="older sibling"),
        pytest.param(OLD_ARM64, AMD64, built("b", hours=5, revision=None), id="unknown revision"),
        pytest.param(OLD_ARM64, AMD64, built("b", hours=99, revision="old"), id="same, much later"),
        pytest.param(OLD_ARM64, AMD64, Entry(digest("b"), True, None, "new"), id="unknown time"),
        pytest.param(OLD_ARM64, WINDOWS, FRESH_AMD64, id="another operating system"),
        pytest.param(built("a", hours=0, revision=None), AMD64, FRESH_AMD64, id="own revision"),
        pytest.param(Entry(digest("a"), True, None, "old"), AMD64, FRESH_AMD64, id="own time"),
    ],
)
def test_nothing_is_called_old_without_proof(
    own: Entry, platform: Platform, sibling: Entry
) -> None:
    observation = present(entries={platform: sibling, ARM64: own})

    assert decide([kept(tells=OPTIONAL)], observation).alerts == ()


# -- where only the times of building are known ---------------------------------------------------

DAY_H = MARGIN.total_seconds() / 3600
ROUND_ONE = present(
    entries={
        AMD64: built("1", hours=0, revision=None),
        ARM64: built("a", hours=-DAY_H / 2, revision=None),
    }
)
MOVED_ON = present(
    entries={
        AMD64: built("2", hours=DAY_H, revision=None),
        ARM64: built("a", hours=-DAY_H / 2, revision=None),
    }
)
CAUGHT_UP = present(
    entries={
        AMD64: built("2", hours=DAY_H, revision=None),
        ARM64: built("b", hours=DAY_H + 3, revision=None),
    }
)


def test_without_revisions_a_sibling_that_moves_on_by_more_than_the_margin_is_told_once() -> None:
    story = Story(kept(tells=OPTIONAL))

    story.see(ROUND_ONE, MOVED_ON, MOVED_ON)

    assert story.alerts == [Alert(ONE, Event.STALE, ARM64, 1)]


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        pytest.param(3, [], id="a round of builds"),
        pytest.param(DAY_H, [], id="the margin itself"),
        pytest.param(DAY_H + 0.01, [Event.STALE], id="more than the margin"),
    ],
)
def test_builds_of_one_round_differ_by_the_margin_at_most(hours: float, told: list[Event]) -> None:
    own, sibling = (
        built("a", hours=0, revision=None),
        built("b", hours=hours, revision="only this one says"),
    )
    observation = present(entries={AMD64: sibling, ARM64: own})

    alerts = decide([kept(tells=OPTIONAL)], observation).alerts

    assert [alert.event for alert in alerts] == told


@pytest.mark.parametrize(
    "want",
    [
        pytest.param(kept(state=WantState.UNSEEN, tells=OPTIONAL), id="first look"),
        pytest.param(kept(state=WantState.WAITING, digest=None, tells=OPTIONAL), id="it comes"),
        pytest.param(kept(digest=digest("9"), tells=OPTIONAL), id="it is built anew"),
        pytest.param(kept(stale=True, tells=OPTIONAL), id="it was behind before"),
        pytest.param(
            kept(state=WantState.GONE, stale=True, tells=OPTIONAL), id="it is back as it was"
        ),
    ],
)
def test_what_only_the_time_calls_old_is_noted_in_silence_at_first(want: Want) -> None:
    story = Story(want)

    story.see(MOVED_ON, MOVED_ON)

    assert Event.STALE not in [event for event, _ in story.told]
    assert [want.stale for want in story.wants.values()] == [True]


def test_a_build_that_is_back_and_has_been_left_behind_since_is_told() -> None:
    story = Story(kept(state=WantState.GONE, tells=OPTIONAL))

    story.see(MOVED_ON)

    assert story.told == [(Event.BACK, ARM64), (Event.STALE, ARM64)]


def test_what_has_caught_up_can_be_left_behind_by_the_time_again() -> None:
    behind_again = present(
        entries={
            AMD64: built("3", hours=4 * DAY_H, revision=None),
            ARM64: built("b", hours=DAY_H + 3, revision=None),
        }
    )
    story = Story(kept(tells=frozenset({Event.STALE})))

    story.see(ROUND_ONE, MOVED_ON, CAUGHT_UP, behind_again, behind_again)

    assert story.alerts == [
        Alert(ONE, Event.STALE, ARM64, 1),
        Alert(ONE, Event.STALE, ARM64, 2),
    ]


@pytest.mark.parametrize("revisions", [(None, None), ("old", "new")], ids=["time", "revision"])
@pytest.mark.parametrize(
    "no_time",
    [
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), id="zero"),
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), id="1970"),
        pytest.param(datetime(1980, 1, 1, 0, 0, 1, tzinfo=UTC), id="1980"),
    ],
)
def test_the_times_of_reproducible_builds_prove_nothing(
    no_time: datetime, revisions: tuple[str | None, str | None]
) -> None:
    own, sibling = revisions
    reproducible = Entry(digest("a"), True, no_time, own)
    observation = present(
        entries={AMD64: Entry(digest("b"), True, NOW, sibling), ARM64: reproducible}
    )
    beside_one = present(
        entries={
            AMD64: replace(reproducible, digest=digest("b")),
            ARM64: Entry(digest("a"), True, NOW - timedelta(days=99), sibling),
        }
    )
    story = Story(kept(tells=OPTIONAL))

    story.see(observation, beside_one)

    assert story.told == []


def test_a_revision_proves_more_than_a_time() -> None:
    both = present(
        entries={
            AMD64: built("b", hours=99, revision=None),
            S390X: built("c", hours=1, revision="new"),
            ARM64: built("a", hours=0, revision="old"),
        }
    )

    [alert] = decide([kept(digest=None, tells=OPTIONAL)], both).alerts

    assert alert.event is Event.STALE
