import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.message.neutral import Button, Message
from bot.core.message.slack import MAX_MENTIONS, escaped, render_slack
from tests.core.test_message_plain import messages

ALERT = Message(
    "✅ linux/arm64 is there: node:22.15-bullseye-slim",
    ("Digest sha256:1f3c… · waited 3 h 41 min (#7)",),
    ("docker pull --platform linux/arm64 node:22.15-bullseye-slim",),
    (Button("Check now", "/check #7"), Button("Stop", "/unwatch #7")),
    ("U012AB3CD", "W9"),
)


def test_an_alert_is_headline_lines_code_people_and_buttons() -> None:
    laid_out = render_slack(ALERT, marker="d1")

    assert [block["type"] for block in laid_out.blocks] == ["section"] * 4 + ["actions"]
    assert laid_out.blocks[0]["block_id"] == "d1"
    assert laid_out.blocks[0]["text"]["text"] == f"*{ALERT.headline}*"
    assert laid_out.blocks[2]["text"]["text"] == f"```\n{ALERT.code[0]}\n```"
    assert laid_out.blocks[3]["text"]["text"] == "<@U012AB3CD> <@W9>"
    assert [button["value"] for button in laid_out.blocks[4]["elements"]] == [
        "/check #7",
        "/unwatch #7",
    ]


def test_the_text_beside_the_blocks_begins_with_the_headline_and_says_all() -> None:
    laid_out = render_slack(ALERT, marker="d1")

    assert laid_out.text.splitlines() == [
        ALERT.headline,
        *ALERT.lines,
        *ALERT.code,
        "<@U012AB3CD> <@W9>",
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        "<!channel>",
        "<!here|x>",
        "<@U012AB3CD>",
        "<https://evil.example|node:22>",
        "a & b < c",
        "\u202egnp.exe",
    ],
)
def test_a_name_from_outside_is_only_text(hostile: str) -> None:
    laid_out = render_slack(Message(hostile, (hostile,), (hostile,)), marker="d1")

    for text in (laid_out.text, json.dumps(laid_out.blocks, ensure_ascii=False)):
        assert "<" not in text
        assert "\u202e" not in text


def test_a_command_cannot_leave_its_block_of_code() -> None:
    laid_out = render_slack(Message("x", code=("``` <!channel>",)), marker="d1")

    assert laid_out.blocks[1]["text"]["text"] == "```\n''' &lt;!channel&gt;\n```"


def test_a_mention_that_is_no_member_is_left_out() -> None:
    laid_out = render_slack(Message("x", mentions=("!channel", "U1|x>", "U1")), marker="d1")

    assert laid_out.text == "x\n<@U1>"


def test_a_crowd_is_counted() -> None:
    people = tuple(f"U{number}" for number in range(MAX_MENTIONS + 2))

    laid_out = render_slack(Message("x", mentions=people), marker="d1")

    assert laid_out.text.endswith("<@U39> and 2 more")


def test_a_value_too_long_for_a_button_has_none() -> None:
    laid_out = render_slack(Message("x", buttons=(Button("y", "z" * 2001),)), marker="d1")

    assert [block["type"] for block in laid_out.blocks] == ["section"]


def test_names_of_5000_characters_stay_within_slacks_limits() -> None:
    name = "<&>" * 1700
    message = Message(name, (name,) * 30, (name,) * 3, ALERT.buttons)

    laid_out = render_slack(message, marker="d1")

    assert all(len(block["text"]["text"]) <= 3000 for block in laid_out.blocks if "text" in block)
    assert sum(len(json.dumps(block)) for block in laid_out.blocks) < 13_200
    assert len(laid_out.text) < 12_000


@given(messages, st.text(alphabet="0123456789abcdef", min_size=1, max_size=24))
def test_any_message_keeps_to_slacks_rules(message: Message, marker: str) -> None:
    laid_out = render_slack(message, marker=marker)

    assert 1 <= len(laid_out.blocks) <= 50
    for block in laid_out.blocks:
        if block["type"] == "section":
            assert 1 <= len(block["text"]["text"]) <= 3000
        else:
            assert 1 <= len(block["elements"]) <= 25
    assert escaped("") == ""
