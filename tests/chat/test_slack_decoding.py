from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.slack.decoding import DECODERS, decode_command, decode_event, decode_press, team_of
from bot.core.message.slack import BUTTON_ID
from bot.core.model import Place

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
KEYS = st.sampled_from(
    ["type", "event", "actions", "channel", "channel_id", "user_id", "command", "text", "value"]
)


@given(st.dictionaries(KEYS, JSON), st.sampled_from(sorted(DECODERS)))
def test_nothing_that_comes_makes_it_stumble(payload: dict[str, Any], kind: str) -> None:
    DECODERS[kind](payload, "e1")
    team_of(payload)


@pytest.mark.parametrize("channel", ["", "C0 TEAM", "../x", None, 7, "c0team"], ids=repr)
def test_what_is_no_conversation_is_left_alone(channel: object) -> None:
    payload = {"channel_id": channel, "user_id": "U1", "command": "/watch", "text": "x"}

    assert decode_command(payload, "e1") is None


def test_a_reaction_is_no_command() -> None:
    assert decode_event({"event": {"type": "reaction_added", "user": "U1"}}, "e1") is None


def test_another_apps_button_is_no_command() -> None:
    payload = {
        "type": "block_actions",
        "channel": {"id": "C1"},
        "user": {"id": "U1"},
        "actions": [{"action_id": "approve", "value": "/unwatch all"}],
    }

    assert decode_press(payload, "e1") is None


def test_whatever_is_said_in_a_direct_conversation_belongs_to_the_person() -> None:
    ada = Place("slack", "U0ADA")
    command = {"channel_id": "D1", "user_id": "U0ADA", "command": "/watch", "text": "x"}
    event = {"type": "message", "channel_type": "im", "channel": "D1", "user": "U0ADA", "text": "x"}
    press = {
        "type": "block_actions",
        "channel": {"id": "D1"},
        "user": {"id": "U0ADA"},
        "actions": [{"action_id": f"{BUTTON_ID}:0", "value": "/unwatch #7"}],
    }

    heard = [
        decode_command(command, "e1"),
        decode_event({"event": event}, "e2"),
        decode_press(press, "e3"),
    ]

    assert [one.place if one else None for one in heard] == [ada, ada, ada]
