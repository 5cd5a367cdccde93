"""Receives what people say, by long polling or by a webhook, and loses none of it.

What has been fetched is confirmed by the next getUpdates; so the position is kept in the same
transaction as the commands, and only then moves on.
"""

import hashlib
import hmac
from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web
from telegram import Bot, CallbackQuery, Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.chat.heard import Heard
from bot.chat.reception import Reception
from bot.chat.standing import Standing
from bot.chat.telegram.decoding import Moved, Welcomed, decode_update, speaker
from bot.chat.telegram.errors import TURNED_AWAY, wait_s
from bot.chat.telegram.messenger import TelegramMessenger
from bot.core.errors import StoreError
from bot.log import Log
from bot.ports.store import Store
from bot.ports.surroundings import Clock, Sleep

POLL_S = 50
ANSWER_S = 10
WAIT_S, WAIT_MAX_S = 1.0, 60.0
REFUSALS = 3
"""One 401 or 404 may be a hiccup of the server; so many in a row are the token's fault."""
UPDATES = ("message", "callback_query", "my_chat_member")
CURSOR = "telegram"
PATH = "/telegram"

log = Log(__name__)


class TelegramIntake:
    """Turns updates into commands."""

    def __init__(
        self,
        bot: Bot,
        messenger: TelegramMessenger,
        *,
        store: Store,
        reception: Reception,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._bot = bot
        self._messenger = messenger
        self._store = store
        self._reception = reception

    async def take_in(self, updates: Sequence[Update], *, keep_position: bool) -> None:
        """Keep what they mean, with the position after them. Raises StoreError."""
        heard: list[Heard] = []
        presses: list[CallbackQuery] = []
        for update in updates:
            meant = decode_update(update, bot_name=self._bot.username)
            if (who := speaker(update)) is not None:
                self._messenger.remember(*who)
            match meant:
                case Heard():
                    heard.append(meant)
                case Moved(old=old, new=new):
                    async with self._store.transaction() as transaction:
                        await transaction.outbox.move(
                            old, conversation=new.conversation, now=self._clock()
                        )
                case Welcomed(place=place):
                    async with self._store.transaction() as transaction:
                        await transaction.outbox.wake(place)
            if update.callback_query is not None:
                presses.append(update.callback_query)
        position = str(updates[-1].update_id + 1)
        await self._reception.receive(heard, cursor=(CURSOR, position) if keep_position else None)
        for press in presses:
            await self._release(press)

    async def _release(self, press: CallbackQuery) -> None:
        """End the button's spinner; a press too old for that has its effect all the same."""
        try:
            await self._bot.answer_callback_query(press.id)
        except TelegramError as error:
            log.debug("press_not_answered", error=type(error).__name__)


class TelegramPolling:
    """getUpdates, again and again."""

    def __init__(
        self, bot: Bot, intake: TelegramIntake, *, store: Store, standing: Standing, sleep: Sleep
    ) -> None:
        self._bot = bot
        self._intake = intake
        self._store = store
        self._standing = standing
        self._sleep = sleep
        self._failures = 0
        self._refusals = 0

    async def run(self) -> None:
        """Receive until cancelled."""
        offset = await self._position()
        while True:
            try:
                updates = await self._bot.get_updates(
                    offset=offset,
                    timeout=POLL_S,
                    read_timeout=POLL_S + ANSWER_S,
                    allowed_updates=UPDATES,
                )
                self._answered()
                if updates:
                    await self._intake.take_in(updates, keep_position=True)
                    offset = updates[-1].update_id + 1
            except (TelegramError, StoreError) as error:
                await self._sleep(self._pause_s(error))
            except Exception:
                # An update that breaks us must not end the listening, nor make it spin.
                log.exception("updates_not_taken_in")
                await self._sleep(WAIT_MAX_S)

    async def _position(self) -> int | None:
        async with self._store.reading() as transaction:
            position = await transaction.inbox.cursor(CURSOR)
        return int(position) if position is not None else None

    def _answered(self) -> None:
        self._failures = self._refusals = 0
        if not self._standing.is_open:
            self._standing.open()

    def _pause_s(self, error: TelegramError | StoreError) -> float:
        """How long to wait after a failure, which is logged for what it is."""
        self._failures += 1
        pause_s = min(WAIT_S * 2.0 ** (self._failures - 1), WAIT_MAX_S)
        match error:
            case RetryAfter():
                return wait_s(error)
            case InvalidToken():
                self._refusals += 1
                if self._refusals >= REFUSALS:
                    self._standing.close(TURNED_AWAY)
            case Conflict():
                log.error("telegram_conflict", cure="another process polls with the same token")
            case NetworkError():
                log.warning("telegram_unreachable", error=type(error).__name__, wait_s=pause_s)
            case _:
                log.error("updates_not_taken_in", error=str(error), wait_s=pause_s)
        return pause_s


def webhook_secret(token: str) -> str:
    """What Telegram must send with every update: it follows from the token and does not tell it."""
    return hmac.new(token.encode(), b"archbell webhook", hashlib.sha256).hexdigest()


class TelegramWebhook:
    """One address of the bot's own server, to which Telegram posts updates."""

    def __init__(self, bot: Bot, intake: TelegramIntake) -> None:
        self._bot = bot
        self._intake = intake
        self._secret = webhook_secret(bot.token)

    def routes(self) -> list[web.RouteDef]:
        """What the bot's server answers for Telegram."""
        return [web.post(PATH, self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        try:
            update = Update.de_json(await request.json(), self._bot)
        except (ValueError, KeyError, TypeError, AttributeError):
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        try:
            await self._intake.take_in([update], keep_position=False)
        except StoreError as error:
            log.error("updates_not_taken_in", error=str(error))
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        return web.Response()
