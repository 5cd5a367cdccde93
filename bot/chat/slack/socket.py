"""Socket Mode: what people say comes over connections that the bot opens itself.

Two connections, because the client closes the old one before it opens a new one when Slack asks for
a refresh, and what Slack sends to the only connection meanwhile is lost.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.heard import Heard
from bot.chat.reception import Reception
from bot.chat.slack.decoding import DECODERS, team_of
from bot.chat.slack.errors import error_name
from bot.chat.standing import Standing
from bot.core.errors import StoreError
from bot.log import Log
from bot.ports.surroundings import Sleep

CONNECTIONS = 2
PING_S = 5.0
MAX_BATCH = 100
OPEN_WAIT_S = 5.0
OPEN_WAIT_MAX_S = 300.0
SWITCHED_OFF = "Socket Mode is switched off in the app's settings: switch it on"

TOKEN_TROUBLE = {
    "invalid_auth": "the app token is wrong",
    "not_authed": "there is no app token",
    "not_allowed_token_type": "that is not an app token (they begin with xapp-)",
    "token_revoked": "the app token has been revoked",
    "token_expired": "the app token has expired",
    "missing_scope": "the app token lacks the scope connections:write",
    "account_inactive": "the app has been removed from the workspace",
    "forbidden_team": "the app is not allowed in that workspace",
    "access_denied": "the workspace does not let the app in",
    "connections_disabled": SWITCHED_OFF,
    "link_disabled": SWITCHED_OFF,
}
"""Errors of apps.connections.open that no waiting cures."""

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class _Arrived:
    client: AsyncBaseSocketModeClient
    request: SocketModeRequest


class _Client(SocketModeClient):
    """A connection whose attempts to come back grow rarer, and whose trouble is known."""

    def __init__(self, app_token: str, *, standing: Standing, sleep: Sleep, **more: Any) -> None:
        super().__init__(app_token, **more)
        self._standing = standing
        self._sleep = sleep
        self._failures = 0

    async def issue_new_wss_url(self) -> str:
        """A ticket for a new connection; waits longer after each failure in a row."""
        if self._failures:
            await self._sleep(min(OPEN_WAIT_S * 2 ** (self._failures - 1), OPEN_WAIT_MAX_S))
        try:
            url: str = await super().issue_new_wss_url()
        except SlackApiError as error:
            self._failures += 1
            if (name := error_name(error)) in TOKEN_TROUBLE:
                self._standing.close(f"Slack: {TOKEN_TROUBLE[name]} ({name})")
            raise
        except Exception:
            self._failures += 1
            raise
        self._failures = 0
        if not self._standing.is_open:
            self._standing.open()
        return url


class SlackSocket:
    """Receives what people say, keeps it, and acknowledges what has been kept.

    ping_s: how often each connection is tried; one that is dead is noticed after some of these.
    """

    def __init__(  # noqa: PLR0913 (all of it is the workspace's to decide)
        self,
        client: AsyncWebClient,
        app_token: str,
        *,
        reception: Reception,
        standing: Standing,
        sleep: Sleep,
        admits_team: Callable[[str], bool],
        ping_s: float = PING_S,
    ) -> None:
        self._web = client
        self._ping_s = ping_s
        self._app_token = app_token
        self._reception = reception
        self._standing = standing
        self._sleep = sleep
        self._admits_team = admits_team
        self._arrived: asyncio.Queue[_Arrived] = asyncio.Queue()

    async def run(self) -> None:
        """Receive until cancelled."""
        clients = [self._connection() for _ in range(CONNECTIONS)]
        try:
            async with asyncio.TaskGroup() as group:
                for client in clients:
                    group.create_task(client.connect())  # type: ignore[no-untyped-call]
                group.create_task(self._watch_over(clients))
                await self._take_in()
        finally:
            for client in clients:
                with contextlib.suppress(ClientError, OSError):
                    await client.close()  # type: ignore[no-untyped-call]

    def _connection(self) -> _Client:
        client = _Client(
            self._app_token,
            standing=self._standing,
            sleep=self._sleep,
            web_client=self._web,
            ping_interval=self._ping_s,
        )
        client.socket_mode_request_listeners.append(self._on_request)
        return client

    async def _on_request(
        self, client: AsyncBaseSocketModeClient, request: SocketModeRequest
    ) -> None:
        # Each envelope comes in a task of its own: their order is that of this line.
        self._arrived.put_nowait(_Arrived(client, request))

    async def _watch_over(self, clients: Sequence[_Client]) -> None:
        """The client tries a refused ticket for ever: take it away, so that it asks for another."""
        while True:
            await self._sleep(self._ping_s)
            for client in clients:
                session = client.current_session
                if session is None or session.closed:
                    client.wss_uri = None

    async def _take_in(self) -> None:
        while True:
            batch = [await self._arrived.get()]
            while not self._arrived.empty() and len(batch) < MAX_BATCH:
                batch.append(self._arrived.get_nowait())
            try:
                await self._reception.receive(
                    [heard for one in batch if (heard := self._heard(one.request)) is not None]
                )
            except StoreError as error:
                # Without an acknowledgement Slack tells the person that it failed.
                log.error("commands_not_received", count=len(batch), error=str(error))
                continue
            await asyncio.gather(*map(_acknowledge, batch))

    def _heard(self, request: SocketModeRequest) -> Heard | None:
        payload, decode = request.payload, DECODERS.get(request.type)
        if decode is None or not isinstance(payload, dict):
            return None
        if not self._admits_team(team_of(payload)):
            log.warning("stranger_refused", service="slack", team=team_of(payload))
            return None
        return decode(payload, request.envelope_id)


async def _acknowledge(arrived: _Arrived) -> None:
    response = SocketModeResponse(envelope_id=arrived.request.envelope_id)
    try:
        await arrived.client.send_socket_mode_response(response)
    except (ClientError, SlackClientError, OSError, RuntimeError) as error:
        # The connection is gone: Slack sends it again, and it is done once.
        log.debug("not_acknowledged", error=type(error).__name__)
