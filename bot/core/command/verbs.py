"""The verb a message begins with, whatever the service's command is called."""

import difflib
import re
from dataclasses import dataclass

from bot.core.command.words import word_set
from bot.core.verb import Verb

_OTHER_WORDS = {
    Verb.WATCH: "watching subscribe follow track wait add",
    Verb.UNWATCH: "unsubscribe unfollow stop remove delete rm forget cancel",
    Verb.LIST: "ls watches watchlist subscriptions",
    Verb.CHECK: "look inspect show",
    Verb.WHY: "explain",
    Verb.MUTE: "silence snooze pause",
    Verb.UNMUTE: "unsnooze unpause resume",
    Verb.STATUS: "health",
    Verb.HELP: "start usage commands",
}
_VERBS = {
    **{verb.value: verb for verb in Verb},
    **{word: verb for verb, words in _OTHER_WORDS.items() for word in words.split()},
}
_LONGEST_VERB = 1 + max(map(len, _VERBS))
_COMMAND_NAME = re.compile(r"[/!]([A-Za-z0-9_-]{1,32})(?:@[A-Za-z0-9_]{1,64})?")
_POLITE = word_set("please pls hey hi hello yo can could would you ok okay bot")
_PUNCTUATION = ",.!?"
# /watch help, watch watch list: more than that nobody means.
_MOST_VERBS = 3
# Lets "wacth" and "unwach" through and keeps "helm" from being help.
_CLOSE = 0.8


@dataclass(frozen=True, slots=True)
class Invocation:
    """A message split into its verb and the rest.

    verb: None if the message has none. about: the verb before it that it took the place of, as in
    /watch help. misspelt: a first word that is nearly a verb.
    """

    verb: Verb | None
    rest: str
    about: Verb | None = None
    misspelt: str | None = None


def verb_named(word: str) -> Verb | None:
    """The verb that a word says, in any case and with punctuation after it."""
    return Verb.HELP if word == "?" else _VERBS.get(word.rstrip(_PUNCTUATION).lower())


def verb_of_command(name: str) -> Verb | None:
    """The verb of a service's command name: /watch, foo-watch, watch@bot; None for an umbrella."""
    match = _COMMAND_NAME.fullmatch(name if name.startswith(("/", "!")) else f"/{name}")
    if match is None:
        return None
    return verb_named(match[1]) or verb_named(re.split(r"[-_]", match[1])[-1])


def nearest_verb(word: str) -> Verb | None:
    """The verb that a misspelt word may mean."""
    if not word.isalpha():
        return None
    close = difflib.get_close_matches(word[:_LONGEST_VERB].lower(), _VERBS, n=1, cutoff=_CLOSE)
    return _VERBS[close[0]] if close else None


def take_verb(text: str, default_verb: str | None) -> Invocation:
    """Split a message; a verb written in it goes before the one its command's name implies."""
    verb = verb_of_command(default_verb) if default_verb else None
    first, rest = _first_word(_without_mentions(text))
    name = _COMMAND_NAME.fullmatch(first)
    if name is not None:
        named = verb_of_command(first)
        if named is None and verb is None and nearest_verb(name[1]) is not None:
            return Invocation(None, rest, misspelt=name[1])
        verb, text = named or verb, rest
    elif verb is None:
        text = _without_politeness(text)
    return _take_written_verbs(verb, _without_mentions(text))


def _take_written_verbs(verb: Verb | None, text: str) -> Invocation:
    """Let the verb after /watch, /archbell or nothing count: /watch list means list."""
    about = None
    for _ in range(_MOST_VERBS):
        first, rest = _first_word(text)
        written = verb_named(first)
        if written is None or verb not in {None, Verb.WATCH, written}:
            break
        about, verb, text = verb, written, rest
    if verb is None:
        first, rest = _first_word(text)
        if not first:
            return Invocation(Verb.HELP, "")
        if nearest_verb(first) is not None:
            return Invocation(None, rest, misspelt=first)
    return Invocation(verb, text, about)


def _first_word(text: str) -> tuple[str, str]:
    first, *rest = text.split(None, 1) or [""]
    return first, rest[0] if rest else ""


def _without_mentions(text: str) -> str:
    """What follows the names of people and bots at the beginning."""
    text = text.lstrip()
    while text[:1] == "@":
        text = _first_word(text)[1]
    return text


def _without_politeness(text: str) -> str:
    first, rest = _first_word(_without_mentions(text))
    while first.rstrip(_PUNCTUATION).lower() in _POLITE:
        text = rest
        first, rest = _first_word(text)
    return text
