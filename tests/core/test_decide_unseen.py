"""What is there when somebody first looks is no news; what comes later is."""

from dataclasses import replace

from bot.core.decide import decide
from bot.core.model import MISSING, Alert, Decision, Event, WantState
from tests.support.decisions import AMD64, ARM64, ONE, kept, missing, once, present, unknown


def test_what_is_there_at_first_sight_is_not_told() -> None:
    decision = decide([kept(state=WantState.UNSEEN)], present(AMD64, ARM64))

    assert decision.alerts == ()
    assert [want.state for want in decision.wants] == [WantState.MET]
    assert not decision.waiting


def test_what_is_missing_at_first_sight_is_waited_for_and_told_when_it_comes() -> None:
    first = decide([kept(state=WantState.UNSEEN)], present(AMD64))
    second = decide(first.wants, present(AMD64, ARM64))

    assert first.alerts == ()
    assert first.waiting
    assert second.alerts == (Alert(ONE, Event.APPEARED, ARM64, 0),)


def test_a_tag_that_is_missing_at_first_sight_is_waited_for() -> None:
    decision = decide([kept(state=WantState.UNSEEN)], missing())

    assert decision.alerts == ()
    assert [want.state for want in decision.wants] == [WantState.WAITING]


def test_what_goes_after_the_first_sight_is_told() -> None:
    seen = decide([kept(state=WantState.UNSEEN)], present(AMD64, ARM64))
    doubted = decide(seen.wants, present(AMD64))
    gone = decide(doubted.wants, present(AMD64))

    assert doubted.alerts == ()
    assert gone.alerts == (Alert(ONE, Event.GONE, ARM64, 1),)


def test_an_unclear_look_is_no_first_sight() -> None:
    assert decide([kept(state=WantState.UNSEEN)], unknown()) == Decision(waiting=True)


def test_a_watch_that_does_not_stand_ends_at_first_sight_without_a_word() -> None:
    decision = decide([replace(once(), state=WantState.UNSEEN)], present(ARM64))

    assert decision.alerts == ()
    assert decision.finished == frozenset({ONE})


def test_nobody_knows_yet_whether_an_unseen_platform_is_missing() -> None:
    assert WantState.UNSEEN in MISSING
