"""The sentences of the page; its labels stand in its templates."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.core.advice import Advice
from bot.core.board import Waits
from bot.core.chronicle import Landing, LandingKind, Span
from bot.core.estimate import official_estimate
from bot.core.health import Finding, Health, Letter, Level, RegistryHealth
from bot.core.library import official_image
from bot.core.matrix import Cause, Cell, Standing
from bot.core.message.english.reasons import expectation, reason_sentences, rests_on
from bot.core.message.english.trouble import trouble_sentence
from bot.core.message.english.words import listing, moment, span
from bot.core.model import Observation, Status
from bot.core.platform import Platform
from bot.core.reason import ReasonCode
from bot.core.reference import Reference

TIME_UNITS = "s min h day days"
"""The units of words.span(), for what counts on in the browser."""

STANDINGS = {
    Standing.THERE: "there",
    Standing.MISSING: "missing",
    Standing.STALE: "older build",
    Standing.UNKNOWN: "unknown",
    Standing.ABSENT: "not there",
}

_WHY = {
    Cause.NOT_LISTED: (
        "The registry does not list it. Often one platform is built after another, and the missing "
        "one comes within hours; it may also never have been planned."
    ),
    Cause.NOT_SERVED: "It is listed, but the registry does not serve its manifest yet.",
    Cause.NO_TAG: "The registry has no such tag. If the name is right, it is not published yet.",
    Cause.WENT: "It was there, and the registry does not list it any more.",
    Cause.OLDER_BUILD: "It is there, from an older build than the other platforms of the tag.",
    Cause.NOT_SEEN_YET: "Nobody has looked yet.",
    Cause.IN_DOUBT: "The last look did not find it; a second one will tell whether it has gone.",
}


_SIGN = re.compile(r"^[^\w\s#“'\"]+ ")

_IN_BRIEF: Mapping[Cause | None, str] = {Cause.NO_TAG: "The registry has no such tag yet."}
"""Where docker-library says the rest."""

_LABELS = {
    ReasonCode.UNLISTED: "not listed",
    ReasonCode.NOT_PLANNED: "not planned",
    ReasonCode.BUILT_PENDING_INDEX: "built already",
    ReasonCode.WAITING_PARENT: "waits for its base",
    ReasonCode.QUEUED: "queued",
}


def why(cell: Cell, reference: Reference, *, now: datetime) -> str:
    """Why a platform is not there, or why nobody knows; empty for what is there."""
    if cell.trouble is not None:
        return f"The last look gave no answer: {trouble_sentence(reference, cell.trouble, now=now)}"
    return _WHY[cell.cause] if cell.cause is not None else ""


def reasons(
    cell: Cell, reference: Reference, advice: Advice | None, *, now: datetime
) -> tuple[str, ...]:
    """Why a platform is not there, a sentence each, by docker-library where that is known."""
    general = why(cell, reference, now=now)
    if advice is None:
        return (general,) if general else ()
    told = reason_sentences(advice, now=now)
    match advice.reason.code:
        case ReasonCode.UNKNOWN:
            # The guess is that it may never have been planned.
            is_planned = advice.reason.evidence.planned is not None
            return told if told and is_planned else (*told, general)
        case ReasonCode.NOT_OFFICIAL:
            return (general, *told) if advice.habit else (general,)
        case _ if cell.cause is Cause.NOT_LISTED:
            return told
        case _:
            return (_IN_BRIEF.get(cell.cause, general), *told)


def expected(
    cell: Cell,
    reference: Reference,
    advice: Advice | None,
    waits: Waits | None,
    *,
    now: datetime,
) -> str:
    """When a platform that is not there usually comes; empty where it is, and for no known tag."""
    was_missing = cell.span is not None and not cell.span.there
    if cell.standing is not Standing.MISSING and not (
        cell.standing is Standing.UNKNOWN and was_missing
    ):
        return ""
    if advice is not None and advice.needs_a_word:
        return "So it is not to be expected." if advice.reason.will_never_come else ""
    told = expectation(advice, now=now) if advice is not None else None
    return told or expectations(reference, cell.platform, waits)


def reason_label(advice: Advice | None) -> str:
    """The reason in a word or two, for where there is no room; empty if it is not known."""
    if advice is None:
        return ""
    return "retired" if advice.reason.is_retired else _LABELS.get(advice.reason.code, "")


def without_sign(headline: str) -> str:
    """A headline of a chat without the sign before it, which not every browser can show."""
    return _SIGN.sub("", headline)


def before_that(cell: Cell) -> str:
    """What was known before nobody knew; empty if nothing was, or something is."""
    if cell.standing is not Standing.UNKNOWN or cell.span is None:
        return ""
    return "Before that it was there." if cell.span.there else "Before that it was not there."


def since(found: Span, *, now: datetime) -> str:
    """Since when something is there or not: exactly, or at least."""
    length = span(now - found.since)
    if not found.exact:
        return f"for {length} at least, since the first look ({moment(found.since, now)})"
    return f"for {length}, since {moment(found.since, now)}"


def expectations(reference: Reference, platform: Platform, waits: Waits | None) -> str:
    """When to expect a platform of a tag: as of official images in general, and as seen here."""
    if official_image(reference) is None:
        return usually(waits)
    general = f"Official images that are built for it: {rests_on(official_estimate(platform))}."
    return general if waits is None else f"{general} Seen here: {usually(waits)}"


def usually(waits: Waits | None) -> str:
    """How long a platform usually takes for all that is watched, and what that rests on."""
    if waits is None:
        return "No wait for this platform has ended yet, so I cannot say when it usually comes."
    count = len(waits.lengths)
    if waits.estimate is None:
        ended = "The one wait so far took" if count == 1 else f"Half of {count} waits ended within"
        return f"{ended} {span(waits.median)}. That is little to go by."
    low, high = span(waits.estimate.low), span(waits.estimate.high)
    return (
        f"Usually takes {span(waits.median)}; 8 in 10 of {count} waits took between {low} and "
        f"{high}."
    )


def health_headline(health: Health) -> str:
    """How the bot is, in a few words."""
    match health.level:
        case Level.WELL:
            return "All is well"
        case Level.STRAINED:
            return "Working, with some trouble"
        case _:
            return "Something is wrong"


def finding_sentence(
    finding: Finding,
    *,
    registries: Sequence[RegistryHealth],
    letters: Sequence[Letter],
    now: datetime,
) -> str:
    """What is not as it should be, and what to do about it."""
    match finding:
        case Finding.LOOKS_ARE_LATE:
            return "Looks are late: is a bot with the role `looks` running? Its log says more."
        case Finding.REGISTRIES_REST:
            resting = [
                f"{registry.name} until {moment(registry.parked_until, now)}"
                for registry in registries
                if registry.parked_until is not None and registry.parked_until > now
            ]
            which = listing(resting) if resting else "a registry"
            return f"Left alone for a while, because of its last answers: {which}."
        case Finding.MESSAGES_WAIT:
            return "Messages do not get through; they are tried again and again."
        case _:
            dead = sum(letter.is_dead for letter in letters)
            what = f"{dead} messages" if dead > 1 else "A message" if dead else "Some messages"
            return f"{what} cannot be sent. To try again: `archbell outbox retry`."


def queue_line(health: Health) -> str:
    """What waits to be done."""
    looks = "no look is due" if not health.looks_due else f"{health.looks_due} due for a look"
    if not health.messages:
        return f"{looks}, no message waits"
    return f"{looks}, {_counted(health.messages, 'message waits', 'messages wait')} to go out"


def budget(registry: RegistryHealth) -> str:
    """What a registry lets the bot ask yet; empty if it does not say."""
    if registry.remaining is None:
        return ""
    of_limit = f" of {registry.limit}" if registry.limit is not None else ""
    return f"{registry.remaining}{of_limit} requests left"


def registry_state(registry: RegistryHealth, *, now: datetime) -> str:
    """How a registry is."""
    if registry.parked_until is not None and registry.parked_until > now:
        return f"left alone until {moment(registry.parked_until, now)}"
    if registry.failures:
        return f"{_counted(registry.failures, 'failure', 'failures')} in a row"
    return "in order"


def landing_sentence(landing: Landing, *, now: datetime) -> str:
    """One event of a tag's history."""
    at = moment(landing.at, now)
    match landing.kind:
        case LandingKind.FIRST:
            return f"{landing.platform} was there at the first look, {at}"
        case LandingKind.CAME:
            waited = f", {span(landing.waited)} after the tag was there" if landing.waited else ""
            return f"{landing.platform} came {at}{waited}"
        case LandingKind.REBUILT:
            return f"{landing.platform} was built anew {at}"
        case _:
            return f"{landing.platform} went {at}"


def check_headline(reference: Reference, seen: Observation, cells: Sequence[Cell]) -> str:
    """What a check found, in a sentence."""
    name = reference.familiar
    if seen.trouble is not None:
        return f"I cannot tell what {name} has now."
    if seen.status is Status.TAG_MISSING:
        return f"{reference.registry} has no tag {name}."
    missing = [str(cell.platform) for cell in cells if cell.standing is Standing.MISSING]
    if missing:
        return f"{name} has no {listing(missing, last='or')} yet."
    there = [str(cell.platform) for cell in cells if cell.is_wanted]
    return f"{name} has {listing(there)}."


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
