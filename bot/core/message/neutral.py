"""A message before it is laid out for a service: no markup, no escaping."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press; command is what a person without buttons would type instead."""

    label: str
    command: str


@dataclass(frozen=True, slots=True)
class News:
    """An alert as data, for places where programs read.

    event: a value of bot.core.model.Event. image: as people type it. platform is None where the
    alert is about the whole watch.
    """

    event: str
    image: str
    platform: str | None
    digest: str | None
    there: tuple[str, ...]
    missing: tuple[str, ...]
    observed_at: datetime
    watch: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a headline that makes sense alone, lines, commands to copy, buttons.

    mentions are the people to name, by the service's own ids. Nothing in it is escaped:
    that is the layout's affair. news: what it tells, if it tells alerts; not kept in JSON, because
    what is kept are answers.
    """

    headline: str
    lines: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    mentions: tuple[str, ...] = ()
    news: tuple[News, ...] = field(default=(), compare=False)

    def as_json(self) -> dict[str, Any]:
        """A JSON object that from_json() turns back into an equal message."""
        return {
            "headline": self.headline,
            "lines": list(self.lines),
            "code": list(self.code),
            "buttons": [[button.label, button.command] for button in self.buttons],
            "mentions": list(self.mentions),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Message":
        """The message that as_json() gave."""
        return cls(
            headline=stored["headline"],
            lines=tuple(stored["lines"]),
            code=tuple(stored["code"]),
            buttons=tuple(Button(label, command) for label, command in stored["buttons"]),
            mentions=tuple(stored["mentions"]),
        )
