"""The verbs of chats over a real store, a turn of their loop at a time, by the test's own clock."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.app.chats import direct_place
from bot.core.message.neutral import Message
from bot.core.model import Alert, Place, Watch
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.bells import Bells
from bot.flows.deliver import Deliverer, DeliverySettings
from bot.flows.explain import Explainer
from bot.flows.follow import Follower
from bot.flows.look import Look
from bot.flows.respond import Responder
from bot.flows.sight import Sight
from bot.flows.subscribe import Subscriber, SubscribeSettings, WatchLimits
from bot.flows.suggest import Suggest
from bot.ports.outbox import OutboxEntry
from bot.ports.registry import RegistryState
from bot.ports.store import Store
from tests.support.messengers import PlannedMessenger
from tests.support.planned_official import PlannedOfficial
from tests.support.planned_registry import PlannedRegistry
from tests.support.registry_client import ManualClock
from tests.support.stores import (
    ARM64,
    NODE,
    NOW,
    TEAM,
    add,
    claim,
    look,
    new_watch,
    present,
    record,
    take,
)
from tests.support.troubled_store import TroubledStore

FRESH_S = 10.0
LOOK_TIMEOUT_S = 2.0
LEASE_S = 60.0
EXPIRES_IN = timedelta(days=7)


class Mailroom:
    """What is owed to places, and the messengers that hand it over."""

    def __init__(
        self, store: Store, *messengers: PlannedMessenger, settings: DeliverySettings | None = None
    ) -> None:
        self.store = TroubledStore(store)
        self.clock = ManualClock(NOW)
        self.bells = Bells()
        self._messengers = {messenger.service: messenger for messenger in messengers}
        self._settings = settings or DeliverySettings()

    def deliverer(self) -> Deliverer:
        return Deliverer(
            store=self.store,
            messengers=self._messengers,
            bells=self.bells,
            clock=self.clock,
            settings=self._settings,
        )

    async def turn(self) -> None:
        """Hand over what is due now, and record the outcomes."""
        deliverer = self.deliverer()
        claims = self.store.calls.count("outbox.claim")
        async with asyncio.TaskGroup() as group:
            group.create_task(deliverer.run())
            await self.store.wait_for("outbox.claim", count=claims + 1)
            deliverer.stop()

    async def turn_after(self, seconds: float) -> None:
        self.clock.forward(seconds)
        await self.turn()

    async def turns(self, number: int) -> None:
        """As many turns, one after the other."""
        for _ in range(number):
            await self.turn()

    async def post_to(self, person: str, headline: str) -> None:
        """Owe an answer that this person asked for."""
        async with self.store.transaction() as transaction:
            await transaction.outbox.post(TEAM, Message(headline), now=self.clock(), person=person)

    async def post(self, headline: str, place: Place = TEAM) -> None:
        """Owe an answer."""
        async with self.store.transaction() as transaction:
            await transaction.outbox.post(place, Message(headline), now=self.clock())

    async def alert(
        self,
        reference: Reference = NODE,
        *,
        place: Place = TEAM,
        person: str = "U1",
        platform: Platform = ARM64,
    ) -> Watch:
        """Owe the alert that a platform has appeared; the watch that was waiting for it."""
        added = await add(
            self.store,
            new_watch(reference, place=place, person=person, platforms=(platform,)),
            now=self.clock(),
        )
        await self.appear(platform)
        return added.watch

    async def appear(self, platform: Platform = ARM64) -> None:
        """Let a platform be seen in every target that is due."""
        now = self.clock()
        seen = present(platform, seen_at=now)
        results = [look(target, seen) for target in await claim(self.store, now=now)]
        await record(self.store, *results, now=now)

    async def entries(self) -> list[OutboxEntry]:
        async with self.store.reading() as transaction:
            return await transaction.outbox.entries(limit=100, include_sent=True)

    async def entry(self) -> OutboxEntry:
        [only] = await self.entries()
        return only

    async def states(self) -> list[str]:
        return [entry.state for entry in await self.entries()]


class Courtesies:
    """A bot.ports.Courtesy that allows everything; known is what it says of registries.

    unsaved is what it has been told and nobody has kept yet.
    """

    def __init__(self, *known: RegistryState) -> None:
        self.known = known
        self.unsaved: list[RegistryState] = []

    def capacity(self, registry: str, *, busy: int) -> int:
        return 100

    def opens_at(self, registry: str, *, busy: int) -> datetime | None:
        return NOW

    def changes(self) -> Sequence[RegistryState]:
        return tuple(self.unsaved)

    def saved(self, states: Sequence[RegistryState]) -> None:
        self.unsaved = [state for state in self.unsaved if state not in states]

    def states(self) -> Sequence[RegistryState]:
        return self.known


class Desk:
    """What people say to the bot, over a registry that answers as planned."""

    def __init__(self, store: Store, *, limits: WatchLimits | None = None) -> None:
        self.store = TroubledStore(store)
        self.registry = PlannedRegistry()
        self.clock = ManualClock(NOW)
        self.bells = Bells()
        self.courtesy = Courtesies()
        self.look = Look(self.registry, clock=self.clock)
        self.suggest = Suggest(self.registry, self.look)
        self.sight = Sight(
            self.store, self.look, clock=self.clock, fresh_s=FRESH_S, timeout_s=LOOK_TIMEOUT_S
        )
        self.official = PlannedOfficial(self.clock, is_enabled=False)
        self.explain = Explainer(
            glance=self.sight.glance,
            clock=self.clock,
            official=self.official,
            tags=self.suggest.tags_of,
        )
        self.subscriber = Subscriber(
            self.sight,
            clock=self.clock,
            explain=self.explain,
            settings=SubscribeSettings((ARM64,), EXPIRES_IN, FRESH_S, limits),
            suggest=self.suggest,
        )
        self.troubles: tuple[str, ...] = ()
        self.told: list[Alert] = []
        self._said = 0

    def responder(self) -> Responder:
        return Responder(
            store=self.store,
            subscriber=self.subscriber,
            sight=self.sight,
            explain=self.explain,
            follower=Follower(registry=self.registry, look=self.look, clock=self.clock, most=3),
            courtesy=self.courtesy,
            bells=self.bells,
            clock=self.clock,
            default_platforms=(ARM64,),
            lease_s=LEASE_S,
            suggest=self.suggest,
            troubles=lambda: self.troubles,
            direct_place=direct_place,
        )

    async def hear(self, text: str, *, place: Place = TEAM, person: str = "U1") -> None:
        """Keep a command."""
        self._said += 1
        async with self.store.transaction() as transaction:
            await transaction.inbox.receive(
                event_id=str(self._said), place=place, person=person, text=text, now=self.clock()
            )

    async def turn(self) -> None:
        """Do the commands that can be done now."""
        responder = self.responder()
        claims = self.store.calls.count("inbox.claim")
        async with asyncio.TaskGroup() as group:
            group.create_task(responder.run())
            await self.store.wait_for("inbox.claim", count=claims + 1)
            responder.stop()

    async def ask(self, text: str, *, place: Place = TEAM, person: str = "U1") -> Message:
        """The one answer to a command."""
        await self.hear(text, place=place, person=person)
        await self.turn()
        [answer] = await self.answers()
        return answer

    async def answers(self) -> list[Message]:
        """What was answered since the last time; alerts that are owed are put into told."""
        said: list[Message] = []
        while deliveries := await take(self.store, now=self.clock()):
            async with self.store.transaction() as transaction:
                for delivery in deliveries:
                    self.told.extend(owed.alert for owed in delivery.alerts)
                    if delivery.message is not None:
                        said.append(delivery.message)
                    await transaction.outbox.sent(delivery, message_id="m", now=self.clock())
        return said
