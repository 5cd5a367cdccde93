"""Addresses that registries post to when a tag is pushed. All they do is have it looked at.

Whoever does not know a hook's secret learns nothing: an unknown name, a wrong secret and a post
that is too long are all answered as any other address is that does not exist.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from bot.core.errors import MalformedEvent
from bot.core.pushed import Notice, Pushed, Sender, read_notice
from bot.log import Log
from bot.net.secret import Secret
from bot.ports.figures import Figures, Heard
from bot.ports.surroundings import Clock
from bot.web.proof import Post, Proof, prove
from bot.web.server import MAX_BODY_BYTES

PATH = "/hooks"
MAX_REMEMBERED = 10_000
READ_WITHIN_S = 10.0

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Hook:
    """One registry, or whatever speaks for it.

    name stands in its address. registry: the host that it speaks for; None for any.
    """

    name: str
    sender: Sender
    secret: Secret
    registry: str | None


class Hooks:
    """The hooks of the configuration.

    hint: has a tag looked at soon, as the hook of that name has told, which it counts; False if too
    many wait.
    """

    def __init__(
        self,
        hooks: Iterable[Hook],
        *,
        hint: Callable[[Pushed, str], bool],
        figures: Figures,
        clock: Clock,
    ) -> None:
        self._hooks = {hook.name: hook for hook in hooks}
        # What is posted to a name that does not exist is held to a secret that nobody knows.
        self._nobody = Hook("", Sender.GITHUB, Secret(secrets.token_hex()), None)
        self._hint = hint
        self._figures = figures
        self._clock = clock
        self._seen = Remembered(MAX_REMEMBERED)

    def routes(self) -> list[web.RouteDef]:
        """What the bot's server answers for registries."""
        return [
            web.post(f"{PATH}/{{name}}", self._answer),
            web.post(f"{PATH}/{{name}}/{{secret}}", self._answer),
        ]

    async def _answer(self, request: web.Request) -> web.Response:
        hook = self._hooks.get(request.match_info["name"], self._nobody)
        try:
            body = await _body(request)
        except TimeoutError:
            return self._refuse(hook, Heard.MALFORMED, 408)
        post = Post(request.headers, request.match_info.get("secret", ""), body or b"")
        proof = prove(hook.sender, hook.secret, post, now=self._clock())
        if proof is None:
            how = Heard.FORGED if body is not None else Heard.TOO_LARGE
            return self._refuse(hook, how, 404)
        if body is None:
            return self._refuse(hook, Heard.TOO_LARGE, 413)
        try:
            notice = read_notice(
                hook.sender,
                body,
                registry=hook.registry,
                event_type=request.headers.get("X-GitHub-Event", ""),
                cap_bytes=MAX_BODY_BYTES,
            )
        except MalformedEvent:
            return self._refuse(hook, Heard.MALFORMED, 400)
        return self._take_in(hook, notice, proof)

    def _refuse(self, hook: Hook, how: Heard, status: int) -> web.Response:
        self._figures.heard(hook.name, how)
        log.info("hook_refused", hook=hook.name, reason=how.value)
        # The words that aiohttp has for an address that does not exist.
        return web.Response(status=status, text="404: Not Found" if status == 404 else None)

    def _take_in(self, hook: Hook, notice: Notice, proof: Proof) -> web.Response:
        for _ in range(notice.ignored):
            self._figures.heard(hook.name, Heard.IGNORED)
        for pushed in notice.pushed:
            own_id = pushed.event or proof.once
            key = None if own_id is None else (hook.name, own_id, str(pushed.reference))
            if key is not None and key in self._seen:
                self._figures.heard(hook.name, Heard.REPLAYED)
                continue
            if not self._hint(pushed, hook.name):
                return self._refuse(hook, Heard.FAILED, 503)
            if key is not None:
                # Not before it is taken: what failed is to come again.
                self._seen.add(key)
            log.debug("hook_heard", hook=hook.name, target=str(pushed.reference))
        return web.Response(status=202)


class Remembered:
    """The newest keys, up to a number."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._keys: dict[object, None] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def add(self, key: object) -> None:
        """Remember one more, and forget the oldest if that is too many."""
        self._keys[key] = None
        if len(self._keys) > self._at_most:
            del self._keys[next(iter(self._keys))]


async def _body(request: web.Request) -> bytes | None:
    """The body; None if it is too long, empty if it cannot be read. Raises TimeoutError."""
    async with asyncio.timeout(READ_WITHIN_S):
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            return None
        except (web.RequestPayloadError, ConnectionError):
            # Not what it says that it is packed in, or broken off: nothing that a sender sends.
            return b""
