"""A container registry on a loopback socket that has what a test puts into it and nothing else.

    async with scripted_registry() as registry:
        pushed = registry.push_index("library/node", "22", ["linux/amd64", "linux/arm64"])
        registry.will_answer(Answer(503), to="HEAD /v2/library/node/manifests/22")
        ...
        assert registry.requests == ["HEAD /v2/library/node/manifests/22", ...]

It answers as a well-behaved registry does, except where will_answer() says otherwise. A request for
a repository that the test never named, or for anything but manifests, blobs and tokens, fails the
test when the block ends. settings() gives the RegistrySettings with which a client may reach it.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from ssl import SSLContext
from typing import Any

from aiohttp import web
from multidict import CIMultiDictProxy

from bot.core.reference import is_digest
from bot.net.settings import RegistrySettings
from tests.support.images import MediaTypes
from tests.support.scripted_answers import Answer, play
from tests.support.scripted_tokens import Login, TokenDesk


class Heads(Enum):
    """What becomes of HEADs of manifests."""

    WORK = auto()
    ARE_REFUSED = auto()
    LACK_DIGEST = auto()
    SEE_NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came; line is what `requests` lists, without the query."""

    line: str
    query: Mapping[str, str]
    headers: CIMultiDictProxy[str]


@dataclass(frozen=True, slots=True)
class Pushed:
    """An index and the manifests it lists, by platform."""

    digest: str
    children: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Stored:
    media_type: str
    body: bytes


class ScriptedRegistry:
    """See the module; requests and seen are in the order of arrival, and may be cleared."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.seen: list[Seen] = []
        self.unexpected: list[str] = []
        self.address = ""
        self.url = ""
        self.heads = Heads.WORK
        self.etags = True
        self.headers: dict[str, str] = {}
        self.basic: Login | None = None
        self.desk: TokenDesk | None = None
        self._served_desk: TokenDesk | None = None
        self._repositories: set[str] = set()
        self._manifests: dict[tuple[str, str], _Stored] = {}
        self._blobs: dict[tuple[str, str], bytes] = {}
        self._scripts: list[tuple[str | None, Answer]] = []
        self._closing = asyncio.Event()

    # -- what it has ---------------------------------------------------------------------------

    def knows(self, repository: str) -> None:
        """Requests for this repository are expected, whether anything is in it or not."""
        self._repositories.add(repository)

    def push_manifest(
        self, repository: str, tag: str | None, content: bytes | Mapping[str, Any], media_type: str
    ) -> str:
        """Store a manifest or index under its digest and, if there is one, under the tag."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = _sha256(body)
        self.knows(repository)
        for name in (digest, *([tag] if tag else [])):
            self._manifests[repository, name] = _Stored(media_type, body)
        return digest

    def push_blob(self, repository: str, body: bytes) -> str:
        """Store a blob under its digest."""
        self.knows(repository)
        self._blobs[repository, _sha256(body)] = body
        return _sha256(body)

    def push_image(
        self,
        repository: str,
        tag: str | None,
        platform: str,
        *,
        build: str = "1",
        created: str | None = None,
    ) -> str:
        """Store the image of one platform with its config; the digest of its manifest."""
        when = {"created": created} if created is not None else {}
        config = json.dumps({**_platform(platform), "created_by": build, **when}).encode()
        described = {
            "mediaType": MediaTypes.OCI.config,
            "digest": self.push_blob(repository, config),
            "size": len(config),
        }
        content = {
            "schemaVersion": 2,
            "mediaType": MediaTypes.OCI.manifest,
            "config": described,
            "layers": [],
        }
        return self.push_manifest(repository, tag, content, MediaTypes.OCI.manifest)

    def push_index(
        self, repository: str, tag: str | None, platforms: Sequence[str], *, build: str = "1"
    ) -> Pushed:
        """Store an image for each platform (os/architecture[/variant]) and the index of them."""
        children = {
            each: self.push_image(repository, None, each, build=build) for each in platforms
        }
        entries = [
            {
                "mediaType": MediaTypes.OCI.manifest,
                "digest": digest,
                "size": len(self._manifests[repository, digest].body),
                "platform": _platform(platform),
            }
            for platform, digest in children.items()
        ]
        content = {"schemaVersion": 2, "mediaType": MediaTypes.OCI.index, "manifests": entries}
        digest = self.push_manifest(repository, tag, content, MediaTypes.OCI.index)
        return Pushed(digest, children)

    def delete(self, repository: str, name: str) -> None:
        """Take a tag or a digest away."""
        del self._manifests[repository, name]

    # -- how it behaves ------------------------------------------------------------------------

    def require_tokens(self, desk: TokenDesk | None = None, **changes: Any) -> TokenDesk:
        """Let nobody in without a token; without a desk elsewhere they are to be had here."""
        self.desk = desk or self.serve_tokens(TokenDesk(f"{self.url}/token", **changes))
        return self.desk

    def serve_tokens(self, desk: TokenDesk) -> TokenDesk:
        """Issue this desk's tokens at /token."""
        self._served_desk = desk
        return desk

    def will_answer(self, answer: Answer, *, to: str | None = None, times: int = 1) -> None:
        """Answer so, once or several times, to the next requests of that line, or to any."""
        self._scripts += [(to, answer)] * times

    def settings(self, host: str = "registry.test", **changes: Any) -> RegistrySettings:
        """Settings by which references to host reach this registry, as fast as they like."""
        fields: dict[str, Any] = {
            "endpoint": self.url,
            "plain_http": True,
            "allow_private": True,
            "rate": 0,
            **changes,
        }
        return RegistrySettings(host, **fields)

    def clear(self) -> None:
        """Forget the requests seen so far."""
        self.requests.clear()
        self.seen.clear()

    # -- serving -------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        line = f"{request.method} {request.path}"
        self.requests.append(line)
        self.seen.append(Seen(line, dict(request.query), request.headers))
        for number, (wanted, answer) in enumerate(self._scripts):
            if wanted in (None, line):
                del self._scripts[number]
                return await play(request, answer, closing=self._closing)
        if request.path == "/token" and self._served_desk is not None:
            return await self._served_desk.issue(request)
        truth = self._truth(request)
        return self._surprise(line) if truth is None else truth

    def close(self) -> None:
        self._closing.set()

    def _surprise(self, line: str) -> web.Response:
        self.unexpected.append(line)
        return web.Response(status=500, text=f"the test does not expect {line}")

    def _truth(self, request: web.Request) -> web.Response | None:
        repository, slash, kind_and_name = request.path.removeprefix("/v2/").rpartition("/")
        repository, _, kind = repository.rpartition("/")
        finders: dict[str, Callable[[web.Request, str, str], web.Response]] = {
            "manifests": self._manifest,
            "blobs": self._blob,
            "tags": self._tags,
        }
        if repository not in self._repositories or kind not in finders or not slash:
            return None
        refusal = self._refusal(repository, request.headers.get("Authorization"))
        response = refusal
        if response is None:
            response = finders[kind](request, repository, kind_and_name)
        response.headers.update(self.headers)
        return response

    def _refusal(self, repository: str, authorization: str | None) -> web.Response | None:
        challenge = None
        if self.desk is not None and not self.desk.admits(repository, authorization):
            challenge = self.desk.challenge(repository, authorization)
        if self.basic is not None and authorization != self.basic.header:
            challenge = 'Basic realm="scripted"'
        if challenge is None:
            return None
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    def _manifest(self, request: web.Request, repository: str, name: str) -> web.Response:
        stored = self._manifests.get((repository, name))
        is_head = request.method == "HEAD"
        if is_head and self.heads is Heads.ARE_REFUSED:
            return web.Response(status=405)
        if stored is None or (is_head and self.heads is Heads.SEE_NOTHING):
            return _missing("MANIFEST_UNKNOWN")
        digest = name if is_digest(name) else _sha256(stored.body)
        headers = {"Content-Type": stored.media_type}
        if self.etags:
            headers["ETag"] = f'"{digest}"'
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return web.Response(status=304, headers={"ETag": headers["ETag"]})
        if self.heads is not Heads.LACK_DIGEST:
            headers["Docker-Content-Digest"] = digest
        return web.Response(body=stored.body, headers=headers)

    def _tags(self, request: web.Request, repository: str, name: str) -> web.Response:
        tags = [tag for owner, tag in self._manifests if owner == repository and not is_digest(tag)]
        return web.json_response({"name": repository, "tags": sorted(tags)})

    def _blob(self, request: web.Request, repository: str, name: str) -> web.Response:
        body = self._blobs.get((repository, name))
        return _missing("BLOB_UNKNOWN") if body is None else web.Response(body=body)


@asynccontextmanager
async def scripted_registry(*, ssl: SSLContext | None = None) -> AsyncIterator[ScriptedRegistry]:
    """A registry on a port of its own; fails at the end if it got requests nobody expected."""
    registry = ScriptedRegistry()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", registry.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl)
    await site.start()
    port = runner.addresses[0][1]
    registry.address = f"127.0.0.1:{port}"
    registry.url = f"{'http' if ssl is None else 'https'}://{registry.address}"
    try:
        yield registry
    finally:
        registry.close()
        await runner.cleanup()
    assert not registry.unexpected, f"the test does not expect {registry.unexpected}"


def _missing(code: str) -> web.Response:
    return web.json_response({"errors": [{"code": code, "message": "unknown"}]}, status=404)


def _platform(text: str) -> dict[str, str]:
    return dict(zip(("os", "architecture", "variant"), text.split("/"), strict=False))


def _sha256(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
