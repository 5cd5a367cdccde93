import pytest

from bot.core.access import Access, LoginScope, Permits, covers
from bot.core.model import TERMINAL, Place
from bot.core.reference import parse_reference

TEAM = Place("slack", "C1")
THREAD = Place("slack", "C1", "1712.5")
STRANGERS = Place("slack", "C9")
CHAT = Place("telegram", "-100")
APP = parse_reference("registry.test/team/app:1")


def permits(*places: Place, repositories: tuple[str, ...] = ()) -> Permits:
    return Permits({"registry.test": LoginScope(repositories, frozenset(places))})


@pytest.mark.parametrize(
    ("patterns", "repository", "covered"),
    [
        pytest.param((), "team/app", True, id="no-patterns"),
        pytest.param(("team/app",), "team/app", True, id="named"),
        pytest.param(("team/app",), "team/app2", False, id="longer"),
        pytest.param(("team/*",), "team/app", True, id="star"),
        pytest.param(("team/*",), "team/app/web", False, id="star-stays-in-its-part"),
        pytest.param(("team/**",), "team/app/web", True, id="two-stars-do-not"),
        pytest.param(("team/**",), "teams/app", False, id="two-stars-after-a-slash"),
        pytest.param(("team/app-?",), "team/app-1", True, id="question-mark"),
        pytest.param(("team/app-?",), "team/app-/", False, id="question-mark-is-no-slash"),
        pytest.param(("t.am/app",), "team/app", False, id="a-dot-is-a-dot"),
        pytest.param(("other/*", "team/*"), "team/app", True, id="any-of-several"),
    ],
)
def test_patterns_of_repositories(
    patterns: tuple[str, ...], repository: str, covered: bool
) -> None:
    assert covers(patterns, repository) is covered


@pytest.mark.parametrize(
    ("pattern", "place", "served"),
    [
        pytest.param(TEAM, TEAM, True, id="exact"),
        pytest.param(TEAM, STRANGERS, False, id="another"),
        pytest.param(TEAM, THREAD, True, id="a-thread-of-it"),
        pytest.param(THREAD, THREAD, True, id="exact-thread"),
        pytest.param(THREAD, TEAM, False, id="around-the-thread"),
        pytest.param(Place("slack", "*"), STRANGERS, True, id="the-whole-service"),
        pytest.param(Place("slack", "*"), CHAT, False, id="another-service"),
        pytest.param(Place("telegram", "-1"), CHAT, False, id="a-beginning"),
    ],
)
def test_patterns_of_places(pattern: Place, place: Place, served: bool) -> None:
    assert LoginScope(places=frozenset({pattern})).serves(place) is served


def test_without_a_login_everybody_sees_the_same() -> None:
    assert Permits().access(APP, (STRANGERS,)) is Access.OPEN


def test_what_the_login_is_not_for_is_open() -> None:
    assert permits(TEAM, repositories=("other/*",)).access(APP, (STRANGERS,)) is Access.OPEN


def test_the_terminal_may_always_use_the_login() -> None:
    assert permits().access(APP, (TERMINAL,)) is Access.LOGIN
    assert permits(TEAM).access(APP, (TERMINAL, TEAM)) is Access.LOGIN


def test_one_place_that_may_not_use_the_login_withholds_it_from_all() -> None:
    assert permits(TEAM).access(APP, (TEAM, STRANGERS)) is Access.WITHHELD


def test_for_nobody_the_login_is_not_used() -> None:
    assert permits(TEAM).access(APP, ()) is Access.WITHHELD


def test_a_scope_for_all_others_holds_for_registries_that_are_not_named() -> None:
    both = Permits({"registry.test": LoginScope(("other/*",))}, of_others=LoginScope())

    assert both.access(APP, (TERMINAL,)) is Access.OPEN
    assert both.access(parse_reference("ghcr.io/a/b:1"), (TERMINAL,)) is Access.LOGIN
    assert both.access(parse_reference("ghcr.io/a/b:1"), (TEAM,)) is Access.WITHHELD
