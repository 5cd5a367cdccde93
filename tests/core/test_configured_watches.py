"""What is said of watches that the configuration wants, and when tags are listed again."""

from datetime import timedelta

import pytest

from bot.core.message.english.answers import render_stopped
from bot.core.message.english.lists import watch_row
from bot.core.model import TERMINAL, Watch, WatchId
from bot.core.platform import Platform
from bot.core.schedule import Pacing, next_list
from tests.support.decisions import AMD64, ARM64, NODE, NOW, kept


def configured(*platforms: Platform, number: int = 1) -> Watch:
    wants = (kept(ARM64), kept(AMD64))
    return Watch(
        WatchId(number), NODE, TERMINAL, wants, (), NOW, standing=True, configured=platforms
    )


def test_what_the_configuration_wants_cannot_be_stopped() -> None:
    message = render_stopped([configured(ARM64, AMD64)])

    assert message.headline == f"📌 #1 {NODE.familiar} stands in the configuration."
    assert message.lines[0] == "It goes on for linux/arm64 and linux/amd64."
    assert "/mute #1" in message.lines[1]


def test_what_people_wanted_besides_is_stopped() -> None:
    message = render_stopped([configured(ARM64)])

    assert message.headline == f"🛑 Stopped #1: {NODE.familiar} for linux/amd64."
    assert message.lines[0] == "It goes on for linux/arm64."


def test_of_several_those_that_go_on_are_named() -> None:
    message = render_stopped([configured(), configured(ARM64, number=2)])

    assert message.headline == "🛑 Stopped 1 watch."
    assert message.lines[-1] == f"#2 {NODE.familiar}"


def test_where_all_of_several_go_on_nothing_is_said_to_be_stopped() -> None:
    message = render_stopped([configured(ARM64), configured(ARM64, number=2)])

    assert message.headline == "📌 All of these stand in the configuration."
    assert message.lines[1:] == (f"#1 {NODE.familiar}", f"#2 {NODE.familiar}")


def test_a_list_says_where_a_watch_comes_from() -> None:
    assert "from the configuration" in watch_row(configured(ARM64), now=NOW)


@pytest.mark.parametrize(
    ("failures", "chance", "after_s"),
    [(0, 0.5, 900), (0, 0.0, 810), (1, 0.5, 900), (20, 1.0, 1800)],
    ids=["usual", "early", "a failure", "many failures"],
)
def test_tags_are_listed_again_in_time(failures: int, chance: float, after_s: float) -> None:
    due_at = next_list(NOW, failures=failures, chance=chance, pacing=Pacing())

    assert due_at == NOW + timedelta(seconds=after_s)
