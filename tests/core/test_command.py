"""Verbs, numbers, durations and what cannot be understood."""

from datetime import timedelta

import pytest

from bot.core.command import (
    MAX_COMMAND_CHARACTERS,
    Check,
    Command,
    Help,
    List,
    Misunderstanding,
    Misunderstood,
    Mute,
    Status,
    Unmute,
    Unwatch,
    Watch,
    Why,
    parse_command,
)
from bot.core.platform import Platform
from bot.core.reference import Reference, parse_reference

NODE = parse_reference("node:22")
ARM64 = Platform("linux", "arm64")
ARMV7 = Platform("linux", "arm", "v7")
AMD64 = Platform("linux", "amd64")
SHA = "sha256:" + "1f" * 32


@pytest.mark.parametrize(
    ("text", "command"),
    [
        pytest.param("/watch node:22 arm64", Watch(NODE, (ARM64,)), id="slash"),
        pytest.param("watch node:22 arm64", Watch(NODE, (ARM64,)), id="no slash"),
        pytest.param("  WATCH node:22 ARM64  ", Watch(NODE, (ARM64,)), id="capitals"),
        pytest.param("/watch@archbell_bot node:22", Watch(NODE), id="telegram group"),
        pytest.param("@archbell watch node:22", Watch(NODE), id="telegram mention"),
        pytest.param("<@U012AB> watch node:22", Watch(NODE), id="slack mention"),
        pytest.param("/archbell watch node:22", Watch(NODE), id="umbrella command"),
        pytest.param("/foo-watch node:22", Watch(NODE), id="prefixed command"),
        pytest.param("/foo_unwatch #7", Unwatch(number=7), id="prefix with underscore"),
        pytest.param("!watch node:22", Watch(NODE), id="exclamation mark"),
        pytest.param("please watch node:22 for arm64", Watch(NODE, (ARM64,)), id="polite"),
        pytest.param("please stop watching node:22", Unwatch(NODE), id="polite stop"),
        pytest.param("watch watch node:22", Watch(NODE), id="verb twice"),
        pytest.param("subscribe node:22", Watch(NODE), id="subscribe"),
        pytest.param("/watch", Watch(None), id="bare watch"),
        pytest.param("/watch arm64", Watch(None, (ARM64,)), id="watch without image"),
        pytest.param("node:22", Watch(NODE), id="image without verb"),
        pytest.param(
            "node arm64", Watch(parse_reference("node"), (ARM64,)), id="word and platform, no verb"
        ),
        pytest.param("/unwatch node:22", Unwatch(NODE), id="unwatch image"),
        pytest.param(
            "unwatch node:22 armv7", Unwatch(NODE, platforms=(ARMV7,)), id="unwatch platform"
        ),
        pytest.param(
            "unwatch node:22 386",
            Unwatch(NODE, platforms=(Platform("linux", "386"),)),
            id="386 is a platform before it is a number",
        ),
        pytest.param("unwatch #7", Unwatch(number=7), id="unwatch #7"),
        pytest.param("unwatch 7", Unwatch(number=7), id="unwatch 7"),
        pytest.param("unwatch #386", Unwatch(number=386), id="unwatch #386"),
        pytest.param(
            "unwatch #7 arm64", Unwatch(number=7, platforms=(ARM64,)), id="unwatch part of #7"
        ),
        pytest.param("unwatch all", Unwatch(everything=True), id="unwatch all"),
        pytest.param("stop everything", Unwatch(everything=True), id="stop everything"),
        pytest.param("unwatch all node:22", Unwatch(NODE), id="all of one image is that image"),
        pytest.param("unwatch #7 all", Unwatch(number=7), id="all of one watch is that watch"),
        pytest.param(
            "/unwatch all yes", Unwatch(everything=True, confirmed=True), id="unwatch all yes"
        ),
        pytest.param(
            "unwatch --yes ALL!", Unwatch(everything=True, confirmed=True), id="--yes before all"
        ),
        pytest.param(
            "unwatch everything, really",
            Unwatch(everything=True, confirmed=True),
            id="everything, really",
        ),
        pytest.param(
            "unwatch all armv7 y",
            Unwatch(everything=True, platforms=(ARMV7,), confirmed=True),
            id="unwatch all of a platform, y",
        ),
        pytest.param("unwatch all node:22 yes", Unwatch(NODE), id="yes to all of one image"),
        pytest.param(
            "unwatch yes", Unwatch(parse_reference("yes")), id="an image may be called yes"
        ),
        pytest.param("/unwatch", Unwatch(), id="bare unwatch"),
        pytest.param("/list", List(), id="list"),
        pytest.param("/watches", List(), id="watches"),
        pytest.param("/watch list", List(), id="watch list"),
        pytest.param("watch list", List(), id="watch list, no slash"),
        pytest.param("/archbell list all", List(everything=True), id="list all"),
        pytest.param("list 3", List(page=3), id="list 3"),
        pytest.param("list all page 2", List(everything=True, page=2), id="list all page 2"),
        pytest.param("list page2", List(page=2), id="list page2"),
        pytest.param("list 0", List(), id="there is no page 0"),
        pytest.param("/check node:22", Check(NODE), id="check"),
        pytest.param("check node:22 arm64", Check(NODE, (ARM64,)), id="check platform"),
        pytest.param("/check", Check(None), id="bare check"),
        pytest.param("/why node:22 arm64", Why(NODE, platforms=(ARM64,)), id="why"),
        pytest.param("why is node:22 missing arm64?", Why(NODE, None, (ARM64,)), id="why, prose"),
        pytest.param("why no arm64 for node:22?", Why(NODE, None, (ARM64,)), id="why, prose 2"),
        pytest.param("/why #7", Why(number=7), id="why number"),
        pytest.param("why 7 armv7", Why(None, 7, (ARMV7,)), id="why number and platform"),
        pytest.param("/mute", Mute(), id="mute"),
        pytest.param("/mute 8h", Mute(duration=timedelta(hours=8)), id="mute 8h"),
        pytest.param("mute for 2 days", Mute(duration=timedelta(days=2)), id="mute for 2 days"),
        pytest.param("/mute #7", Mute(7), id="mute #7"),
        pytest.param("mute 7", Mute(7), id="mute 7"),
        pytest.param("mute #7 for 8 hours", Mute(7, timedelta(hours=8)), id="mute #7 for 8 hours"),
        pytest.param("mute all 1w", Mute(None, timedelta(weeks=1)), id="mute all 1w"),
        pytest.param("/unmute", Unmute(), id="unmute"),
        pytest.param("unmute #7", Unmute(7), id="unmute #7"),
        pytest.param("unmute all", Unmute(), id="unmute all"),
        pytest.param("/status", Status(), id="status"),
        pytest.param("status node:22", Check(NODE), id="status of an image"),
        pytest.param("/help", Help(), id="help"),
        pytest.param("?", Help(), id="question mark"),
        pytest.param("/start", Help(), id="telegram start"),
        pytest.param("/start Zm9v", Help(), id="telegram deep link"),
        pytest.param("/settings", Help("settings"), id="settings"),
        pytest.param("help /watch", Help("watch"), id="help about a command"),
        pytest.param("/watch help", Help("watch"), id="command help"),
        pytest.param("/watch help why", Help("why"), id="command help about another"),
        pytest.param("/archbell", Help(), id="umbrella command alone"),
        pytest.param("", Help(), id="nothing"),
        pytest.param("<@U012AB>", Help(), id="mention alone"),
        pytest.param("Hello!", Help(), id="greeting"),
    ],
)
def test_a_command_is_understood(text: str, command: Command) -> None:
    assert parse_command(text) == command


@pytest.mark.parametrize(
    ("default_verb", "text", "command"),
    [
        pytest.param("watch", "node:22 arm64", Watch(NODE, (ARM64,)), id="plain name"),
        pytest.param("/watch", "node:22 arm64", Watch(NODE, (ARM64,)), id="name with slash"),
        pytest.param("/foo-unwatch", "#7", Unwatch(number=7), id="prefixed name"),
        pytest.param("watch@archbell_bot", "node:22", Watch(NODE), id="telegram name"),
        pytest.param("/watches", "", List(), id="another word for the verb"),
        pytest.param("/archbell", "list", List(), id="umbrella name"),
        pytest.param("/archbell", "", Help(), id="umbrella name alone"),
        pytest.param("watch", "/watch node:22", Watch(NODE), id="text repeats the command"),
        pytest.param("check", "/watch node:22", Watch(NODE), id="text has another command"),
        pytest.param("watch", "/whatever node:22", Watch(NODE), id="text has an unknown command"),
        pytest.param("watch", "unwatch #7", Unwatch(number=7), id="verb after watch"),
        pytest.param("unwatch", "watch 7", None, id="only watch gives way to another verb"),
        pytest.param("watch", "", Watch(None), id="nothing after the name"),
        pytest.param("watch", "node", Watch(parse_reference("node")), id="a word is an image"),
        pytest.param("no command name", "node:22", Watch(NODE), id="impossible name"),
    ],
)
def test_the_name_of_a_services_command_implies_the_verb(
    default_verb: str, text: str, command: Command | None
) -> None:
    expected = command if command is not None else Unwatch(number=7)

    assert parse_command(text, default_verb=default_verb) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("for 12h", timedelta(hours=12), id="for 12h"),
        pytest.param("12h", timedelta(hours=12), id="without for"),
        pytest.param("--for=12h", None, id="option with its value is no word"),
        pytest.param("--for 12h", timedelta(hours=12), id="as an option"),
        pytest.param("for 2 days", timedelta(days=2), id="two words"),
        pytest.param("for 1w", timedelta(weeks=1), id="weeks"),
        pytest.param("for 1d12h", timedelta(hours=36), id="compound"),
        pytest.param("for 1.5h", timedelta(minutes=90), id="fraction"),
        pytest.param("for an hour", timedelta(hours=1), id="an hour"),
        pytest.param("for two weeks", timedelta(weeks=2), id="spelled out"),
        pytest.param("for 90 Minutes", timedelta(minutes=90), id="capitals"),
        pytest.param("for 366 days", timedelta(days=366), id="the longest"),
        pytest.param("for arm64", None, id="for a platform"),
        pytest.param("for 386", None, id="for a platform of digits"),
        pytest.param("for me", None, id="for a person"),
        pytest.param("a", None, id="an article"),
    ],
)
def test_a_watch_can_be_limited_in_time(words: str, expected: timedelta | None) -> None:
    command = parse_command(f"watch node:22 {words}")

    assert isinstance(command, Watch)
    assert command.reference == NODE
    assert command.expires_in == expected


@pytest.mark.parametrize(
    ("text", "standing", "direct"),
    [
        pytest.param("watch node:22 keep", True, False, id="keep"),
        pytest.param("watch keep node:22", True, False, id="keep in front"),
        pytest.param("watch node:22 --keep", True, False, id="keep as an option"),
        pytest.param("watch node:22 —keep", True, False, id="keep typed on a phone"),
        pytest.param("watch node:22 dm", False, True, id="dm"),
        pytest.param("watch node:22 arm64 for 2 days keep DM", True, True, id="everything"),
        pytest.param("watch node:22", False, False, id="neither"),
    ],
)
def test_a_watch_can_be_kept_and_told_to_one_person(
    text: str, standing: bool, direct: bool
) -> None:
    command = parse_command(text)

    assert isinstance(command, Watch)
    assert (command.reference, command.standing, command.direct) == (NODE, standing, direct)


@pytest.mark.parametrize(
    ("text", "anyway"),
    [
        pytest.param("watch node:22 arm64 anyway", True, id="anyway"),
        pytest.param("watch node:22 arm64 --anyway", True, id="as an option"),
        pytest.param("watch node:22 arm64", False, id="not"),
    ],
)
def test_somebody_can_insist_on_a_watch(text: str, anyway: bool) -> None:
    command = parse_command(text)

    assert isinstance(command, Watch)
    assert (command.reference, command.platforms, command.anyway) == (NODE, (ARM64,), anyway)


@pytest.mark.parametrize(
    ("text", "reason", "fragment"),
    [
        pytest.param("watch Foo/bar", "NOT_A_REFERENCE", "Foo/bar", id="capitals"),
        pytest.param("watch node:-x", "NOT_A_REFERENCE", "node:-x", id="bad tag"),
        pytest.param("watch 👀", "NOT_A_REFERENCE", "👀", id="emoji"),
        pytest.param("watch node@home:x", "NOT_A_REFERENCE", "node@home:x", id="bad digest"),
        pytest.param("watch ${IMAGE}", "NOT_A_REFERENCE", "${IMAGE}", id="variable"),
        pytest.param("Acme/App arm64", "NOT_A_REFERENCE", "Acme/App", id="bad image, no verb"),
        pytest.param("watch node:22 arm65", "UNKNOWN_PLATFORM", "arm65", id="unknown platform"),
        pytest.param("watch arm65 node:22", "UNKNOWN_PLATFORM", "arm65", id="platform first"),
        pytest.param("watch node arm65", "UNKNOWN_PLATFORM", "arm65", id="after a mere word"),
        pytest.param("node:22 arm65", "UNKNOWN_PLATFORM", "arm65", id="platform, no verb"),
        pytest.param("watch node:22 linux/foo", "UNKNOWN_PLATFORM", "linux/foo", id="with os"),
        pytest.param("watch node:22 arm/v77", "UNKNOWN_PLATFORM", "arm/v77", id="long variant"),
        pytest.param("watch node:22 arm/v3", "UNKNOWN_PLATFORM", "arm/v3", id="no such variant"),
        pytest.param(
            "watch node:22 --platform foo", "UNKNOWN_PLATFORM", "foo", id="unknown in an option"
        ),
        pytest.param(f"watch node@{SHA}", "DIGEST_PINNED", f"node@{SHA}", id="digest"),
        pytest.param(f"watch {SHA}", "DIGEST_PINNED", SHA, id="digest alone"),
        pytest.param("watch node@sha256:1f3c", "DIGEST_PINNED", "node@sha256:1f3c", id="cut off"),
        pytest.param("watch a:1 b:2", "SEVERAL_TARGETS", "a:1, b:2", id="two images"),
        pytest.param("unwatch #7 #8", "SEVERAL_TARGETS", "#7, #8", id="two numbers"),
        pytest.param("unwatch #7, a:1", "SEVERAL_TARGETS", "a:1, #7", id="number and image"),
        pytest.param("mute #7 #8", "SEVERAL_TARGETS", "#8", id="mute two numbers"),
        pytest.param("watch a:1 for 12x", "BAD_DURATION", "12x", id="unknown unit"),
        pytest.param("watch a:1 for 0h", "BAD_DURATION", "0h", id="nothing"),
        pytest.param("watch a:1 for 9999 weeks", "BAD_DURATION", "9999 weeks", id="too long"),
        pytest.param("watch a:1 367d", "BAD_DURATION", "367d", id="a little too long"),
        pytest.param("watch a:1 until friday", "BAD_DURATION", "until friday", id="until"),
        pytest.param("watch a:1 for ever", "BAD_DURATION", "ever", id="for ever"),
        pytest.param(f"watch a:1 for 1{'0' * 40}h", "BAD_DURATION", f"1{'0' * 40}h", id="digits"),
        pytest.param("mute tomorrow", "BAD_DURATION", "tomorrow", id="mute tomorrow"),
        pytest.param("mute 0h", "BAD_DURATION", "0h", id="mute for nothing"),
        pytest.param("unmute tomorrow", "BAD_DURATION", "tomorrow", id="unmute tomorrow"),
        pytest.param("mute a:1", "UNKNOWN_NUMBER_FORM", "a:1", id="mute an image"),
        pytest.param("mute #x", "UNKNOWN_NUMBER_FORM", "#x", id="mute no number"),
        pytest.param("unwatch #x", "UNKNOWN_NUMBER_FORM", "#x", id="unwatch no number"),
        pytest.param("check #7", "UNKNOWN_NUMBER_FORM", "#7", id="number where none is taken"),
        pytest.param("exec format error", "PLATFORM_WITHOUT_IMAGE", "", id="error without image"),
        pytest.param("thanks a lot", "UNKNOWN_VERB", "thanks", id="prose"),
        pytest.param("node", "UNKNOWN_VERB", "node", id="one word in a direct message"),
        pytest.param("👀", "UNKNOWN_VERB", "👀", id="emoji in a direct message"),
        pytest.param("#general is down", "UNKNOWN_VERB", "#general", id="channel"),
        pytest.param("I like node:22", "UNKNOWN_VERB", "like", id="prose around an image"),
    ],
)
def test_what_is_not_understood_is_named_back(text: str, reason: str, fragment: str) -> None:
    command = parse_command(text)

    assert isinstance(command, Misunderstood)
    assert (command.reason, command.fragment) == (Misunderstanding[reason], fragment)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("wach node:22", "watch", id="wach"),
        pytest.param("/wacth node:22", "watch", id="slash wacth"),
        pytest.param("/unwach@archbell_bot #7", "unwatch", id="unwach in a group"),
        pytest.param("lsit", None, id="too far from any verb"),
        pytest.param("helpp", "help", id="helpp"),
        pytest.param("watch-it", None, id="not letters alone"),
    ],
)
def test_a_misspelt_verb_is_not_guessed_but_suggested(text: str, meant: str | None) -> None:
    command = parse_command(text)

    assert isinstance(command, Misunderstood)
    assert (command.reason, command.suggestion) == (Misunderstanding.UNKNOWN_VERB, meant)


@pytest.mark.parametrize(
    ("pinned", "instead"),
    [
        pytest.param(f"node:22@{SHA}", NODE, id="tag and digest"),
        pytest.param(f"node@{SHA}", parse_reference("node"), id="digest alone"),
        pytest.param(SHA, None, id="no image"),
    ],
)
def test_a_digest_never_changes_so_the_tag_is_offered(
    pinned: str, instead: Reference | None
) -> None:
    command = parse_command(f"/watch {pinned}")

    assert isinstance(command, Misunderstood)
    assert (command.reason, command.reference) == (Misunderstanding.DIGEST_PINNED, instead)


def test_an_unknown_platform_comes_with_all_that_was_understood() -> None:
    command = parse_command("/watch node:22 armv7 arm65")

    assert isinstance(command, Misunderstood)
    assert (command.reference, command.platforms) == (NODE, (ARMV7,))
    assert command.hint is not None
    assert "arm65" in command.hint


def test_the_sentence_of_a_refused_reference_is_passed_on() -> None:
    command = parse_command("/watch NODE:22")

    assert isinstance(command, Misunderstood)
    assert command.hint == "The name of an image must be in lower case: type 'node:22'."


def test_a_text_of_the_greatest_length_is_read() -> None:
    text = "watch node:22".ljust(MAX_COMMAND_CHARACTERS)

    assert parse_command(text) == Watch(NODE)


def test_a_longer_text_is_not_read_and_only_its_beginning_is_shown() -> None:
    command = parse_command("watch node:22".ljust(MAX_COMMAND_CHARACTERS + 1, "x"))

    assert isinstance(command, Misunderstood)
    assert command.reason is Misunderstanding.TOO_LONG
    assert command.fragment.startswith("watch node:22xx")
    assert len(command.fragment) == 80


def test_a_password_in_an_address_is_not_repeated() -> None:
    command = parse_command("/watch https://user:hunter2@ghcr.io/acme/app")

    assert isinstance(command, Misunderstood)
    assert command.reason is Misunderstanding.NOT_A_REFERENCE
    assert "hunter2" not in repr(command)


def test_each_platform_is_wanted_once_in_the_order_it_was_named() -> None:
    command = parse_command("watch node:22 amd64 aarch64 linux/arm64/v8 x86_64")

    assert command == Watch(NODE, (AMD64, ARM64))
