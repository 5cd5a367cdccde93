import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.advice import Advice, in_vain, is_single_manifest
from bot.core.evidence import Evidence
from bot.core.habit import MAX_TAGS, Habit, judge_habit, other_tags
from bot.core.model import Observation
from bot.core.reason import Reason, ReasonCode
from bot.core.reference import Reference, parse_reference
from tests.support.decisions import AMD64, ARM64, NODE, digest, missing, present, unknown

ONE, TWO = parse_reference("ghcr.io/a/b:1"), parse_reference("ghcr.io/a/b:2")


@pytest.mark.parametrize(
    ("tag", "tags", "others"),
    [
        pytest.param(
            "1.10.0",
            ["1.10.0", "1.9.0", "1.9.1", "1.8.0", "latest", "main"],
            ("latest", "1.9.1", "1.9.0"),
            id="numbers are compared as numbers",
        ),
        pytest.param(
            "12-slim",
            ["10", "11", "9-slim", "11-slim", "10-slim"],
            ("11-slim", "10-slim", "9-slim"),
            id="those made alike first",
        ),
        pytest.param("nightly", ["3", "nightly"], ("3",), id="another kind of tag"),
        pytest.param("1", ["1", "main"], (), id="nothing to compare with"),
        pytest.param(
            "2",
            ["sha256-0123.sig", "sha-0123456", "pr-12", "0123456789abcdef", "1.att", "1"],
            ("1",),
            id="signatures and commits are no releases",
        ),
        pytest.param("latest", ["latest", "2", "1"], ("2", "1"), id="latest itself"),
    ],
)
def test_a_publisher_is_judged_by_the_last_releases(
    tag: str, tags: list[str], others: tuple[str, ...]
) -> None:
    assert other_tags(tag, tags) == others


@given(st.text(max_size=20), st.lists(st.text(max_size=20)))
def test_any_list_of_tags_gives_a_few_others(tag: str, tags: list[str]) -> None:
    found = other_tags(tag, tags)

    assert len(found) <= MAX_TAGS
    assert set(found) <= set(tags) - {tag}


@pytest.mark.parametrize(
    ("seen", "habit"),
    [
        pytest.param([(ONE, present(ARM64)), (TWO, present(AMD64))], (2, 1), id="some"),
        pytest.param([(ONE, present(AMD64)), (TWO, missing())], (1, 0), id="one answers"),
        pytest.param([(ONE, unknown()), (TWO, missing())], None, id="none answers"),
        pytest.param([], None, id="none looked at"),
    ],
)
def test_a_habit_rests_on_the_tags_that_could_be_seen(
    seen: list[tuple[Reference, Observation]], habit: tuple[int, int] | None
) -> None:
    found = judge_habit(ARM64, seen)

    assert (None if found is None else (len(found.seen), len(found.carrying))) == habit


@pytest.mark.parametrize(
    ("habit", "is_never"),
    [
        (Habit((ONE, TWO), ()), True),
        (Habit((ONE, TWO), (ONE,)), False),
        (Habit((ONE,), ()), False),
    ],
    ids=["none of two", "one of two", "none of one"],
)
def test_never_takes_more_than_one_tag(habit: Habit, is_never: bool) -> None:
    assert habit.is_never is is_never


@pytest.mark.parametrize("code", ReasonCode)
def test_only_what_is_not_built_needs_a_word(code: ReasonCode) -> None:
    advice = Advice(Reason(code, Evidence(NODE, ARM64, present(AMD64))))

    assert advice.platform == ARM64
    assert in_vain([advice]) == (
        (advice,) if code in {ReasonCode.NOT_PLANNED, ReasonCode.UNLISTED} else ()
    )


def test_a_tag_that_is_its_only_image_is_a_single_manifest() -> None:
    assert is_single_manifest(present(AMD64, build="a"))


def test_an_index_is_no_single_manifest() -> None:
    index = present(AMD64, build="a")

    assert not is_single_manifest(Observation(index.status, index.observed_at, digest("f")))
