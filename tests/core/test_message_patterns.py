import pytest

from bot.core.errors import TroubleKind
from bot.core.message.english.lists import render_list
from bot.core.message.english.patterns import (
    pattern_row,
    render_cannot_follow,
    render_following,
    render_pattern_has_no_end,
    render_too_many_patterns,
    render_unfollowed,
)
from tests.support.decisions import ARM64, NOW

SLIM = "node:22.*-slim"


@pytest.mark.parametrize(
    ("fitting", "told"),
    [
        (None, "I could not list its tags just now and go on trying."),
        ([], "No tag fits yet: check the spelling."),
        (["22.1-slim"], "1 tag fits already, such as 22.1-slim; these are no news."),
        (list("dcba"), "4 tags fit already, such as d, c and b; these are no news."),
    ],
    ids=["unknown", "none", "one", "many"],
)
def test_the_answer_says_what_fits_now(fitting: list[str] | None, told: str) -> None:
    message = render_following(SLIM, {ARM64}, fitting, is_new=True)

    assert message.headline == f"🔭 Watching for new tags that fit {SLIM}, for linux/arm64."
    assert message.lines[0] == told
    assert message.buttons[0].command == f"/unwatch {SLIM}"


def test_who_asks_again_is_told_that_it_is_so_already() -> None:
    assert "Already watching" in render_following(SLIM, {ARM64}, [], is_new=False).headline


@pytest.mark.parametrize(
    ("kind", "sign"), [(TroubleKind.DENIED, "🔒"), (TroubleKind.UNLISTED_REGISTRY, "🚫")]
)
def test_a_refusal_gives_its_reason(kind: TroubleKind, sign: str) -> None:
    message = render_cannot_follow(SLIM, kind, "Because.")

    assert message.headline == f"{sign} Not watching for {SLIM}."
    assert message.lines == ("Because.",)


def test_there_can_be_too_many() -> None:
    assert "3 patterns and watches" in render_too_many_patterns(SLIM, most=3).headline


def test_a_pattern_with_an_end_is_refused_with_what_to_do_instead() -> None:
    message = render_pattern_has_no_end(SLIM)

    assert message.headline == f"❓ Not watching for {SLIM}: a pattern cannot end by itself."
    assert f"/unwatch {SLIM}" in message.lines[0]


def test_stopping_leaves_what_the_configuration_wants() -> None:
    assert render_unfollowed(SLIM, configured=False).headline.startswith("🛑 Stopped")
    assert "stands in the configuration" in render_unfollowed(SLIM, configured=True).headline


def test_patterns_are_listed_after_watches() -> None:
    rows = [
        pattern_row(SLIM, {ARM64}, configured=True),
        pattern_row("node:^22", {ARM64}, configured=False),
    ]

    message = render_list([], page=1, now=NOW, patterns=rows)

    assert message.headline == "No tag is watched here, but new ones are."
    assert message.lines == (
        "node:22.*-slim: new tags, for linux/arm64, from the configuration",
        "node:^22: new tags, for linux/arm64",
    )
