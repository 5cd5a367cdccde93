"""Why a platform is missing, when it may come and what to use now, a sentence each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from bot.core.advice import Advice
from bot.core.alternatives import Alternative, Offer
from bot.core.estimate import SHARED_INDEX, Basis, Estimate
from bot.core.evidence import Check, Source
from bot.core.message.english.builds import queued_sentences, waiting_sentences
from bot.core.message.english.trouble import trouble_in_brief
from bot.core.message.english.words import listing, moment, shorts, span
from bot.core.platform import Platform
from bot.core.reason import Freshness, ReasonCode

_HOUR = timedelta(hours=1)
_PULLS = "https://github.com/docker-library/official-images/pulls?q=label%3Alibrary%2F"
_SOURCES = {
    Source.INDEX: "{subject}",
    Source.LIBRARY: "docker-library's file of {subject}",
    Source.ARCHITECTURE_TAG: "{subject}",
    Source.DOCKERFILE: "the Dockerfile of {subject}",
    Source.BUILD_RECORDS: "docker-library's build records of {subject}",
    Source.MERGE: "the merge of {subject} at GitHub",
}


_READ_AT_TIMES = (frozenset({Source.BUILD_RECORDS}), frozenset({Source.MERGE}))
_CHECKED_TOGETHER = (frozenset(Source).difference(*_READ_AT_TIMES), *_READ_AT_TIMES)
"""What is read once an hour, or once for ever, would make all the others look old."""


def reason_sentences(advice: Advice, *, now: datetime) -> tuple[str, ...]:
    """Why the platform is missing; nothing where there is nothing to say."""
    return _SENTENCES[advice.reason.code](advice, now)


def expectation(advice: Advice, *, now: datetime) -> str | None:
    """When to expect it, and what that rests on; None without a basis."""
    run = None
    if advice.next_run is not None:
        run = f"The next index run is about {moment(advice.next_run, now)}."
    sentences = [each for each in (_estimated(advice, now), run) if each is not None]
    return " ".join(sentences) or None


def offer_line(alternative: Alternative) -> str:
    """What can be used now, and what it is."""
    candidate, is_old = alternative.candidate, _may_be_old(alternative)
    name, version = candidate.reference.familiar, candidate.version
    doubt = ", but perhaps still the previous build" if is_old else ""
    match candidate.offer:
        case Offer.SAME_BITS:
            return f"{name}: the same image, from its architecture's own namespace{doubt}"
        case Offer.OTHER_VARIANT:
            return f"{name}: the same version in another variant{doubt}"
        case Offer.SAME_LINE if alternative.freshness is Freshness.CURRENT:
            now_is = f", at present {version}" if version else ""
            return f"{name}: the tag that moves on with its line{now_is}"
        case Offer.SAME_LINE:
            what = "the previous build" if is_old else "perhaps the previous build"
            return f"{name}: the tag that moves on with its line, {what}"
        case Offer.GENERIC:
            return f"{name}: whatever is newest, at present {version}"
        case _:
            return (
                f"{name} with --platform {candidate.platform}: emulated, several times slower, "
                "and some programs fail"
            )


def offer_lines(advices: Sequence[Advice]) -> list[str]:
    """What can be used now, each once; for which platforms where it is not for all."""
    offers: dict[str, list[Platform]] = {}
    for advice in advices:
        for alternative in advice.alternatives:
            offers.setdefault(offer_line(alternative), []).append(advice.platform)
    return [
        f"Now: {line}."
        if len(platforms) == len(advices)
        else f"Now, for {listing(map(str, platforms))}: {line}."
        for line, platforms in offers.items()
    ]


def pull_command(alternative: Alternative) -> str:
    """The command that gets an alternative."""
    candidate = alternative.candidate
    return f"docker pull --platform {candidate.platform} {candidate.reference.familiar}"


def checked_lines(advices: Sequence[Advice], *, now: datetime) -> Iterator[str]:
    """Every source that was asked, and when; those that failed each with its trouble."""
    checks = dict.fromkeys(check for advice in advices for check in advice.reason.checks())
    asked = [check for check in checks if check.at is not None]
    for group in _CHECKED_TOGETHER:
        told = [check for check in asked if check.trouble is None and check.source in group]
        if told:
            names = dict.fromkeys(_subject(check) for check in told)
            at = min(check.at for check in told if check.at is not None)
            yield f"Checked at {moment(at, now)}: {', '.join(names)}."
    for check in asked:
        if check.trouble is not None:
            yield f"{_capital(_gap(check, now))}."


def advice_lines(advices: Sequence[Advice], *, now: datetime, at_most: int) -> list[str]:
    """The advice in brief, for an answer that says other things too: what matters most first."""
    reasons = dict.fromkeys(
        sentence for each in advices for sentence in reason_sentences(each, now=now)
    )
    lines = [
        *list(reasons)[:2],
        *_expected(advices, now)[:2],
        *offer_lines(advices)[:2],
    ]
    return lines[:at_most]


def _expected(advices: Sequence[Advice], now: datetime) -> list[str]:
    """When to expect the platforms; for each by itself only where they differ."""
    expected = {each.platform: expectation(each, now=now) for each in advices}
    sentences = list(dict.fromkeys(filter(None, expected.values())))
    if len(sentences) < 2:
        return sentences
    return [
        f"{platform}: {said[0].lower()}{said[1:]}" for platform, said in expected.items() if said
    ]


def planned_words(advices: Sequence[Advice]) -> str:
    """` (1 of 3 planned)` where it is known what is planned for the tag."""
    first = next(iter(advices), None)
    planned = None if first is None else first.reason.evidence.planned
    if first is None or not planned:
        return ""
    there = first.reason.evidence.there
    count = sum(any(each.satisfied_by(other) for other in there) for each in planned)
    return f" ({count} of {len(planned)} planned)"


def _estimated(advice: Advice, now: datetime) -> str | None:
    estimates, evidence = advice.estimates, advice.reason.evidence
    since, merged_at = evidence.planned_since, evidence.merged_at
    if not estimates:
        return None
    if estimates[0] is SHARED_INDEX:
        return f"The tag usually follows within {span(estimates[0].high)}."
    after = "listed" if merged_at is None else "merged"
    told = "; ".join(rests_on(each, after=after) for each in estimates)
    if since is not None and any(_is_over(each, since, now) for each in estimates):
        return f"This takes longer than usual already, so I expect nothing (usually {told})."
    if estimates[0].basis is Basis.OWN_WAITS:
        return f"{_capital(told)}."
    if merged_at is not None:
        begin, end = (moment(each, now) for each in estimates[0].between(merged_at))
        return f"Usually {told}. So it may come between {begin} and {end}."
    return f"Usually {told}."


def _is_over(estimate: Estimate, since: datetime, now: datetime) -> bool:
    # Own waits are counted from a tag's first platform, which comes some time after its listing.
    return estimate.basis is Basis.OFFICIAL_IMAGES and estimate.is_exceeded(since, now)


def _present(advice: Advice, _now: datetime) -> tuple[str, ...]:
    if advice.reason.freshness is not Freshness.MAY_BE_PREVIOUS:
        return ()
    return (
        f"{advice.platform} may still be the previous build: docker-library now names another "
        "commit than "
        "the one that it was built from.",
    )


def _not_official(advice: Advice, _now: datetime) -> tuple[str, ...]:
    """What the registry alone can tell about how a publisher builds."""
    platform, habit = advice.platform, advice.habit
    if habit is None:
        return ("Only the registry can tell about this image, and not what is planned.",)
    if not habit.carrying:
        others = listing((each.tag or "" for each in habit.seen), last="or")
        never = ": I have never seen the publisher ship it here" if habit.is_never else ""
        return (f"No {platform} in {others} either{never}.",)
    carrying = listing(each.tag or "" for each in habit.carrying)
    verb = "has" if len(habit.carrying) == 1 else "have"
    lacking = [each.tag or "" for each in habit.seen if each not in habit.carrying]
    others = f", but not {listing(lacking, last='or')}" if lacking else ""
    return (f"The publisher ships {platform} in other tags: {carrying} {verb} it{others}.",)


def _unlisted(advice: Advice, _now: datetime) -> tuple[str, ...]:
    image = advice.reason.evidence.image
    if advice.reason.is_retired:
        return (
            "docker-library does not list this tag any more: it is not built again, and "
            f"{advice.platform} will not be added.",
        )
    return (
        "docker-library does not list this tag: it is not merged yet, or spelt otherwise.",
        f"What is on its way: {_PULLS}{'' if image is None else image.name}",
    )


def _not_planned(advice: Advice, _now: datetime) -> tuple[str, ...]:
    planned = listing(shorts(sorted(advice.reason.evidence.planned or ())))
    return (f"docker-library does not build this tag for {advice.platform}; it is for {planned}.",)


def _built(advice: Advice, _now: datetime) -> tuple[str, ...]:
    return (f"{advice.platform} is built already, and the tag does not have it yet.",)


def _unknown(advice: Advice, _now: datetime) -> tuple[str, ...]:
    failed = [gap for gap in advice.reason.gaps if gap.at is not None]
    if not failed:
        return ()
    gaps = "; ".join(_gap(gap, None) for gap in failed)
    if advice.reason.evidence.is_unbuilt:
        known = f"{advice.platform} is planned and not built yet"
        return (f"{known}; whether it waits for another image I cannot tell: {gaps}.",)
    return (f"Why {advice.platform} is missing I cannot tell: {gaps}.",)


_SENTENCES: Mapping[ReasonCode, Callable[[Advice, datetime], tuple[str, ...]]] = {
    ReasonCode.PRESENT: _present,
    ReasonCode.NOT_OFFICIAL: _not_official,
    ReasonCode.UNLISTED: _unlisted,
    ReasonCode.NOT_PLANNED: _not_planned,
    ReasonCode.BUILT_PENDING_INDEX: _built,
    ReasonCode.WAITING_PARENT: waiting_sentences,
    ReasonCode.QUEUED: queued_sentences,
    ReasonCode.UNKNOWN: _unknown,
}


def rests_on(estimate: Estimate, *, after: str = "listed") -> str:
    """How long such waits take, from when on, and what that rests on."""
    between = _between(estimate.low, estimate.high)
    if estimate.basis is Basis.OWN_WAITS:
        half = "" if estimate.median is None else span(estimate.median)
        median = f", half of them {half} or less" if half not in ("", between) else ""
        tags = f"this repository's last {estimate.sample} tags"
        return f"{tags}: {between} after the first platform{median}"
    late = estimate.late
    slow = (
        f", up to {_long(late)} when a base image is new" if late and late > estimate.high else ""
    )
    return f"{between} after it is {after}{slow}"


def _between(low: timedelta, high: timedelta) -> str:
    if span(low) == span(high):
        return span(low)
    if not low % _HOUR and not high % _HOUR:
        return f"{low // _HOUR}-{high // _HOUR} h"
    return f"{span(low)} to {span(high)}"


def _long(length: timedelta) -> str:
    """`2 days`: a bound that is known no better."""
    days = length / timedelta(days=1)
    return f"{round(days)} days" if days > 1 else span(length)


def _may_be_old(alternative: Alternative) -> bool:
    return alternative.freshness is Freshness.MAY_BE_PREVIOUS


def _subject(check: Check) -> str:
    return _SOURCES[check.source].format(subject=check.subject)


def _gap(check: Check, now: datetime | None) -> str:
    """What could not be learnt; now: say also how old a kept copy is."""
    trouble = f" ({trouble_in_brief(check.trouble)})" if check.trouble is not None else ""
    if check.kept and check.at is not None and now is not None:
        return f"{_subject(check)} could not be read anew{trouble}; I go by the copy of " + moment(
            check.at, now
        )
    return f"{_subject(check)} could not be read{trouble}"


def _capital(sentence: str) -> str:
    # An image's name is no word to be changed.
    is_word = sentence.startswith(("the ", "this "))
    return f"T{sentence[1:]}" if is_word else sentence
