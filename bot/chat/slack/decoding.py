"""What Slack sends when somebody speaks to the bot, as values.

Source: Slack's references of slash commands, the Events API (app_mention, message.im) and
interaction payloads (block_actions).
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.chat.heard import Heard
from bot.core.message.slack import BUTTON_ID
from bot.core.model import Place

SERVICE = "slack"

_NAME = re.compile(r"[A-Z0-9]{1,40}")

Json = Mapping[str, Any]


def decode_command(payload: Json, event_id: str) -> Heard | None:
    """A slash command, under whatever name; None if it is no such thing."""
    person = _person(payload.get("user_id"))
    place = _place(payload.get("channel_id"), person)
    command, text = payload.get("command"), payload.get("text") or ""
    if place is None or person is None or not isinstance(command, str) or not isinstance(text, str):
        return None
    return Heard(event_id, place, person, f"{command} {text}".strip())


def decode_event(payload: Json, event_id: str) -> Heard | None:
    """A mention or a direct message; None for anything else, and for what bots and edits say."""
    event = payload.get("event")
    if not isinstance(event, Mapping) or event.get("bot_id") or event.get("subtype"):
        return None
    kind = event.get("type")
    if kind != "app_mention" and (kind, event.get("channel_type")) != ("message", "im"):
        return None
    person, text = _person(event.get("user")), event.get("text")
    place = _place(event.get("channel"), person, event.get("thread_ts"))
    if place is None or person is None or not isinstance(text, str):
        return None
    return Heard(_text(payload.get("event_id")) or event_id, place, person, text)


def decode_press(payload: Json, event_id: str) -> Heard | None:
    """A press of one of our buttons; its value is the command. None for anything else."""
    actions = payload.get("actions")
    if payload.get("type") != "block_actions" or not isinstance(actions, list) or not actions:
        return None
    action = actions[0]
    if not isinstance(action, Mapping):
        return None
    message = _mapping(payload.get("message"))
    person, command = _person(_mapping(payload.get("user")).get("id")), _text(action.get("value"))
    channel = _mapping(payload.get("channel")).get("id")
    place = _place(channel, person, message.get("thread_ts"))
    is_ours = _text(action.get("action_id")).startswith(f"{BUTTON_ID}:")
    if place is None or person is None or not command or not is_ours:
        return None
    return Heard(event_id, place, person, command)


DECODERS = {
    "slash_commands": decode_command,
    "events_api": decode_event,
    "interactive": decode_press,
}
"""By the type of the envelope of Socket Mode."""


def team_of(payload: Json) -> str:
    """The workspace somebody spoke in; empty if the payload does not say."""
    return _text(payload.get("team_id")) or _text(_mapping(payload.get("team")).get("id"))


def _place(channel: object, person: str | None, thread: object = None) -> Place | None:
    """Direct conversations are known by the person: what is sent to somebody alone is theirs too.

    So is a conversation of two people, in which the bot cannot speak.
    """
    name = _text(channel)
    if not _NAME.fullmatch(name):
        return None
    if name.startswith("D") and person is not None:
        name = person
    return Place(SERVICE, name, _text(thread))


def _person(user: object) -> str | None:
    name = _text(user)
    return name if _NAME.fullmatch(name) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}
