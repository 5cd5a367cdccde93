"""What the [[watch]] blocks want, and keeping it so while the bot runs."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.app.image_files import Images, images_in
from bot.config import Loaded, Settings, WatchBlock, parse_place
from bot.config.watches import FILE
from bot.core.errors import ConfigurationError, InvalidInput, StoreError
from bot.core.model import Event, Place
from bot.core.pattern import parse_tag_pattern, split_pattern
from bot.core.platform import Platform
from bot.core.reference import Reference, parse_reference
from bot.flows.bells import Bell
from bot.flows.reconcile import Plan, Reconciled
from bot.log import Log
from bot.ports.configured import Terms
from bot.ports.surroundings import Clock

FILES_EVERY_S = 5.0
"""How often to see whether a named file has changed; it is read once it stays the same."""

ENVIRONMENT = ".env"

Reconciling = Callable[[Plan], Awaitable[Reconciled]]
"""What a Reconciler does."""

log = Log(__name__)


@dataclass(slots=True)
class Doubt:
    """What a block with a mistake may have meant; watches of that do not end for the mistake."""

    references: set[Reference] = field(default_factory=set)
    places: set[Place] = field(default_factory=set)
    everything: bool = False

    def covers(self, reference: Reference, place: Place) -> bool:
        """Whether the watch may be one that such a block means."""
        return self.everything or reference in self.references or place in self.places

    def add(self, raw: Any) -> None:
        """Take an unchecked block's images, or its places where these do not say enough."""
        images, places = _texts(raw, "images"), _texts(raw, "places")
        named = {found for found in map(_reference, images) if found is not None}
        self.references |= named
        if named and not any(image.startswith(FILE) for image in images):
            return
        known = {found for found in map(_place, places) if found is not None}
        self.places |= known
        self.everything = self.everything or not known


def plan_of(loaded: Loaded) -> tuple[Plan, tuple[str, ...], tuple[str, ...]]:
    """What the blocks want; a sentence for each of their files, or part of one, that cannot be
    read; and one for each name in them that depends on what its file does not say.
    """
    settings, doubt = loaded.settings, Doubt()
    wanted: dict[tuple[Reference, Place], Terms] = {}
    patterns: dict[tuple[Reference, str, Place], frozenset[Platform]] = {}
    called: defaultdict[Any, tuple[str, ...]] = defaultdict(tuple)
    mistakes: list[str] = []
    gaps: list[str] = []
    for raw in loaded.doubtful:
        doubt.add(raw)
    for block in settings.watch:
        platforms = frozenset(block.platforms or settings.default_platforms)
        images = [(reference, platforms) for reference in block.references]
        for named, found in _read_files(block, settings.folder, platforms):
            images += found.wanted.items()
            mistakes += (f"{named}: {each}" for each in found.mistakes)
            gaps += (f"{named}: {each}" for each in found.gaps)
            if found.mistakes or found.gaps:
                doubt.places |= set(block.places)
        for place in block.places:
            for pattern in block.patterns:
                key = (pattern.repository, pattern.text, place)
                patterns[key] = patterns.get(key, frozenset()) | platforms
                called[key] += block.names
            for reference, needed in images:
                _want(wanted, (reference, place), needed, block.tells)
                called[reference, place] += block.names
    return Plan(wanted, doubt.covers, patterns, called), tuple(mistakes), tuple(gaps)


def _want(
    wanted: dict[tuple[Reference, Place], Terms],
    key: tuple[Reference, Place],
    platforms: frozenset[Platform],
    tells: frozenset[Event],
) -> None:
    """Two blocks that name an image for one place want what both say."""
    before = wanted.get(key, Terms(frozenset(), frozenset()))
    wanted[key] = Terms(before.platforms | platforms, before.tells | tells)


def _read_files(
    block: WatchBlock, folder: Path, platforms: Collection[Platform]
) -> Iterator[tuple[str, Images]]:
    """What each file of a block names, with where the block names the file."""
    for name in block.files:
        number = block.images.index(FILE + name) + 1
        yield f"{block.title}, `images` item {number}", images_in(folder / name, name, platforms)


def _texts(raw: Any, key: str) -> list[str]:
    listed = raw.get(key) if isinstance(raw, Mapping) else None
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def _reference(text: str) -> Reference | None:
    """The image, or the repository of a pattern."""
    try:
        if split_pattern(text) is not None:
            return parse_tag_pattern(text).repository
        return parse_reference(text)
    except InvalidInput:
        return None


def _place(text: str) -> Place | None:
    try:
        return parse_place(text)
    except InvalidInput:
        return None


class StandingOrders:
    """Keeps the watches as the configuration wants them: at the start, when told, and when a file
    that it names has changed.
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        load: Callable[[], Loaded],
        reconcile: Reconciling,
        clock: Clock,
        every_s: float = FILES_EVERY_S,
    ) -> None:
        self._loaded = loaded
        self._load = load
        self._reconcile = reconcile
        self._clock = clock
        self._every_s = every_s
        self._bell = Bell()
        self._told = False

    def reload(self) -> None:
        """Read the configuration again, soon."""
        self._told = True
        self._bell.ring()

    async def run(self) -> None:
        """Reconcile until cancelled."""
        read, before = None, await self._stamps()
        while True:
            if self._told:
                self._told, read = False, None
                await self._read_again()
            now = await self._stamps()
            if read is None or (now != read and now == before):
                read = now if await self._once() else None
            before = now
            await self._bell.listen(until=None, now=self._clock(), at_most_s=self._every_s)

    async def _read_again(self) -> None:
        try:
            loaded = await asyncio.to_thread(self._load)
        except ConfigurationError as error:
            log.error("configuration_not_read", mistakes=list(error.mistakes))
            return
        if _others(loaded.settings) != _others(self._loaded.settings):
            log.warning("restart_needed", because="only [[watch]] blocks are read while running")
        self._loaded = Loaded(
            self._loaded.settings.model_copy(update={"watch": loaded.settings.watch}),
            loaded.left_out,
            loaded.doubtful,
        )

    async def _once(self) -> bool:
        """Reconcile; False if the database did not let us, so that it is tried again."""
        for mistake in self._loaded.left_out:
            log.error("watch_block_left_out", mistake=mistake)
        plan, mistakes, gaps = await asyncio.to_thread(plan_of, self._loaded)
        for mistake in mistakes:
            log.error("watch_block_in_part", mistake=mistake)
        for gap in gaps:
            log.warning("image_not_known", gap=gap)
        try:
            await self._reconcile(plan)
        except StoreError as error:
            log.error("watches_not_reconciled", error=str(error))
            return False
        except Exception:
            # A bug here must not stop what is watched already.
            log.exception("watches_not_reconciled")
        return True

    async def _stamps(self) -> Mapping[Path, object]:
        settings = self._loaded.settings
        named = {settings.folder / name for block in settings.watch for name in block.files}
        # A compose file takes values from the one beside it.
        files = named | {file.with_name(ENVIRONMENT) for file in named}
        return await asyncio.to_thread(_stamps_of, files) if files else {}


def _others(settings: Settings) -> Settings:
    return settings.model_copy(update={"watch": ()})


def _stamps_of(files: Iterable[Path]) -> Mapping[Path, object]:
    """What tells whether a file has changed; None for one that is not there."""
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> object:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
