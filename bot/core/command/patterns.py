"""A pattern of tags in a command, taken out before its words are judged: it is full of signs that
are punctuation elsewhere.
"""

import re

from bot.core.command.values import Misunderstanding, Misunderstood
from bot.core.command.words import shortened
from bot.core.errors import InvalidInput
from bot.core.pattern import TagPattern, parse_tag_pattern, split_pattern

_WORD = re.compile(r"\S+")
_AROUND = "\"'"


def take_pattern(text: str) -> tuple[str, TagPattern | None] | Misunderstood:
    """The text without its pattern, and the pattern if there is one that makes sense."""
    for found in _WORD.finditer(text):
        word = _bare(found[0])
        if split_pattern(word) is None:
            continue
        try:
            pattern = parse_tag_pattern(word)
        except InvalidInput as error:
            return Misunderstood(Misunderstanding.NOT_A_REFERENCE, shortened(word), hint=str(error))
        return f"{text[: found.start()]} {text[found.end() :]}", pattern
    return text, None


def _bare(word: str) -> str:
    """A word without quotes, emphasis and a comma after it."""
    word = word.rstrip(",;").strip(_AROUND)
    emphasised = len(word) > 2 and word[0] == "*" == word[-1]
    return word[1:-1] if emphasised else word
