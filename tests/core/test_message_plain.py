import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.message.neutral import Button, Message
from bot.core.message.plain import MAX_LINE_CHARACTERS, MAX_LINES, render_plain, visible

texts = st.text(alphabet=st.characters(), max_size=60)
messages = st.builds(
    Message,
    headline=texts,
    lines=st.lists(texts, max_size=4).map(tuple),
    code=st.lists(texts, max_size=3).map(tuple),
    buttons=st.lists(st.builds(Button, label=texts, command=texts), max_size=3).map(tuple),
    mentions=st.lists(texts, max_size=3).map(tuple),
)


@given(messages)
def test_a_message_survives_the_database(message: Message) -> None:
    stored = json.dumps(message.as_json())

    assert Message.from_json(json.loads(stored)) == message


def test_a_message_is_a_headline_lines_commands_and_what_to_type() -> None:
    message = Message(
        "✅ linux/arm64 is there: node:22",
        ("There now: amd64 and arm64.", "To be told again: /watch node:22"),
        ("docker pull --platform linux/arm64 node:22",),
        (
            Button("Check now", "/check node:22"),
            Button("Stop", "/unwatch #7"),
            Button("Again", "/watch node:22"),
        ),
        ("@alice",),
    )

    assert render_plain(message) == (
        "✅ linux/arm64 is there: node:22\n"
        "  There now: amd64 and arm64.\n"
        "  To be told again: /watch node:22\n"
        "    docker pull --platform linux/arm64 node:22\n"
        "  → /check node:22 · /unwatch #7"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\x1b[31mb", "a�[31mb", id="colour"),
        pytest.param("a\rb\nc\td", "a�b�c�d", id="line ends"),
        pytest.param("a\u202eb\u2066c\u200fd", "a�b�c�d", id="reading direction"),
        pytest.param("a\u2028b\u2029c", "a�b�c", id="separators"),
        pytest.param("a\x9bb\x07c", "a�b�c", id="8-bit controls and bell"),
        pytest.param("a\ud800b", "a�b", id="half a character"),
        pytest.param("⚠️ 👩\u200d💻", "⚠️ 👩\u200d💻", id="emoji"),
        pytest.param("für 日本 ação", "für 日本 ação", id="other scripts"),
    ],
)
def test_what_could_move_the_cursor_is_shown_as_a_replacement(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_line_has_an_end() -> None:
    assert visible("x" * MAX_LINE_CHARACTERS) == "x" * MAX_LINE_CHARACTERS
    assert visible("x" * (MAX_LINE_CHARACTERS + 1)) == "x" * (MAX_LINE_CHARACTERS - 1) + "…"


def test_a_message_has_an_end() -> None:
    text = render_plain(Message("many", tuple(f"line {n}" for n in range(1000))))

    rows = text.split("\n")
    assert len(rows) == MAX_LINES
    assert rows[-2:] == [f"  line {MAX_LINES - 3}", "  …"]


@given(messages)
def test_no_message_can_harm_a_terminal(message: Message) -> None:
    text = render_plain(message)

    text.encode("utf-8")
    for row in text.split("\n"):
        assert len(row) <= MAX_LINE_CHARACTERS
        unsafe = {unicodedata.category(character) for character in row if character != "\u200d"}
        assert not unsafe & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(text.split("\n")) == 1 + len(message.lines) + len(message.code) + any(
        button.command not in "\n".join(_told(message)) for button in message.buttons
    )


def _told(message: Message) -> list[str]:
    lines = [f"  {line}" for line in message.lines]
    return [message.headline, *lines, *(f"    {line}" for line in message.code)]
