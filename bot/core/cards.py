"""Cards: a message about a new tag that is kept current while its platforms come.

A card is posted at the first look that sees the tag, edited whenever other platforms are there, and
followed by a message of its own once all that are wanted are there, because nobody is notified of
an edit.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.model import (
    Alert,
    Event,
    Observation,
    Status,
    Want,
    WantState,
    WatchId,
)


def has_card(wants: Sequence[Want]) -> bool:
    """Whether these wants of one watch are told by a card."""
    return any(want.shown is not None for want in wants)


def decide_card(
    watch: WatchId, wants: Sequence[Want], observation: Observation
) -> tuple[Sequence[Want], Sequence[Alert]]:
    """The next states of the wants of one watch under a clear observation, and what to tell.

    While the tag is not there nothing is said: the list of tags and the tag itself need not agree
    at every moment.
    """
    if observation.status is not Status.PRESENT:
        return wants, ()
    # A platform that somebody has added to the watch since then does not make it new.
    is_new = any(want.state is WantState.UNSEEN and want.shown is not None for want in wants)
    there = observation.there
    now = [_seen(want, observation) for want in wants]
    alerts: list[Alert] = []
    if is_new:
        alerts.append(Alert(watch, Event.OUT, None, 0))
    elif there != next(want.shown for want in wants if want.shown is not None):
        now[0] = replace(now[0], episode=now[0].episode + 1)
        alerts.append(Alert(watch, Event.LANDED, None, _count(now)))
    now = [replace(want, shown=there) for want in now]
    if all(want.state is WantState.MET for want in now):
        if not is_new:
            alerts.append(Alert(watch, Event.COMPLETE, None, _count(now)))
        # From here on a watch that stands goes on as any other does.
        now = [replace(want, shown=None) for want in now]
    return now, alerts


def _seen(want: Want, observation: Observation) -> Want:
    entry = observation.offers(want.platform)
    if entry is not None:
        return replace(want, state=WantState.MET, digest=entry.digest)
    return want if want.state is WantState.MET else replace(want, state=WantState.WAITING)


def _count(wants: Sequence[Want]) -> int:
    """Grows with each edit, so that each alert has a number of its own."""
    return sum(want.episode for want in wants)
