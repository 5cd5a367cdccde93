"""Nobody, and no conversation, may have more watches than the configuration allows."""

from dataclasses import replace

import pytest

from bot.core.model import Place
from bot.core.reference import parse_reference
from bot.flows.subscribe import WatchLimits
from bot.flows.wish import Wish
from bot.ports.store import Store
from tests.support.conversations import Desk
from tests.support.stores import ARM64, BUSYBOX, GRAFANA, NODE, OPS, TEAM, add, new_watch

MOST = 2
THREAD = Place("slack", "C1", "1700000000.1")
REFUSED = "✋ Not watching redis:7: that would be one too many."
MADE = "👀 Watching redis:7 for linux/arm64"
REDIS = parse_reference("redis:7")


def desk_with(store: Store, *, per_person: int = 100, per_conversation: int = 100) -> Desk:
    desk = Desk(store, limits=WatchLimits(per_person, per_conversation))
    desk.registry.plan("redis:7", ["linux/amd64"])
    return desk


async def test_a_persons_watches_count_wherever_they_are(store: Store) -> None:
    desk = desk_with(store, per_person=MOST)
    await add(store, new_watch(NODE, place=TEAM, person="U1"))
    await add(store, new_watch(NODE, place=OPS, person="U1"))

    answer = await desk.ask("/watch redis:7", person="U1")
    other = await desk.ask("/watch redis:7", person="U2")

    assert answer.headline == REFUSED
    assert answer.lines == (
        "You have 2 watches already, the most for one person.",
        "To make room: /unwatch #7, or an image instead of the number. All of them: /list",
    )
    assert other.headline.startswith(MADE)


async def test_a_conversations_watches_count_in_all_its_threads(store: Store) -> None:
    desk = desk_with(store, per_conversation=MOST)
    await add(store, new_watch(NODE, place=TEAM, person="U2"))
    await add(store, new_watch(NODE, place=THREAD, person="U3"))

    answer = await desk.ask("/watch redis:7")
    elsewhere = await desk.ask("/watch redis:7", place=OPS)

    assert answer.headline == REFUSED
    assert answer.lines[0] == "There are 2 watches here already, the most for one chat."
    assert elsewhere.headline.startswith(MADE)


async def test_stopping_one_makes_room(store: Store) -> None:
    desk = desk_with(store, per_person=1)
    await add(store, new_watch(NODE))

    before = await desk.ask("/watch redis:7")
    await desk.ask("/unwatch node:22")
    after = await desk.ask("/watch redis:7")

    assert (before.headline, after.headline.startswith(MADE)) == (REFUSED, True)


async def test_what_somebody_watches_already_is_not_one_more(store: Store) -> None:
    desk = desk_with(store, per_person=1, per_conversation=1)
    await add(store, new_watch(REDIS))

    answer = await desk.ask("/watch redis:7 riscv64")

    assert answer.headline.startswith("👀 Already watching redis:7")


async def test_who_joins_a_watch_fills_no_conversation_but_has_one_more(store: Store) -> None:
    desk = desk_with(store, per_person=1, per_conversation=1)
    await add(store, new_watch(REDIS, person="U2"))

    joined = await desk.ask("/watch redis:7", person="U3")
    await add(store, new_watch(BUSYBOX, place=OPS, person="U4"))
    refused = await desk.ask("/watch redis:7", person="U4")

    assert joined.headline.startswith("👀 Already watching redis:7")
    assert refused.headline == REFUSED


@pytest.mark.parametrize("source", ["cli", "config"])
async def test_watches_of_the_operator_do_not_count(store: Store, source: str) -> None:
    desk = desk_with(store, per_person=1, per_conversation=1)
    for reference in (NODE, GRAFANA):
        await add(store, replace(new_watch(reference), source=source))

    answer = await desk.ask("/watch redis:7")

    assert answer.headline.startswith(MADE)


async def test_the_operator_is_not_limited(store: Store) -> None:
    desk = desk_with(store, per_person=1, per_conversation=1)
    await add(store, new_watch(NODE))
    wish = Wish(REDIS, (ARM64,), TEAM, "U1", source="cli")

    prepared = await desk.subscriber.prepare(wish)
    async with store.transaction() as transaction:
        answer = await prepared.plan(transaction)

    assert answer.headline.startswith(MADE)
