"""Answers that set somebody right: what they may have meant, and what is too much."""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.message.english.words import listing, shorts
from bot.core.message.neutral import Button, Message
from bot.core.platform import Platform
from bot.core.reference import Reference


def with_suggestions(
    message: Message, nearest: Sequence[Reference], platforms: Sequence[Platform]
) -> Message:
    """The answer about a tag that does not exist, naming those that do and may be meant."""
    if not nearest:
        return message
    names = listing((reference.familiar for reference in nearest), last="or")
    instead = f"/watch {nearest[0].familiar} {' '.join(shorts(platforms))}"
    line = f"Did you mean {names}? Then: {instead}"
    return replace(
        message,
        lines=(*message.lines[:1], line, *message.lines[1:]),
        buttons=(Button("Watch that", instead), *message.buttons),
    )


def render_too_many_of_yours(reference: Reference, *, most: int) -> Message:
    """The person watches as much as one may; no watch was made."""
    return _too_many(reference, f"You have {most} watches already, the most for one person.")


def render_too_many_here(reference: Reference, *, most: int) -> Message:
    """The conversation watches as much as it may; no watch was made."""
    return _too_many(reference, f"There are {most} watches here already, the most for one chat.")


def _too_many(reference: Reference, line: str) -> Message:
    return Message(
        f"✋ Not watching {reference.familiar}: that would be one too many.",
        (line, "To make room: /unwatch #7, or an image instead of the number. All of them: /list"),
    )
