"""What docker-library's build system has on record: sources, and the builds that are made of them.

A source is what an image is built from, for one or more architectures; a build is one architecture
of it over certain parents. There is no record of a build before all its parents are built.

Source: docker-library/meta-scripts, sources.sh and cmd/builds; the files are those of
docker-library/meta.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from bot.core.git import COMMIT
from bot.core.reference import DOCKER_HUB, Reference

MAX_ARCHITECTURES = 32
MAX_TAGS = 512
"""Of one source; the longest lists have some sixty."""
MAX_PARENTS = 64
MAX_COMMITS = 64
_ID = re.compile(r"[0-9a-f]{64}")
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_TAG = re.compile(
    r"(?P<name>(?=[^:]{1,128}:)[a-z0-9]+(?:[._-][a-z0-9]+)*):(?P<tag>\w[\w.-]{0,127})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Parent:
    """An official image that a source builds upon, and the source that it is built from itself."""

    reference: Reference
    source: str


@dataclass(frozen=True, slots=True)
class OnArchitecture:
    """A source on one architecture. tags: as `node:22`; of images that nobody asked for, none.

    parents: those that docker-library builds itself.
    """

    tags: frozenset[str]
    parents: tuple[Parent, ...]


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source. commits: where in Git its entries stand, all with the same content."""

    commits: frozenset[str]
    architectures: Mapping[str, OnArchitecture]

    @property
    def names(self) -> frozenset[str]:
        """The images that it has tags of."""
        sides = self.architectures.values()
        return frozenset(tag.partition(":")[0] for side in sides for tag in side.tags)


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """A build: queued, running or failing until it is finished, and not to be told apart before."""

    id: str
    source: str
    architecture: str
    is_finished: bool


@dataclass(frozen=True, slots=True)
class BuildRecords:
    """What was on record of some images, and of what they build upon, at one moment.

    list_commit: the state of official-images that the build system works from. sources: by their
    IDs. builds: by source and architecture. since: when a build's state was first seen, by the same
    two, only for what an earlier copy showed otherwise.
    """

    names: frozenset[str]
    list_commit: str
    sources: Mapping[str, SourceRecord]
    builds: Mapping[tuple[str, str], BuildRecord]
    since: Mapping[tuple[str, str], datetime] = field(default_factory=dict)

    def knows(self, source: str, architecture: str) -> bool:
        """Whether that source is on record, and for that architecture."""
        record = self.sources.get(source)
        return record is not None and architecture in record.architectures

    def state_of(self, source: str, architecture: str) -> tuple[str, bool] | None:
        """The build's ID and whether it is finished; None while there is none."""
        build = self.builds.get((source, architecture))
        return None if build is None else (build.id, build.is_finished)


def due_at(read_at: datetime) -> datetime:
    """When to read the records again: the build system writes them a little past each full hour."""
    quarter_past = read_at.replace(minute=15, second=0, microsecond=0)
    return quarter_past if quarter_past > read_at else quarter_past + timedelta(hours=1)


def read_list_commit(value: object) -> str | None:
    """The commit of official-images in commits.json; None if it makes no sense."""
    try:
        return _matched(COMMIT, _object(value)["doi"])
    except (KeyError, TypeError, ValueError):
        return None


def read_source(key: str, value: object, *, names: Collection[str]) -> SourceRecord | None:
    """One member of sources.json, with the tags of these images; None if it makes no sense."""
    try:
        _matched(_ID, key)
        record = _object(value)
        entries = record["entries"] if "entries" in record else [record["entry"]]
        commits = (_matched(COMMIT, each["GitCommit"]) for each in _few(entries, MAX_COMMITS))
        sides = _object(record["arches"])
        return SourceRecord(
            frozenset(commits),
            {
                _matched(_ARCHITECTURE, architecture): _side(_object(sides[architecture]), names)
                for architecture in _few(list(sides), MAX_ARCHITECTURES)
            },
        )
    except (KeyError, TypeError, ValueError):
        return None


def read_build(key: str, value: object) -> BuildRecord | None:
    """One member of builds.json; None if it makes no sense."""
    try:
        build = _object(_object(value)["build"])
        resolved = build["resolved"]
        return BuildRecord(
            _matched(_ID, key),
            _matched(_ID, build["sourceId"]),
            _matched(_ARCHITECTURE, build["arch"]),
            is_finished=resolved is not None and bool(_object(resolved)),
        )
    except (KeyError, TypeError, ValueError):
        return None


def cut(sources: Mapping[str, SourceRecord]) -> dict[str, SourceRecord]:
    """The sources that have tags, and what they build upon, however far down."""
    kept: dict[str, SourceRecord] = {}
    level = [key for key, source in sources.items() if source.names]
    while level:
        kept |= {key: sources[key] for key in level}
        sides = (side for key in level for side in sources[key].architectures.values())
        parents = {parent.source for side in sides for parent in side.parents}
        level = [key for key in parents if key in sources and key not in kept]
    return kept


def by_source(builds: Iterable[BuildRecord]) -> dict[tuple[str, str], BuildRecord]:
    """Builds by source and architecture: of several over different parents a finished one."""
    found: dict[tuple[str, str], BuildRecord] = {}
    for build in builds:
        key = (build.source, build.architecture)
        if build.is_finished or key not in found:
            found[key] = build
    return found


def with_since(records: BuildRecords, before: BuildRecords | None, *, at: datetime) -> BuildRecords:
    """The records with what is known of when their states began, from an earlier copy.

    at: when these were read.
    """
    if before is None:
        return records
    since: dict[tuple[str, str], datetime] = {}
    for source, record in records.sources.items():
        for architecture in record.architectures:
            key = (source, architecture)
            if before.knows(*key) and records.state_of(*key) == before.state_of(*key):
                began = before.since.get(key)
            elif before.knows(*key) or not record.names.isdisjoint(before.names):
                began = at
            else:  # nobody asked for it then
                began = None
            if began is not None:
                since[key] = began
    return replace(records, since=since)


def encode_records(records: BuildRecords) -> str:
    """Text that decode_records() understands; since is not in it."""
    sources = {
        key: {
            "entries": [{"GitCommit": commit} for commit in sorted(source.commits)],
            "arches": {
                architecture: {
                    "tags": sorted(side.tags),
                    "parents": {
                        _name_of(parent.reference): {"sourceId": parent.source}
                        for parent in side.parents
                    },
                }
                for architecture, side in source.architectures.items()
            },
        }
        for key, source in records.sources.items()
    }
    builds = {
        build.id: {
            "build": {
                "sourceId": build.source,
                "arch": build.architecture,
                "resolved": {"finished": True} if build.is_finished else None,
            }
        }
        for build in records.builds.values()
    }
    content = {
        "names": sorted(records.names),
        "commits": {"doi": records.list_commit},
        "sources": sources,
        "builds": builds,
    }
    return json.dumps(content, separators=(",", ":"))


def decode_records(text: str, since: Mapping[tuple[str, str], datetime]) -> BuildRecords | None:
    """What encode_records() wrote; None for anything else."""
    try:
        content = _object(json.loads(text))
        names = frozenset(content["names"])
        list_commit = read_list_commit(content["commits"])
        sources = {
            key: read_source(key, each, names=names) for key, each in content["sources"].items()
        }
        builds = [read_build(key, each) for key, each in content["builds"].items()]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None
    good = {key: source for key, source in sources.items() if source is not None}
    known = [build for build in builds if build is not None]
    if list_commit is None or len(good) < len(sources) or len(known) < len(builds):
        return None
    return BuildRecords(names, list_commit, good, by_source(known), since)


@lru_cache(maxsize=4096)  # thousands of sources build upon the same few hundred images
def official_reference(text: str) -> Reference:
    """The tag of an official image that a record means by `debian:trixie`. Raises ValueError."""
    found = _TAG.fullmatch(text)
    if found is None:
        raise ValueError("no tag of an official image")
    return Reference(DOCKER_HUB, f"library/{found['name']}", found["tag"])


def _side(side: Mapping[str, Any], names: Collection[str]) -> OnArchitecture:
    tags = (_matched(_TAG, tag) for tag in _few(side["tags"], MAX_TAGS))
    parents = _object(side["parents"])
    sources = {
        name: _object(parents[name])["sourceId"] for name in _few(list(parents), MAX_PARENTS)
    }
    return OnArchitecture(
        frozenset(tag for tag in tags if tag.partition(":")[0] in names),
        tuple(
            Parent(official_reference(name), _matched(_ID, source))
            for name, source in sources.items()
            if source is not None
        ),
    )


def _name_of(reference: Reference) -> str:
    return f"{reference.repository.removeprefix('library/')}:{reference.tag}"


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


def _few(values: object, at_most: int) -> list[Any]:
    if not isinstance(values, list) or len(values) > at_most:
        raise ValueError("no list, or too long a one")
    return values


def _matched(pattern: re.Pattern[str], text: object) -> str:
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        raise ValueError("not spelt as it should be")
    return text
