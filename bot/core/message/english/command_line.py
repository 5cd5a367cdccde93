"""Answers in the words of the command line: what a chat calls /watch is `archbell watch` there."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from shlex import quote

from bot.core.advice import Advice, never_comes
from bot.core.message.english.checks import render_check
from bot.core.message.english.why import render_why
from bot.core.message.english.words import shorts
from bot.core.message.neutral import Button, Message
from bot.core.model import TERMINAL, Observation, Place
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.core.verb import Verb

VERBS = (Verb.WATCH, Verb.UNWATCH, Verb.CHECK, Verb.LIST)
"""What can be typed in a chat and in a shell."""

_HERE = (
    ("You will be told here", "The running bot will tell {name}"),
    ("you will be told here", "the running bot will tell {name}"),
    ("gets a card here", "gets a card from the running bot in {name}"),
    ("Already watching here", "Already watching in {name}"),
)
_WATCHED_HERE = re.compile(r"(?<=Already watching )(\S+) here:")
_MEANS_SOMETHING_TO_SHELLS = re.compile(r"[*?<>()|{}\[\]\\~]")
_COMMAND = re.compile(rf"(?<!\S)/({'|'.join(verb.value for verb in VERBS)})(?!\S)(.*)$")


def for_command_line(message: Message, place: Place = TERMINAL) -> Message:
    """The message with its commands as a shell takes them; buttons for which it has none go.

    place: who is told by the bot that runs, since the command line has nobody who could be.
    """
    message = told_elsewhere(message, place)
    buttons = (replace(each, command=_respelled(each.command)) for each in message.buttons)
    return replace(
        message,
        headline=_respelled(message.headline),
        lines=tuple(map(_respelled, message.lines)),
        buttons=tuple(filter(_is_for_shells, buttons)),
    )


def render_check_on_command_line(
    reference: Reference,
    platforms: Sequence[Platform],
    seen: Observation,
    *,
    now: datetime,
    advices: Sequence[Advice] = (),
) -> Message:
    """What the registry has at this moment, and how to wait for what it has not."""
    message = for_command_line(render_check(reference, platforms, seen, now=now, advices=advices))
    missing = [platform for platform in platforms if seen.offers(platform) is None]
    if not missing or not seen.is_clear or never_comes(advices):
        return message
    wait = f"To wait for it here: archbell wait {reference.familiar} {' '.join(shorts(missing))}"
    return replace(message, lines=(*message.lines, wait))


def render_why_on_command_line(
    reference: Reference,
    platforms: Sequence[Platform],
    seen: Observation,
    advices: Sequence[Advice],
    *,
    now: datetime,
) -> Message:
    """Why something is missing, when to expect it and what to use now."""
    return for_command_line(render_why(reference, platforms, seen, advices, now=now))


def told_elsewhere(message: Message, place: Place) -> Message:
    """An answer about a watch of this place, for somebody who is not there."""
    name = "its terminal" if place == TERMINAL else str(place)

    def retold(text: str) -> str:
        for here, there in _HERE:
            text = text.replace(here, there.format(name=name))
        return _WATCHED_HERE.sub(lambda found: f"{found[1]} in {name}:", text)

    return replace(
        message, headline=retold(message.headline), lines=tuple(map(retold, message.lines))
    )


def _respelled(text: str) -> str:
    """A text at whose end a command may stand; it is taken whole."""
    found = _COMMAND.search(text)
    if found is None:
        return text
    verb, words = found.groups()
    # A shell takes #7 for a comment.
    words = re.sub(r"(?<!\S)#(?=\d)", "", words)
    words = re.sub(r"(?<!\S)(keep|rebuilds|for|anyway)(?!\S)", r"--\1", words)
    words = "".join(f" {_quoted(word)}" for word in words.split())
    return f"{text[: found.start()]}archbell {verb}{words}"


def _quoted(word: str) -> str:
    """A word as a shell hands it on; of all that is named here patterns alone need quotes."""
    return quote(word) if _MEANS_SOMETHING_TO_SHELLS.search(word) else word


def _is_for_shells(button: Button) -> bool:
    return button.command.startswith("archbell ")
