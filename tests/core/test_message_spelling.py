import pytest

from bot.core.message.neutral import Button, Message
from bot.core.message.spelling import spelled


def umbrella(verb: str) -> str:
    return f"/archbell {verb}"


@pytest.mark.parametrize(
    ("line", "read"),
    [
        pytest.param("/list", "/archbell list", id="alone"),
        pytest.param(
            "To go on: /watch a/watch:1 arm64", "To go on: /archbell watch a/watch:1 arm64", id="in"
        ),
        pytest.param("(/help, /status)", "(/archbell help, /archbell status)", id="punctuation"),
        pytest.param("How to use /list:", "How to use /archbell list:", id="before a colon"),
        pytest.param("Ask /help. Or not.", "Ask /archbell help. Or not.", id="before a full stop"),
        pytest.param("/list.txt and /check:1", "/list.txt and /check:1", id="a file and a port"),
        pytest.param("team/list:1 and ./check.sh", "team/list:1 and ./check.sh", id="a path"),
        pytest.param("/watches", "/watches", id="another word"),
    ],
)
def test_commands_are_written_as_people_type_them_there(line: str, read: str) -> None:
    assert spelled(Message(line, (line,)), umbrella) == Message(read, (read,))


def test_what_a_button_sends_is_for_the_bot() -> None:
    message = Message("x", buttons=(Button("Stop", "/unwatch #7"),), code=("docker pull x",))

    assert spelled(message, umbrella) == message
