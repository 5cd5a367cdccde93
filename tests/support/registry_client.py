"""A registry client over real sockets, with a clock and a sleep that belong to the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp.abc import AbstractResolver

from bot.core.reference import Reference, parse_reference
from bot.net.pace import Pace
from bot.net.sessions import Sessions, Timeouts
from bot.net.settings import RegistrySettings
from bot.ports.registry import FetchedManifest, ManifestAbsent, TagUnchanged
from bot.registry.client import RegistryClient
from bot.registry.credentials import Keys

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(slots=True)
class ManualClock:
    """Stands still until it is told to move; slept lists what was waited for, in no time."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.forward(seconds)


def no_chance() -> float:
    """The lowest throw, always."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A client and what stands behind it."""

    client: RegistryClient
    pace: Pace
    sessions: Sessions
    clock: ManualClock

    async def look(
        self,
        text: str,
        *,
        known: str | None = None,
        etag: str | None = None,
        urgent: bool = False,
        login: bool = True,
    ) -> TagUnchanged | ManifestAbsent | FetchedManifest:
        """fetch_tag() of a reference as it is typed; known is the digest that is known."""
        reference = reference_to(text)
        return await self.client.fetch_tag(
            reference, known_digest=known, etag=etag, urgent=urgent, login=login
        )


def reference_to(text: str) -> Reference:
    """The reference that is typed so."""
    return parse_reference(text)


@asynccontextmanager
async def connected(
    *registries: RegistrySettings,
    allow_any_public: bool = False,
    timeouts: Timeouts | None = None,
    resolver: AbstractResolver | None = None,
    proxy: str | None = None,
    keys: Keys | None = None,
    clock: ManualClock | None = None,
) -> AsyncIterator[Connection]:
    """A client of these registries; its sessions are closed at the end."""
    clock = clock or ManualClock()
    pace = Pace(registries, clock=clock, sleep=clock.sleep, chance=no_chance)
    async with Sessions(
        registries, user_agent="archbell/test", timeouts=timeouts, resolver=resolver, proxy=proxy
    ) as sessions:
        client = RegistryClient(
            sessions,
            pace,
            registries,
            allow_any_public=allow_any_public,
            keys=keys,
            clock=clock,
            sleep=clock.sleep,
            chance=no_chance,
        )
        yield Connection(client, pace, sessions, clock)
