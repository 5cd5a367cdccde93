"""One look at a target: what the registry says now, as an observation."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.core.access import Access, Permits
from bot.core.errors import (
    Denied,
    MalformedAnswer,
    MalformedManifest,
    OversizedAnswer,
    RegistryError,
    TroubleKind,
    UnsupportedAnswer,
    UnsupportedManifest,
)
from bot.core.manifest import Descriptor, Index, Manifest, decode_config, decode_manifest
from bot.core.model import Entry, Observation, Place, Status, Trouble
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.ports import Clock, FetchedManifest, ManifestAbsent, Registry, TagUnchanged

MAX_NESTED = 2
"""How deep an index may lie within an index."""
MAX_REQUESTS = 12
"""Manifests and configs that one look may fetch to understand a tag."""
MAX_REMEMBERED_CONFIGS = 10_000
MAX_REMEMBERED_TAGS = 10_000


class Look:
    """Looks at tags through a registry port; remembers the platforms of configs by digest.

    A look is made for places, and with the operator's login only if all of them may use that.
    """

    def __init__(self, registry: Registry, *, clock: Clock, permits: Permits | None = None) -> None:
        self._registry = registry
        self._clock = clock
        self._permits = permits or Permits()
        self._configs = _Configs()
        self._shown = _Shown()

    def access(self, reference: Reference, places: Collection[Place]) -> Access:
        """How a look for these places is made."""
        return self._permits.access(reference, places)

    async def __call__(
        self,
        reference: Reference,
        *,
        known: Observation | None,
        wanted: Iterable[Platform],
        places: Collection[Place] = (),
        urgent: bool = False,
        timeout_s: float | None = None,
    ) -> Observation:
        """Look once; never raises RegistryError: what went wrong is the observation's trouble.

        known: the last clear observation, so that an unchanged tag costs one HEAD. wanted: the
        platforms whose own manifest must be served before they count as there. timeout_s: what the
        whole look may take; without it only the session's limits hold.
        """
        access = self.access(reference, places)
        if access is Access.WITHHELD and not self._shown.includes(reference, known):
            known = None
        one = _OneLook(
            self._registry, self._clock, self._configs, reference, urgent, access is Access.LOGIN
        )
        try:
            async with asyncio.timeout(timeout_s):
                observation = await one.observe(known, wanted)
        except TimeoutError as error:
            return self._unclear(_known_before(error))
        except RegistryError as error:
            return self._unclear(error)
        if access is Access.WITHHELD:
            self._shown.add(reference, observation)
        return observation

    def _unclear(self, error: RegistryError | None) -> Observation:
        """What is left of a look: its error, or none if all that is known is that time was up."""
        if error is None:
            trouble = Trouble(TroubleKind.TIMED_OUT)
            return Observation(Status.UNKNOWN, self._clock(), trouble=trouble)
        status = Status.DENIED if isinstance(error, Denied) else Status.UNKNOWN
        trouble = Trouble(error.kind, error.http_status, error.retry_at)
        return Observation(status, self._clock(), trouble=trouble)


def _known_before(time_up: TimeoutError) -> RegistryError | None:
    """What the registry had answered already when the look's time was up, if anything."""
    cut_off = time_up.__cause__
    known = None if cut_off is None else cut_off.__cause__
    return known if isinstance(known, RegistryError) else None


class _Shown:
    """Which digests of tags have been read anonymously where there is a login.

    What only the login has seen must not come back as "unchanged" to those who may not use it.
    """

    def __init__(self) -> None:
        self._digests: OrderedDict[Reference, str | None] = OrderedDict()

    def includes(self, reference: Reference, known: Observation | None) -> bool:
        if known is None or known.digest is None:
            return False
        return self._digests.get(reference) == known.digest

    def add(self, reference: Reference, observation: Observation) -> None:
        self._digests[reference] = observation.digest
        self._digests.move_to_end(reference)
        if len(self._digests) > MAX_REMEMBERED_TAGS:
            self._digests.popitem(last=False)


class _Configs:
    """What configs said, by digest: a digest's content never changes."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Platform, datetime | None]] = OrderedDict()

    def get(self, digest: str) -> tuple[Platform, datetime | None] | None:
        return self._known.get(digest)

    def remember(self, digest: str, found: tuple[Platform, datetime | None]) -> None:
        self._known[digest] = found
        if len(self._known) > MAX_REMEMBERED_CONFIGS:
            self._known.popitem(last=False)


@dataclass(slots=True)
class _OneLook:
    """The requests of one look, counted."""

    registry: Registry
    clock: Clock
    configs: _Configs
    reference: Reference
    urgent: bool
    login: bool
    fetched: int = 0
    entries: dict[Platform, Entry] = field(default_factory=dict)

    async def observe(self, known: Observation | None, wanted: Iterable[Platform]) -> Observation:
        """What the tag points at, and whether the wanted manifests are served."""
        answer = await self.registry.fetch_tag(
            self.reference,
            known_digest=known.digest if known else None,
            etag=known.etag if known else None,
            urgent=self.urgent,
            login=self.login,
        )
        if isinstance(answer, TagUnchanged):
            assert known is not None, "only a known digest can be unchanged"
            digest, etag = known.digest, answer.etag or known.etag
            listed = known.entries
        elif isinstance(answer, ManifestAbsent):
            return Observation(Status.TAG_MISSING, self.clock())
        else:
            await self._read(answer)
            digest, etag = answer.digest, answer.etag
            listed = _with_known_children(self.entries, known)
        entries = await self._with_children(listed, wanted)
        return Observation(Status.PRESENT, self.clock(), digest, entries, etag)

    async def _with_children(
        self, listed: Mapping[Platform, Entry], wanted: Iterable[Platform]
    ) -> Mapping[Platform, Entry]:
        """The entries, after asking for each wanted manifest not yet known to be served."""
        unknown = [
            platform
            for platform in wanted
            if (entry := listed.get(platform)) is not None and not entry.reachable
        ]
        if not unknown:
            return listed
        entries = dict(listed)
        for platform in sorted(set(unknown)):
            entry = entries[platform]
            served = await self.registry.has_manifest(
                self.reference, entry.digest, urgent=self.urgent, login=self.login
            )
            entries[platform] = replace(entry, reachable=served)
        return entries

    async def _read(self, fetched: FetchedManifest) -> None:
        decoded = self._decode(fetched)
        if isinstance(decoded, Index):
            await self._collect(decoded, depth=1)
            return
        platform, created = await self._read_config(decoded.config.digest)
        self.entries[platform] = Entry(
            fetched.digest, True, decoded.created or created, decoded.revision
        )

    async def _collect(self, index: Index, *, depth: int) -> None:
        """Keep an index' platforms, a nested one's in its place; the first match wins."""
        for descriptor in index.descriptors:
            if descriptor.is_index:
                nested = await self._nested(descriptor, depth)
                if nested is not None:
                    await self._collect(nested, depth=depth + 1)
            elif descriptor.platform is not None:
                self._keep(descriptor, descriptor.platform, reachable=None)
            else:
                await self._keep_nameless(descriptor)

    def _keep(self, descriptor: Descriptor, platform: Platform, *, reachable: bool | None) -> None:
        entry = Entry(descriptor.digest, reachable, descriptor.created, descriptor.revision)
        self.entries.setdefault(platform, entry)

    async def _keep_nameless(self, descriptor: Descriptor) -> None:
        """Keep an entry whose platform only its config knows; nothing if it is not an image.

        One that is remembered may be from another repository, or gone since: not asked for yet.
        """
        remembered = self.configs.get(descriptor.digest)
        platform = remembered[0] if remembered else await self._platform_of_child(descriptor)
        if platform is not None:
            self._keep(descriptor, platform, reachable=None if remembered else True)

    async def _nested(self, descriptor: Descriptor, depth: int) -> Index | None:
        """An index within an index; None if the registry does not serve it."""
        if depth > MAX_NESTED:
            raise OversizedAnswer(
                self.reference.registry,
                f"{self.reference.familiar} nests indexes deeper than {MAX_NESTED}",
            )
        fetched = await self._fetch(descriptor.digest)
        decoded = self._decode(fetched) if fetched is not None else None
        return decoded if isinstance(decoded, Index) else None

    async def _platform_of_child(self, descriptor: Descriptor) -> Platform | None:
        """The platform of an entry that names none, from its config; None if it is not an image."""
        fetched = await self._fetch(descriptor.digest)
        if fetched is None:
            return None
        try:
            decoded = self._decode(fetched)
        except UnsupportedAnswer:
            return None
        if not isinstance(decoded, Manifest):
            return None
        found = await self._read_config(decoded.config.digest)
        self.configs.remember(descriptor.digest, found)
        return found[0]

    async def _read_config(self, digest: str) -> tuple[Platform, datetime | None]:
        remembered = self.configs.get(digest)
        if remembered is not None:
            return remembered
        self._spend()
        body = await self.registry.fetch_config(
            self.reference, digest, urgent=self.urgent, login=self.login
        )
        if body is None:
            raise MalformedAnswer(
                self.reference.registry, f"the config of {self.reference.familiar} is not there"
            )
        try:
            config = decode_config(body)
        except MalformedManifest as error:
            raise MalformedAnswer(self.reference.registry, str(error)) from error
        found = (config.platform, config.created)
        self.configs.remember(digest, found)
        return found

    async def _fetch(self, digest: str) -> FetchedManifest | None:
        self._spend()
        fetched = await self.registry.fetch_manifest(
            self.reference, digest, urgent=self.urgent, login=self.login
        )
        return None if isinstance(fetched, ManifestAbsent) else fetched

    def _spend(self) -> None:
        if self.fetched == MAX_REQUESTS:
            raise OversizedAnswer(
                self.reference.registry,
                f"{self.reference.familiar} needs more than {MAX_REQUESTS} requests to understand",
            )
        self.fetched += 1

    def _decode(self, fetched: FetchedManifest) -> Index | Manifest:
        try:
            return decode_manifest(fetched.body, fetched.content_type)
        except UnsupportedManifest as error:
            raise UnsupportedAnswer(self.reference.registry, str(error)) from error
        except MalformedManifest as error:
            raise MalformedAnswer(self.reference.registry, str(error)) from error


def _with_known_children(
    entries: Mapping[Platform, Entry], known: Observation | None
) -> dict[Platform, Entry]:
    """Entries whose manifest was served at an earlier look need not be asked for again."""
    served = {entry.digest for entry in known.entries.values() if entry.reachable} if known else ()
    return {
        platform: replace(entry, reachable=True) if entry.digest in served else entry
        for platform, entry in entries.items()
    }
