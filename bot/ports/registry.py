"""Container registries, and how they want to be treated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.reference import Reference


@dataclass(frozen=True, slots=True)
class TagUnchanged:
    """The tag still has the digest the caller knows; etag is the newest validator, if any."""

    etag: str | None = None


@dataclass(frozen=True, slots=True)
class ManifestAbsent:
    """The registry says clearly that there is no such tag or digest."""


@dataclass(frozen=True, slots=True)
class FetchedManifest:
    """A manifest's exact bytes; digest is verified against them. content_type has no parameters."""

    digest: str
    content_type: str | None
    body: bytes
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class TagList:
    """The tags of a repository. etag: of the list, if it came in one answer that has one.

    whole: nothing is missing because there would have been too much of it.
    """

    tags: tuple[str, ...]
    etag: str | None = None
    whole: bool = True


class Registry(Protocol):
    """Manifests of any configured or well-known registry.

    Every method raises RegistryError when there is no clear answer. urgent: somebody waits for it,
    so it goes ahead of others in the registry's queue. login: whoever will see the answer may use
    the operator's login; without it the registry is asked as anybody may. A method cancelled
    during another attempt names the first one's RegistryError as the cause.
    """

    async def fetch_tag(
        self,
        reference: Reference,
        *,
        known_digest: str | None,
        etag: str | None,
        urgent: bool,
        login: bool = False,
    ) -> TagUnchanged | ManifestAbsent | FetchedManifest:
        """Where the tag points; its manifest comes only when the digest is not the known one."""
        ...

    async def fetch_manifest(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> FetchedManifest | ManifestAbsent:
        """A manifest of the reference's repository by digest."""
        ...

    async def has_manifest(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> bool:
        """Whether the registry serves this manifest of the reference's repository (a HEAD)."""
        ...

    async def fetch_config(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> bytes | None:
        """An image's config blob, verified, or None if the registry has none."""
        ...

    async def list_tags(
        self, reference: Reference, *, urgent: bool, login: bool = False
    ) -> tuple[str, ...]:
        """The repository's tags, as far as a few pages tell them; none if there is no such one."""
        ...

    async def changed_tags(
        self, repository: Reference, *, etag: str | None, urgent: bool, login: bool = False
    ) -> TagList | None:
        """The repository's tags; None if the registry says that nothing has changed since etag."""
        ...


@dataclass(frozen=True, slots=True)
class RegistryState:
    """What must survive a restart about how a registry wants to be treated.

    parked_until holds for every request, pulls_parked_until for GETs of manifests alone. remaining
    and limit are the registry's own rate budget in its window. failures feed the breaker.
    """

    registry: str
    parked_until: datetime | None = None
    pulls_parked_until: datetime | None = None
    limit: int | None = None
    remaining: int | None = None
    window_s: int | None = None
    failures: int = 0


class Courtesy(Protocol):
    """How many looks the registries allow at present."""

    def capacity(self, registry: str, *, busy: int) -> int:
        """How many more looks may begin while busy are under way; 0 while it is parked."""
        ...

    def opens_at(self, registry: str, *, busy: int) -> datetime | None:
        """From when on capacity() is above 0, as far as is known; None: once a look has ended."""
        ...

    def changes(self) -> Sequence[RegistryState]:
        """What is not kept yet: the states that saved() has not been told of."""
        ...

    def saved(self, states: Sequence[RegistryState]) -> None:
        """These are kept now; to be called after the commit, by whoever wrote them."""
        ...

    def states(self) -> Sequence[RegistryState]:
        """All that is known of every registry asked so far."""
        ...


class SharedCourtesy(Courtesy, Protocol):
    """Courtesy of several processes towards the same registries."""

    def learn(self, states: Sequence[RegistryState]) -> None:
        """Leave registries alone for as long as other processes were told to."""
        ...
