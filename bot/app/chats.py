"""Which chats the bot talks in, with the tokens they need."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.app.roles import Role
from bot.app.tokens import slack_settings, telegram_settings, webhooks_of
from bot.app.wiring import proxy_of
from bot.app.world import World, program_version
from bot.chat.reception import ReceptionSettings
from bot.chat.standing import Standing
from bot.chat.surroundings import Surroundings
from bot.chat.terminal import Terminal
from bot.config import Settings
from bot.core.model import Place
from bot.flows.bells import Bells
from bot.ports.chat import Messenger
from bot.ports.store import Store


@dataclass(slots=True)
class Chats:
    """messengers by service; listeners run until they are cancelled; routes are to be served."""

    messengers: dict[str, Messenger] = field(default_factory=dict)
    listeners: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list)
    routes: list[web.RouteDef] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)

    def troubles(self) -> tuple[str, ...]:
        """What keeps services from letting the bot in, a sentence each."""
        return tuple(dict.fromkeys(one.trouble for one in self.standings if one.trouble))


@dataclass(frozen=True, slots=True)
class Scene:
    """Where chats are opened: for which roles, over which store, and whom they tell."""

    settings: Settings
    world: World
    store: Store
    bells: Bells
    roles: frozenset[Role]
    on_interrupt: Callable[[], None]


def direct_place(place: Place, person: str) -> Place | None:
    """Where a person is told something alone, in the service of a place; None if nowhere.

    Known here as well as in messengers: who answers commands need not be who delivers.
    """
    return Place(place.service, person) if place.service in _OPENED else None


def configured_services(settings: Settings) -> frozenset[str]:
    """The services the bot talks in: the terminal if nothing else is configured."""
    services = {
        name
        for name, section in (("slack", settings.slack), ("telegram", settings.telegram))
        if section.is_configured
    }
    return frozenset(services or {"terminal"})


@asynccontextmanager
async def chatting(scene: Scene) -> AsyncIterator[Chats]:
    """The chats that the roles need, their tokens tried. Raises ConfigurationError, ChatRefused."""
    chats = Chats()
    if not scene.roles & {Role.CHATS, Role.DELIVERY}:
        yield chats
        return
    services = configured_services(scene.settings)
    async with AsyncExitStack() as stack:
        if "terminal" in services:
            _add_terminal(chats, scene)
        checks = [
            await stack.enter_async_context(opened(scene, chats))
            for service, opened in _OPENED.items()
            if service in services
        ]
        await asyncio.gather(*(check() for check in checks))
        if scene.settings.webhook:
            await stack.enter_async_context(_webhooks(scene, chats))
        if Role.CHATS not in scene.roles:
            chats.listeners.clear()
            chats.routes.clear()
        yield chats


def _add_terminal(chats: Chats, scene: Scene) -> None:
    """A terminal reads and prints in one process: in one that only delivers there is none."""
    if Role.CHATS not in scene.roles:
        return
    terminal = Terminal(
        store=scene.store,
        ring=scene.bells.commands.ring,
        clock=scene.world.clock,
        new_id=scene.world.new_id,
    )
    chats.messengers[terminal.service] = terminal
    chats.listeners.append(lambda: terminal.listen(scene.on_interrupt))


Check = Callable[[], Coroutine[Any, Any, None]]


@asynccontextmanager
async def _slack(scene: Scene, chats: Chats) -> AsyncIterator[Check]:
    from bot.chat.slack.workspace import open_slack

    async with open_slack(slack_settings(scene.settings), _surroundings(scene)) as slack:
        chats.messengers[slack.messenger.service] = slack.messenger
        chats.listeners.append(slack.listen)
        chats.routes.extend(slack.routes())
        chats.standings.extend((slack.standing, slack.hearing))
        yield slack.check


@asynccontextmanager
async def _telegram(scene: Scene, chats: Chats) -> AsyncIterator[Check]:
    from bot.chat.telegram.account import open_telegram

    settings = telegram_settings(scene.settings)
    async with open_telegram(settings, _surroundings(scene)) as telegram:
        chats.messengers[telegram.messenger.service] = telegram.messenger
        chats.listeners.append(telegram.listen)
        chats.routes.extend(telegram.routes())
        chats.standings.append(telegram.standing)
        yield telegram.check


@asynccontextmanager
async def _webhooks(scene: Scene, chats: Chats) -> AsyncIterator[None]:
    from bot.chat.webhook.messenger import open_webhooks

    async with open_webhooks(
        webhooks_of(scene.settings),
        user_agent=f"archbell/{program_version()}",
        clock=scene.world.clock,
        proxy=proxy_of(scene.settings),
    ) as webhooks:
        chats.messengers[webhooks.service] = webhooks
        yield


_OPENED: Mapping[str, Any] = {"slack": _slack, "telegram": _telegram}


def _surroundings(scene: Scene) -> Surroundings:
    limits = scene.settings.limits
    return Surroundings(
        store=scene.store,
        commands_came=scene.bells.commands.ring,
        can_deliver=scene.bells.deliveries.ring,
        clock=scene.world.clock,
        sleep=scene.world.sleep,
        limits=ReceptionSettings(limits.commands_per_minute, limits.commands_per_minute_of_chat),
    )
