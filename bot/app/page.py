"""The page, with what it needs of the bot."""

from datetime import timedelta
from ipaddress import ip_network

from bot.app.configuration import warnings_of_page
from bot.app.foyer import Foyer
from bot.app.tokens import page_token
from bot.app.wiring import explainer_of, sight_of, subscriber_of
from bot.config import Settings, configured_services
from bot.core.model import TERMINAL, Place
from bot.flows.desk import Desk
from bot.log import Log
from bot.web.page.settings import PageSettings
from bot.web.page.site import Site

log = Log(__name__)


def site_of(foyer: Foyer) -> Site | None:
    """The page, if it is to be served. Raises ConfigurationError."""
    settings, world = foyer.settings, foyer.world
    if not settings.page.enabled:
        return None
    for sentence in warnings_of_page(settings):
        log.warning("page_only_local", because=sentence)
    sight = sight_of(foyer.store, foyer.eyes, settings, world)
    suggest = foyer.eyes.suggest
    explain = explainer_of(
        sight,
        world,
        official=foyer.official,
        suggest=suggest,
        store=foyer.store,
        lineage=foyer.lineage,
    )
    desk = Desk(
        store=foyer.store,
        sight=sight,
        subscriber=subscriber_of(sight, settings, world, explain=explain, suggest=suggest),
        explain=explain,
        suggest=suggest,
        bells=foyer.bells,
        clock=world.clock,
        default_platforms=settings.default_platforms,
        official=foyer.official,
        lineage=foyer.lineage,
    )
    return Site(desk, page_settings(settings), clock=world.clock, sleep=world.sleep)


def page_settings(settings: Settings) -> PageSettings:
    """What the configuration says of the page. Raises ConfigurationError."""
    page = settings.page
    return PageSettings(
        token=page_token(settings),
        must_sign_in=page.must_sign_in,
        prefix=page.prefix,
        places=page.places or _usual_places(settings),
        trusted_proxies=tuple(map(ip_network, settings.server.trusted_proxies)),
        session=timedelta(seconds=page.signed_in_for_s),
        checks_a_minute=page.checks_per_minute,
    )


def _usual_places(settings: Settings) -> tuple[Place, ...]:
    """The places that the configuration names elsewhere, for whoever names none for the page."""
    chats = [Place("telegram", str(chat)) for chat in settings.telegram.allowed_chats]
    hooks = [Place("webhook", block.name) for block in settings.webhook]
    told = [place for block in settings.watch for place in block.places]
    known = configured_services(settings)
    named = dict.fromkeys((*told, *chats, *hooks, TERMINAL))
    return tuple(place for place in named if place.service in known)
