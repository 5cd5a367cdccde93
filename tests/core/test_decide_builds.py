from dataclasses import replace

import pytest

from bot.core.decide import decide
from bot.core.model import Alert, Decision, Entry, Event, WantState
from bot.core.platform import Platform
from tests.support.decisions import (
    AMD64,
    ARM64,
    ONE,
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
