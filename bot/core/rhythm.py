"""When the shared index of an official image usually changes.

A job writes it every three hours, at a minute that stays the same for years and that nobody
publishes; how long it takes differs from run to run. From changes that were seen one can tell the
minute. It is only ever a pace: whatever comes at another time is found too, a little later, and two
changes that do not agree end it.

Source: docker-library, oi-janky-groovy put-shared/generate-pipeline.groovy (`H H/3 * * *`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PERIOD_S = 3 * 3600.0
MEMORY = timedelta(days=7)
"""Changes before this time say nothing any more."""
RELIED_UPON = timedelta(days=1)
"""So long after the last change that fitted, looks follow a rhythm."""
AGREE_WITHIN_S = 15 * 60.0
"""Changes whose places in the period differ by less may be of one job."""

# A change that was seen after longer than this says hardly when it was, but still when it was not.
_SHARP_S = 15 * 60.0
_RUNS_APART_S = 90 * 60.0
# What is added around the places that were seen, in seconds; more while few were.
_BEFORE_S, _AFTER_S = 120.0, 240.0
_UNSURE = 2.0
_SURE_RUNS = 4
# As shares of the usual pace: where a change is expected, right afterwards, and far from it.
_DENSE, _REST = 0.6, 9.0
# How long the usual pace goes on after a run, for one that takes longer; as a multiple of it.
_SHOULDER = 4.0
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """A change that happened at some moment after one look and before another."""

    after: datetime
    seen: datetime

    @property
    def width_s(self) -> float:
        """How much time lies between the looks."""
        return (self.seen - self.after).total_seconds()

    @property
    def place_s(self) -> float:
        """Where in the period it probably happened."""
        return _place_s(self.after + (self.seen - self.after) / 2)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Changes are expected from opens_s on, for length_s, mostly at usual_s; in each period.

    runs: how many runs of the job agree on it. confirmed_at: when the last of them was seen.
    """

    opens_s: float
    length_s: float
    usual_s: float
    runs: int
    confirmed_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether looks may rely on it: it was confirmed within a day."""
        return now - self.confirmed_at < RELIED_UPON

    def next_run(self, now: datetime) -> datetime:
        """When a change is expected next; one that should be there already may still come."""
        begun_s = self._into_s(now)
        opens_at = now - timedelta(seconds=begun_s)
        if begun_s >= self.length_s:
            opens_at += timedelta(seconds=PERIOD_S)
        return opens_at + timedelta(seconds=(self.usual_s - self.opens_s) % PERIOD_S)

    def delay_s(self, now: datetime, *, usual_s: float, at_most_s: float, chance: float) -> float:
        """How long to wait for the next look where usual_s would be the pace without a rhythm.

        at_most_s: never longer, unless usual_s is. chance: in [0, 1), spreads the first looks at a
        run over many targets.
        """
        into_s, dense_s = self._into_s(now), _DENSE * usual_s
        if into_s < self.length_s:
            return dense_s
        if into_s < self.length_s + _SHOULDER * usual_s:
            return usual_s
        rest_s = max(min(_REST * usual_s, at_most_s), usual_s)
        return min(rest_s, PERIOD_S - into_s + dense_s * chance)

    def fits(self, change: Change) -> bool:
        """Whether the change may have happened when one was expected."""
        since_opened_s = self._into_s(change.after)
        return since_opened_s < self.length_s or since_opened_s + change.width_s >= PERIOD_S

    def _into_s(self, moment: datetime) -> float:
        return (_place_s(moment) - self.opens_s) % PERIOD_S


def learn_rhythm(changes: Sequence[Change], *, now: datetime) -> Rhythm | None:
    """The rhythm of one image's changes, if the newest agree on one; of all its tags, any order."""
    newest_first = sorted(
        (each for each in changes if each.seen > now - MEMORY and 0 <= each.width_s < PERIOD_S),
        key=lambda change: change.seen,
        reverse=True,
    )
    sharp = [change for change in newest_first if change.width_s <= _SHARP_S]
    if not sharp:
        return None
    places_s = {
        change: _difference_s(change.place_s, sharp[0].place_s)
        for change in sharp
        if abs(_difference_s(change.place_s, sharp[0].place_s)) <= AGREE_WITHIN_S
    }
    runs = _runs(list(places_s))
    if runs < 2:
        return None
    rhythm = _around(sharp[0], sorted(places_s.values()), runs)
    later = newest_first[: newest_first.index(sharp[0])]
    return rhythm if all(map(rhythm.fits, later)) else None


def _around(newest: Change, offsets_s: Sequence[float], runs: int) -> Rhythm:
    margin = 1 if runs >= _SURE_RUNS else _UNSURE
    first_s = offsets_s[0] - margin * _BEFORE_S
    last_s = offsets_s[-1] + margin * _AFTER_S
    usual_s = offsets_s[len(offsets_s) // 2]
    return Rhythm(
        opens_s=(newest.place_s + first_s) % PERIOD_S,
        length_s=last_s - first_s,
        usual_s=(newest.place_s + usual_s) % PERIOD_S,
        runs=runs,
        confirmed_at=newest.seen,
    )


def _runs(newest_first: Sequence[Change]) -> int:
    """How many runs the changes are of; one run writes many tags."""
    count, last = 0, None
    for change in newest_first:
        if last is None or (last - change.seen).total_seconds() >= _RUNS_APART_S:
            count += 1
            last = change.seen
    return count


def _place_s(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds() % PERIOD_S


def _difference_s(place_s: float, other_s: float) -> float:
    """How much later in the period, at most half of one in either direction."""
    return (place_s - other_s + PERIOD_S / 2) % PERIOD_S - PERIOD_S / 2
