"""What is said about patterns of tags."""

from collections.abc import Collection, Sequence

from bot.core.errors import TroubleKind
from bot.core.message.english.words import listing
from bot.core.message.neutral import Button, Message
from bot.core.platform import Platform

MOST_EXAMPLES = 3


def render_following(
    pattern: str, platforms: Collection[Platform], fitting: Sequence[str] | None, *, is_new: bool
) -> Message:
    """The confirmation of a pattern. fitting: the tags that fit now; None: nobody knows yet."""
    wanted = listing(map(str, sorted(platforms)))
    headline = (
        f"🔭 Watching for new tags that fit {pattern}, for {wanted}."
        if is_new
        else f"🔭 Already watching here for new tags that fit {pattern}, now for {wanted}."
    )
    return Message(
        headline,
        (
            _what_fits(fitting),
            "Each new one gets a card here, and a message when it has what you want.",
        ),
        buttons=(Button("Stop", f"/unwatch {pattern}"),),
    )


def _what_fits(fitting: Sequence[str] | None) -> str:
    if fitting is None:
        return "I could not list its tags just now and go on trying."
    if not fitting:
        return "No tag fits yet: check the spelling."
    counted = "1 tag fits" if len(fitting) == 1 else f"{len(fitting)} tags fit"
    return f"{counted} already, such as {listing(fitting[:MOST_EXAMPLES])}; these are no news."


def render_cannot_follow(pattern: str, kind: TroubleKind, sentence: str) -> Message:
    """No pattern was made, and why."""
    sign = "🔒" if kind is TroubleKind.DENIED else "🚫"
    return Message(f"{sign} Not watching for {pattern}.", (sentence,))


def render_pattern_has_no_end(pattern: str) -> Message:
    """A pattern with a time after which it is to end."""
    return Message(
        f"❓ Not watching for {pattern}: a pattern cannot end by itself.",
        (
            f"Leave the time out, and stop it with /unwatch {pattern}",
            "Each tag it finds is given up by itself, as usual.",
        ),
    )


def render_pattern_keeps_nothing(pattern: str) -> Message:
    """A pattern whose tags are to be kept an eye on after they have everything."""
    return Message(
        f"❓ Not watching for {pattern}: the tags it finds cannot be kept.",
        (
            "Leave keep or rebuilds out: a pattern goes on by itself, and each tag it finds is "
            "watched until it has what you want.",
            "To go on with one of them then: /watch IMAGE:TAG keep",
        ),
    )


def render_too_many_patterns(pattern: str, *, most: int) -> Message:
    """One pattern too many."""
    return Message(
        f"🚫 Not watching for {pattern}: this place has {most} patterns and watches already.",
        ("See them with /list, stop one with /unwatch.",),
    )


def render_unfollowed(pattern: str, *, configured: bool) -> Message:
    """A pattern was stopped; configured: not what the configuration wants of it."""
    if configured:
        return Message(f"📌 {pattern} stands in the configuration.", ("It goes on: end it there.",))
    return Message(
        f"🛑 Stopped watching for new tags that fit {pattern}.",
        ("Tags that were found already are waited for as before: /list",),
    )


def pattern_row(pattern: str, platforms: Collection[Platform], *, configured: bool) -> str:
    """One pattern in one line of a list."""
    wanted = listing(map(str, sorted(platforms)))
    more = ", from the configuration" if configured else ""
    return f"{pattern}: new tags, for {wanted}{more}"
