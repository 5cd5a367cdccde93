"""What visitors can do: check an image, sign in, and then watch, mute and stop."""

from collections.abc import Awaitable

from aiohttp import web

from bot.core.allowance import Allowance
from bot.core.message.english.page import check_headline
from bot.core.message.english.refusals import Refusal, render_refusal
from bot.core.message.neutral import Message
from bot.log import Log
from bot.ports.surroundings import Clock
from bot.web.page.desk import Desk
from bot.web.page.guard import Refused, Visit
from bot.web.page.pages import Pages
from bot.web.page.settings import PageSettings
from bot.web.page.told import told_of
from bot.web.page.views import waits_by_platform
from bot.web.page.visitors import COOKIE, Visitors

CHECKS_A_MINUTE_OF_ALL = 60
MAX_TYPED_CHARACTERS = 1_000

log = Log(__name__)


class Forms:
    """Does what forms ask for; whoever calls has seen that our own page sent them."""

    def __init__(
        self, desk: Desk, pages: Pages, visitors: Visitors, settings: PageSettings, *, clock: Clock
    ) -> None:
        self._desk = desk
        self._pages = pages
        self._visitors = visitors
        self._settings = settings
        self._clock = clock
        self._checks = Allowance(settings.checks_a_minute)
        self._checks_of_all = Allowance(CHECKS_A_MINUTE_OF_ALL)

    async def check(self, visit: Visit) -> web.Response:
        """What a registry has now, for anybody, so many times a minute."""
        now = self._clock()
        if not (self._checks.take(visit.caller.name, now) and self._checks_of_all.take("", now)):
            raise Refused(Refusal.TOO_OFTEN, 429)
        typed = visit.form.get("image", "")[:MAX_TYPED_CHARACTERS]
        thorough = bool(visit.form.get("why"))
        found = await self._desk.check(typed, thorough=thorough)
        if isinstance(found, Message):
            return self._pages.page(
                visit,
                "checked.html",
                status=422,
                headline=found.headline,
                message=found,
                found=None,
                typed=typed,
                thorough=thorough,
            )
        board = await self._desk.board(sees_all=False, at_once=True)
        advices = {advice.platform: advice for advice in found.advices}
        return self._pages.page(
            visit,
            "checked.html",
            headline=check_headline(found.reference, found.seen, found.cells),
            found=found,
            told=[
                told_of(
                    cell,
                    found.reference,
                    advices.get(cell.platform),
                    waits_by_platform(board),
                    now=now,
                )
                for cell in found.cells
            ],
            typed=typed,
            thorough=thorough,
        )

    async def watch(self, visit: Visit) -> web.Response:
        """Watch an image for one of the configured places."""
        _see_that_it_is_allowed(visit)
        wanted = visit.form.get("place", "")
        place = next((each for each in self._settings.places if str(each) == wanted), None)
        if place is None:
            raise Refused(Refusal.NO_PLACE, 422)
        typed = visit.form.get("image", "")[:MAX_TYPED_CHARACTERS]
        return await self._answered(visit, self._desk.watch(typed, place))

    async def stop(self, visit: Visit) -> web.Response:
        """End a watch."""
        _see_that_it_is_allowed(visit)
        return await self._answered(visit, self._desk.stop(_number(visit)))

    async def mute(self, visit: Visit) -> web.Response:
        """Hold the alerts of a watch back."""
        _see_that_it_is_allowed(visit)
        return await self._answered(visit, self._desk.mute(_number(visit), quiet=True))

    async def unmute(self, visit: Visit) -> web.Response:
        """Let the alerts of a watch go."""
        _see_that_it_is_allowed(visit)
        return await self._answered(visit, self._desk.mute(_number(visit), quiet=False))

    async def _answered(self, visit: Visit, doing: Awaitable[Message]) -> web.Response:
        return self._pages.page(visit, "answer.html", message=await doing)

    async def ask_for_token(self, visit: Visit) -> web.Response:
        """The form to sign in."""
        if not self._settings.can_sign_in or visit.visitor.is_signed_in:
            return self._pages.redirect("./")
        return self._pages.page(visit, "sign_in.html", message=None)

    async def sign_in(self, visit: Visit) -> web.Response:
        """A new session for whoever knows the token."""
        if not self._visitors.may_try(visit.caller.name):
            raise Refused(Refusal.TOO_OFTEN, 429)
        if not self._visitors.is_token(visit.form.get("token", "")):
            log.warning("page_token_refused", caller=visit.caller.name)
            message = render_refusal(Refusal.WRONG_TOKEN)
            return self._pages.page(visit, "sign_in.html", status=403, message=message)
        response = self._pages.redirect("./")
        self._pages.give_cookie(response, visit, self._visitors.welcome(is_signed_in=True))
        return response

    async def sign_out(self, visit: Visit) -> web.Response:
        """End the session."""
        self._visitors.leave(visit.visitor)
        response = self._pages.redirect("./")
        response.del_cookie(COOKIE, path=f"{self._settings.prefix}/")
        return response


def _see_that_it_is_allowed(visit: Visit) -> None:
    if not visit.visitor.is_signed_in:
        raise Refused(Refusal.SIGNED_OUT, 403)


def _number(visit: Visit) -> int:
    text = visit.form.get("watch", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
