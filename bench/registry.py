"""A registry for the bench, as a program of its own: cheap to ask, and it counts what it is asked.

    python -m bench.registry [--round-trip-s 0.04] [--tokens]

Prints its port. Every tag exists but those that begin with "missing-". GET /_seen gives the counts
as JSON, GET /_forget begins to count anew. It speaks just enough HTTP/1.1 for the clients of this
bench: a library's server would cost as much as what is measured, on a machine they share.
"""

import argparse
import asyncio
import json
import time
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import cast

from bench.images import INDEX_TYPE, MANIFEST_TYPE, MISSING, index_digest, index_of

TOKEN = "bench-token"


@dataclass(slots=True)
class Seen:
    """What was asked since the last /_forget; moments are of the monotonic clock."""

    requests: dict[str, int] = field(default_factory=dict)
    connections: int = 0
    first_at: float = 0.0
    last_at: float = 0.0

    def count(self, kind: str) -> None:
        self.last_at = time.monotonic()
        if not self.requests:
            self.first_at = self.last_at
        self.requests[kind] = self.requests.get(kind, 0) + 1


@dataclass(slots=True)
class Behaviour:
    """How every connection answers. asked_by: the connections that asked since /_forget."""

    round_trip_s: float
    tokens: bool
    seen: Seen = field(default_factory=Seen)
    asked_by: set["Connection"] = field(default_factory=set)


class Connection(asyncio.Protocol):
    """One client; requests have no bodies and are answered in turn."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, self._received = self._received[:end], self._received[end + 4 :]
            self._answer(head.decode("latin-1"))

    def _answer(self, head: str) -> None:
        method, path, _ = head.split(" ", 2)
        if path.startswith("/_"):
            self._write(self._control(path))
            return
        behaviour = self._behaviour
        behaviour.asked_by.add(self)
        behaviour.seen.connections = len(behaviour.asked_by)
        answer = self._answer_to(method, path, head)
        if behaviour.round_trip_s:
            asyncio.get_running_loop().call_later(behaviour.round_trip_s, self._write, answer)
        else:
            self._write(answer)

    def _answer_to(self, method: str, path: str, head: str) -> bytes:
        count = self._behaviour.seen.count
        if path.startswith("/token"):
            count("token")
            return response(200, "application/json", json.dumps({"token": TOKEN}).encode())
        if self._behaviour.tokens and TOKEN not in head:
            count("challenge")
            return challenge(_host(head))
        count(method)
        if "/manifests/" not in path:
            return response(404, "text/plain", b"")
        repository, _, name = path.removeprefix("/v2/").partition("/manifests/")
        return manifest(method, repository, name)

    def _control(self, path: str) -> bytes:
        behaviour = self._behaviour
        if path == "/_forget":
            behaviour.seen, behaviour.asked_by = Seen(), set()
        return response(200, "application/json", json.dumps(asdict(behaviour.seen)).encode())

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


@lru_cache(maxsize=200_000)
def manifest(method: str, repository: str, name: str) -> bytes:
    """The answer about a tag, or about a platform's manifest by its digest."""
    if name.startswith(MISSING):
        return response(404, "application/json", b"" if method == "HEAD" else b'{"errors":[]}')
    if name.startswith("sha256:") and method == "HEAD":
        return response(200, MANIFEST_TYPE, b"", digest=name)
    tag = "1" if name.startswith("sha256:") else name
    body = b"" if method == "HEAD" else index_of(repository, tag)
    return response(200, INDEX_TYPE, body, digest=index_digest(repository, tag))


def challenge(host: str) -> bytes:
    realm = f'Bearer realm="http://{host}/token",service="bench"'
    return response(401, "text/plain", b"", headers=f"WWW-Authenticate: {realm}\r\n")


def response(
    status: int, content_type: str, body: bytes, *, digest: str | None = None, headers: str = ""
) -> bytes:
    """The bytes of an answer; with a digest also the headers that real registries send with it."""
    if digest is not None:
        headers += f'Docker-Content-Digest: {digest}\r\nETag: "{digest}"\r\n'
        headers += "Docker-Distribution-Api-Version: registry/2.0\r\n"
    lines = (
        f"HTTP/1.1 {status} Answer\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n{headers}\r\n"
    )
    return lines.encode("latin-1") + body


def _host(head: str) -> str:
    for line in head.split("\r\n"):
        name, _, text = line.partition(":")
        if name.lower() == "host":
            return text.strip()
    return ""


async def serve(behaviour: Behaviour) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(behaviour), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--round-trip-s", type=float, default=0.0)
    parser.add_argument("--tokens", action="store_true")
    given = parser.parse_args()
    from bot.app.world import execute

    execute(lambda: serve(Behaviour(given.round_trip_s, given.tokens)), for_long=True)


if __name__ == "__main__":
    main()
