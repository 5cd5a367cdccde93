"""Slack as the bot uses it: its client, its way in, and its way out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.chat.reception import Reception
from bot.chat.slack.entry import connected, tried
from bot.chat.slack.errors import NO_ENTRY, translated
from bot.chat.slack.manifest import spelling
from bot.chat.slack.messenger import SlackMessenger
from bot.chat.slack.signed import SignedRequests
from bot.chat.slack.socket import TOKEN_TROUBLE, SlackSocket
from bot.chat.standing import Standing
from bot.chat.surroundings import Surroundings
from bot.chat.trial import Outcome
from bot.core.errors import ChatRefused, SendError
from bot.log import Log

PROBE_S, PROBE_MAX_S = 5.0, 600.0

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """app_token: for Socket Mode; without it Slack posts to our own server, signed.

    prefix goes before the names of the slash commands. teams: the workspaces that may use the bot;
    empty means the one the token belongs to and any other that has installed the app.
    """

    bot_token: str
    app_token: str | None
    signing_secret: str | None
    api_url: str
    prefix: str = ""
    teams: frozenset[str] = frozenset()


class Slack:
    """One workspace: bot.ports.Messenger as messenger; listen() and routes() are the way in."""

    def __init__(
        self,
        client: AsyncWebClient,
        settings: SlackSettings,
        around: Surroundings,
    ) -> None:
        self._client = client
        self._settings = settings
        self._sleep = around.sleep
        self.standing = Standing("slack", ring=around.can_deliver)
        self.hearing = Standing("slack", ring=around.commands_came)
        self._spelling: Mapping[str, str] = spelling(settings.prefix)
        self.messenger = SlackMessenger(
            client,
            self.standing,
            clock=around.clock,
            sleep=around.sleep,
            spell=lambda verb: self._spelling.get(verb, f"/{verb}"),
        )
        self._reception = Reception(
            around.store, ring=around.commands_came, clock=around.clock, settings=around.limits
        )

    async def check(self) -> None:
        """Try the tokens once. Raises ChatRefused if they are no good; an outage is waited out."""
        await self._try(self._client.auth_test(), NO_ENTRY)
        if self._settings.app_token is not None:
            opening = self._client.apps_connections_open(app_token=self._settings.app_token)
            await self._try(opening, TOKEN_TROUBLE)

    async def _try(
        self, asking: Awaitable[AsyncSlackResponse], refusals: Mapping[str, str]
    ) -> None:
        trial, _ = await tried(asking, refusals)
        if trial.outcome is Outcome.REFUSED:
            raise ChatRefused(f"Slack: {trial.why}")
        if trial.outcome is Outcome.UNCLEAR:
            log.warning("slack_unclear", error=trial.why)

    async def listen(self) -> None:
        """Receive what people say, until cancelled; try again when the workspace turned us away."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._come_back())
            if self._settings.app_token is not None:
                socket = SlackSocket(
                    self._client,
                    self._settings.app_token,
                    reception=self._reception,
                    standing=self.hearing,
                    sleep=self._sleep,
                    admits_team=self._admits_team,
                )
                group.create_task(socket.run())

    def routes(self) -> list[web.RouteDef]:
        """What the bot's own server answers; nothing with Socket Mode."""
        if self._settings.signing_secret is None:
            return []
        signed = SignedRequests(
            self._settings.signing_secret,
            reception=self._reception,
            admits_team=self._admits_team,
        )
        return signed.routes()

    def _admits_team(self, team: str) -> bool:
        return not self._settings.teams or team in self._settings.teams

    async def _come_back(self) -> None:
        """While the workspace turns us away ask now and then whether it still does."""
        wait_s = PROBE_S
        while True:
            await self._sleep(wait_s)
            if self.standing.is_open:
                wait_s = PROBE_S
                continue
            try:
                with translated():
                    await self._client.auth_test()
            except SendError as error:
                log.info("slack_still_closed", error=str(error))
                wait_s = min(wait_s * 2, PROBE_MAX_S)
            else:
                self.standing.open()


@asynccontextmanager
async def open_slack(settings: SlackSettings, around: Surroundings) -> AsyncIterator[Slack]:
    """The workspace behind the bot token, over a session of its own."""
    async with connected(settings.bot_token, settings.api_url) as client:
        yield Slack(client, settings, around)
