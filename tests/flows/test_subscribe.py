"""What somebody wishes for is looked at, answered, and watched if waiting may help."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.errors import (
    Denied,
    EgressRefused,
    RateLimited,
    TransportFailure,
    TroubleKind,
    UnlistedRegistry,
)
from bot.core.message.english.words import span
from bot.core.model import Entry, Event, Observation, Status, WantState
from bot.core.platform import Platform
from bot.flows.sight import Sight
from bot.flows.subscribe import Prepared, Subscriber, SubscribeSettings
from bot.flows.wish import Wish
from bot.ports.store import Store
from bot.ports.targets import KnownTarget
from tests.support.conversations import EXPIRES_IN, FRESH_S, LOOK_TIMEOUT_S, Desk
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
    claim_one,
    digest,
    look,
    look_and_record,
    new_watch,
    present,
    record,
    unknown,
    watches_of,
)

INCOMPLETE = ["linux/amd64"]
COMPLETE = ["linux/amd64", "linux/arm64"]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


async def see(desk: Desk, *, anew: bool = False) -> tuple[Observation, KnownTarget | None]:
    return await desk.sight.see(NODE, (ARM64,), place=TEAM, anew=anew)


def wish(*platforms: Platform, person: str = "U1", standing: bool = False) -> Wish:
    return Wish(NODE, platforms or (ARM64,), TEAM, person, standing=standing)


async def carry_out(desk: Desk, prepared: Prepared) -> str:
    async with desk.store.transaction() as transaction:
        return (await prepared.plan(transaction)).headline


async def due_at(store: Store) -> object:
    async with store.reading() as transaction:
        return await transaction.targets.next_due_at()


# -- sight ----------------------------------------------------------------------------------------


async def test_what_nobody_has_seen_is_looked_at(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)

    seen, known = await see(desk)

    assert (list(seen.entries), known) == ([AMD64], None)
    assert desk.registry.asked == ["node:22"]


@pytest.mark.parametrize(
    ("age_s", "looks"),
    [
        pytest.param(FRESH_S, 0, id="fresh"),
        pytest.param(FRESH_S + 1, 1, id="stale"),
    ],
)
async def test_only_a_fresh_look_answers_without_another(
    desk: Desk, age_s: float, looks: int
) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    await add(desk.store, new_watch())
    await look_and_record(desk.store, present(AMD64))
    desk.clock.forward(age_s)

    seen, known = await see(desk)

    assert known is not None
    assert list(seen.entries) == [AMD64]
    assert len(desk.registry.asked) == looks


async def test_a_fresh_look_does_not_answer_who_wants_to_know_anew(desk: Desk) -> None:
    desk.registry.plan("node:22", COMPLETE)
    await add(desk.store, new_watch())
    await look_and_record(desk.store, present(AMD64))

    seen, _ = await see(desk, anew=True)

    assert seen.offers(ARM64) is not None


async def test_a_fresh_look_that_failed_does_not_answer(desk: Desk) -> None:
    desk.registry.plan("node:22", COMPLETE)
    await add(desk.store, new_watch())
    await look_and_record(desk.store, present(AMD64))
    target = (await claim(desk.store, now=at(60)))[0]
    await record(desk.store, look(target, unknown(at(60)), failures=1), now=at(60))
    desk.clock.forward(61)

    seen, _ = await see(desk)

    assert seen.offers(ARM64) is not None


@pytest.mark.parametrize("reachable", [None, False], ids=["not asked", "not served"])
async def test_a_fresh_look_does_not_answer_for_a_manifest_it_has_not_reached(
    desk: Desk, reachable: bool | None
) -> None:
    desk.registry.plan("node:22", COMPLETE)
    await add(desk.store, new_watch(platforms=(RISCV,)))
    entries = {AMD64: Entry(digest("b"), True), ARM64: Entry(digest("b"), reachable)}
    listed = Observation(Status.PRESENT, NOW, digest("a"), entries)
    await look_and_record(desk.store, listed)

    seen, _ = await see(desk)

    assert seen.offers(ARM64) is not None


async def test_a_target_that_was_never_clearly_seen_is_looked_at(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    await add(desk.store, new_watch())

    seen, known = await see(desk)

    assert known is not None
    assert seen.is_clear


async def test_a_registry_that_does_not_answer_in_time_is_unknown(desk: Desk) -> None:
    desk.registry.plan("node:22", asyncio.Event(), INCOMPLETE)
    hasty = Sight(desk.store, desk.look, clock=desk.clock, fresh_s=FRESH_S, timeout_s=0.05)

    seen, _ = await hasty.see(NODE, (ARM64,), place=TEAM)

    assert LOOK_TIMEOUT_S > 0.05
    assert seen.status is Status.UNKNOWN
    assert seen.trouble is not None
    assert seen.trouble.kind is TroubleKind.TIMED_OUT


@pytest.mark.parametrize(
    ("before", "now"),
    [
        pytest.param(present(AMD64), COMPLETE, id="another platform"),
        pytest.param(present(AMD64), None, id="no tag any more"),
        pytest.param(Observation(Status.TAG_MISSING, NOW), INCOMPLETE, id="a tag at last"),
    ],
)
async def test_what_is_seen_by_asking_is_looked_at_for_those_who_watch_at_once(
    desk: Desk, before: Observation, now: list[str] | None
) -> None:
    desk.registry.plan("node:22", now)
    await add(desk.store, new_watch(place=OPS))
    await look_and_record(desk.store, before)
    desk.clock.forward(5)

    seen, _ = await see(desk, anew=True)
    again, _ = await see(desk)

    assert await due_at(desk.store) == at(5)
    assert again == seen


async def test_a_manifest_that_is_served_at_last_is_news_for_those_who_watch(desk: Desk) -> None:
    desk.registry.plan("node:22", COMPLETE)
    first, _ = await see(desk)
    entries = {**first.entries, ARM64: replace(first.entries[ARM64], reachable=False)}
    await add(desk.store, new_watch(place=OPS))
    await look_and_record(desk.store, replace(first, entries=entries))
    desk.clock.forward(5)

    await see(desk, anew=True)

    assert await due_at(desk.store) == at(5)


async def test_the_alert_follows_when_somebody_asked_before_its_look(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    await desk.ask("/watch node:22 arm64")
    desk.registry.plan("node:22", COMPLETE)

    checked = await desk.ask("/check node:22 arm64", place=OPS)
    seen = replace(await desk.look(NODE, known=None, wanted=[ARM64]), observed_at=desk.clock())
    await look_and_record(desk.store, seen, now=desk.clock())
    await desk.answers()

    assert checked.headline == "✅ node:22 has linux/arm64."
    assert [(alert.event, alert.platform) for alert in desk.told] == [(Event.APPEARED, ARM64)]


@pytest.mark.parametrize(
    "now", [INCOMPLETE, TransportFailure("docker.io", "no connection")], ids=["same", "unknown"]
)
async def test_what_shows_nothing_new_makes_no_look(desk: Desk, now: list[str] | Exception) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    first, _ = await see(desk)
    await add(desk.store, new_watch(place=OPS))
    await look_and_record(desk.store, first)
    desk.registry.plan("node:22", now)
    desk.clock.forward(5)

    await see(desk, anew=True)

    assert await due_at(desk.store) == at(60)


async def test_of_what_nobody_watches_any_more_asking_makes_no_look(desk: Desk) -> None:
    desk.registry.plan("node:22", COMPLETE)
    await desk.ask("/watch node:22 riscv64", place=OPS)
    await desk.ask("/unwatch #1", place=OPS)
    desk.registry.plan("node:22", INCOMPLETE)

    await see(desk, anew=True)

    assert await due_at(desk.store) is None


# -- what waiting does not cure -------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        Denied("docker.io", "401", http_status=401),
        EgressRefused("docker.io", "a private address"),
        UnlistedRegistry("docker.io", "not configured"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_waiting_does_not_cure_is_refused(desk: Desk, error: Exception) -> None:
    desk.registry.plan("node:22", error)

    prepared = await desk.subscriber.prepare(wish())

    assert prepared.refused
    assert (await carry_out(desk, prepared)).endswith(" Not watching node:22.")
    assert await watches_of(desk.store) == []


async def test_a_refusal_says_that_the_watch_that_is_there_goes_on(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    await desk.ask("/watch node:22 arm64")
    desk.clock.forward(FRESH_S + 1)
    desk.registry.plan("node:22", Denied("docker.io", "403", http_status=403))

    new = await desk.ask("/watch node:22 riscv64")
    old = await desk.ask("/watch node:22 arm64")
    elsewhere = await desk.ask("/watch node:22 riscv64", place=OPS)

    assert new.headline == (
        "🔒 Not watching node:22 for linux/riscv64; #1 goes on for linux/arm64."
    )
    assert old.headline == "🔒 I cannot look at node:22 now; #1 goes on for linux/arm64."
    assert new.lines[0].startswith("docker.io does not show node:22 to me (HTTP 403)")
    assert elsewhere.headline == "🔒 Not watching node:22."
    [watch] = await watches_of(desk.store)
    assert [want.platform for want in watch.wants] == [ARM64]


@pytest.mark.parametrize(
    "error",
    [
        TransportFailure("docker.io", "no connection"),
        RateLimited("docker.io", "429", http_status=429, retry_at=at(60)),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_passes_is_watched_and_looked_at_again_at_once(
    desk: Desk, error: Exception
) -> None:
    desk.registry.plan("node:22", error)

    prepared = await desk.subscriber.prepare(wish())
    headline = await carry_out(desk, prepared)

    assert not prepared.refused
    assert headline == "👀 Watching node:22 for linux/arm64 (#1)."
    assert await due_at(desk.store) == NOW


async def test_a_tag_that_does_not_exist_yet_is_watched(desk: Desk) -> None:
    desk.registry.plan("node:22", None)

    await carry_out(desk, await desk.subscriber.prepare(wish()))

    [watch] = await watches_of(desk.store)
    assert watch.observation == Observation(Status.TAG_MISSING, NOW)


# -- the watch ------------------------------------------------------------------------------------


async def test_what_the_answer_has_told_is_met_and_the_rest_waits(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)

    await carry_out(desk, await desk.subscriber.prepare(wish(AMD64, ARM64)))

    [watch] = await watches_of(desk.store)
    assert [(want.platform, want.state) for want in watch.wants] == [
        (AMD64, WantState.MET),
        (ARM64, WantState.WAITING),
    ]


async def test_a_standing_watch_is_made_of_what_is_there_and_has_no_end(desk: Desk) -> None:
    desk.registry.plan("node:22", COMPLETE)

    headline = await carry_out(desk, await desk.subscriber.prepare(wish(standing=True)))

    [watch] = await watches_of(desk.store)
    assert headline == "👀 Keeping an eye on node:22 for linux/arm64 (#1)."
    assert watch.standing
    assert watch.expires_at is None
    assert [want.state for want in watch.wants] == [WantState.MET]


async def test_a_new_watch_is_looked_at_only_when_its_own_look_is_not_fresh_any_more(
    desk: Desk,
) -> None:
    desk.registry.plan("node:22", INCOMPLETE)

    await carry_out(desk, await desk.subscriber.prepare(wish()))

    assert await due_at(desk.store) == at(FRESH_S)


async def test_a_watch_made_while_the_target_is_looked_at_is_looked_at_again_at_once(
    desk: Desk,
) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    await add(desk.store, new_watch(place=OPS))
    prepared = await desk.subscriber.prepare(wish())
    target = await claim_one(desk.store)

    await carry_out(desk, prepared)
    await record(desk.store, look(target, present(AMD64), due_at=at(600)))

    assert await due_at(desk.store) == NOW


async def test_a_watch_made_from_a_look_older_than_the_newest_is_looked_at_at_once(
    desk: Desk,
) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    first, _ = await see(desk)
    await add(desk.store, new_watch(place=OPS, platforms=(RISCV,)))
    await look_and_record(desk.store, first)
    desk.clock.forward(60)
    prepared = await desk.subscriber.prepare(wish())
    await look_and_record(desk.store, present(AMD64, ARM64, seen_at=at(65)), now=at(65))
    desk.clock.forward(6)

    await carry_out(desk, prepared)

    assert await due_at(desk.store) == at(66)


async def test_a_second_person_joins_the_watch_of_the_place(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    await desk.ask("/watch node:22 arm64", person="alice")

    answer = await desk.ask("/watch node:22 riscv64", person="bob")

    [watch] = await watches_of(desk.store)
    assert answer.headline.startswith("👀 Already watching node:22 here: #1 for linux/arm64 and")
    assert answer.lines[0] == "You are added to its alerts."
    assert watch.people == ("alice", "bob")
    assert [want.platform for want in watch.wants] == [ARM64, RISCV]
    assert watch.expires_at == NOW + EXPIRES_IN


async def test_who_keeps_a_watch_that_exists_is_told_that_it_is_kept_now(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    await desk.ask("/watch node:22 arm64")

    answer = await desk.ask("/watch node:22 arm64 keep")

    [watch] = await watches_of(desk.store)
    assert answer.lines[-1] == (
        "This watch is kept: you will be told here of what comes, goes and is back."
    )
    assert watch.standing
    assert watch.expires_at is None


async def test_a_watch_may_be_kept_for_a_while(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)

    answer = await desk.ask("/watch node:22 arm64 keep for 3 days")

    [watch] = await watches_of(desk.store)
    assert watch.expires_at == NOW + timedelta(days=3)
    assert answer.lines[-1].startswith("This watch is kept for 3 days: ")


async def test_a_want_that_was_dropped_and_wished_for_again_is_told_again(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    await desk.ask("/watch node:22 arm64 riscv64")
    await look_and_record(desk.store, present(AMD64, ARM64, seen_at=at(10)), now=at(10))
    desk.clock.forward(30)
    await desk.ask("/unwatch node:22 arm64")
    await desk.ask("/watch node:22 arm64")

    await look_and_record(desk.store, present(AMD64, ARM64, seen_at=at(31)), now=at(31))

    desk.clock.forward(60)
    await desk.answers()
    appeared = [(alert.event, alert.platform, alert.episode) for alert in desk.told]
    assert appeared == [(Event.APPEARED, ARM64, 0), (Event.APPEARED, ARM64, 1)]


async def test_time_that_passes_meanwhile_is_not_taken_off_what_was_asked_for(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)

    def ticking() -> datetime:
        desk.clock.forward(0.5)
        return desk.clock.now

    subscriber = Subscriber(
        desk.sight,
        clock=ticking,
        explain=desk.explain,
        settings=SubscribeSettings((ARM64,), EXPIRES_IN, FRESH_S),
    )

    prepared = await subscriber.prepare(wish())
    async with desk.store.transaction() as transaction:
        answer = await prepared.plan(transaction)

    assert f"give up after {span(EXPIRES_IN)}. " in answer.lines[-1]
