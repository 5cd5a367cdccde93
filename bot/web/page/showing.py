"""What the page shows: the board, one tag, and what changes of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.core.board import Board
from bot.core.errors import InvalidInput
from bot.core.matrix import Target
from bot.core.message.english.refusals import Refusal, render_refusal
from bot.core.reference import Reference, parse_reference
from bot.ports.surroundings import Clock
from bot.web.page.desk import Desk
from bot.web.page.following import Elements, Follower
from bot.web.page.guard import HEADERS, Visit
from bot.web.page.live import Live
from bot.web.page.pages import Pages
from bot.web.page.pictures import time_line
from bot.web.page.views import MAX_FILTER_CHARACTERS, Overviews

MAX_NAME_CHARACTERS = 500


class Showing:
    """Everything that may be seen without a form."""

    def __init__(self, desk: Desk, pages: Pages, live: Live, *, clock: Clock) -> None:
        self._desk = desk
        self._pages = pages
        self._live = live
        self._clock = clock
        self._overviews = Overviews()

    async def board(self, visit: Visit) -> web.Response:
        """The whole board."""
        board = await self._desk.board(sees_all=visit.visitor.is_signed_in, at_once=True)
        asked = _asked(visit)
        live = f"live?{urlencode({'q': asked[0], 'page': asked[1], 'mark': board.mark})}"
        view = self._overviews.of(board).view(filter=asked[0], page=asked[1])
        return self._pages.page(visit, "board.html", board=board, view=view, live=live)

    async def rows(self, visit: Visit) -> web.Response:
        """The table alone, for whoever types into the filter."""
        board = await self._desk.board(sees_all=visit.visitor.is_signed_in)
        asked = _asked(visit)
        values = {
            **self._pages.values(visit.visitor),
            "board": board,
            "view": self._overviews.of(board).view(filter=asked[0], page=asked[1]),
        }
        html = self._pages.templates.render("parts/tags.html", self._clock(), values)
        response = web.Response(text=html, content_type="text/html", headers=HEADERS)
        response.enable_compression()
        return response

    async def follow_board(self, visit: Visit) -> web.StreamResponse:
        """What changes of the board."""
        asked = _asked(visit)
        follower = Follower(
            self._pages.templates,
            filter=asked[0],
            page=asked[1],
            values=self._pages.values(visit.visitor),
        )
        was_empty: bool | None = None

        async def changes(board: Board, now: datetime) -> Mapping[str, str] | None:
            nonlocal was_empty
            is_empty, before = not board.targets, was_empty
            was_empty = is_empty
            if before is not None and before != is_empty:
                return None
            return follower.changes(self._overviews.of(board), now)

        return await self._live.stream(visit, changes)

    async def tag(self, visit: Visit) -> web.Response:
        """One tag, by its name."""
        reference = _named(visit)
        board = await self._desk.board(sees_all=visit.visitor.is_signed_in)
        target = board.find(reference) if reference else None
        typed = visit.query("image")[:MAX_NAME_CHARACTERS]
        if reference is None or target is None:
            message = render_refusal(Refusal.NOT_WATCHED)
            return self._pages.page(visit, "answer.html", status=404, message=message, typed=typed)
        values = await self._tag_values(board, target)
        live = f"live-tag?{urlencode({'image': reference.familiar, 'mark': board.mark})}"
        missing = [cell.platform.short for cell in target.row.wanted if cell.cause is not None]
        typed = " ".join((reference.familiar, *missing))
        return self._pages.page(visit, "tag.html", **values, live=live, typed=typed)

    async def follow_tag(self, visit: Visit) -> web.StreamResponse:
        """What changes of one tag."""
        reference, elements = _named(visit), Elements()

        async def changes(board: Board, now: datetime) -> Mapping[str, str] | None:
            target = board.find(reference) if reference else None
            if target is None:
                return None
            values = await self._tag_values(board, target)
            values.update(self._pages.values(visit.visitor))
            html = self._pages.templates.render("parts/tag.html", now, values)
            return {"tag": html} if elements.differ("tag", html) else {}

        return await self._live.stream(visit, changes)

    async def _tag_values(self, board: Board, target: Target) -> dict[str, Any]:
        reference = target.row.reference
        landings = await self._desk.landings(reference)
        line = self._overviews.of(board).line(target)
        return {
            "target": target,
            "told": [told for told in line.told if told.cell.is_wanted],
            "landings": landings,
            "line": time_line(landings, now=self._clock()),
        }


def _asked(visit: Visit) -> tuple[str, int]:
    """The filter and the page that an address asks for."""
    page = visit.query("page")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    return visit.query("q")[:MAX_FILTER_CHARACTERS].strip(), number


def _named(visit: Visit) -> Reference | None:
    try:
        return parse_reference(visit.query("image")[:MAX_NAME_CHARACTERS])
    except InvalidInput:
        return None
