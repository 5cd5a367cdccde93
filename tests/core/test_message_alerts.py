from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.message.english.alerts import (
    MOST_IN_FULL,
    SENT_AGAIN,
    marked_as_repeated,
    render_alert,
    render_alerts,
    render_expired,
    render_place_closed,
    told_directly,
)
from bot.core.message.neutral import Button, Message
from bot.core.model import TERMINAL, Alert, AlertFacts, Event, Want, WantState, Watch, WatchId
from bot.core.platform import Platform
from bot.core.reference import parse_reference
from tests.support.decisions import (
    AMD64,
    ARM64,
    ARMV7,
    NODE,
    NOW,
    S390X,
    digest,
    missing,
    present,
)

SEVEN = WatchId(7)
FACTS = AlertFacts(
    NODE, digest("a"), ("amd64", "arm64"), ("riscv64",), NOW, NOW - timedelta(hours=3, minutes=41)
)
WHOLE_WATCH = {Event.COMPLETE, Event.TAG_GONE, Event.OUT, Event.LANDED}
PULL = ("docker pull --platform linux/arm64 node:22.15-bullseye-slim",)
STOP = (Button("Stop", "/unwatch #7"),)


def alert(event: Event, platform: Platform | None = ARM64) -> Alert:
    return Alert(SEVEN, event, None if event in WHOLE_WATCH else platform, 1)


def test_what_is_built_names_the_tag_that_works_now() -> None:
    message = render_alert(alert(Event.BUILT), FACTS)

    assert message.headline == "🔨 linux/arm64 is built: node:22.15-bullseye-slim"
    assert message.lines == (
        "This works now. node:22.15-bullseye-slim itself gets it within about 3 h, and you will be "
        "told (#7).",
    )
    assert message.code == ("docker pull arm64v8/node:22.15-bullseye-slim",)
    assert message.buttons == STOP


def test_what_is_built_nowhere_known_names_no_tag() -> None:
    facts = replace(FACTS, reference=parse_reference("ghcr.io/acme/app:1"))

    assert render_alert(alert(Event.BUILT), facts).code == ()


def test_the_alert_people_wait_for() -> None:
    message = render_alert(alert(Event.APPEARED), FACTS)

    assert message.headline == "✅ linux/arm64 is there: node:22.15-bullseye-slim"
    assert message.lines == (
        "Digest sha256:aaaaaaaaaaaa… · waited 3 h 41 min · there now: amd64 and arm64 · "
        "still missing: riscv64 (#7)",
    )
    assert message.code == PULL


@pytest.mark.parametrize(
    ("event", "headline"),
    [
        (Event.BACK, "✅ linux/arm64 is back: node:22.15-bullseye-slim"),
        (Event.REPLACED, "🔁 linux/arm64 was built anew: node:22.15-bullseye-slim"),
    ],
    ids=["back", "replaced"],
)
def test_what_can_be_pulled_again_comes_with_the_command(event: Event, headline: str) -> None:
    message = render_alert(alert(event), replace(FACTS, missing=()))

    assert message.headline == headline
    assert message.lines == ("Digest sha256:aaaaaaaaaaaa… · there now: amd64 and arm64 (#7)",)
    assert message.code == PULL


def test_an_alert_without_a_digest_is_a_whole_sentence() -> None:
    message = render_alert(alert(Event.BACK), replace(FACTS, digest=None, missing=()))

    assert message.lines == ("There now: amd64 and arm64 (#7)",)


@pytest.mark.parametrize(
    ("event", "headline", "lines"),
    [
        pytest.param(
            Event.COMPLETE,
            "🎉 node:22.15-bullseye-slim has every platform you waited for (#7).",
            (),
            id="complete",
        ),
        pytest.param(
            Event.GONE,
            "⚠️ node:22.15-bullseye-slim has lost linux/arm64.",
            ("There now: amd64 and arm64. You will be told when it is back (#7).",),
            id="gone",
        ),
        pytest.param(
            Event.STALE,
            "⚠️ node:22.15-bullseye-slim: linux/arm64 is an older build than the other platforms.",
            (
                "There now: amd64 and arm64. "
                "The newer build of linux/arm64 may still be on its way (#7).",
            ),
            id="stale",
        ),
        pytest.param(
            Event.TAG_GONE,
            "⚠️ node:22.15-bullseye-slim is gone: docker.io has no such tag any more.",
            ("You will be told when it is back (#7).",),
            id="tag gone",
        ),
    ],
)
def test_other_news(event: Event, headline: str, lines: tuple[str, ...]) -> None:
    message = render_alert(alert(event), FACTS)

    assert message.headline == headline
    assert message.lines == lines
    assert message.code == ()
    assert message.buttons == (() if event is Event.COMPLETE else STOP)


@pytest.mark.parametrize("event", Event, ids=lambda event: event.value)
def test_every_event_names_its_image_in_the_headline_and_its_watch(event: Event) -> None:
    message = render_alert(alert(event), AlertFacts(NODE, None, (), (), NOW, NOW))

    text = "\n".join((message.headline, *message.lines))
    assert "node:22.15-bullseye-slim" in message.headline
    assert "#7" in text
    assert "None" not in text
    if event not in WHOLE_WATCH:
        assert "linux/arm64" in message.headline


def test_one_alert_mentions_its_people() -> None:
    message = render_alerts([(alert(Event.GONE), FACTS)], people=["U1", "U2"])

    assert message == replace(render_alert(alert(Event.GONE), FACTS), mentions=("U1", "U2"))


def test_alerts_that_ride_together_keep_their_headlines_and_each_command_once() -> None:
    owed = [
        (alert(Event.APPEARED), FACTS),
        (alert(Event.APPEARED, ARMV7), FACTS),
        (alert(Event.APPEARED), FACTS),
        (alert(Event.COMPLETE), FACTS),
    ]

    message = render_alerts(owed, people=["U1"])

    parts = [render_alert(*one) for one in owed]
    assert message.headline == parts[0].headline
    assert message.lines == (
        *parts[0].lines,
        *(line for part in parts[1:] for line in (part.headline, *part.lines)),
    )
    assert message.code == (
        *PULL,
        "docker pull --platform linux/arm/v7 node:22.15-bullseye-slim",
    )
    assert message.mentions == ("U1",)


# -- the end of a watch ---------------------------------------------------------------------------


def expired(*states: WantState) -> Watch:
    platforms = (ARM64, ARMV7)
    return Watch(
        SEVEN,
        NODE,
        TERMINAL,
        tuple(Want(SEVEN, p, state) for p, state in zip(platforms, states, strict=False)),
        ("U1",),
        NOW - timedelta(days=7),
        observation=present(AMD64, S390X),
    )


def test_a_watch_that_gives_up_says_what_never_came_and_how_to_go_on() -> None:
    message = render_expired(expired(WantState.WAITING, WantState.GONE), now=NOW)

    again = "/watch node:22.15-bullseye-slim arm64 arm/v7"
    assert message.headline == (
        "⏳ 7 days and no linux/arm64 or linux/arm/v7 for node:22.15-bullseye-slim (#7). Stopped."
    )
    assert message.lines == ("Last seen: amd64 and s390x.", f"To go on: {again}")
    assert message.buttons == (Button("Watch again", again),)
    assert message.mentions == ("U1",)


def test_what_has_come_is_not_among_what_never_came() -> None:
    message = render_expired(expired(WantState.WAITING, WantState.MET), now=NOW)

    assert message.headline.startswith("⏳ 7 days and no linux/arm64 for ")


def test_a_watch_that_gives_up_on_a_tag_says_that_it_never_was() -> None:
    message = render_expired(replace(expired(WantState.WAITING), observation=missing()), now=NOW)

    assert message.lines[0] == "Last seen: no such tag."


def test_a_watch_that_never_saw_anything_says_so() -> None:
    message = render_expired(replace(expired(WantState.WAITING), observation=None), now=NOW)

    assert message.lines[0] == "The registry never gave a clear answer."


def test_a_watch_that_ends_while_all_is_there_has_not_failed() -> None:
    message = render_expired(expired(WantState.MET), now=NOW)

    again = "/watch node:22.15-bullseye-slim arm64 keep"
    assert message.headline == ("⏳ The watch of node:22.15-bullseye-slim ended after 7 days (#7).")
    assert message.lines == (f"To go on: {again}",)
    assert message.buttons == (Button("Watch again", again),)
    assert message.mentions == ("U1",)


# -- delivery -------------------------------------------------------------------------------------


def test_a_closed_place_is_told_with_what_becomes_of_its_messages() -> None:
    message = render_place_closed("slack:C0123", "not invited")

    assert message.headline == "⚠️ I cannot post to slack:C0123: not invited."
    assert message.lines == ("Its messages are kept, and sent once I can post there again.",)


def test_alerts_are_told_as_data_too_also_when_they_are_sent_again() -> None:
    appeared = (alert(Event.APPEARED), FACTS)
    gone = (alert(Event.TAG_GONE), FACTS)

    message = render_alerts([appeared, gone], people=["U1"])

    assert [(news.event, news.platform) for news in message.news] == [
        ("appeared", "linux/arm64"),
        ("tag_gone", None),
    ]
    assert {(news.image, news.watch) for news in message.news} == {(FACTS.reference.familiar, 7)}
    assert marked_as_repeated(message).news == message.news


def test_a_message_sent_again_says_so_and_is_the_same_otherwise() -> None:
    message = render_alerts([(alert(Event.GONE), FACTS)], people=["U1"])

    assert marked_as_repeated(message) == replace(message, lines=(*message.lines, SENT_AGAIN))
    assert SENT_AGAIN == "(sent again: no answer the first time)"


def test_a_pile_of_alerts_is_told_in_a_line_each() -> None:
    owed = [(alert(Event.APPEARED), FACTS)] * MOST_IN_FULL
    in_full = render_alerts(owed, people=())

    pile = render_alerts([*owed, (alert(Event.COMPLETE), FACTS)], people=("U1",))

    appeared = "✅ linux/arm64 is there: node:22.15-bullseye-slim"
    assert in_full.code == PULL
    assert pile.headline == f"{appeared}, and {MOST_IN_FULL} more alerts"
    assert pile.lines == (
        *[f"{appeared} (#7)"] * MOST_IN_FULL,
        "🎉 node:22.15-bullseye-slim has every platform you waited for (#7).",
    )
    assert (pile.code, pile.buttons, pile.mentions) == ((), (), ("U1",))


def test_a_message_for_one_alone_says_why_and_has_no_button_that_means_nothing_there() -> None:
    message = Message("x", ("line",), ("code",), (*STOP, Button("Check", "/check a:1")), ("U1",))

    assert told_directly(message, "slack:C1", "not invited") == Message(
        "x",
        ("line", "(told to you alone, because I cannot post to slack:C1: not invited)"),
        ("code",),
        (Button("Check", "/check a:1"),),
    )
