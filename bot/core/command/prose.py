"""The words of a command that stand in no pasted layout, each put where it belongs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.core.command.command_lines import read_options
from bot.core.command.durations import find_span
from bot.core.command.links import is_link
from bot.core.command.words import word_set
from bot.core.platform import OPERATING_SYSTEMS, is_platform_word

NUMBER = re.compile(r"#?([0-9]{1,18})", re.ASCII)
EVERYTHING = frozenset({"all", "everything", "*"})

_STANDING = frozenset({"keep", "standing", "always"})
_REBUILDS = frozenset({"rebuilds", "rebuild", "rebuilt", "replaced"})
_DIRECT = frozenset({"dm", "direct", "directly", "privately"})
_ANYWAY = frozenset({"anyway", "anyways", "nevertheless"})
_WITH_DASHES = EVERYTHING | _STANDING | _REBUILDS | _DIRECT | _ANYWAY | {"for"}
_UNTIL = frozenset({"until", "till"})
_NOT_A_DURATION = frozenset({"ever", "forever", "always"})
# Words around what is meant; none of them is the name of a well-known image.
_FILLERS = word_set(
    """
    a an and any arch architecture architectures are as at available be become becomes because
    been build built but by can could do does for from get gets has have i if image images in
    into is it its me missing my need no not of on only or our please pls platform platforms
    pull ready repo repository so soon still support supported supports tag tags tell thanks
    that the then there this to us version want was watch watches watching we when whether while
    with would yet you
    """
)
_VARIANT = re.compile(r"v?[0-9.]{1,4}")
# Beyond that a text is a document, and its words are not worth being judged one by one.
_MOST_WORDS = 400


@dataclass(slots=True)
class Prose:
    """What words say. images are certain ones, unknown are words that may be images or mistakes.

    bad_duration: what was written where a duration should be, if it is none.
    """

    images: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    everything: bool = False
    standing: bool = False
    rebuilds: bool = False
    direct: bool = False
    anyway: bool = False
    expires_in: timedelta | None = None
    bad_duration: str | None = None


def read_prose(words: Sequence[str], *, numbers: bool) -> Prose:
    """Sort the words; numbers says whether #7 and 7 mean watches here."""
    plain = [_without_dashes(word) for word in words[:_MOST_WORDS]]
    options = read_options(plain)
    prose = Prose(platforms=list(options.platforms))
    position = 0
    while position < len(options.rest):
        ahead = options.rest[position : position + 3]
        taken = _take_duration(prose, ahead) or _take_flag(prose, ahead[0])
        if not taken and not (numbers and _take_number(prose, ahead[0])):
            _take_name(prose, ahead[0])
        position += max(taken, 1)
    return prose


def _without_dashes(word: str) -> str:
    bare = word.lstrip("-")
    if bare == word:
        return word
    return bare if bare.lower() in _WITH_DASHES or is_platform_word(bare) else word


def _take_duration(prose: Prose, words: Sequence[str]) -> int:
    """How many words tell how long: 12h, for 2 days, for an hour, until Friday; 0 if none."""
    first = words[0].lower()
    if first in _UNTIL:
        prose.bad_duration = " ".join(words[:2])
        return 2
    if first == "for":
        taken = _take_span(prose, words[1:])
        return 1 + taken if taken else _take_bad_duration(prose, words)
    # "a" is a number only after "for".
    return 0 if first in {"a", "an"} else _take_span(prose, words)


def _take_span(prose: Prose, words: Sequence[str]) -> int:
    span = find_span(words)
    if span is None:
        return 0
    if span.duration is None:
        prose.bad_duration = " ".join(words[: span.word_count])
    prose.expires_in = span.duration
    return span.word_count


def _take_bad_duration(prose: Prose, words: Sequence[str]) -> int:
    """Take what follows "for" and begins like a number but is neither a platform nor an image."""
    after = words[1] if len(words) > 1 else ""
    looks_like_one = after[:1].isdigit() and not is_platform_word(after) and not _is_certain(after)
    if looks_like_one or after.lower() in _NOT_A_DURATION:
        prose.bad_duration = after
        return 2
    return 0


def _take_flag(prose: Prose, word: str) -> int:
    lowered = word.lower()
    if lowered in EVERYTHING:
        prose.everything = True
    elif lowered in _STANDING:
        prose.standing = True
    elif lowered in _REBUILDS:
        prose.standing = prose.rebuilds = True
    elif lowered in _DIRECT:
        prose.direct = True
    elif lowered in _ANYWAY:
        prose.anyway = True
    else:
        return int(lowered in _FILLERS)
    return 1


def _take_number(prose: Prose, word: str) -> bool:
    match = NUMBER.fullmatch(word)
    # 386 is a platform before it is the number of a watch; #386 is not.
    if match is None or is_platform_word(word):
        return False
    prose.numbers.append(int(match[1]))
    return True


def _take_name(prose: Prose, word: str) -> None:
    platforms = _platforms_in(word)
    if platforms:
        prose.platforms.extend(platforms)
    elif _is_certain(word):
        prose.images.append(word)
    else:
        prose.unknown.append(word)


def _platforms_in(word: str) -> list[str]:
    """The platforms a word names: one, or several as in arm64/amd64."""
    if is_platform_word(word):
        return [word]
    parts = word.split("/")
    return parts if len(parts) > 1 and all(map(is_platform_word, parts)) else []


def _is_certain(word: str) -> bool:
    """Whether a word can be nothing but an image, rightly or wrongly written."""
    if is_link(word) or ":" in word or "@" in word:
        return True
    first, slash, rest = word.partition("/")
    if not slash:
        return False
    meant_as_platform = first.lower() in OPERATING_SYSTEMS or (
        is_platform_word(first) and _VARIANT.fullmatch(rest) is not None
    )
    return not meant_as_platform
