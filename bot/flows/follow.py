"""A place wants to hear of new tags that fit a pattern, or no more of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.core.access import Access
from bot.core.errors import RegistryError
from bot.core.message.english.patterns import (
    render_cannot_follow,
    render_following,
    render_pattern_has_no_end,
    render_pattern_keeps_nothing,
    render_too_many_patterns,
    render_unfollowed,
)
from bot.core.message.english.trouble import trouble_sentence
from bot.core.message.neutral import Message
from bot.core.model import Place, Trouble
from bot.core.pattern import TagPattern
from bot.core.platform import Platform
from bot.flows.look import Look
from bot.flows.subscribe import HOPELESS, Plan, Prepared, just_answer
from bot.log import Log
from bot.ports.patterns import NewPattern, Pattern
from bot.ports.registry import Registry
from bot.ports.store import Transaction
from bot.ports.surroundings import Clock

TIMEOUT_S = 5.0
MATCHED_AT_ONCE = 500
"""So many tags are matched before it is seen whether the time is up."""

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class PatternWish:
    """What somebody asked for. person: None on the command line, which has no limits.

    expires_in, standing: what was asked for beside it, and cannot be had.
    """

    pattern: TagPattern
    platforms: tuple[Platform, ...]
    place: Place
    person: str | None
    expires_in: timedelta | None = None
    standing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """Turns wishes for patterns into plans. most: patterns and watches of one place."""

    registry: Registry
    look: Look
    clock: Clock
    most: int
    timeout_s: float = TIMEOUT_S

    async def prepare(self, wish: PatternWish) -> Prepared:
        """List the tags once, so that the answer says what fits; nothing is written yet."""
        pattern = wish.pattern
        if wish.expires_in is not None:
            return _refused(render_pattern_has_no_end(pattern.familiar))
        if wish.standing:
            return _refused(render_pattern_keeps_nothing(pattern.familiar))
        fitting = await self._fitting(pattern, wish.place)
        if isinstance(fitting, RegistryError):
            trouble = Trouble(fitting.kind, fitting.http_status, fitting.retry_at)
            sentence = trouble_sentence(pattern.repository, trouble, now=self.clock())
            return _refused(render_cannot_follow(pattern.familiar, fitting.kind, sentence))
        return Prepared(self._following(wish, fitting))

    def _following(self, wish: PatternWish, fitting: list[str] | None) -> Plan:
        pattern, place = wish.pattern, wish.place

        async def plan(transaction: Transaction) -> Message:
            there = await transaction.patterns.of_place(place)
            if find(there, pattern) is None and wish.person is not None:
                watches = await transaction.watches.of_place(place)
                if len(there) + len(watches) >= self.most:
                    return render_too_many_patterns(pattern.familiar, most=self.most)
            wanted = frozenset(wish.platforms)
            new = NewPattern(pattern.repository, pattern.text, place, wanted, wish.person)
            made, is_new = await transaction.patterns.add(new, now=self.clock())
            every = made.platforms | made.configured
            return render_following(pattern.familiar, every, fitting, is_new=is_new)

        return plan

    async def _fitting(self, pattern: TagPattern, place: Place) -> list[str] | RegistryError | None:
        """What fits now, why waiting will not help, or None if nobody knows at present."""
        repository = pattern.repository
        login = self.look.access(repository, (place,)) is Access.LOGIN
        try:
            async with asyncio.timeout(self.timeout_s):
                listed = await self.registry.changed_tags(
                    repository, etag=None, urgent=True, login=login
                )
                return None if listed is None else await _matched(pattern, listed.tags)
        except (RegistryError, TimeoutError) as error:
            log.debug("tags_not_listed", repository=repository.name, error=str(error))
            hopeless = isinstance(error, RegistryError) and error.kind in HOPELESS
            return error if isinstance(error, RegistryError) and hopeless else None


def _refused(message: Message) -> Prepared:
    return Prepared(just_answer(message), refused=True)


async def _matched(pattern: TagPattern, tags: Sequence[str]) -> list[str]:
    """The tags that fit, the greatest first."""
    found: list[str] = []
    for at in range(0, len(tags), MATCHED_AT_ONCE):
        # Strangers write patterns: of thousands of tags the worst of them take seconds.
        found += await asyncio.to_thread(_fits, pattern, tags[at : at + MATCHED_AT_ONCE])
    return sorted(found, reverse=True)


def _fits(pattern: TagPattern, tags: Sequence[str]) -> list[str]:
    return list(filter(pattern.matches, tags))


def find(patterns: list[Pattern], wanted: TagPattern) -> Pattern | None:
    """The pattern that is meant, among those of a place."""
    for each in patterns:
        if (each.repository, each.text) == (wanted.repository, wanted.text):
            return each
    return None


async def unfollow(transaction: Transaction, pattern: Pattern) -> Message:
    """People want a pattern no more."""
    await transaction.patterns.stop([pattern.id])
    return render_unfollowed(pattern.familiar, configured=bool(pattern.configured))
