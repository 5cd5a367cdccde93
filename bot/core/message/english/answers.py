"""Answers to commands about images and watches."""

from collections.abc import Sequence
from datetime import datetime
from math import ceil

from bot.core.message.english.trouble import trouble_sentence
from bot.core.message.english.words import (
    listing,
    moment,
    platforms_there,
    short_digest,
    shorts,
    span,
)
from bot.core.message.neutral import Button, Message
from bot.core.model import Observation, Status, Trouble, Want, WantState, Watch
from bot.core.platform import Platform
from bot.core.reference import Reference

ROWS_A_PAGE = 20


def render_watching(watch: Watch, *, seen: Observation, now: datetime) -> Message:
    """The confirmation of a new watch: what is there, what is missing, how it goes on."""
    name, missing = watch.reference.familiar, _missing(watch.wants)
    if not missing:
        return _standing_on_what_is_there(watch, seen)
    wanted = listing(str(want.platform) for want in missing)
    lines = [*_what_is_there(watch.reference, seen, missing, now=now), _how_it_goes_on(watch, now)]
    return Message(
        f"👀 Watching {name} for {wanted} (#{watch.id}).",
        tuple(lines),
        buttons=_watch_buttons(watch),
    )


def render_joined(watch: Watch, *, seen: Observation, joined: bool, now: datetime) -> Message:
    """Somebody asked for what the place watches already."""
    since = moment(watch.created_at, now)
    headline = f"👀 Already watching {watch.reference.familiar} here (#{watch.id}, since {since})."
    lines = _what_is_there(watch.reference, seen, _missing(watch.wants), now=now)
    if joined:
        lines.insert(0, "You are added to its alerts.")
    return Message(headline, (*lines, _how_it_goes_on(watch, now)), buttons=_watch_buttons(watch))


def render_already_there(
    reference: Reference, platforms: Sequence[Platform], seen: Observation
) -> Message:
    """Nothing to wait for: every wanted platform can be pulled now."""
    name = reference.familiar
    digests = [entry.digest for entry in map(seen.offers, platforms) if entry is not None]
    lines = [f"Nothing to wait for. Digest {short_digest(digests[0])}"] if digests else []
    lines.append(f"There now: {listing(platforms_there(seen))}")
    return Message(
        f"✅ {name} has {listing(map(str, platforms))} already.",
        tuple(lines),
        (f"docker pull --platform {platforms[0]} {name}",),
        (Button("Tell me when it changes", f"/watch {name} {platforms[0].short} keep"),),
    )


def render_cannot_watch(reference: Reference, trouble: Trouble, *, now: datetime) -> Message:
    """No watch was made, and why."""
    return Message(
        f"🔒 Not watching {reference.familiar}.", (trouble_sentence(reference, trouble, now=now),)
    )


def render_check(
    reference: Reference, platforms: Sequence[Platform], seen: Observation, *, now: datetime
) -> Message:
    """What the registry has at this moment, without a watch."""
    name = reference.familiar
    if seen.trouble is not None:
        return Message(
            f"❓ {name}: not known.", (trouble_sentence(reference, seen.trouble, now=now),)
        )
    if seen.status is Status.TAG_MISSING:
        return Message(
            f"❓ {reference.registry} has no tag {name}.",
            ("Check the spelling, or watch it.",),
            buttons=(Button("Watch it", f"/watch {name}"),),
        )
    missing = [platform for platform in platforms if seen.offers(platform) is None]
    lines = [f"There: {listing(platforms_there(seen))}", *_dangling(platforms, seen)]
    if seen.digest:
        lines.append(f"Digest {short_digest(seen.digest)}")
    if not missing:
        return Message(f"✅ {name} has {listing(map(str, platforms))}.", tuple(lines))
    again = f"/watch {name} {' '.join(shorts(missing))}"
    return Message(
        f"⏳ {name} has no {listing(map(str, missing))} yet.",
        (*lines, f"To be told: {again}"),
        buttons=(Button("Watch missing", again),),
    )


def render_why(
    reference: Reference,
    platforms: Sequence[Platform],
    seen: Observation,
    *,
    changed_at: datetime | None,
    now: datetime,
) -> Message:
    """Why something is missing, as far as the registry alone can tell."""
    checked = render_check(reference, platforms, seen, now=now)
    lines = list(checked.lines)
    if changed_at is not None:
        lines.append(f"The tag last changed {span(now - changed_at)} ago, as far as I saw.")
    if seen.is_clear and any(seen.offers(platform) is None for platform in platforms):
        lines.append("Images are built for one architecture at a time and land within hours.")
    return Message(checked.headline, tuple(lines), checked.code, checked.buttons)


def render_list(watches: Sequence[Watch], *, page: int, now: datetime) -> Message:
    """The watches of a place, a page at a time; a page beyond the last is the last."""
    if not watches:
        return Message("Nothing is watched here.", ("To begin: /watch node:22-slim arm64",))
    pages = ceil(len(watches) / ROWS_A_PAGE)
    page = min(max(page, 1), pages)
    rows = watches[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
    counted = "1 watch" if len(watches) == 1 else f"{len(watches)} watches"
    headline = f"{counted} here" + (f" (page {page} of {pages})" if pages > 1 else "") + "."
    lines = [watch_row(watch, now=now) for watch in rows]
    if page < pages:
        lines.append(f"More: /list {page + 1}")
    return Message(headline, tuple(lines))


def watch_row(watch: Watch, *, now: datetime) -> str:
    """One watch in one line: number, image, what is missing, since when, next look."""
    missing = _missing(watch.wants)
    state = f"missing {listing(str(w.platform) for w in missing)}" if missing else "all there"
    parts = [
        f"#{watch.id} {watch.reference.familiar}: {state}",
        f"since {moment(watch.created_at, now)}",
    ]
    if watch.looked_at is not None:
        parts.append(f"looked {span(now - watch.looked_at)} ago")
    if watch.due_at is not None:
        parts.append(
            "next look now" if watch.due_at <= now else f"next look in {span(watch.due_at - now)}"
        )
    if watch.standing:
        parts.append("kept")
    if watch.muted_until is not None and watch.muted_until > now:
        parts.append(f"muted until {moment(watch.muted_until, now)}")
    return ", ".join(parts)


def render_stopped(
    watches: Sequence[Watch], *, platforms: Sequence[Platform] | None = None
) -> Message:
    """What was stopped; platforms: only those of the one watch."""
    if len(watches) == 1:
        watch = watches[0]
        stopped = platforms or [want.platform for want in watch.wants]
        wanted = listing(map(str, stopped))
        return Message(f"🛑 Stopped #{watch.id}: {watch.reference.familiar} {wanted}.")
    names = tuple(f"#{watch.id} {watch.reference.familiar}" for watch in watches)
    return Message(f"🛑 Stopped {len(watches)} watches.", names)


def render_not_watched(what: str) -> Message:
    """Nothing here fits what should be stopped, muted or explained."""
    return Message(f"❓ Nothing here is watched as {what}.", ("What is: /list",))


def render_muted(what: str, until: datetime, *, now: datetime) -> Message:
    """Alerts are held back."""
    return Message(
        f"🔕 {what} is quiet until {moment(until, now)}.",
        ("Alerts are kept and come together afterwards. To end it: /unmute",),
    )


def render_unmuted(what: str) -> Message:
    """Alerts go out again."""
    return Message(f"🔔 {what} speaks again; what was held back follows.")


def _standing_on_what_is_there(watch: Watch, seen: Observation) -> Message:
    wanted = listing(str(want.platform) for want in watch.wants)
    return Message(
        f"👀 Keeping an eye on {watch.reference.familiar} for {wanted} (#{watch.id}).",
        (
            f"It is there now, beside {listing(platforms_there(seen))}.",
            "You will be told when it goes.",
        ),
        buttons=_watch_buttons(watch),
    )


def _what_is_there(
    reference: Reference, seen: Observation, missing: Sequence[Want], *, now: datetime
) -> list[str]:
    wanted = [want.platform for want in missing]
    if seen.trouble is not None:
        sentence = trouble_sentence(reference, seen.trouble, now=now)
        return [f"I could not look just now: {sentence}", "I go on trying."]
    if seen.status is Status.TAG_MISSING:
        return [
            f"❓ {reference.registry} has no tag {reference.familiar} yet: check the spelling.",
            "If it is right, you will be told when it comes.",
        ]
    there, lacking = listing(platforms_there(seen)), listing(shorts(wanted))
    return [f"Registry has: {there}. Missing: {lacking}.", *_dangling(wanted, seen)]


def _dangling(platforms: Sequence[Platform], seen: Observation) -> list[str]:
    """Platforms that are listed and cannot be pulled."""
    lost = [p for p in platforms if seen.listed(p) is not None and seen.offers(p) is None]
    if not lost:
        return []
    return [
        f"{listing(map(str, lost))} is listed, but the registry does not serve its manifest yet."
    ]


def _how_it_goes_on(watch: Watch, now: datetime) -> str:
    until = f" and gives up after {span(watch.expires_at - now)}" if watch.expires_at else ""
    return f"Looks every minute at first, then every 5 to 60 min{until}. You will be told here."


def _missing(wants: Sequence[Want]) -> list[Want]:
    return [want for want in wants if want.state in {WantState.WAITING, WantState.GONE}]


def _watch_buttons(watch: Watch) -> tuple[Button, ...]:
    name = watch.reference.familiar
    return (
        Button("Check now", f"/check {name}"),
        Button("Why missing?", f"/why #{watch.id}"),
        Button("Stop", f"/unwatch #{watch.id}"),
    )
