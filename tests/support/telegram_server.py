"""A small Telegram Bot API on a loopback port, with people who talk to the bot.

    async with telegram_server() as telegram:
        chat = telegram.add_chat(-100)
        ...                                   # a client polls telegram.api_url
        await telegram.say("/watch node:22 arm64", chat=-100, user=7)
        await telegram.until(lambda: chat.messages)

An update counts as received once a getUpdates asks for what comes after it, as at Telegram.
"""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web

from tests.support.chat_faults import Faults

BOT_NAME, BOT_USER = "archbell_bot", 42

Json = dict[str, Any]


@dataclass(slots=True)
class Chat:
    """blocked: the bot may not write. moved_to: the number of the supergroup it has become.
    topics: threads that exist. messages are oldest first; edits change them.
    """

    id: int
    blocked: bool = False
    missing: bool = False
    moved_to: int | None = None
    topics: set[int] = field(default_factory=set)
    messages: list[Json] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """The text of every message, with its markup."""
        return [message["text"] for message in self.messages]


class Refused(Exception):
    """An answer that is not ok."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.body = {
            "ok": False,
            "error_code": code,
            "description": description,
            **({"parameters": parameters} if parameters else {}),
        }


class TelegramServer:
    """See the module. requests are (method, arguments) in the order of arrival."""

    def __init__(self, *, token: str) -> None:
        self.token = token
        self.revoked = False
        self.chats: dict[int, Chat] = {}
        self.names: dict[int, str] = {}
        self.requests: list[tuple[str, Json]] = []
        self.commands: list[Json] = []
        self.answered: list[Json] = []
        self.stale_presses: set[str] = set()
        self.webhook: Json = {}
        self.webhook_error = ""
        self.may_join_groups = True
        self.reads_everything = False
        self.faults = Faults()
        self.url = ""
        self._updates: list[Json] = []
        self._count = itertools.count(1)
        self._changed = asyncio.Condition()

    @property
    def api_url(self) -> str:
        """The base address of the Bot API, without the token."""
        return f"{self.url}/bot"

    @property
    def unconfirmed(self) -> int:
        """How many updates no getUpdates has confirmed yet."""
        return len(self._updates)

    def add_chat(self, chat: int, *, topics: tuple[int, ...] = ()) -> Chat:
        """A conversation with the bot; groups have negative numbers."""
        self.chats[chat] = Chat(chat, topics=set(topics))
        return self.chats[chat]

    async def until(self, condition: Callable[[], object]) -> None:
        """Come back as soon as the condition holds; checked after whatever happens here."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(condition()))

    # -- what people do ------------------------------------------------------------------------

    async def say(
        self, text: str, *, chat: int, user: int, thread: int | None = None, **more: Any
    ) -> Json:
        """Somebody writes where the bot can read it; the update."""
        return await self._add(
            message=self.message(text, chat=chat, user=user, thread=thread, **more)
        )

    def message(
        self, text: str, *, chat: int, user: int, thread: int | None = None, **more: Any
    ) -> Json:
        """A person's message as updates carry it."""
        name = text.split()[0] if text.startswith("/") else ""
        entities = [{"type": "bot_command", "offset": 0, "length": len(name)}] if name else []
        return {
            "message_id": next(self._count),
            "date": int(time.time()),
            "chat": self._chat(chat),
            "from": self._user(user),
            "text": text,
            "entities": entities,
            **({"message_thread_id": thread, "is_topic_message": True} if thread else {}),
            **more,
        }

    async def press(self, message: Mapping[str, Any], label: str, *, user: int) -> Json:
        """Somebody presses the button with this label under a message of the bot."""
        data = next(
            button["callback_data"]
            for row in message["reply_markup"]["inline_keyboard"]
            for button in row
            if button["text"] == label
        )
        query = {
            "id": str(next(self._count)),
            "from": self._user(user),
            "message": {
                key: value for key, value in message.items() if key not in {"html", "parse_mode"}
            },
            "chat_instance": "1",
            "data": data,
        }
        return await self._add(callback_query=query)

    async def member_changes(self, *, chat: int, user: int, status: str) -> Json:
        """The bot's own membership in a chat changes: member, kicked, left."""
        now = int(time.time())
        bot = {"id": BOT_USER, "is_bot": True, "first_name": "Archbell", "username": BOT_NAME}
        extra = {"until_date": 0} if status == "kicked" else {}
        change = {
            "chat": self._chat(chat),
            "from": self._user(user),
            "date": now,
            "old_chat_member": {"user": bot, "status": "left"},
            "new_chat_member": {"user": bot, "status": status, **extra},
        }
        return await self._add(my_chat_member=change)

    async def migrates(self, chat: int, *, to: int) -> Json:
        """A group becomes a supergroup with another number; both say so."""
        self.chats[chat].moved_to = to
        self.add_chat(to)
        message = self.message("", chat=chat, user=1, migrate_to_chat_id=to)
        return await self._add(message={k: v for k, v in message.items() if k != "text"})

    async def repeat(self, update: Json) -> None:
        """The same update comes once more."""
        self._updates.append(update)
        await self._notify()

    async def post_webhook(self, url: str, update: Json, *, secret: str | None) -> int:
        """Telegram posts an update to a bot's own server; the status it got."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
        async with (
            ClientSession() as session,
            session.post(url, json=update, headers=headers) as answer,
        ):
            return answer.status

    def new_update(self, **content: Any) -> Json:
        """An update that is not queued, for a webhook."""
        return {"update_id": next(self._count), **content}

    async def _add(self, **content: Any) -> Json:
        update = self.new_update(**content)
        self._updates.append(update)
        await self._notify()
        return update

    def _chat(self, chat: int) -> Json:
        if chat > 0:
            return {"id": chat, "type": "private", "first_name": self.names.get(chat, "Ada")}
        return {"id": chat, "type": "supergroup", "title": f"Group {chat}"}

    def _user(self, user: int) -> Json:
        return {"id": user, "is_bot": False, "first_name": self.names.get(user, f"User {user}")}

    # -- the Bot API ---------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        self.requests.append((method, arguments))

        async def work() -> web.StreamResponse:
            try:
                result = await self._do(request.match_info["token"], method, arguments)
            except Refused as refused:
                return web.json_response(refused.body, status=refused.code)
            finally:
                await self._notify()
            return web.json_response({"ok": True, "result": result})

        return await self.faults.around(request, method, work)

    async def _do(self, token: str, method: str, arguments: Json) -> Any:
        if token != self.token or self.revoked:
            raise Refused(401, "Unauthorized")
        if method == "getUpdates":
            return await self._get_updates(arguments)
        if method not in self._methods:
            raise Refused(404, f"Not Found: method {method}")
        return self._methods[method](self, arguments)

    async def _get_updates(self, asked: Json) -> list[Json]:
        if self.webhook.get("url"):
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        offset, timeout_s = int(asked.get("offset") or 0), float(asked.get("timeout") or 0)
        self._updates = [update for update in self._updates if update["update_id"] >= offset]
        await self._notify()
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(
                    lambda: self._updates or self.revoked or self.faults.closing.is_set()
                )
        except TimeoutError:
            return []
        if self.revoked:
            raise Refused(401, "Unauthorized")
        return self._updates[: int(asked.get("limit") or 100)]

    def _get_me(self, _: Json) -> Json:
        return {
            "id": BOT_USER,
            "is_bot": True,
            "first_name": "Archbell",
            "username": BOT_NAME,
            "can_join_groups": self.may_join_groups,
            "can_read_all_group_messages": self.reads_everything,
            "supports_inline_queries": False,
        }

    def _send_message(self, said: Json) -> Json:
        chat = self._writable(int(said["chat_id"]))
        thread = int(said["message_thread_id"]) if said.get("message_thread_id") else None
        if thread is not None and thread not in chat.topics:
            raise Refused(400, "Bad Request: message thread not found")
        if not said.get("text"):
            raise Refused(400, "Bad Request: message text is empty")
        message = {
            "message_id": next(self._count),
            "date": int(time.time()),
            "chat": self._chat(chat.id),
            "text": said["text"],
            "parse_mode": said.get("parse_mode"),
            **({"message_thread_id": thread, "is_topic_message": True} if thread else {}),
            **(
                {"reply_markup": _decoded(said["reply_markup"])} if said.get("reply_markup") else {}
            ),
        }
        chat.messages.append(message)
        return {key: value for key, value in message.items() if key != "parse_mode"}

    def _writable(self, number: int) -> Chat:
        chat = self.chats.get(number)
        if chat is None or chat.missing:
            raise Refused(400, "Bad Request: chat not found")
        if chat.moved_to is not None:
            raise Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.moved_to,
            )
        if chat.blocked:
            what = "bot was blocked by the user" if number > 0 else "bot was kicked from the group"
            raise Refused(403, f"Forbidden: {what} chat")
        return chat

    def _edit(self, said: Json) -> Json:
        chat = self._writable(int(said["chat_id"]))
        for message in chat.messages:
            if message["message_id"] == int(said["message_id"]):
                if message["text"] == said["text"]:
                    raise Refused(400, "Bad Request: message is not modified")
                message["text"] = said["text"]
                return {key: value for key, value in message.items() if key != "parse_mode"}
        raise Refused(400, "Bad Request: message to edit not found")

    def _answer_callback(self, said: Json) -> bool:
        if said["callback_query_id"] in self.stale_presses:
            raise Refused(
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
            )
        self.answered.append(said)
        return True

    def _set_commands(self, said: Json) -> bool:
        self.commands = _decoded(said["commands"])
        return True

    def _get_member(self, asked: Json) -> Json:
        user = int(asked["user_id"])
        if user not in self.names:
            raise Refused(400, "Bad Request: user not found")
        return {"user": self._user(user), "status": "member"}

    def _set_webhook(self, said: Json) -> bool:
        self.webhook = said
        return True

    def _webhook_info(self, _: Json) -> Json:
        return {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates),
            **({"last_error_message": self.webhook_error} if self.webhook_error else {}),
        }

    def _delete_webhook(self, _: Json) -> bool:
        self.webhook = {}
        return True

    _methods: Mapping[str, Callable[["TelegramServer", Json], Any]] = {
        "getMe": _get_me,
        "sendMessage": _send_message,
        "editMessageText": _edit,
        "answerCallbackQuery": _answer_callback,
        "setMyCommands": _set_commands,
        "getChatMember": _get_member,
        "setWebhook": _set_webhook,
        "deleteWebhook": _delete_webhook,
        "getWebhookInfo": _webhook_info,
    }

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def close(self) -> None:
        """End what waits."""
        self.faults.closing.set()
        await self._notify()


async def _arguments(request: web.Request) -> Json:
    if request.content_type == "application/json":
        body: Json = await request.json()
        return body
    return dict(await request.post())


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


@asynccontextmanager
async def telegram_server(
    *, token: str = "123456:canary-telegram"
) -> AsyncIterator[TelegramServer]:
    """A Telegram of the test's own on a loopback port."""
    telegram = TelegramServer(token=token)
    app = web.Application()
    app.router.add_route("*", "/bot{token}/{method}", telegram._call)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    telegram.url = f"http://{host}:{port}"
    try:
        yield telegram
    finally:
        await telegram.close()
        await runner.cleanup()
