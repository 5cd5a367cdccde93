"""What the command line does without a running bot, each from opening to closing."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.app.wiring import (
    database_url,
    explainer_at_hand,
    explainer_of,
    knowing,
    looking,
    sight_of,
    storing,
    storing_if_there,
    subscriber_of,
)
from bot.app.world import World
from bot.config import Settings
from bot.core.advice import Advice
from bot.core.library import official_image
from bot.core.message.neutral import Message
from bot.core.model import TERMINAL, Observation, Watch
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.again import in_transaction
from bot.flows.question import Depth, Question
from bot.ports.official import NO_OFFICIAL

if TYPE_CHECKING:
    from bot.flows.follow import PatternWish
    from bot.flows.wish import Wish
    from bot.ports.outbox import OutboxEntry
    from bot.ports.patterns import Pattern
    from bot.ports.store import Transaction
    from bot.store.inspection import Condition


@dataclass(frozen=True, slots=True)
class Explained:
    """One look, and what can be said about what is missing."""

    seen: Observation
    advices: tuple[Advice, ...] = ()


class Inquiry(Protocol):
    """One look, and what can be said about what it showed."""

    async def __call__(
        self,
        settings: Settings,
        world: World,
        reference: Reference,
        platforms: Sequence[Platform],
        *,
        timeout_s: float,
    ) -> Explained:
        """Raises StoreError where there is a store that fails."""
        ...


async def explain_once(
    settings: Settings,
    world: World,
    reference: Reference,
    platforms: Sequence[Platform],
    *,
    timeout_s: float,
) -> Explained:
    """One look without a store; why what is missing is missing."""
    async with looking(settings, world, by_operator=True) as eyes:
        seen = await eyes.look(
            reference, known=None, wanted=platforms, places=(TERMINAL,), timeout_s=timeout_s
        )
        asked = [each for each in platforms if seen.offers(each) is None]
        if not asked or not seen.is_clear:
            return Explained(seen)
        # Of other images docker-library knows nothing, and its client takes time to load.
        is_official = official_image(reference) is not None
        sources = knowing(settings, world) if is_official else nullcontext(NO_OFFICIAL)
        async with sources as official:
            explain = explainer_at_hand(eyes, world, look=eyes.look, official=official)
            advices = await explain(Question(reference, seen, TERMINAL, Depth.REASON), asked)
    return Explained(seen, advices)


async def explain_all(
    settings: Settings,
    world: World,
    reference: Reference,
    platforms: Sequence[Platform],
    *,
    timeout_s: float,
) -> Explained:
    """One look, and all that can be said about each platform; what the bot has seen counts too."""
    async with (
        looking(settings, world, by_operator=True) as eyes,
        storing_if_there(settings) as store,
        knowing(settings, world, store) as official,
    ):
        known = None
        if store is None:
            explain = explainer_at_hand(eyes, world, look=eyes.look, official=official)
            seen = await eyes.look(
                reference, known=None, wanted=platforms, places=(TERMINAL,), timeout_s=timeout_s
            )
        else:
            sight = sight_of(store, eyes, settings, world)
            explain = explainer_of(
                sight, world, official=official, suggest=eyes.suggest, store=store
            )
            seen, known = await sight.see(
                reference, tuple(platforms), place=TERMINAL, anew=True, at_most_s=timeout_s
            )
        if not seen.is_clear:
            return Explained(seen)
        changed_at = known.changed_at if known is not None else None
        question = Question(reference, seen, TERMINAL, Depth.EVERYTHING, changed_at)
        return Explained(seen, await explain(question, platforms))


async def subscribe(settings: Settings, world: World, wish: "Wish") -> tuple[bool, Message]:
    """Make a watch as a chat command would; whether it was not refused, and the answer."""
    async with (
        storing(settings) as store,
        looking(settings, world) as eyes,
        knowing(settings, world, store) as official,
    ):
        sight = sight_of(store, eyes, settings, world)
        explain = explainer_of(sight, world, official=official, suggest=eyes.suggest, store=store)
        subscriber = subscriber_of(sight, settings, world, explain=explain, suggest=eyes.suggest)
        prepared = await subscriber.prepare(wish)
        message = await in_transaction(store, prepared.plan)
    return not prepared.refused, message


async def follow(settings: Settings, world: World, wish: "PatternWish") -> tuple[bool, Message]:
    """Watch for new tags as a chat command would; whether it was not refused, and the answer."""
    from bot.app.standing import follower_of

    async with storing(settings) as store, looking(settings, world) as eyes:
        prepared = await follower_of(settings, world, eyes=eyes).prepare(wish)
        message = await in_transaction(store, prepared.plan)
    return not prepared.refused, message


async def stop_watches(
    settings: Settings, world: World, is_meant: "Callable[[Watch | Pattern], bool]"
) -> Message | None:
    """End the watches and patterns that are meant; what was ended, or None if nothing was."""
    from bot.flows.tend import stop, told_stopped

    async def work(transaction: "Transaction") -> Message | None:
        watches = [each for each in await transaction.watches.active() if is_meant(each)]
        patterns = [each for each in await transaction.patterns.all() if is_meant(each)]
        await stop(transaction, watches, patterns, now=world.clock())
        return told_stopped(watches, patterns) if watches or patterns else None

    async with storing(settings) as store:
        return await in_transaction(store, work)


async def active_watches(settings: Settings) -> "tuple[list[Watch], list[Pattern]]":
    """All active watches, and all patterns."""
    async with storing(settings) as store, store.reading() as transaction:
        return await transaction.watches.active(), await transaction.patterns.all()


async def outbox_entries(
    settings: Settings, *, limit: int, include_sent: bool
) -> "list[OutboxEntry]":
    """What is on its way."""
    async with storing(settings) as store, store.reading() as transaction:
        return await transaction.outbox.entries(limit=limit, include_sent=include_sent)


async def retry_delivery(settings: Settings, world: World, delivery_id: str) -> bool:
    """Make a dead or waiting delivery due now."""

    async def work(transaction: "Transaction") -> bool:
        return await transaction.outbox.retry(delivery_id, now=world.clock())

    async with storing(settings) as store:
        return await in_transaction(store, work)


async def upgrade_database(settings: Settings) -> "tuple[Condition, Condition]":
    """Make and migrate the database; what it was before, and what it is now."""
    from bot.store.inspection import upgrade_store

    return await upgrade_store(database_url(settings))
