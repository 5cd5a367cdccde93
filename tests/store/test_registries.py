from dataclasses import replace

from bot.ports.registry import RegistryState
from bot.ports.store import Store
from tests.support.stores import at

HUB = RegistryState(
    "docker.io",
    parked_until=at(60),
    pulls_parked_until=at(3600),
    limit=100,
    remaining=3,
    window_s=21600,
    failures=2,
)


async def test_what_is_saved_is_loaded(store: Store) -> None:
    quay = RegistryState("quay.io")

    async with store.transaction() as transaction:
        await transaction.registries.save([quay, HUB])

    async with store.reading() as transaction:
        assert await transaction.registries.load() == [HUB, quay]


async def test_a_newer_state_replaces_all_of_the_older_one_but_its_parking(store: Store) -> None:
    rested = RegistryState("docker.io", remaining=99)

    async with store.transaction() as transaction:
        await transaction.registries.save([HUB])
        await transaction.registries.save([rested])

    async with store.reading() as transaction:
        assert await transaction.registries.load() == [
            replace(rested, parked_until=at(60), pulls_parked_until=at(3600))
        ]


async def test_of_two_parkings_the_longer_one_stays(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.registries.save([RegistryState("quay.io", parked_until=at(60))])
        await transaction.registries.save([RegistryState("quay.io", parked_until=at(30))])
        await transaction.registries.save(
            [RegistryState("quay.io", parked_until=at(90), pulls_parked_until=at(10))]
        )

    async with store.reading() as transaction:
        [kept] = await transaction.registries.load()
    assert (kept.parked_until, kept.pulls_parked_until) == (at(90), at(10))


async def test_saving_nothing_changes_nothing(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.registries.save([])
        assert await transaction.registries.load() == []
