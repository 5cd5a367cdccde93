"""What the bot's own web server answers in this process."""

from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import web

from bot.app.chats import Chats
from bot.app.figures import page_of
from bot.app.readiness import Readiness
from bot.app.roles import Role
from bot.app.tokens import hooks_of
from bot.config import Settings
from bot.core.errors import InvalidInput
from bot.flows.bells import Bells
from bot.flows.hint import Hinter
from bot.ports import Clock, Courtesy, Store
from bot.web.figures import PrometheusFigures
from bot.web.hooks import Hooks
from bot.web.page.site import Site
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
    clock: Clock
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


def routes_of(office: Office, roles: frozenset[Role]) -> list[web.RouteDef]:
    """All addresses of the server, which runs only if there are any.

    What chat services post to belongs to the chats; everything else to the role `web`.
    """
    own = list(_own_routes(office)) if Role.WEB in roles else []
    return [*office.chats.routes, *own]


def _own_routes(office: Office) -> Iterator[web.RouteDef]:
    if office.settings.server.enabled:
        yield from _supervision(office).routes()
    if office.settings.hook:
        yield from _hooks(office).routes()
    if office.site is not None:
        yield from office.site.routes()


def _hooks(office: Office) -> Hooks:
    hint = Hinter(office.store, bells=office.bells, clock=office.clock)
    return Hooks(hooks_of(office.settings), hint=hint, figures=office.figures, clock=office.clock)


def _supervision(office: Office) -> Supervision:
    async def exposition() -> bytes:
        return await page_of(office.figures, office.store, office.courtesy, clock=office.clock)

    readiness = Readiness(
        office.store,
        chats=office.chats.troubles,
        registries=[block.host for block in office.settings.registry],
        clock=office.clock,
    )
    return Supervision(
        troubles=readiness, exposition=exposition, content_type=office.figures.content_type
    )
