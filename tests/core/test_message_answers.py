from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.advice import Advice
from bot.core.errors import TroubleKind
from bot.core.evidence import Evidence
from bot.core.message.english.answers import (
    render_cannot_watch,
    render_joined,
    render_watching,
)
from bot.core.message.english.checks import render_already_there, render_check
from bot.core.message.neutral import Button
from bot.core.model import TERMINAL, Entry, Observation, Trouble, Want, WantState, Watch, WatchId
from bot.core.platform import Platform
from bot.core.reason import Freshness, Reason, ReasonCode
from bot.core.reference import parse_reference
from tests.support.decisions import (
    AMD64,
    ARM64,
    ARMV7,
    NODE,
    NOW,
    S390X,
    denied,
    digest,
    missing,
    present,
    unknown,
)

SHORT = parse_reference("node:22")
SEEN = present(AMD64, S390X)
CHECK_NOW = Button("Check now", "/check node:22.15-bullseye-slim")
WHY = Button("Why missing?", "/why #7")
STOP = Button("Stop", "/unwatch #7")
FOR_A_WEEK = (
    "I look often at first, less often later, and give up after 7 days. You will be told here."
)


def watch(*platforms: Platform, state: WantState = WantState.WAITING, number: int = 7) -> Watch:
    number = WatchId(number)
    wants = tuple(Want(number, platform, state) for platform in platforms or (ARM64,))
    return Watch(
        number,
        NODE,
        TERMINAL,
        wants,
        ("U1",),
        NOW - timedelta(hours=3),
        expires_at=NOW + timedelta(days=7),
    )


# -- watching -------------------------------------------------------------------------------------


def test_a_new_watch_says_what_is_there_what_is_missing_and_how_it_goes_on() -> None:
    message = render_watching(watch(), seen=SEEN, now=NOW)

    assert message.headline == "👀 Watching node:22.15-bullseye-slim for linux/arm64 (#7)."
    assert message.lines == ("The registry has: amd64 and s390x. Missing: arm64.", FOR_A_WEEK)
    assert message.buttons == (CHECK_NOW, WHY, STOP)


def test_a_watch_without_an_end_does_not_give_up() -> None:
    endless = replace(watch(), expires_at=None)

    message = render_watching(endless, seen=SEEN, now=NOW)

    assert message.lines[-1] == "I look often at first, less often later. You will be told here."


def test_only_what_is_missing_is_said_to_be_waited_for() -> None:
    wants = (Want(WatchId(7), AMD64, WantState.MET), Want(WatchId(7), ARM64))

    message = render_watching(replace(watch(), wants=wants), seen=SEEN, now=NOW)

    assert message.headline == "👀 Watching node:22.15-bullseye-slim for linux/arm64 (#7)."


def test_a_watch_of_a_tag_that_does_not_exist_says_so() -> None:
    message = render_watching(watch(), seen=missing(), now=NOW)

    assert message.lines == (
        "docker.io has no tag node:22.15-bullseye-slim yet: check the spelling.",
        "If it is right, you will be told when it comes.",
        FOR_A_WEEK,
    )


def test_a_watch_that_could_not_look_yet_says_why() -> None:
    message = render_watching(watch(), seen=unknown(), now=NOW)

    assert message.lines == (
        "I could not look just now: docker.io cannot be reached from here: "
        "check its name and this machine's network.",
        "I go on trying.",
        FOR_A_WEEK,
    )


@pytest.mark.parametrize(
    ("platforms", "line"),
    [
        pytest.param(
            (ARM64,),
            "linux/arm64 is listed, but the registry does not serve its manifest yet.",
            id="one",
        ),
        pytest.param(
            (ARM64, ARMV7),
            "linux/arm64 and linux/arm/v7 are listed, "
            "but the registry does not serve their manifests yet.",
            id="two",
        ),
    ],
)
def test_what_is_listed_and_not_served_is_explained(
    platforms: tuple[Platform, ...], line: str
) -> None:
    seen = present(AMD64, entries={platform: Entry(digest("a"), False) for platform in platforms})

    message = render_watching(watch(*platforms), seen=seen, now=NOW)

    assert message.lines[1] == line


def test_a_standing_watch_of_what_is_there_says_what_it_is_for() -> None:
    standing = watch(ARM64, ARMV7, state=WantState.MET)

    message = render_watching(standing, seen=present(AMD64, ARM64, ARMV7), now=NOW)

    assert message.headline == (
        "👀 Keeping an eye on node:22.15-bullseye-slim for linux/arm64 and linux/arm/v7 (#7)."
    )
    assert message.lines == (
        "Nothing is missing. There now: amd64, arm64 and arm/v7.",
        "You will be told here when it goes and when it comes back.",
    )
    assert message.buttons == (CHECK_NOW, STOP)


@pytest.mark.parametrize("joined", [True, False], ids=["joined", "the same person"])
def test_who_asks_for_what_is_watched_already_is_told_since_when(joined: bool) -> None:
    message = render_joined(watch(), seen=SEEN, joined=joined, now=NOW)

    added = ("You are added to its alerts.",) if joined else ()
    assert message.headline == (
        "👀 Already watching node:22.15-bullseye-slim here: #7 for linux/arm64, since 09:00 UTC."
    )
    assert message.lines == (
        *added,
        "The registry has: amd64 and s390x. Missing: arm64.",
        FOR_A_WEEK,
    )


@pytest.mark.parametrize(
    ("expires_at", "kept"),
    [
        pytest.param(None, "This watch is kept: ", id="without an end"),
        pytest.param(NOW + timedelta(days=3), "This watch is kept for 3 days: ", id="for a while"),
    ],
)
def test_who_joins_a_standing_watch_is_told_that_it_is_kept(
    expires_at: datetime | None, kept: str
) -> None:
    standing = replace(watch(), standing=True, expires_at=expires_at)

    message = render_joined(standing, seen=SEEN, joined=True, now=NOW)

    assert message.lines[-1] == f"{kept}you will be told here of what comes, goes and is back."


def test_what_has_just_come_is_not_said_to_be_missing() -> None:
    message = render_joined(watch(), seen=present(ARM64), joined=False, now=NOW)

    assert message.lines[0] == "The registry has: arm64. Nothing is missing."
    assert message.buttons == (CHECK_NOW, STOP)


def test_what_is_there_already_needs_no_watch() -> None:
    message = render_already_there(SHORT, [ARM64], present(AMD64, ARM64), now=NOW)

    assert message.headline == "✅ node:22 has linux/arm64 already."
    assert message.lines == (
        "Nothing to wait for.",
        "arm64: digest sha256:aaaaaaaaaaaa…",
        "There now: amd64 and arm64.",
        "To watch it anyway: /watch node:22 arm64 keep",
    )
    assert message.code == ("docker pull --platform linux/arm64 node:22",)
    assert message.buttons == (Button("Keep watching", "/watch node:22 arm64 keep"),)


def test_what_is_there_may_be_an_old_build_of_a_tag_that_moves_on() -> None:
    seen = present(ARM64)
    reason = Reason(
        ReasonCode.PRESENT, Evidence(SHORT, ARM64, seen), freshness=Freshness.MAY_BE_PREVIOUS
    )

    message = render_already_there(SHORT, [ARM64], seen, now=NOW, advices=[Advice(reason)])

    assert message.lines[:2] == (
        "linux/arm64 may still be the previous build: docker-library now names another commit than "
        "the one that it was built from.",
        "To be told of new builds: /watch node:22 arm64 rebuilds",
    )


def test_each_platform_that_is_there_has_its_own_pull_command() -> None:
    message = render_already_there(SHORT, [ARM64, ARMV7], present(ARM64), now=NOW)

    assert message.headline == "✅ node:22 has linux/arm64 and linux/arm/v7 already."
    assert message.code == (
        "docker pull --platform linux/arm64 node:22",
        "docker pull --platform linux/arm/v7 node:22",
    )


@pytest.mark.parametrize(
    ("kind", "sign"),
    [(TroubleKind.DENIED, "🔒"), (TroubleKind.UNLISTED_REGISTRY, "🚫")],
    ids=["denied", "not allowed"],
)
def test_a_watch_that_would_never_be_met_is_refused_with_the_cure(
    kind: TroubleKind, sign: str
) -> None:
    message = render_cannot_watch(SHORT, Trouble(kind), now=NOW)

    assert message.headline == f"{sign} Not watching node:22."
    assert "[[registry]]" in message.lines[0]


# -- check and why --------------------------------------------------------------------------------


def test_a_check_of_what_is_there() -> None:
    message = render_check(SHORT, [ARM64], present(AMD64, ARM64), now=NOW)

    assert message.headline == "✅ node:22 has linux/arm64."
    assert message.lines == (
        "There: amd64 and arm64.",
        "Digest of the tag: sha256:aaaaaaaaaaaa…",
    )
    assert message.buttons == ()


def test_a_check_of_what_is_missing_offers_a_watch() -> None:
    message = render_check(SHORT, [ARM64, ARMV7], replace(SEEN, digest=None), now=NOW)

    assert message.headline == "⏳ node:22 has no linux/arm64 or linux/arm/v7 yet."
    assert message.lines == (
        "There: amd64 and s390x.",
        "To be told when it comes: /watch node:22 arm64 arm/v7",
    )
    assert message.buttons == (Button("Watch missing", "/watch node:22 arm64 arm/v7"),)


def test_a_check_of_a_tag_that_does_not_exist() -> None:
    message = render_check(SHORT, [ARM64], missing(), now=NOW)

    assert message.headline == "❓ docker.io has no tag node:22."
    assert message.lines == (
        "Check the spelling.",
        "To be told when it comes: /watch node:22 arm64",
    )
    assert message.buttons == (Button("Watch it", "/watch node:22 arm64"),)


@pytest.mark.parametrize("seen", [denied(), unknown()], ids=["denied", "unknown"])
def test_a_check_without_an_answer_claims_nothing(seen: Observation) -> None:
    message = render_check(SHORT, [ARM64], seen, now=NOW)

    assert message.headline == "❓ I cannot tell what node:22 has now."
    assert len(message.lines) == 1
    assert message.lines[0].startswith("docker.io ")
