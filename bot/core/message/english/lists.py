"""The watches of a place, a line each."""

from collections.abc import Sequence
from datetime import datetime
from math import ceil

from bot.core.message.english.trouble import trouble_in_brief
from bot.core.message.english.words import listing, moment, span
from bot.core.message.neutral import Message
from bot.core.model import MISSING, WantState, Watch

ROWS_A_PAGE = 20


def render_list(
    watches: Sequence[Watch], *, page: int, now: datetime, patterns: Sequence[str] = ()
) -> Message:
    """The watches of a place, a page at a time; a page beyond the last is the last.

    patterns: their rows, after those of all watches.
    """
    if patterns and not watches:
        return Message("No tag is watched here, but new ones are.", tuple(patterns))
    if not watches:
        return Message("Nothing is watched here.", ("To begin: /watch node:22-slim arm64",))
    pages = ceil(len(watches) / ROWS_A_PAGE)
    page = min(max(page, 1), pages)
    rows = watches[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
    counted = "1 watch" if len(watches) == 1 else f"{len(watches)} watches"
    headline = f"{counted} here" + (f" (page {page} of {pages})" if pages > 1 else "") + "."
    lines = [watch_row(watch, now=now) for watch in rows]
    if page < pages:
        lines.append(f"More: /list {page + 1}")
    else:
        lines.extend(patterns)
    return Message(headline, tuple(lines))


def watch_row(watch: Watch, *, now: datetime) -> str:
    """One watch in one line: number, image, what is missing, since when, trouble, next look."""
    parts = [
        f"#{watch.id} {watch.reference.familiar}: {_state(watch)}",
        f"since {moment(watch.created_at, now)}",
    ]
    if watch.looked_at is not None:
        parts.append(f"looked {span(now - watch.looked_at)} ago")
    if watch.trouble is not None:
        parts.append(f"without an answer ({trouble_in_brief(watch.trouble)})")
    if watch.due_at is not None:
        parts.append(_next_look(watch.due_at, watch.parked_until, now))
    if watch.standing:
        parts.append("from the configuration" if watch.configured else "kept")
    if watch.muted_until is not None and watch.muted_until > now:
        parts.append(f"muted until {moment(watch.muted_until, now)}")
    return ", ".join(parts)


def _state(watch: Watch) -> str:
    """What is missing; what nobody has seen yet is not called so, nor is what is doubted there."""
    missing = [str(want.platform) for want in watch.wants if want.state in MISSING]
    doubted = [str(want.platform) for want in watch.wants if want.state is WantState.DOUBTED]
    states = []
    if missing and watch.observation is None:
        states.append(f"waiting for {listing(missing)}, not seen yet")
    elif missing:
        states.append(f"missing {listing(missing)}")
    if doubted:
        states.append(f"{listing(doubted)} may be gone")
    return ", ".join(states) or "all there"


def _next_look(due_at: datetime, parked_until: datetime | None, now: datetime) -> str:
    if parked_until is not None and parked_until > max(due_at, now):
        return f"next look in {span(parked_until - now)}, as the registry is to be left alone"
    return "next look now" if due_at <= now else f"next look in {span(due_at - now)}"
