from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.estimate import (
    MAX_WAITS,
    MIN_WAITS,
    OFFICIAL_BUILD,
    SHARED_INDEX,
    Basis,
    Estimate,
    estimate_from,
    expect,
    official_estimate,
    waits_in,
)
from bot.core.evidence import Evidence, Said
from bot.core.library import Library, parse_library
from bot.core.model import Entry, Observation
from bot.core.parents import Awaited
from bot.core.platform import Platform
from bot.core.reason import Reason, ReasonCode
from tests.support.decisions import AMD64, ARM64, ARMV7, NODE, NOW, S390X, missing, present, unknown


def hour(count: float) -> datetime:
    return NOW + timedelta(hours=count)


def began(*seen: Observation) -> tuple[Observation, ...]:
    """What was seen of a tag that was not there at first."""
    return (missing(at=hour(0)), *seen)


AMD64_FIRST = present(AMD64, at=hour(2))
NOT_SERVED = present(AMD64, entries={ARM64: Entry("sha256:0", reachable=False)}, at=hour(3))


@pytest.mark.parametrize(
    ("history", "waits_h"),
    [
        pytest.param((), [], id="nothing seen"),
        pytest.param(began(), [], id="nothing came"),
        pytest.param(began(AMD64_FIRST), [], id="not there yet"),
        pytest.param(began(AMD64_FIRST, present(AMD64, ARM64, at=hour(5))), [3], id="came later"),
        pytest.param(began(present(AMD64, ARM64, at=hour(2))), [], id="came with the first"),
        pytest.param((AMD64_FIRST, present(AMD64, ARM64, at=hour(5))), [], id="began unseen"),
        pytest.param(
            (present(at=hour(0)), AMD64_FIRST, present(AMD64, ARM64, at=hour(4))),
            [2],
            id="an empty index at first",
        ),
        pytest.param(
            began(AMD64_FIRST, NOT_SERVED, present(AMD64, ARM64, at=hour(6))),
            [4],
            id="listed before it was served",
        ),
        pytest.param(
            began(
                AMD64_FIRST,
                missing(at=hour(3)),
                present(AMD64, ARM64, at=hour(7)),
                present(AMD64, at=hour(8)),
                present(AMD64, ARM64, at=hour(9)),
            ),
            [5],
            id="gone and back",
        ),
    ],
)
def test_a_wait_goes_from_the_first_platform_of_a_tag_to_the_one_wanted(
    history: tuple[Observation, ...], waits_h: list[float]
) -> None:
    assert waits_in([history], ARM64) == tuple(timedelta(hours=each) for each in waits_h)


def test_only_the_newest_waits_count() -> None:
    histories = [
        began(present(AMD64, at=hour(1)), present(AMD64, ARM64, at=hour(2 + number)))
        for number in range(MAX_WAITS + 5)
    ]

    waits = waits_in([(), *histories], ARM64)

    assert len(waits) == MAX_WAITS
    assert waits[0] == timedelta(hours=1)


HOURS = [timedelta(hours=n) for n in range(11)]
OWN = Estimate(
    timedelta(hours=1), timedelta(hours=9), Basis.OWN_WAITS, timedelta(hours=5), sample=11
)
WAITS = st.lists(st.timedeltas(timedelta(0), timedelta(days=30)), max_size=30)


def reason(code: ReasonCode, *awaited: Awaited, platform: Platform = ARM64) -> Reason:
    return Reason(code, Evidence(NODE, platform, missing()), awaited=awaited)


def test_own_waits_give_their_deciles() -> None:
    assert estimate_from(HOURS) == OWN


def test_too_few_waits_are_no_basis() -> None:
    assert estimate_from(HOURS[: MIN_WAITS - 1]) is None
    assert estimate_from(HOURS[:MIN_WAITS]) is not None


@given(WAITS)
def test_an_estimate_lies_within_what_was_seen(waits: list[timedelta]) -> None:
    estimate = estimate_from(waits)

    if estimate is not None:
        assert estimate.median is not None
        tolerance = timedelta(microseconds=2)
        ordered = [min(waits), estimate.low, estimate.median, estimate.high, max(waits)]
        assert all(a <= b + tolerance for a, b in pairwise(ordered))
        assert estimate.sample == len(waits)


@pytest.mark.parametrize(
    ("platform", "parents", "low_h", "high_h", "late_h"),
    [
        pytest.param(ARM64, 0, 1, 5, 48, id="arm64"),
        pytest.param(AMD64, 0, 1, 5, 48, id="amd64"),
        pytest.param(ARM64, 2, 3, 7, 48, id="two parents first"),
        pytest.param(S390X, 0, 1, 26, 69, id="s390x"),
        pytest.param(ARMV7, 0, 1, 15, 125, id="arm/v7"),
        pytest.param(Platform("linux", "ppc64le"), 0, 1, 5, 147, id="ppc64le"),
    ],
)
def test_official_images_have_measured_lags(
    platform: Platform, parents: int, low_h: float, high_h: float, late_h: float
) -> None:
    estimate = official_estimate(platform, parents=parents)

    assert (estimate.low, estimate.high, estimate.late) == (
        timedelta(hours=low_h),
        timedelta(hours=high_h),
        timedelta(hours=late_h),
    )
    assert estimate.basis is Basis.OFFICIAL_IMAGES


@pytest.mark.parametrize(
    ("code", "waits", "expected"),
    [
        pytest.param(ReasonCode.BUILT_PENDING_INDEX, HOURS, (SHARED_INDEX,), id="built"),
        pytest.param(ReasonCode.QUEUED, [], (OFFICIAL_BUILD,), id="queued, no waits yet"),
        pytest.param(ReasonCode.QUEUED, HOURS, (OFFICIAL_BUILD, OWN), id="queued, own waits too"),
        pytest.param(ReasonCode.WAITING_PARENT, HOURS, (OFFICIAL_BUILD, OWN), id="parent"),
        pytest.param(ReasonCode.NOT_OFFICIAL, HOURS, (OWN,), id="not official"),
        pytest.param(ReasonCode.NOT_OFFICIAL, [], (), id="not official, no waits yet"),
        pytest.param(ReasonCode.PRESENT, HOURS, (), id="there"),
        pytest.param(ReasonCode.UNLISTED, HOURS, (), id="unlisted"),
        pytest.param(ReasonCode.NOT_PLANNED, HOURS, (), id="not planned"),
        pytest.param(ReasonCode.UNKNOWN, HOURS, (OWN,), id="unknown"),
        pytest.param(ReasonCode.UNKNOWN, [], (), id="unknown, no waits yet"),
    ],
)
def test_an_estimate_is_given_only_with_a_basis(
    code: ReasonCode, waits: list[timedelta], expected: tuple[Estimate, ...]
) -> None:
    assert expect(reason(code), waits) == expected


@pytest.mark.parametrize(
    ("built", "platform", "expected"),
    [
        pytest.param(missing(), ARM64, (OFFICIAL_BUILD,), id="planned and not built"),
        pytest.param(present(AMD64), ARM64, (OFFICIAL_BUILD,), id="built for another one"),
        pytest.param(present(ARM64), ARM64, (), id="built"),
        pytest.param(unknown(), ARM64, (), id="nobody knows whether it is built"),
        pytest.param(None, ARM64, (), id="nobody looked"),
        pytest.param(missing(), S390X, (), id="not planned"),
    ],
)
def test_what_is_planned_and_not_built_is_expected_though_nobody_knows_what_it_waits_for(
    built: Observation | None, platform: Platform, expected: tuple[Estimate, ...]
) -> None:
    text = f"Maintainers: x\nGitRepo: r\nGitCommit: {'a' * 40}\nArchitectures: arm64v8\n"
    library = parse_library(f"{text}\nTags: {NODE.tag}\n")
    assert isinstance(library, Library)
    evidence = Evidence(NODE, platform, missing(), Said(library, NOW), built)

    assert expect(Reason(ReasonCode.UNKNOWN, evidence), []) == expected


def test_each_parent_that_is_built_first_adds_its_time() -> None:
    parents = [Awaited(NODE, None, missing=True)] * 3

    estimates = expect(reason(ReasonCode.WAITING_PARENT, *parents), [])

    assert estimates == (official_estimate(ARM64, parents=3),)


def test_an_estimate_counts_from_the_beginning_of_the_wait() -> None:
    assert OFFICIAL_BUILD.between(NOW) == (NOW + timedelta(hours=1), NOW + timedelta(hours=5))


@pytest.mark.parametrize(
    ("estimate", "after_h", "exceeded"),
    [
        pytest.param(OFFICIAL_BUILD, 6, False, id="slow"),
        pytest.param(OFFICIAL_BUILD, 49, True, id="slower than the slow"),
        pytest.param(SHARED_INDEX, 3, False, id="at the end"),
        pytest.param(SHARED_INDEX, 4, True, id="beyond"),
    ],
)
def test_a_wait_may_exceed_its_estimate(estimate: Estimate, after_h: float, exceeded: bool) -> None:
    assert estimate.is_exceeded(NOW, NOW + timedelta(hours=after_h)) is exceeded
