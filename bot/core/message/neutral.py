"""A message before it is laid out for a service: no markup, no escaping."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press; command is what a person without buttons would type instead."""

    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a headline that makes sense alone, lines, commands to copy, buttons.

    mentions are the people to name, by the service's own ids. Nothing in it is escaped:
    that is the layout's affair.
    """

    headline: str
    lines: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    mentions: tuple[str, ...] = ()

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
