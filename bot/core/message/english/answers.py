"""Answers to commands about images and watches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.advice import Advice, is_planned
from bot.core.errors import TroubleKind
from bot.core.message.english.checks import dangling_lines
from bot.core.message.english.lists import ROWS_A_PAGE
from bot.core.message.english.reasons import advice_lines, planned_words
from bot.core.message.english.trouble import trouble_sentence
from bot.core.message.english.words import (
    counted,
    listing,
    moment,
    platforms_there,
    shorts,
    span,
)
from bot.core.message.neutral import Button, Message
from bot.core.model import MISSING, Observation, Status, Trouble, Watch
from bot.core.platform import Platform
from bot.core.reference import Reference

MAX_LINES = 8
"""What the answer to /watch may take of a screen, with its headline."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A pattern that people of a place wanted, as it is typed; is_configured: it goes on."""

    familiar: str
    is_configured: bool


def render_watching(
    watch: Watch,
    *,
    seen: Observation,
    now: datetime,
    advices: Sequence[Advice] = (),
    spare: int = 0,
) -> Message:
    """The confirmation of a new watch: what is there, why the rest is missing, how it goes on.

    spare: how many lines to leave for what else is to be said.
    """
    name, missing = watch.reference.familiar, _missing(watch, seen)
    if not missing:
        return _standing_on_what_is_there(watch, seen)
    return Message(
        f"👀 Watching {name} for {listing(map(str, missing))} (#{watch.id}).",
        _in_brief(
            _what_is_there(watch.reference, seen, missing, advices, now=now),
            advices,
            _how_it_goes_on(watch, now),
            now=now,
            spare=spare,
        ),
        buttons=_watch_buttons(watch, missing),
    )


def render_joined(
    watch: Watch,
    *,
    seen: Observation,
    joined: bool,
    now: datetime,
    advices: Sequence[Advice] = (),
    spare: int = 0,
) -> Message:
    """Somebody asked for what the place watches already; the watch as it is now."""
    missing = _missing(watch, seen)
    wanted = listing(str(want.platform) for want in watch.wants)
    since = moment(watch.created_at, now)
    lines = _what_is_there(watch.reference, seen, missing, advices, now=now)
    if joined:
        lines.insert(0, "You are added to its alerts.")
    return Message(
        f"👀 Already watching {watch.reference.familiar} here: "
        f"#{watch.id} for {wanted}, since {since}.",
        _in_brief(lines, advices, _how_it_goes_on(watch, now), now=now, spare=spare),
        buttons=_watch_buttons(watch, missing),
    )


def render_cannot_watch(reference: Reference, trouble: Trouble, *, now: datetime) -> Message:
    """No watch was made, and why."""
    sign = "🔒" if trouble.kind is TroubleKind.DENIED else "🚫"
    return Message(
        f"{sign} Not watching {reference.familiar}.",
        (trouble_sentence(reference, trouble, now=now),),
    )


def render_not_widened(
    watch: Watch, platforms: Sequence[Platform], trouble: Trouble, *, now: datetime
) -> Message:
    """A watch that is there goes on as it is, and why nothing was added to it."""
    sign = "🔒" if trouble.kind is TroubleKind.DENIED else "🚫"
    name, wanted = watch.reference.familiar, [want.platform for want in watch.wants]
    new = [str(platform) for platform in platforms if platform not in wanted]
    goes_on = f"#{watch.id} goes on for {listing(map(str, wanted))}."
    return Message(
        f"{sign} Not watching {name} for {listing(new)}; {goes_on}"
        if new
        else f"{sign} I cannot look at {name} now; {goes_on}",
        (trouble_sentence(watch.reference, trouble, now=now),),
        buttons=_watch_buttons(watch, ()),
    )


def render_stopped(
    watches: Sequence[Watch],
    *,
    platforms: Sequence[Platform] = (),
    patterns: Sequence[Followed] = (),
) -> Message:
    """What was stopped, at least one watch or several patterns; platforms: only those, a watch goes
    on for its others.

    What the configuration wants goes on too.
    """
    if len(watches) + len(patterns) > 1:
        return _several_stopped(watches, platforms, patterns)
    watch = watches[0]
    wanted = [want.platform for want in watch.wants]
    left = [each for each in wanted if each in watch.configured or each not in platforms]
    if not platforms:
        left = list(filter(watch.configured.__contains__, wanted))
    stopped = [str(platform) for platform in wanted if platform not in left]
    lines = [f"It goes on for {listing(map(str, left))}."] if left else []
    if watch.configured:
        lines.append(_how_to_end_configured(watch))
    if not stopped:
        headline = f"📌 #{watch.id} {watch.reference.familiar} stands in the configuration."
        return Message(headline, tuple(lines))
    headline = f"🛑 Stopped #{watch.id}: {watch.reference.familiar} for {listing(stopped)}."
    return Message(headline, tuple(lines))


def _several_stopped(
    watches: Sequence[Watch], platforms: Sequence[Platform], patterns: Sequence[Followed]
) -> Message:
    only = f"{listing(map(str, platforms))} in " if platforms else ""
    stopped = [watch for watch in watches if not watch.configured]
    dropped = [pattern for pattern in patterns if not pattern.is_configured]
    kept = _names(
        [watch for watch in watches if watch.configured],
        [pattern for pattern in patterns if pattern.is_configured],
    )
    told = ("What the configuration wants of these goes on:", *kept) if kept else ()
    if not stopped and not dropped:
        return Message("📌 All of these stand in the configuration.", told)
    headline = f"🛑 Stopped {only}{_counted(len(stopped), len(dropped))}."
    return Message(headline, (*_names(stopped, dropped), *told))


def _counted(watches: int, patterns: int) -> str:
    counts = ((watches, "watch"), (patterns, "pattern"))
    return listing(counted(count, what) for count, what in counts if count)


def _how_to_end_configured(watch: Watch) -> str:
    return f"The configuration wants it: end it there, or hold it back with /mute #{watch.id}."


def render_really_stop(
    watches: Sequence[Watch],
    *,
    platforms: Sequence[Platform] = (),
    patterns: Sequence[Followed] = (),
) -> Message:
    """Several watches and patterns would be stopped at one word: which, and how to say that this is
    meant.
    """
    only = f"{listing(map(str, platforms))} in " if platforms else ""
    again = " ".join(("/unwatch all", *shorts(platforms), "yes"))
    return Message(
        f"❓ This stops {only}{_counted(len(watches), len(patterns))} here. "
        f"If you mean it: {again}",
        _names(watches, patterns),
        buttons=(Button("Stop all", again),),
    )


def _names(watches: Sequence[Watch], patterns: Sequence[Followed]) -> tuple[str, ...]:
    names = [f"#{watch.id} {watch.reference.familiar}" for watch in watches]
    names += [pattern.familiar for pattern in patterns]
    more = len(names) - ROWS_A_PAGE
    return (*names[:ROWS_A_PAGE], f"and {more} more") if more > 0 else tuple(names)


def render_not_watched(what: str) -> Message:
    """Nothing here fits what should be stopped, muted or explained."""
    return Message(f"❓ {what} is not watched here.", ("What is: /list",))


def render_muted(what: str, until: datetime, *, now: datetime) -> Message:
    """Alerts are held back; what begins with its number if it is a watch."""
    number = f" {what.split()[0]}" if what.startswith("#") else ""
    return Message(
        f"🔕 {what} is quiet until {moment(until, now)}.",
        (f"Alerts are kept and come together afterwards. To end it now: /unmute{number}",),
    )


def render_unmuted(what: str) -> Message:
    """Alerts go out again."""
    return Message(f"🔔 {what} is not quiet any more; what was held back follows.")


def _missing(watch: Watch, seen: Observation) -> list[Platform]:
    """What the watch still waits for; what was seen just now will be told by its alert."""
    return [
        want.platform
        for want in watch.wants
        if want.state in MISSING and seen.offers(want.platform) is None
    ]


def _standing_on_what_is_there(watch: Watch, seen: Observation) -> Message:
    wanted = listing(str(want.platform) for want in watch.wants)
    return Message(
        f"👀 Keeping an eye on {watch.reference.familiar} for {wanted} (#{watch.id}).",
        (
            f"Nothing is missing. There now: {listing(platforms_there(seen))}.",
            "You will be told here when it goes and when it comes back.",
        ),
        buttons=_watch_buttons(watch, ()),
    )


def _in_brief(
    before: Sequence[str], advices: Sequence[Advice], after: str, *, now: datetime, spare: int
) -> tuple[str, ...]:
    """With its headline, and what is spared, the whole answer has MAX_LINES at most."""
    room = max(MAX_LINES - len(before) - 2 - spare, 0)
    return (*before, *advice_lines(advices, now=now, at_most=room), after)


def _what_is_there(
    reference: Reference,
    seen: Observation,
    missing: Sequence[Platform],
    advices: Sequence[Advice],
    *,
    now: datetime,
) -> list[str]:
    if seen.trouble is not None:
        sentence = trouble_sentence(reference, seen.trouble, now=now)
        return [f"I could not look just now: {sentence}", "I go on trying."]
    if seen.status is Status.TAG_MISSING:
        if is_planned(advices):
            return [f"{reference.registry} has no tag {reference.familiar} yet."]
        return [
            f"{reference.registry} has no tag {reference.familiar} yet: check the spelling.",
            "If it is right, you will be told when it comes.",
        ]
    lacking = f"Missing: {listing(shorts(missing))}." if missing else "Nothing is missing."
    there = f"The registry has: {listing(platforms_there(seen))}{planned_words(advices)}."
    return [f"{there} {lacking}", *dangling_lines(missing, seen)]


def _how_it_goes_on(watch: Watch, now: datetime) -> str:
    """No numbers but the end: the pace is a matter of the configuration."""
    end = None if watch.expires_at is None else span(watch.expires_at - now)
    if watch.standing:
        until = "" if end is None else f" for {end}"
        return f"This watch is kept{until}: you will be told here of what comes, goes and is back."
    give_up = "" if end is None else f", and give up after {end}"
    return f"I look often at first, less often later{give_up}. You will be told here."


def _watch_buttons(watch: Watch, missing: Sequence[Platform]) -> tuple[Button, ...]:
    why = (Button("Why missing?", f"/why #{watch.id}"),) if missing else ()
    return (
        Button("Check now", f"/check {watch.reference.familiar}"),
        *why,
        Button("Stop", f"/unwatch #{watch.id}"),
    )
