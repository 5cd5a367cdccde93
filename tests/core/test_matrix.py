"""Watched tags by platforms."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.chronicle import Chronicle, Record, Span
from bot.core.errors import TroubleKind
from bot.core.matrix import Cause, Row, Standing, Target, columns_of, fits, judge, lay_out
from bot.core.model import (
    Entry,
    Observation,
    Place,
    Status,
    Trouble,
    Want,
    WantState,
    Watch,
    WatchId,
)
from bot.core.platform import Platform
from bot.core.reference import Reference
from tests.support.stores import (
    AMD64,
    ARM64,
    BUSYBOX,
    NODE,
    NOW,
    OPS,
    RISCV,
    TEAM,
    at,
    digest,
    missing,
    present,
)

TROUBLE = Trouble(TroubleKind.TIMED_OUT)


def want(platform: Platform = ARM64, state: WantState = WantState.WAITING) -> Want:
    return Want(WatchId(1), platform, state)


def watch(
    reference: Reference = NODE,
    *platforms: Platform,
    seen: Observation | None = None,
    trouble: Trouble | None = None,
    place: Place = TEAM,
    number: int = 1,
    due_at: datetime | None = None,
) -> Watch:
    return Watch(
        WatchId(number),
        reference,
        place,
        tuple(Want(WatchId(number), platform) for platform in platforms or (ARM64,)),
        ("U1",),
        NOW,
        observation=seen,
        trouble=trouble,
        looked_at=NOW,
        due_at=due_at,
    )


def row(*watches: Watch) -> Row:
    [target] = lay_out(watches, Chronicle())
    return target.row


@pytest.mark.parametrize(
    ("seen", "trouble", "wants", "standing", "cause"),
    [
        pytest.param(
            present(ARM64), None, [want()], Standing.THERE, None, id="there-and-somebody-wants-it"
        ),
        pytest.param(present(ARM64), None, [], Standing.THERE, None, id="there-for-nobody"),
        pytest.param(
            present(AMD64), None, [want()], Standing.MISSING, Cause.NOT_LISTED, id="not-listed"
        ),
        pytest.param(
            present(AMD64), None, [], Standing.ABSENT, Cause.NOT_LISTED, id="missed-by-nobody"
        ),
        pytest.param(
            present(AMD64),
            None,
            [want(state=WantState.GONE)],
            Standing.MISSING,
            Cause.WENT,
            id="went",
        ),
        pytest.param(
            present(AMD64),
            None,
            [want(state=WantState.DOUBTED)],
            Standing.UNKNOWN,
            Cause.IN_DOUBT,
            id="perhaps-gone",
        ),
        pytest.param(missing(), None, [want()], Standing.MISSING, Cause.NO_TAG, id="no-tag"),
        pytest.param(None, None, [want()], Standing.UNKNOWN, Cause.NOT_SEEN_YET, id="never-seen"),
        pytest.param(
            present(ARM64), TROUBLE, [want()], Standing.UNKNOWN, Cause.TROUBLE, id="trouble"
        ),
        pytest.param(
            replace(present(), entries={ARM64: Entry(digest("a"), reachable=False)}),
            None,
            [want()],
            Standing.MISSING,
            Cause.NOT_SERVED,
            id="listed-but-not-served",
        ),
        pytest.param(
            replace(present(), entries={ARM64: Entry(digest("a"))}),
            None,
            [want()],
            Standing.UNKNOWN,
            Cause.NOT_SEEN_YET,
            id="listed-and-nobody-has-asked",
        ),
        pytest.param(
            replace(present(), entries={ARM64: Entry(digest("a"))}),
            None,
            [],
            Standing.THERE,
            None,
            id="listed-and-nobody-wants-it",
        ),
    ],
)
def test_how_a_platform_stands(
    seen: Observation | None,
    trouble: Trouble | None,
    wants: list[Want],
    standing: Standing,
    cause: Cause | None,
) -> None:
    cell = judge(ARM64, seen, trouble=trouble, wants=wants)

    assert (cell.standing, cell.cause) == (standing, cause)


def test_a_build_older_than_its_siblings_is_stale() -> None:
    old, new = NOW - timedelta(days=1), NOW
    seen = Observation(
        Status.PRESENT,
        NOW,
        digest("a"),
        {
            AMD64: Entry(digest("b"), reachable=True, created=new, revision="two"),
            ARM64: Entry(digest("c"), reachable=True, created=old, revision="one"),
        },
    )

    assert judge(ARM64, seen, trouble=None, wants=[want()]).standing is Standing.STALE
    assert judge(AMD64, seen, trouble=None, wants=[want()]).standing is Standing.THERE


def test_one_row_for_all_the_watches_of_a_tag() -> None:
    seen = present(AMD64)
    [target] = lay_out(
        [
            watch(NODE, ARM64, seen=seen),
            watch(NODE, RISCV, AMD64, seen=seen, place=OPS, number=2),
        ],
        Chronicle(),
    )

    assert [cell.platform for cell in target.row.wanted] == sorted([AMD64, ARM64, RISCV])
    assert [each.id for each in target.watches] == [1, 2]


def test_a_platform_that_is_there_has_a_cell_though_nobody_wants_it() -> None:
    found = row(watch(NODE, ARM64, seen=present(AMD64, ARM64)))

    cell = found.cell(AMD64)
    assert cell is not None
    assert not cell.is_wanted
    assert found.cell(RISCV) is None


def test_tags_that_need_attention_come_first() -> None:
    targets = lay_out(
        [
            watch(BUSYBOX, ARM64, seen=present(ARM64)),
            watch(NODE, ARM64, seen=present(AMD64), number=2),
        ],
        Chronicle(),
    )

    assert [target.row.reference for target in targets] == [NODE, BUSYBOX]


@pytest.mark.parametrize(
    ("seen", "worst"),
    [
        pytest.param(present(ARM64), Standing.THERE, id="all-there"),
        pytest.param(present(AMD64), Standing.MISSING, id="one-missing"),
        pytest.param(None, Standing.UNKNOWN, id="nothing-known"),
    ],
)
def test_the_worst_cell_is_the_rows(seen: Observation | None, worst: Standing) -> None:
    assert row(watch(seen=seen)).worst is worst


def chronicle_of(*records: Record) -> Chronicle:
    chronicle = Chronicle()
    chronicle.learn(records)
    return chronicle


def span_in(target: Target) -> Span | None:
    cell = target.row.cell(ARM64)
    assert cell is not None
    return cell.span


def test_a_cell_tells_since_when() -> None:
    chronicle = chronicle_of(Record(1, NODE, Status.PRESENT, at(-60), {AMD64: "a"}))

    [target] = lay_out([watch(seen=present(AMD64))], chronicle)

    assert span_in(target) == Span(there=False, since=at(-60), exact=False)


def test_the_time_it_was_listed_is_not_the_time_it_was_not_served() -> None:
    seen = replace(present(), entries={ARM64: Entry(digest("a"), reachable=False)})
    chronicle = chronicle_of(Record(1, NODE, Status.PRESENT, at(-60), {ARM64: "a"}))

    [target] = lay_out([watch(seen=seen)], chronicle)

    assert span_in(target) is None


@pytest.mark.parametrize(
    ("entries", "was_there"),
    [
        pytest.param({ARM64: Entry(digest("a"), reachable=True)}, True, id="there"),
        pytest.param({ARM64: Entry(digest("a"), reachable=False)}, False, id="not-served"),
        pytest.param({}, False, id="not-listed"),
    ],
)
def test_what_is_unknown_is_so_since_the_last_clear_look(
    entries: dict[Platform, Entry], was_there: bool
) -> None:
    seen = replace(present(), entries=entries, observed_at=at(-30))
    chronicle = chronicle_of(Record(1, NODE, Status.PRESENT, at(-3600), {ARM64: "a"}))

    [target] = lay_out([watch(seen=seen, trouble=TROUBLE)], chronicle)

    assert span_in(target) == Span(was_there, since=at(-30), exact=True)


def test_what_is_doubted_was_there_until_the_look_that_did_not_find_it() -> None:
    doubted = replace(
        watch(seen=present(AMD64, seen_at=at(-30))), wants=(want(state=WantState.DOUBTED),)
    )

    [target] = lay_out([doubted], Chronicle())

    assert span_in(target) == Span(there=True, since=at(-30), exact=True)


def test_of_what_nobody_has_seen_no_time_is_told() -> None:
    [target] = lay_out([watch(trouble=TROUBLE)], Chronicle())
    [unasked] = lay_out([watch(seen=replace(present(), entries={ARM64: Entry("a")}))], Chronicle())

    assert span_in(target) is None
    assert span_in(unasked) is None


def test_an_older_build_is_one_since_its_siblings_were_built_anew() -> None:
    seen = Observation(
        Status.PRESENT,
        NOW,
        digest("a"),
        {
            AMD64: Entry(digest("b"), reachable=True, created=NOW, revision="two"),
            ARM64: Entry(digest("c"), reachable=True, created=at(-3600), revision="one"),
        },
    )
    chronicle = chronicle_of(
        Record(1, NODE, Status.PRESENT, at(-3600), {AMD64: "a", ARM64: "a"}),
        Record(2, NODE, Status.PRESENT, at(-60), {AMD64: "b", ARM64: "a"}),
    )

    [target] = lay_out([watch(seen=seen)], chronicle)

    assert span_in(target) == Span(there=True, since=at(-60), exact=True)


def test_columns_are_the_platforms_that_most_tags_want() -> None:
    rows = [
        row(watch(NODE, ARM64, RISCV)),
        row(watch(BUSYBOX, ARM64, AMD64)),
        row(watch(BUSYBOX, ARM64, AMD64)),
    ]

    assert columns_of(rows, at_most=2) == (AMD64, ARM64)


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        pytest.param("", True, id="no-filter"),
        pytest.param("node", True, id="part-of-the-name"),
        pytest.param("docker.io library", True, id="several-parts"),
        pytest.param("redis", False, id="another-name"),
        pytest.param("missing", True, id="a-state"),
        pytest.param("unknown", False, id="another-state"),
        pytest.param("arm64 missing", True, id="a-platform-and-a-state"),
        pytest.param("linux/arm64", True, id="a-platform-in-full"),
        pytest.param("amd64", False, id="a-platform-nobody-wants"),
    ],
)
def test_a_filter(text: str, is_shown: bool) -> None:
    assert fits(row(watch(seen=present(AMD64))), text.split()) is is_shown
