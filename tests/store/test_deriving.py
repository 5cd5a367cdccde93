"""Tags that are looked at for the sake of others, and what they tell these."""

from dataclasses import replace
from datetime import datetime

from bot.core.early import built_alert, decide_built
from bot.core.model import Event, Observation, WatchId
from bot.core.reference import Reference, parse_reference
from bot.ports.store import Store
from bot.ports.targets import ClaimedTarget, LookResult
from bot.ports.watches import NewWatch
from tests.store.conftest import Query
from tests.support.stores import (
    AMD64,
    ARM64,
    NODE,
    NOW,
    OPS,
    RISCV,
    TEAM,
    add,
    at,
    claim,
    facts_of,
    look,
    missing,
    new_watch,
    present,
    record,
    take,
    wants_of,
)

OWN = parse_reference("arm64v8/node:22")


def deriving(result: LookResult, *references: Reference) -> LookResult:
    return replace(result, derived=references)


def finding(target: ClaimedTarget, observation: Observation, *, told: bool = True) -> LookResult:
    """What flows.check would record of a look at a derived target."""
    built = decide_built(target.awaited, observation)
    result = look(target, observation, due_at=at(30))
    if told:
        assert target.shared is not None
        alerts = tuple(map(built_alert, built))
        facts = {
            alert: replace(facts_of(target, alert, observation), reference=target.shared.reference)
            for alert in alerts
        }
        result = replace(
            result,
            decision=replace(result.decision, alerts=(*result.decision.alerts, *alerts)),
            facts={**result.facts, **facts},
        )
    return replace(result, built=built)


async def both_claimed(
    store: Store, *watches: NewWatch, now: datetime = NOW
) -> tuple[ClaimedTarget, ClaimedTarget]:
    """The watched target and the one derived from it, both to be looked at."""
    for new in watches or (new_watch(),):
        await add(store, new)
    [shared] = await claim(store)
    await record(store, deriving(look(shared, missing(), due_at=now), OWN))
    claimed = {target.reference: target for target in await claim(store, now=now)}
    return claimed[NODE], claimed[OWN]


async def told(store: Store) -> list[tuple[int, Event]]:
    deliveries = await take(store, now=at(100_000))
    return [(owed.alert.watch, owed.alert.event) for each in deliveries for owed in each.alerts]


async def due(store: Store, *, now: datetime) -> list[str]:
    return sorted(target.reference.familiar for target in await claim(store, now=now))


async def test_a_derived_target_is_due_at_once_and_knows_for_whom(store: Store) -> None:
    await add(store, new_watch(platforms=(ARM64, RISCV)))
    await add(store, new_watch(place=OPS))
    [shared] = await claim(store)

    await record(store, deriving(look(shared, missing(), due_at=at(60)), OWN), now=at(1))
    [derived] = await claim(store, now=at(1))

    assert (derived.reference, derived.wants) == (OWN, ())
    assert [(want.watch, want.platform) for want in derived.awaited] == [(1, ARM64), (2, ARM64)]
    assert derived.places == {TEAM, OPS}
    assert derived.shared is not None
    assert derived.shared.reference == NODE
    assert derived.shared.observation == missing()
    assert derived.shared.wanted_since[WatchId(1), ARM64] == NOW


async def test_what_is_derived_already_keeps_its_pace(store: Store) -> None:
    shared, derived = await both_claimed(store)
    await record(store, look(derived, missing(), due_at=at(300)))

    await record(store, deriving(look(shared, missing(at(60)), due_at=at(120)), OWN), now=at(60))

    assert await due(store, now=at(119)) == []
    assert await due(store, now=at(300)) == ["arm64v8/node:22", "node:22"]


async def test_a_change_of_the_shared_tag_makes_the_derived_one_due(store: Store) -> None:
    shared, derived = await both_claimed(store)
    await record(store, look(derived, missing(), due_at=at(3000)))
    changed = look(shared, present(AMD64, seen_at=at(60)), due_at=at(120))

    await record(store, deriving(changed, OWN), now=at(60))

    [target] = await claim(store, now=at(60))
    assert target.reference == OWN
    assert target.anchor == at(60)


async def test_what_is_built_is_told_once_to_everybody_who_waits(
    store: Store, query: Query
) -> None:
    _, derived = await both_claimed(store, new_watch(), new_watch(place=OPS))
    await record(store, finding(derived, present(ARM64)))

    assert await told(store) == [(1, Event.BUILT), (2, Event.BUILT)]
    assert [want.built for want in await wants_of(store)] == [True]
    assert await due(store, now=at(30)) == []
    assert await query("SELECT due_at FROM targets WHERE repository = 'arm64v8/node'") == [(None,)]


async def test_what_is_built_can_be_noted_in_silence(store: Store) -> None:
    _, derived = await both_claimed(store)

    await record(store, finding(derived, present(ARM64), told=False))

    assert await told(store) == []
    assert [want.built for want in await wants_of(store)] == [True]


async def test_nobody_is_told_that_it_is_built_after_they_were_told_that_it_is_there(
    store: Store,
) -> None:
    shared, derived = await both_claimed(store)
    await record(store, look(shared, present(ARM64)))

    await record(store, finding(derived, present(ARM64)))

    assert await told(store) == [(1, Event.APPEARED)]


async def test_of_one_batch_only_the_better_news_is_told(store: Store) -> None:
    shared, derived = await both_claimed(store)

    await record(store, finding(derived, present(ARM64)), look(shared, present(ARM64)))

    assert await told(store) == [(1, Event.APPEARED)]


async def test_a_watch_that_has_ended_meanwhile_is_told_nothing(store: Store) -> None:
    _, derived = await both_claimed(store)
    async with store.transaction() as transaction:
        await transaction.watches.end([WatchId(1)], why="stopped", now=NOW)

    await record(store, finding(derived, present(ARM64)))

    assert await told(store) == []


async def test_what_the_answer_has_said_is_not_told(store: Store) -> None:
    await add(store, replace(new_watch(), built=frozenset({ARM64})))

    [want] = await wants_of(store)

    assert want.built


async def test_a_platform_wanted_again_is_told_again(store: Store) -> None:
    _, derived = await both_claimed(store, new_watch(platforms=(ARM64, RISCV)))
    await record(store, finding(derived, present(ARM64)))
    async with store.transaction() as transaction:
        await transaction.watches.drop([WatchId(1)], [ARM64], now=NOW)
    await add(store, new_watch())

    wants = {want.platform: want for want in await wants_of(store)}

    assert (wants[ARM64].built, wants[ARM64].episode) == (False, 1)


async def test_a_derived_target_rests_unasked_once_nobody_waits(store: Store, query: Query) -> None:
    shared, derived = await both_claimed(store)
    await record(store, look(derived, missing(), due_at=at(300)))
    await record(store, look(shared, present(ARM64)))

    assert await due(store, now=at(300)) == []
    assert await query("SELECT due_at, lease_token FROM targets WHERE tag = '22'") == [
        (None, None),
        (None, None),
    ]


async def test_a_derived_target_that_rested_begins_again(store: Store) -> None:
    shared, derived = await both_claimed(store)
    await record(store, finding(derived, present(ARM64)))
    assert await due(store, now=at(30)) == []
    await add(store, new_watch(place=OPS), now=at(40))

    await record(store, deriving(look(shared, missing(at(40))), OWN), now=at(40))

    again = {target.reference: target for target in await claim(store, now=at(40))}
    assert [want.watch for want in again[OWN].awaited] == [2]


async def test_a_tag_that_is_watched_itself_is_one_target_with_the_derived_one(
    store: Store, query: Query
) -> None:
    await add(store, new_watch(OWN, place=OPS))
    await add(store, new_watch())
    [own, shared] = sorted(await claim(store), key=lambda target: target.id)
    await record(store, look(own, missing(), due_at=at(5)))
    await record(store, deriving(look(shared, missing(), due_at=at(500)), OWN))

    [target] = await claim(store, now=at(5))

    assert [want.watch for want in target.wants] == [1]
    assert [want.watch for want in target.awaited] == [2]
    await record(store, finding(target, present(ARM64)))
    assert sorted(await told(store)) == [(1, Event.APPEARED), (2, Event.BUILT)]
    assert await query("SELECT count(*) FROM targets") == [(2,)]


async def test_the_end_of_its_own_watch_does_not_end_the_looks_for_another(store: Store) -> None:
    await add(store, new_watch(OWN, place=OPS))
    await add(store, new_watch())
    [own, shared] = sorted(await claim(store), key=lambda target: target.id)
    await record(store, look(own, missing(), due_at=at(5)))
    await record(store, deriving(look(shared, missing(), due_at=at(500)), OWN))
    async with store.transaction() as transaction:
        await transaction.watches.end([WatchId(1)], why="stopped", now=NOW)

    assert await due(store, now=at(5)) == ["arm64v8/node:22"]
