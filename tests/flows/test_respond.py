"""Every command has its effect and one answer; what can go wrong in between is in
test_respond_troubles.
"""

from datetime import timedelta

import pytest

from bot.core.message.english.lists import ROWS_A_PAGE
from bot.core.message.neutral import Button
from bot.core.model import TERMINAL, Place
from bot.core.reference import parse_reference
from bot.ports.registry import RegistryState
from bot.ports.store import Store
from tests.support.conversations import EXPIRES_IN, Courtesies, Desk
from tests.support.stores import (
    AMD64,
    ARM64,
    BUSYBOX,
    GRAFANA,
    NODE,
    OPS,
    RISCV,
    TEAM,
    add,
    at,
    look_and_record,
    new_watch,
    present,
    take,
    watches_of,
)

ADA = Place("slack", "U1")
INCOMPLETE = ["linux/amd64"]
COMPLETE = ["linux/amd64", "linux/arm64"]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


# -- watch ----------------------------------------------------------------------------------------


async def test_what_is_missing_is_watched_and_the_answer_says_what_is_there(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)

    answer = await desk.ask("/watch node:22 arm64")

    [watch] = await watches_of(desk.store)
    assert answer.headline == f"👀 Watching node:22 for linux/arm64 (#{watch.id})."
    assert answer.lines[0] == "The registry has: amd64. Missing: arm64."
    assert (watch.reference, watch.people) == (NODE, ("U1",))
    assert watch.expires_at == desk.clock() + EXPIRES_IN


async def test_without_platforms_the_configured_ones_are_watched(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)

    await desk.ask("/watch node:22")

    [watch] = await watches_of(desk.store)
    assert [want.platform for want in watch.wants] == [ARM64]


async def test_what_is_there_is_not_watched(desk: Desk) -> None:
    desk.registry.plan("node:22", COMPLETE)

    answer = await desk.ask("/watch node:22 arm64")

    assert answer.headline == "✅ node:22 has linux/arm64 already."
    assert await watches_of(desk.store) == []


async def test_a_watch_may_say_for_how_long_it_goes_on(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)

    await desk.ask("/watch node:22 arm64 for 12h")

    [watch] = await watches_of(desk.store)
    assert watch.expires_at == desk.clock() + timedelta(hours=12)


async def test_who_asks_to_be_told_alone_is_answered_and_alerted_alone(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    await desk.hear("/watch node:22 arm64 dm")
    await desk.turn()

    alone, here = sorted(await take(desk.store), key=lambda one: one.place != ADA)

    [watch] = await watches_of(desk.store, ADA)
    assert (here.place, alone.place, watch.place) == (TEAM, ADA, ADA)
    assert here.message is not None
    assert alone.message is not None
    assert here.message.headline == "📬 I answer you alone, in a direct message."
    assert alone.message.headline == f"👀 Watching node:22 for linux/arm64 (#{watch.id})."
    assert (here.person, alone.person) == ("U1", "U1")
    assert await watches_of(desk.store, TEAM) == []


@pytest.mark.parametrize("place", [ADA, TERMINAL], ids=["alone already", "a terminal"])
async def test_where_nobody_else_reads_the_answer_comes_where_it_was_asked(
    desk: Desk, place: Place
) -> None:
    desk.registry.plan("node:22", INCOMPLETE)

    answer = await desk.ask("/watch node:22 arm64 dm", place=place)

    assert answer.headline.startswith("👀 Watching node:22")
    assert len(await watches_of(desk.store, place)) == 1


@pytest.mark.parametrize("verb", ["watch", "check", "why", "unwatch"])
async def test_a_command_without_an_image_is_asked_which(desk: Desk, verb: str) -> None:
    answer = await desk.ask(f"/{verb}")

    assert answer.headline == "Which image?"


# -- check and why --------------------------------------------------------------------------------


async def test_check_says_what_the_registry_has_and_watches_nothing(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)

    answer = await desk.ask("/check node:22")

    assert answer.headline == "⏳ node:22 has no linux/arm64 yet."
    assert await watches_of(desk.store) == []


async def test_check_asks_the_registry_however_fresh_the_last_look_is(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE, COMPLETE)
    await desk.ask("/watch node:22 arm64")

    answer = await desk.ask("/check node:22 arm64")

    assert answer.headline == "✅ node:22 has linux/arm64."


async def test_why_explains_an_image(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)

    answer = await desk.ask("/why node:22")

    assert answer.headline == "⏳ node:22 has no linux/arm64 yet."
    assert any("built after another" in line for line in answer.lines)


async def test_why_of_a_number_explains_what_that_watch_waits_for(desk: Desk) -> None:
    desk.registry.plan("node:22", INCOMPLETE)
    await desk.ask("/watch node:22 riscv64")
    [watch] = await watches_of(desk.store)
    at_first = await desk.ask(f"/why #{watch.id}")
    desk.clock.forward(60)
    await look_and_record(desk.store, present(AMD64, seen_at=at(60)), now=at(60))
    desk.clock.forward(3600)

    answer = await desk.ask(f"/why #{watch.id}")

    assert not any("I last saw the tag change" in line for line in at_first.lines)
    assert answer.headline == "⏳ node:22 has no linux/riscv64 yet."
    assert "I last saw the tag change 1 h ago." in answer.lines
    assert answer.buttons == (), "It is watched here already"


async def test_a_number_means_nothing_in_another_place(desk: Desk) -> None:
    await add(desk.store, new_watch(BUSYBOX, place=TEAM))
    added = await add(desk.store, new_watch(place=OPS))
    number = f"#{added.watch.id}"

    answers = [await desk.ask(f"/{verb} {number}") for verb in ("why", "mute", "unwatch")]

    assert {answer.headline for answer in answers} == {f"❓ {number} is not watched here."}
    [untouched] = await watches_of(desk.store, OPS)
    assert untouched.muted_until is None


# -- unwatch --------------------------------------------------------------------------------------


async def test_a_watch_is_stopped_by_its_number(desk: Desk) -> None:
    added = await add(desk.store, new_watch())

    answer = await desk.ask(f"/unwatch #{added.watch.id}")

    assert answer.headline == f"🛑 Stopped #{added.watch.id}: node:22 for linux/arm64."
    assert await watches_of(desk.store) == []


async def test_a_watch_is_stopped_by_its_image_in_this_place_alone(desk: Desk) -> None:
    await add(desk.store, new_watch(NODE))
    await add(desk.store, new_watch(BUSYBOX))
    await add(desk.store, new_watch(NODE, place=OPS))

    await desk.ask("/unwatch node:22")

    assert [watch.reference for watch in await watches_of(desk.store)] == [BUSYBOX]
    assert [watch.reference for watch in await watches_of(desk.store, OPS)] == [NODE]


async def test_one_platform_is_taken_off_a_watch_that_goes_on(desk: Desk) -> None:
    await add(desk.store, new_watch(platforms=(ARM64, RISCV)))

    answer = await desk.ask("/unwatch node:22 arm64 s390x")

    [watch] = await watches_of(desk.store)
    assert answer.headline == f"🛑 Stopped #{watch.id}: node:22 for linux/arm64."
    assert answer.lines == ("It goes on for linux/riscv64.",)
    assert [want.platform for want in watch.wants] == [RISCV]


async def test_whoever_stops_what_others_watch_is_named(desk: Desk) -> None:
    await add(desk.store, new_watch(NODE, person="U1"))
    await add(desk.store, new_watch(BUSYBOX, person="U2"))

    mine = await desk.ask("/unwatch node:22", person="U1")
    theirs = await desk.ask("/unwatch busybox:1.37", person="U1")

    assert mine.mentions == ()
    assert (theirs.lines, theirs.mentions) == (("Stopped by:",), ("U1",))


async def test_a_watch_without_its_last_platform_ends(desk: Desk) -> None:
    await add(desk.store, new_watch(platforms=(ARM64, RISCV)))

    await desk.ask("/unwatch node:22 riscv64 arm64")

    assert await watches_of(desk.store) == []


@pytest.mark.parametrize(
    ("command", "named"),
    [
        pytest.param("/unwatch busybox:1.37", "busybox:1.37", id="another image"),
        pytest.param("/unwatch #4711", "#4711", id="another number"),
        pytest.param("/unwatch node:22 s390x", "node:22 linux/s390x", id="another platform"),
        pytest.param("/unwatch all s390x", "linux/s390x", id="a platform nobody wants"),
    ],
)
async def test_what_is_not_watched_here_is_named(desk: Desk, command: str, named: str) -> None:
    await add(desk.store, new_watch())

    answer = await desk.ask(command)

    assert answer.headline == f"❓ {named} is not watched here."
    assert len(await watches_of(desk.store)) == 1


async def test_where_nothing_is_watched_nothing_is_stopped(desk: Desk) -> None:
    answer = await desk.ask("/unwatch all")

    assert answer.headline == "Nothing is watched here."


async def test_all_is_stopped_at_once_when_it_is_one(desk: Desk) -> None:
    await add(desk.store, new_watch())

    answer = await desk.ask("/unwatch all")

    assert answer.headline.startswith("🛑 Stopped #")
    assert await watches_of(desk.store) == []


async def test_before_several_watches_end_at_one_word_the_bot_asks_back(desk: Desk) -> None:
    for reference in (NODE, BUSYBOX, GRAFANA):
        await add(desk.store, new_watch(reference))

    asked = await desk.ask("/unwatch all")
    left = len(await watches_of(desk.store))
    [button] = asked.buttons
    done = await desk.ask(button.command)

    assert asked.headline == "❓ This stops 3 watches here. If you mean it: /unwatch all yes"
    assert [line.split(" ", 1)[1] for line in asked.lines] == [
        "node:22",
        "busybox:1.37",
        "ghcr.io/grafana/grafana:12",
    ]
    assert button == Button("Stop all", "/unwatch all yes")
    assert left == 3
    assert done.headline == "🛑 Stopped 3 watches."
    assert await watches_of(desk.store) == []


async def test_one_platform_of_all_watches_leaves_their_others(desk: Desk) -> None:
    await add(desk.store, new_watch(NODE, platforms=(ARM64, RISCV)))
    await add(desk.store, new_watch(BUSYBOX, platforms=(ARM64,)))
    await add(desk.store, new_watch(GRAFANA, platforms=(AMD64,)))

    asked = await desk.ask("/unwatch all arm64")
    done = await desk.ask(asked.buttons[0].command)

    assert done.headline == "🛑 Stopped linux/arm64 in 2 watches."
    left = [
        (watch.reference, [want.platform for want in watch.wants])
        for watch in await watches_of(desk.store)
    ]
    assert left == [(NODE, [RISCV]), (GRAFANA, [AMD64])]


# -- list, mute, status, help ---------------------------------------------------------------------


async def test_a_list_comes_in_pages_and_shows_this_place_alone(desk: Desk) -> None:
    for number in range(ROWS_A_PAGE + 1):
        await add(desk.store, new_watch(parse_reference(f"node:{number}")))
    await add(desk.store, new_watch(BUSYBOX, place=OPS))

    first = await desk.ask("/list")
    second = await desk.ask("/list 2")

    assert first.headline == f"{ROWS_A_PAGE + 1} watches here (page 1 of 2)."
    assert (len(first.lines), first.lines[-1]) == (ROWS_A_PAGE + 1, "More: /list 2")
    assert len(second.lines) == 1
    assert f"node:{ROWS_A_PAGE}:" in second.lines[0]


async def test_a_place_is_muted_and_unmuted(desk: Desk) -> None:
    muted = await desk.ask("/mute 8h")
    async with desk.store.reading() as transaction:
        until = await transaction.watches.place_muted_until(TEAM)
    unmuted = await desk.ask("/unmute")
    async with desk.store.reading() as transaction:
        afterwards = await transaction.watches.place_muted_until(TEAM)

    assert muted.headline == "🔕 This place is quiet until 20:00 UTC."
    assert until == at(8 * 3600)
    assert unmuted.headline.startswith("🔔 This place")
    assert afterwards is None


async def test_one_watch_is_muted_and_unmuted(desk: Desk) -> None:
    added = await add(desk.store, new_watch())
    number = f"#{added.watch.id}"

    muted = await desk.ask(f"/mute {number} 2 days")
    [during] = await watches_of(desk.store)
    unmuted = await desk.ask(f"/unmute {number}")
    [afterwards] = await watches_of(desk.store)

    assert muted.headline.startswith(f"🔕 {number} node:22 is quiet until ")
    assert during.muted_until == at(2 * 86400)
    assert unmuted.headline.startswith(f"🔔 {number} node:22 ")
    assert afterwards.muted_until is None


async def test_a_mute_without_a_length_lasts_a_usual_time(desk: Desk) -> None:
    added = await add(desk.store, new_watch())

    await desk.ask("/mute")
    await desk.ask(f"/mute #{added.watch.id}")

    async with desk.store.reading() as transaction:
        assert await transaction.watches.place_muted_until(TEAM) == at(8 * 3600)
    [watch] = await watches_of(desk.store)
    assert watch.muted_until == at(7 * 86400)


async def test_status_counts_watches_and_what_waits_and_names_registries(desk: Desk) -> None:
    await add(desk.store, new_watch(NODE))
    await add(desk.store, new_watch(NODE, place=OPS))
    desk.courtesy = Courtesies(RegistryState("docker.io", parked_until=at(600)))

    answer = await desk.ask("/status")

    assert answer.lines == (
        "Watches: 2. Messages waiting to go out: 0.",
        "docker.io: left alone until 12:10 UTC",
    )


async def test_status_says_which_chats_are_in_trouble(desk: Desk) -> None:
    desk.troubles = ("Slack: the bot token has been revoked (token_revoked)",)

    answer = await desk.ask("/status")

    assert answer.lines[0] == "⚠️ Slack: the bot token has been revoked (token_revoked)."


@pytest.mark.parametrize(
    ("command", "headline"),
    [
        pytest.param("/start", "I tell you when the missing architecture", id="start"),
        pytest.param("/settings", "What can be set here:", id="settings"),
        pytest.param("/help", "I tell you when the missing architecture", id="help"),
        pytest.param("/help mute", "How to use /mute:", id="help about a command"),
        pytest.param("/wacth node:22", "❓ I do not know what to do with", id="misspelt"),
        pytest.param("/watch node:22 arm63", "❓ I do not know the platform", id="no platform"),
    ],
)
async def test_what_needs_no_store_is_answered_too(desk: Desk, command: str, headline: str) -> None:
    answer = await desk.ask(command)

    assert answer.headline.startswith(headline)
