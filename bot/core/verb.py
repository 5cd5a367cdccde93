"""The commands there are."""

from enum import Enum


class Verb(Enum):
    """What can be asked of the bot; the values are what people type."""

    WATCH = "watch"
    UNWATCH = "unwatch"
    LIST = "list"
    CHECK = "check"
    WHY = "why"
    MUTE = "mute"
    UNMUTE = "unmute"
    STATUS = "status"
    HELP = "help"
    SETTINGS = "settings"
