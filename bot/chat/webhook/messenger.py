"""Posts messages to hooks, and knows what each answer means."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientSSLError,
    ConnectionTimeoutError,
)

from bot.chat.webhook.hooks import Hook
from bot.chat.webhook.payload import request_for
from bot.core.errors import NotSent, PlaceClosed, Postponed, SendError, SendUncertain, Unsendable
from bot.core.message.neutral import Message
from bot.core.model import Place
from bot.net.egress import AddressRefused, was_refused
from bot.net.limits import parse_retry_after
from bot.net.sessions import Timeouts, Way, open_session, trusting
from bot.ports.chat import Sent
from bot.ports.surroundings import Clock

SERVICE = "webhook"
WAIT_S = 30.0
"""How long to wait after a 429 that does not say."""

TOO_MANY = 429
_SUCCESS = range(200, 300)
_REDIRECTS = range(300, 400)
_UNFIT = frozenset({400, 413, 415, 422})
"""Answers about the message itself: the same again would not fare better."""
_TURNED_AWAY = frozenset(range(400, 500)) - {408}


class Webhooks:
    """bot.ports.Messenger for hooks. Redirects are not followed: the secret is for one address."""

    def __init__(
        self, hooks: Iterable[Hook], sessions: Mapping[str, ClientSession], *, clock: Clock
    ) -> None:
        self._hooks = {hook.name: hook for hook in hooks}
        self._sessions = sessions
        self._clock = clock

    @property
    def service(self) -> str:
        """As it stands in places: webhook:NAME."""
        return SERVICE

    @property
    def is_attached(self) -> bool:
        """Always: there is nothing to attach to."""
        return True

    def can_find(self, place: Place) -> bool:  # noqa: ARG002
        """Never: receivers know a message that comes again by its webhook-id."""
        return False

    async def find(
        self,
        place: Place,  # noqa: ARG002
        *,
        marker: str,  # noqa: ARG002
        since: datetime,  # noqa: ARG002
    ) -> str | None:
        """Nothing can be found."""
        return None

    def direct_place(self, person: str) -> Place | None:  # noqa: ARG002
        """Programs have nobody else to tell."""
        return None

    async def send(self, place: Place, message: Message, *, marker: str) -> str:
        """Post it; the marker is its id. Raises SendError."""
        hook = self._hooks.get(place.conversation)
        if hook is None:
            raise PlaceClosed(f"no [[webhook]] of the configuration is named {place.conversation}")
        asked = request_for(hook, message, marker=marker, now=self._clock())
        with translated():
            async with self._sessions[hook.name].post(
                hook.url, data=asked.body, headers=asked.headers, allow_redirects=False
            ) as answer:
                status, retry_after = answer.status, answer.headers.get("Retry-After")
        if status == TOO_MANY:
            wait_s = parse_retry_after(retry_after, now=self._clock())
            raise Postponed("it asks to wait", retry_after_s=wait_s or WAIT_S)
        if status not in _SUCCESS:
            raise _refusal(status)
        return marker

    async def edit(
        self,
        place: Place,
        message: Message,
        *,
        edits: Sent,  # noqa: ARG002
        marker: str,
    ) -> None:
        """Post it as a message of its own, as programs need not know of edits. Raises SendError."""
        await self.send(place, message, marker=marker)


@contextmanager
def translated() -> Iterator[None]:
    """Raise what aiohttp raises as SendErrors."""
    try:
        yield
    except (AddressRefused, ClientConnectorError, ConnectionTimeoutError) as error:
        if was_refused(error):
            raise PlaceClosed(
                "its address is private; set allow_private = true in its [[webhook]]"
            ) from error
        if isinstance(error, ClientConnectorCertificateError):
            raise NotSent(
                "its certificate is not trusted; name its authority as ca_file in its [[webhook]]"
            ) from error
        if isinstance(error, ClientSSLError):
            raise NotSent("it does not speak TLS as it should: is https right?") from error
        raise NotSent("it cannot be reached") from error
    except (ClientError, OSError, TimeoutError) as error:
        raise SendUncertain(f"no clear answer ({type(error).__name__})") from error


def _refusal(status: int) -> SendError:
    if status in _REDIRECTS:
        return PlaceClosed(f"it sends us elsewhere (HTTP {status}); write that address instead")
    if status in _UNFIT:
        return Unsendable(f"it does not take the message (HTTP {status})")
    if status in _TURNED_AWAY:
        return PlaceClosed(f"it turns us away (HTTP {status}): check its url and secret")
    return SendUncertain(f"it failed (HTTP {status})")


@asynccontextmanager
async def open_webhooks(
    hooks: Iterable[Hook], *, user_agent: str, clock: Clock, proxy: str | None = None
) -> AsyncIterator[Webhooks]:
    """The messenger, with a session for each hook. Raises ConfigurationError for a bad ca_file."""
    known = tuple(hooks)
    async with AsyncExitStack() as stack:
        sessions = {
            hook.name: await stack.enter_async_context(
                open_session(way_to(hook, proxy), user_agent=user_agent, timeouts=Timeouts())
            )
            for hook in known
        }
        yield Webhooks(known, sessions, clock=clock)


def way_to(hook: Hook, proxy: str | None) -> Way:
    """How to reach a hook. Raises ConfigurationError for a bad ca_file."""
    return Way(
        guarded=not hook.allow_private,
        trust=None if hook.ca_file is None else trusting(hook.ca_file),
        proxy=None if hook.allow_private else proxy,
    )
