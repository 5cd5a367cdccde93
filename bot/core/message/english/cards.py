"""The card of a new tag, as it is at one moment."""

from bot.core.message.english.words import listing
from bot.core.message.neutral import Button, Message
from bot.core.model import Alert, AlertFacts


def render_card(alert: Alert, facts: AlertFacts) -> Message:
    """What of a new tag is there and what is not yet; the same form at every moment."""
    name = facts.reference.familiar
    there = f"{listing(facts.there)} there" if facts.there else "nothing there yet"
    if not facts.missing:
        headline = f"🆕 {name} is out: {there}."
        return Message(
            headline, (f"Nothing is missing (#{alert.watch}).",), (f"docker pull {name}",)
        )
    missing = listing(facts.missing)
    return Message(
        f"🆕 {name} is out: {there}, {missing} not yet.",
        (f"You will be told when {missing} can be pulled (#{alert.watch}).",),
        buttons=(Button("Stop", f"/unwatch #{alert.watch}"),),
    )
