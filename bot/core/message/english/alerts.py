"""Messages nobody asked for at this moment: alerts and notices."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.message.english.words import listing, short_digest, span
from bot.core.message.neutral import Button, Message
from bot.core.model import Alert, AlertFacts, Event, Watch

SENT_AGAIN = "(sent again: no answer the first time)"


def render_alerts(owed: Sequence[tuple[Alert, AlertFacts]], *, people: Sequence[str]) -> Message:
    """One message for the alerts a delivery carries, at least one; people are mentioned."""
    messages = [render_alert(alert, facts) for alert, facts in owed]
    if len(messages) == 1:
        only = messages[0]
        return Message(only.headline, only.lines, only.code, only.buttons, tuple(people))
    lines: list[str] = []
    for message in messages[1:]:
        lines.extend((message.headline, *message.lines))
    return Message(
        messages[0].headline,
        (*messages[0].lines, *lines),
        tuple(dict.fromkeys(code for message in messages for code in message.code)),
        mentions=tuple(people),
    )


def render_alert(alert: Alert, facts: AlertFacts) -> Message:
    """The message about one alert; its headline makes sense alone on a locked screen."""
    if alert.event in _ARRIVALS:
        return _arrival(alert, facts)
    headline, line = _NEWS[alert.event]
    words = {
        "name": facts.reference.familiar,
        "registry": facts.reference.registry,
        "platform": str(alert.platform),
        "there": listing(facts.there),
        "number": f"#{alert.watch}",
    }
    stop = Button("Stop", f"/unwatch #{alert.watch}")
    return Message(
        headline.format(**words),
        (line.format(**words),) if line else (),
        buttons=() if alert.event is Event.COMPLETE else (stop,),
    )


_ARRIVALS = {
    Event.APPEARED: "✅ {platform} is there: {name}",
    Event.BACK: "✅ {platform} is back: {name}",
    Event.REPLACED: "🔁 {platform} was built anew: {name}",
}
_NEWS = {
    Event.COMPLETE: ("🎉 {name} has everything that {number} waited for.", ""),
    Event.GONE: (
        "⚠️ {name} has lost {platform}.",
        "There now: {there}. You will be told when it is back ({number}).",
    ),
    Event.STALE: (
        "⚠️ {name}: {platform} is an older build than the other platforms.",
        "Others of {there} were built anew since ({number}).",
    ),
    Event.TAG_GONE: (
        "⚠️ {name} is gone: {registry} has no such tag any more.",
        "You will be told when it is back ({number}).",
    ),
}


def _arrival(alert: Alert, facts: AlertFacts) -> Message:
    name, platform = facts.reference.familiar, str(alert.platform)
    headline = _ARRIVALS[alert.event].format(platform=platform, name=name)
    parts = [f"Digest {short_digest(facts.digest)}"] if facts.digest else []
    if alert.event is Event.APPEARED:
        parts.append(f"waited {span(facts.observed_at - facts.wanted_since)}")
    parts.append(f"there now: {listing(facts.there)}")
    if facts.missing:
        parts.append(f"still missing: {listing(facts.missing)}")
    return Message(headline, (" · ".join(parts),), (f"docker pull --platform {platform} {name}",))


def render_expired(watch: Watch, *, now: datetime) -> Message:
    """The last message of a watch whose time is over."""
    missing = [want for want in watch.wants if want.platform in _missing(watch)]
    names = listing(str(want.platform) for want in missing)
    again = f"/watch {watch.reference.familiar} {' '.join(want.platform.short for want in missing)}"
    lived = span(now - watch.created_at)
    if not missing:
        again = f"/watch {watch.reference.familiar} keep"
        return Message(
            f"⏳ #{watch.id} ended after {lived}: {watch.reference.familiar}.",
            (f"To go on: {again}",),
        )
    return Message(
        f"⏳ {lived} and no {names} for {watch.reference.familiar} (#{watch.id}). Stopped.",
        (_last_seen(watch), f"To go on: {again.strip()}"),
        buttons=(Button("Watch again", again.strip()),),
        mentions=watch.people,
    )


def _missing(watch: Watch) -> set[object]:
    observation = watch.observation
    return {
        want.platform
        for want in watch.wants
        if observation is None or observation.offers(want.platform) is None
    }


def _last_seen(watch: Watch) -> str:
    observation = watch.observation
    if observation is None:
        return "The registry never gave a clear answer."
    if observation.digest is None:
        return "Last seen: no such tag."
    return f"Last seen: {listing(platform.short for platform in observation.entries)}."


def render_place_closed(place_name: str, reason: str) -> Message:
    """What the owner of a place is told when nothing can be posted there."""
    return Message(
        f"⚠️ I cannot post to {place_name}: {reason}.",
        ("Its messages are kept and sent when I can post there again.",),
    )


def marked_as_repeated(message: Message) -> Message:
    """The same message, saying that it may have been sent before."""
    return Message(
        message.headline,
        (*message.lines, SENT_AGAIN),
        message.code,
        message.buttons,
        message.mentions,
    )
