"""Ends the watches of official tags that docker-library has ceased to list, and says so."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeGuard

from bot.core.advice import Advice
from bot.core.errors import StoreError
from bot.core.evidence import LibraryAnswer, Said, planned_platforms
from bot.core.library import Library, MalformedLibrary, official_image
from bot.core.message.english.endings import render_unlisted
from bot.core.model import MISSING, TargetId, Watch
from bot.core.platform import Platform
from bot.core.reason import ReasonCode
from bot.core.reference import Reference
from bot.flows.bells import Bells
from bot.flows.question import Explaining, Question
from bot.flows.sight import Sight
from bot.log import Log
from bot.ports.listings import AwaitedTag
from bot.ports.official import Official
from bot.ports.store import Store
from bot.ports.surroundings import Clock, Sleep

EVERY_S = 60
LIBRARY_EVERY_S = 1800.0
"""How often a library file is asked for while a tag that it may list is waited for."""
SURE_AFTER = timedelta(minutes=10)
"""So far apart two copies must be that do not list a tag: a host may serve old ones for a while."""
_IN_VAIN = frozenset({ReasonCode.UNLISTED, ReasonCode.UNKNOWN})

log = Log(__name__)


class Listed:
    """What docker-library lists of the tags that are waited for.

    Nothing follows from a source that fails: it leaves everything as it was.
    """

    def __init__(
        self,
        store: Store,
        *,
        official: Official,
        sight: Sight,
        explain: Explaining,
        clock: Clock,
        bells: Bells,
    ) -> None:
        self._store = store
        self._official = official
        self._sight = sight
        self._explain = explain
        self._clock = clock
        self._bells = bells
        self._answers: dict[str, LibraryAnswer] = {}
        self._missed_at: dict[TargetId, datetime] = {}

    def planned(self, reference: Reference) -> frozenset[Platform] | None:
        """The platforms that a tag is built for, as far as is known without asking anybody.

        None of them for a tag that is certainly not listed.
        """
        image = official_image(reference)
        answer = self._answers.get(image.name) if image else None
        planned = planned_platforms(reference, answer)
        return frozenset() if planned is None and _is_fresh(answer) else planned

    async def refresh(self) -> None:
        """Read the library files of what is waited for, as far as they are due, and act on them."""
        async with self._store.reading() as transaction:
            awaited = await transaction.listings.awaited()
        of_image: defaultdict[str, list[AwaitedTag]] = defaultdict(list)
        for tag in awaited:
            image = official_image(tag.reference)
            if image is not None:
                of_image[image.name].append(tag)
        self._answers = {name: self._answers.get(name) for name in of_image}
        tags = {tag.target for tag in awaited}
        self._missed_at = {tag: at for tag, at in self._missed_at.items() if tag in tags}
        for name, tags_of_image in of_image.items():
            known = await self._official.library(name, max_age_s=LIBRARY_EVERY_S)
            self._answers[name] = known.answer
            await self._judge(known.answer, tags_of_image)

    async def _judge(self, answer: LibraryAnswer, tags: Sequence[AwaitedTag]) -> None:
        """Act on a clear and fresh answer; on no other."""
        if not _is_fresh(answer):
            return
        library = answer.value
        if library is None:  # as for a repository that nobody builds; or its host's mistake
            return
        listed = [tag for tag in tags if tag.reference.tag in library.tags]
        new = [tag.target for tag in listed if tag.listed_at is None]
        if new:
            async with self._store.transaction() as transaction:
                await transaction.listings.note_listed(new, now=answer.at)
        for tag in listed:
            self._missed_at.pop(tag.target, None)
        for tag in tags:
            if tag.reference.tag not in library.tags and tag.listed_at is not None:
                missed_at = self._missed_at.setdefault(tag.target, answer.at)
                if answer.at - missed_at >= SURE_AFTER:
                    await self._end(tag)

    async def _end(self, tag: AwaitedTag) -> None:
        """End the watches that wait for a platform of the tag, each with its notice."""
        async with self._store.reading() as transaction:
            waiting = await transaction.listings.waiting(tag.target)
        advices = await self._advise(tag.reference, waiting)
        if any(advice.reason.code not in _IN_VAIN for advice in advices.values()):
            return  # it has come in the last minute, or is listed again
        now = self._clock()
        async with self._store.transaction() as transaction:
            watches = await transaction.listings.unlist(tag.target)
            for watch in watches:
                own = [advices[each] for each in _missing(watch) if each in advices]
                message = render_unlisted(watch, own, now=now)
                await transaction.outbox.post(watch.place, message, now=now)
            ended = [watch.id for watch in watches if not watch.configured]
            await transaction.watches.end(ended, why="unlisted", now=now)
        self._bells.deliveries.ring()
        log.info("watches_unlisted", tag=str(tag.reference), watches=len(ended))

    async def _advise(
        self, reference: Reference, waiting: Sequence[Watch]
    ) -> Mapping[Platform, Advice]:
        """Why each platform is missing, and what works instead, as the first place may know it."""
        platforms = tuple(dict.fromkeys(chain.from_iterable(map(_missing, waiting))))
        if not platforms:
            return {}
        place = waiting[0].place
        seen, _ = await self._sight.see(reference, platforms, place=place)
        advices = await self._explain(Question(reference, seen, place), platforms)
        return {advice.platform: advice for advice in advices}


async def keep_listed_for_ever(listed: Listed, *, sleep: Sleep) -> None:
    """Refresh until cancelled."""
    while True:
        try:
            await listed.refresh()
        except StoreError as error:
            log.error("listings_failed", error=str(error))
        except Exception:
            # One image's bug must not keep the others for ever.
            log.exception("listings_failed")
        await sleep(EVERY_S)


def _is_fresh(answer: LibraryAnswer) -> TypeGuard[Said[Library | None]]:
    """Whether it says what is listed now; a copy of a source that fails since says what was."""
    return (
        isinstance(answer, Said)
        and answer.trouble is None
        and not isinstance(answer.value, MalformedLibrary)
    )


def _missing(watch: Watch) -> tuple[Platform, ...]:
    return tuple(want.platform for want in watch.wants if want.state in MISSING)
