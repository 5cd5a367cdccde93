"""The last message of a watch that makes no sense any more."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.advice import Advice
from bot.core.message.english.reasons import offer_line, pull_command
from bot.core.message.english.words import listing, shorts, span
from bot.core.message.neutral import Button, Message
from bot.core.model import MISSING, Watch

MOST_OFFERS = 3


def render_unlisted(watch: Watch, advices: Sequence[Advice], *, now: datetime) -> Message:
    """docker-library has ceased to list the tag: nothing is to be expected; what works instead.

    A watch of the configuration goes on, because whoever wrote that has to say otherwise.
    """
    name = watch.reference.familiar
    missing = [want.platform for want in watch.wants if want.state in MISSING]
    offers = {
        alternative.candidate: alternative for each in advices for alternative in each.alternatives
    }
    chosen = list(offers.values())[:MOST_OFFERS]
    waited = span(now - watch.created_at)
    ending = (
        f"The configuration watches it all the same (#{watch.id})."
        if watch.configured
        else f"The watch has ended after {waited} (#{watch.id})."
    )
    again = f"/watch {name} {' '.join(shorts(missing))} anyway"
    return Message(
        f"🛑 {name} is not built any more: no {listing(map(str, missing), last='or')} will come.",
        (
            "docker-library does not list the tag any more, as mostly after a newer release.",
            ending,
            *(f"Instead: {offer_line(each)}." for each in chosen),
        ),
        tuple(map(pull_command, chosen)),
        () if watch.configured else (Button("Watch anyway", again),),
        mentions=watch.people,
    )
