"""A message as plain text, for the terminal and logs."""

import unicodedata

from bot.core.message.neutral import Message

MAX_LINE_CHARACTERS = 2000
MAX_LINES = 200

_ZERO_WIDTH_JOINER = "\u200d"
"""The one formatting character that is let through: it shapes emoji and moves nothing."""
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def render_plain(message: Message) -> str:
    """Headline, lines and commands, one a line; commands to copy are indented by four spaces.

    In place of buttons comes what to type, unless the lines have said it.
    """
    rows = [message.headline, *(f"  {line}" for line in message.lines)]
    rows.extend(f"    {line}" for line in message.code)
    told = "\n".join(rows)
    unsaid = [button.command for button in message.buttons if button.command not in told]
    if unsaid:
        rows.append(f"  → {' · '.join(unsaid)}")
    if len(rows) > MAX_LINES:
        rows[MAX_LINES - 1 :] = ["  …"]
    return "\n".join(visible(row) for row in rows)


def visible(text: str) -> str:
    """Text that cannot move the cursor, colour the screen, turn the reading direction or flood it.

    Control and formatting characters (escape sequences, right-to-left marks) are shown as �.
    """
    if len(text) > MAX_LINE_CHARACTERS:
        text = f"{text[: MAX_LINE_CHARACTERS - 1]}…"
    if text.isascii() and text.isprintable():  # nearly all are, and a page has thousands of them
        return text
    return "".join("�" if _is_unsafe(character) else character for character in text)


def _is_unsafe(character: str) -> bool:
    return character != _ZERO_WIDTH_JOINER and unicodedata.category(character) in _UNSAFE
