"""How a command is written where it is read: /list here, /archbell list or /list@bot there."""

import re
from collections.abc import Callable
from dataclasses import replace

from bot.core.message.neutral import Message
from bot.core.verb import Verb

Spell = Callable[[str], str]
"""From a verb such as `watch` to what people type for it, such as `/archbell watch`."""

_COMMAND = re.compile(
    rf"(?<![\w/.:@-])/({'|'.join(verb.value for verb in Verb)})(?![\w/@-]|[.:]\S)"
)


def spelled(message: Message, spell: Spell) -> Message:
    """The message with every command in its headline and lines written as people type it there.

    What its buttons send stays: the bot itself reads that.
    """

    def respell(text: str) -> str:
        return _COMMAND.sub(lambda found: spell(found[1]), text)

    return replace(
        message,
        headline=respell(message.headline),
        lines=tuple(respell(line) for line in message.lines),
    )
