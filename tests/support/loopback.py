"""Keeps the tests on this machine: whatever would leave it is refused and fails the test."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

_LOCAL_NAMES = frozenset({"", "localhost"})
_attempts: list[str] = []
_hooks: list[object] = []


class LeftTheMachine(RuntimeError):
    """A test tried to reach something that is not on the loopback interface."""


@contextmanager
def only_loopback() -> Iterator[None]:
    """Fail with LeftTheMachine if anything but loopback is asked for while the block runs.

    The attempt itself is refused too, but its caller may take that for an everyday network
    failure, so it is remembered; of nested blocks the inner one answers. Names under .invalid
    do not resolve, as they do nowhere.
    """
    _install()
    before = len(_attempts)
    try:
        yield
    finally:
        own = _attempts[before:]
        del _attempts[before:]
    if own:
        raise LeftTheMachine(", ".join(own))


def _install() -> None:
    """Add the audit hook once: it cannot be taken away again."""
    if not _hooks:
        _hooks.append(_watch)
        sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            _refuse(f"{event} {address}")
    elif event == "socket.getaddrinfo":
        _watch_name(arguments[0])


def _watch_name(host: object) -> None:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    if name.rstrip(".").endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if name not in _LOCAL_NAMES and not _is_address(name):
        _refuse(f"socket.getaddrinfo {name}")


def _refuse(attempt: str) -> None:
    _attempts.append(attempt)
    raise LeftTheMachine(attempt)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)
