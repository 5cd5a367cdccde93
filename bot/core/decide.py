"""What an observation means for everybody who wants something of its target.

Level-triggered: each decision follows from a want's own state and the present observation alone,
never from the difference of two observations.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from bot.core.model import (
    Alert,
    Decision,
    Entry,
    Event,
    Observation,
    Status,
    Want,
    WantState,
    WatchId,
)


def decide(wants: Sequence[Want], observation: Observation) -> Decision:
    """Say what an observation means for all wants of one target, in any order.

    DENIED and UNKNOWN observations change nothing: not knowing is not absence. A platform that
    has gone is doubted first and told by the next clear look that does not find it either.
    """
    if not observation.is_clear:
        return Decision(waiting=any(want.state is not WantState.MET for want in wants))
    after: list[Want] = []
    alerts: list[Alert] = []
    finished: set[WatchId] = set()
    for watch, own in groupby(sorted(wants, key=lambda want: want.watch), lambda w: w.watch):
        decided = [decide_want(want, observation) for want in own]
        after.extend(want for want, _ in decided)
        alerts.extend(_alerts_of_watch(watch, decided, observation.status))
        if _nothing_left(want for want, _ in decided):
            finished.add(watch)
    before = set(wants)
    return Decision(
        wants=tuple(want for want in after if want not in before),
        alerts=tuple(alerts),
        finished=frozenset(finished),
        doubted=any(want.state is WantState.DOUBTED for want in after),
        waiting=any(want.state in {WantState.WAITING, WantState.GONE} for want in after),
    )


def decide_want(want: Want, observation: Observation) -> tuple[Want, Event | None]:
    """The next state of one want under a clear observation, and the event to tell, if any.

    A want of a watch that is not standing stays met for good.
    """
    entry = observation.offers(want.platform)
    if entry is None:
        return _absent(want)
    match want.state:
        case WantState.WAITING:
            return _met(want, entry), Event.APPEARED
        case WantState.GONE:
            return _met(want, entry), Event.BACK
        case WantState.DOUBTED:
            return _still_there(replace(want, state=WantState.MET), entry, observation)
        case WantState.MET:
            return _still_there(want, entry, observation)


def _absent(want: Want) -> tuple[Want, Event | None]:
    if want.state is WantState.MET and want.standing:
        return replace(want, state=WantState.DOUBTED), None
    if want.state is WantState.DOUBTED:
        return replace(want, state=WantState.GONE, episode=want.episode + 1), Event.GONE
    return want, None


def _met(want: Want, entry: Entry) -> Want:
    return replace(want, state=WantState.MET, digest=entry.digest)


def _still_there(want: Want, entry: Entry, observation: Observation) -> tuple[Want, Event | None]:
    """What to tell of a standing want that is there: built anew, or left behind by its siblings."""
    if not want.standing:
        return want, None
    stale = is_stale(entry, observation)
    after = replace(want, digest=entry.digest, stale=stale)
    if stale and not want.stale and Event.STALE in want.tells:
        return replace(after, episode=want.episode + 1), Event.STALE
    if entry.digest != want.digest and Event.REPLACED in want.tells:
        return replace(after, episode=want.episode + 1), Event.REPLACED
    return after, None


def is_stale(entry: Entry, observation: Observation) -> bool:
    """Whether a sibling was built later and from another revision; False without annotations."""
    if entry.created is None or entry.revision is None:
        return False
    return any(
        sibling.created is not None
        and sibling.revision is not None
        and sibling.revision != entry.revision
        and sibling.created > entry.created
        for sibling in observation.entries.values()
    )


def _alerts_of_watch(
    watch: WatchId, decided: Sequence[tuple[Want, Event | None]], status: Status
) -> Iterable[Alert]:
    """An alert for each event; a vanished tag is told once, not once a platform."""
    gone = [want for want, event in decided if event is Event.GONE]
    if gone and status is Status.TAG_MISSING:
        yield Alert(watch, Event.TAG_GONE, None, max(want.episode for want in gone))
    for want, event in decided:
        if event is None or (event is Event.GONE and status is Status.TAG_MISSING):
            continue
        yield Alert(watch, event, want.platform, want.episode)
    appeared = any(event is Event.APPEARED for _, event in decided)
    if appeared and len(decided) > 1 and all(want.state is WantState.MET for want, _ in decided):
        yield Alert(watch, Event.COMPLETE, None, 0)


def _nothing_left(wants: Iterable[Want]) -> bool:
    return all(want.state is WantState.MET and not want.standing for want in wants)
