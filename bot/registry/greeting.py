"""Asks a registry how it receives us, without asking for any image of interest."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from yarl import URL

from bot.core.errors import RegistryError
from bot.core.reference import DOCKER_HUB
from bot.net.limits import Budget, parse_budget
from bot.net.settings import RegistrySettings
from bot.ports.surroundings import Clock
from bot.registry.conversation import Conversation
from bot.registry.credentials import CredentialBook, Keys
from bot.registry.exchange import MAX_ERROR_BYTES, Answer, Request
from bot.registry.policy import Endpoint, RegistryPolicy
from bot.registry.questions import ACCEPT
from bot.registry.transport import Transport

TELLS_BUDGET = "ratelimitpreview/test"
"""The repository where Docker Hub tells the budget of whoever sends a HEAD, and counts nothing.

Source: Docker, "Pull usage and limits", "View pull rate and limit".
"""


@dataclass(frozen=True, slots=True)
class Greeting:
    """How a registry received us.

    trouble: why it did not, None if it did. login: where the login it would get comes from, None
    if there is none; was_shown: whether it asked for that. clock_ahead_s: its clock's lead over
    ours, None if it told no date. budget: the pulls left, None if it does not say.
    """

    registry: str
    status: int | None
    trouble: RegistryError | None
    login: str | None
    was_shown: bool
    clock_ahead_s: float | None
    budget: Budget | None


class Greeter:
    """Greets registries over a transport; each greeting is a conversation of its own.

    Whatever repositories a login is for, it is shown here.
    """

    def __init__(
        self,
        transport: Transport,
        registries: Iterable[RegistrySettings],
        *,
        keys: Keys | None,
        clock: Clock,
    ) -> None:
        self._transport = transport
        self._policy = RegistryPolicy(replace(each, repositories=()) for each in registries)
        self._keys = keys
        self._clock = clock

    async def greet(self, registry: str) -> Greeting:
        """How a configured or well-known registry receives us; never raises RegistryError."""
        endpoint = self._policy.find(registry)
        ear = _Ear(self._transport, clock=self._clock)
        book = CredentialBook(self._keys)
        trouble, answer = None, None
        try:
            answer = await Conversation(ear, book, clock=self._clock).ask(_question(endpoint))
        except RegistryError as error:
            trouble = error
        login = await CredentialBook(self._keys).find(endpoint.settings, "")
        return Greeting(
            registry=registry,
            status=answer.status if answer is not None else None,
            trouble=trouble,
            login=login.source if login is not None else None,
            was_shown=login is not None and ear.saw_login,
            clock_ahead_s=ear.clock_ahead_s,
            budget=parse_budget(answer.headers) if answer is not None else None,
        )


class _Ear(Transport):
    """Listens to what answers say besides what was asked."""

    def __init__(self, transport: Transport, *, clock: Clock) -> None:
        self._through = transport
        self._clock = clock
        self.saw_login = False
        self.clock_ahead_s: float | None = None

    async def send(self, request: Request, *, authorization: str | None = None) -> Answer:
        """What the transport answers."""
        answer = await self._through.send(request, authorization=authorization)
        shown = (authorization or "").startswith("Basic ") or request.form is not None
        if shown and answer.status < HTTPStatus.BAD_REQUEST:
            self.saw_login = True
        date = _date_in(answer)
        if date is not None:
            self.clock_ahead_s = (date - self._clock()).total_seconds()
        return answer


def _date_in(answer: Answer) -> datetime | None:
    try:
        date = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _question(endpoint: Endpoint) -> Request:
    """GET /v2/, or at Docker Hub itself what tells our budget.

    Source: OCI distribution-spec, "Determining Support".
    """
    is_hub = endpoint.registry == DOCKER_HUB and endpoint.settings.endpoint is None
    path = f"{TELLS_BUDGET}/manifests/latest" if is_hub else ""
    return Request(
        endpoint=endpoint,
        method="HEAD" if is_hub else "GET",
        url=URL(f"{endpoint.prefix}/v2/{path}", encoded=True),
        repository=TELLS_BUDGET if is_hub else "",
        subject="a greeting",
        headers={"Accept": ACCEPT} if is_hub else {},
        max_bytes=MAX_ERROR_BYTES,
        urgent=True,
        login=True,
    )
