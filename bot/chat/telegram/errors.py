"""What python-telegram-bot's errors mean for a message.

In its tree BadRequest and TimedOut are NetworkErrors, so the order of the questions matters.
Source: telegram.error, and how telegram.request maps statuses to it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.core.errors import (
    NotSent,
    PlaceClosed,
    PlaceMoved,
    Postponed,
    SendError,
    SendUncertain,
    ServiceClosed,
    Unsendable,
)

NOTHING_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""Failures before a request has left this machine."""

CLOSED_CHATS = {
    "chat not found": "there is no such chat, or nobody there has spoken to me",
    "not enough rights": "I may not write there: somebody must give me the right to",
    "have no rights to send": "I may not write there: somebody must give me the right to",
    "chat_write_forbidden": "I may not write there: somebody must give me the right to",
    "need administrator rights": "I may not write there: somebody must make me an administrator",
    "topic_closed": "that topic is closed",
    "topic_deleted": "that topic has been deleted",
    "user is deactivated": "that account is gone",
    "group chat was deactivated": "that group is gone",
    "peer_id_invalid": "there is no such chat, or nobody there has spoken to me",
}
"""Parts of a BadRequest's text that speak of the chat, and what its owner is told."""

TURNED_AWAY = "Telegram: the bot token is wrong or has been revoked"
TOPIC_GONE = "message thread not found"
MISSHAPEN = ("can't parse entities", "message is too long", "entity")
NOT_MODIFIED = "message is not modified"


class TopicGone(PlaceClosed):
    """The topic is not there any more; the chat is."""


class NotModified(Unsendable):
    """The message says that already."""


class MisshapenMessage(Unsendable):
    """Telegram does not take the markup; the bare text may still go."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise what python-telegram-bot raises as SendErrors."""
    try:
        yield
    except TelegramError as error:
        raise meaning_of(error) from error


def meaning_of(error: TelegramError) -> SendError:
    """What an error says about the message."""
    match error:
        case RetryAfter():
            return Postponed("Telegram asks to wait", retry_after_s=wait_s(error))
        case ChatMigrated(new_chat_id=number):
            return PlaceMoved("the group has a new number", conversation=str(number))
        case Forbidden():
            return PlaceClosed("I have been blocked there, or removed from it")
        case InvalidToken():
            return ServiceClosed(TURNED_AWAY)
        case BadRequest():
            return _refused(error.message)
        case _:
            return _unanswered(error)


def _unanswered(error: TelegramError) -> SendError:
    if isinstance(error, Conflict):
        return NotSent("another process uses the bot's token")
    if isinstance(error.__cause__, NOTHING_LEFT):
        return NotSent("Telegram cannot be reached")
    return SendUncertain(f"no clear answer from Telegram ({type(error).__name__})")


def _refused(text: str) -> SendError:
    said = text.lower()
    if NOT_MODIFIED in said:
        return NotModified("the message says that already")
    if TOPIC_GONE in said:
        return TopicGone("that topic is gone")
    for part, told in CLOSED_CHATS.items():
        if part in said:
            return PlaceClosed(told)
    if any(part in said for part in MISSHAPEN):
        return MisshapenMessage("Telegram does not take the message's form")
    return Unsendable(f"Telegram refuses the message ({text[:200]})")


def wait_s(error: RetryAfter) -> float:
    """How long to wait, which is a number or, in newer versions, a span of time."""
    after: int | timedelta = error.retry_after
    return max(after.total_seconds() if isinstance(after, timedelta) else float(after), 1.0)
