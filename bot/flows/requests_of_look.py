"""The requests of one look: what the tag points at, and as much of that as is asked for."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.core.access import Access
from bot.core.errors import (
    MalformedAnswer,
    MalformedManifest,
    Overloaded,
    OversizedAnswer,
    RegistryError,
    RegistryParked,
    TransportFailure,
    UnsupportedAnswer,
    UnsupportedManifest,
)
from bot.core.manifest import Descriptor, Index, Manifest, decode_config, decode_manifest
from bot.core.model import Entry, Observation, Status
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.ages import undated_in, with_times
from bot.flows.remembered import Configs, Undated
from bot.ports.registry import FetchedManifest, ManifestAbsent, Registry, TagUnchanged
from bot.ports.surroundings import Clock

MAX_NESTED = 2
"""How deep an index may lie within an index."""
MAX_REQUESTS = 12
"""Manifests and configs that one look may fetch to understand a tag."""
_REQUESTS_FOR_A_TIME = 2
"""An image's manifest, which names its config, and the config."""


@dataclass(slots=True)
class OneLook:
    """The requests of one look, counted."""

    registry: Registry
    clock: Clock
    configs: Configs
    undated: Undated
    reference: Reference
    urgent: bool
    access: Access
    fetched: int = 0
    entries: dict[Platform, Entry] = field(default_factory=dict)

    @property
    def login(self) -> bool:
        """Whether the operator's login may be used."""
        return self.access is Access.LOGIN

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

    async def read_times(self, observation: Observation, ages: Collection[Platform]) -> None:
        """Have the configs remembered that tell when images were built, within the look's requests.

        What cannot be had now is asked for at the next look, what never can only once.
        """
        for digest in undated_in(observation, ages):
            if self.configs.get(digest) is not None or self.undated.includes(
                self.reference, digest, login=self.login
            ):
                continue
            if self.fetched + _REQUESTS_FOR_A_TIME > MAX_REQUESTS:
                return
            try:
                found = await self._read_child(digest)
            except (TransportFailure, Overloaded, RegistryParked):
                return
            except RegistryError:
                found = None
            if found is None:
                self.undated.add(self.reference, digest, login=self.login)

    def dated(self, observation: Observation, known: Observation | None) -> Observation:
        """The observation with the times of building that are known of its images by now."""
        return with_times(observation, known, self._time_of)

    def _time_of(self, digest: str) -> datetime | None:
        remembered = self.configs.get(digest)
        return remembered[1] if remembered else None

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
        found = remembered or await self._read_child(descriptor.digest)
        if found is not None:
            self._keep(descriptor, found[0], reachable=None if remembered else True)

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

    async def _read_child(self, digest: str) -> tuple[Platform, datetime | None] | None:
        """What the config of an index' entry says; None if it is not served, or not an image."""
        fetched = await self._fetch(digest)
        if fetched is None:
            return None
        try:
            decoded = self._decode(fetched)
        except UnsupportedAnswer:
            return None
        if not isinstance(decoded, Manifest):
            return None
        found = await self._read_config(decoded.config.digest)
        self.configs.remember(digest, found)
        return found

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
