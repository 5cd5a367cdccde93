"""The watches become what the configuration wants, and nothing else is touched."""

from dataclasses import replace

from bot.core.model import Place
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.bells import Bells
from bot.flows.reconcile import Called, Plan, Reconciled, Reconciler
from bot.ports.configured import Terms
from bot.ports.store import Store
from tests.support.stores import AMD64, ARM64, BUSYBOX, NODE, NOW, OPS, TEAM, add, new_watch

Wishes = dict[tuple[Reference, Place], Terms]


def wish(reference: Reference, place: Place, *platforms: Platform) -> Wishes:
    return {(reference, place): Terms(frozenset(platforms), frozenset())}


async def reconciled(store: Store, plan: Plan) -> Reconciled:
    return await Reconciler(store, clock=lambda: NOW, bells=Bells())(plan)


async def test_what_is_wanted_is_added_changed_and_removed(store: Store) -> None:
    first = wish(NODE, TEAM, ARM64) | wish(NODE, OPS, ARM64) | wish(BUSYBOX, TEAM, ARM64)
    second = wish(NODE, TEAM, ARM64) | wish(NODE, OPS, AMD64) | wish(BUSYBOX, OPS, ARM64)

    begun = await reconciled(store, Plan(first))
    changed = await reconciled(store, Plan(second))

    names = ("node:22 in slack:C1", "node:22 in slack:C2", "busybox:1.37 in slack:C1")
    assert begun == Reconciled(added=names)
    assert changed == Reconciled(
        added=("busybox:1.37 in slack:C2",),
        changed=("node:22 in slack:C2",),
        removed=("busybox:1.37 in slack:C1",),
        unchanged=1,
    )


async def test_what_is_added_is_told_with_the_names_of_its_blocks(store: Store) -> None:
    slim = (replace(NODE, tag=None), "22.*-slim", TEAM)
    called: Called = {(NODE, TEAM): ("shop", "till"), slim: ("shop",), (BUSYBOX, TEAM): ()}
    wanted = wish(NODE, TEAM, ARM64) | wish(BUSYBOX, TEAM, ARM64)

    done = await reconciled(store, Plan(wanted, patterns={slim: frozenset({ARM64})}, called=called))

    assert done.added == (
        "node:22 in slack:C1 (shop, till)",
        "busybox:1.37 in slack:C1",
        "node:22.*-slim in slack:C1 (shop)",
    )


async def test_the_same_again_is_no_change(store: Store) -> None:
    plan = Plan(wish(NODE, TEAM, ARM64) | wish(BUSYBOX, TEAM, ARM64))
    await reconciled(store, plan)

    assert await reconciled(store, plan) == Reconciled(unchanged=2)


async def test_nothing_ends_that_may_only_be_missing_by_mistake(store: Store) -> None:
    await reconciled(store, Plan(wish(NODE, TEAM, ARM64) | wish(BUSYBOX, TEAM, ARM64)))

    done = await reconciled(store, Plan({}, lambda reference, _: reference == NODE))

    assert done.kept == ("node:22 in slack:C1",)
    assert done.removed == ("busybox:1.37 in slack:C1",)


async def test_the_watches_of_people_are_left_alone(store: Store) -> None:
    await add(store, new_watch(NODE))

    assert await reconciled(store, Plan({})) == Reconciled()

    async with store.reading() as transaction:
        assert len(await transaction.watches.active()) == 1


async def test_whoever_looks_is_woken_by_a_change(store: Store) -> None:
    bells = Bells()
    reconcile = Reconciler(store, clock=lambda: NOW, bells=bells)

    await reconcile(Plan(wish(NODE, TEAM, ARM64)))

    await bells.looks.listen(until=None, now=NOW, at_most_s=3600)
