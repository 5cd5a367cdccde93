"""Posts messages to Telegram."""

from collections import OrderedDict
from dataclasses import replace
from datetime import datetime

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import TelegramError

from bot.chat.standing import Standing
from bot.chat.telegram.decoding import SERVICE
from bot.chat.telegram.errors import MisshapenMessage, NotModified, TopicGone, translated
from bot.chat.turns import Limit, Rate, Turns
from bot.core.errors import ServiceClosed
from bot.core.message.english.alerts import TOPIC_WAS_DELETED
from bot.core.message.neutral import Message
from bot.core.message.plain import render_plain
from bot.core.message.spelling import Spell, spelled
from bot.core.message.telegram import MAX_CHARACTERS, TelegramMessage, render_telegram
from bot.core.model import Place
from bot.log import Log
from bot.ports.chat import Sent
from bot.ports.surroundings import Clock, Sleep

PRIVATE_PACE = (Rate(1, 1.0),)
GROUP_PACE = (Rate(1, 1.0), Rate(20, 60.0))
OF_ALL = Limit("", (Rate(25, 1.0),))
MAX_NAMES = 5_000

log = Log(__name__)


class TelegramMessenger:
    """bot.ports.Messenger for one bot; it remembers the names of those it has heard."""

    service = SERVICE

    def __init__(
        self, bot: Bot, standing: Standing, *, clock: Clock, sleep: Sleep, spell: Spell
    ) -> None:
        self._bot = bot
        self._standing = standing
        self._spell = spell
        self._turns = Turns(clock=clock, sleep=sleep)
        self._names: OrderedDict[str, str] = OrderedDict()

    @property
    def is_attached(self) -> bool:
        """Whether Telegram lets us in, as far as is known."""
        return self._standing.is_open

    def can_find(self, place: Place) -> bool:  # noqa: ARG002
        """A bot cannot read what it has written."""
        return False

    async def find(
        self,
        place: Place,  # noqa: ARG002
        *,
        marker: str,  # noqa: ARG002
        since: datetime,  # noqa: ARG002
    ) -> str | None:
        """Nothing can be looked up."""
        return None

    def direct_place(self, person: str) -> Place | None:
        """The private chat with this person, which has the person's own number."""
        return Place(SERVICE, person)

    def remember(self, person: str, name: str) -> None:
        """What to call this person in mentions."""
        self._names[person] = name
        self._names.move_to_end(person)
        if len(self._names) > MAX_NAMES:
            self._names.popitem(last=False)

    async def send(self, place: Place, message: Message, *, marker: str) -> str:
        """Post it; the message's number. Raises SendError."""
        pace = GROUP_PACE if place.conversation.startswith("-") else PRIVATE_PACE
        await self._turns.take(Limit(place.conversation, pace), OF_ALL)
        message = spelled(message, self._spell)
        names = await self._names_in(place, message)
        laid_out = render_telegram(message, names=names)
        try:
            return await self._post(place, laid_out, ParseMode.HTML)
        except TopicGone:
            log.warning("topic_gone", place=str(place), delivery=marker)
            told = replace(message, lines=(*message.lines, TOPIC_WAS_DELETED))
            main = replace(place, thread="")
            return await self._post(main, render_telegram(told, names=names), ParseMode.HTML)
        except MisshapenMessage as error:
            log.error("message_misshapen", place=str(place), delivery=marker, error=str(error))
            bare = replace(laid_out, text=render_plain(message)[: MAX_CHARACTERS // 2])
            return await self._post(place, bare, None)
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
        """Change its text. Raises SendError."""
        pace = GROUP_PACE if place.conversation.startswith("-") else PRIVATE_PACE
        await self._turns.take(Limit(place.conversation, pace), OF_ALL)
        laid_out = render_telegram(spelled(message, self._spell), names={})
        try:
            with translated():
                await self._bot.edit_message_text(
                    laid_out.text,
                    chat_id=int(place.conversation),
                    message_id=int(edits.message_id),
                    parse_mode=ParseMode.HTML,
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                    reply_markup=_keyboard(laid_out),
                )
        except NotModified:
            log.debug("message_says_so_already", place=str(place))
        except ServiceClosed as error:
            self._standing.close(str(error))
            raise

    async def _post(self, place: Place, laid_out: TelegramMessage, mode: str | None) -> str:
        with translated():
            posted = await self._bot.send_message(
                chat_id=int(place.conversation),
                message_thread_id=int(place.thread) if place.thread else None,
                text=laid_out.text,
                parse_mode=mode,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_markup=_keyboard(laid_out),
            )
        return str(posted.message_id)

    async def _names_in(self, place: Place, message: Message) -> dict[str, str]:
        """What to call those who are mentioned; the service knows who has not been heard yet."""
        for person in message.mentions:
            if person in self._names or not person.isdigit():
                continue
            try:
                member = await self._bot.get_chat_member(int(place.conversation), int(person))
            except TelegramError as error:
                log.debug("name_unknown", place=str(place), error=type(error).__name__)
            else:
                self.remember(person, member.user.full_name)
        return {person: self._names.get(person, "") for person in message.mentions}


def _keyboard(laid_out: TelegramMessage) -> InlineKeyboardMarkup | None:
    keys = [InlineKeyboardButton(label, callback_data=data) for label, data in laid_out.buttons]
    return InlineKeyboardMarkup([keys]) if keys else None
