import re
from datetime import timedelta

import pytest

from bot.core.command.values import Misunderstanding, Misunderstood
from bot.core.message.english.talk import (
    HELP,
    naming_whoever_stopped,
    render_crowded,
    render_help,
    render_misunderstood,
    render_not_kept,
    render_sorry,
    render_status,
    render_welcome,
    render_which_image,
)
from bot.core.message.neutral import Message
from bot.core.message.spelling import spelled
from tests.support.decisions import ARM64, ARMV7, NODE, NOW

EXAMPLE = "Send, for example: /watch node:22.15-bullseye-slim arm64"
VERBS = ("watch", "unwatch", "list", "check", "why", "mute", "unmute", "status")


def test_help_is_short_and_names_every_command() -> None:
    text = "\n".join(HELP.lines)

    assert len(HELP.lines) + 1 <= 12
    assert all(f"/{verb}" in text for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_on_a_command_shows_how_to_use_it(verb: str) -> None:
    message = render_help(verb)

    assert message.headline == f"How to use /{verb}:"
    assert message.lines
    assert all(f"/{verb}" in line for line in message.lines)


def test_what_can_be_set_is_said_and_what_cannot_too() -> None:
    message = render_help("settings")

    assert message.headline == "What can be set here:"
    assert any("/mute 8h" in line for line in message.lines)
    assert "configuration" in message.lines[-1]


@pytest.mark.parametrize("topic", [None, "teleport"], ids=str)
def test_help_on_anything_else_is_the_whole_help(topic: str | None) -> None:
    assert render_help(topic) == HELP


@pytest.mark.parametrize(
    ("verb", "line"),
    [
        ("watch", EXAMPLE),
        ("check", "Send, for example: /check node:22-slim"),
        ("unknown", EXAMPLE),
    ],
    ids=["watch", "check", "unknown"],
)
def test_a_command_without_an_image_is_asked_back(verb: str, line: str) -> None:
    message = render_which_image(verb)

    assert message.headline == "Which image?"
    assert message.lines == (line,)


ANSWERS = {
    "not a reference": (
        Misunderstood(Misunderstanding.NOT_A_REFERENCE, "Foo/bar", hint="Type foo/bar."),
        "❓ I do not see an image in “Foo/bar”.",
        "Type foo/bar.",
    ),
    "not a reference without a hint": (
        Misunderstood(Misunderstanding.NOT_A_REFERENCE),
        "❓ I do not see an image in that.",
        EXAMPLE,
    ),
    "several images": (
        Misunderstood(Misunderstanding.SEVERAL_TARGETS),
        "❓ One image at a time, please.",
        EXAMPLE,
    ),
    "unknown platform": (
        Misunderstood(Misunderstanding.UNKNOWN_PLATFORM, "amr64", hint="Did you mean arm64?"),
        "❓ I do not know the platform “amr64”.",
        "Did you mean arm64?",
    ),
    "digest": (
        Misunderstood(Misunderstanding.DIGEST_PINNED, reference=NODE),
        "❓ A digest never changes, so there is nothing to wait for.",
        "Watch the tag instead: /watch node:22.15-bullseye-slim",
    ),
    "digest without a tag": (
        Misunderstood(Misunderstanding.DIGEST_PINNED),
        "❓ A digest never changes, so there is nothing to wait for.",
        "Watch a tag instead.",
    ),
    "platform alone": (
        Misunderstood(Misunderstanding.PLATFORM_WITHOUT_IMAGE, platforms=(ARM64,)),
        "❓ I see that linux/arm64 is missing, but not of which image.",
        "Send: /watch <image:tag> arm64",
    ),
    "platforms alone": (
        Misunderstood(Misunderstanding.PLATFORM_WITHOUT_IMAGE, platforms=(ARM64, ARMV7)),
        "❓ I see that linux/arm64 and linux/arm/v7 are missing, but not of which image.",
        "Send: /watch <image:tag> arm64 arm/v7",
    ),
    "no platform either": (
        Misunderstood(Misunderstanding.PLATFORM_WITHOUT_IMAGE),
        "❓ I see that a platform is missing, but not of which image.",
        "Send: /watch <image:tag>",
    ),
    "duration": (
        Misunderstood(Misunderstanding.BAD_DURATION, "for ever"),
        "❓ I do not understand how long “for ever” is.",
        "Say 45m, 12h or 3 days.",
    ),
    "number": (
        Misunderstood(Misunderstanding.UNKNOWN_NUMBER_FORM, "#x"),
        "❓ “#x” is not the number of a watch.",
        "They look like #7: /list",
    ),
    "too long": (
        Misunderstood(Misunderstanding.TOO_LONG),
        "❓ That is too long for me.",
        "Send the image alone: /watch node:22.15-bullseye-slim arm64",
    ),
    "verb": (
        Misunderstood(Misunderstanding.UNKNOWN_VERB, "wacth", suggestion="watch"),
        "❓ I do not know what to do with “wacth”.",
        "Did you mean /watch? What I can do: /help",
    ),
    "long verb": (
        Misunderstood(Misunderstanding.UNKNOWN_VERB, "x" * 100),
        f"❓ I do not know what to do with “{'x' * 60}…”.",
        "What I can do: /help",
    ),
}


@pytest.mark.parametrize(("meant", "headline", "line"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_not_understood_is_answered_with_what_to_type(
    meant: Misunderstood, headline: str, line: str
) -> None:
    message = render_misunderstood(meant)

    assert message.headline == headline
    assert message.lines == (line,)


def test_every_misunderstanding_has_its_answer() -> None:
    assert {meant.reason for meant, _, _ in ANSWERS.values()} == set(Misunderstanding)


def test_a_bug_is_owned_up_to() -> None:
    message = render_sorry()

    assert message.headline == "💥 I failed at that. The mistake is mine, and it is in the log."
    assert message.lines == (
        "Nothing was changed. Please try it another way, or tell whoever runs me.",
    )


def test_a_command_that_was_not_kept_is_to_be_typed_again() -> None:
    message = render_not_kept("bot.db: no space is left for the database; make room on its disk")

    assert message.headline == "💥 I could not keep that command, so it will not be done."
    assert message.lines == (
        "bot.db: no space is left for the database; make room on its disk.",
        "Then please type the command again.",
    )


def test_status_says_how_the_bot_and_its_registries_are() -> None:
    message = render_status(
        started_at=NOW - timedelta(days=2, hours=4),
        watches=3,
        owed=1,
        registries=[
            ("docker.io", None, 98, 100),
            ("ghcr.io", NOW + timedelta(minutes=5), None, None),
            ("quay.io", NOW - timedelta(minutes=5), 7, None),
        ],
        now=NOW,
    )

    assert message.headline == "💚 Up for 2 days 4 h."
    assert message.lines == (
        "Watches: 3. Messages waiting to go out: 1.",
        "docker.io: in order, 98 of 100 requests left",
        "ghcr.io: left alone until 12:05 UTC",
        "quay.io: in order, 7 requests left",
    )


def test_status_of_a_bot_that_has_done_nothing_yet() -> None:
    message = render_status(started_at=NOW, watches=0, owed=0, registries=[], now=NOW)

    assert message.lines[-1] == "No registry has been asked yet."


def test_the_terminal_is_greeted_with_an_example() -> None:
    message = render_welcome()

    assert message.headline == "🔔 Archbell listens here."
    assert message.lines[0] == "Try: /watch node:22.15-bullseye-slim arm64"


def test_status_says_which_chats_are_in_trouble() -> None:
    message = render_status(
        started_at=NOW, watches=0, owed=0, registries=[], now=NOW, troubles=("Slack: no token",)
    )

    assert message.headline.startswith("💛")
    assert message.lines[0] == "⚠️ Slack: no token."


def test_whoever_stops_what_others_watch_is_named() -> None:
    message = naming_whoever_stopped(Message("🛑", ("a line",)), "U0BOB")

    assert message == Message("🛑", ("a line", "Stopped by:"), mentions=("U0BOB",))


def test_help_has_three_commands_to_copy() -> None:
    assert sum(" node:" in line for line in HELP.lines) == 3


@pytest.mark.parametrize("topic", [None, *VERBS, "settings"], ids=str)
def test_every_command_in_the_help_is_written_as_it_is_typed_there(topic: str | None) -> None:
    read = spelled(render_help(topic), lambda verb: f"<{verb}>")

    assert "/" not in re.sub(r"arm/v7", "", " ".join((read.headline, *read.lines)))


def test_whoever_comes_when_too_many_ask_a_registry_is_told_to_try_again() -> None:
    message = render_crowded("ghcr.io")

    assert "ghcr.io" in message.headline
    assert "try again" in message.lines[0]
