"""What one process does of all that the bot does."""

from collections.abc import Sequence
from enum import Enum

from bot.core.errors import InvalidInput


class Role(Enum):
    """A part of the bot that can run in a process of its own."""

    LOOKS = "looks"
    DELIVERY = "delivery"
    COMMANDS = "commands"
    CHATS = "chats"
    WEB = "web"


ALL_ROLES = frozenset(Role)


def parse_roles(words: Sequence[str]) -> frozenset[Role]:
    """The roles a person named, apart or with commas between them; all if there are none.

    Raises InvalidInput.
    """
    named = [part.strip().lower() for word in words for part in word.split(",") if part.strip()]
    if not named:
        if words:
            raise InvalidInput(f"--only names no role: {_CHOICE}")
        return ALL_ROLES
    unknown = [name for name in named if name not in _BY_NAME]
    if unknown:
        raise InvalidInput(f"{unknown[0]!r} is no role: {_CHOICE}")
    return frozenset(_BY_NAME[name] for name in named)


def names_of(roles: frozenset[Role]) -> list[str]:
    """Their names, in the order of the enum."""
    return [role.value for role in Role if role in roles]


_BY_NAME = {role.value: role for role in Role}
_CHOICE = f"type one or more of {', '.join(_BY_NAME)}, with commas between them."
