"""Commands as people type, paste and dictate them."""

import re
from collections.abc import Callable
from dataclasses import replace

from bot.core.command.durations import find_span
from bot.core.command.patterns import take_pattern
from bot.core.command.prose import EVERYTHING, NUMBER
from bot.core.command.targets import Target, read_target
from bot.core.command.values import (
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
)
from bot.core.command.verbs import nearest_verb, take_verb, verb_named
from bot.core.command.words import shortened, split_words, tidy
from bot.core.verb import Verb

MAX_COMMAND_CHARACTERS = 10_000

_PAGE = re.compile(r"(?:p|page)?([0-9]{1,6})")
_NO_VERB = Misunderstanding.UNKNOWN_VERB
_YES = frozenset({"yes", "y", "yep", "yeah", "sure", "really", "confirm", "confirmed"})
_MUTE_FILLERS = frozenset({"for", "me", "watch", "please", "pls", "alerts", "this", "here", "it"})


def parse_command(text: str, *, default_verb: str | None = None) -> Command:
    """What a person means by a message; never raises, whatever the text is.

    default_verb: the name of the service's own command that brought the text, in any of its forms
    (watch, /watch, foo-watch, watch@bot), or None for a plain message; a verb at the beginning of
    the text goes before it. A message without a verb that surely names an image means watch.
    """
    if len(text) > MAX_COMMAND_CHARACTERS:
        return Misunderstood(Misunderstanding.TOO_LONG, shortened(text.strip()))
    said = take_verb(tidy(text), default_verb)
    if said.misspelt is not None:
        meant = nearest_verb(said.misspelt)
        return Misunderstood(
            Misunderstanding.UNKNOWN_VERB,
            shortened(said.misspelt),
            suggestion=meant.value if meant is not None else None,
        )
    if said.verb is None:
        return _without_verb(said.rest)
    if said.verb is Verb.HELP:
        return _help(said.rest, said.about)
    return _ARGUMENTS[said.verb](said.rest)


def _without_verb(text: str) -> Command:
    taken = take_pattern(text)
    if not isinstance(taken, Misunderstood) and taken[1] is not None:
        return _watch(text)
    target = read_target(text, numbers=False)
    if isinstance(target, Misunderstood):
        return replace(target, reason=_NO_VERB, hint=None) if _is_prose(target) else target
    if target.reference is None or not target.certain:
        words = text.split(None, 1)
        return Misunderstood(_NO_VERB, shortened(words[0]), platforms=target.platforms)
    return _watch_target(target)


def _is_prose(misunderstood: Misunderstood) -> bool:
    """Whether the word that stands out is rather one of a sentence that is no command at all."""
    letters = set(misunderstood.fragment)
    match misunderstood.reason:
        case Misunderstanding.NOT_A_REFERENCE:
            return not letters & set(":/@")
        case Misunderstanding.UNKNOWN_PLATFORM:
            return not letters & set("0123456789/")
        case reason:
            return reason is Misunderstanding.UNKNOWN_NUMBER_FORM


def _watch(text: str) -> Command:
    taken = take_pattern(text)
    if isinstance(taken, Misunderstood):
        return taken
    rest, pattern = taken
    target = read_target(rest, numbers=False)
    if isinstance(target, Misunderstood):
        return target
    if pattern is not None and target.reference is not None:
        if not target.certain:
            odd = shortened(target.reference.name)
            return Misunderstood(Misunderstanding.UNKNOWN_PLATFORM, odd)
        both = f"{pattern.familiar}, {target.reference.familiar}"
        return Misunderstood(Misunderstanding.SEVERAL_TARGETS, shortened(both))
    return replace(_watch_target(target), pattern=pattern)


def _watch_target(target: Target) -> Watch:
    return Watch(
        target.reference,
        target.platforms,
        target.expires_in,
        target.standing,
        target.direct,
        target.rebuilds,
        target.anyway,
    )


def _unwatch(text: str) -> Command:
    taken = take_pattern(text)
    if isinstance(taken, Misunderstood):
        return taken
    if taken[1] is not None:
        return Unwatch(pattern=taken[1])
    text, confirmed = _without_yes(text)
    target = read_target(text, numbers=True)
    if isinstance(target, Misunderstood):
        return target
    is_one = target.reference is not None or target.number is not None
    # "all" beside an image or a number means all of its platforms.
    everything = target.everything and not is_one
    return Unwatch(
        target.reference, target.number, everything, target.platforms, everything and confirmed
    )


def _without_yes(text: str) -> tuple[str, bool]:
    """The text without its yes, and whether there was one; without "all" it may be an image."""
    words = split_words(text)
    lowered = {word.lower().lstrip("-") for word in words}
    if lowered.isdisjoint(EVERYTHING) or lowered.isdisjoint(_YES):
        return text, False
    return " ".join(word for word in words if word.lower().lstrip("-") not in _YES), True


def _check(text: str) -> Command:
    target = read_target(text, numbers=False)
    return (
        target if isinstance(target, Misunderstood) else Check(target.reference, target.platforms)
    )


def _why(text: str) -> Command:
    target = read_target(text, numbers=True)
    if isinstance(target, Misunderstood):
        return target
    return Why(target.reference, target.number, target.platforms)


def _list(text: str) -> Command:
    words = [word.lower() for word in split_words(text)]
    everything = any(word in EVERYTHING for word in words)
    pages = [int(found[1]) for found in map(_PAGE.fullmatch, words) if found]
    return List(everything, max(pages[0], 1) if pages else 1)


def _mute(text: str) -> Command:
    words = [word for word in split_words(text) if word.lower() not in _MUTE_FILLERS]
    muted = Mute()
    while words:
        span = find_span(words)
        number = NUMBER.fullmatch(words[0])
        taken = 1
        if span is not None:
            if span.duration is None:
                return Misunderstood(
                    Misunderstanding.BAD_DURATION, shortened(" ".join(words[: span.word_count]))
                )
            muted = replace(muted, duration=span.duration)
            taken = span.word_count
        elif number is not None and muted.number is None:
            muted = replace(muted, number=int(number[1]))
        elif words[0].lower() not in EVERYTHING:
            return _no_number_or_duration(words[0])
        words = words[taken:]
    return muted


def _unmute(text: str) -> Command:
    muted = _mute(text)
    if isinstance(muted, Mute):
        return Unmute(muted.number)
    return muted


def _no_number_or_duration(word: str) -> Misunderstood:
    if NUMBER.fullmatch(word):
        return Misunderstood(Misunderstanding.SEVERAL_TARGETS, word)
    is_duration = word[:1] != "#" and not set(word) & set(":/@")
    reason = Misunderstanding.BAD_DURATION if is_duration else Misunderstanding.UNKNOWN_NUMBER_FORM
    return Misunderstood(reason, shortened(word))


def _status(text: str) -> Command:
    """The bot's own state; with an image the tag's, which people call its status too."""
    checked = _check(text)
    return Status() if isinstance(checked, Check) and checked.reference is None else checked


def _settings(_text: str) -> Command:
    return Help(Verb.SETTINGS.value)


def _help(text: str, about: Verb | None) -> Help:
    words = text.split(None, 1)
    asked = verb_named(words[0].lstrip("/")) if words else None
    topic = asked or (about if about is Verb.WATCH else None)
    return Help(topic.value if topic is not None else None)


_ARGUMENTS: dict[Verb, Callable[[str], Command]] = {
    Verb.WATCH: _watch,
    Verb.UNWATCH: _unwatch,
    Verb.LIST: _list,
    Verb.CHECK: _check,
    Verb.WHY: _why,
    Verb.MUTE: _mute,
    Verb.UNMUTE: _unmute,
    Verb.STATUS: _status,
    Verb.SETTINGS: _settings,
}
