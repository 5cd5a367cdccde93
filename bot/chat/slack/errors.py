"""What Slack's errors mean for a message.

Source: the error tables of chat.postMessage and of Slack's Web API, and what slack-sdk raises.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import ClientConnectorError, ClientError, ConnectionTimeoutError
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.core.errors import (
    NotSent,
    PlaceClosed,
    Postponed,
    SendError,
    SendUncertain,
    ServiceClosed,
    Unsendable,
)

RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
_INVITE = "I have not been invited there: type /invite @archbell in it"
NOT_OURS = {
    "not_in_channel": _INVITE,
    "channel_not_found": _INVITE,
    "is_archived": "it is archived",
    "restricted_action": "the workspace does not let me post there",
    "restricted_action_read_only_channel": "the workspace does not let me post there",
    "restricted_action_thread_only_channel": "only replies are allowed there",
    "restricted_action_non_threadable_channel": "the workspace does not let me post there",
    "restricted_action_thread_locked": "that thread is locked",
    "no_permission": "the workspace does not let me post there",
    "messages_tab_disabled": "my direct messages are switched off in the app's settings",
    "cannot_reply_to_message": "that thread takes no replies",
    "thread_not_found": "that thread is gone",
    "user_not_found": "that person is not in the workspace",
    "user_disabled": "that person has left the workspace",
    "cannot_dm_bot": "that is another bot",
}
"""Errors about one conversation, and what its owner is told."""

NO_ENTRY = {
    "token_revoked": "the bot token has been revoked",
    "token_expired": "the bot token has expired",
    "invalid_auth": "the bot token is wrong",
    "not_authed": "there is no bot token",
    "account_inactive": "the bot user has been deactivated",
    "missing_scope": "the app lacks a permission; install it anew from `archbell slack manifest`",
    "not_allowed_token_type": "that is not a bot token (they begin with xoxb-)",
    "org_login_required": "the workspace is moving to another organisation",
    "ekm_access_denied": "the workspace's administrators have suspended access",
    "team_access_not_granted": "the app is not installed in that workspace",
    "access_denied": "the workspace does not let me in",
}
"""Errors about the whole workspace, and what is wrong."""

OUR_LAYOUT = ("invalid_blocks", "msg_blocks_too_long", "no_text", "metadata_", "invalid_metadata")
"""Beginnings of errors about a message's form: it is our mistake."""

AMBIGUOUS = frozenset(
    {"fatal_error", "internal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
"""Slack's own failures: the message may have been posted."""

FIRST_SERVER_ERROR = 500
WAIT_S = 30.0


class MisshapenMessage(Unsendable):
    """Slack does not take the blocks; the text alone may still go."""


class MissingScope(ServiceClosed):
    """The app may not do this; it may do other things."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise what slack-sdk and aiohttp raise as SendErrors."""
    try:
        yield
    except SlackApiError as error:
        raise meaning_of(error) from error
    except (ClientConnectorError, ConnectionTimeoutError) as error:
        raise NotSent("Slack cannot be reached") from error
    except (ClientError, SlackClientError, OSError, TimeoutError, ValueError) as error:
        raise SendUncertain(f"no clear answer from Slack ({type(error).__name__})") from error


def meaning_of(error: SlackApiError) -> SendError:
    """What an answer that is not ok says about the message."""
    name, status = error_name(error), _status(error)
    if name in RATE_LIMITED or status == 429:
        return Postponed("Slack asks to wait", retry_after_s=_retry_after_s(error))
    if name in NOT_OURS:
        return PlaceClosed(NOT_OURS[name])
    if name in NO_ENTRY:
        kind = MissingScope if name == "missing_scope" else ServiceClosed
        return kind(f"Slack: {NO_ENTRY[name]} ({name})")
    if name.startswith(OUR_LAYOUT):
        return MisshapenMessage(f"Slack does not take the message's form ({name})")
    if not name or name in AMBIGUOUS or status >= FIRST_SERVER_ERROR:
        return SendUncertain(f"Slack failed ({name or status})")
    return Unsendable(f"Slack refuses the message ({name})")


def error_name(error: SlackApiError) -> str:
    """Slack's own word for it; empty if the answer was none of Slack's."""
    try:
        name = error.response["error"]
    except (KeyError, TypeError):
        return ""
    return name if isinstance(name, str) else ""


def _status(error: SlackApiError) -> int:
    status = getattr(error.response, "status_code", 0)
    return status if isinstance(status, int) else 0


def _retry_after_s(error: SlackApiError) -> float:
    headers = getattr(error.response, "headers", None) or {}
    named = {str(name).lower(): value for name, value in headers.items()}
    try:
        return max(float(named["retry-after"]), 1.0)
    except (KeyError, TypeError, ValueError):
        return WAIT_S
