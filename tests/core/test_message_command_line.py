import pytest

from bot.core.advice import Advice
from bot.core.evidence import Evidence, Said
from bot.core.library import parse_library
from bot.core.message.english.answers import render_joined, render_watching
from bot.core.message.english.checks import render_already_there
from bot.core.message.english.command_line import (
    for_command_line,
    render_check_on_command_line,
    render_why_on_command_line,
)
from bot.core.message.english.lists import render_list
from bot.core.message.english.patterns import render_following
from bot.core.message.english.words import short_digest
from bot.core.message.neutral import Button, Message
from bot.core.message.plain import render_plain
from bot.core.model import TERMINAL, Observation, Place, Want, WantState, Watch, WatchId
from bot.core.reason import Reason, ReasonCode
from tests.support.decisions import (
    AMD64,
    ARM64,
    ARMV7,
    NODE,
    NOW,
    digest,
    missing,
    present,
    unknown,
)


@pytest.mark.parametrize(
    ("chat", "shell"),
    [
        pytest.param("/watch node:22 arm64", "archbell watch node:22 arm64", id="watch"),
        pytest.param("Or: /watch node:22 keep", "Or: archbell watch node:22 --keep", id="keep"),
        pytest.param("/watch node:22 anyway", "archbell watch node:22 --anyway", id="anyway"),
        pytest.param("/watch node:22 for 12h", "archbell watch node:22 --for 12h", id="for a time"),
        pytest.param("/unwatch #7", "archbell unwatch 7", id="number"),
        pytest.param("/unwatch node:22.*", "archbell unwatch 'node:22.*'", id="pattern"),
        pytest.param(
            "/unwatch node:>=22,<24-slim", "archbell unwatch 'node:>=22,<24-slim'", id="range"
        ),
        pytest.param(
            "/unwatch node:~22\\.[0-9]+", "archbell unwatch 'node:~22\\.[0-9]+'", id="expression"
        ),
        pytest.param("What is: /list", "What is: archbell list", id="at the end"),
        pytest.param("a/list of /listed things", "a/list of /listed things", id="no command"),
        pytest.param("/mute 8h", "/mute 8h", id="not on the command line"),
    ],
)
def test_a_command_is_written_as_a_shell_takes_it(chat: str, shell: str) -> None:
    message = for_command_line(Message(chat, (chat,)))

    assert message == Message(shell, (shell,))


def test_buttons_are_commands_too_and_those_without_one_go() -> None:
    buttons = (Button("Stop", "/unwatch #1"), Button("Why missing?", "/why #1"))

    message = for_command_line(Message("Watching.", buttons=buttons))

    assert message.buttons == (Button("Stop", "archbell unwatch 1"),)


@pytest.mark.parametrize(
    "seen", [pytest.param(present(AMD64), id="missing"), pytest.param(missing(), id="no tag")]
)
def test_what_is_missing_can_be_waited_for_or_watched(seen: Observation) -> None:
    message = render_check_on_command_line(NODE, [AMD64, ARM64, ARMV7], seen, now=NOW)

    shown = render_plain(message).splitlines()
    wanted = "arm64 arm/v7" if seen.entries else "amd64 arm64 arm/v7"
    assert shown[-2:] == [
        f"  To be told when it comes: archbell watch {NODE.familiar} {wanted}",
        f"  To wait for it here: archbell wait {NODE.familiar} {wanted}",
    ]
    assert "/watch" not in render_plain(message)


@pytest.mark.parametrize(
    "seen",
    [pytest.param(present(AMD64, ARM64), id="all there"), pytest.param(unknown(), id="not known")],
)
def test_where_nothing_is_known_to_be_missing_nothing_is_to_be_waited_for(
    seen: Observation,
) -> None:
    message = render_check_on_command_line(NODE, [ARM64], seen, now=NOW)

    assert "archbell" not in render_plain(message)


def test_no_answer_of_the_command_line_keeps_a_chat_command() -> None:
    messages = [
        render_already_there(NODE, [ARM64], present(ARM64), now=NOW),
        render_list([], page=1, now=NOW),
    ]

    shown = [render_plain(for_command_line(message)) for message in messages]

    assert "archbell watch node:22.15-bullseye-slim arm64 --keep" in shown[0]
    assert not any(" /" in text for text in shown)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        pytest.param(TERMINAL, "The running bot will tell its terminal", id="terminal"),
        pytest.param(Place("slack", "C1"), "The running bot will tell slack:C1", id="slack"),
    ],
)
@pytest.mark.parametrize("standing", [False, True], ids=["once", "kept"])
@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(present(AMD64), id="missing"),
        pytest.param(present(ARM64), id="nothing missing"),
    ],
)
def test_who_is_told_is_whom_the_running_bot_reaches(
    place: Place, told: str, standing: bool, seen: Observation
) -> None:
    number = WatchId(7)
    wants = (Want(number, ARM64, WantState.WAITING),)
    watch = Watch(number, NODE, place, wants, (), NOW, standing=standing)

    message = for_command_line(render_watching(watch, seen=seen, now=NOW), place)

    shown = render_plain(message)
    assert told.lower() in shown.lower()
    assert "told here" not in shown


def test_a_watch_that_is_there_already_is_not_said_to_be_here() -> None:
    watch = Watch(WatchId(7), NODE, Place("slack", "C1"), (), (), NOW)

    message = for_command_line(
        render_joined(watch, seen=present(ARM64), joined=False, now=NOW), watch.place
    )

    assert message.headline.startswith(
        "👀 Already watching node:22.15-bullseye-slim in slack:C1: #7"
    )


RETIRED = Advice(
    Reason(
        ReasonCode.NOT_PLANNED,
        Evidence(
            NODE,
            ARM64,
            present(AMD64),
            Said(
                parse_library(
                    f"Maintainers: x\nGitRepo: r\nGitCommit: {'a' * 40}\n\nTags: {NODE.tag}\n"
                ),
                NOW,
            ),
        ),
    )
)
ANYWAY = "To watch it anyway: archbell watch node:22.15-bullseye-slim arm64 --anyway"


@pytest.mark.parametrize(
    ("place", "name"),
    [
        pytest.param(TERMINAL, "its terminal", id="terminal"),
        pytest.param(Place("slack", "C1"), "slack:C1", id="slack"),
    ],
)
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "there"])
def test_who_hears_of_new_tags_is_whom_the_running_bot_reaches(
    place: Place, name: str, is_new: bool
) -> None:
    message = for_command_line(render_following("node:22.*", [ARM64], [], is_new=is_new), place)

    text = render_plain(message)
    assert f"gets a card from the running bot in {name}" in text
    assert " here" not in text
    assert text.endswith("archbell unwatch 'node:22.*'")


def test_what_is_not_built_is_not_to_be_waited_for() -> None:
    message = render_check_on_command_line(
        NODE, [ARM64], present(AMD64), now=NOW, advices=[RETIRED]
    )

    assert message.lines[1:] == (
        "docker-library does not build this tag for linux/arm64; it is for amd64.",
        f"Digest of the tag: {short_digest(digest('a'))}",
        ANYWAY,
    )


def test_why_names_commands_as_a_shell_takes_them() -> None:
    message = render_why_on_command_line(NODE, [ARM64], present(AMD64), [RETIRED], now=NOW)

    assert ANYWAY in message.lines
    assert not any(" /" in line for line in message.lines)
