"""The page's templates, and what they call. Everything is escaped unless a template says it."""

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import blake2s
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bot.core.message.english import page as words
from bot.core.message.english.words import moment, short_digest, span
from bot.core.message.plain import visible
from bot.core.reference import Reference
from bot.web.page import pictures

STATIC = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


MAX_ROWS_KEPT = 2_000


@lru_cache
def static_file(name: str) -> bytes:
    """The bytes of a file that never changes while the program runs."""
    return files("bot.web.page").joinpath("static", name).read_bytes()


@lru_cache
def static_link(name: str) -> str:
    """Its address, which is another one when it is another file."""
    return f"static/{name}?v={blake2s(static_file(name), digest_size=6).hexdigest()}"


@lru_cache(maxsize=8192)
def row_id(reference: Reference) -> str:
    """What a tag's row is called within the page; made of harmless characters alone."""
    return f"r{blake2s(str(reference).encode(), digest_size=8).hexdigest()}"


def tag_link(reference: Reference) -> str:
    """The address of what is known of one tag."""
    return f"tag?{urlencode({'image': reference.familiar})}"


class Templates:
    """Renders a template with the moment it is for."""

    def __init__(self) -> None:
        # Whatever a stranger wrote passes visible(): no character turns the reading direction.
        self._environment = Environment(
            loader=PackageLoader("bot.web.page"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_shown,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(_WORDS)
        self._environment.globals["row_html"] = self._row
        self._rows: dict[Hashable, Markup] = {}

    def _row(self, row: Hashable, view: Any, now: datetime) -> Markup:
        """A row of the table, rendered once a minute however many people look at it.

        Times count on in the browser; only what a row says of trouble is as old as that.
        """
        key = (row, view.columns, view.has_others, int(now.timestamp() // 60))
        html = self._rows.get(key)
        if html is None:
            values = {"row": row, "view": view, "tag_link": tag_link}
            html = Markup(self.render("parts/row.html", now, values))  # noqa: S704 - it has escaped
            if len(self._rows) >= MAX_ROWS_KEPT:
                self._rows.clear()
            self._rows[key] = html
        return html

    def render(self, name: str, now: datetime, values: Mapping[str, Any]) -> str:
        """The HTML of a template."""
        return self._environment.get_template(name).render(now=now, **values)


def _shown(value: object) -> object:
    if value is None or isinstance(value, Markup):
        return value
    return visible(value) if isinstance(value, str) else value


def ago(at: datetime, now: datetime) -> Markup:
    """A span of time up to now, which goes on counting in the browser."""
    return Markup('<time datetime="{}">{}</time>').format(_iso(at), span(now - at))


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


_WORDS: Mapping[str, Callable[..., Any] | Any] = {
    "ago": ago,
    "axis": pictures.ticks,
    "before_that": words.before_that,
    "budget": words.budget,
    "finding": words.finding_sentence,
    "headline_of": words.health_headline,
    "landing_sentence": words.landing_sentence,
    "moment": moment,
    "queue_line": words.queue_line,
    "registry_state": words.registry_state,
    "row_id": row_id,
    "short_digest": short_digest,
    "since": words.since,
    "span": span,
    "standings": words.STANDINGS,
    "static": static_link,
    "strip": pictures.strip,
    "units": words.TIME_UNITS,
    "usually": words.usually,
    "without_sign": words.without_sign,
}
