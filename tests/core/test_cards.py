"""A card is posted once, edited when platforms come, and followed by one message at the end."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.core.cards import decide_card, has_card
from bot.core.decide import decide
from bot.core.message.english.alerts import render_alert
from bot.core.model import Alert, AlertFacts, Decision, Event, Want, WantState
from tests.support.decisions import (
    AMD64,
    ARM64,
    NODE,
    NOW,
    ONE,
    S390X,
    kept,
    missing,
    once,
    present,
    unknown,
)


def fresh(*, standing: bool = False) -> list[Want]:
    return [
        Want(ONE, platform, WantState.UNSEEN, standing=standing, shown=())
        for platform in (AMD64, ARM64)
    ]


def told(decision: Decision) -> list[tuple[Event, int]]:
    return [(alert.event, alert.episode) for alert in decision.alerts]


def test_a_tag_is_told_when_it_is_first_seen() -> None:
    decision = decide(fresh(), present(AMD64))

    assert told(decision) == [(Event.OUT, 0)]
    assert {want.platform: want.state for want in decision.wants} == {
        AMD64: WantState.MET,
        ARM64: WantState.WAITING,
    }
    assert {want.shown for want in decision.wants} == {("amd64",)}
    assert decision.waiting


def test_a_platform_that_joins_the_watch_does_not_make_the_tag_new() -> None:
    first = decide(fresh(), present(AMD64))
    joined = Want(ONE, S390X, WantState.UNSEEN, standing=False)

    decision = decide([*first.wants, joined], present(AMD64, ARM64, S390X))

    assert [event for event, _ in told(decision)] == [Event.LANDED, Event.COMPLETE]


def test_a_tag_that_is_not_there_yet_is_waited_for_in_silence() -> None:
    assert decide(fresh(), missing()) == Decision(waiting=True)
    assert decide(fresh(), unknown()) == Decision(waiting=True)


def test_the_card_changes_with_what_is_there_and_only_then() -> None:
    first = decide(fresh(), present(AMD64))
    same = decide(first.wants, present(AMD64, build="b"))
    more = decide(first.wants, present(AMD64, S390X))

    assert told(same) == []
    assert told(more) == [(Event.LANDED, 1)]


def test_the_end_is_an_edit_and_a_message_of_its_own() -> None:
    first = decide(fresh(), present(AMD64))
    last = decide(first.wants, present(AMD64, ARM64))

    assert told(last) == [(Event.LANDED, 1), (Event.COMPLETE, 1)]
    assert last.finished == {ONE}


def test_what_is_complete_at_first_sight_is_one_message() -> None:
    decision = decide(fresh(), present(AMD64, ARM64))

    assert told(decision) == [(Event.OUT, 0)]
    assert decision.finished == {ONE}


def test_a_platform_that_has_come_stays_met_though_the_card_shows_that_it_went() -> None:
    first = decide(fresh(), present(AMD64))
    gone = decide(first.wants, present(S390X))

    assert told(gone) == [(Event.LANDED, 1)]
    assert [want.state for want in gone.wants] == [WantState.MET, WantState.WAITING]


def test_a_watch_that_stands_goes_on_as_any_other_after_its_card() -> None:
    whole = decide(fresh(standing=True), present(AMD64, ARM64))
    doubted = decide(whole.wants, present(AMD64))
    gone = decide([*doubted.wants, whole.wants[0]], present(AMD64))

    assert whole.finished == frozenset()
    assert not has_card(whole.wants)
    assert told(doubted) == []
    assert told(gone) == [(Event.GONE, 1)]


def test_who_joins_the_watch_of_a_card_is_shown_by_it() -> None:
    first = decide(fresh(), present(AMD64))
    joined = [*first.wants, once(S390X)]

    decision = decide(joined, present(AMD64, ARM64))
    assert told(decision) == [(Event.LANDED, 1)]
    assert {want.shown for want in decision.wants} == {("amd64", "arm64")}


def test_other_watches_have_no_card() -> None:
    assert not has_card([kept(), once()])


@given(st.lists(st.frozensets(st.sampled_from([AMD64, ARM64, S390X])), min_size=1, max_size=12))
def test_however_platforms_come_there_is_one_card_and_one_end(
    looks: list[frozenset[object]],
) -> None:
    wants, alerts = list(fresh()), list[Alert]()
    for number, platforms in enumerate(looks):
        seen = present(*platforms, build=chr(ord("a") + number))  # type: ignore[arg-type]
        now, owed = decide_card(ONE, wants, seen)
        wants = list(now)
        alerts.extend(owed)
        if not has_card(wants):
            break

    events = [alert.event for alert in alerts]
    assert events[0] is Event.OUT
    assert events.count(Event.OUT) == 1
    assert events.count(Event.COMPLETE) <= 1
    assert len(set(alerts)) == len(alerts), "each has a key of its own"


FACTS = AlertFacts(NODE, "sha256:1", ("amd64",), ("linux/arm64",), NOW, NOW)


def test_a_card_says_what_is_there_and_what_is_not_yet() -> None:
    message = render_alert(Alert(ONE, Event.OUT, None, 0), FACTS)

    assert message.headline == (
        "🆕 node:22.15-bullseye-slim is out: amd64 there, linux/arm64 not yet."
    )
    assert message.lines == ("You will be told when linux/arm64 can be pulled (#1).",)


def test_a_card_of_a_whole_tag_says_how_to_pull_it() -> None:
    message = render_alert(Alert(ONE, Event.LANDED, None, 3), replace(FACTS, missing=()))

    assert message.headline == "🆕 node:22.15-bullseye-slim is out: amd64 there."
    assert message.code == ("docker pull node:22.15-bullseye-slim",)
    assert message.buttons == ()


def test_a_card_without_any_platform_says_so() -> None:
    message = render_alert(Alert(ONE, Event.OUT, None, 0), replace(FACTS, there=()))

    assert "is out: nothing there yet, linux/arm64 not yet." in message.headline
