"""The bot as a long-running program: its loops, and how they begin and end."""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from bot.app.wiring import Eyes, looking, pacing_of, sight_of, storing, subscriber_of
from bot.app.world import World, program_version
from bot.chat.terminal import Terminal
from bot.config import Settings
from bot.flows.bells import Bells
from bot.flows.check import Checker, LookSettings
from bot.flows.deliver import Deliverer, DeliverySettings
from bot.flows.expire import expire_for_ever
from bot.flows.recorder import Recorder
from bot.flows.respond import Responder
from bot.ports import Messenger, Store

GRACE_S = 10
"""How long what is under way may take to finish once a stop is asked for."""

ANSWER_S = 5
"""What an answer may take beyond the look it needs, before another worker may take the command."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Bot:
    """The running program: its loops, and how they are stopped."""

    settings: Settings
    world: World
    store: Store
    eyes: Eyes
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Finish what is under way, then end run()."""
        self.stopped.set()

    async def run(self) -> None:
        """Run until stopped; what is under way then has GRACE_S to finish."""
        bells = Bells()
        terminal = self._terminal(bells)
        workers = self._workers(bells, {terminal.service: terminal})
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(worker.run()) for worker in workers]
            attendants = [
                group.create_task(terminal.listen(self.stop)),
                group.create_task(
                    expire_for_ever(
                        self.store, clock=self.world.clock, sleep=self.world.sleep, bells=bells
                    )
                ),
            ]
            log.info("started", version=program_version())
            await self.stopped.wait()
            for attendant in attendants:
                attendant.cancel()
            for worker in workers:
                worker.stop()
            _, late = await asyncio.wait(running, timeout=GRACE_S)
            for task in late:
                task.cancel()
        log.info("stopped", unfinished=len(late))

    def _terminal(self, bells: Bells) -> Terminal:
        return Terminal(
            store=self.store,
            ring=bells.commands.ring,
            clock=self.world.clock,
            new_id=self.world.new_id,
        )

    def _workers(
        self, bells: Bells, messengers: Mapping[str, Messenger]
    ) -> tuple[Checker, Responder, Deliverer]:
        settings, world = self.settings, self.world
        sight = sight_of(self.store, self.eyes, settings, world)
        checker = Checker(
            store=self.store,
            look=self.eyes.look,
            courtesy=self.eyes.pace,
            recorder=Recorder(
                self.store,
                clock=world.clock,
                bells=bells,
                registry_changes=self.eyes.pace.changes,
            ),
            bells=bells,
            clock=world.clock,
            chance=world.chance,
            settings=LookSettings(**settings.looks.model_dump()),
            pacing=pacing_of(settings),
        )
        responder = Responder(
            store=self.store,
            subscriber=subscriber_of(sight, settings, world),
            sight=sight,
            courtesy=self.eyes.pace,
            bells=bells,
            clock=world.clock,
            default_platforms=settings.default_platforms,
            lease_s=settings.looks.timeout_s + ANSWER_S,
        )
        deliverer = Deliverer(
            store=self.store,
            messengers=messengers,
            bells=bells,
            clock=world.clock,
            settings=DeliverySettings(**settings.delivery.model_dump()),
        )
        return checker, responder, deliverer


async def run(settings: Settings, world: World | None = None) -> None:
    """Run the bot until SIGINT or SIGTERM; a second signal ends it at once."""
    world = world or World()
    async with storing(settings) as store, looking(settings, world) as eyes:
        async with store.reading() as transaction:
            eyes.pace.restore(await transaction.registries.load())
        bot = Bot(settings, world, store, eyes)
        with signals(bot):
            await bot.run()


@contextmanager
def signals(bot: Bot) -> Iterator[None]:
    """While the block runs SIGINT and SIGTERM stop the bot; a second one ends the process."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if bot.stopped.is_set():
            os._exit(130)
        bot.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
