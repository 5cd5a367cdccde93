"""Answers as whole pages, with their headers and cookies."""

from typing import Any

from aiohttp import web
from markupsafe import Markup

from bot.core.message.english.refusals import render_refusal
from bot.ports.surroundings import Clock
from bot.web.page.guard import FORM_TOKEN, HEADERS, Refused, Visit
from bot.web.page.rendering import Templates, tag_link
from bot.web.page.settings import PageSettings
from bot.web.page.visitors import COOKIE, Visitor, Visitors


class Pages:
    """Renders a page for a visit."""

    def __init__(self, settings: PageSettings, visitors: Visitors, *, clock: Clock) -> None:
        self.templates = Templates()
        self._settings = settings
        self._visitors = visitors
        self._clock = clock

    def values(self, visitor: Visitor) -> dict[str, Any]:
        """What every template may use."""

        def form_token() -> Markup:
            token = self._visitors.form_token(visitor)
            return Markup('<input type="hidden" name="{}" value="{}">').format(FORM_TOKEN, token)

        return {
            "visitor": visitor,
            "can_sign_in": self._settings.can_sign_in,
            "places": [str(place) for place in self._settings.places],
            "form_token": form_token,
            "tag_link": tag_link,
        }

    def page(
        self, visit: Visit, template: str, *, status: int = 200, **values: Any
    ) -> web.Response:
        """A whole page; a new visitor gets a cookie with it."""
        response = self._html(visit.visitor, template, status=status, **values)
        if visit.is_new:
            self.give_cookie(response, visit, visit.visitor)
        return response

    def refusal(self, visit: Visit | None, refused: Refused) -> web.Response:
        """What a visitor is told instead of what was asked for; no visit: it was not let in."""
        visitor = visit.visitor if visit else self._visitors.welcome()
        message = render_refusal(refused.refusal)
        return self._html(visitor, "answer.html", status=refused.status, message=message)

    def redirect(self, to: str) -> web.Response:
        """The way to another page; to: relative, so that it holds behind any proxy."""
        return web.Response(status=303, headers={**HEADERS, "Location": to})

    def give_cookie(self, response: web.Response, visit: Visit, visitor: Visitor) -> None:
        """Let the browser be known as this visitor."""
        response.set_cookie(
            COOKIE,
            self._visitors.cookie(visitor),
            path=f"{self._settings.prefix}/",
            max_age=int(self._settings.session.total_seconds()),
            httponly=True,
            secure=visit.caller.is_https,
            samesite="Lax",
        )

    def _html(self, visitor: Visitor, template: str, *, status: int, **values: Any) -> web.Response:
        html = self.templates.render(template, self._clock(), {**self.values(visitor), **values})
        response = web.Response(
            status=status, text=html, content_type="text/html", charset="utf-8", headers=HEADERS
        )
        response.enable_compression()
        return response
