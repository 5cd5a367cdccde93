"""What the bot's own web server answers in this process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.app.chats import Chats
from bot.app.figures import page_of
from bot.app.foyer import Foyer
from bot.app.page import site_of
from bot.app.readiness import Readiness
from bot.app.roles import Role
from bot.app.tokens import hooks_of
from bot.config import Settings
from bot.core.errors import InvalidInput
from bot.flows.hint import Hinter
from bot.web.figures import PrometheusFigures
from bot.web.hooks import Hooks
from bot.web.page.site import Site
from bot.web.server import serving
from bot.web.supervision import Supervision


@dataclass(frozen=True, slots=True)
class Office:
    """What the web server can show and take in; chats are those of this process."""

    foyer: Foyer
    chats: Chats
    figures: PrometheusFigures


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
    site = site_of(office.foyer) if Role.WEB in roles else None
    async with hinting(office) as hinter:
        routes = routes_of(office, roles, hinter, site)
        if not routes:
            yield ""
            return
        server = office.foyer.settings.server
        async with serving(routes, host=server.host, port=server.port) as address:
            try:
                yield address
            finally:
                if site is not None:
                    site.close()


def routes_of(
    office: Office, roles: frozenset[Role], hinter: Hinter, site: Site | None
) -> list[web.RouteDef]:
    """All addresses of the server.

    What chat services post to belongs to the chats; everything else to the role `web`.
    """
    own = list(_own_routes(office, hinter)) if Role.WEB in roles else []
    return [*office.chats.routes, *own, *(site.routes() if site is not None else ())]


def _own_routes(office: Office, hinter: Hinter) -> Iterator[web.RouteDef]:
    settings = office.foyer.settings
    if settings.server.enabled:
        yield from _supervision(office).routes()
    if settings.hook:
        hooks = Hooks(
            hooks_of(settings),
            hint=lambda pushed, hook: hinter.put(pushed, hook=hook),
            figures=office.figures,
            clock=office.foyer.world.clock,
        )
        yield from hooks.routes()


@asynccontextmanager
async def hinting(office: Office) -> AsyncIterator[Hinter]:
    """What hooks tell is written down while the block runs, and what was told before it ended."""
    world = office.foyer.world
    hinter = Hinter(
        office.foyer.store,
        bells=office.foyer.bells,
        clock=world.clock,
        sleep=world.sleep,
        figures=office.figures,
    )
    # Not a TaskGroup, which would wrap what is raised within the block.
    running = asyncio.create_task(hinter.run())
    try:
        yield hinter
    finally:
        hinter.close()
        await running


def _supervision(office: Office) -> Supervision:
    foyer, figures = office.foyer, office.figures

    async def exposition() -> bytes:
        return await page_of(figures, foyer.store, foyer.eyes.pace, clock=foyer.world.clock)

    readiness = Readiness(
        foyer.store,
        chats=office.chats.troubles,
        registries=[block.host for block in foyer.settings.registry],
        clock=foyer.world.clock,
    )
    return Supervision(troubles=readiness, exposition=exposition, content_type=figures.content_type)
