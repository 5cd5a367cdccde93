"""A loopback listener that only notices who comes, and names that lead to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver, ResolveResult


@dataclass(slots=True)
class Listener:
    """connections counts everybody who ever connected; lines are what they said first."""

    port: int
    connections: int = 0
    lines: list[str] = field(default_factory=list)

    async def notice(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.lines.append((await reader.readline()).decode("latin-1").strip())
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()


@asynccontextmanager
async def listener() -> AsyncIterator[Listener]:
    """A listener on 127.0.0.1, to prove that nobody came; whoever speaks HTTP gets a 403."""
    noticed = Listener(0)
    server = await asyncio.start_server(noticed.notice, "127.0.0.1", 0)
    noticed.port = server.sockets[0].getsockname()[1]
    async with server:
        yield noticed


class NamesAt(AbstractResolver):
    """Resolves names as it is told to, to one address each or to several."""

    def __init__(self, addresses: Mapping[str, tuple[str, ...]]) -> None:
        self._addresses = addresses
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses[host]
        ]

    async def close(self) -> None:
        """Nothing to close."""
