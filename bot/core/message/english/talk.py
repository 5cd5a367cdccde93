"""Answers about the bot itself and about commands that cannot be done as typed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.command.values import Misunderstanding, Misunderstood
from bot.core.message.english.words import listing, moment, span
from bot.core.message.neutral import Message
from bot.core.platform import Platform

EXAMPLE = "/watch node:22.15-bullseye-slim arm64"
_FRAGMENT_CHARACTERS = 60

HELP = Message(
    "I tell you when the missing architecture of an image tag can be pulled.",
    (
        f"{EXAMPLE}   wait for it; add `for 12h`, or `keep` to go on afterwards",
        "/check node:22-slim   what the registry has now",
        "/why node:22.15-bullseye-slim arm64   why it is missing",
        "/list   what is watched here",
        "/unwatch #7   stop one (or an image, or all)",
        "/mute 8h, /unmute   hold alerts back for a while (or /mute #7)",
        "/status   how I am",
        "You may also paste a docker pull, a FROM line, an error message or a link.",
    ),
)

COMMAND_MENU = {
    "watch": "wait for an image's missing architecture",
    "check": "what the registry has now",
    "why": "why it is missing",
    "list": "what is watched here",
    "unwatch": "stop waiting",
    "mute": "hold alerts back for a while",
    "unmute": "let alerts go again",
    "status": "how I am",
    "help": "what I can do",
}
"""The menu that a service shows while people type."""

_TOPICS = {
    "watch": (
        f"{EXAMPLE}",
        "Several platforms: /watch node:22 arm64 arm/v7",
        "Not longer than that: /watch node:22 arm64 for 12h (or for 3 days)",
        "To go on afterwards, and be told when it goes and comes back: /watch node:22 arm64 keep",
        "To be told alone, in a direct message: /watch node:22 arm64 dm",
        "Though it is not built at present: /watch node:22 s390x anyway",
    ),
    "unwatch": ("/unwatch #7", "/unwatch node:22", "/unwatch node:22 arm64", "/unwatch all"),
    "list": ("/list", "/list 2 for the second page"),
    "check": ("/check node:22-slim", "/check node:22-slim arm64 arm/v7"),
    "why": ("/why #7", "/why node:22.15-bullseye-slim arm64"),
    "mute": ("/mute 8h for this place", "/mute #7 for one watch", "/mute #7 2 days"),
    "unmute": ("/unmute for this place", "/unmute #7 for one watch"),
    "status": ("/status",),
    "settings": (
        "Quiet for a while: /mute 8h, and back: /unmute",
        "How long a watch goes on is said with it: /watch node:22 arm64 for 12h (or keep)",
        "To be told alone: /watch node:22 arm64 dm",
        "The rest is in the configuration of whoever runs me.",
    ),
}
_HEADLINES = {"settings": "What can be set here:"}


def render_help(topic: str | None) -> Message:
    """What can be said, or how one command is used."""
    if topic in _TOPICS:
        return Message(_HEADLINES.get(topic, f"How to use /{topic}:"), _TOPICS[topic])
    return HELP


def render_which_image(verb: str) -> Message:
    """A command came without an image."""
    lines = _TOPICS.get(verb, (EXAMPLE,))
    return Message("Which image?", (f"Send, for example: {lines[0]}",))


def render_misunderstood(meant: Misunderstood) -> Message:
    """What could not be understood, and what to type instead."""
    shown = _shown(meant.fragment)
    match meant.reason:
        case Misunderstanding.NOT_A_REFERENCE:
            return _hinted(f"❓ I do not see an image in {shown}.", meant.hint)
        case Misunderstanding.SEVERAL_TARGETS:
            return _hinted("❓ One image at a time, please.", meant.hint)
        case Misunderstanding.UNKNOWN_PLATFORM:
            return _hinted(f"❓ I do not know the platform {shown}.", meant.hint)
        case Misunderstanding.DIGEST_PINNED:
            return _pinned(meant)
        case Misunderstanding.PLATFORM_WITHOUT_IMAGE:
            return _without_image(meant.platforms)
        case _:
            return _about_the_rest(meant, shown)


def _about_the_rest(meant: Misunderstood, shown: str) -> Message:
    match meant.reason:
        case Misunderstanding.BAD_DURATION:
            return _hinted(
                f"❓ I do not understand how long {shown} is.", "Say 45m, 12h or 3 days."
            )
        case Misunderstanding.UNKNOWN_NUMBER_FORM:
            return _hinted(f"❓ {shown} is not the number of a watch.", "They look like #7: /list")
        case Misunderstanding.TOO_LONG:
            return _hinted("❓ That is too long for me.", f"Send the image alone: {EXAMPLE}")
        case _:
            return _unknown_verb(meant, shown)


def _unknown_verb(meant: Misunderstood, shown: str) -> Message:
    guess = f"Did you mean /{meant.suggestion}? " if meant.suggestion else ""
    return _hinted(f"❓ I do not know what to do with {shown}.", f"{guess}What I can do: /help")


def _hinted(headline: str, hint: str | None) -> Message:
    return Message(headline, (hint or f"Send, for example: {EXAMPLE}",))


def _pinned(meant: Misunderstood) -> Message:
    line = "Watch a tag instead."
    if meant.reference is not None:
        line = f"Watch the tag instead: /watch {meant.reference.familiar}"
    return Message("❓ A digest never changes, so there is nothing to wait for.", (line,))


def _without_image(platforms: Sequence[Platform]) -> Message:
    missing = listing(map(str, platforms)) if platforms else "a platform"
    verb = "are" if len(platforms) > 1 else "is"
    return Message(
        f"❓ I see that {missing} {verb} missing, but not of which image.",
        (f"Send: /watch <image:tag> {' '.join(platform.short for platform in platforms)}".strip(),),
    )


def _shown(fragment: str) -> str:
    if not fragment:
        return "that"
    short = fragment[:_FRAGMENT_CHARACTERS]
    return f"“{short}…”" if len(fragment) > len(short) else f"“{short}”"


def render_answered_directly() -> Message:
    """What a place is told when the answer goes to one person alone."""
    return Message(
        "📬 I answer you alone, in a direct message.",
        ("If nothing comes there, write to me there first.",),
    )


def naming_whoever_stopped(message: Message, person: str) -> Message:
    """The same message for a place where others were watching too: it says who did it."""
    return replace(message, lines=(*message.lines, "Stopped by:"), mentions=(person,))


def render_sorry() -> Message:
    """A command failed again and again because of a mistake in the bot."""
    return Message(
        "💥 I failed at that. The mistake is mine, and it is in the log.",
        ("Nothing was changed. Please try it another way, or tell whoever runs me.",),
    )


def render_crowded(registry: str) -> Message:
    """So many people ask about images of a registry that one more had better ask later."""
    return Message(
        f"⏳ Others are asking {registry} just now.",
        ("It answers only so many at a time. Please try again in a moment.",),
    )


def render_not_kept(why: str) -> Message:
    """The database did not take a command, so that nobody will do it; why: its own sentence."""
    return Message(
        "💥 I could not keep that command, so it will not be done.",
        (f"{why}.", "Then please type the command again."),
    )


def render_status(
    *,
    started_at: datetime,
    watches: int,
    owed: int,
    registries: Sequence[tuple[str, datetime | None, int | None, int | None]],
    now: datetime,
    troubles: Sequence[str] = (),
) -> Message:
    """How the bot is. registries: name, parked until, remaining requests and their limit.

    troubles: what keeps it from talking somewhere, a sentence each.
    """
    lines = [*(f"⚠️ {trouble}." for trouble in troubles)]
    lines += [f"Watches: {watches}. Messages waiting to go out: {owed}."]
    for name, parked_until, remaining, limit in registries:
        state = "in order"
        if parked_until is not None and parked_until > now:
            state = f"left alone until {moment(parked_until, now)}"
        of_limit = f" of {limit}" if limit is not None else ""
        budget = f", {remaining}{of_limit} requests left" if remaining is not None else ""
        lines.append(f"{name}: {state}{budget}")
    if not registries:
        lines.append("No registry has been asked yet.")
    heart = "💛" if troubles else "💚"
    return Message(f"{heart} Up for {span(now - started_at)}.", tuple(lines))


def render_welcome() -> Message:
    """What the terminal shows first."""
    return Message(
        "🔔 Archbell listens here.",
        (f"Try: {EXAMPLE}", "What I can do: /help. To leave: Ctrl-C (watches go on next time)."),
    )


def render_input_ended() -> Message:
    """Nothing more can be typed into the terminal, and the bot goes on."""
    return Message("The input ended; I go on watching. Ctrl-C stops the bot.")


def render_not_allowed(service: str, conversation: str) -> Message:
    """The answer to a chat that the configuration does not name; whoever runs the bot can."""
    return Message(
        "🔒 I do not know this chat yet.",
        (
            "Whoever runs me can let it in, in the section of the configuration for this service:",
            "add its id to the chats that are allowed.",
        ),
        (f"[{service}]", f"allowed_chats = [{conversation}]"),
    )


def render_too_many_commands() -> Message:
    """The answer to somebody who types faster than the configuration allows."""
    return Message(
        "🐢 That was a lot of commands in one minute.",
        ("I did not take the last ones. Please wait a minute and type them again.",),
    )
