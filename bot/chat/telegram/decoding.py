"""What Telegram sends when somebody speaks to the bot, as values.

Source: Telegram Bot API, "Update", "Message", "CallbackQuery", "ChatMemberUpdated".
"""

from dataclasses import dataclass

from telegram import CallbackQuery, ChatMember, ChatMemberUpdated, Message, Update
from telegram.constants import ChatType

from bot.chat.heard import Heard
from bot.core.command.verbs import verb_of_command
from bot.core.model import Place

SERVICE = "telegram"
UMBRELLA = "archbell"

_MEMBER = frozenset({ChatMember.MEMBER, ChatMember.ADMINISTRATOR, ChatMember.OWNER})


@dataclass(frozen=True, slots=True)
class Moved:
    """A group has become a supergroup with another number."""

    old: Place
    new: Place


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The bot has been let into a chat (again)."""

    place: Place


def decode_update(update: Update, *, bot_name: str) -> Heard | Moved | Welcomed | None:
    """What an update means for us; None for what is not said to the bot."""
    event_id = str(update.update_id)
    if update.message is not None:
        return _message(update.message, event_id, bot_name)
    if update.callback_query is not None:
        return _press(update.callback_query, event_id)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    return None


def speaker(update: Update) -> tuple[str, str] | None:
    """The id and the name of whoever caused an update."""
    user = update.effective_user
    return (str(user.id), user.full_name) if user is not None else None


def _message(message: Message, event_id: str, bot_name: str) -> Heard | Moved | None:
    chat = message.chat
    if message.migrate_to_chat_id is not None:
        return Moved(_place(chat.id), _place(message.migrate_to_chat_id))
    user, text = message.from_user, message.text
    if user is None or user.is_bot or not text:
        return None
    if not _is_for_us(message, text, bot_name):
        return None
    topic = message.message_thread_id if message.is_topic_message else None
    return Heard(event_id, _place(chat.id, topic), str(user.id), text)


def _is_for_us(message: Message, text: str, bot_name: str) -> bool:
    """Alone with a person everything is; in a group our commands, mentions, and replies to us."""
    first = text.split(None, 1)[0] if text.split() else ""
    name, at, addressee = first.partition("@")
    if name.startswith("/") and at:
        return addressee.lower() == bot_name.lower()
    if message.chat.type == ChatType.PRIVATE:
        return True
    if name.startswith("/"):
        return verb_of_command(name) is not None or name[1:].lower() == UMBRELLA
    return _replies_to(message, bot_name) or f"@{bot_name}".lower() in text.lower()


def _replies_to(message: Message, bot_name: str) -> bool:
    replied = message.reply_to_message
    if replied is None or replied.from_user is None:
        return False
    return (replied.from_user.username or "").lower() == bot_name.lower()


def _press(query: CallbackQuery, event_id: str) -> Heard | None:
    if query.message is None or not query.data:
        return None
    message = query.message if isinstance(query.message, Message) else None
    topic = message.message_thread_id if message and message.is_topic_message else None
    place = _place(query.message.chat.id, topic)
    return Heard(event_id, place, str(query.from_user.id), query.data)


def _membership(change: ChatMemberUpdated) -> Welcomed | None:
    if change.new_chat_member.status in _MEMBER:
        return Welcomed(_place(change.chat.id))
    return None


def _place(chat: int, topic: int | None = None) -> Place:
    return Place(SERVICE, str(chat), str(topic) if topic is not None else "")
