"""How the bot comes to Slack's Web API, and what it hears at the door."""

import logging
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager

from aiohttp import ClientError, ClientSession, ClientTimeout
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.chat.slack.errors import error_name
from bot.chat.trial import ACCEPTED, Outcome, Trial

ANSWER_S = 30


@asynccontextmanager
async def connected(
    bot_token: str, api_url: str, *, answer_s: float = ANSWER_S
) -> AsyncIterator[AsyncWebClient]:
    """A client for the token, over a session of its own; answer_s: how long Slack may take."""
    # The SDK's own timeout does not hold with a session that is given, and its retries post twice.
    timeout = ClientTimeout(total=answer_s)
    async with ClientSession(timeout=timeout, trust_env=True) as session:
        yield AsyncWebClient(
            token=bot_token,
            base_url=api_url,
            session=session,
            retry_handlers=[],
            logger=logging.getLogger("slack_sdk"),
        )


async def tried(
    asking: Awaitable[AsyncSlackResponse], refusals: Mapping[str, str]
) -> tuple[Trial, AsyncSlackResponse | None]:
    """What Slack says to a token; the answer itself if it is accepted.

    refusals: the errors that no waiting cures, each with what is wrong.
    """
    try:
        answer = await asking
    except SlackApiError as error:
        name = error_name(error)
        if name in refusals:
            return Trial(Outcome.REFUSED, f"{refusals[name]} ({name})"), None
        return Trial(Outcome.UNCLEAR, name or "not an answer of Slack's"), None
    except (ClientError, SlackClientError, OSError) as error:
        return Trial(Outcome.UNCLEAR, type(error).__name__), None
    return ACCEPTED, answer
