"""Patterns of tags in commands, whose signs are punctuation elsewhere."""

from datetime import timedelta

import pytest

from bot.core.command import Misunderstood, parse_command
from bot.core.command.values import Misunderstanding, Unwatch, Watch
from bot.core.pattern import parse_tag_pattern
from bot.core.platform import parse_platform
from bot.core.reference import parse_reference

ARM64 = parse_platform("arm64")
SLIM = parse_tag_pattern("node:22.*-bullseye-slim")


@pytest.mark.parametrize(
    "text",
    [
        "/watch node:22.*-bullseye-slim arm64",
        "watch arm64 node:22.*-bullseye-slim",
        "node:22.*-bullseye-slim arm64",
        '/watch "node:22.*-bullseye-slim", arm64',
        "/watch *node:22.*-bullseye-slim* arm64",
        "/watch `node:22.*-bullseye-slim` arm64",
    ],
)
def test_a_pattern_is_watched(text: str) -> None:
    assert parse_command(text) == Watch(None, (ARM64,), pattern=SLIM)


@pytest.mark.parametrize("tags", ["22.*", "~^22\\.(?:15|16)$", "^22.1", ">=22,<24-slim", "?2"])
def test_every_kind_of_pattern_stays_whole(tags: str) -> None:
    meant = parse_command(f"/watch ghcr.io/acme/app:{tags} for 12h")

    assert isinstance(meant, Watch)
    assert meant.pattern == parse_tag_pattern(f"ghcr.io/acme/app:{tags}")
    assert meant.expires_in == timedelta(hours=12)


def test_slack_writes_signs_of_its_own() -> None:
    meant = parse_command("/watch node:&gt;=22,&lt;24 arm64")

    assert isinstance(meant, Watch)
    assert meant.pattern == parse_tag_pattern("node:>=22,<24")


def test_a_pattern_is_stopped_by_its_name() -> None:
    assert parse_command("/unwatch node:22.*-bullseye-slim") == Unwatch(pattern=SLIM)


@pytest.mark.parametrize("verb", ["/watch", "/unwatch"])
def test_a_pattern_that_makes_no_sense_is_said_so(verb: str) -> None:
    meant = parse_command(f"{verb} node:~(22")

    assert isinstance(meant, Misunderstood)
    assert meant.reason is Misunderstanding.NOT_A_REFERENCE
    assert meant.hint is not None
    assert "without its )" in meant.hint


def test_a_pattern_and_a_tag_are_two_things() -> None:
    meant = parse_command("/watch node:22.* node:22")

    assert isinstance(meant, Misunderstood)
    assert meant.reason is Misunderstanding.SEVERAL_TARGETS


def test_what_is_wrong_beside_a_pattern_is_said_so() -> None:
    meant = parse_command("/watch node:22.* arm99")

    assert isinstance(meant, Misunderstood)
    assert meant.reason is Misunderstanding.UNKNOWN_PLATFORM


@pytest.mark.parametrize("text", ["what is node:~(22", "/watch node:22-slim", "is it done?"])
def test_other_words_mean_what_they_did(text: str) -> None:
    meant = parse_command(text)

    assert getattr(meant, "pattern", None) is None


def test_new_builds_are_told_by_a_word() -> None:
    assert parse_command("/watch node:22 arm64 rebuilds") == Watch(
        parse_reference("node:22"), (ARM64,), standing=True, rebuilds=True
    )
