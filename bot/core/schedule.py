"""When to look at a target again.

While something is wanted and missing the pace follows the age of the wait: every minute at first,
then a small share of the age. Builds that come at all come within hours, so that a share of the age
keeps the pace even while they are likely and lets it slow down afterwards, where an exponential
back-off would be slowest just when the build lands.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.model import Decision, Observation, Status
from bot.core.rhythm import Rhythm

CONFIRM_WITHIN_S = 300
"""What seems gone is looked at again within this time, whatever pace and jitter are set to."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """The numbers of the schedule; all in seconds but growth and jitter, which are shares.

    Where a minimum is above its maximum, the maximum counts.
    """

    fast_s: float = 60
    fast_for_s: float = 600
    min_s: float = 300
    growth: float = 0.005
    max_s: float = 3600
    missing_tag_max_s: float = 3600
    standing_s: float = 21600
    tags_s: float = 900
    confirm_s: float = 120
    error_min_s: float = 30
    error_max_s: float = 1800
    jitter: float = 0.1


def next_look(
    observation: Observation,
    decision: Decision,
    *,
    anchor: datetime,
    failures: int,
    chance: float,
    pacing: Pacing,
) -> datetime:
    """When the target is due after this look.

    anchor: the later of the last change and the newest watch. failures: looks without an answer
    in a row, this one included. chance: in [0, 1), spreads looks.
    """
    now = observation.observed_at
    if observation.status is Status.UNKNOWN:
        return _after_failure(observation, failures=failures, chance=chance, pacing=pacing)
    delay_s = _delay_s(observation, decision, (now - anchor).total_seconds(), pacing)
    delay_s *= 1 + pacing.jitter * (2 * chance - 1)
    if decision.doubted and observation.is_clear:
        delay_s = min(delay_s, CONFIRM_WITHIN_S)
    return now + timedelta(seconds=delay_s)


def in_rhythm(
    due_at: datetime,
    observation: Observation,
    decision: Decision,
    rhythm: Rhythm,
    *,
    chance: float,
    pacing: Pacing,
) -> datetime:
    """When the target is due if its tag usually changes in a rhythm; due_at: without one.

    Looks at what is waited for gather where a change is expected, and are fewer altogether.
    """
    now = observation.observed_at
    waits = decision.waiting and not decision.doubted
    if not (waits and observation.is_clear and rhythm.holds(now)):
        return due_at
    # What was just seen to change will not change again before the next run.
    usual_s = max((due_at - now).total_seconds(), pacing.min_s)
    delay_s = rhythm.delay_s(now, usual_s=usual_s, at_most_s=pacing.max_s, chance=chance)
    return now + timedelta(seconds=delay_s)


def next_list(now: datetime, *, failures: int, chance: float, pacing: Pacing) -> datetime:
    """When the tags of a repository are to be listed again; failures: without an answer in a row.

    A list that fails is left alone for longer each time, and never comes sooner than one that
    does not.
    """
    delay_s = pacing.tags_s * (1 + pacing.jitter * (2 * chance - 1))
    if failures:
        ceiling_s = min(pacing.error_min_s * 2 ** min(failures, 16), pacing.error_max_s)
        delay_s = max(delay_s, ceiling_s * (1 + chance) / 2)
    return now + timedelta(seconds=delay_s)


def _delay_s(observation: Observation, decision: Decision, age_s: float, pacing: Pacing) -> float:
    if observation.status is Status.DENIED:
        return _share_of_age(age_s, pacing.missing_tag_max_s, pacing)
    usual_s = _usual_s(observation, decision, age_s, pacing)
    return min(usual_s, pacing.confirm_s) if decision.doubted else usual_s


def _usual_s(observation: Observation, decision: Decision, age_s: float, pacing: Pacing) -> float:
    if not decision.waiting:
        return pacing.standing_s
    if age_s < pacing.fast_for_s:
        return pacing.fast_s
    missing = observation.status is Status.TAG_MISSING
    return _share_of_age(age_s, pacing.missing_tag_max_s if missing else pacing.max_s, pacing)


def _share_of_age(age_s: float, max_s: float, pacing: Pacing) -> float:
    return min(max(age_s * pacing.growth, pacing.min_s), max_s)


def _after_failure(
    observation: Observation, *, failures: int, chance: float, pacing: Pacing
) -> datetime:
    """Exponential with full jitter, and never before the registry wants to be asked again.

    Even the first failure is spread, so that the targets of a registry that fails do not all come
    back in the same moment.
    """
    exponent = min(max(failures, 1), 16)
    floor_s = min(pacing.error_min_s, pacing.error_max_s)
    ceiling_s = min(floor_s * 2**exponent, pacing.error_max_s)
    due_at = observation.observed_at + timedelta(seconds=floor_s + chance * (ceiling_s - floor_s))
    retry_at = observation.trouble.retry_at if observation.trouble else None
    if retry_at is None or retry_at <= due_at:
        return due_at
    return retry_at + timedelta(seconds=chance * floor_s)
