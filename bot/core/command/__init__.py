"""What people type to the bot, understood."""

from bot.core.command.grammar import MAX_COMMAND_CHARACTERS, parse_command
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

__all__ = [
    "MAX_COMMAND_CHARACTERS",
    "Check",
    "Command",
    "Help",
    "List",
    "Misunderstanding",
    "Misunderstood",
    "Mute",
    "Status",
    "Unmute",
    "Unwatch",
    "Watch",
    "Why",
    "parse_command",
]
