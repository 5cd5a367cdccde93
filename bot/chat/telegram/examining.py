"""What Telegram says of the bot's token, for whoever sets it up."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from telegram import Bot, User, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from bot.chat.telegram.account import TelegramSettings, connected
from bot.chat.telegram.errors import TURNED_AWAY
from bot.chat.telegram.receiving import PATH
from bot.chat.trial import ACCEPTED, Outcome, Trial


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram posts updates. host: the address' host alone, since paths may hold secrets.

    is_ours: it is the configured address. trouble: what went wrong there last, or empty.
    """

    host: str
    is_ours: bool
    trouble: str


@dataclass(frozen=True, slots=True)
class TelegramFacts:
    """What is known; the rest says nothing if the token is not accepted.

    webhook: None if Telegram posts nowhere and waits to be asked.
    """

    token: Trial
    name: str = ""
    reads_everything: bool = False
    may_join_groups: bool = True
    webhook: Webhook | None = None


async def examine_telegram(settings: TelegramSettings) -> TelegramFacts:
    """Try the token; nothing is changed or taken."""
    try:
        async with connected(settings) as bot:
            return await _asked(bot, settings)
    except InvalidToken:
        return TelegramFacts(Trial(Outcome.REFUSED, TURNED_AWAY.removeprefix("Telegram: ")))
    except TelegramError as error:
        return TelegramFacts(Trial(Outcome.UNCLEAR, type(error).__name__))


async def _asked(bot: Bot, settings: TelegramSettings) -> TelegramFacts:
    me: User = await bot.get_me()
    return TelegramFacts(
        ACCEPTED,
        name=me.username or me.first_name,
        reads_everything=bool(me.can_read_all_group_messages),
        may_join_groups=me.can_join_groups is not False,
        webhook=_webhook(await bot.get_webhook_info(), settings),
    )


def _webhook(told: WebhookInfo, settings: TelegramSettings) -> Webhook | None:
    if not told.url:
        return None
    wanted = f"{settings.webhook_url.rstrip('/')}{PATH}" if settings.webhook_url else None
    return Webhook(
        host=urlsplit(told.url).hostname or "",
        is_ours=told.url == wanted,
        trouble=told.last_error_message or "",
    )
