"""Who asks: the address, the scheme and the host, also behind a reverse proxy.

Forwarded headers are believed only where they come from a trusted peer; anybody can send them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from urllib.parse import urlsplit

from aiohttp import web

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via")
_LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True)
class Caller:
    """address: None if it cannot be told. host: as the browser names it, with its port.

    is_local: on this machine, under a local name, and not through a proxy nobody vouches for.
    """

    address: Address | None
    is_https: bool
    host: str
    is_local: bool

    @property
    def origin(self) -> str:
        """The origin of the page as this caller sees it."""
        return f"{'https' if self.is_https else 'http'}://{self.host}".lower()

    @property
    def name(self) -> str:
        """What to count this caller's requests under: of IPv6 the network, which is one's own."""
        if isinstance(self.address, IPv6Address):
            return str(IPv6Network((int(self.address) >> 64 << 64, 64)))
        return str(self.address)


def caller_of(request: web.Request, trusted: Sequence[Network]) -> Caller:
    """Who sent a request."""
    peer = _address(request.remote or "")
    host = request.headers.get("Host", "")
    headers = request.headers
    if peer is None or not _is_in(peer, trusted):
        is_direct = not any(name in headers for name in _FORWARDED)
        local = is_direct and peer is not None and peer.is_loopback and _is_local_name(host)
        return Caller(peer, request.secure, host, local)
    address = _first_untrusted(headers.get("X-Forwarded-For", ""), peer, trusted)
    scheme = headers.get("X-Forwarded-Proto", request.scheme).rpartition(",")[2].strip().lower()
    host = headers.get("X-Forwarded-Host", host).rpartition(",")[2].strip()
    local = address is not None and address.is_loopback and _is_local_name(host)
    return Caller(address, scheme == "https", host, local)


def _first_untrusted(header: str, peer: Address, trusted: Sequence[Network]) -> Address | None:
    """The nearest address of the chain that is no trusted proxy; None if the chain makes no sense.

    What stands before it was written by strangers.
    """
    nearest: Address = peer
    for hop in reversed(header.split(",")[-_LONGEST_CHAIN:]):
        if not hop.strip():
            break
        address = _address(hop.strip())
        if address is None or not _is_in(address, trusted):
            return address
        nearest = address
    return nearest


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _is_local_name(host: str) -> bool:
    """Whether this name is surely this machine's, and none that others can point here."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    address = _address(name)
    return address.is_loopback if address else name == "localhost" or name.endswith(".localhost")
