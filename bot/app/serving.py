"""What the bot's own web server answers in this process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.app.chats import Chats
from bot.app.figures import page_of
from bot.app.readiness import Readiness
from bot.app.roles import Role
from bot.app.tokens import hooks_of
from bot.app.world import World
from bot.config import Settings
from bot.core.errors import InvalidInput
from bot.flows.bells import Bells
from bot.flows.hint import Hinter
from bot.ports import Courtesy, Store
from bot.web.figures import PrometheusFigures
from bot.web.hooks import Hooks
from bot.web.page.site import Site
from bot.web.server import serving
from bot.web.supervision import Supervision


@dataclass(frozen=True, slots=True)
class Office:
    """What the web server can show and take in; chats are those of this process."""

    settings: Settings
    store: Store
    bells: Bells
    chats: Chats
    courtesy: Courtesy
    figures: PrometheusFigures
    world: World
    site: Site | None = None


def has_something_to_serve(settings: Settings) -> bool:
    """Whether the role `web` has anything to do."""
    server, page = settings.server, settings.page
    return server.enabled or page.enabled or bool(settings.hook)


def see_that_something_is_served(settings: Settings) -> None:
    """Raises InvalidInput where the role `web` alone would do nothing."""
    if not has_something_to_serve(settings):
        raise InvalidInput(
            "web: nothing is to be served; set enabled = true under [server] or [page] in the "
            "configuration, or add a [[hook]] block."
        )


@asynccontextmanager
async def opened(office: Office, roles: frozenset[Role]) -> AsyncIterator[str]:
    """The web server while the block runs; gives its address, empty if there is nothing to serve.

    Raises ConfigurationError, CannotListen.
    """
    async with hinting(office) as hinter:
        routes = routes_of(office, roles, hinter)
        if not routes:
            yield ""
            return
        server = office.settings.server
        async with serving(routes, host=server.host, port=server.port) as address:
            try:
                yield address
            finally:
                if office.site is not None:
                    office.site.close()


def routes_of(office: Office, roles: frozenset[Role], hinter: Hinter) -> list[web.RouteDef]:
    """All addresses of the server.

    What chat services post to belongs to the chats; everything else to the role `web`.
    """
    own = list(_own_routes(office, hinter)) if Role.WEB in roles else []
    return [*office.chats.routes, *own]


def _own_routes(office: Office, hinter: Hinter) -> Iterator[web.RouteDef]:
    settings = office.settings
    if settings.server.enabled:
        yield from _supervision(office).routes()
    if settings.hook:
        hooks = Hooks(
            hooks_of(settings),
            hint=lambda pushed, hook: hinter.put(pushed, hook=hook),
            figures=office.figures,
            clock=office.world.clock,
        )
        yield from hooks.routes()
    if office.site is not None:
        yield from office.site.routes()


@asynccontextmanager
async def hinting(office: Office) -> AsyncIterator[Hinter]:
    """What hooks tell is written down while the block runs, and what was told before it ended."""
    world = office.world
    hinter = Hinter(
        office.store,
        bells=office.bells,
        clock=world.clock,
        sleep=world.sleep,
        figures=office.figures,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(hinter.run())
        try:
            yield hinter
        finally:
            hinter.close()


def _supervision(office: Office) -> Supervision:
    async def exposition() -> bytes:
        return await page_of(
            office.figures, office.store, office.courtesy, clock=office.world.clock
        )

    readiness = Readiness(
        office.store,
        chats=office.chats.troubles,
        registries=[block.host for block in office.settings.registry],
        clock=office.world.clock,
    )
    return Supervision(
        troubles=readiness, exposition=exposition, content_type=office.figures.content_type
    )
