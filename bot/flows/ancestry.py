"""The images that a build builds upon, and whether they are built themselves."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from bot.core.dockerfile import parents_of
from bot.core.evidence import Ancestor, Answer, Evidence, Failed, Said
from bot.core.library import Build, Library, architecture_tag, official_image
from bot.core.model import Observation, Place
from bot.core.platform import Platform
from bot.core.reason import ReasonCode, explain
from bot.core.reference import Reference
from bot.ports.official import KnownLibrary, Official
from bot.ports.surroundings import Clock

MAX_LEVELS = 2
MAX_ANCESTORS = 6
"""Of all levels together; nearly all images have one parent, or two."""

Parents = Said[tuple[Reference, ...]] | Failed | None


class Ancestry:
    """Finds ancestors: Dockerfile, then the parents' own library files and builds."""

    def __init__(
        self,
        official: Official,
        glance: Callable[..., Awaitable[Observation]],
        library: Callable[[str], Awaitable[KnownLibrary]],
        *,
        clock: Clock,
    ) -> None:
        self._official = official
        self._glance = glance
        self._library = library
        self._clock = clock

    async def of(self, evidence: Evidence, *, place: Place) -> Answer[tuple[Ancestor, ...]]:
        """The ancestors of a tag that is listed, level by level, until one is waited for.

        Failed if a Dockerfile cannot be had; None if there is none to be had.
        """
        platform = evidence.platform
        level = [build for build in _builds(evidence) if build.platform == platform]
        found: dict[Reference, Ancestor] = {}
        for _ in range(MAX_LEVELS):
            parents = await self._parents(level)
            if not isinstance(parents, Said):
                return parents
            level = []
            for reference in parents.value:
                if reference in found or len(found) == MAX_ANCESTORS:
                    continue
                found[reference], builds = await self._ancestor(reference, platform, place)
                level.extend(builds)
            said = Said(tuple(found.values()), self._clock())
            judged = explain(replace(evidence, ancestors=said))
            if judged.code is ReasonCode.WAITING_PARENT or not level:
                break
        return Said(tuple(found.values()), self._clock())

    async def _parents(self, builds: Iterable[Build]) -> Parents:
        """What the builds of one level build upon; finished images build upon nothing."""
        parents: dict[Reference, None] = {}
        for build in builds:
            if build.dockerfile is None:
                continue
            answer = await self._official.dockerfile(build)
            if answer is None or isinstance(answer, Failed):
                return answer
            named = None if answer.value is None else parents_of(answer.value)
            if named is None:
                return None
            parents.update(dict.fromkeys(named))
        return Said(tuple(parents), self._clock())

    async def _ancestor(
        self, reference: Reference, platform: Platform, place: Place
    ) -> tuple[Ancestor, tuple[Build, ...]]:
        """What is known of a parent, and from what it is built itself."""
        image = official_image(reference)
        if image is None:
            return Ancestor(reference), ()
        known = await self._library(image.name)
        library = known.answer.value if isinstance(known.answer, Said) else None
        own = architecture_tag(reference, platform)
        builds: tuple[Build, ...] = ()
        if isinstance(library, Library) and reference.tag is not None:
            builds = library.builds_of(reference.tag, platform)
        if own is None or not builds:
            return Ancestor(reference, known.answer, changed_at=known.changed_at), ()
        built = await self._glance(own, (platform,), place=place)
        return Ancestor(reference, known.answer, built, known.changed_at), builds


def _builds(evidence: Evidence) -> tuple[Build, ...]:
    library = evidence.library.value if isinstance(evidence.library, Said) else None
    if not isinstance(library, Library) or evidence.reference.tag is None:
        return ()
    return library.builds_of(evidence.reference.tag, evidence.platform)
