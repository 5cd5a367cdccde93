"""Why platforms on the board are missing and when they usually come, from what is kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from bot.core.advice import Advice
from bot.core.alternatives import Offer
from bot.core.errors import TroubleKind
from bot.core.estimate import MIN_WAITS, OFFICIAL_BUILD, Basis
from bot.core.evidence import Said
from bot.core.model import Observation, Trouble
from bot.core.platform import Platform
from bot.core.reason import ReasonCode
from bot.core.reference import Reference, parse_reference
from bot.core.rhythm import PERIOD_S
from bot.flows.board import FRESH_FOR
from bot.flows.desk import Desk as PageDesk
from bot.flows.foresight import MAX_PASTS, PAST_READ_AGAIN_AFTER, RELIED_UPON
from bot.flows.lineage import BELIEVED_FOR, MAX_REMEMBERED, Lineage
from bot.ports.store import Store
from tests.support.build_system import BuildSystem
from tests.support.conversations import Desk
from tests.support.stores import (
    AMD64,
    ARM64,
    GRAFANA,
    NODE,
    NOW,
    RISCV,
    TEAM,
    add,
    at,
    look_and_record,
    missing,
    new_watch,
    present,
)

OWN = parse_reference("arm64v8/node:22")
OWN_OF_RISCV = parse_reference("riscv64/node:22")
BOTH = (ARM64, RISCV)


@pytest.fixture
def talk(store: Store) -> Desk:
    talk = Desk(store)
    talk.official.is_enabled = True
    talk.official.list("node", ["22"], listed_at={"22": at(-7200)})
    return talk


def desk_of(talk: Desk) -> PageDesk:
    return PageDesk(
        store=talk.store,
        sight=talk.sight,
        subscriber=talk.subscriber,
        explain=talk.explain,
        suggest=talk.suggest,
        bells=talk.bells,
        clock=talk.clock,
        default_platforms=(ARM64,),
        official=talk.official,
        lineage=talk.explain.lineage,
    )


async def seen(talk: Desk, reference: Reference, observation: Observation) -> None:
    """A look at a tag is on record; a watch keeps the target."""
    watch = new_watch(reference, platforms=(AMD64,), observation=observation, due_at=at(1e9))
    await add(talk.store, watch, now=observation.observed_at)


async def missed(
    talk: Desk,
    reference: Reference = NODE,
    observation: Observation | None = None,
    platforms: tuple[Platform, ...] = (ARM64,),
) -> None:
    """Somebody misses platforms of a tag."""
    observation = observation or present(AMD64)
    watch = new_watch(reference, platforms=platforms, observation=observation, due_at=at(1e9))
    await add(talk.store, watch)


async def advices(desk: PageDesk, reference: Reference = NODE) -> Mapping[Platform, Advice]:
    target = (await desk.board(sees_all=True)).find(reference)
    assert target is not None
    return target.advices


async def code(talk: Desk, reference: Reference = NODE) -> ReasonCode:
    return (await advices(desk_of(talk), reference))[ARM64].reason.code


async def test_a_planned_platform_that_is_not_built_is_queued(talk: Desk) -> None:
    await missed(talk)
    await seen(talk, OWN, missing())

    advice = (await advices(desk_of(talk)))[ARM64]

    assert advice.reason.code is ReasonCode.QUEUED
    assert advice.reason.evidence.listed_since == at(-7200)
    assert advice.estimates == (OFFICIAL_BUILD,)


async def test_nobody_is_asked_for_it(talk: Desk) -> None:
    await missed(talk)
    await seen(talk, OWN, missing())

    await advices(desk_of(talk))

    assert talk.official.asked == []
    assert talk.registry.asked == []


async def test_what_its_own_tag_has_is_built_already_and_can_be_used(talk: Desk) -> None:
    await missed(talk)
    await seen(talk, OWN, present(ARM64, seen_at=at(-100_000)))

    advice = (await advices(desk_of(talk)))[ARM64]

    assert advice.reason.code is ReasonCode.BUILT_PENDING_INDEX
    [alternative] = advice.alternatives
    assert alternative.candidate.offer is Offer.SAME_BITS
    assert alternative.candidate.reference == OWN


async def test_each_platform_has_its_own_reason(talk: Desk) -> None:
    await missed(talk, platforms=BOTH)
    await seen(talk, OWN, missing())

    found = await advices(desk_of(talk))

    assert found[ARM64].reason.code is ReasonCode.QUEUED
    assert found[RISCV].reason.code is ReasonCode.NOT_PLANNED
    assert found[RISCV].estimates == ()


async def test_a_tag_that_is_not_listed_is_told_so(talk: Desk) -> None:
    talk.official.list("node", ["24"])
    await missed(talk)

    assert await code(talk) is ReasonCode.UNLISTED


async def test_a_tag_that_does_not_exist_yet_has_a_reason_too(talk: Desk) -> None:
    await missed(talk, observation=missing())
    await seen(talk, OWN, missing())

    assert await code(talk) is ReasonCode.QUEUED


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("nobody-has-asked", id="nobody-has-asked"),
        pytest.param("too-old", id="too-old"),
        pytest.param("failed", id="failed"),
        pytest.param("switched-off", id="switched-off"),
    ],
)
async def test_without_a_library_file_to_go_by_it_is_not_known(talk: Desk, change: str) -> None:
    match change:
        case "nobody-has-asked":
            talk.official.libraries.clear()
        case "too-old":
            talk.clock.forward(RELIED_UPON.total_seconds() + 1)
        case "failed":
            talk.official.libraries.clear()
            talk.official.fail("node")
        case _:
            talk.official.is_enabled = False
    await missed(talk)
    await seen(talk, OWN, missing(talk.clock()))

    assert await code(talk) is ReasonCode.UNKNOWN


async def test_a_copy_that_could_not_be_renewed_says_so_and_serves(talk: Desk) -> None:
    talk.official.fail("node", Trouble(TroubleKind.TIMED_OUT))
    talk.clock.forward(RELIED_UPON.total_seconds() + 1)
    await missed(talk)
    await seen(talk, OWN, missing(talk.clock()))

    reason = (await advices(desk_of(talk)))[ARM64].reason

    assert reason.code is ReasonCode.QUEUED
    assert any(gap.kept for gap in reason.gaps)


@pytest.mark.parametrize("seen_at", [None, at(-RELIED_UPON.total_seconds() - 1)])
async def test_whether_it_is_built_is_not_known_without_a_recent_look(
    talk: Desk, seen_at: datetime | None
) -> None:
    await missed(talk)
    if seen_at is not None:
        await seen(talk, OWN, missing(seen_at))

    assert await code(talk) is ReasonCode.UNKNOWN


async def test_the_last_build_of_what_went_says_nothing_of_the_next(talk: Desk) -> None:
    both = present(AMD64, ARM64)
    watch = new_watch(met={ARM64: "x"}, standing=True, observation=both)
    await add(talk.store, watch)
    for seconds in (60, 120):
        await look_and_record(
            talk.store, present(AMD64, of="b", seen_at=at(seconds)), now=at(seconds)
        )
    await seen(talk, OWN, present(ARM64))

    assert await code(talk) is not ReasonCode.BUILT_PENDING_INDEX


async def waited(talk: Desk, reference: Reference, *, hours: int) -> None:
    """A tag began without anything, had amd64 an hour later, and arm64 so many hours later."""
    began_at = NOW - timedelta(days=2)
    first = began_at + timedelta(hours=1)
    last = first + timedelta(hours=hours)
    await add(talk.store, new_watch(reference, observation=missing(began_at), due_at=began_at))
    await look_and_record(talk.store, present(AMD64, seen_at=first), now=first)
    await look_and_record(talk.store, present(AMD64, ARM64, of="b", seen_at=last), now=last)


async def test_when_it_comes_is_told_by_the_repositorys_own_tags(talk: Desk) -> None:
    for number in range(MIN_WAITS):
        await waited(talk, parse_reference(f"ghcr.io/grafana/grafana:{number}"), hours=number + 1)
    await missed(talk, GRAFANA)

    advice = (await advices(desk_of(talk), GRAFANA))[ARM64]

    assert advice.reason.code is ReasonCode.NOT_OFFICIAL
    [estimate] = advice.estimates
    assert (estimate.basis, estimate.median) == (Basis.OWN_WAITS, timedelta(hours=3))


async def test_when_the_index_is_written_next_is_told_once_it_is_known(talk: Desk) -> None:
    other = parse_reference("node:23")
    first = present(AMD64, seen_at=at(-8 * 3600))
    await add(
        talk.store, new_watch(other, platforms=(RISCV,), observation=first, due_at=at(-28800))
    )
    for number, runs_at in enumerate([at(-7 * 3600), at(-7 * 3600 + PERIOD_S)]):
        before = runs_at - timedelta(minutes=5)
        known = present(AMD64, of="ab"[number], seen_at=before)
        await look_and_record(talk.store, known, now=before)
        changed = present(AMD64, of="bc"[number], seen_at=runs_at)
        await look_and_record(talk.store, changed, now=runs_at)
    await missed(talk)
    await seen(talk, OWN, missing())

    advice = (await advices(desk_of(talk)))[ARM64]

    assert advice.next_run == at(-7 * 3600 + 3 * PERIOD_S) - timedelta(minutes=2.5)


async def test_what_is_there_and_what_is_unknown_needs_no_advice(talk: Desk) -> None:
    await missed(talk, observation=present(AMD64, ARM64))

    assert await advices(desk_of(talk)) == {}


async def test_the_past_of_many_repositories_is_read_in_turns_and_not_every_time(
    talk: Desk,
) -> None:
    for number in range(MAX_PASTS + 1):
        await missed(talk, parse_reference(f"ghcr.io/a/image{number}:1"))
    desk = desk_of(talk)

    async def reads_after(seconds: float) -> int:
        before = talk.store.calls.count("past.of_tags")
        talk.clock.forward(seconds)
        await desk.board(sees_all=True)
        return talk.store.calls.count("past.of_tags") - before

    assert await reads_after(0) == MAX_PASTS
    assert await reads_after(11) == 1
    assert await reads_after(11) == 0
    assert await reads_after(PAST_READ_AGAIN_AFTER.total_seconds()) == MAX_PASTS


async def test_strangers_hear_the_reasons_too(talk: Desk) -> None:
    await missed(talk)
    await seen(talk, OWN, missing())

    board = await desk_of(talk).board(sees_all=False)

    target = board.find(NODE)
    assert target is not None
    assert target.advices[ARM64].reason.code is ReasonCode.QUEUED
    assert str(TEAM) not in str(target.advices)


DEBIAN = parse_reference("debian:bookworm-slim")
DEBIAN_OWN = "arm64v8/debian:bookworm-slim"


async def test_what_a_build_waits_for_is_told_to_all_once_somebody_has_asked(talk: Desk) -> None:
    talk.registry.plan("node:22", ["linux/amd64"])
    talk.registry.plan(OWN.familiar, None)
    talk.registry.plan(DEBIAN_OWN, None)
    for variant in ("node:22-slim", "node:latest"):
        talk.registry.plan(variant, None)
    talk.official.dockerfiles["0"] = f"FROM {DEBIAN.familiar}\n"
    talk.official.list("debian", ["bookworm-slim"])
    await missed(talk)
    await seen(talk, OWN, missing())
    desk = desk_of(talk)
    before = (await advices(desk))[ARM64].reason.code
    await desk.check("node:22 arm64", thorough=True)
    talk.clock.forward(FRESH_FOR.total_seconds())

    reason = (await advices(desk))[ARM64].reason
    talk.clock.forward(BELIEVED_FOR.total_seconds())
    later = (await advices(desk))[ARM64].reason.code

    assert before is ReasonCode.QUEUED
    assert reason.code is ReasonCode.WAITING_PARENT
    assert [each.reference for each in reason.awaited] == [DEBIAN]
    assert later is ReasonCode.QUEUED


def test_only_so_many_ancestors_are_remembered() -> None:
    lineage = Lineage()
    for number in range(MAX_REMEMBERED + 1):
        lineage.note(parse_reference(f"node:{number}"), ARM64, Said((), NOW))

    assert lineage.of(parse_reference("node:0"), ARM64, now=NOW) is None
    assert lineage.of(parse_reference("node:1"), ARM64, now=NOW) == Said((), NOW)


async def test_what_the_build_system_has_on_record_is_told_without_asking(talk: Desk) -> None:
    system = BuildSystem()
    debian = system.source(DEBIAN.familiar)
    system.source("node:22", upon={DEBIAN.familiar: debian})
    talk.official.records = Said(system.records("node"), NOW)
    await missed(talk)
    await seen(talk, OWN, missing())

    reason = (await advices(desk_of(talk)))[ARM64].reason

    assert reason.code is ReasonCode.WAITING_PARENT
    assert [each.reference for each in reason.awaited] == [DEBIAN]
    assert talk.official.asked == []
