"""The page's addresses, and what stands around every answer."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.core.errors import StoreError
from bot.core.message.english.refusals import Refusal
from bot.log import Log
from bot.ports.surroundings import Clock, Sleep
from bot.web.page.desk import Desk
from bot.web.page.forms import Forms
from bot.web.page.guard import HEADERS, Guard, Handler, Refused, Visit
from bot.web.page.live import Live
from bot.web.page.pages import Pages
from bot.web.page.rendering import STATIC, static_file
from bot.web.page.settings import PageSettings
from bot.web.page.showing import Showing
from bot.web.page.visitors import Visitors

_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = Log(__name__)


class Site:
    """The page over a desk; close() ends what is still streaming."""

    def __init__(self, desk: Desk, settings: PageSettings, *, clock: Clock, sleep: Sleep) -> None:
        self._prefix = settings.prefix
        visitors = Visitors(settings.token, clock=clock, lasts=settings.session)
        self._guard = Guard(
            visitors,
            trusted=settings.trusted_proxies,
            is_open=settings.can_sign_in,
            must_sign_in=settings.must_sign_in,
        )
        self._pages = Pages(settings, visitors, clock=clock)
        self._live = Live(desk, visitors, clock=clock, sleep=sleep)
        self._showing = Showing(desk, self._pages, self._live, clock=clock)
        self._forms = Forms(desk, self._pages, visitors, settings, clock=clock)

    def close(self) -> None:
        """End the streams, so that nobody waits for them."""
        self._live.close()

    def routes(self) -> list[web.RouteDef]:
        """What the bot's server answers to people."""
        at, showing, forms = self._prefix, self._showing, self._forms
        shown: dict[str, Handler] = {
            "": showing.board,
            "rows": showing.rows,
            "tag": showing.tag,
        }
        followed: dict[str, Handler] = {
            "live": showing.follow_board,
            "live-tag": showing.follow_tag,
        }
        done: dict[str, Handler] = {
            "check": forms.check,
            "watch": forms.watch,
            "stop": forms.stop,
            "mute": forms.mute,
            "unmute": forms.unmute,
            "sign-out": forms.sign_out,
        }
        return [
            *(web.get(f"{at}/{path}", self._show(each)) for path, each in shown.items()),
            # Whoever asks for the headers of a stream alone must not be sent its events.
            *(
                web.get(f"{at}/{path}", self._follow(each), allow_head=False)
                for path, each in followed.items()
            ),
            *(web.post(f"{at}/{path}", self._do(each)) for path, each in done.items()),
            web.get(f"{at}/sign-in", self._guarded(forms.ask_for_token)),
            web.post(f"{at}/sign-in", self._guarded(self._with_form(forms.sign_in))),
            web.get(f"{at}/static/{{name}}", self._static),
            *([web.get(at, self._below_prefix)] if at else []),
        ]

    async def _below_prefix(self, request: web.Request) -> web.Response:
        """Links are relative, so that the page needs the slash."""
        return self._pages.redirect(f"{request.path.rpartition('/')[2]}/")

    def _show(self, handler: Handler) -> Answering:
        async def show(visit: Visit) -> web.StreamResponse:
            self._guard.see_that_it_is_shown(visit)
            return await handler(visit)

        return self._guarded(show)

    def _follow(self, handler: Handler) -> Answering:
        async def follow(visit: Visit) -> web.StreamResponse:
            self._guard.see_that_it_is_no_other_site(visit)
            try:
                self._guard.see_that_it_is_shown(visit)
            except Refused:
                return self._live.reload()
            return await handler(visit)

        return self._guarded(follow)

    def _do(self, handler: Handler) -> Answering:
        async def do(visit: Visit) -> web.StreamResponse:
            self._guard.see_that_it_is_shown(visit)
            return await handler(visit)

        return self._guarded(self._with_form(do))

    def _with_form(self, handler: Handler) -> Handler:
        async def take(visit: Visit) -> web.StreamResponse:
            await self._guard.take_form(visit)
            return await handler(visit)

        return take

    def _guarded(self, handler: Handler) -> Answering:
        async def answer(request: web.Request) -> web.StreamResponse:
            visit = None
            try:
                visit = self._guard.receive(request)
                return await handler(visit)
            except Refused as refused:
                log.info("page_refused", because=refused.refusal.value)
                if refused.status == web.HTTPUnauthorized.status_code:
                    return self._pages.redirect("sign-in")
                return self._pages.refusal(visit, refused)
            except StoreError as error:
                log.error("page_not_shown", error=str(error))
                return self._pages.refusal(visit, Refused(Refusal.NO_DATABASE, 503))

        return answer

    async def _static(self, request: web.Request) -> web.Response:
        """Style, script and icon are the same for everybody, so nobody is kept from them."""
        name = request.match_info["name"]
        if name not in STATIC:
            return web.Response(status=404, text="There is no such file.", headers=HEADERS)
        response = web.Response(
            body=static_file(name),
            content_type=STATIC[name],
            charset="utf-8",
            headers={**HEADERS, **_FOREVER},
        )
        response.enable_compression()
        return response
