"""What a registry has at one moment."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.advice import Advice, in_vain, is_planned
from bot.core.message.english.reasons import advice_lines, planned_words, reason_sentences
from bot.core.message.english.trouble import trouble_sentence
from bot.core.message.english.words import listing, platforms_there, short_digest, shorts
from bot.core.message.neutral import Button, Message
from bot.core.model import Observation, Status
from bot.core.platform import Platform
from bot.core.reference import Reference

MAX_REASONS = 4
"""Sentences about why something is missing, in an answer that says first of all what is there."""


def render_check(
    reference: Reference,
    platforms: Sequence[Platform],
    seen: Observation,
    *,
    now: datetime,
    advices: Sequence[Advice] = (),
) -> Message:
    """What the registry has at this moment, without a watch; why, if somebody has asked that."""
    name = reference.familiar
    if seen.trouble is not None:
        return Message(
            f"❓ I cannot tell what {name} has now.",
            (trouble_sentence(reference, seen.trouble, now=now),),
        )
    missing = [platform for platform in platforms if seen.offers(platform) is None]
    reasons = advice_lines(advices, now=now, at_most=MAX_REASONS)
    again, invitation = how_to_watch(reference, missing, advices)
    if seen.status is Status.TAG_MISSING:
        spelling = () if is_planned(advices) else ("Check the spelling.",)
        return Message(
            f"❓ {reference.registry} has no tag {name}.",
            (*spelling, *reasons, invitation),
            buttons=(replace(again, label="Watch it"),),
        )
    lines = [there_line(seen, advices), *dangling_lines(missing, seen), *reasons]
    if seen.digest:
        lines.append(f"Digest of the tag: {short_digest(seen.digest)}")
    if not missing:
        return Message(f"✅ {name} has {listing(map(str, platforms))}.", tuple(lines))
    return Message(
        f"⏳ {name} has no {listing(map(str, missing), last='or')} yet.",
        (*lines, invitation),
        buttons=(again,),
    )


def render_already_there(
    reference: Reference,
    platforms: Sequence[Platform],
    seen: Observation,
    *,
    now: datetime,
    advices: Sequence[Advice] = (),
) -> Message:
    """Nothing to wait for: every wanted platform can be pulled now, though perhaps an old build."""
    name = reference.familiar
    lines = [sentence for each in advices for sentence in reason_sentences(each, now=now)]
    again = f"/watch {name} {' '.join(shorts(platforms))}"
    if lines:
        lines.append(f"To be told of new builds: {again} rebuilds")
    else:
        lines.append("Nothing to wait for.")
    for platform in platforms:
        entry = seen.offers(platform)
        if entry is not None:
            lines.append(f"{platform.short}: digest {short_digest(entry.digest)}")
    keep = f"{again} keep"
    return Message(
        f"✅ {name} has {listing(map(str, platforms))} already.",
        (*lines, f"There now: {listing(platforms_there(seen))}.", f"To watch it anyway: {keep}"),
        tuple(f"docker pull --platform {platform} {name}" for platform in platforms),
        (Button("Keep watching", keep),),
    )


def how_to_watch(
    reference: Reference, missing: Sequence[Platform], advices: Sequence[Advice]
) -> tuple[Button, str]:
    """How to be told of what is missing; for what is not built only those who insist are told."""
    again = f"/watch {reference.familiar} {' '.join(shorts(missing))}"
    hopeless = [advice.platform for advice in in_vain(advices)]
    if missing and all(platform in hopeless for platform in missing):
        return Button("Watch anyway", f"{again} anyway"), f"To watch it anyway: {again} anyway"
    return Button("Watch missing", again), f"To be told when it comes: {again}"


def there_line(seen: Observation, advices: Sequence[Advice]) -> str:
    """What is there, and how many of those that are planned, where that is known."""
    return f"There: {listing(platforms_there(seen))}{planned_words(advices)}."


def dangling_lines(platforms: Sequence[Platform], seen: Observation) -> list[str]:
    """Platforms that are listed and cannot be pulled."""
    lost = [str(platform) for platform in platforms if seen.listed(platform) is not None]
    if not lost:
        return []
    if len(lost) == 1:
        return [f"{lost[0]} is listed, but the registry does not serve its manifest yet."]
    return [f"{listing(lost)} are listed, but the registry does not serve their manifests yet."]
