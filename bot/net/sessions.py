"""HTTP sessions: one for the world, and one for each registry that may do more than the world."""

import ssl
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from bot.core.errors import ConfigurationError
from bot.net.egress import AddressRefused, is_public_host, public_socket
from bot.net.settings import RegistrySettings

POOL_SIZE = 100
MAX_HEADER_BYTES = 16_384
"""Signed storage URLs and challenges outgrow aiohttp's 8 KiB."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, between two pieces of an answer, and for a request in all."""

    connect_s: float = 5
    read_s: float = 10
    total_s: float = 20


@dataclass(frozen=True, slots=True)
class Way:
    """How a session reaches out; the defaults are those for hosts that strangers name.

    trust: None for the usual certificate authorities. proxy: a URL; the proxy then resolves names
    and is who must refuse private addresses, since no address but its own is seen here.
    """

    guarded: bool = True
    trust: ssl.SSLContext | None = None
    proxy: str | None = None


def open_session(
    way: Way,
    *,
    user_agent: str,
    timeouts: Timeouts,
    resolver: AbstractResolver | None = None,
    pool_size: int = POOL_SIZE,
) -> aiohttp.ClientSession:
    """A session that keeps no cookies, decompresses nothing and ignores the environment.

    Needs a running loop; whoever opens it closes it.
    """
    connector = aiohttp.TCPConnector(
        limit=pool_size,
        resolver=resolver,
        socket_factory=public_socket if way.guarded and way.proxy is None else None,
        ssl=way.trust or True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
        timeout=client_timeout(timeouts),
        proxy=way.proxy,
        trust_env=False,
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
    )


def client_timeout(timeouts: Timeouts) -> aiohttp.ClientTimeout:
    """The same in aiohttp's words."""
    return aiohttp.ClientTimeout(
        total=timeouts.total_s, sock_connect=timeouts.connect_s, sock_read=timeouts.read_s
    )


def trusting(ca_file: Path) -> ssl.SSLContext:
    """Trust in a certificate authority beside the usual ones. Raises ConfigurationError."""
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError((f"ca_file {ca_file}: no certificates can be read",)) from error
    return context


class Sessions:
    """The sessions of the program's registries, and the rule which URL may use which of them.

    Make it within a running loop and close it, or use it as a context manager.
    Raises ConfigurationError for a ca_file that holds no certificates.
    """

    def __init__(
        self,
        registries: Iterable[RegistrySettings] = (),
        *,
        user_agent: str,
        timeouts: Timeouts | None = None,
        proxy: str | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._proxy = proxy
        ways = {"": Way(proxy=proxy)} | {
            settings.host: self._way_of(settings)
            for settings in registries
            if _is_special(settings)
        }
        self._opened = {
            host: open_session(
                way, user_agent=user_agent, timeouts=timeouts or Timeouts(), resolver=resolver
            )
            for host, way in ways.items()
        }

    def _way_of(self, settings: RegistrySettings) -> Way:
        return Way(
            guarded=not settings.allow_private,
            trust=None if settings.ca_file is None else trusting(settings.ca_file),
            proxy=None if settings.allow_private else self._proxy,
        )

    @property
    def world(self) -> aiohttp.ClientSession:
        """For https to public addresses."""
        return self._opened[""]

    def of(self, settings: RegistrySettings, url: URL, *, base: URL) -> aiohttp.ClientSession:
        """The session for one URL that matters to a registry reached at base.

        The registry's own session serves its endpoint and its auth_hosts and nothing else; any
        other URL must be https to a host that is not private by its spelling.
        Raises AddressRefused.
        """
        own = self._opened.get(settings.host)
        if own is not None and is_own_url(settings, url, base=base):
            return own
        if url.scheme != "https" or not is_public_host(url.raw_host or "localhost"):
            raise AddressRefused
        return self.world

    async def close(self) -> None:
        """Close all of them; more than once is no harm."""
        async with AsyncExitStack() as stack:
            for session in self._opened.values():
                stack.push_async_callback(session.close)

    async def __aenter__(self) -> "Sessions":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _is_special(settings: RegistrySettings) -> bool:
    return settings.allow_private or settings.plain_http or settings.ca_file is not None


def is_own_url(settings: RegistrySettings, url: URL, *, base: URL) -> bool:
    """Whether a URL belongs to the registry's endpoint (base) or to one of its auth_hosts."""
    if url.scheme != "https" and not settings.plain_http:
        return False
    return same_origin(url, base) or is_listed(url, settings.auth_hosts)


def same_origin(one: URL, other: URL) -> bool:
    """Whether scheme, host and port are the same."""
    return (one.scheme, one.raw_host, one.port) == (other.scheme, other.raw_host, other.port)


def is_listed(url: URL, hosts: Iterable[str]) -> bool:
    """Whether a URL's host is among `host` (the scheme's usual port) or `host:port`."""
    host = url.host_subcomponent or ""
    names = {f"{host}:{url.port}"} | ({host} if url.is_default_port() else set())
    return not names.isdisjoint(hosts)
