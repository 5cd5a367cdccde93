"""What the history of tags tells."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.chronicle import MAX_TAGS, Chronicle, Landing, LandingKind, Record, Span, landings
from bot.core.model import Status
from bot.core.platform import Platform, parse_platform
from bot.core.reference import parse_reference
from tests.support.stores import AMD64, ARM64, NODE, NOW, RISCV, at

HOUR = timedelta(hours=1)
OTHER = parse_reference("busybox:1.37")


def record(
    id: int, *platforms: Platform, hours: float = 0, of: str = "a", status: Status = Status.PRESENT
) -> Record:
    return Record(id, NODE, status, NOW + hours * HOUR, dict.fromkeys(platforms, of))


def gone(id: int, *, hours: float) -> Record:
    return record(id, hours=hours, status=Status.TAG_MISSING)


def span_after(*records: Record, of: Platform = ARM64) -> Span | None:
    chronicle = Chronicle()
    chronicle.learn(records)
    return chronicle.span(NODE, of)


def waits_after(*records: Record) -> dict[Platform, tuple[timedelta, ...]]:
    chronicle = Chronicle()
    chronicle.learn(records)
    return dict(chronicle.waits)


def test_nothing_is_known_of_a_tag_without_records() -> None:
    assert span_after() is None


def test_what_the_first_record_shows_may_have_been_so_before() -> None:
    first = record(1, AMD64)

    assert span_after(first, of=AMD64) == Span(there=True, since=NOW, exact=False)
    assert span_after(first, of=ARM64) == Span(there=False, since=NOW, exact=False)


def test_what_comes_is_there_exactly_since_then() -> None:
    assert span_after(record(1, AMD64), record(2, AMD64, ARM64, hours=3)) == Span(
        there=True, since=NOW + 3 * HOUR, exact=True
    )


def test_what_goes_is_missing_exactly_since_then() -> None:
    assert span_after(record(1, AMD64, ARM64), record(2, AMD64, hours=2)) == Span(
        there=False, since=NOW + 2 * HOUR, exact=True
    )


def test_a_wait_lasts_from_the_tag_without_the_platform_until_it_comes() -> None:
    assert waits_after(record(1, AMD64), record(2, AMD64, ARM64, hours=3)) == {ARM64: (3 * HOUR,)}


def test_the_time_without_the_tag_is_nobodys_wait() -> None:
    waits = waits_after(
        gone(1, hours=0), record(2, AMD64, hours=100), record(3, AMD64, ARM64, hours=101)
    )

    assert waits == {ARM64: (HOUR,)}


def test_what_comes_together_with_its_tag_was_not_waited_for() -> None:
    assert waits_after(gone(1, hours=0), record(2, AMD64, ARM64, hours=5)) == {}


def test_what_went_and_comes_back_was_waited_for_since_it_went() -> None:
    waits = waits_after(
        record(1, AMD64, ARM64), record(2, AMD64, hours=10), record(3, AMD64, ARM64, hours=12)
    )

    assert waits == {ARM64: (2 * HOUR,)}


def test_what_went_with_its_tag_is_waited_for_since_the_tag_is_back_without_it() -> None:
    waits = waits_after(
        record(1, AMD64, ARM64),
        gone(2, hours=1),
        record(3, AMD64, hours=50),
        record(4, AMD64, ARM64, hours=51),
    )

    assert waits == {ARM64: (HOUR,)}


def test_records_that_were_learnt_before_change_nothing() -> None:
    first, second = record(1, AMD64), record(2, AMD64, ARM64, hours=3)
    chronicle = Chronicle()
    chronicle.learn([first, second])
    chronicle.learn([first, second])

    assert chronicle.waits == {ARM64: (3 * HOUR,)}


def test_tags_are_kept_apart() -> None:
    chronicle = Chronicle()
    chronicle.learn([record(1, AMD64), Record(2, OTHER, Status.PRESENT, at(60), {ARM64: "a"})])

    assert chronicle.span(NODE, ARM64) == Span(there=False, since=NOW, exact=False)
    assert chronicle.span(OTHER, ARM64) == Span(there=True, since=at(60), exact=False)


def test_landings_tell_what_came_was_rebuilt_and_went() -> None:
    told = landings(
        [
            record(1, AMD64, RISCV),
            record(2, AMD64, ARM64, RISCV, hours=2),
            Record(3, NODE, Status.PRESENT, NOW + 4 * HOUR, {AMD64: "b", ARM64: "a"}),
        ]
    )

    assert told == [
        Landing(AMD64, NOW, LandingKind.FIRST),
        Landing(RISCV, NOW, LandingKind.FIRST),
        Landing(ARM64, NOW + 2 * HOUR, LandingKind.CAME, 2 * HOUR),
        Landing(RISCV, NOW + 4 * HOUR, LandingKind.WENT),
        Landing(AMD64, NOW + 4 * HOUR, LandingKind.REBUILT),
    ]


@pytest.mark.parametrize("name", ["linux/arm64", "windows/amd64"])
def test_a_platform_is_found_by_its_value(name: str) -> None:
    assert span_after(record(1, parse_platform(name)), of=parse_platform(name)) is not None


SOME = st.lists(
    st.tuples(st.sampled_from(list(Status)), st.sets(st.sampled_from([AMD64, ARM64, RISCV]))),
    max_size=12,
)


@given(SOME)
def test_the_last_record_decides_what_is_there(history: list[tuple[Status, set[Platform]]]) -> None:
    records = [
        record(
            number, *(platforms if status is Status.PRESENT else ()), hours=number, status=status
        )
        for number, (status, platforms) in enumerate(history)
    ]
    chronicle = Chronicle()
    chronicle.learn(records)

    for platform in (AMD64, ARM64, RISCV):
        span = chronicle.span(NODE, platform)
        assert (span is None) == (not records)
        if span is not None:
            assert span.there == (platform in records[-1].digests)
            assert span.since <= records[-1].observed_at
    assert all(wait > timedelta() for waits in chronicle.waits.values() for wait in waits)


def test_moments_are_those_of_the_records() -> None:
    moments: list[datetime] = [landing.at for landing in landings([record(1, AMD64, hours=7)])]

    assert moments == [NOW + 7 * HOUR]


def behind_after(*records: Record, of: Platform = ARM64) -> Span | None:
    chronicle = Chronicle()
    chronicle.learn(records)
    return chronicle.behind(NODE, of)


def built(id: int, *, hours: float, **digests: str) -> Record:
    names = {parse_platform(name.replace("_", "/")): digest for name, digest in digests.items()}
    return Record(id, NODE, Status.PRESENT, NOW + hours * HOUR, names)


BOTH = built(1, hours=0, amd64="a", arm64="a")


def test_a_platform_is_behind_since_the_first_sibling_was_built_anew() -> None:
    assert behind_after(
        BOTH,
        built(2, hours=1, amd64="b", arm64="a"),
        built(3, hours=2, amd64="c", arm64="a"),
    ) == Span(there=True, since=NOW + HOUR, exact=True)


def test_a_platform_that_was_built_anew_itself_is_behind_only_since_the_next_round() -> None:
    assert behind_after(
        BOTH,
        built(2, hours=1, amd64="b", arm64="a"),
        built(3, hours=2, amd64="b", arm64="b"),
        built(4, hours=3, amd64="c", arm64="b"),
    ) == Span(there=True, since=NOW + 3 * HOUR, exact=True)


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(built(2, hours=1, amd64="a", arm64="a", s390x="a"), id="a-sibling-came"),
        pytest.param(
            built(2, hours=1, amd64="a", arm64="a", windows_amd64="b"), id="another-system-came"
        ),
        pytest.param(built(2, hours=1, amd64="a", arm64="b"), id="itself"),
    ],
)
def test_nothing_leaves_a_platform_behind_but_a_siblings_new_build(later: Record) -> None:
    assert behind_after(BOTH, later) == Span(there=True, since=NOW, exact=False)


def test_another_operating_systems_build_leaves_nothing_behind() -> None:
    assert behind_after(
        built(1, hours=0, arm64="a", windows_amd64="a"),
        built(2, hours=1, arm64="a", windows_amd64="b"),
    ) == Span(there=True, since=NOW, exact=False)


def test_of_what_nobody_has_seen_it_is_not_known_since_when_it_is_behind() -> None:
    assert behind_after() is None
    assert behind_after(BOTH, of=RISCV) is None


def test_the_tags_that_changed_last_are_remembered() -> None:
    chronicle = Chronicle()
    chronicle.learn([record(1, ARM64)])
    repository = NODE.with_tag
    for number in range(MAX_TAGS - 1):
        chronicle.learn([replace(record(2, ARM64), reference=repository(f"a{number}"))])
    kept = chronicle.span(NODE, ARM64)

    chronicle.learn([replace(record(2, ARM64), reference=repository("one-more"))])

    assert kept is not None
    assert chronicle.span(NODE, ARM64) is None
    assert chronicle.span(repository("one-more"), ARM64) is not None
