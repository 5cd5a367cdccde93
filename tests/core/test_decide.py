from dataclasses import replace

import pytest

from bot.core.decide import decide
from bot.core.model import (
    Alert,
    Decision,
    Entry,
    Event,
    Observation,
    WantState,
)
from bot.core.platform import Platform
from tests.support.decisions import (
    AMD64,
    ARM64,
    ARMV7,
    ONE,
    S390X,
    TWO,
    Story,
    denied,
    digest,
    kept,
    missing,
    once,
    present,
    unknown,
)

# -- a platform appears ---------------------------------------------------------------------------


def test_a_platform_that_is_not_there_is_waited_for() -> None:
    assert decide([once()], present(AMD64)) == Decision(waiting=True)


def test_a_tag_that_is_not_there_is_waited_for() -> None:
    assert decide([once()], missing()) == Decision(waiting=True)


def test_a_platform_that_is_there_is_told_and_ends_the_watch() -> None:
    decision = decide([once()], present(AMD64, ARM64))

    assert decision == Decision(
        wants=(replace(once(), state=WantState.MET, digest=digest("a")),),
        alerts=(Alert(ONE, Event.APPEARED, ARM64, 0),),
        finished=frozenset({ONE}),
    )


def test_a_standing_watch_goes_on_when_its_platform_has_come() -> None:
    decision = decide([kept(state=WantState.WAITING)], present(ARM64))

    assert decision.alerts == (Alert(ONE, Event.APPEARED, ARM64, 0),)
    assert decision.finished == frozenset()


@pytest.mark.parametrize("reachable", [False, None], ids=["answers 404", "not asked"])
def test_a_platform_whose_manifest_is_not_served_is_not_there(reachable: bool | None) -> None:
    observation = present(entries={ARM64: Entry(digest("a"), reachable)})

    assert decide([once()], observation) == Decision(waiting=True)


def test_another_variant_is_not_the_platform() -> None:
    observation = present(Platform("linux", "arm64", "v9"), Platform("linux", "arm", "v6"))

    assert decide([once(ARM64), once(ARMV7)], observation).alerts == ()


def test_everybody_who_wants_it_is_told() -> None:
    wants = [once(), replace(kept(state=WantState.WAITING), watch=TWO)]

    decision = decide(wants, present(ARM64))

    assert [alert.watch for alert in decision.alerts] == [ONE, TWO]
    assert decision.finished == {ONE}


def test_a_want_that_comes_late_is_met_by_an_observation_nobody_finds_new() -> None:
    seen = present(ARM64)
    story = Story(once())
    story.see(seen)

    decision = decide([replace(once(), watch=TWO)], seen)

    assert decision.alerts == (Alert(TWO, Event.APPEARED, ARM64, 0),)


# -- several platforms ----------------------------------------------------------------------------


def test_the_last_platform_of_several_completes_the_watch() -> None:
    story = Story(once(ARM64), once(ARMV7))

    first = story.see(present(AMD64, ARM64))
    last = story.see(present(AMD64, ARM64, ARMV7))

    assert story.told == [
        (Event.APPEARED, ARM64),
        (Event.APPEARED, ARMV7),
        (Event.COMPLETE, None),
    ]
    assert first.finished == frozenset()
    assert first.waiting
    assert last.finished == {ONE}
    assert not last.waiting


def test_a_watch_of_one_platform_is_not_told_to_be_complete() -> None:
    assert Event.COMPLETE not in {alert.event for alert in decide([once()], present(ARM64)).alerts}


def test_a_watch_ends_without_being_called_complete_when_an_earlier_platform_has_left() -> None:
    story = Story(once(ARM64), once(ARMV7))

    decision = story.see(present(ARM64), present(ARMV7))

    assert story.told == [(Event.APPEARED, ARM64), (Event.APPEARED, ARMV7)]
    assert decision.finished == {ONE}


def test_a_platform_that_joins_a_complete_watch_completes_it_anew() -> None:
    story = Story(kept(ARM64, WantState.WAITING), kept(ARMV7, WantState.WAITING))
    story.see(present(ARM64, ARMV7))
    story.wants[ONE, S390X] = kept(S390X, WantState.WAITING)

    story.see(present(ARM64, ARMV7), present(ARM64, ARMV7, S390X))

    complete = [alert for alert in story.alerts if alert.event is Event.COMPLETE]
    assert len(set(complete)) == len(complete) == 2


def test_what_came_while_another_was_doubted_completes_the_watch_when_the_doubt_was_wrong() -> None:
    story = Story(kept(ARM64), kept(ARMV7, WantState.WAITING))

    story.see(present(ARMV7), present(ARM64, ARMV7))

    assert story.told == [(Event.APPEARED, ARMV7), (Event.COMPLETE, None)]


def test_what_came_while_another_was_gone_completes_the_watch_when_that_is_back() -> None:
    story = Story(kept(ARM64, WantState.GONE, episode=1), kept(ARMV7, WantState.WAITING))

    story.see(present(ARMV7), present(ARM64, ARMV7))

    assert story.told == [
        (Event.APPEARED, ARMV7),
        (Event.BACK, ARM64),
        (Event.COMPLETE, None),
    ]


def test_what_came_and_went_before_the_last_one_came_still_completes_the_watch() -> None:
    story = Story(kept(ARM64, WantState.WAITING), kept(ARMV7, WantState.WAITING))

    story.see(present(ARM64), *[present(ARMV7)] * 2, present(ARM64, ARMV7))

    assert story.told[-2:] == [(Event.BACK, ARM64), (Event.COMPLETE, None)]


def test_a_watch_that_nothing_came_to_is_never_called_complete() -> None:
    story = Story(kept(ARM64), kept(ARMV7))

    story.see(present(ARM64), present(ARM64, ARMV7), *[present(ARM64)] * 2, present(ARM64, ARMV7))

    assert Event.COMPLETE not in {event for event, _ in story.told}


def test_what_was_there_when_it_joined_completes_nothing() -> None:
    story = Story(kept(ARM64, WantState.WAITING))
    story.see(present(ARM64, ARMV7))
    story.wants[ONE, ARMV7] = kept(ARMV7)

    story.see(present(ARM64, ARMV7))

    assert story.told == [(Event.APPEARED, ARM64)]


# -- a platform goes ------------------------------------------------------------------------------


def test_what_a_watch_that_is_not_standing_has_met_stays_met() -> None:
    met = once(state=WantState.MET)

    decision = decide([met, once(ARMV7)], missing())

    assert decision == Decision(waiting=True)


def test_one_look_without_a_platform_is_a_doubt_and_no_alert() -> None:
    decision = decide([kept()], present(AMD64))

    assert decision == Decision(wants=(kept(state=WantState.DOUBTED),), doubted=True)


def test_the_second_look_without_it_tells_that_it_has_gone() -> None:
    story = Story(kept())

    decision = story.see(present(AMD64), present(AMD64))

    assert story.alerts == [Alert(ONE, Event.GONE, ARM64, 1)]
    assert decision.waiting
    assert not decision.doubted


def test_a_platform_that_is_listed_and_not_served_any_more_has_gone() -> None:
    lost = present(entries={ARM64: Entry(digest("a"), reachable=False)})
    story = Story(kept())

    story.see(lost, lost)

    assert story.told == [(Event.GONE, ARM64)]


def test_a_doubt_that_was_wrong_is_never_told() -> None:
    story = Story(kept())

    decision = story.see(present(AMD64), present(AMD64, ARM64))

    assert story.alerts == []
    assert story.states == [WantState.MET]
    assert decision == Decision(wants=(kept(),))


def test_what_has_gone_is_told_when_it_is_back_and_again_the_next_time() -> None:
    story = Story(kept())

    story.see(*[present(AMD64), present(AMD64), present(ARM64)] * 2)

    assert story.alerts == [
        Alert(ONE, Event.GONE, ARM64, 1),
        Alert(ONE, Event.BACK, ARM64, 1),
        Alert(ONE, Event.GONE, ARM64, 2),
        Alert(ONE, Event.BACK, ARM64, 2),
    ]


@pytest.mark.parametrize("unclear", [unknown(), denied()], ids=["unknown", "denied"])
def test_an_unclear_look_neither_confirms_nor_ends_a_doubt(unclear: Observation) -> None:
    story = Story(kept())
    story.see(present(AMD64))

    between = story.see(unclear)
    story.see(present(AMD64))

    assert between == Decision(doubted=True)
    assert story.told == [(Event.GONE, ARM64)]


# -- the whole tag goes ---------------------------------------------------------------------------


def test_a_vanished_tag_is_told_once_a_watch() -> None:
    story = Story(kept(ARM64), kept(ARMV7), replace(kept(ARM64), watch=TWO))

    story.see(missing(), missing(), missing())

    assert [(alert.watch, alert.event) for alert in story.alerts] == [
        (ONE, Event.TAG_GONE),
        (TWO, Event.TAG_GONE),
    ]
    assert all(alert.platform is None for alert in story.alerts)


def test_a_tag_that_is_back_is_told_by_its_platforms() -> None:
    story = Story(kept(ARM64), kept(ARMV7))
    story.see(missing(), missing())
    story.alerts.clear()

    story.see(present(ARM64, ARMV7))

    assert sorted(story.told, key=str) == sorted(
        [(Event.BACK, ARM64), (Event.BACK, ARMV7)], key=str
    )


def test_a_tag_seen_missing_but_once_is_not_told_to_be_gone_twice() -> None:
    story = Story(kept(ARM64), kept(ARMV7))

    story.see(present(ARMV7), missing(), missing())

    assert story.told == [(Event.GONE, ARM64), (Event.TAG_GONE, None)]


def test_a_tag_that_vanishes_again_with_other_platforms_is_another_alert() -> None:
    story = Story(kept(ARM64), kept(ARMV7, WantState.WAITING))

    story.see(missing(), missing(), present(ARMV7), missing(), missing())

    gone = [alert for alert in story.alerts if alert.event is Event.TAG_GONE]
    assert len(set(gone)) == len(gone) == 2


def test_a_tag_that_never_was_is_not_told_to_be_gone() -> None:
    story = Story(kept(state=WantState.WAITING))

    story.see(missing(), missing(), missing())

    assert story.alerts == []
