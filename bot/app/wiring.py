"""Which adapter stands behind which port, and what the configuration says to it."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app.logins import logins_of
from bot.app.roles import Role, names_of
from bot.app.world import World, program_version
from bot.config import RegistryBlock, Settings
from bot.core.errors import ConfigurationError, StoreError
from bot.core.model import Observation, Place
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.core.schedule import Pacing
from bot.flows.look import Look
from bot.flows.suggest import Suggest, Suggesting, suggest_nothing
from bot.net.pace import Pace
from bot.net.secret import Secret
from bot.net.sessions import Sessions
from bot.net.settings import RegistrySettings
from bot.ports.figures import NO_FIGURES, Figures
from bot.ports.official import NO_OFFICIAL, Official
from bot.ports.registry import Registry
from bot.registry.client import RegistryClient

if TYPE_CHECKING:
    from bot.flows.explain import Explainer
    from bot.flows.lineage import Lineage
    from bot.flows.question import Explaining
    from bot.flows.sight import Sight
    from bot.flows.subscribe import Subscriber
    from bot.flows.wait import Looking
    from bot.ports.store import SharedStore, Store

AT_HAND_S = 1.0
"""How long to wait for a database that only makes an answer better."""


def pacing_of(settings: Settings) -> Pacing:
    """The numbers of the schedule as the core wants them."""
    return Pacing(**settings.schedule.model_dump())


def registry_settings(settings: Settings) -> tuple[RegistrySettings, ...]:
    """The configured registries, with their passwords read. Raises ConfigurationError."""
    mistakes: list[str] = []
    found: list[RegistrySettings] = []
    for number, block in enumerate(settings.registry, start=1):
        try:
            found.append(_registry(block, settings.folder))
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "not UTF-8"
            mistakes.append(f"`registry` block {number}, `password_file`: cannot be read: {why}")
    if mistakes:
        raise ConfigurationError(tuple(mistakes))
    return tuple(found)


def _registry(block: RegistryBlock, folder: Path) -> RegistrySettings:
    password = block.password.get_secret_value() if block.password else None
    if block.password_file is not None:
        password = (folder / block.password_file).read_text(encoding="utf-8").rstrip("\r\n")
    return RegistrySettings(
        host=block.host,
        endpoint=block.endpoint,
        plain_http=block.plain_http,
        allow_private=block.allow_private,
        ca_file=folder / block.ca_file if block.ca_file else None,
        username=block.username,
        password=Secret(password) if password is not None else None,
        concurrency=block.concurrency,
        rate=block.rate,
        auth_hosts=block.auth_hosts,
        repositories=block.repositories,
    )


@dataclass(frozen=True, slots=True)
class Eyes:
    """What it takes to look at registries."""

    look: Look
    pace: Pace
    suggest: Suggest
    registry: Registry


@asynccontextmanager
async def looking(
    settings: Settings,
    world: World,
    figures: Figures = NO_FIGURES,
    *,
    by_operator: bool = False,
) -> AsyncIterator[Eyes]:
    """Sessions, pace and registry client, closed at the end.

    by_operator: whoever typed the command sees the answers alone, so docker's logins serve too.
    """
    registries = registry_settings(settings)
    logins = logins_of(settings, by_operator=by_operator, environ=os.environ, clock=world.clock)
    pace = Pace(registries, clock=world.clock, sleep=world.sleep, chance=world.chance)
    async with Sessions(
        registries, user_agent=f"archbell/{program_version()}", proxy=proxy_of(settings)
    ) as sessions:
        client = RegistryClient(
            sessions,
            pace,
            registries,
            allow_any_public=settings.network.allow_any_public_registry,
            keys=logins.keys,
            clock=world.clock,
            sleep=world.sleep,
            chance=world.chance,
            figures=figures,
        )
        look = Look(client, clock=world.clock, permits=logins.permits)
        yield Eyes(look, pace, Suggest(client, look), client)


@asynccontextmanager
async def knowing(
    settings: Settings, world: World, store: "Store | None" = None
) -> AsyncIterator[Official]:
    """What docker-library publishes; without a store nothing of it is kept."""
    configured = settings.official
    if not configured.enabled:
        yield NO_OFFICIAL
        return
    from bot.official import Addresses, OfficialClient, opened_source

    async with opened_source(
        user_agent=f"archbell/{program_version()}",
        clock=world.clock,
        proxy=proxy_of(settings),
        allow_private=configured.allow_private,
    ) as source:
        yield OfficialClient(
            source,
            Addresses(
                library=configured.library_url,
                raw=configured.dockerfile_url,
                records=configured.build_records_url if configured.build_records else None,
                api=configured.github_api_url,
            ),
            clock=world.clock,
            store=store,
        )


def proxy_of(settings: Settings) -> str | None:
    """The proxy's URL, with its login."""
    proxy = settings.network.proxy
    return proxy.get_secret_value() if proxy is not None else None


def database_url(settings: Settings) -> str:
    """The database's URL; a relative SQLite path is relative to the configuration's folder."""
    prefix, url = "sqlite:///", settings.database.url.get_secret_value()
    path = url.removeprefix(prefix)
    if url.startswith(prefix) and path and not Path(path).expanduser().is_absolute():
        return f"{prefix}{settings.folder / path}"
    return url


@contextmanager
def held_alone(settings: Settings, roles: frozenset[Role]) -> Iterator[bool]:
    """Keep other processes from these roles where only one may have them. Raises StoreError."""
    from bot.store.alone import alone

    with alone(database_url(settings), names_of(roles)) as is_alone:
        yield is_alone


@asynccontextmanager
async def storing(settings: Settings) -> "AsyncIterator[SharedStore]":
    """The store, migrated."""
    # Looks without a store start twice as fast without the database's libraries.
    from bot.store.database import open_store

    async with open_store(database_url(settings)) as store:
        yield store


@asynccontextmanager
async def storing_if_there(settings: Settings) -> "AsyncIterator[SharedStore | None]":
    """The store, if the bot has made one of this version; it is neither made nor migrated."""
    from bot.store.inspection import inspect_store

    async with AsyncExitStack() as opened:
        store = None
        with suppress(StoreError):
            condition = await inspect_store(database_url(settings), busy_timeout_s=AT_HAND_S)
            if condition.version == condition.newest is not None:
                store = await opened.enter_async_context(storing(settings))
        yield store


def sight_of(store: "Store", eyes: Eyes, settings: Settings, world: World) -> "Sight":
    """Looks for somebody who waits for the answer."""
    from bot.flows.sight import Sight

    return Sight(
        store,
        eyes.look,
        clock=world.clock,
        fresh_s=settings.schedule.fast_s,
        timeout_s=settings.looks.timeout_s,
    )


def explainer_of(
    sight: "Sight",
    world: World,
    *,
    official: Official = NO_OFFICIAL,
    suggest: Suggest | None = None,
    store: "Store | None" = None,
    lineage: "Lineage | None" = None,
) -> "Explainer":
    """The verb behind /why; store: what the bot has seen itself, if it has one."""
    from bot.flows.explain import Explainer, no_run, no_tags, no_waits
    from bot.flows.lineage import Lineage
    from bot.flows.past import Hindsight

    past = Hindsight(store, clock=world.clock, is_withheld=sight.is_withheld) if store else None
    return Explainer(
        glance=sight.glance,
        clock=world.clock,
        official=official,
        tags=no_tags if suggest is None else suggest.tags_of,
        waits=no_waits if past is None else past.waits,
        next_run=no_run if past is None else past.next_run,
        lineage=lineage or Lineage(),
    )


def explainer_at_hand(
    eyes: Eyes, world: World, *, look: "Looking", official: Official
) -> "Explainer":
    """The verb behind `archbell why`, for those who have no store and may see everything."""
    from bot.flows.explain import Explainer
    from bot.flows.sight import GLANCE_S

    async def glance(
        reference: Reference, platforms: tuple[Platform, ...], *, place: Place
    ) -> Observation:
        return await look(
            reference, known=None, wanted=platforms, places=(place,), timeout_s=GLANCE_S
        )

    return Explainer(glance=glance, clock=world.clock, official=official, tags=eyes.suggest.tags_of)


def subscriber_of(
    sight: "Sight",
    settings: Settings,
    world: World,
    *,
    explain: "Explaining | None" = None,
    suggest: Suggesting = suggest_nothing,
) -> "Subscriber":
    """The verb behind /watch and `archbell watch`."""
    from bot.flows.subscribe import Subscriber, SubscribeSettings, WatchLimits

    return Subscriber(
        sight,
        clock=world.clock,
        settings=SubscribeSettings(
            default_platforms=settings.default_platforms,
            expires_in=settings.watch_for,
            fresh_s=settings.schedule.fast_s,
            limits=WatchLimits(
                settings.limits.watches_per_person, settings.limits.watches_per_chat
            ),
        ),
        explain=explain or explainer_of(sight, world),
        suggest=suggest,
    )
