"""The bot as a long-running program: its loops, and how they begin and end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.app.chats import Chats, Scene, chatting, direct_place
from bot.app.configured import StandingOrders
from bot.app.figures import new_figures
from bot.app.foyer import Foyer
from bot.app.heartbeat import beat_for_ever
from bot.app.officials import early_of, listed_of
from bot.app.roles import ALL_ROLES, Role, names_of
from bot.app.serving import Office, opened, see_that_something_is_served
from bot.app.signals import signals
from bot.app.standing import discoverer_of, follower_of, orders_of
from bot.app.wiring import (
    Eyes,
    explainer_of,
    held_alone,
    knowing,
    looking,
    pacing_of,
    sight_of,
    storing,
    subscriber_of,
)
from bot.app.world import World, program_version, spare_the_collector
from bot.config import Loaded, Settings
from bot.flows.bells import Bells
from bot.flows.check import Checker, LookSettings, Rules
from bot.flows.deliver import Deliverer, DeliverySettings
from bot.flows.discover import Discoverer
from bot.flows.expire import expire_for_ever
from bot.flows.explain import EXPLAINING_S
from bot.flows.lineage import Lineage
from bot.flows.listed import Listed, keep_listed_for_ever
from bot.flows.past import Rhythms
from bot.flows.pipeline import keep_records_for_ever
from bot.flows.recorder import Recorder
from bot.flows.respond import Responder
from bot.flows.sharing import Sharing
from bot.log import Log
from bot.ports.official import NO_OFFICIAL, Official
from bot.ports.store import Listen, News, Store
from bot.ports.surroundings import Sleep
from bot.web.figures import PrometheusFigures

GRACE_S = 7
"""How long what is under way may take to finish once a stop is asked for; Docker kills after 10."""

ANSWER_S = 8
"""What an answer may take beyond its look and its reasons, before another worker may take it."""

Worker = Checker | Discoverer | Responder | Deliverer

log = Log(__name__)


async def _hear_nothing(hear: Callable[[News], None], /, *, sleep: Sleep) -> None:
    """The Listen of a store that nobody else writes to."""


@dataclass(slots=True)
class Bot:
    """The running program: its loops, as its roles want them, and how they are stopped.

    Expired watches end where looks are; parkings are shared by all who ask registries.
    """

    settings: Settings
    world: World
    store: Store
    eyes: Eyes
    figures: PrometheusFigures
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    roles: frozenset[Role] = ALL_ROLES
    listen: Listen = _hear_nothing
    orders: StandingOrders | None = None
    bells: Bells = field(default_factory=Bells)
    official: Official = NO_OFFICIAL
    listed: Listed | None = None
    lineage: Lineage = field(default_factory=Lineage)
    _address: str = ""
    _started: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def foyer(self) -> Foyer:
        """What parts of the bot are made from."""
        return Foyer(
            self.settings,
            self.world,
            self.store,
            self.eyes,
            self.bells,
            self.official,
            self.lineage,
        )

    def stop(self) -> None:
        """Finish what is under way, then end run()."""
        self.stopped.set()

    async def run(self) -> None:
        """Run until stopped; what is under way then has GRACE_S to finish.

        Raises ConfigurationError, ChatRefused, CannotListen.
        """
        scene = Scene(self.settings, self.world, self.store, self.bells, self.roles, self.stop)
        async with AsyncExitStack() as stack:
            chats = await stack.enter_async_context(chatting(scene))
            address = opened(Office(self.foyer, chats, self.figures), self.roles)
            self._address = await stack.enter_async_context(address)
            await self._work(chats)

    async def served_at(self) -> str:
        """The web server's address once the bot runs; empty if nothing is served."""
        await self._started.wait()
        return self._address

    async def _work(self, chats: Chats) -> None:
        workers = [worker for role, worker in self._workers(chats) if role in self.roles]
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(worker.run()) for worker in workers]
            attendants = [group.create_task(duty) for duty in self._duties(chats)]
            spare_the_collector()
            log.info("started", version=program_version(), roles=names_of(self.roles))
            self._started.set()
            await self.stopped.wait()
            for attendant in attendants:
                attendant.cancel()
            for worker in workers:
                worker.stop()
            late = await _late(running)
            for task in late:
                task.cancel()
        log.info("stopped", unfinished=len(late))

    def _duties(self, chats: Chats) -> Iterator[Coroutine[Any, Any, None]]:
        """What goes on beside the workers, until it is cancelled."""
        world, bells = self.world, self.bells
        yield self.listen(bells.ring, sleep=world.sleep)
        for listen in chats.listeners:
            yield listen()
        if Role.LOOKS in self.roles:
            if self.orders is not None:
                yield self.orders.run()
            yield expire_for_ever(self.store, clock=world.clock, sleep=world.sleep, bells=bells)
            if self.listed is not None:
                yield keep_listed_for_ever(self.listed, sleep=world.sleep)
            if self.official.keeps_records:
                yield keep_records_for_ever(self.store, self.official, sleep=world.sleep)
        if self.roles & {Role.LOOKS, Role.COMMANDS}:
            courtesy = self.eyes.pace
            sharing = Sharing(
                self.store, courtesy=courtesy, bell=bells.registries, clock=world.clock
            )
            yield sharing.run()
        if (heartbeat := self.settings.health.heartbeat_file) is not None:
            yield beat_for_ever(self.store, self.settings.folder / heartbeat, sleep=world.sleep)

    def _workers(self, chats: Chats) -> Iterator[tuple[Role, Worker]]:
        settings, world, bells = self.settings, self.world, self.bells
        sight = sight_of(self.store, self.eyes, settings, world)
        explain = explainer_of(
            sight,
            world,
            official=self.official,
            suggest=self.eyes.suggest,
            store=self.store,
            lineage=self.lineage,
        )
        checker = Checker(
            store=self.store,
            look=self.eyes.look,
            courtesy=self.eyes.pace,
            recorder=Recorder(
                self.store,
                clock=world.clock,
                bells=bells,
                courtesy=self.eyes.pace,
                figures=self.figures,
            ),
            bells=bells,
            clock=world.clock,
            chance=world.chance,
            settings=LookSettings(**settings.looks.model_dump()),
            rules=Rules(
                pacing_of(settings),
                early_of(settings, self.listed),
                Rhythms(self.store, clock=world.clock),
            ),
            figures=self.figures,
        )
        responder = Responder(
            store=self.store,
            subscriber=subscriber_of(
                sight, settings, world, explain=explain, suggest=self.eyes.suggest
            ),
            sight=sight,
            explain=explain,
            follower=follower_of(settings, world, eyes=self.eyes),
            courtesy=self.eyes.pace,
            bells=bells,
            clock=world.clock,
            default_platforms=settings.default_platforms,
            lease_s=settings.looks.timeout_s + EXPLAINING_S + ANSWER_S,
            figures=self.figures,
            suggest=self.eyes.suggest,
            troubles=chats.troubles,
            direct_place=direct_place,
        )
        deliverer = Deliverer(
            store=self.store,
            messengers=chats.messengers,
            bells=bells,
            clock=world.clock,
            settings=DeliverySettings(**settings.delivery.model_dump()),
            figures=self.figures,
        )
        discoverer = discoverer_of(settings, world, store=self.store, eyes=self.eyes, bells=bells)
        yield from ((Role.LOOKS, checker), (Role.LOOKS, discoverer))
        yield from ((Role.COMMANDS, responder), (Role.DELIVERY, deliverer))


@asynccontextmanager
async def assembled(
    settings: Settings, world: World, *, roles: frozenset[Role] = ALL_ROLES
) -> AsyncIterator[Bot]:
    """The bot with all that it needs, ready to run."""
    figures = new_figures(settings, version=program_version())
    async with (
        storing(settings) as store,
        looking(settings, world, figures) as eyes,
        knowing(settings, world, store) as official,
    ):
        async with store.reading() as transaction:
            eyes.pace.restore(await transaction.registries.load())
        bot = Bot(
            settings,
            world,
            store,
            eyes,
            figures,
            roles=roles,
            listen=store.listen,
            official=official,
        )
        bot.listed = listed_of(bot.foyer)
        yield bot


async def run(
    loaded: Loaded,
    world: World | None = None,
    *,
    load: Callable[[], Loaded],
    roles: frozenset[Role] = ALL_ROLES,
) -> None:
    """Run the bot until SIGINT or SIGTERM; a second signal ends it at once.

    SIGHUP has what stands in [[watch]] blocks read again, by load().

    Raises InvalidInput for roles that leave nothing to do, StoreBusy if another process has one of
    them over the same SQLite file.
    """
    _see_that_they_do_something(loaded.settings, roles)
    world = world or World()
    with held_alone(loaded.settings, roles) as is_alone:
        async with assembled(loaded.settings, world, roles=roles) as bot:
            if is_alone and Role.COMMANDS in roles:
                await _take_over(bot.store, world)
            bot.orders = orders_of(loaded, load, store=bot.store, bells=bot.bells, world=world)
            with signals(bot):
                await bot.run()


async def _take_over(store: Store, world: World) -> None:
    """What a killed process was about to answer is answered now, not when its lease runs out."""
    async with store.transaction() as transaction:
        await transaction.inbox.release_all(now=world.clock())


def _see_that_they_do_something(settings: Settings, roles: frozenset[Role]) -> None:
    if roles == {Role.WEB}:
        see_that_something_is_served(settings)
    if (Role.DELIVERY in roles) != (Role.CHATS in roles):
        one, other = ("delivery", "chats") if Role.DELIVERY in roles else ("chats", "delivery")
        log.warning("messages_for_the_terminal_wait", because=f"{one} without {other}")


async def _late(running: list[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """The tasks that have not ended within GRACE_S."""
    return (await asyncio.wait(running, timeout=GRACE_S))[1] if running else set()
