"""Commands beside looks, in one process, over a real registry and a real store."""

from datetime import UTC, datetime, timedelta

from bot.app.wiring import Eyes, looking, sight_of, storing, subscriber_of
from bot.app.world import World
from bot.config import Settings, load_settings
from bot.core.model import Place
from bot.core.platform import Platform
from bot.core.reference import parse_reference
from bot.core.schedule import Pacing
from bot.flows.check import Rules, check
from bot.flows.wish import Wish
from bot.ports.outbox import OutboxEntry
from bot.ports.store import Store
from bot.ports.targets import ClaimedTarget
from tests.scenarios.conftest import WriteConfig
from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image

ARM64 = Platform("linux", "arm64")
NODE = parse_reference("node:22")
HEAD = "HEAD /v2/library/node/manifests/22"


class Case:
    """The verbs, one step at a time."""

    def __init__(self, settings: Settings, store: Store, eyes: Eyes) -> None:
        self.store, self.eyes, self.world = store, eyes, World(clock=self.clock)
        self.ahead = timedelta()
        sight = sight_of(store, eyes, settings, self.world)
        self.subscriber = subscriber_of(sight, settings, self.world)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def watch(self, place: str, person: str = "anna") -> None:
        wish = Wish(NODE, (ARM64,), Place("slack", place), person)
        prepared = await self.subscriber.prepare(wish)
        async with self.store.transaction() as transaction:
            await prepared.plan(transaction)

    async def claim(self) -> list[ClaimedTarget]:
        async with self.store.transaction() as transaction:
            return await transaction.targets.claim(
                capacity=lambda _: 10, limit=10, now=self.clock(), lease_s=90
            )

    async def look(self, target: ClaimedTarget) -> None:
        result = await check(
            target,
            look=self.eyes.look,
            timeout_s=5,
            clock=self.clock,
            rules=Rules(Pacing()),
            chance=0.5,
        )
        async with self.store.transaction() as transaction:
            assert await transaction.targets.record([result], now=self.clock()) == [True]

    async def owed(self) -> list[OutboxEntry]:
        async with self.store.reading() as transaction:
            return await transaction.outbox.entries(limit=2000, include_sent=True)


async def test_a_watch_made_while_a_look_records_the_platform_is_alerted(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    settings = load_settings(write_config(registry.url), {})
    async with storing(settings) as store, looking(settings, World()) as eyes:
        case = Case(settings, store, eyes)
        await case.watch("C1")
        case.ahead = timedelta(hours=1)
        [claimed] = await case.claim()
        late = await case.subscriber.prepare(Wish(NODE, (ARM64,), Place("slack", "C2"), "ben"))
        await push_image(registry.url, "library/node", "22", ["linux/amd64", "linux/arm64"])

        async with store.transaction() as transaction:
            await late.plan(transaction)
        await case.look(claimed)
        [again] = await case.claim()
        await case.look(again)

        assert sorted(str(entry.place) for entry in await case.owed()) == ["slack:C1", "slack:C2"]
        assert await case.claim() == []


async def test_a_thousand_watchers_of_one_tag_cost_one_head_a_look_and_one_alert_a_place(
    docker_registry_factory: StartRegistry, write_config: WriteConfig
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", ["linux/amd64"])
    environment = {"ARCHBELL_SCHEDULE__FAST_S": "60"}
    settings = load_settings(write_config(registry.url), environment)
    async with storing(settings) as store, looking(settings, World()) as eyes:
        case = Case(settings, store, eyes)
        for number in range(1000):
            await case.watch(f"C{number % 10}", f"person{number}")
        watching = registry.requests().count(HEAD)
        case.ahead = timedelta(minutes=2)
        [claimed] = await case.claim()
        await case.look(claimed)
        looking_again = registry.requests().count(HEAD) - watching
        await push_image(registry.url, "library/node", "22", ["linux/amd64", "linux/arm64"])
        case.ahead = timedelta(minutes=20)
        [claimed] = await case.claim()
        await case.look(claimed)

        assert watching == 1
        assert looking_again == 1
        assert len(await case.owed()) == 10
