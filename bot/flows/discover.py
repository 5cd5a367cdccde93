"""Finds new tags for those who want to hear of them: claim a repository, list its tags, compare."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.access import Access
from bot.core.errors import InvalidInput, RegistryError
from bot.core.pattern import TagPattern, parse_tag_pattern
from bot.core.schedule import Pacing, next_list
from bot.flows.bells import Bells
from bot.flows.crew import Crew
from bot.flows.look import Look
from bot.log import Log
from bot.ports.patterns import ClaimedTags, Listed, Pattern
from bot.ports.registry import Courtesy, Registry, TagList
from bot.ports.store import Store
from bot.ports.surroundings import Chance, Clock

CONCURRENCY = 5
MAX_NEWS = 20
"""New tags that one look makes watches of; more come with the next look, which follows at once."""
FORGOTTEN = 20_000
"""So many tags that are listed no more are remembered besides as many as are listed: a tag that is
pushed again is not new, and a registry that lists few of them for once makes none of them new."""

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """New tags and the patterns they fit, and what is known from now on; None: what was known.

    more: there are others, for the next look.
    """

    known: frozenset[str] | None
    news: tuple[tuple[Pattern, str], ...] = ()
    more: bool = False


def compare(claimed: ClaimedTags, listed: Sequence[str], *, at_most: int = MAX_NEWS) -> Found:
    """What is new to those who wanted to hear of it when the tags were last listed."""
    if claimed.known is None or claimed.looked_at is None:
        return Found(frozenset(listed))
    if not listed:
        # A repository that is gone for a while must not be new as a whole when it is back.
        return Found(None)
    fresh = [tag for tag in listed if tag not in claimed.known]
    if not fresh:
        return Found(None)
    known_to = [each for each in claimed.patterns if each.created_at <= claimed.looked_at]
    readable = [(pattern, read) for pattern in known_to if (read := _read(pattern)) is not None]
    news: list[tuple[Pattern, str]] = []
    later: set[str] = set()
    for tag in fresh:
        fitting = [(pattern, tag) for pattern, read in readable if read.matches(tag)]
        if news and len(news) + len(fitting) > at_most:
            later.add(tag)
        else:
            news.extend(fitting)
    known = claimed.known.union(listed) - later
    if len(known) > 2 * len(listed) + FORGOTTEN:
        known = frozenset(listed) - later
    return Found(known, tuple(news), bool(later))


def _read(pattern: Pattern) -> TagPattern | None:
    try:
        return parse_tag_pattern(pattern.familiar)
    except InvalidInput as error:
        # It was understood when it was made; one bad row must not keep the others.
        log.error("pattern_not_readable", pattern=pattern.id, error=str(error))
        return None


@dataclass(slots=True, kw_only=True)
class Discoverer:
    """Lists the tags of repositories that are due, and makes watches of new ones that fit.

    timeout_s: what a whole list may take. expires_in: how long a new tag is waited for.
    """

    store: Store
    registry: Registry
    look: Look
    courtesy: Courtesy
    bells: Bells
    clock: Clock
    chance: Chance
    pacing: Pacing
    timeout_s: float
    lease_s: float
    expires_in: timedelta
    _busy: Counter[str] = field(init=False, default_factory=Counter)
    _crew: Crew[ClaimedTags] = field(init=False)

    def __post_init__(self) -> None:
        self._crew = Crew(
            name="tags",
            at_most=CONCURRENCY,
            bell=self.bells.tags,
            clock=self.clock,
            claim=self._claim,
            next_due_at=self._next_due_at,
            do=self.discover,
        )

    def stop(self) -> None:
        """Let run() end when the lists under way are compared."""
        self._crew.stop()

    async def run(self) -> None:
        """Discover until stopped."""
        await self._crew.run()

    async def _claim(self, limit: int) -> Sequence[ClaimedTags]:
        async with self.store.transaction() as transaction:
            return await transaction.patterns.claim(
                capacity=lambda host: self.courtesy.capacity(host, busy=self._busy[host]),
                limit=limit,
                now=self.clock(),
                lease_s=self.lease_s,
            )

    async def _next_due_at(self) -> datetime | None:
        async with self.store.reading() as transaction:
            return await transaction.patterns.next_due_at(
                opens_at=lambda host: self.courtesy.opens_at(host, busy=self._busy[host])
            )

    async def discover(self, claimed: ClaimedTags) -> None:
        """List the tags of one claimed repository and write what is new. Raises StoreError."""
        registry = claimed.repository.registry
        self._busy[registry] += 1
        try:
            listed = await self._listed(claimed)
        finally:
            self._busy[registry] -= 1
        async with self.store.transaction() as transaction:
            now = self.clock()
            held = await transaction.patterns.record(
                listed, expires_at=now + self.expires_in, now=now
            )
        if listed.news and held:
            log.info(
                "tags_discovered",
                repository=claimed.repository.name,
                tags=[tag for _, tag in listed.news],
            )
            self.bells.looks.ring()

    async def _listed(self, claimed: ClaimedTags) -> Listed:
        places = {pattern.place for pattern in claimed.patterns}
        login = self.look.access(claimed.repository, places) is Access.LOGIN
        try:
            async with asyncio.timeout(self.timeout_s):
                tags = await self.registry.changed_tags(
                    claimed.repository, etag=claimed.etag, urgent=False, login=login
                )
        except (RegistryError, TimeoutError) as error:
            return self._failed(claimed, error)
        if tags is None:
            return self._result(claimed, Found(None), claimed.etag)
        if not tags.whole:
            log.warning(
                "tags_not_all_listed", repository=claimed.repository.name, tags=len(tags.tags)
            )
        # Of thousands of tags that are all new at once.
        found = await asyncio.to_thread(compare, claimed, tags.tags)
        return self._result(claimed, found, _etag_after(found, tags))

    def _result(self, claimed: ClaimedTags, found: Found, etag: str | None) -> Listed:
        now = self.clock()
        due_at = next_list(now, failures=0, chance=self.chance(), pacing=self.pacing)
        return Listed(claimed, found.known, etag, found.news, now if found.more else due_at, 0)

    def _failed(self, claimed: ClaimedTags, error: RegistryError | TimeoutError) -> Listed:
        failures = claimed.failures + 1
        log.info(
            "tags_not_listed",
            repository=claimed.repository.name,
            error=str(error) or "no answer in time",
            failures=failures,
        )
        due_at = next_list(
            self.clock(), failures=failures, chance=self.chance(), pacing=self.pacing
        )
        retry_at = error.retry_at if isinstance(error, RegistryError) else None
        due_at = max(due_at, retry_at) if retry_at is not None else due_at
        return Listed(claimed, None, claimed.etag, (), due_at, failures)


def _etag_after(found: Found, tags: TagList) -> str | None:
    """What to ask by next time; nothing while some of the list is still to be told."""
    return None if found.more else tags.etag
