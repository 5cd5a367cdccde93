import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.early import awaited_in, awaits_build, built_alert, decide_built, early_tags
from bot.core.model import Alert, Event, Want, WantState, WatchId
from bot.core.platform import parse_platform
from bot.core.reference import parse_reference
from tests.support.decisions import AMD64, ARM64, NODE, S390X, missing, present, unknown

ONE, TWO = WatchId(1), WatchId(2)
OWN = parse_reference("arm64v8/node:22.15-bullseye-slim")


def test_the_own_tag_of_each_missing_platform_is_looked_at_once() -> None:
    wants = [Want(ONE, ARM64), Want(TWO, ARM64), Want(TWO, S390X)]

    tags = early_tags(NODE, wants, None)

    assert [tag.familiar for tag in tags] == [
        "arm64v8/node:22.15-bullseye-slim",
        "s390x/node:22.15-bullseye-slim",
    ]


@pytest.mark.parametrize(
    "want",
    [
        pytest.param(Want(ONE, ARM64, WantState.MET), id="it is there"),
        pytest.param(Want(ONE, ARM64, WantState.DOUBTED), id="it may be there"),
        pytest.param(Want(ONE, ARM64, WantState.GONE), id="what is built is what has gone"),
        pytest.param(Want(ONE, ARM64, built=True), id="it is known to be built"),
        pytest.param(Want(ONE, parse_platform("linux/loong64")), id="nobody builds it"),
    ],
)
def test_no_own_tag_is_looked_at_where_it_tells_nothing(want: Want) -> None:
    assert early_tags(NODE, [want], None) == ()


@pytest.mark.parametrize("image", ["ghcr.io/acme/node:22", "acme/node:22", "arm64v8/node:22"])
def test_only_official_images_are_built_in_tags_of_their_own(image: str) -> None:
    assert early_tags(parse_reference(image), [Want(ONE, ARM64)], None) == ()


def test_what_is_not_planned_is_not_looked_for() -> None:
    wants = [Want(ONE, ARM64), Want(ONE, S390X)]

    tags = early_tags(NODE, wants, frozenset({ARM64, AMD64}))

    assert tags == (OWN,)


def test_an_own_tag_is_awaited_by_those_who_wait_for_its_platform() -> None:
    wants = [Want(ONE, ARM64), Want(ONE, S390X), Want(TWO, ARM64, WantState.MET)]

    assert awaited_in(OWN, wants) == (Want(ONE, ARM64),)
    assert awaited_in(parse_reference("acme/node:22"), wants) == ()
    assert awaited_in(NODE, wants) == ()


def test_a_platform_in_its_own_tag_is_built() -> None:
    built = decide_built([Want(ONE, ARM64, episode=2), Want(TWO, ARM64)], present(ARM64))

    assert built == (Want(ONE, ARM64, episode=2, built=True), Want(TWO, ARM64, built=True))
    assert built_alert(built[0]) == Alert(ONE, Event.BUILT, ARM64, 2)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(missing(), id="no such tag"),
        pytest.param(unknown(), id="no answer"),
        pytest.param(present(AMD64), id="another platform"),
    ],
)
def test_nothing_is_built_that_was_not_seen(seen: object) -> None:
    assert decide_built([Want(ONE, ARM64)], seen) == ()  # type: ignore[arg-type]


@given(
    st.builds(
        Want,
        watch=st.just(ONE),
        platform=st.just(ARM64),
        state=st.sampled_from(WantState),
        episode=st.integers(0, 3),
        built=st.booleans(),
    )
)
def test_what_is_built_is_told_once(want: Want) -> None:
    first = decide_built([want], present(ARM64))

    assert bool(first) == awaits_build(want)
    assert decide_built(first, present(ARM64)) == ()
