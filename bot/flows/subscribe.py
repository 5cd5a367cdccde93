"""A person wants platforms of a tag: look and answer at once, watch if something is missing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.core.advice import Advice, in_vain, is_planned
from bot.core.errors import TroubleKind
from bot.core.message.english.answers import (
    render_cannot_watch,
    render_joined,
    render_not_widened,
    render_watching,
)
from bot.core.message.english.checks import render_already_there
from bot.core.message.english.hints import (
    render_too_many_here,
    render_too_many_of_yours,
    with_suggestions,
)
from bot.core.message.english.why import render_not_built, with_not_built
from bot.core.message.neutral import Message
from bot.core.model import Observation, Status, Trouble
from bot.core.platform import Platform
from bot.core.reason import ReasonCode
from bot.core.reference import Reference
from bot.flows.question import Depth, Explaining, Question
from bot.flows.sight import Sight
from bot.flows.suggest import Suggesting, suggest_nothing
from bot.flows.wish import CHAT, Wish
from bot.ports.store import Transaction
from bot.ports.surroundings import Clock
from bot.ports.watches import AddedWatch, NewWatch

Plan = Callable[[Transaction], Awaitable[Message]]
"""The effect of a command: done within one transaction, with the answer as its value."""

HOPELESS = frozenset(
    {
        TroubleKind.DENIED,
        TroubleKind.LOGIN_REFUSED,
        TroubleKind.LOGIN_UNAVAILABLE,
        TroubleKind.EGRESS_REFUSED,
        TroubleKind.UNLISTED_REGISTRY,
        TroubleKind.UNSUPPORTED,
    }
)
"""Troubles that waiting does not cure: no watch is made."""


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """How many watches one person, and one conversation, may have."""

    per_person: int
    per_conversation: int


@dataclass(frozen=True, slots=True)
class SubscribeSettings:
    """fresh_s: an observation younger than this answers without another look."""

    default_platforms: tuple[Platform, ...]
    expires_in: timedelta
    fresh_s: float
    limits: WatchLimits | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be done about a wish; refused: no watch is made, waiting would not help."""

    plan: Plan
    refused: bool = False


class Subscriber:
    """Turns wishes into plans."""

    def __init__(
        self,
        sight: Sight,
        *,
        clock: Clock,
        settings: SubscribeSettings,
        explain: Explaining,
        suggest: Suggesting = suggest_nothing,
    ) -> None:
        self._sight = sight
        self._explain = explain
        self._clock = clock
        self._settings = settings
        self._suggest = suggest

    async def prepare(self, wish: Wish) -> Prepared:
        """Look, and say what is to be done; nothing is written yet."""
        platforms = wish.platforms or self._settings.default_platforms
        seen, _ = await self._sight.see(wish.reference, platforms, place=wish.place)
        trouble = seen.trouble
        if trouble is not None and self._is_hopeless(wish, trouble):
            return Prepared(self._refusal(wish, platforms, trouble), refused=True)
        missing = [platform for platform in platforms if seen.offers(platform) is None]
        if not missing and not wish.standing:
            return await self._already_there(wish, platforms, seen)
        advices = await self._advices(wish, missing, seen)
        nearest: tuple[Reference, ...] = ()
        if seen.status is Status.TAG_MISSING and not is_planned(advices):
            nearest = await self._suggest(wish.reference, place=wish.place)
        hopeless = {advice.platform for advice in in_vain(advices)}
        if hopeless and hopeless.issuperset(missing) and not wish.anyway:
            return Prepared(self._not_built(wish, platforms, advices, nearest), refused=True)
        return Prepared(self._watching(wish, platforms, seen, advices, nearest))

    async def _already_there(
        self, wish: Wish, platforms: tuple[Platform, ...], seen: Observation
    ) -> Prepared:
        """What is there may still be the previous build of a tag that moves on."""
        question = Question(wish.reference, seen, wish.place, Depth.REASON)
        advices = await self._explain(question, platforms)
        now = self._clock()
        answer = render_already_there(wish.reference, platforms, seen, now=now, advices=advices)
        return Prepared(just_answer(answer))

    async def _advices(
        self, wish: Wish, missing: Sequence[Platform], seen: Observation
    ) -> Sequence[Advice]:
        if not missing or not seen.is_clear:
            return ()
        return await self._explain(Question(wish.reference, seen, wish.place), missing)

    def _not_built(
        self,
        wish: Wish,
        platforms: tuple[Platform, ...],
        advices: Sequence[Advice],
        nearest: tuple[Reference, ...],
    ) -> Plan:
        answer = render_not_built(wish.reference, platforms, advices, now=self._clock())
        return just_answer(with_suggestions(answer, nearest, platforms))

    def _watching(
        self,
        wish: Wish,
        platforms: tuple[Platform, ...],
        seen: Observation,
        advices: Sequence[Advice],
        nearest: tuple[Reference, ...],
    ) -> Plan:
        """Watch what there is hope for, or all that somebody insists on."""
        left_out = () if wish.anyway else in_vain(advices)
        hopeless = {advice.platform for advice in left_out}
        kept = tuple(platform for platform in platforms if platform not in hopeless)
        hopeful = [advice for advice in advices if advice not in left_out]

        async def plan(transaction: Transaction) -> Message:
            refusal = await self._too_many(transaction, wish)
            if refusal is not None:
                return refusal
            now = self._clock()
            added = await self._add(transaction, wish, kept, seen, hopeful, now=now)
            render = (
                render_watching if added.created else partial(render_joined, joined=added.joined)
            )
            answer = render(
                added.watch,
                seen=seen,
                now=now,
                advices=hopeful,
                spare=bool(left_out) + bool(nearest),
            )
            answer = with_not_built(answer, wish.reference, left_out, now=now)
            return with_suggestions(answer, nearest, kept)

        return plan

    def _refusal(self, wish: Wish, platforms: tuple[Platform, ...], trouble: Trouble) -> Plan:
        async def plan(transaction: Transaction) -> Message:
            now = self._clock()
            for watch in await transaction.watches.of_place(wish.place):
                if watch.reference == wish.reference:
                    return render_not_widened(watch, platforms, trouble, now=now)
            return render_cannot_watch(wish.reference, trouble, now=now)

        return plan

    def _is_hopeless(self, wish: Wish, trouble: Trouble) -> bool:
        """Whether waiting cures nothing, or would take the login away from those who may use it:
        a target that is shared with a place that may not is looked at anonymously for all.
        """
        return trouble.kind in HOPELESS or self._sight.is_withheld(wish.reference, wish.place)

    async def _too_many(self, transaction: Transaction, wish: Wish) -> Message | None:
        """The refusal of one watch too many; None if there is room, or it is no new one."""
        limits = self._settings.limits
        if limits is None or wish.source != CHAT:
            return None
        held = await transaction.watches.held(wish.place, wish.person, source=CHAT)
        is_full = held.of_conversation >= limits.per_conversation
        if not is_full and held.of_person < limits.per_person:
            return None
        for watch in await transaction.watches.of_place(wish.place):
            if watch.reference == wish.reference:
                is_full = False
                if wish.person in watch.people:
                    return None
        if is_full:
            return render_too_many_here(wish.reference, most=limits.per_conversation)
        if held.of_person >= limits.per_person:
            return render_too_many_of_yours(wish.reference, most=limits.per_person)
        return None

    async def _add(
        self,
        transaction: Transaction,
        wish: Wish,
        platforms: tuple[Platform, ...],
        seen: Observation,
        advices: Sequence[Advice],
        *,
        now: datetime,
    ) -> AddedWatch:
        offered = {platform: seen.offers(platform) for platform in platforms}
        return await transaction.watches.add(
            NewWatch(
                reference=wish.reference,
                place=wish.place,
                platforms=platforms,
                met={p: entry.digest for p, entry in offered.items() if entry is not None},
                person=wish.person,
                standing=wish.standing,
                expires_at=self._expires_at(wish, now),
                observation=seen if seen.is_clear else None,
                source=wish.source,
                due_at=await self._due_at(transaction, wish.reference, seen, now),
                tells=wish.tells,
                built=frozenset(
                    advice.platform
                    for advice in advices
                    if advice.reason.code is ReasonCode.BUILT_PENDING_INDEX
                ),
            ),
            now=now,
        )

    def _expires_at(self, wish: Wish, now: datetime) -> datetime | None:
        if wish.expires_in is not None:
            return now + wish.expires_in
        return None if wish.standing else now + self._settings.expires_in

    async def _due_at(
        self, transaction: Transaction, reference: Reference, seen: Observation, now: datetime
    ) -> datetime:
        """At once, unless nobody can have seen anything newer than what this watch starts from."""
        known = await transaction.targets.find(reference, now=now)
        newest = known is None or (
            not known.being_looked_at
            and (known.looked_at is None or known.looked_at <= seen.observed_at)
        )
        if not (seen.is_clear and newest):
            return now
        return seen.observed_at + timedelta(seconds=self._settings.fresh_s)


def just_answer(message: Message) -> Plan:
    """A plan that writes nothing."""

    async def plan(_: Transaction) -> Message:
        return message

    return plan
