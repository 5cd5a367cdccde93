"""How far docker-library's build system is with one architecture of a tag, by its own records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from bot.core.build_records import BuildRecords
from bot.core.library import PLATFORMS, Build
from bot.core.platform import Platform
from bot.core.reference import Reference

MAX_PARENTS = 6
"""So many of the parents that are waited for are told, the nearest first."""


class Stage(IntEnum):
    """How far a build is, the least far first.

    NOT_TAKEN_UP: what the library file names was not on record. WAITING: for parents. NOT_RECORDED:
    there is no record of a build, though no parent is waited for. UNFINISHED: queued, running or
    failing. FINISHED: built, and not pushed before the next run of a job.
    """

    NOT_TAKEN_UP = 0
    WAITING = 1
    NOT_RECORDED = 2
    UNFINISHED = 3
    FINISHED = 4


ON_RECORD = frozenset({Stage.WAITING, Stage.UNFINISHED, Stage.FINISHED})
"""The stages that tell whether a parent is waited for."""


@dataclass(frozen=True, slots=True)
class UnfinishedParent:
    """A parent that is to be built first. build, since: None while it has no record of a build."""

    reference: Reference
    build: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is. build: its ID, None while there is no record of it.

    since: when this was first seen, None if it was so from the first copy on. parents: with WAITING
    alone, the nearest first. list_commit: the state of official-images that the records are of.
    finished: the platforms for which the same source is built.
    """

    stage: Stage
    list_commit: str
    build: str | None = None
    since: datetime | None = None
    parents: tuple[UnfinishedParent, ...] = ()
    finished: tuple[Platform, ...] = ()


def progress_of(records: BuildRecords, tag: str, builds: Sequence[Build]) -> Progress:
    """How far a tag such as `node:22` is; builds: what the library file says of its platform.

    The records may be of an older file: only a source at one of the commits that the library file
    names counts. Of several sources, as versions of Windows have, the one that is farthest.
    """
    wanted = {(build.architecture, build.git_commit) for build in builds}
    found = [
        _progress(records, key, architecture)
        for key, source in records.sources.items()
        for architecture, side in source.architectures.items()
        if tag in side.tags and any((architecture, each) in wanted for each in source.commits)
    ]
    not_taken_up = Progress(Stage.NOT_TAKEN_UP, records.list_commit)
    return max(found, key=lambda progress: progress.stage, default=not_taken_up)


def _progress(records: BuildRecords, source: str, architecture: str) -> Progress:
    since = records.since.get((source, architecture))
    state = records.state_of(source, architecture)
    finished = tuple(sorted(_finished(records, source)))
    if state is not None:
        build, is_finished = state
        stage = Stage.FINISHED if is_finished else Stage.UNFINISHED
        return Progress(stage, records.list_commit, build, since, finished=finished)
    parents = tuple(_unfinished_parents(records, source, architecture))[:MAX_PARENTS]
    stage = Stage.WAITING if parents else Stage.NOT_RECORDED
    return Progress(stage, records.list_commit, None, since, parents, finished)


def _finished(records: BuildRecords, source: str) -> Iterator[Platform]:
    for architecture in records.sources[source].architectures:
        state = records.state_of(source, architecture)
        if state is not None and state[1] and architecture in PLATFORMS:
            yield PLATFORMS[architecture]


def _unfinished_parents(
    records: BuildRecords, source: str, architecture: str
) -> Iterator[UnfinishedParent]:
    """The parents that are not built, level by level; their parents only where they wait too."""
    level, seen = [source], {source}
    while level:
        below: list[str] = []
        for key in level:
            for parent in records.sources[key].architectures[architecture].parents:
                if parent.source in seen or not records.knows(parent.source, architecture):
                    continue
                seen.add(parent.source)
                state = records.state_of(parent.source, architecture)
                if state is None:
                    below.append(parent.source)
                    yield UnfinishedParent(parent.reference)
                elif not state[1]:
                    since = records.since.get((parent.source, architecture))
                    yield UnfinishedParent(parent.reference, state[0], since)
        level = below
