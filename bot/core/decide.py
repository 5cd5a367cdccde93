"""What an observation means for everybody who wants something of its target.

Level-triggered: each decision follows from a want's own state and the present observation alone,
never from the difference of two observations.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from bot.core.builds import left_behind, tells_left_behind
from bot.core.cards import decide_card, has_card
from bot.core.model import (
    MISSING,
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

_COMINGS = {WantState.WAITING: Event.APPEARED, WantState.GONE: Event.BACK}


def decide(wants: Sequence[Want], observation: Observation) -> Decision:
    """Say what an observation means for all wants of one target, in any order.

    DENIED and UNKNOWN observations change nothing: not knowing is not absence. A platform that
    has gone is doubted first and told by the next clear look that does not find it either.
    """
    if not observation.is_clear:
        return _decision(wants)
    if _is_all_still_missing(wants, observation):
        return _STILL_MISSING
    changed: list[Want] = []
    after: list[Want] = []
    alerts: list[Alert] = []
    finished: set[WatchId] = set()
    in_order = sorted(wants, key=lambda want: (want.watch, want.platform))
    for watch, own in groupby(in_order, key=lambda want: want.watch):
        before = list(own)
        now, owed = _decide_watch(watch, before, observation)
        alerts.extend(owed)
        after.extend(now)
        changed.extend(new for old, new in zip(before, now, strict=True) if new != old)
        if all(want.state is WantState.MET and not want.standing for want in now):
            finished.add(watch)
    return replace(
        _decision(after), wants=tuple(changed), alerts=tuple(alerts), finished=frozenset(finished)
    )


_STAY_MISSING = (WantState.WAITING, WantState.GONE)
_STILL_MISSING = Decision(waiting=True)


def _is_all_still_missing(wants: Sequence[Want], observation: Observation) -> bool:
    """Whether everything was missing and is; nearly every look ends here, so this must be cheap.

    A card may show other platforms than before, even if what is wanted is still missing.
    """
    for want in wants:
        if want.shown is not None:
            return False
        if want.state not in _STAY_MISSING or observation.offers(want.platform):
            return False
    return bool(wants)


def _decide_watch(
    watch: WatchId, before: Sequence[Want], observation: Observation
) -> tuple[Sequence[Want], Sequence[Alert]]:
    if has_card(before):
        return decide_card(watch, before, observation)
    told = [decide_want(want, observation) for want in before]
    alerts = list(_alerts_of_watch(watch, told, observation))
    now = [want for want, _ in told]
    if _is_complete(now, observation):
        alerts.extend(_completion(watch, now))
        now = [replace(want, completing=False) for want in now]
    return now, alerts


def _decision(wants: Sequence[Want]) -> Decision:
    """What the states alone say about the next look."""
    return Decision(
        doubted=any(want.state is WantState.DOUBTED for want in wants),
        waiting=any(want.state in MISSING for want in wants),
    )


def decide_want(want: Want, observation: Observation) -> tuple[Want, tuple[Event, ...]]:
    """The next state of one want under a clear observation, and the events to tell, in order.

    A want of a watch that is not standing stays met for good. Of one that nobody has looked at yet
    it is no news what is there.
    """
    entry = observation.offers(want.platform)
    if entry is None:
        return _absent(want)
    if want.state is WantState.UNSEEN:
        return _still_there(replace(want, digest=None), entry, observation)
    coming = _COMINGS.get(want.state)
    if coming is not None:
        return _come(want, coming, entry, observation)
    return _still_there(want, entry, observation)


def _absent(want: Want) -> tuple[Want, tuple[Event, ...]]:
    if want.state is WantState.MET and want.standing:
        return replace(want, state=WantState.DOUBTED), ()
    if want.state is WantState.UNSEEN:
        return replace(want, state=WantState.WAITING), ()
    if want.state is WantState.DOUBTED:
        return replace(want, state=WantState.GONE, episode=want.episode + 1), (Event.GONE,)
    return want, ()


def _come(
    want: Want, event: Event, entry: Entry, observation: Observation
) -> tuple[Want, tuple[Event, ...]]:
    """It is there now; a build that is left behind already when it comes is told with it."""
    proof = left_behind(want.platform, entry, observation) if want.standing else None
    after = replace(
        want,
        state=WantState.MET,
        digest=entry.digest,
        stale=proof is not None,
        completing=want.completing or event is Event.APPEARED,
    )
    tells = Event.STALE in want.tells and tells_left_behind(proof, want, entry)
    return after, (event, Event.STALE) if tells else (event,)


def _still_there(
    want: Want, entry: Entry, observation: Observation
) -> tuple[Want, tuple[Event, ...]]:
    """What to tell of a standing want that is there: built anew, or left behind by its siblings."""
    if not want.standing:
        return replace(want, state=WantState.MET), ()
    proof = left_behind(want.platform, entry, observation)
    happened = {
        # A digest nobody has noted is not a change.
        Event.REPLACED: want.digest is not None and entry.digest != want.digest,
        Event.STALE: not want.stale and tells_left_behind(proof, want, entry),
    }
    events = tuple(event for event, is_so in happened.items() if is_so and event in want.tells)
    after = replace(
        want,
        state=WantState.MET,
        digest=entry.digest,
        stale=proof is not None,
        episode=want.episode + 1 if events else want.episode,
    )
    return after, events


def _alerts_of_watch(
    watch: WatchId, told: Sequence[tuple[Want, tuple[Event, ...]]], observation: Observation
) -> Iterator[Alert]:
    """An alert for each event; a vanished tag is told once, not once a platform."""
    if not any(events for _, events in told):
        return
    wants = [want for want, _ in told]
    tag_gone = _tells_tag_gone(wants, observation)
    went = False
    for want, events in told:
        for event in events:
            went = went or event is Event.GONE
            if not (tag_gone and event is Event.GONE):
                yield Alert(watch, event, want.platform, want.episode)
    if tag_gone and went:
        # Grows with each platform that goes, whichever it is, as no single want's episode does.
        yield Alert(watch, Event.TAG_GONE, None, sum(want.episode for want in wants))


def _tells_tag_gone(wants: Sequence[Want], observation: Observation) -> bool:
    """Whether the tag's absence is certain: a platform doubted only now waits for its second look.

    Until then what was doubted before is told as a platform, so that the tag is told but once.
    """
    doubted = any(want.state is WantState.DOUBTED for want in wants)
    return observation.status is Status.TAG_MISSING and not doubted


def _is_complete(wants: Sequence[Want], observation: Observation) -> bool:
    """Whether a platform has come and all are there at this moment, also what was met long ago.

    Asked at every look: what came while another was doubted or gone completes the watch later.
    """
    return any(want.completing for want in wants) and all(
        observation.offers(want.platform) for want in wants
    )


def _completion(watch: WatchId, wants: Sequence[Want]) -> Iterator[Alert]:
    if len(wants) > 1:
        # Another platform may join a watch that was complete, and complete it anew.
        episode = len(wants) + sum(want.episode for want in wants)
        yield Alert(watch, Event.COMPLETE, None, episode)
