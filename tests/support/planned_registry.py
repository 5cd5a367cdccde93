"""A bot.ports.Registry without wires, whose tags answer one step after the other.

    registry = PlannedRegistry()
    registry.plan("node:22", ["linux/amd64"], RateLimited(...), ["linux/amd64", "linux/arm64"])

The last step is repeated for ever. A step is the platforms of an index, None for no such tag, an
exception to raise, or an event to wait for, whereupon the step after it answers. A platform may say
from which commit it was built: linux/arm64@9bb97e78.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence

from bot.core.reference import Reference, parse_reference
from bot.ports.registry import FetchedManifest, ManifestAbsent, TagList, TagUnchanged
from tests.support.images import MediaTypes

Step = Sequence[str] | Exception | asyncio.Event | None


class PlannedRegistry:
    """See the module; asked names the tags in the order in which they were asked for.

    tags: what list_tags() gives of a repository, raises, or waits for.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._asked = asyncio.Event()
        self.tags: dict[str, Sequence[str] | Exception | asyncio.Event] = {}
        self._plans: dict[str, list[Step]] = {}

    def plan(self, image: str, *steps: Step) -> None:
        self._plans[parse_reference(image).familiar] = list(steps)

    async def fetch_tag(
        self,
        reference: Reference,
        *,
        known_digest: str | None,
        etag: str | None,
        urgent: bool,
        login: bool = False,
    ) -> TagUnchanged | ManifestAbsent | FetchedManifest:
        self.asked.append(reference.familiar)
        step = self._next(reference)
        if isinstance(step, asyncio.Event):
            await step.wait()
            step = self._next(reference)
        if step is None:
            return ManifestAbsent()
        if isinstance(step, Exception):
            raise step
        assert not isinstance(step, asyncio.Event), "one event after the other"
        fetched = _index(step)
        return TagUnchanged() if fetched.digest == known_digest else fetched

    async def fetch_manifest(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> FetchedManifest | ManifestAbsent:
        raise AssertionError(f"{reference} has no manifest to read but its index")

    async def has_manifest(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> bool:
        return True

    async def fetch_config(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> bytes | None:
        raise AssertionError(f"{reference} has no config to read")

    async def list_tags(
        self, reference: Reference, *, urgent: bool, login: bool = False
    ) -> tuple[str, ...]:
        self.asked.append(f"tags of {reference.repository}{' with the login' if login else ''}")
        self._asked.set()
        tags = self.tags.get(reference.repository, ())
        if isinstance(tags, asyncio.Event):
            await tags.wait()
            return ()
        if isinstance(tags, Exception):
            raise tags
        return tuple(tags)

    async def changed_tags(
        self, repository: Reference, *, etag: str | None, urgent: bool, login: bool = False
    ) -> TagList | None:
        tags = await self.list_tags(repository, urgent=urgent, login=login)
        own = f'"{len(tags)} tags"'
        return None if etag == own else TagList(tags, own)

    async def wait_for(self, question: str) -> None:
        """Return when that was asked for."""
        while question not in self.asked:
            self._asked.clear()
            await self._asked.wait()

    def _next(self, reference: Reference) -> Step:
        plan = self._plans[reference.familiar]
        return plan.pop(0) if len(plan) > 1 else plan[0]


def _index(platforms: Sequence[str]) -> FetchedManifest:
    entries = [_entry(*platform.split("@")) for platform in platforms]
    content = {"schemaVersion": 2, "mediaType": MediaTypes.OCI.index, "manifests": entries}
    body = json.dumps(content).encode()
    return FetchedManifest(_digest(body), MediaTypes.OCI.index, body)


def _entry(platform: str, revision: str = "") -> dict[str, object]:
    described = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    return {
        "mediaType": MediaTypes.OCI.manifest,
        "digest": _digest(f"{platform}{revision}".encode()),
        "size": 7,
        "platform": described,
        "annotations": {"org.opencontainers.image.revision": revision} if revision else {},
    }


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
