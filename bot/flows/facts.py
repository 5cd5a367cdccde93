"""What is noted with an alert, so that a late message is still true."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.core.message.english.words import platforms_there
from bot.core.model import MISSING, Alert, AlertFacts, Decision, Observation, Want, WatchId
from bot.core.platform import Platform
from bot.ports.targets import ClaimedTarget


def facts_of(
    target: ClaimedTarget, observation: Observation, decision: Decision
) -> Mapping[Alert, AlertFacts]:
    """The facts of each alert that a look at a target led to."""
    if not decision.alerts:
        return {}
    wants = _now_wanted(target.wants, decision.wants)
    there = tuple(platforms_there(observation))
    return {
        alert: AlertFacts(
            reference=target.reference,
            digest=_digest_for(alert.platform, observation),
            there=there,
            missing=_missing(alert, wants),
            observed_at=observation.observed_at,
            wanted_since=_since(alert, target.wanted_since),
        )
        for alert in decision.alerts
    }


def built_facts(
    target: ClaimedTarget, alerts: Iterable[Alert], observation: Observation
) -> Mapping[Alert, AlertFacts]:
    """The facts of alerts about the shared tag, from a look at an architecture's own.

    digest is of the platform's manifest there; all else is of the shared tag.
    """
    shared = target.shared
    if shared is None:
        return {}
    known = shared.observation
    return {
        alert: AlertFacts(
            reference=shared.reference,
            digest=_digest_for(alert.platform, observation),
            there=() if known is None else tuple(platforms_there(known)),
            missing=_missing(alert, shared.wants),
            observed_at=observation.observed_at,
            wanted_since=_since(alert, shared.wanted_since),
        )
        for alert in alerts
    }


def _now_wanted(before: Iterable[Want], changed: Iterable[Want]) -> Iterable[Want]:
    return {(want.watch, want.platform): want for want in (*before, *changed)}.values()


def _missing(alert: Alert, wants: Iterable[Want]) -> tuple[str, ...]:
    return tuple(
        want.platform.short for want in wants if want.watch == alert.watch and want.state in MISSING
    )


def _since(alert: Alert, wanted_since: Mapping[tuple[WatchId, Platform], datetime]) -> datetime:
    """Since when what an alert is about is wanted: its platform, or anything of its watch."""
    if alert.platform is not None:
        return wanted_since[alert.watch, alert.platform]
    return min(at for (watch, _), at in wanted_since.items() if watch == alert.watch)


def _digest_for(platform: Platform | None, observation: Observation) -> str | None:
    entry = observation.offers(platform) if platform else None
    return entry.digest if entry else observation.digest
