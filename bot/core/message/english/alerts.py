"""Messages nobody asked for at this moment: alerts and notices."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.library import architecture_tag
from bot.core.message.english.cards import render_card
from bot.core.message.english.words import listing, platforms_there, short_digest, span
from bot.core.message.neutral import Button, Message, News
from bot.core.model import MISSING, Alert, AlertFacts, Event, Status, Watch

SENT_AGAIN = "(sent again: no answer the first time)"
MOST_IN_FULL = 6
"""More alerts in one message are told in a line each."""
TOPIC_WAS_DELETED = "(sent here because the topic is gone)"


def render_alerts(owed: Sequence[tuple[Alert, AlertFacts]], *, people: Sequence[str]) -> Message:
    """One message for the alerts a delivery carries, at least one; people are mentioned."""
    news = tuple(_news(alert, facts) for alert, facts in owed)
    return replace(_all_in_one(owed), mentions=tuple(people), news=news)


def _news(alert: Alert, facts: AlertFacts) -> News:
    return News(
        event=alert.event.value,
        image=facts.reference.familiar,
        platform=str(alert.platform) if alert.platform else None,
        digest=facts.digest,
        there=facts.there,
        missing=facts.missing,
        observed_at=facts.observed_at,
        watch=alert.watch,
    )


def _all_in_one(owed: Sequence[tuple[Alert, AlertFacts]]) -> Message:
    messages = [render_alert(alert, facts) for alert, facts in owed]
    if len(messages) == 1:
        return messages[0]
    if len(messages) > MOST_IN_FULL:
        return _in_brief(owed, messages)
    lines: list[str] = []
    for message in messages[1:]:
        lines.extend((message.headline, *message.lines))
    return Message(
        messages[0].headline,
        (*messages[0].lines, *lines),
        tuple(dict.fromkeys(code for message in messages for code in message.code)),
    )


def _in_brief(owed: Sequence[tuple[Alert, AlertFacts]], messages: Sequence[Message]) -> Message:
    """A pile of alerts, a line each: in full it would be cut to what a service accepts."""
    first, *others = (
        message.headline
        if f"(#{alert.watch})" in message.headline
        else f"{message.headline} (#{alert.watch})"
        for (alert, _), message in zip(owed, messages, strict=True)
    )
    headline = f"{messages[0].headline}, and {len(others)} more alerts"
    return Message(headline, (first, *others))


def render_alert(alert: Alert, facts: AlertFacts) -> Message:
    """The message about one alert; its headline makes sense alone on a locked screen."""
    if alert.event in _ARRIVALS:
        return _arrival(alert, facts)
    if alert.event is Event.BUILT:
        return _built(alert, facts)
    if alert.event in _CARDS:
        return render_card(alert, facts)
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


_CARDS = frozenset({Event.OUT, Event.LANDED})
_ARRIVALS = {
    Event.APPEARED: "✅ {platform} is there: {name}",
    Event.BACK: "✅ {platform} is back: {name}",
    Event.REPLACED: "🔁 {platform} was built anew: {name}",
}
_NEWS = {
    Event.COMPLETE: ("🎉 {name} has every platform you waited for ({number}).", ""),
    Event.GONE: (
        "⚠️ {name} has lost {platform}.",
        "There now: {there}. You will be told when it is back ({number}).",
    ),
    Event.STALE: (
        "⚠️ {name}: {platform} is an older build than the other platforms.",
        "There now: {there}. The newer build of {platform} may still be on its way ({number}).",
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
    line = " · ".join(parts)
    line = f"{line[0].upper()}{line[1:]} (#{alert.watch})"
    return Message(headline, (line,), (f"docker pull --platform {platform} {name}",))


def _built(alert: Alert, facts: AlertFacts) -> Message:
    """The platform is in its architecture's own tag, which alone is named for pulling."""
    name, platform = facts.reference.familiar, alert.platform
    own = platform and architecture_tag(facts.reference, platform)
    return Message(
        f"🔨 {platform} is built: {name}",
        (
            f"This works now. {name} itself gets it within about 3 h, and you will be told "
            f"(#{alert.watch}).",
        ),
        (f"docker pull {own.familiar}",) if own else (),
        (Button("Stop", f"/unwatch #{alert.watch}"),),
    )


def render_expired(watch: Watch, *, now: datetime) -> Message:
    """The last message of a watch whose time is over."""
    name, lived = watch.reference.familiar, span(now - watch.created_at)
    missing = [want.platform for want in watch.wants if want.state in MISSING]
    if not missing:
        again = f"/watch {name} {' '.join(want.platform.short for want in watch.wants)} keep"
        return Message(
            f"⏳ The watch of {name} ended after {lived} (#{watch.id}).",
            (f"To go on: {again}",),
            buttons=(Button("Watch again", again),),
            mentions=watch.people,
        )
    again = f"/watch {name} {' '.join(platform.short for platform in missing)}"
    wanted = listing(map(str, missing), last="or")
    return Message(
        f"⏳ {lived} and no {wanted} for {name} (#{watch.id}). Stopped.",
        (_last_seen(watch), f"To go on: {again}"),
        buttons=(Button("Watch again", again),),
        mentions=watch.people,
    )


def _last_seen(watch: Watch) -> str:
    observation = watch.observation
    if observation is None:
        return "The registry never gave a clear answer."
    if observation.status is Status.TAG_MISSING:
        return "Last seen: no such tag."
    return f"Last seen: {listing(platforms_there(observation))}."


def render_place_closed(place_name: str, reason: str) -> Message:
    """What the owner of a place is told when nothing can be posted there."""
    return Message(
        f"⚠️ I cannot post to {place_name}: {reason}.",
        ("Its messages are kept, and sent once I can post there again.",),
    )


def told_directly(message: Message, place_name: str, reason: str) -> Message:
    """The same message for one person alone, and why it cannot be posted where it belongs.

    Buttons that name a watch by its number would mean nothing here.
    """
    return Message(
        message.headline,
        (*message.lines, f"(told to you alone, because I cannot post to {place_name}: {reason})"),
        message.code,
        tuple(button for button in message.buttons if "#" not in button.command),
    )


def marked_as_repeated(message: Message) -> Message:
    """The same message, saying that it may have been sent before."""
    return replace(message, lines=(*message.lines, SENT_AGAIN))
