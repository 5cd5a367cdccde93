"""A small Slack on a loopback port: the Web API methods a bot uses, Socket Mode, and people.

    async with slack_server() as slack:
        general = slack.add_channel("C0GENERAL")
        ...                                     # a client connects to slack.api_url
        press = await slack.command("/watch", "node:22 arm64", channel="C0GENERAL", user="U0ADA")
        assert press.acked
        assert general.messages[0]["text"] == ...

What people do reaches any one of the connected sockets, and is lost if there is none, as at Slack.
A socket that was asked to come anew gets nothing more.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession, WSMsgType, web

from tests.support.chat_faults import Faults

TEAM, BOT_USER, BOT_ID = "T0ARCHBELL", "U0BOT", "B0BOT"
ALL_SCOPES = ("commands", "chat:write", "channels:history", "groups:history", "im:history")

Json = dict[str, Any]


@dataclass(slots=True)
class Channel:
    """A conversation; without membership nothing can be posted. messages are oldest first."""

    id: str
    member: bool = True
    archived: bool = False
    messages: list[Json] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """The text of every message."""
        return [message["text"] for message in self.messages]


@dataclass(slots=True)
class Envelope:
    """Something a person did, on its way to the bot."""

    payload: Json
    sent_at: float
    acked_at: float | None = None
    ack: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def acked(self) -> bool:
        """Whether the bot has acknowledged it."""
        return self.acked_at is not None


class SlackServer:
    """See the module. requests are (method, arguments) in the order of arrival."""

    def __init__(self, *, bot_token: str, app_token: str, signing_secret: str) -> None:
        self.bot_token, self.app_token = bot_token, app_token
        self.signing_secret = signing_secret
        self.scopes: tuple[str, ...] = ALL_SCOPES
        self.bot_error: str | None = None
        self.app_error: str | None = None
        self.channels: dict[str, Channel] = {}
        self.responses: list[Json] = []
        self.requests: list[tuple[str, Json]] = []
        self.envelopes: list[Envelope] = []
        self.lost: list[Json] = []
        self.tickets_issued = 0
        self.refuse_handshakes = 0
        self.connect_delay_s = 0.0
        self._thawed = asyncio.Event()
        self._thawed.set()
        self.faults = Faults()
        self.url = ""
        self._sockets: list[web.WebSocketResponse] = []
        self._leaving: set[web.WebSocketResponse] = set()
        self._open: dict[str, Envelope] = {}
        self._tickets: set[str] = set()
        self._count = itertools.count(1)
        self._changed = asyncio.Condition()

    @property
    def api_url(self) -> str:
        """The base address of the Web API."""
        return f"{self.url}/api/"

    @property
    def connections(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    def add_channel(self, channel: str, *, member: bool = True) -> Channel:
        """A conversation people can type in."""
        self.channels[channel] = Channel(channel, member=member)
        return self.channels[channel]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Come back as soon as the condition holds; checked after whatever happens here."""
        async with self._changed:
            await self._changed.wait_for(condition)

    # -- what people do ------------------------------------------------------------------------

    async def command(
        self, command: str, text: str, *, channel: str, user: str, team: str = TEAM
    ) -> Envelope:
        """A slash command; sent, not yet acknowledged."""
        return await self._send(
            "slash_commands",
            self.command_form(command, text, channel=channel, user=user, team=team),
        )

    def command_form(
        self, command: str, text: str, *, channel: str, user: str, team: str = TEAM
    ) -> Json:
        """What Slack sends for a slash command, by either way."""
        return {
            "token": "unused",
            "team_id": team,
            "channel_id": channel,
            "channel_name": "directmessage" if channel.startswith("D") else "general",
            "user_id": user,
            "user_name": user.lower(),
            "command": command,
            "text": text,
            "api_app_id": "A0ARCHBELL",
            "trigger_id": f"trigger-{next(self._count)}",
            "response_url": f"{self.url}/response/{next(self._count)}",
        }

    async def say(
        self,
        text: str,
        *,
        channel: str,
        user: str,
        thread: str | None = None,
        team: str = TEAM,
        event_id: str | None = None,
        **more: Any,
    ) -> Envelope:
        """A message to the bot: in a D… channel a direct one, elsewhere a mention."""
        direct = channel.startswith("D")
        event = {
            "type": "message" if direct else "app_mention",
            "user": user,
            "text": text,
            "ts": self._ts(),
            "channel": channel,
            **({"channel_type": "im"} if direct else {}),
            **({"thread_ts": thread} if thread else {}),
            **more,
        }
        return await self._send(
            "events_api",
            {
                "type": "event_callback",
                "team_id": team,
                "event_id": event_id or f"Ev{next(self._count)}",
                "event": event,
            },
        )

    async def press(
        self, message: Mapping[str, Any], label: str, *, channel: str, user: str
    ) -> Envelope:
        """A press of the button with this label under a message."""
        button = next(
            element
            for block in message["blocks"]
            if block["type"] == "actions"
            for element in block["elements"]
            if element["text"]["text"] == label
        )
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "channel": {"id": channel},
            "container": {"type": "message", "message_ts": message["ts"]},
            "message": dict(message),
            "trigger_id": f"trigger-{next(self._count)}",
            "response_url": f"{self.url}/response/{next(self._count)}",
            "actions": [
                {
                    "type": "button",
                    "action_id": button["action_id"],
                    "value": button["value"],
                    "action_ts": self._ts(),
                }
            ],
        }
        return await self._send("interactive", payload)

    async def resend(self, envelope: Envelope) -> Envelope:
        """Slack sends the same envelope once more, as it does when an acknowledgement is lost."""
        return await self._deliver(dict(envelope.payload))

    async def post_signed(
        self, url: str, form: Mapping[str, str], *, timestamp: str | None = None, secret: str = ""
    ) -> int:
        """What Slack posts to a bot's own server, signed; the status it got."""
        body = urlencode(form)
        stamp = timestamp if timestamp is not None else str(int(time.time()))
        signed = hmac.new(
            (secret or self.signing_secret).encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256
        )
        headers = {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={signed.hexdigest()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        async with ClientSession() as session, session.post(url, data=body, headers=headers) as got:
            return got.status

    # -- what Slack does -----------------------------------------------------------------------

    async def refresh(self, *, reason: str = "refresh_requested") -> None:
        """Ask the oldest connection to come anew; what comes meanwhile is lost without another."""
        socket = self._sockets[0]
        self._leaving.add(socket)
        with suppress(ConnectionError):
            await socket.send_json({"type": "disconnect", "reason": reason})
            await socket.close()

    async def drop_sockets(self) -> None:
        """Every connection is cut without a word."""
        for socket in tuple(self._sockets):
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()

    def freeze(self) -> None:
        """The connections stay open and nothing that comes over them is read any more."""
        self._thawed.clear()

    def thaw(self) -> None:
        """Go on reading."""
        self._thawed.set()

    async def _send(self, kind: str, payload: Json) -> Envelope:
        return await self._deliver(
            {
                "type": kind,
                "envelope_id": f"envelope-{next(self._count)}",
                "payload": payload,
                "accepts_response_payload": kind != "events_api",
            }
        )

    async def _deliver(self, frame: Json) -> Envelope:
        envelope = Envelope(frame, time.monotonic())
        self.envelopes.append(envelope)
        staying = [socket for socket in self._sockets if socket not in self._leaving]
        if not staying:
            self.lost.append(frame)
            return envelope
        self._open[frame["envelope_id"]] = envelope
        socket = staying[next(self._count) % len(staying)]
        try:
            await socket.send_json(frame)
        except ConnectionError:
            self.lost.append(frame)
        return envelope

    # -- Socket Mode ---------------------------------------------------------------------------

    async def _link(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self.connect_delay_s)
        if self.refuse_handshakes > 0 or request.match_info["ticket"] not in self._tickets:
            self.refuse_handshakes = max(self.refuse_handshakes - 1, 0)
            return web.Response(status=403)
        self._tickets.discard(request.match_info["ticket"])
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self._sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": len(self._sockets)})
        await self._notify()
        try:
            await self._read(socket)
        finally:
            self._sockets.remove(socket)
            self._leaving.discard(socket)
            await self._notify()
        return socket

    async def _read(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            await self._thawed.wait()
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                acked = self._open.pop(json.loads(message.data).get("envelope_id", ""), None)
                if acked is not None:
                    acked.acked_at = time.monotonic()
                    acked.ack.set()
                    await self._notify()

    # -- the Web API ---------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        self.requests.append((method, arguments))
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")

        async def work() -> web.StreamResponse:
            answer = self._refused(method, token) or self._methods[method](self, arguments)
            await self._notify()
            return web.json_response(answer, headers={"X-OAuth-Scopes": ",".join(self.scopes)})

        return await self.faults.around(request, method, work)

    def _refused(self, method: str, token: str) -> Json | None:
        wanted = self.app_token if method == "apps.connections.open" else self.bot_token
        ordered = self.app_error if method == "apps.connections.open" else self.bot_error
        if method not in self._methods:
            return {"ok": False, "error": "unknown_method"}
        if ordered is not None:
            return {"ok": False, "error": ordered}
        return None if token == wanted else {"ok": False, "error": "invalid_auth"}

    def _auth_test(self, _: Json) -> Json:
        return {
            "ok": True,
            "team": "Archbell's team",
            "team_id": TEAM,
            "user": "archbell",
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
        }

    def _connections_open(self, _: Json) -> Json:
        ticket = f"ticket-{next(self._count)}"
        self.tickets_issued += 1
        self._tickets.add(ticket)
        return {"ok": True, "url": f"ws{self.url.removeprefix('http')}/link/{ticket}"}

    def _post_message(self, said: Json) -> Json:
        channel = self._channel(str(said["channel"]))
        if channel is None:
            return {"ok": False, "error": "channel_not_found"}
        if not channel.member:
            return {"ok": False, "error": "not_in_channel"}
        if channel.archived:
            return {"ok": False, "error": "is_archived"}
        if not said.get("text"):
            return {"ok": False, "error": "no_text"}
        message = {
            "type": "message",
            "user": BOT_USER,
            "bot_id": BOT_ID,
            "text": said["text"],
            "blocks": _decoded(said.get("blocks", [])),
            "ts": self._ts(),
            **({"thread_ts": said["thread_ts"]} if said.get("thread_ts") else {}),
        }
        channel.messages.append(message)
        return {"ok": True, "channel": channel.id, "ts": message["ts"], "message": message}

    def _channel(self, name: str) -> Channel | None:
        if name.startswith(("U", "W")):
            direct = f"D{name[1:]}"
            return self.channels.get(direct) or self.add_channel(direct)
        return self.channels.get(name)

    def _update(self, said: Json) -> Json:
        channel = self.channels.get(str(said["channel"]))
        for message in channel.messages if channel else ():
            if message["ts"] == said["ts"]:
                message.update(text=said["text"], blocks=_decoded(said.get("blocks", [])))
                return {"ok": True, "channel": said["channel"], "ts": said["ts"]}
        return {"ok": False, "error": "message_not_found"}

    def _history(self, asked: Json) -> Json:
        return self._page(asked, lambda message: "thread_ts" not in message)

    def _replies(self, asked: Json) -> Json:
        return self._page(asked, lambda message: message.get("thread_ts") == asked["ts"])

    def _page(self, asked: Json, fits: Callable[[Json], bool]) -> Json:
        kind = "im" if str(asked["channel"]).startswith("D") else "channels"
        if f"{kind}:history" not in self.scopes:
            return {"ok": False, "error": "missing_scope", "needed": f"{kind}:history"}
        channel = self.channels.get(str(asked["channel"]))
        if channel is None:
            return {"ok": False, "error": "channel_not_found"}
        oldest = float(asked.get("oldest", 0))
        found = [m for m in reversed(channel.messages) if fits(m) and float(m["ts"]) >= oldest]
        start, limit = int(asked.get("cursor") or 0), int(asked.get("limit", 100))
        after = start + limit
        return {
            "ok": True,
            "messages": found[start:after],
            "has_more": after < len(found),
            "response_metadata": {"next_cursor": str(after) if after < len(found) else ""},
        }

    def _open_conversation(self, asked: Json) -> Json:
        channel = self._channel(str(asked["users"]))
        assert channel is not None
        return {"ok": True, "channel": {"id": channel.id}}

    _methods: Mapping[str, Callable[["SlackServer", Json], Json]] = {
        "auth.test": _auth_test,
        "apps.connections.open": _connections_open,
        "chat.postMessage": _post_message,
        "chat.update": _update,
        "conversations.history": _history,
        "conversations.replies": _replies,
        "conversations.open": _open_conversation,
    }

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        self.responses.append(await request.json())
        await self._notify()
        return web.Response(text="ok")

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _ts(self) -> str:
        return f"{int(time.time())}.{next(self._count):06}"

    def routes(self) -> list[web.RouteDef]:
        """What this Slack listens to."""
        return [
            web.route("*", "/api/{method}", self._call),
            web.get("/link/{ticket}", self._link),
            web.post("/response/{id}", self._respond),
        ]


async def _arguments(request: web.Request) -> Json:
    if request.content_type == "application/json":
        body: Json = await request.json()
        return body
    return {**request.query, **await request.post()}


def _decoded(blocks: Any) -> Any:
    return json.loads(blocks) if isinstance(blocks, str) else blocks


@asynccontextmanager
async def slack_server(
    *,
    bot_token: str = "xoxb-canary-bot",
    app_token: str = "xapp-canary-app",
    signing_secret: str = "canary-signing",
) -> AsyncIterator[SlackServer]:
    """A Slack of the test's own on a loopback port."""
    slack = SlackServer(bot_token=bot_token, app_token=app_token, signing_secret=signing_secret)
    app = web.Application(client_max_size=2**20)
    app.add_routes(slack.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    slack.url = f"http://{host}:{port}"
    try:
        yield slack
    finally:
        slack.faults.closing.set()
        slack.thaw()
        await runner.cleanup()
