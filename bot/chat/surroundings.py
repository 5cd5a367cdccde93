"""What every chat adapter gets from outside."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.chat.reception import ReceptionSettings
from bot.ports.store import Store
from bot.ports.surroundings import Clock, Sleep


@dataclass(frozen=True, slots=True)
class Surroundings:
    """commands_came, can_deliver: whom to tell that there are commands, or that messages can go."""

    store: Store
    commands_came: Callable[[], None]
    can_deliver: Callable[[], None]
    clock: Clock
    sleep: Sleep
    limits: ReceptionSettings
