"""Every error this program raises on purpose.

ArchbellError
├── InvalidInput                what a person typed cannot be meant
│   ├── InvalidReference
│   └── InvalidPlatform
├── ManifestError               bytes that are no manifest we can use
│   ├── MalformedManifest
│   └── UnsupportedManifest
├── MalformedEvent              what was posted as a registry's event is none
├── RegistryError               a look ended without a clear answer
│   ├── TransportFailure        worth another attempt within the same look
│   │   └── ServerTrouble, TimedOut, TlsFailed, ProxyFailed
│   ├── Overloaded
│   │   └── RateLimited
│   ├── Denied
│   │   ├── LoginRefused
│   │   └── LoginUnavailable
│   ├── EgressRefused
│   ├── UnlistedRegistry
│   ├── MalformedAnswer
│   ├── OversizedAnswer
│   ├── UnsupportedAnswer
│   └── RegistryParked
├── SendError                   a message is not known to have arrived
│   ├── NotSent
│   │   └── ServiceClosed
│   ├── Postponed
│   ├── PlaceClosed
│   ├── PlaceMoved
│   ├── Unsendable
│   └── SendUncertain
├── ChatRefused                 the token of a chat service is no good
├── CannotListen                the web server's address cannot be had
├── StoreError                  the database cannot be used
│   ├── StoreBusy, StoreConflict, StoreReadOnly, StoreFull, StoreTooNew, StoreUnusable
└── ConfigurationError

str() of each is one sentence that names the thing and holds no secret. Which of them are worth
another attempt is their type's affair.
"""

from datetime import datetime
from enum import Enum
from typing import ClassVar


class ArchbellError(Exception):
    """The root; catch it to treat everything that can go wrong on purpose."""


class InvalidInput(ArchbellError):
    """A person typed something that cannot be meant; the sentence says what to type instead."""


class InvalidReference(InvalidInput):
    """Not an image reference."""


class InvalidPlatform(InvalidInput):
    """Not a platform."""


class ManifestError(ArchbellError):
    """Bytes that a registry served as a manifest and that cannot be used as one."""


class MalformedManifest(ManifestError):
    """Not JSON, not a manifest, ambiguous, or beyond the caps."""


class UnsupportedManifest(ManifestError):
    """A well-formed document that is no image: an artifact, or the abandoned schema 1."""


class MalformedEvent(ArchbellError):
    """What was posted in a registry's name is not what it sends."""


class TroubleKind(Enum):
    """Why a look gave no clear answer; the values are stored, so never rename them."""

    UNREACHABLE = "unreachable"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    DENIED = "denied"
    LOGIN_REFUSED = "login_refused"
    LOGIN_UNAVAILABLE = "login_unavailable"
    EGRESS_REFUSED = "egress_refused"
    UNLISTED_REGISTRY = "unlisted_registry"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    PARKED = "parked"
    TIMED_OUT = "timed_out"
    TLS_FAILED = "tls_failed"
    PROXY_FAILED = "proxy_failed"
    BUG = "bug"


class RegistryError(ArchbellError):
    """A registry gave no clear answer: the state of the tag is unknown, never absent."""

    kind: ClassVar[TroubleKind]

    def __init__(
        self,
        registry: str,
        what: str,
        *,
        http_status: int | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(f"{registry}: {what}")
        self.registry = registry
        self.http_status = http_status
        self.retry_at = retry_at


class TransportFailure(RegistryError):
    """Nothing usable came over the wire: connect, TLS, name look-up, time-out or a cut body."""

    kind: ClassVar[TroubleKind] = TroubleKind.UNREACHABLE


class ServerTrouble(TransportFailure):
    """The registry answered 5xx and did not say when to come back."""

    kind = TroubleKind.SERVER_ERROR


class TimedOut(TransportFailure):
    """The registry, or the way there, was too slow."""

    kind = TroubleKind.TIMED_OUT


class TlsFailed(TransportFailure):
    """The registry's certificate is not trusted, or TLS failed otherwise."""

    kind = TroubleKind.TLS_FAILED


class ProxyFailed(TransportFailure):
    """The configured proxy cannot be reached, or does not let us through."""

    kind = TroubleKind.PROXY_FAILED


class Overloaded(RegistryError):
    """The registry asked, by 503 with Retry-After, not to be asked for a while."""

    kind = TroubleKind.OVERLOADED


class RateLimited(Overloaded):
    """429, or the registry's own words for it."""

    kind = TroubleKind.RATE_LIMITED


class Denied(RegistryError):
    """401 or 403 after everything we may try: private, or it does not exist."""

    kind: ClassVar[TroubleKind] = TroubleKind.DENIED


class LoginRefused(Denied):
    """The registry does not accept the login we have for it, and shows nothing without one."""

    kind = TroubleKind.LOGIN_REFUSED


class LoginUnavailable(Denied):
    """The program that keeps the login did not give it, and nothing is shown without one."""

    kind = TroubleKind.LOGIN_UNAVAILABLE


class EgressRefused(RegistryError):
    """We refuse to connect: a private address or plain http, or what leads there."""

    kind = TroubleKind.EGRESS_REFUSED


class UnlistedRegistry(RegistryError):
    """Neither a well-known public registry nor in the configuration: not asked at all."""

    kind = TroubleKind.UNLISTED_REGISTRY


class MalformedAnswer(RegistryError):
    """Garbage, a wrong digest, or a status that makes no sense here."""

    kind = TroubleKind.MALFORMED


class OversizedAnswer(RegistryError):
    """More bytes, entries or requests than any honest image needs."""

    kind = TroubleKind.TOO_LARGE


class UnsupportedAnswer(RegistryError):
    """The tag holds something that is not an image this program knows."""

    kind = TroubleKind.UNSUPPORTED


class RegistryParked(RegistryError):
    """Not asked: the registry is parked until retry_at, because of an earlier answer."""

    kind = TroubleKind.PARKED


class SendError(ArchbellError):
    """A message is not known to have arrived."""


class NotSent(SendError):
    """Nothing left this machine (connect phase): safe to send again after a back-off."""


class ServiceClosed(NotSent):
    """The service turns the bot away as a whole: a revoked token. Nothing was posted."""


class Postponed(SendError):
    """The service refused for now (429); nothing was posted."""

    def __init__(self, what: str, *, retry_after_s: float) -> None:
        super().__init__(what)
        self.retry_after_s = retry_after_s


class PlaceClosed(SendError):
    """The place cannot be posted to at present: not invited, archived, blocked."""


class PlaceMoved(SendError):
    """The conversation goes on under another id; nothing was posted."""

    def __init__(self, what: str, *, conversation: str) -> None:
        super().__init__(what)
        self.conversation = conversation


class Unsendable(SendError):
    """The service refuses this message for good."""


class SendUncertain(SendError):
    """The message may or may not have been posted."""


class ChatRefused(ArchbellError):
    """A chat service does not accept the configured token; the sentence says which and why."""


class CannotListen(ArchbellError):
    """The web server's address cannot be had."""


class StoreError(ArchbellError):
    """The database cannot be used; the sentence says what to do."""


class StoreBusy(StoreError):
    """Another process holds the database."""


class StoreConflict(StoreError):
    """Two transactions met and this one was rolled back: the same again will do."""


class StoreReadOnly(StoreError):
    """The database, or its folder, cannot be written."""


class StoreFull(StoreError):
    """No space is left for the database."""


class StoreTooNew(StoreError):
    """A newer version of this program has migrated the database."""


class StoreUnusable(StoreError):
    """Not a database, damaged, or out of reach."""


class ConfigurationError(ArchbellError):
    """The configuration has mistakes; all of them at once, each a sentence that names its place."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes
