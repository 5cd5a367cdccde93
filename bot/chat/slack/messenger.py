"""Posts messages to Slack, and looks up whether one has arrived."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.slack.decoding import SERVICE
from bot.chat.slack.errors import MisshapenMessage, MissingScope, translated
from bot.chat.standing import Standing
from bot.chat.turns import Limit, Rate, Turns
from bot.core.errors import SendUncertain, ServiceClosed
from bot.core.message.neutral import Message
from bot.core.message.slack import render_slack
from bot.core.message.spelling import Spell, spelled
from bot.core.model import Place
from bot.log import Log
from bot.ports.chat import Sent
from bot.ports.surroundings import Clock, Sleep

PACE = (Rate(1, 1.0),)
PAGE_MESSAGES = 200
MAX_PAGES = 10
CLOCKS_DIFFER_S = 60
"""Slack's clock and ours need not agree on when the first attempt was."""

log = Log(__name__)


class SlackMessenger:
    """bot.ports.Messenger for one workspace."""

    service = SERVICE

    def __init__(
        self,
        client: AsyncWebClient,
        standing: Standing,
        *,
        clock: Clock,
        sleep: Sleep,
        spell: Spell,
    ) -> None:
        self._client = client
        self._standing = standing
        self._spell = spell
        self._turns = Turns(clock=clock, sleep=sleep)
        self._direct: dict[str, str] = {}
        self._blind: set[str] = set()

    @property
    def is_attached(self) -> bool:
        """Whether the workspace lets us in, as far as is known."""
        return self._standing.is_open

    def can_find(self, place: Place) -> bool:
        """Whether the app may read that kind of conversation."""
        return _kind(place.conversation) not in self._blind

    def direct_place(self, person: str) -> Place | None:
        """The direct messages with this person."""
        return Place(SERVICE, person)

    async def send(self, place: Place, message: Message, *, marker: str) -> str:
        """Post it; the message's ts. Raises SendError."""
        await self._turns.take(Limit(place.conversation, PACE))
        laid_out = render_slack(spelled(message, self._spell), marker=marker)
        try:
            return await self._post(place, text=laid_out.text, blocks=list(laid_out.blocks))
        except MisshapenMessage as error:
            log.error("message_misshapen", place=str(place), delivery=marker, error=str(error))
            return await self._post(place, text=laid_out.text)
        except ServiceClosed as error:
            self._standing.close(str(error))
            raise

    async def edit(
        self,
        place: Place,
        message: Message,
        *,
        edits: Sent,
        marker: str,  # noqa: ARG002
    ) -> None:
        """Update it; it can still be found by its own marker. Raises SendError."""
        await self._turns.take(Limit(place.conversation, PACE))
        laid_out = render_slack(spelled(message, self._spell), marker=edits.marker)
        try:
            with translated():
                await self._client.chat_update(
                    channel=await self._channel(place.conversation),
                    ts=edits.message_id,
                    text=laid_out.text,
                    blocks=list(laid_out.blocks),
                )
        except ServiceClosed as error:
            self._standing.close(str(error))
            raise

    async def _post(self, place: Place, **content: Any) -> str:
        with translated():
            posted = await self._client.chat_postMessage(
                channel=place.conversation,
                thread_ts=place.thread or None,
                unfurl_links=False,
                unfurl_media=False,
                **content,
            )
        if isinstance(channel := posted.get("channel"), str):
            self._direct[place.conversation] = channel
        return str(posted["ts"])

    async def find(self, place: Place, *, marker: str, since: datetime) -> str | None:
        """The ts of the message that carries the marker. Raises SendError."""
        try:
            with translated():
                return await self._search(place, marker, since.timestamp() - CLOCKS_DIFFER_S)
        except MissingScope as error:
            # It is reading that is not allowed here; posting may still be.
            self._blind.add(_kind(place.conversation))
            raise SendUncertain(str(error)) from error
        except ServiceClosed as error:
            self._standing.close(str(error))
            raise SendUncertain(str(error)) from error

    async def _search(self, place: Place, marker: str, oldest: float) -> str | None:
        asked: dict[str, Any] = {
            "channel": await self._channel(place.conversation),
            "oldest": f"{oldest:.6f}",
            "limit": PAGE_MESSAGES,
        }
        ask: Callable[..., Any] = self._client.conversations_history
        if place.thread:
            ask, asked = self._client.conversations_replies, {**asked, "ts": place.thread}
        for _ in range(MAX_PAGES):
            page = await ask(**asked)
            for message in page.get("messages") or ():
                if _carries(message, marker):
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None
            asked["cursor"] = cursor
        raise SendUncertain("too much has been written there since to find the message")

    async def _channel(self, conversation: str) -> str:
        """Where messages to a person really are: history wants the direct conversation's id."""
        if _kind(conversation) != "person":
            return conversation
        if conversation not in self._direct:
            opened = await self._client.conversations_open(users=conversation)
            self._direct[conversation] = str(opened["channel"]["id"])
        return self._direct[conversation]


def _carries(message: Mapping[str, Any], marker: str) -> bool:
    blocks = message.get("blocks")
    return isinstance(blocks, list) and any(block.get("block_id") == marker for block in blocks)


def _kind(conversation: str) -> str:
    return {"D": "direct", "U": "person", "W": "person", "G": "group"}.get(
        conversation[:1], "channel"
    )
