"""What stands before every handler of the page: who may ask what, and the headers of answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from aiohttp import web

from bot.core.message.english.refusals import Refusal
from bot.web.page.callers import Caller, Network, caller_of
from bot.web.page.visitors import COOKIE, Visitor, Visitors

MAX_FORM_BYTES = 20_000
MAX_FIELDS = 20
_FORM_TYPE = "application/x-www-form-urlencoded"
FORM_TOKEN = "form"  # noqa: S105 - the name of a field
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not no-referrer: browsers would then send no Origin with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_OWN_SITES = frozenset({"same-origin", "none"})
_FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})


class Refused(Exception):
    """The page does not do what was asked."""

    def __init__(self, refusal: Refusal, status: int) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.status = status


@dataclass(slots=True)
class Visit:
    """One request, its caller, and the visitor; is_new: the visitor has no cookie of ours yet."""

    request: web.Request
    caller: Caller
    visitor: Visitor
    is_new: bool
    form: dict[str, str] = field(default_factory=dict)

    def query(self, name: str) -> str:
        """A parameter of the address."""
        return self.request.query.get(name, "")


Handler = Callable[[Visit], Awaitable[web.StreamResponse]]


class Guard:
    """Lets visits in. is_open: people can sign in, so that the page is not for this machine alone.

    must_sign_in: nothing is shown to others.
    """

    def __init__(
        self,
        visitors: Visitors,
        *,
        trusted: tuple[Network, ...],
        is_open: bool,
        must_sign_in: bool,
    ) -> None:
        self._visitors = visitors
        self._trusted = trusted
        self._is_open = is_open
        self._must_sign_in = must_sign_in and is_open

    def receive(self, request: web.Request) -> Visit:
        """The visit of a request. Raises Refused for what is not for its caller, or is framed."""
        caller = caller_of(request, self._trusted)
        if not (self._is_open or caller.is_local):
            raise Refused(Refusal.ONLY_LOCAL, 403)
        if request.headers.get("Sec-Fetch-Dest", "") in _FRAMES:
            raise Refused(Refusal.FRAMED, 403)
        known = self._visitors.recognise(request.cookies.get(COOKIE, ""))
        return Visit(request, caller, known or self._visitors.welcome(), is_new=known is None)

    def see_that_it_is_shown(self, visit: Visit) -> None:
        """Raises Refused if only those who are signed in may see anything, and this one is not."""
        if self._must_sign_in and not visit.visitor.is_signed_in:
            raise Refused(Refusal.SIGNED_OUT, 401)

    def see_that_it_is_no_other_site(self, visit: Visit) -> None:
        """Raises Refused for what a page of another site asks for behind its visitor's back."""
        if visit.request.headers.get("Sec-Fetch-Site", "none") not in _OWN_SITES:
            raise Refused(Refusal.NOT_OURS, 403)

    async def take_form(self, visit: Visit) -> None:
        """Read a form into the visit. Raises Refused unless our own page sent it."""
        request = visit.request
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        is_ours = site in (None, "same-origin") and origin in (None, visit.caller.origin)
        if not is_ours:
            raise Refused(Refusal.NOT_OURS, 403)
        if request.content_length is None or request.content_length > MAX_FORM_BYTES:
            raise Refused(Refusal.STALE_FORM, 413)
        visit.form = _fields(request.content_type, await request.read())
        token = visit.form.get(FORM_TOKEN, "")
        if visit.is_new or not self._visitors.is_own_form(visit.visitor, token):
            raise Refused(Refusal.STALE_FORM, 403)


def _fields(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a form as browsers send it. Raises Refused for anything else."""
    if content_type != _FORM_TYPE:
        raise Refused(Refusal.STALE_FORM, 415)
    text = body.decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise Refused(Refusal.STALE_FORM, 400) from None
