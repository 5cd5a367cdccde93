"""A message as plain text, for the terminal and logs."""

import unicodedata

from bot.core.message.neutral import Message

MAX_LINE_CHARACTERS = 2000


def render_plain(message: Message) -> str:
    """Headline, lines and commands, one a line; commands are indented by four spaces."""
    rows = [message.headline, *(f"  {line}" for line in message.lines)]
    rows.extend(f"    {line}" for line in message.code)
    return "\n".join(visible(row) for row in rows)


def visible(text: str) -> str:
    """Text that cannot move the cursor, colour the screen, turn the reading direction or flood it.

    Control and formatting characters (escape sequences, right-to-left marks) are shown as �.
    """
    if len(text) > MAX_LINE_CHARACTERS:
        text = f"{text[: MAX_LINE_CHARACTERS - 1]}…"
    return "".join("�" if _is_unsafe(character) else character for character in text)


_JOINERS = frozenset("\ufe0f\u200d")
"""They shape emoji and move nothing."""


def _is_unsafe(character: str) -> bool:
    if character in _JOINERS:
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
