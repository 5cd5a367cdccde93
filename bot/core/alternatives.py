"""What can be used while a platform of a tag is missing, in the order in which to offer it.

Nothing here says that an alternative is there: each is a candidate until a look has seen it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import islice

from bot.core.evidence import Evidence, Said
from bot.core.library import Library, LibraryEntry
from bot.core.model import Observation
from bot.core.platform import Platform
from bot.core.reason import Freshness, Reason, ReasonCode
from bot.core.reference import Reference

MAX_VARIANTS = 2
"""How many other variants of the same version are worth a look each."""

AMD64 = Platform("linux", "amd64")
_VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+)*(?:(?:alpha|beta|rc|ea)[0-9]*)?", re.IGNORECASE)
# What an image stands on. Any other word of a tag is taken for what the image is or is for: fpm is
# no apache, a jre no jdk, a builder no server, and a release candidate no release.
_BASE = re.compile(
    r"(?:alpine|debian|ubuntu|ubi|oraclelinux|amazonlinux|al|centos|fedora|rockylinux|almalinux)"
    r"[0-9.]*|slim|minimal|buster|bullseye|bookworm|trixie|forky|sid|xenial|bionic|focal|jammy|noble"
    r"|plucky|questing|resolute|glibc|musl|uclibc|windowsservercore|nanoserver|ltsc20[0-9]{2}|1809"
)


class Offer(Enum):
    """What an alternative is, in the order in which they are offered."""

    SAME_BITS = "same_bits"
    OTHER_VARIANT = "other_variant"
    SAME_LINE = "same_line"
    GENERIC = "generic"
    EMULATED = "emulated"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tag that may be of use, and the platform of it.

    version: what the library file says the tag is now, None if it says none. commits: from which it
    is built now.
    """

    offer: Offer
    reference: Reference
    platform: Platform
    version: str | None = None
    commits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Alternative:
    """A candidate that a look has seen; freshness: whether it is what the library file says now."""

    candidate: Candidate
    freshness: Freshness
    seen_at: datetime

    @property
    def version(self) -> str | None:
        """The version that was seen; None if it is not known, as of a build that may be old."""
        is_old = self.freshness is Freshness.MAY_BE_PREVIOUS
        return None if is_old else self.candidate.version


def candidates(reason: Reason) -> Iterator[Candidate]:
    """What is worth a look, the best first; nothing for a platform that is there."""
    evidence = reason.evidence
    if reason.code is ReasonCode.PRESENT:
        return
    yield from _same_bits(evidence)
    library = evidence.library.value if isinstance(evidence.library, Said) else None
    if evidence.image is not None and isinstance(library, Library):
        yield from islice(_other_variants(evidence, library), MAX_VARIANTS)
        yield from islice(_same_line(evidence, library), 1)
        yield from _generic(evidence, library)
    yield from _emulated(evidence)


def judge(candidate: Candidate, seen: Observation) -> Alternative | None:
    """The alternative, if its platform is there.

    A generic tag must be what the library file says it is: another version under a name without
    one is worse than no advice.
    """
    entry = seen.offers(candidate.platform)
    if entry is None and candidate.offer is Offer.EMULATED:
        # The look was made for another platform, so that nobody asked for this manifest.
        listed = seen.listed(candidate.platform)
        entry = listed[1] if listed is not None and listed[1].reachable is not False else None
    if entry is None:
        return None
    freshness = Freshness.NOT_KNOWN
    if candidate.commits and entry.revision is not None:
        is_current = entry.revision in candidate.commits
        freshness = Freshness.CURRENT if is_current else Freshness.MAY_BE_PREVIOUS
    if candidate.offer is Offer.GENERIC and freshness is not Freshness.CURRENT:
        return None
    return Alternative(candidate, freshness, seen.observed_at)


def version_of(tag: str) -> str | None:
    """The version that a tag begins with: 22.15 of 22.15-bullseye-slim."""
    head = tag.split("-", 1)[0]
    return head if _VERSION.fullmatch(head) else None


def _variant_of(tag: str) -> str:
    """What follows the version or the name of a line: bullseye-slim of jod-bullseye-slim."""
    return tag.partition("-")[2]


def _purpose_of(tag: str) -> frozenset[str]:
    """The words of a tag that begins with a version, but for those of what the image stands on."""
    words = tag.split("-")[1:]
    return frozenset(word for word in words if _BASE.fullmatch(word) is None)


def _purposes(tag: str, entries: Iterable[LibraryEntry]) -> set[frozenset[str]]:
    """What a tag is for: as it says itself, else as the other tags of its entries say."""
    if version_of(tag) is not None:
        return {_purpose_of(tag)}
    others = (each for entry in entries for each in entry.tags if version_of(each) is not None)
    return set(map(_purpose_of, others))


def _same_bits(evidence: Evidence) -> Iterator[Candidate]:
    own = evidence.usable_now
    if own is not None:
        library = evidence.library.value if isinstance(evidence.library, Said) else None
        tag = evidence.reference.tag or ""
        commits = _commits(library, tag, evidence.platform)
        yield Candidate(Offer.SAME_BITS, own, evidence.platform, version_of(tag), commits)


def _other_variants(evidence: Evidence, library: Library) -> Iterator[Candidate]:
    """The same version for the same purpose in other entries, the most alike first."""
    tag = evidence.reference.tag or ""
    own = library.entries_of(tag)
    version = version_of(tag) or (_version_of_entry(own[0]) if own else None)
    if version is None:
        return
    wanted, purposes = set(tag.split("-")[1:]), _purposes(tag, own)
    found: list[tuple[int, str]] = []
    for entry in library.entries:
        if entry not in own and evidence.platform in entry.platforms:
            named = [
                each
                for each in entry.tags
                if version_of(each) == version and _purpose_of(each) in purposes
            ]
            if named:
                best = min(named, key=lambda each: (not _variant_of(each), len(each)))
                found.append((len(wanted & set(best.split("-")[1:])), best))
    for _, best in sorted(found, key=lambda pair: -pair[0]):
        yield _listed(Offer.OTHER_VARIANT, best, evidence, library)


def _same_line(evidence: Evidence, library: Library) -> Iterator[Candidate]:
    """Tags that move on with each release of the wanted one's line, the narrowest first."""
    tag = evidence.reference.tag or ""
    version, variant = version_of(tag), _variant_of(tag)
    if version is None:
        return
    parts = version.split(".")
    shorter = [".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
    lines = [f"{each}-{variant}" if variant else each for each in shorter]
    entries = library.entries_of(tag)
    named = [
        each
        for entry in entries
        for each in entry.tags
        if version_of(each) is None and variant and each.endswith(f"-{variant}")
    ]
    for each in (*lines, *named):
        if evidence.platform in (library.platforms_of(each) or ()):
            yield _listed(Offer.SAME_LINE, each, evidence, library)


def _generic(evidence: Evidence, library: Library) -> Iterator[Candidate]:
    """The variant's name alone, or latest: whatever version that is at present."""
    tag = evidence.reference.tag or ""
    generic = _variant_of(tag) or "latest"
    is_listed = evidence.platform in (library.platforms_of(generic) or ())
    if version_of(tag) is not None and is_listed:
        candidate = _listed(Offer.GENERIC, generic, evidence, library)
        if candidate.version is not None:
            yield candidate


def _emulated(evidence: Evidence) -> Iterator[Candidate]:
    can_emulate = evidence.platform.os == AMD64.os and evidence.platform != AMD64
    if can_emulate and AMD64 in evidence.there:
        yield Candidate(Offer.EMULATED, evidence.reference, AMD64)


def _listed(offer: Offer, tag: str, evidence: Evidence, library: Library) -> Candidate:
    versions = (_version_of_entry(entry) for entry in library.entries_of(tag))
    return Candidate(
        offer,
        evidence.reference.with_tag(tag),
        evidence.platform,
        next((version for version in versions if version is not None), None),
        _commits(library, tag, evidence.platform),
    )


def _version_of_entry(entry: LibraryEntry) -> str | None:
    """The most exact version among the tags of an entry."""
    versions = [version for version in map(version_of, entry.tags) if version is not None]
    return max(versions, key=lambda version: (version.count("."), len(version)), default=None)


def _commits(library: object, tag: str, platform: Platform) -> frozenset[str]:
    if not isinstance(library, Library):
        return frozenset()
    return frozenset(build.git_commit for build in library.builds_of(tag, platform))
