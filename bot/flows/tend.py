"""Lists, stops and mutes the watches of a place."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.core import command as said
from bot.core.message.english.answers import (
    Followed,
    render_muted,
    render_not_watched,
    render_really_stop,
    render_stopped,
    render_unmuted,
)
from bot.core.message.english.lists import render_list
from bot.core.message.english.patterns import pattern_row, render_unfollowed
from bot.core.message.english.talk import naming_whoever_stopped, render_which_image
from bot.core.message.neutral import Message
from bot.core.model import Watch
from bot.core.pattern import TagPattern
from bot.core.platform import Platform
from bot.flows.follow import find, unfollow
from bot.flows.subscribe import Plan, just_answer
from bot.ports.inbox import Command
from bot.ports.patterns import Pattern
from bot.ports.store import Transaction
from bot.ports.surroundings import Clock

MUTE_FOR = timedelta(hours=8)
MUTE_WATCH_FOR = timedelta(days=7)


def show(command: Command, meant: said.List, *, clock: Clock) -> Plan:
    """A page of what the place watches."""

    async def plan(transaction: Transaction) -> Message:
        watches = await transaction.watches.of_place(command.place)
        patterns = await transaction.patterns.of_place(command.place)
        rows = list(map(row_of_pattern, patterns))
        return render_list(watches, page=meant.page, now=clock(), patterns=rows)

    return plan


def unwatch(command: Command, meant: said.Unwatch, *, clock: Clock) -> Plan:
    """Stop what is meant; asked back where that is not clear, or several watches would end."""

    async def plan(transaction: Transaction) -> Message:
        if meant.pattern is not None:
            return await _stop_pattern(transaction, command, meant.pattern)
        watches = await transaction.watches.of_place(command.place)
        every = await transaction.patterns.of_place(command.place)
        chosen = [watch for watch in watches if _is_meant(watch, meant)]
        patterns = [each for each in every if _is_pattern_meant(each, meant)]
        if not chosen and not patterns:
            if watches:
                return render_not_watched(_name_of(meant))
            return render_list([], page=1, now=clock(), patterns=list(map(row_of_pattern, every)))
        if len(chosen) + len(patterns) > 1 and not meant.confirmed:
            return render_really_stop(
                chosen, platforms=meant.platforms, patterns=list(map(_followed, patterns))
            )
        stopped = await _stop(transaction, chosen, patterns, meant.platforms, clock=clock)
        concerned = {person for watch in chosen for person in watch.people}
        concerned |= {person for pattern in patterns for person in pattern.people}
        if concerned - {command.person}:
            return naming_whoever_stopped(stopped, command.person)
        return stopped

    named = (meant.number, meant.reference, meant.pattern)
    if named == (None, None, None) and not meant.everything:
        return just_answer(render_which_image("unwatch"))
    return plan


def mute(command: Command, meant: said.Mute | said.Unmute, *, clock: Clock) -> Plan:
    """Hold alerts of the place, or of one watch, back for a while, or let them go."""

    async def plan(transaction: Transaction) -> Message:
        now, until = clock(), None
        if isinstance(meant, said.Mute):
            usual = MUTE_FOR if meant.number is None else MUTE_WATCH_FOR
            until = now + (meant.duration or usual)
        if meant.number is not None:
            watches = await transaction.watches.of_place(command.place)
            return await mute_one(transaction, watches, meant.number, until=until, now=now)
        await transaction.watches.mute_place(command.place, until=until)
        return _muted("This place", until, now)

    return plan


async def mute_one(
    transaction: Transaction,
    watches: Sequence[Watch],
    number: int,
    *,
    until: datetime | None,
    now: datetime,
) -> Message:
    """Hold the alerts of the watch of this number back until then, or let them go."""
    watch = next((watch for watch in watches if watch.id == number), None)
    if watch is None:
        return render_not_watched(f"#{number}")
    await transaction.watches.mute(watch.id, until=until)
    return _muted(f"#{watch.id} {watch.reference.familiar}", until, now)


def _muted(what: str, until: datetime | None, now: datetime) -> Message:
    return render_muted(what, until, now=now) if until else render_unmuted(what)


async def _stop_pattern(transaction: Transaction, command: Command, wanted: TagPattern) -> Message:
    pattern = find(await transaction.patterns.of_place(command.place), wanted)
    if pattern is None:
        return render_not_watched(wanted.familiar)
    return await unfollow(transaction, pattern)


async def _stop(
    transaction: Transaction,
    watches: list[Watch],
    patterns: list[Pattern],
    platforms: tuple[Platform, ...],
    *,
    clock: Clock,
) -> Message:
    """Take the platforms off the watches; those that have no others, or all, end, and patterns.

    What the configuration wants goes on.
    """
    if platforms:
        await transaction.watches.drop([each.id for each in watches], platforms, now=clock())
    else:
        await stop(transaction, watches, patterns, now=clock())
    return told_stopped(watches, patterns, platforms=platforms)


async def stop(
    transaction: Transaction,
    watches: Sequence[Watch],
    patterns: Sequence[Pattern],
    *,
    now: datetime,
) -> None:
    """End these watches and patterns, in the order in which rows are locked."""
    if patterns:
        await transaction.patterns.stop([pattern.id for pattern in patterns])
    await transaction.watches.stop([watch.id for watch in watches], now=now)


def told_stopped(
    watches: Sequence[Watch], patterns: Sequence[Pattern], *, platforms: Sequence[Platform] = ()
) -> Message:
    """What was stopped, at least one of them; platforms: only those of the watches."""
    if not patterns:
        return render_stopped(watches, platforms=platforms)
    followed = list(map(_followed, patterns))
    if watches or len(followed) > 1:
        return render_stopped(watches, patterns=followed)
    [only] = followed
    return render_unfollowed(only.familiar, configured=only.is_configured)


def _followed(pattern: Pattern) -> Followed:
    return Followed(pattern.familiar, bool(pattern.configured))


def _is_meant(watch: Watch, meant: said.Unwatch) -> bool:
    if meant.platforms and all(want.platform not in meant.platforms for want in watch.wants):
        return False
    if meant.number is not None:
        return watch.id == meant.number
    return meant.everything or watch.reference == meant.reference


def _is_pattern_meant(pattern: Pattern, meant: said.Unwatch) -> bool:
    """Whether all is to end, and people want the pattern; one platform of it cannot."""
    return meant.everything and not meant.platforms and bool(pattern.platforms)


def row_of_pattern(pattern: Pattern) -> str:
    """One pattern in one line of a list."""
    wanted = pattern.platforms | pattern.configured
    return pattern_row(pattern.familiar, wanted, configured=bool(pattern.configured))


def _name_of(meant: said.Unwatch) -> str:
    named = meant.reference.familiar if meant.reference else f"#{meant.number}"
    return " ".join(([] if meant.everything else [named]) + list(map(str, meant.platforms)))
