"""Lists, stops and mutes the watches of a place."""

from datetime import timedelta

from bot.core import command as said
from bot.core.message.english.answers import (
    render_muted,
    render_not_watched,
    render_really_stop,
    render_stopped,
    render_unmuted,
)
from bot.core.message.english.lists import render_list
from bot.core.message.english.patterns import pattern_row
from bot.core.message.english.talk import naming_whoever_stopped, render_which_image
from bot.core.message.neutral import Message
from bot.core.model import Watch
from bot.core.pattern import TagPattern
from bot.core.platform import Platform
from bot.flows.follow import find, unfollow
from bot.flows.subscribe import Plan, just_answer
from bot.ports import Clock, Command, Transaction

MUTE_FOR = timedelta(hours=8)
MUTE_WATCH_FOR = timedelta(days=7)


def show(command: Command, meant: said.List, *, clock: Clock) -> Plan:
    """A page of what the place watches."""

    async def plan(transaction: Transaction) -> Message:
        watches = await transaction.watches.of_place(command.place)
        patterns = [
            pattern_row(
                each.familiar,
                each.platforms | each.configured,
                configured=bool(each.configured),
            )
            for each in await transaction.patterns.of_place(command.place)
        ]
        return render_list(watches, page=meant.page, now=clock(), patterns=patterns)

    return plan


def unwatch(command: Command, meant: said.Unwatch, *, clock: Clock) -> Plan:
    """Stop what is meant; asked back where that is not clear, or several watches would end."""

    async def plan(transaction: Transaction) -> Message:
        if meant.pattern is not None:
            return await _stop_pattern(transaction, command, meant.pattern)
        watches = await transaction.watches.of_place(command.place)
        if not watches:
            return render_list([], page=1, now=clock())
        chosen = [watch for watch in watches if _is_meant(watch, meant)]
        if not chosen:
            return render_not_watched(_name_of(meant))
        if len(chosen) > 1 and not meant.confirmed:
            return render_really_stop(chosen, platforms=meant.platforms)
        await _stop(transaction, chosen, meant.platforms, clock=clock)
        stopped = render_stopped(chosen, platforms=meant.platforms)
        concerned = {person for watch in chosen for person in watch.people}
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
        what = "This place"
        if meant.number is None:
            await transaction.watches.mute_place(command.place, until=until)
        else:
            watches = await transaction.watches.of_place(command.place)
            watch = next((watch for watch in watches if watch.id == meant.number), None)
            if watch is None:
                return render_not_watched(f"#{meant.number}")
            await transaction.watches.mute(watch.id, until=until)
            what = f"#{watch.id} {watch.reference.familiar}"
        return render_muted(what, until, now=now) if until else render_unmuted(what)

    return plan


async def _stop_pattern(transaction: Transaction, command: Command, wanted: TagPattern) -> Message:
    pattern = find(await transaction.patterns.of_place(command.place), wanted)
    if pattern is None:
        return render_not_watched(wanted.familiar)
    return await unfollow(transaction, pattern)


async def _stop(
    transaction: Transaction,
    watches: list[Watch],
    platforms: tuple[Platform, ...],
    *,
    clock: Clock,
) -> None:
    """Take the platforms off the watches; those that have no others, or all, end.

    What the configuration wants goes on.
    """
    chosen = [watch.id for watch in watches]
    if platforms:
        await transaction.watches.drop(chosen, platforms, now=clock())
    else:
        await transaction.watches.stop(chosen, now=clock())


def _is_meant(watch: Watch, meant: said.Unwatch) -> bool:
    if meant.platforms and all(want.platform not in meant.platforms for want in watch.wants):
        return False
    if meant.number is not None:
        return watch.id == meant.number
    return meant.everything or watch.reference == meant.reference


def _name_of(meant: said.Unwatch) -> str:
    named = meant.reference.familiar if meant.reference else f"#{meant.number}"
    return " ".join(([] if meant.everything else [named]) + list(map(str, meant.platforms)))
