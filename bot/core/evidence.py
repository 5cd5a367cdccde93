"""What each source said about a tag, and when; or that it failed, or was not asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Generic, TypeVar

from bot.core.errors import TroubleKind
from bot.core.library import (
    Library,
    MalformedLibrary,
    OfficialImage,
    architecture_tag,
    official_image,
)
from bot.core.model import Observation, Trouble
from bot.core.platform import Platform
from bot.core.progress import ON_RECORD, Progress, Stage
from bot.core.reference import Reference

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """What a source said, and when.

    trouble: of a later attempt; then the value is a kept copy, which may be out of date.
    """

    value: T
    at: datetime
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A source was asked and gave no clear answer."""

    at: datetime
    trouble: Trouble


Answer = Said[T] | Failed | None
"""What came of a source; None: it was not asked."""

LibraryAnswer = Answer[Library | MalformedLibrary | None]
"""What came of library/NAME; that it said None means that there is no such file."""


class Source(Enum):
    """Who can say something about a tag."""

    INDEX = "index"
    LIBRARY = "library"
    ARCHITECTURE_TAG = "architecture_tag"
    DOCKERFILE = "dockerfile"
    BUILD_RECORDS = "build_records"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class Check:
    """That a source was asked about a subject, and what came of it.

    at: None if it was not asked. trouble: None if it answered. kept: there is trouble, and a copy
    from that time is used instead.
    """

    source: Source
    subject: str
    at: datetime | None
    trouble: Trouble | None = None
    kept: bool = False

    @property
    def failed(self) -> bool:
        """Whether it was asked and there is nothing to go by."""
        return self.trouble is not None and not self.kept


@dataclass(frozen=True, slots=True)
class Ancestor:
    """An image that the tag's build builds upon, directly or not.

    library: the file that describes it; built: what the tag of its architecture offers, None if
    nobody looked. changed_at: when the library file last changed, None if that is not known.
    """

    reference: Reference
    library: LibraryAnswer = None
    built: Observation | None = None
    changed_at: datetime | None = None

    def checks(self, platform: Platform) -> "Iterator[Check]":
        """What came of its sources, if there are any."""
        if official_image(self.reference) is not None:
            yield library_check(self.reference, self.library)
        own = architecture_tag(self.reference, platform)
        if own is not None and self.built is not None:
            yield observation_check(Source.ARCHITECTURE_TAG, own, self.built)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is known about one platform of one tag.

    index: of the tag itself. built: of the architecture's own tag, None if nobody looked.
    ancestors: the nearest first. listed_since: when the library file began to name the tag, None
    if that is not known. progress: by the build system's own records. merged: when the change that
    lists the tag was merged; that it said None means that it was too long ago to be told.
    """

    reference: Reference
    platform: Platform
    index: Observation
    library: LibraryAnswer = None
    built: Observation | None = None
    ancestors: Answer[tuple[Ancestor, ...]] = None
    listed_since: datetime | None = None
    progress: Answer[Progress] = None
    merged: Answer[datetime | None] = None

    @property
    def image(self) -> OfficialImage | None:
        """The official image that the tag may be of, by its name; None if it can be none."""
        return None if self.reference.tag is None else official_image(self.reference)

    @property
    def planned(self) -> frozenset[Platform] | None:
        """The platforms that the tag is built for; None if it is not listed or nobody knows."""
        return planned_platforms(self.reference, self.library)

    @property
    def merged_at(self) -> datetime | None:
        """When the change that lists the tag was merged; None if that is not known."""
        return self.merged.value if isinstance(self.merged, Said) else None

    @property
    def planned_since(self) -> datetime | None:
        """Since when the tag is to be built; None if that is not known."""
        return self.merged_at or self.listed_since

    @property
    def known_progress(self) -> Progress | None:
        """How far its build is; None if that is not known."""
        return self.progress.value if isinstance(self.progress, Said) else None

    @property
    def is_on_record(self) -> bool:
        """Whether its progress tells all that there is to know about parents."""
        progress = self.known_progress
        return progress is not None and progress.stage in ON_RECORD

    @property
    def is_built(self) -> bool:
        """Whether its build is on record as finished."""
        progress = self.known_progress
        return progress is not None and progress.stage is Stage.FINISHED

    @property
    def there(self) -> frozenset[Platform]:
        """The platforms of the tag that are not known to be out of reach."""
        return frozenset(
            platform
            for platform, entry in self.index.entries.items()
            if entry.reachable is not False
        )

    @property
    def is_unbuilt(self) -> bool:
        """Whether the platform is known to be planned, and not to be built yet."""
        is_planned = self.platform in (self.planned or ())
        built = self.built
        return (
            is_planned and built is not None and built.is_clear and not built.listed(self.platform)
        )

    @property
    def usable_now(self) -> Reference | None:
        """The architecture's own tag, if the platform was seen there."""
        if self.built is None or self.built.offers(self.platform) is None:
            return None
        return architecture_tag(self.reference, self.platform)

    def checks(self) -> Iterator[Check]:
        """Every source of the tag itself, with what came of it."""
        yield observation_check(Source.INDEX, self.reference, self.index)
        if self.image is not None:
            yield library_check(self.reference, self.library)
            own = architecture_tag(self.reference, self.platform)
            if own is not None:
                yield observation_check(Source.ARCHITECTURE_TAG, own, self.built)
            yield answer_check(Source.DOCKERFILE, self.reference.familiar, self.ancestors)
            yield from self.checks_of_builds()

    def checks_of_builds(self) -> Iterator[Check]:
        """The sources that are asked only where somebody has switched them on, if they were."""
        if self.image is not None and self.progress is not None:
            yield answer_check(Source.BUILD_RECORDS, self.image.name, self.progress)
        if self.merged is not None:
            yield answer_check(Source.MERGE, self.reference.familiar, self.merged)

    def checks_of_ancestors(self) -> Iterator[Check]:
        """Every source of what the tag builds upon, with what came of it."""
        if isinstance(self.ancestors, Said):
            for ancestor in self.ancestors.value:
                yield from ancestor.checks(self.platform)


def planned_platforms(reference: Reference, answer: LibraryAnswer) -> frozenset[Platform] | None:
    """What a library file says the tag is built for, as far as the tag's repository can hold it."""
    image = official_image(reference)
    library = library_of(answer)
    if image is None or reference.tag is None or library is None:
        return None
    planned = library.platforms_of(reference.tag)
    if planned is None or image.platform is None:
        return planned
    return planned & {image.platform}


def library_of(answer: LibraryAnswer) -> Library | None:
    """The library file, fresh or kept; None for anything else that was said."""
    value = answer.value if isinstance(answer, Said) else None
    return value if isinstance(value, Library) else None


def commits_of(reference: Reference, answer: LibraryAnswer, platform: Platform) -> frozenset[str]:
    """The commits that the platform of a tag is built from now; none if nobody knows."""
    library = library_of(answer)
    if library is None or official_image(reference) is None:
        return frozenset()
    builds = library.builds_of(reference.tag or "", platform)
    return frozenset(build.git_commit for build in builds)


def is_undecided(observation: Observation, platform: Platform) -> bool:
    """Whether the look does not tell if the platform is there."""
    listed = observation.listed(platform)
    unseen = listed is not None and listed[1].reachable is None
    return not observation.is_clear or unseen


def observation_check(source: Source, reference: Reference, seen: Observation | None) -> Check:
    """What came of a look at a tag."""
    if seen is None:
        return Check(source, reference.familiar, None)
    return Check(source, reference.familiar, seen.observed_at, seen.trouble)


def library_check(reference: Reference, answer: LibraryAnswer) -> Check:
    """What came of the library file; one that cannot be understood has failed."""
    image = official_image(reference)
    name = reference.name if image is None else image.name
    if isinstance(answer, Said) and isinstance(answer.value, MalformedLibrary):
        return Check(Source.LIBRARY, name, answer.at, Trouble(TroubleKind.MALFORMED))
    return answer_check(Source.LIBRARY, name, answer)


def answer_check(source: Source, subject: str, answer: Answer[T]) -> Check:
    """What came of a source."""
    if answer is None:
        return Check(source, subject, None)
    kept = isinstance(answer, Said) and answer.trouble is not None
    return Check(source, subject, answer.at, answer.trouble, kept)
