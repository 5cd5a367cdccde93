"""Which addresses this program may connect to when a stranger names the host."""

import errno
import re
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The configuration asks is_public_host(), and is loaded by commands that connect to nobody.
    from aiohttp import AddrInfoType


GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
"""Source: RFC 6052, section 2.1; the IPv4 address is the last 32 bits."""

_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)


class AddressRefused(OSError):
    """A connection this program does not make; names no address, lest it tell what is private."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "not a public address")


def is_public_address(ip: IPv4Address | IPv6Address) -> bool:
    """Whether anybody on the internet could connect there, also through a tunnel or translation.

    An IPv6 address that carries an IPv4 address is as public as that one.
    """
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast
    if (carried := list(_carried(ip))) and not all(is_public_address(inner) for inner in carried):
        return False
    if ip.ipv4_mapped is not None or ip in NAT64:
        return True
    return ip in GLOBAL_UNICAST and ip.is_global and not ip.is_multicast


def _carried(ip: IPv6Address) -> Iterator[IPv4Address]:
    if ip.ipv4_mapped is not None:
        yield ip.ipv4_mapped
    if ip.sixtofour is not None:
        yield ip.sixtofour
    if ip.teredo is not None:
        yield from ip.teredo
    if ip in NAT64:
        yield IPv4Address(int(ip) & 0xFFFFFFFF)


def is_public_host(host: str) -> bool:
    """False for a host that is private by its very spelling: localhost, or a literal address.

    host has neither port nor brackets. A last part that is a number makes it an address, which
    only some resolvers read (127.1). What a name resolves to is known only when connecting.
    Source: WHATWG URL, "ends in a number checker".
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return False
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return _NUMBER.fullmatch(name.rpartition(".")[2]) is None
    return is_public_address(address)


def public_socket(address: "AddrInfoType") -> socket.socket:
    """A socket for a resolved address, for `aiohttp.TCPConnector(socket_factory=…)`.

    The connector asks for one after name resolution and just before it connects, for literal
    addresses too: nothing that resolves differently the second time gets past it.
    Raises AddressRefused.
    """
    family, kind, protocol, _, where = address
    host = str(where[0]).partition("%")[0]
    if not is_public_address(ip_address(host)):
        raise AddressRefused
    return socket.socket(family=family, type=kind, proto=protocol)


def was_refused(error: BaseException) -> bool:
    """Whether a failed request failed because of AddressRefused.

    Of a name with several addresses the last one that was tried decides: all refused is refused.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefused):
            return True
        cause = cause.__cause__
    return False
