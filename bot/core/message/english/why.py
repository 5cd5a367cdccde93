"""Answers that explain: /why, and what is refused at /watch because it is not built."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.advice import Advice, in_vain, is_planned, is_single_manifest
from bot.core.message.english.checks import how_to_watch, render_check, there_line
from bot.core.message.english.reasons import (
    checked_lines,
    expectation,
    offer_lines,
    pull_command,
    reason_sentences,
)
from bot.core.message.english.words import listing, moment, shorts, span
from bot.core.message.neutral import Button, Message
from bot.core.model import Observation, Status
from bot.core.platform import Platform
from bot.core.reason import ReasonCode
from bot.core.reference import Reference

_BUILT_ONE_BY_ONE = (
    "Often one platform is built after another, and the missing one comes within hours; "
    "it may also never have been planned."
)


def render_why(
    reference: Reference,
    platforms: Sequence[Platform],
    seen: Observation,
    advices: Sequence[Advice],
    *,
    now: datetime,
    is_watched: bool = False,
) -> Message:
    """Why something is missing, when to expect it, what works now, and who said so.

    is_watched: whoever asks will be told of it when it comes.
    """
    checked = render_check(reference, platforms, seen, now=now)
    if seen.trouble is not None:
        return checked
    missing = [each for each in platforms if seen.offers(each) is None]
    button, invitation = how_to_watch(reference, missing, advices)
    lines = [
        *_what_is_there(seen, advices),
        *dict.fromkeys(_reasons(advices, now)),
        *offer_lines(advices),
        *_index(seen, advices, now),
        *([invitation] if missing and not is_watched else []),
        *checked_lines(advices, now=now),
    ]
    headline = checked.headline
    if seen.status is Status.TAG_MISSING and is_planned(advices):
        headline = f"⏳ {reference.registry} has no tag {reference.familiar} yet."
    code = () if not missing else _commands(advices)
    buttons = (button,) if missing and not is_watched else ()
    return Message(headline, tuple(lines), code, buttons)


def render_not_built(
    reference: Reference,
    platforms: Sequence[Platform],
    advices: Sequence[Advice],
    *,
    now: datetime,
) -> Message:
    """No watch was made, because nothing is to come; how to insist, and what to use instead."""
    hopeless = in_vain(advices)
    anyway = f"/watch {reference.familiar} {' '.join(shorts(platforms))} anyway"
    reasons = (sentence for each in hopeless for sentence in reason_sentences(each, now=now))
    return Message(
        f"🤔 Not watching {reference.familiar} for {listing(map(str, platforms), last='or')} yet.",
        (*dict.fromkeys(reasons), *offer_lines(hopeless)[:3], f"To watch it anyway: {anyway}"),
        buttons=(Button("Watch anyway", anyway),),
    )


def with_not_built(
    message: Message, reference: Reference, advices: Sequence[Advice], *, now: datetime
) -> Message:
    """The answer about a watch that leaves platforms out, since these are not built."""
    hopeless = in_vain(advices)
    if not hopeless:
        return message
    platforms = [advice.platform for advice in hopeless]
    anyway = f"/watch {reference.familiar} {' '.join(shorts(platforms))} anyway"
    [why, *_] = reason_sentences(hopeless[0], now=now)
    line = f"Not for {listing(map(str, platforms), last='or')}: {why}"
    return replace(
        message,
        lines=(*message.lines, line),
        buttons=(*message.buttons, Button("Watch anyway", anyway)),
    )


def _reasons(advices: Sequence[Advice], now: datetime) -> Iterator[str]:
    for advice in advices:
        sentences = reason_sentences(advice, now=now)
        yield from sentences
        if not sentences and advice.reason.code is ReasonCode.UNKNOWN:
            yield _BUILT_ONE_BY_ONE
        expected = expectation(advice, now=now)
        if expected is not None:
            yield expected


def _what_is_there(seen: Observation, advices: Sequence[Advice]) -> Iterator[str]:
    if seen.status is not Status.PRESENT:
        return
    first = next(iter(advices), None)
    yield there_line(seen, advices)
    planned = None if first is None else first.reason.evidence.planned
    if planned:
        yield f"Planned: {listing(shorts(sorted(planned)))}."


def _commands(advices: Sequence[Advice]) -> tuple[str, ...]:
    """How to get the best of what can be used now, for each platform."""
    best = (advice.alternatives[0] for advice in advices if advice.alternatives)
    return tuple(dict.fromkeys(map(pull_command, best)))


def _index(seen: Observation, advices: Sequence[Advice], now: datetime) -> Iterator[str]:
    """What kind of tag it is, and when it changed."""
    if seen.entries and is_single_manifest(seen):
        yield "The tag is one image for one platform, not an index of several."
    changed_at = next((each.changed_at for each in advices if each.changed_at is not None), None)
    if changed_at is not None:
        yield f"I last saw the tag change {span(now - changed_at)} ago."
    created = [each.created for each in seen.entries.values() if each.created is not None]
    if created:
        yield f"Its newest image was built at {moment(max(created), now)}."
