"""What changes of a page while it is open."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.web.page.rendering import Templates, row_id
from bot.web.page.told import Line
from bot.web.page.views import Overview

PARTS = ("health", "waiting", "waits", "registries", "outbox")
_TIMES = re.compile(r"(<time [^>]*>)[^<]*")


class Elements:
    """The elements of a page as they were sent last."""

    def __init__(self) -> None:
        self._sent: dict[str, str] = {}

    def differ(self, id: str, html: str) -> bool:
        """Whether an element is to be sent; that time goes on, the browser knows itself."""
        html = _TIMES.sub(r"\1", html)
        is_other = self._sent.get(id) != html
        self._sent[id] = html
        return is_other


class Follower:
    """What one open page shows of the board; tells which of its elements have to be replaced.

    values: what the templates need beside the board.
    """

    def __init__(
        self, templates: Templates, *, filter: str, page: int, values: Mapping[str, Any]
    ) -> None:
        self._templates = templates
        self._filter = filter
        self._page = page
        self._values = values
        self._elements = Elements()
        self._rows: tuple[Line, ...] = ()
        self._frame: object = None

    def changes(self, overview: Overview, now: datetime) -> dict[str, str]:
        """The elements that are not what they were the last time, by id; all the first time."""
        view, board = overview.view(filter=self._filter, page=self._page), overview.board
        values = {**self._values, "board": board, "view": view}
        parts = {name: self._templates.render(f"parts/{name}.html", now, values) for name in PARTS}
        changed = {name: html for name, html in parts.items() if self._elements.differ(name, html)}
        frame = (view.columns, view.has_others, view.counts, view.found, len(board.targets))
        order = [row.reference for row in view.shown]
        if frame != self._frame or order != [row.reference for row in self._rows]:
            changed["tags"] = self._templates.render("parts/tags.html", now, values)
        else:
            for before, row in zip(self._rows, view.shown, strict=True):
                if before != row:
                    html = self._templates.render("parts/row.html", now, {**values, "row": row})
                    changed[row_id(row.reference)] = html
        self._frame, self._rows = frame, view.shown
        return changed
