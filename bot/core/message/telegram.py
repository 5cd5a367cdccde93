"""A message as Telegram's HTML.

Source: Telegram Bot API, "Formatting options" and the limits of sendMessage and
InlineKeyboardButton.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.message.fitting import fitted, shortened
from bot.core.message.neutral import Button, Message
from bot.core.message.plain import visible

MAX_CHARACTERS = 4096
MAX_CALLBACK_BYTES = 64
MAX_HEADLINE_CHARACTERS = 500
MAX_CODE_CHARACTERS = 1000
MAX_MENTIONS = 20
MAX_NAME_CHARACTERS = 40
MAX_LABEL_CHARACTERS = 40
_TAGS_CHARACTERS = 100
"""Kept free for the tags around headline and code."""


@dataclass(frozen=True, slots=True)
class TelegramMessage:
    """What sendMessage takes with parse_mode HTML; buttons are (label, callback_data)."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()


def render_telegram(message: Message, *, names: Mapping[str, str]) -> TelegramMessage:
    """Lay a message out; names are what to call the people who are mentioned, by their ids."""
    headline = shortened(visible(message.headline), MAX_HEADLINE_CHARACTERS, size=_size)
    code = fitted([visible(line) for line in message.code], MAX_CODE_CHARACTERS, size=_size)
    people = mentions(message, names)
    buttons = tuple(
        (shortened(button.label, MAX_LABEL_CHARACTERS), button.command)
        for button in message.buttons
        if _fits_a_button(button)
    )
    told = "\n".join((message.headline, *message.lines))
    typed = [
        button.command
        for button in message.buttons
        if not _fits_a_button(button) and button.command not in told
    ]
    room = MAX_CHARACTERS - _TAGS_CHARACTERS - _size(headline) - len(people)
    room -= sum(_size(line) + 1 for line in code)
    lines = fitted([visible(line) for line in (*message.lines, *typed)], room, size=_size)
    rows = [f"<b>{escaped(headline)}</b>", *map(escaped, lines)]
    if code:
        rows.append(f"<pre>{escaped(chr(10).join(code))}</pre>")
    if people:
        rows.append(people)
    return TelegramMessage("\n".join(rows), buttons)


def escaped(text: str) -> str:
    """Text in which Telegram sees no tag or entity."""
    return html.escape(text, quote=False)


def mentions(message: Message, names: Mapping[str, str]) -> str:
    """Links to the people who are mentioned; what is no person's number is left out."""
    known = [person for person in message.mentions if person.isascii() and person.isdigit()]
    links = [
        f'<a href="tg://user?id={person}">{escaped(_name(names.get(person, "")))}</a>'
        for person in known[:MAX_MENTIONS]
    ]
    if len(known) > MAX_MENTIONS:
        links.append(f"and {len(known) - MAX_MENTIONS} more")
    return " ".join(links)


def _name(name: str) -> str:
    return shortened(visible(name).strip(), MAX_NAME_CHARACTERS, size=_size) or "👤"


def _fits_a_button(button: Button) -> bool:
    command = button.command
    return visible(command) == command and len(command.encode()) <= MAX_CALLBACK_BYTES


def _size(text: str) -> int:
    """No less than what Telegram counts, in UTF-16 units, and than what is sent."""
    return len(escaped(text)) + sum(character > "\uffff" for character in text)
