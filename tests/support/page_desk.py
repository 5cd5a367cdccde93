"""A desk whose board a test sets, and the page over it on a loopback port."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import aiohttp
from aiohttp import web

from bot.core.advice import Advice
from bot.core.board import Board
from bot.core.chronicle import Chronicle, Landing
from bot.core.errors import StoreError
from bot.core.evidence import Evidence
from bot.core.health import Health
from bot.core.matrix import Cell, judge, lay_out
from bot.core.message.neutral import Message
from bot.core.model import Observation, Place, Want, Watch, WatchId
from bot.core.platform import Platform
from bot.core.reason import explain
from bot.core.reference import Reference, parse_reference
from bot.net.secret import Secret
from bot.web.page.settings import PageSettings
from bot.web.page.site import Site
from bot.web.server import serving
from tests.support.canaries import canary
from tests.support.stores import AMD64, ARM64, NOW, TEAM, present

TOKEN = canary("page")
WITH_TOKEN = PageSettings(token=Secret(TOKEN), places=(TEAM, Place("terminal")))
_FORM = re.compile(r'name="form" value="([^"]+)"')


def board_of(*watches: Watch, mark: str = "1", health: Health | None = None) -> Board:
    targets = tuple(lay_out(watches, Chronicle()))
    return Board(mark, NOW, targets, (), (), (), health or Health((), NOW, 0, 0))


def watch_of(
    image: str,
    *platforms: Platform,
    there: Sequence[Platform] = (AMD64,),
    number: int = 1,
) -> Watch:
    wants = tuple(Want(WatchId(number), platform) for platform in platforms or (ARM64,))
    return Watch(
        WatchId(number),
        parse_reference(image),
        TEAM,
        wants,
        (),
        NOW,
        looked_at=NOW,
        observation=present(*there),
    )


@dataclass(frozen=True, slots=True)
class Found:
    reference: Reference
    platforms: tuple[Platform, ...]
    seen: Observation
    cells: tuple[Cell, ...]
    advices: tuple[Advice, ...] = ()
    nearest: tuple[Reference, ...] = ()


@dataclass(slots=True)
class FakeDesk:
    """Gives what the test has set, and remembers what it was asked to do."""

    shown: Board = field(default_factory=board_of)
    story: list[Landing] = field(default_factory=list)
    error: StoreError | None = None
    done: list[tuple[Any, ...]] = field(default_factory=list)
    saw_all: list[bool] = field(default_factory=list)
    nearest: tuple[Reference, ...] = ()

    async def board(self, *, sees_all: bool, at_once: bool = False) -> Board:
        self.saw_all.append(sees_all)
        if self.error is not None:
            raise self.error
        return self.shown

    async def landings(self, reference: Reference) -> Sequence[Landing]:
        return self.story

    async def check(self, text: str, *, thorough: bool = False) -> Found | Message:
        self.done.append(("why" if thorough else "check", text))
        if not text.strip():
            return Message("Which image?", ("Send one.",), ("docker pull x",))
        seen = present(AMD64)
        cells = (judge(ARM64, seen, trouble=None, is_wanted=True), judge(AMD64, seen, trouble=None))
        reference = parse_reference(text.split()[0])
        advice = Advice(explain(Evidence(reference, ARM64, seen)))
        return Found(reference, (ARM64,), seen, cells, (advice,), self.nearest)

    async def watch(self, text: str, place: Place) -> Message:
        self.done.append(("watch", text, place))
        return Message("Watching.", ("As asked.",))

    async def stop(self, number: int) -> Message:
        self.done.append(("stop", number))
        return Message("Stopped.")

    async def mute(self, number: int, *, quiet: bool) -> Message:
        self.done.append(("mute", number, quiet))
        return Message("Quiet.", code=("/unmute",))


@dataclass(slots=True)
class Browser:
    """As much of a browser as tests of answers need: it keeps cookies and fills in forms."""

    session: aiohttp.ClientSession
    address: str
    headers: dict[str, str] = field(default_factory=dict)
    form: str = ""

    async def get(self, path: str = "/", headers: Mapping[str, str] | None = None) -> "Answer":
        return await self._ask("GET", path, headers, None)

    async def post(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        form: str | None = None,
        **fields: str,
    ) -> "Answer":
        """Send a form; form: another token than the one shown last."""
        sent = {"form": self.form if form is None else form, **fields}
        return await self._ask("POST", path, headers, sent)

    async def sign_in(self, token: str = TOKEN) -> "Answer":
        await self.get("/sign-in")
        answer = await self.post("/sign-in", token=token)
        await self.get()
        return answer

    async def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        fields: Mapping[str, str] | None,
    ) -> "Answer":
        async with self.session.request(
            method,
            f"{self.address}{path}",
            data=fields,
            headers={**self.headers, **(headers or {})},
            allow_redirects=False,
        ) as response:
            text = await response.text()
            if found := _FORM.search(text):
                self.form = unescape(found[1])
            cookies = [each.OutputString() for each in response.cookies.values()]
            return Answer(response.status, text, dict(response.headers), cookies)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    headers: dict[str, str]
    cookies: list[str]


class Moments:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **length: float) -> None:
        self.now += timedelta(**length)


def wall_clock() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def opened(
    desk: FakeDesk,
    settings: PageSettings = WITH_TOKEN,
    *,
    clock: Moments | None = None,
    routes: Sequence[web.RouteDef] = (),
) -> AsyncIterator[Browser]:
    """The page in a browser."""
    site = Site(desk, settings, clock=clock or Moments(), sleep=_briefly)
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        serving([*site.routes(), *routes], host="127.0.0.1", port=0) as address,
        aiohttp.ClientSession(cookie_jar=jar) as session,
    ):
        try:
            yield Browser(session, address)
        finally:
            site.close()


async def _briefly(seconds: float) -> None:
    await asyncio.sleep(0.001)
