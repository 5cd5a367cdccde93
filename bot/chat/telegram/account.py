"""Telegram as the bot uses it: its client, its way in, and its way out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from telegram import Bot, BotCommand
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from bot.chat.reception import Reception
from bot.chat.standing import Standing
from bot.chat.surroundings import Surroundings
from bot.chat.telegram.decoding import SERVICE
from bot.chat.telegram.errors import TURNED_AWAY
from bot.chat.telegram.messenger import TelegramMessenger
from bot.chat.telegram.receiving import (
    PATH,
    UPDATES,
    TelegramIntake,
    TelegramPolling,
    TelegramWebhook,
    webhook_secret,
)
from bot.core.errors import ChatRefused
from bot.core.message.english.talk import COMMAND_MENU
from bot.core.model import Place
from bot.log import Log

CONNECT_S, ANSWER_S = 10.0, 30.0
WAIT_S, WAIT_MAX_S = 1.0, 60.0

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    """api_url: the base address, to which the token is added. chats: those that may use the bot.

    webhook_url: where Telegram reaches the bot's own server; None means long polling.
    """

    token: str
    api_url: str
    chats: frozenset[int]
    webhook_url: str | None = None


class Telegram:
    """One bot account: bot.ports.Messenger as messenger; listen() and routes() are the way in."""

    def __init__(
        self,
        bot: Bot,
        settings: TelegramSettings,
        around: Surroundings,
    ) -> None:
        self._bot = bot
        self._settings = settings
        self._store = around.store
        self._sleep = around.sleep
        self._known = False
        self.standing = Standing(SERVICE, ring=around.can_deliver)
        self.messenger = TelegramMessenger(
            bot, self.standing, clock=around.clock, sleep=around.sleep, spell=self._spell
        )
        reception = Reception(
            around.store,
            ring=around.commands_came,
            clock=around.clock,
            settings=around.limits,
            admits=self._admits,
        )
        self._intake = TelegramIntake(
            bot, self.messenger, store=around.store, reception=reception, clock=around.clock
        )

    async def check(self) -> None:
        """Try the token once. Raises ChatRefused if it is no good; an outage is waited out."""
        try:
            await self._bot.initialize()
        except InvalidToken as error:
            raise ChatRefused(TURNED_AWAY) from error
        except TelegramError as error:
            log.warning("telegram_unreachable", error=type(error).__name__)
        else:
            self._known = True

    async def listen(self) -> None:
        """Receive what people say, until cancelled."""
        await self._begin()
        if self._settings.webhook_url is not None:
            await asyncio.Event().wait()
        polling = TelegramPolling(
            self._bot,
            self._intake,
            store=self._store,
            standing=self.standing,
            sleep=self._sleep,
        )
        await polling.run()

    def routes(self) -> list[web.RouteDef]:
        """What the bot's own server answers; nothing with long polling."""
        if self._settings.webhook_url is None:
            return []
        return TelegramWebhook(self._bot, self._intake).routes()

    async def _begin(self) -> None:
        """Say who we are, what can be typed, and how we want updates; until Telegram has heard."""
        wait_s = WAIT_S
        while True:
            try:
                if not self._known:
                    await self._bot.initialize()
                    self._known = True
                await self._announce()
            except TelegramError as error:
                log.warning("telegram_unreachable", error=type(error).__name__, wait_s=wait_s)
                if isinstance(error, InvalidToken):
                    self.standing.close(TURNED_AWAY)
                await self._sleep(wait_s)
                wait_s = min(wait_s * 2, WAIT_MAX_S)
            else:
                return

    async def _announce(self) -> None:
        menu = [BotCommand(verb, told) for verb, told in COMMAND_MENU.items()]
        await self._bot.set_my_commands(menu)
        if self._settings.webhook_url is None:
            await self._bot.delete_webhook()
        else:
            await self._bot.set_webhook(
                f"{self._settings.webhook_url.rstrip('/')}{PATH}",
                secret_token=webhook_secret(self._bot.token),
                allowed_updates=UPDATES,
            )

    def _admits(self, place: Place) -> bool:
        return int(place.conversation) in self._settings.chats

    def _spell(self, verb: str) -> str:
        """With the bot's name: in groups others may have the same commands."""
        return f"/{verb}@{self._bot.username}" if self._known else f"/{verb}"


@asynccontextmanager
async def open_telegram(
    settings: TelegramSettings, around: Surroundings
) -> AsyncIterator[Telegram]:
    """The account behind the token, over connections of its own."""
    async with connected(settings) as bot:
        yield Telegram(bot, settings, around)


@asynccontextmanager
async def connected(
    settings: TelegramSettings, *, answer_s: float = ANSWER_S
) -> AsyncIterator[Bot]:
    """A client for the token; answer_s: how long Telegram may take.

    Raises InvalidToken if that is no token at all.
    """
    requests = _connections(answer_s), _connections(answer_s)
    bot = Bot(
        settings.token,
        base_url=settings.api_url,
        request=requests[0],
        get_updates_request=requests[1],
    )
    try:
        yield bot
    finally:
        # Not bot.shutdown(): that leaves them open if Telegram was never reached.
        for request in requests:
            await request.shutdown()


def _connections(answer_s: float) -> HTTPXRequest:
    return HTTPXRequest(
        connect_timeout=CONNECT_S, read_timeout=answer_s, write_timeout=answer_s, pool_timeout=5.0
    )
