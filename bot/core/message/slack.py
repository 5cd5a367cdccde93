"""A message as Slack's blocks, and as the text beside them for notifications.

Source: Slack's "Formatting text for app surfaces" and "Block Kit" references.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.message.fitting import fitted, shortened
from bot.core.message.neutral import Button, Message
from bot.core.message.plain import visible

MAX_SECTION_CHARACTERS = 3000
MAX_LINES_CHARACTERS = 7000
"""All blocks together: Slack refuses about 13,000 characters; headline and code come on top."""
MAX_HEADLINE_CHARACTERS = 600
MAX_CODE_CHARACTERS = 2500
MAX_MENTIONS = 40
MAX_BUTTONS = 5
MAX_LABEL_CHARACTERS = 75
MAX_VALUE_CHARACTERS = 2000
BUTTON_ID = "do"

_PERSON = re.compile(r"[UW][A-Z0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """What chat.postMessage takes; text is what a lock screen shows."""

    text: str
    blocks: tuple[dict[str, Any], ...]


def render_slack(message: Message, *, marker: str) -> SlackMessage:
    """Lay a message out; marker becomes the first block's id, by which it can be found again."""
    headline = shortened(visible(message.headline), MAX_HEADLINE_CHARACTERS, size=_size)
    lines = fitted([visible(line) for line in message.lines], MAX_LINES_CHARACTERS, size=_size)
    code = fitted([_code(line) for line in message.code], MAX_CODE_CHARACTERS, size=_size)
    people = mentions(message.mentions)
    blocks = [_section(f"*{escaped(headline)}*", block_id=marker)]
    blocks += [_section(part) for part in _parts([escaped(line) for line in lines])]
    if code:
        blocks.append(_section(_fenced(code)))
    if people:
        blocks.append(_section(people))
    if buttons := [b for b in message.buttons if len(b.command) <= MAX_VALUE_CHARACTERS]:
        blocks.append(_actions(buttons[:MAX_BUTTONS]))
    told = [escaped(headline), *map(escaped, lines), *map(escaped, code), people]
    return SlackMessage("\n".join(filter(None, told)), tuple(blocks))


def escaped(text: str) -> str:
    """Text in which Slack sees no link, mention or command."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mentions(people: Sequence[str]) -> str:
    """The people by name; what is no member's id is left out."""
    known = [person for person in people if _PERSON.fullmatch(person)]
    more = f" and {len(known) - MAX_MENTIONS} more" if len(known) > MAX_MENTIONS else ""
    return " ".join(f"<@{person}>" for person in known[:MAX_MENTIONS]) + more


def _size(text: str) -> int:
    return len(escaped(text))


def _code(text: str) -> str:
    """A line that cannot end the block of code it stands in."""
    return visible(text).replace("`", "'")


def _fenced(code: Sequence[str]) -> str:
    return "```\n" + "\n".join(map(escaped, code)) + "\n```"


def _parts(lines: Sequence[str]) -> Iterator[str]:
    """The lines in as few pieces as a section's limit allows; each line fits by itself."""
    part = ""
    for line in lines:
        line = line[:MAX_SECTION_CHARACTERS]
        longer = f"{part}\n{line}" if part else line
        if len(longer) > MAX_SECTION_CHARACTERS:
            yield part
            longer = line
        part = longer
    if part:
        yield part


def _section(text: str, **more: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}, **more}


def _actions(buttons: Sequence[Button]) -> dict[str, Any]:
    return {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "text": {
                    "type": "plain_text",
                    "text": shortened(button.label, MAX_LABEL_CHARACTERS),
                },
                "action_id": f"{BUTTON_ID}:{number}",
                "value": button.command,
            }
            for number, button in enumerate(buttons)
        ],
    }
