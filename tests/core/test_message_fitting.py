import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.message.fitting import SHORTEST, fitted, shortened
from bot.core.message.slack import escaped


def escaped_size(text: str) -> int:
    return len(escaped(text))


def test_what_fits_is_left_alone() -> None:
    assert fitted(["one", "three"], 10) == ("one", "three")


def test_the_longest_lines_are_cut_first_and_alike() -> None:
    lines = ["short", "x" * 100, "y" * 200]

    cut = fitted(lines, 128)

    assert cut == ("short", f"{'x' * 59}…", f"{'y' * 59}…")
    assert sum(len(line) + 1 for line in cut) == 128


def test_when_cutting_does_not_help_the_last_lines_are_counted() -> None:
    lines = [f"{number:03} {'x' * 60}" for number in range(100)]

    cut = fitted(lines, 500)

    assert cut[0].startswith("000 x")
    assert cut[-1] == f"… and {100 - len(cut) + 1} more lines"
    assert all(len(line) == SHORTEST for line in cut[:-1])


@pytest.mark.parametrize(
    ("text", "room", "cut"),
    [
        pytest.param("abc", 3, "abc", id="fits"),
        pytest.param("abcd", 3, "ab…", id="an ellipsis counts"),
        pytest.param("abcd", 1, "…", id="nothing is left"),
        pytest.param("<<<<", 9, "<<…", id="counted as escaped"),
    ],
)
def test_a_text_is_cut_to_its_room(text: str, room: int, cut: str) -> None:
    assert shortened(text, room, size=escaped_size) == cut


@given(st.lists(st.text(max_size=300), max_size=60), st.integers(100, 5000))
def test_nothing_takes_more_than_the_room(lines: list[str], room: int) -> None:
    cut = fitted(lines, room, size=escaped_size)

    assert sum(escaped_size(line) + 1 for line in cut) <= room
