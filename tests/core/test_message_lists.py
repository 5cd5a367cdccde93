from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.command import Unwatch, parse_command
from bot.core.errors import TroubleKind
from bot.core.message.english.answers import (
    Followed,
    render_muted,
    render_not_watched,
    render_really_stop,
    render_stopped,
    render_unmuted,
)
from bot.core.message.english.lists import ROWS_A_PAGE, render_list
from bot.core.message.neutral import Button
from bot.core.model import TERMINAL, Trouble, Want, WantState, Watch, WatchId
from bot.core.platform import Platform
from tests.support.decisions import (
    ARM64,
    ARMV7,
    NODE,
    NOW,
    S390X,
    present,
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


def test_an_empty_list_says_how_to_begin() -> None:
    message = render_list([], page=1, now=NOW)

    assert message.headline == "Nothing is watched here."
    assert message.lines == ("To begin: /watch node:22-slim arm64",)


def test_a_list_shows_each_watch_in_one_line() -> None:
    busy = replace(
        watch(ARM64, ARMV7),
        observation=present(S390X),
        looked_at=NOW - timedelta(seconds=40),
        due_at=NOW + timedelta(seconds=20),
    )
    settled = replace(
        watch(state=WantState.MET, number=8),
        standing=True,
        due_at=NOW,
        muted_until=NOW + timedelta(hours=1),
    )

    message = render_list([busy, settled], page=1, now=NOW)

    assert message.headline == "2 watches here."
    assert message.lines == (
        "#7 node:22.15-bullseye-slim: missing linux/arm64 and linux/arm/v7, "
        "since 09:00 UTC, looked 40 s ago, next look in 20 s",
        "#8 node:22.15-bullseye-slim: all there, since 09:00 UTC, next look now, kept, "
        "muted until 13:00 UTC",
    )


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        pytest.param(
            {"trouble": Trouble(TroubleKind.MALFORMED), "looked_at": NOW, "due_at": NOW},
            "waiting for linux/arm64, not seen yet, since 09:00 UTC, looked 0 s ago, "
            "without an answer (the answer made no sense), next look now",
            id="never a clear answer",
        ),
        pytest.param(
            {
                "observation": present(S390X),
                "trouble": Trouble(TroubleKind.RATE_LIMITED, 429),
                "looked_at": NOW - timedelta(seconds=40),
                "due_at": NOW,
                "parked_until": NOW + timedelta(minutes=10),
            },
            "missing linux/arm64, since 09:00 UTC, looked 40 s ago, "
            "without an answer (too many requests, HTTP 429), "
            "next look in 10 min, as the registry is to be left alone",
            id="parked",
        ),
        pytest.param(
            {
                "observation": present(S390X),
                "due_at": NOW + timedelta(minutes=5),
                "parked_until": NOW + timedelta(minutes=1),
            },
            "missing linux/arm64, since 09:00 UTC, next look in 5 min",
            id="parked for less than it waits",
        ),
        pytest.param(
            {"observation": present(S390X), "due_at": NOW, "parked_until": NOW},
            "missing linux/arm64, since 09:00 UTC, next look now",
            id="no longer parked",
        ),
    ],
)
def test_a_line_hides_no_trouble(changes: dict[str, object], row: str) -> None:
    troubled = replace(watch(), **changes)  # type: ignore[arg-type]

    message = render_list([troubled], page=1, now=NOW)

    assert message.lines == (f"#7 node:22.15-bullseye-slim: {row}",)


def test_what_is_doubted_is_neither_there_nor_missing() -> None:
    number = WatchId(7)
    wants = [
        Want(number, ARM64, WantState.DOUBTED, standing=True),
        Want(number, ARMV7, WantState.GONE, standing=True),
        Want(number, S390X, WantState.MET, standing=True),
    ]
    doubted = replace(watch(), wants=tuple(wants), observation=present(S390X))

    message = render_list([doubted, replace(doubted, wants=(wants[0],))], page=1, now=NOW)

    assert ": missing linux/arm/v7, linux/arm64 may be gone, since" in message.lines[0]
    assert ": linux/arm64 may be gone, since" in message.lines[1]


def test_a_mute_that_is_over_is_not_shown() -> None:
    message = render_list([replace(watch(), muted_until=NOW)], page=1, now=NOW)

    assert message.headline == "1 watch here."
    assert "muted" not in message.lines[0]


@pytest.mark.parametrize(
    ("page", "headline", "first", "last"),
    [
        pytest.param(1, "41 watches here (page 1 of 3).", "#1 ", "More: /list 2", id="first"),
        pytest.param(3, "41 watches here (page 3 of 3).", "#41 ", "#41 ", id="last"),
        pytest.param(9, "41 watches here (page 3 of 3).", "#41 ", "#41 ", id="beyond the last"),
        pytest.param(0, "41 watches here (page 1 of 3).", "#1 ", "More: /list 2", id="before"),
    ],
)
def test_a_long_list_has_pages(page: int, headline: str, first: str, last: str) -> None:
    watches = [watch(number=number) for number in range(1, 2 * ROWS_A_PAGE + 2)]

    message = render_list(watches, page=page, now=NOW)

    assert message.headline == headline
    assert message.lines[0].startswith(first)
    assert message.lines[-1].startswith(last)


# -- stop and mute --------------------------------------------------------------------------------


def test_a_stopped_watch_is_named() -> None:
    message = render_stopped([watch(ARM64, ARMV7)])

    assert message.headline == (
        "🛑 Stopped #7: node:22.15-bullseye-slim for linux/arm64 and linux/arm/v7."
    )
    assert message.lines == ()


def test_a_watch_that_goes_on_for_other_platforms_says_so() -> None:
    message = render_stopped([watch(ARM64, ARMV7)], platforms=[ARM64])

    assert message.headline == "🛑 Stopped #7: node:22.15-bullseye-slim for linux/arm64."
    assert message.lines == ("It goes on for linux/arm/v7.",)


def test_several_stopped_watches_are_listed() -> None:
    message = render_stopped([watch(), watch(number=8)])

    assert message.headline == "🛑 Stopped 2 watches."
    assert message.lines == ("#7 node:22.15-bullseye-slim", "#8 node:22.15-bullseye-slim")


def test_one_platform_that_was_stopped_in_several_watches_is_named() -> None:
    message = render_stopped([watch(ARM64, ARMV7), watch(number=8)], platforms=[ARM64])

    assert message.headline == "🛑 Stopped linux/arm64 in 2 watches."


def test_only_platforms_that_were_watched_are_said_to_be_stopped() -> None:
    message = render_stopped([watch(ARM64, ARMV7)], platforms=[ARM64, S390X])

    assert message.headline == "🛑 Stopped #7: node:22.15-bullseye-slim for linux/arm64."
    assert message.lines == ("It goes on for linux/arm/v7.",)


@pytest.mark.parametrize(
    ("platforms", "stops", "command"),
    [
        pytest.param((), "2 watches here", "/unwatch all yes", id="whole watches"),
        pytest.param(
            (ARM64, ARMV7),
            "linux/arm64 and linux/arm/v7 in 2 watches here",
            "/unwatch all arm64 arm/v7 yes",
            id="some platforms",
        ),
    ],
)
def test_before_several_watches_stop_the_command_that_does_it_is_named(
    platforms: tuple[Platform, ...], stops: str, command: str
) -> None:
    message = render_really_stop([watch(), watch(number=8)], platforms=platforms)

    assert message.headline == f"❓ This stops {stops}. If you mean it: {command}"
    assert message.lines == ("#7 node:22.15-bullseye-slim", "#8 node:22.15-bullseye-slim")
    assert message.buttons == (Button("Stop all", command),)
    assert parse_command(command) == Unwatch(everything=True, platforms=platforms, confirmed=True)


def test_patterns_are_counted_and_named_beside_watches() -> None:
    slim, every = Followed("node:22.*-slim", False), Followed("node:^22", True)

    asked = render_really_stop([watch()], patterns=[slim, every])
    stopped = render_stopped([watch()], patterns=[slim, every])

    assert asked.headline == (
        "❓ This stops 1 watch and 2 patterns here. If you mean it: /unwatch all yes"
    )
    assert asked.lines == ("#7 node:22.15-bullseye-slim", "node:22.*-slim", "node:^22")
    assert stopped.headline == "🛑 Stopped 1 watch and 1 pattern."
    assert stopped.lines == (
        "#7 node:22.15-bullseye-slim",
        "node:22.*-slim",
        "What the configuration wants of these goes on:",
        "node:^22",
    )


def test_patterns_alone_are_counted_without_watches() -> None:
    slim = [Followed(f"node:{number}.*", False) for number in range(2)]

    assert render_stopped([], patterns=slim).headline == "🛑 Stopped 2 patterns."


def test_very_many_stopped_watches_are_not_all_named() -> None:
    message = render_stopped([watch(number=number) for number in range(ROWS_A_PAGE + 3)])

    assert len(message.lines) == ROWS_A_PAGE + 1
    assert message.lines[-1] == "and 3 more"


def test_what_is_not_watched_is_named() -> None:
    message = render_not_watched("#7")

    assert message.headline == "❓ #7 is not watched here."
    assert message.lines == ("What is: /list",)


@pytest.mark.parametrize(
    ("what", "unmute"),
    [("This place", "/unmute"), ("#7 node:22", "/unmute #7")],
    ids=["place", "watch"],
)
def test_a_mute_says_until_when_and_how_to_end_it(what: str, unmute: str) -> None:
    message = render_muted(what, NOW + timedelta(hours=8), now=NOW)

    assert message.headline == f"🔕 {what} is quiet until 20:00 UTC."
    assert message.lines == (
        f"Alerts are kept and come together afterwards. To end it now: {unmute}",
    )


def test_the_end_of_a_mute_says_what_follows() -> None:
    assert render_unmuted("This place").headline == (
        "🔔 This place is not quiet any more; what was held back follows."
    )
