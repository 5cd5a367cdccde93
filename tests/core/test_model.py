from datetime import timedelta

import pytest

from bot.core.errors import (
    ConfigurationError,
    Postponed,
    RateLimited,
    RegistryError,
    TroubleKind,
)
from bot.core.model import CLEAR, MISSING, TERMINAL, Entry, Observation, Place, Status, WantState
from bot.core.platform import Platform
from tests.support.decisions import AMD64, ARM64, NOW, denied, digest, missing, present, unknown


def kinds_of(error: type[RegistryError]) -> set[TroubleKind]:
    own = {error.kind} if "kind" in vars(error) else set[TroubleKind]()
    return own.union(*(kinds_of(kind) for kind in error.__subclasses__()))


@pytest.mark.parametrize(
    ("observation", "is_clear"),
    [
        pytest.param(present(), True, id="present"),
        pytest.param(missing(), True, id="tag missing"),
        pytest.param(denied(), False, id="denied"),
        pytest.param(unknown(), False, id="unknown"),
    ],
)
def test_only_presence_and_absence_are_clear(observation: Observation, is_clear: bool) -> None:
    assert observation.is_clear is is_clear


def test_clear_and_missing_name_what_is_known() -> None:
    assert set(CLEAR) == {Status.PRESENT, Status.TAG_MISSING}
    assert set(MISSING) == {WantState.UNSEEN, WantState.WAITING, WantState.GONE}


@pytest.mark.parametrize("reachable", [True, False, None], ids=str)
def test_a_platform_is_offered_once_its_manifest_was_served(reachable: bool | None) -> None:
    entry = Entry(digest("a"), reachable)
    observation = present(AMD64, entries={ARM64: entry})

    assert observation.listed(ARM64) == (ARM64, entry)
    assert observation.offers(ARM64) == (entry if reachable else None)


def test_a_platform_that_is_not_listed_is_not_offered() -> None:
    observation = present(AMD64, Platform("linux", "arm64", "v9"))

    assert observation.listed(ARM64) is None
    assert observation.offers(ARM64) is None


@pytest.mark.parametrize(
    ("place", "text"),
    [
        pytest.param(TERMINAL, "terminal", id="terminal"),
        pytest.param(Place("slack", "C0123"), "slack:C0123", id="conversation"),
        pytest.param(Place("telegram", "-100", "7"), "telegram:-100:7", id="thread"),
    ],
)
def test_a_place_is_shown_as_the_configuration_writes_it(place: Place, text: str) -> None:
    assert str(place) == text


def test_a_registry_error_names_its_registry_and_keeps_what_the_registry_said() -> None:
    error = RateLimited("docker.io", "too many requests", http_status=429, retry_at=NOW)

    assert str(error) == "docker.io: too many requests"
    assert (error.registry, error.http_status, error.retry_at) == ("docker.io", 429, NOW)
    assert error.kind is TroubleKind.RATE_LIMITED


def test_every_trouble_but_our_own_has_an_error() -> None:
    assert kinds_of(RegistryError) == set(TroubleKind) - {TroubleKind.BUG}


def test_a_postponed_message_says_for_how_long() -> None:
    error = Postponed("slack: slow down", retry_after_s=30)

    assert str(error) == "slack: slow down"
    assert error.retry_after_s == 30


def test_a_configuration_error_holds_every_mistake_on_its_own_line() -> None:
    error = ConfigurationError(("`a`: unknown setting", "`b`: is missing"))

    assert str(error) == "`a`: unknown setting\n`b`: is missing"
    assert error.mistakes == ("`a`: unknown setting", "`b`: is missing")


@pytest.mark.parametrize(
    ("before", "differs"),
    [
        pytest.param(None, True, id="never seen"),
        pytest.param(present(ARM64, at=NOW - timedelta(hours=1)), False, id="the same"),
        pytest.param(
            present(entries={ARM64: Entry(digest("a"), reachable=False)}), False, id="not served"
        ),
        pytest.param(present(ARM64, build="b"), True, id="another build"),
        pytest.param(present(ARM64, AMD64), True, id="a platform less"),
        pytest.param(missing(), True, id="no tag"),
    ],
)
def test_a_tag_differs_by_what_it_points_at(before: Observation | None, differs: bool) -> None:
    assert present(ARM64).differs_from(before) == differs
