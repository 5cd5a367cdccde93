from dataclasses import replace
from datetime import timedelta

from bot.core.advice import Advice
from bot.core.alternatives import Alternative, Candidate, Offer
from bot.core.evidence import Evidence
from bot.core.message.english.endings import render_unlisted
from bot.core.message.neutral import Button
from bot.core.model import TERMINAL, Want, WantState, Watch, WatchId
from bot.core.reason import Freshness, Reason, ReasonCode
from bot.core.reference import parse_reference
from tests.support.decisions import AMD64, ARM64, NODE, NOW, S390X, present

SEVEN = WatchId(7)
WATCH = Watch(
    SEVEN,
    NODE,
    TERMINAL,
    (Want(SEVEN, AMD64, WantState.MET), Want(SEVEN, ARM64), Want(SEVEN, S390X)),
    ("U1",),
    NOW - timedelta(days=3),
)


def advice(*tags: str) -> Advice:
    """arm64 is there in these tags instead."""
    found = tuple(
        Alternative(
            Candidate(Offer.SAME_LINE, parse_reference(f"node:{tag}"), ARM64, "22.16"),
            Freshness.CURRENT,
            NOW,
        )
        for tag in tags
    )
    evidence = Evidence(NODE, ARM64, present(AMD64))
    return Advice(Reason(ReasonCode.UNLISTED, evidence), alternatives=found)


def test_a_watch_of_what_is_listed_no_longer_ends_with_what_works_instead() -> None:
    message = render_unlisted(WATCH, [advice("22-bullseye-slim")], now=NOW)

    assert message.headline == (
        "🛑 node:22.15-bullseye-slim is not built any more: "
        "no linux/arm64 or linux/s390x will come."
    )
    assert message.lines == (
        "docker-library does not list the tag any more, as mostly after a newer release.",
        "The watch has ended after 3 days (#7).",
        "Instead: node:22-bullseye-slim: the tag that moves on with its line, at present 22.16.",
    )
    assert message.code == ("docker pull --platform linux/arm64 node:22-bullseye-slim",)
    again = "/watch node:22.15-bullseye-slim arm64 s390x anyway"
    assert message.buttons == (Button("Watch anyway", again),)
    assert message.mentions == ("U1",)


def test_what_works_for_several_platforms_is_said_once_and_briefly() -> None:
    advices = [advice("1", "2"), advice("2", "3", "4")]

    message = render_unlisted(WATCH, advices, now=NOW)

    assert [line.split(":")[2] for line in message.lines[2:]] == ["1", "2", "3"]
    assert len(message.code) == 3


def test_what_the_configuration_watches_goes_on() -> None:
    message = render_unlisted(replace(WATCH, configured=(ARM64,)), [], now=NOW)

    assert message.lines[1:] == ("The configuration watches it all the same (#7).",)
    assert message.buttons == ()
