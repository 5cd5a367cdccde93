import html
import re

import pytest
from hypothesis import given

from bot.core.message.neutral import Button, Message
from bot.core.message.telegram import MAX_CHARACTERS, MAX_MENTIONS, TelegramMessage, render_telegram
from tests.core.test_message_plain import messages

ALERT = Message(
    "✅ linux/arm64 is there: node:22.15-bullseye-slim",
    ("Digest sha256:1f3c… · waited 3 h 41 min (#7)",),
    ("docker pull --platform linux/arm64 node:22.15-bullseye-slim",),
    (Button("Check now", "/check #7"), Button("Stop", "/unwatch #7")),
    ("101", "202"),
)


def as_read(text: str) -> str:
    """What Telegram shows and counts: without tags, entities as characters."""
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_an_alert_is_headline_lines_code_and_people() -> None:
    laid_out = render_telegram(ALERT, names={"101": "Ada <3", "202": ""})

    assert laid_out.text == (
        "<b>✅ linux/arm64 is there: node:22.15-bullseye-slim</b>\n"
        "Digest sha256:1f3c… · waited 3 h 41 min (#7)\n"
        "<pre>docker pull --platform linux/arm64 node:22.15-bullseye-slim</pre>\n"
        '<a href="tg://user?id=101">Ada &lt;3</a> <a href="tg://user?id=202">👤</a>'
    )
    assert laid_out.buttons == (("Check now", "/check #7"), ("Stop", "/unwatch #7"))


@pytest.mark.parametrize("hostile", ["<b>x", "</pre>", "&lt;", "<a href='x'>y</a>", "\u202egnp.x"])
def test_a_name_from_outside_is_only_text(hostile: str) -> None:
    laid_out = render_telegram(Message(hostile, (hostile,), (hostile,)), names={})

    assert as_read(laid_out.text).splitlines() == [hostile.replace("\u202e", "�")] * 3


def test_a_command_too_long_for_a_button_is_written_out() -> None:
    command = f"/watch {'x' * 60} arm64"

    laid_out = render_telegram(Message("x", buttons=(Button("Again", command),)), names={})

    assert laid_out.buttons == ()
    assert laid_out.text == f"<b>x</b>\n{command}"


def test_half_a_character_is_no_button() -> None:
    laid_out = render_telegram(Message("x", buttons=(Button("Again", "\ud800"),)), names={})

    assert laid_out == TelegramMessage("<b>x</b>\n�")


def test_a_mention_that_is_no_person_is_left_out() -> None:
    message = Message("x", mentions=("1&x=", "٣", "@x", "5"))

    laid_out = render_telegram(message, names={"5": "Eve"})

    assert laid_out.text == '<b>x</b>\n<a href="tg://user?id=5">Eve</a>'


def test_a_crowd_is_counted() -> None:
    people = tuple(str(number) for number in range(MAX_MENTIONS + 2))

    laid_out = render_telegram(Message("x", mentions=people), names={})

    assert laid_out.text.endswith("</a> and 2 more")


def test_names_of_5000_characters_stay_within_the_limit() -> None:
    name = "<&>👀" * 1250
    people = tuple(str(number) for number in range(100))

    laid_out = render_telegram(
        Message(name, (name,) * 50, (name,) * 9, ALERT.buttons, people), names={"1": name}
    )

    assert len(laid_out.text) <= MAX_CHARACTERS
    assert units(as_read(laid_out.text)) <= MAX_CHARACTERS


@given(messages)
def test_any_message_keeps_to_telegrams_rules(message: Message) -> None:
    laid_out = render_telegram(message, names={})

    assert units(as_read(laid_out.text)) <= MAX_CHARACTERS
    assert all(len(data.encode()) <= 64 for _, data in laid_out.buttons)
