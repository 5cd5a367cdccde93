"""What a chat service brings, before it is kept."""

from dataclasses import dataclass

from bot.core.model import Place


@dataclass(frozen=True, slots=True)
class Heard:
    """Something a person said to the bot; event_id is the service's own, the same if it repeats."""

    event_id: str
    place: Place
    person: str
    text: str
