"""What the verbs need from outside, as protocols that adapters implement."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from bot.core.message.neutral import Message
from bot.core.model import (
    Alert,
    AlertFacts,
    Decision,
    Event,
    Observation,
    Place,
    TargetId,
    Want,
    Watch,
    WatchId,
)
from bot.core.platform import Platform
from bot.core.reference import Reference


class Clock(Protocol):
    """The present moment as an aware UTC datetime."""

    def __call__(self) -> datetime:
        """The present moment."""
        ...


class Sleep(Protocol):
    """Waits; asyncio.sleep in the program, something instant in tests."""

    async def __call__(self, seconds: float, /) -> None:
        """Come back after this many seconds."""
        ...


class Chance(Protocol):
    """A number in [0, 1)."""

    def __call__(self) -> float:
        """The next number."""
        ...


# -- registries ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TagUnchanged:
    """The tag still has the digest the caller knows; etag is the newest validator, if any."""

    etag: str | None = None


@dataclass(frozen=True, slots=True)
class ManifestAbsent:
    """The registry says clearly that there is no such tag or digest."""


@dataclass(frozen=True, slots=True)
class FetchedManifest:
    """A manifest's exact bytes; digest is verified against them. content_type has no parameters."""

    digest: str
    content_type: str | None
    body: bytes
    etag: str | None = None


class Registry(Protocol):
    """Manifests of any configured or well-known registry.

    Every method raises RegistryError when there is no clear answer. urgent: somebody waits for it,
    so it goes ahead of others in the registry's queue. login: whoever will see the answer may use
    the operator's login; without it the registry is asked as anybody may.
    """

    async def fetch_tag(
        self,
        reference: Reference,
        *,
        known_digest: str | None,
        etag: str | None,
        urgent: bool,
        login: bool = False,
    ) -> TagUnchanged | ManifestAbsent | FetchedManifest:
        """Where the tag points; its manifest comes only when the digest is not the known one."""
        ...

    async def fetch_manifest(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> FetchedManifest | ManifestAbsent:
        """A manifest of the reference's repository by digest."""
        ...

    async def has_manifest(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> bool:
        """Whether the registry serves this manifest of the reference's repository (a HEAD)."""
        ...

    async def fetch_config(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> bytes | None:
        """An image's config blob, verified, or None if the registry has none."""
        ...

    async def list_tags(
        self, reference: Reference, *, urgent: bool, login: bool = False
    ) -> tuple[str, ...]:
        """The repository's tags, as far as a few pages tell them; none if there is no such one."""
        ...


@dataclass(frozen=True, slots=True)
class RegistryState:
    """What must survive a restart about how a registry wants to be treated.

    parked_until holds for every request, pulls_parked_until for GETs of manifests alone. remaining
    and limit are the registry's own rate budget in its window. failures feed the breaker.
    """

    registry: str
    parked_until: datetime | None = None
    pulls_parked_until: datetime | None = None
    limit: int | None = None
    remaining: int | None = None
    window_s: int | None = None
    failures: int = 0


class Courtesy(Protocol):
    """How many looks the registries allow at present."""

    def capacity(self, registry: str, *, busy: int) -> int:
        """How many more looks may begin while busy are under way; 0 while it is parked."""
        ...

    def opens_at(self, registry: str, *, busy: int) -> datetime | None:
        """From when on capacity() is above 0, as far as is known; None: once a look has ended."""
        ...

    def changes(self) -> Sequence[RegistryState]:
        """What is not kept yet: the states that saved() has not been told of."""
        ...

    def saved(self, states: Sequence[RegistryState]) -> None:
        """These are kept now; to be called after the commit, by whoever wrote them."""
        ...

    def states(self) -> Sequence[RegistryState]:
        """All that is known of every registry asked so far."""
        ...


class SharedCourtesy(Courtesy, Protocol):
    """Courtesy of several processes towards the same registries."""

    def learn(self, states: Sequence[RegistryState]) -> None:
        """Leave registries alone for as long as other processes were told to."""
        ...


# -- the store ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KnownTarget:
    """What the store knows of a target; observation is the last clear one.

    being_looked_at: a lease is running, so that the observation may change any moment.
    changed_at is None until the tag was seen to change. hinted: somebody has seen what this
    observation does not show yet.
    """

    id: TargetId
    reference: Reference
    observation: Observation | None
    looked_at: datetime | None
    due_at: datetime | None
    changed_at: datetime | None
    being_looked_at: bool
    latest: Observation | None = None
    hinted: bool = False


@dataclass(frozen=True, slots=True)
class ClaimedTarget:
    """A target this process may look at until its lease runs out.

    observation is the last clear one. anchor: the later of the last change and the newest watch.
    wants are those of all active watches at the time of the claim, places theirs and wanted_since
    since when each is wanted; a watch that is made later moves hint_seq, by which record() knows
    that the target is due again.
    """

    id: TargetId
    reference: Reference
    observation: Observation | None
    anchor: datetime
    failures: int
    lease: str
    hint_seq: int
    wants: tuple[Want, ...]
    wanted_since: Mapping[tuple[WatchId, Platform], datetime]
    places: frozenset[Place] = frozenset()


@dataclass(frozen=True, slots=True)
class LookResult:
    """Everything one look writes, in one transaction, if its lease still holds.

    due_at is None when nobody wants the target any more. changed: the tag is not what the claim's
    observation was, or this is the first.
    """

    target: ClaimedTarget
    observation: Observation
    decision: Decision
    facts: Mapping[Alert, AlertFacts]
    due_at: datetime | None
    changed: bool
    failures: int


class Targets(Protocol):
    """The targets table and its leases."""

    async def claim(
        self, *, capacity: Callable[[str], int], limit: int, now: datetime, lease_s: float
    ) -> list[ClaimedTarget]:
        """Lease targets that are due, earliest first, up to capacity(registry) of each registry."""
        ...

    async def next_due_at(
        self, *, opens_at: Callable[[str], datetime | None] | None = None
    ) -> datetime | None:
        """When the earliest target is due (a leased one: when its lease ends); None if none is.

        opens_at: before when nothing of a registry can be claimed; None for one to leave out.
        """
        ...

    async def record(self, results: Sequence[LookResult], *, now: datetime) -> list[bool]:
        """Write looks with their wants, history and alerts; False for those whose lease was lost.

        An observation that is not clear replaces nothing but the trouble and the count of failures.
        A target whose hint_seq moved since the claim becomes due at once. Alerts of watches that
        have ended meanwhile are not written; an alert that exists already is not written twice.
        """
        ...

    async def release(self, targets: Sequence[ClaimedTarget], *, now: datetime) -> None:
        """Give leases back unused; the targets are due at once."""
        ...

    async def find(self, reference: Reference, *, now: datetime) -> KnownTarget | None:
        """The target of a reference, watched or not."""
        ...

    async def hint(self, reference: Reference, *, digest: str | None, now: datetime) -> bool:
        """Make a watched target due now, also while it is looked at; False if nobody watches it."""
        ...


@dataclass(frozen=True, slots=True)
class NewWatch:
    """A watch to be made. observation seeds the target if the store does not know it yet.

    platforms are wanted; those that are there already stand in met with the digest of their
    manifest and start as MET, so that nobody is told what the answer has said.
    """

    reference: Reference
    place: Place
    platforms: tuple[Platform, ...]
    met: Mapping[Platform, str]
    person: str | None
    standing: bool
    expires_at: datetime | None
    observation: Observation | None
    source: str
    due_at: datetime
    tells: frozenset[Event] = frozenset()


@dataclass(frozen=True, slots=True)
class AddedWatch:
    """The watch as it now stands. created is False when the place watched that target already."""

    watch: Watch
    created: bool
    joined: bool


@dataclass(frozen=True, slots=True)
class Held:
    """How many active watches somebody has in a service, and a conversation in all its threads."""

    of_person: int
    of_conversation: int


class Watches(Protocol):
    """Watches, their wants and their people."""

    async def add(self, new: NewWatch, *, now: datetime) -> AddedWatch:
        """Make a watch, or add platforms and the person to the place's watch of that target.

        The target is due at new.due_at or earlier, and its hint_seq moves if a look is running.
        Platforms become wants, MET or WAITING as new.met says; wants that exist stay as they
        are; the later of both expiries stands.
        """
        ...

    async def of_place(self, place: Place) -> list[Watch]:
        """The active watches of a place, oldest first."""
        ...

    async def held(self, place: Place, person: str | None, *, source: str) -> Held:
        """How many active watches from this source the person and the place's conversation have."""
        ...

    async def active(self) -> list[Watch]:
        """All active watches, oldest first."""
        ...

    async def expired(self, *, now: datetime, limit: int) -> list[Watch]:
        """Active watches whose time is over."""
        ...

    async def drop(self, watch: WatchId, platforms: Sequence[Platform], *, now: datetime) -> None:
        """Take platforms off a watch; it must keep at least one."""
        ...

    async def end(self, watches: Sequence[WatchId], *, why: str, now: datetime) -> None:
        """End watches; a target nobody wants any more is no longer due."""
        ...

    async def mute(self, watch: WatchId, *, until: datetime | None) -> None:
        """Hold this watch's alerts back until then; None lets them go."""
        ...

    async def mute_place(self, place: Place, *, until: datetime | None) -> None:
        """Hold the alerts of a whole place back until then; None lets them go."""
        ...

    async def place_muted_until(self, place: Place) -> datetime | None:
        """Until when the place holds its alerts back; None if it does not."""
        ...


@dataclass(frozen=True, slots=True)
class OwedAlert:
    """An alert as a delivery carries it, with the people of its watch at the time of reading."""

    alert: Alert
    facts: AlertFacts
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way; id is also the marker by which a service can find it again.

    Either message or alerts. uncertain: an earlier attempt may have arrived. tries counts the
    attempts before this one. person: whoever asked for the message. instead_of: the delivery it
    stands for, whose place is closed.
    """

    id: str
    place: Place
    message: Message | None
    alerts: tuple[OwedAlert, ...]
    uncertain: bool
    tries: int
    first_try_at: datetime
    lease: str
    person: str | None = None
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A delivery as an operator sees it; state is pending, sending, sent, uncertain or dead."""

    id: str
    place: Place
    state: str
    about: str
    tries: int
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None
    last_error: str | None


class Outbox(Protocol):
    """Alerts and deliveries."""

    async def post(
        self, place: Place, message: Message, *, now: datetime, person: str | None = None
    ) -> str:
        """Owe a place an answer, which that person asked for, or a notice; its delivery's id."""
        ...

    async def claim(
        self,
        *,
        services: frozenset[str],
        now: datetime,
        lease_s: float,
        group_within_s: float,
        limit: int,
    ) -> list[Delivery]:
        """Form deliveries from alerts that are owed, and take those that are due as `sending`.

        At most one a place, answers before alerts, in order. The first alert of a quiet place goes
        at once; those that come within group_within_s after ride together in the next delivery. A
        delivery found in `sending` after its lease is uncertain. Muted watches and places, parked
        places and services not named wait.
        """
        ...

    async def next_due_at(self, *, services: frozenset[str]) -> datetime | None:
        """When claim() will have something to give, as far as is known now."""
        ...

    async def sent(self, delivery: Delivery, *, message_id: str, now: datetime) -> None:
        """It has arrived."""
        ...

    async def put_back(
        self,
        delivery: Delivery,
        *,
        due_at: datetime,
        error: str,
        uncertain: bool,
        now: datetime,
        postponed: bool = False,
    ) -> None:
        """To be tried again at due_at; uncertain: it may have arrived.

        postponed: nothing may go to its place before.
        """
        ...

    async def redirect(
        self,
        delivery: Delivery,
        copies: Sequence[tuple[Place, Message]],
        *,
        error: str,
        now: datetime,
    ) -> bool:
        """Tell it in other places instead; False, and nothing is done, if all these are parked.

        The first copy that arrives settles it.
        """
        ...

    async def give_back(self, copy: Delivery, *, error: str, due_at: datetime) -> bool:
        """A copy cannot arrive: what it stands for is due in its own place again, at due_at.

        False, and nothing is done, if it stands for nothing or another copy has arrived.
        """
        ...

    async def bury(self, delivery: Delivery, *, error: str, now: datetime) -> None:
        """The service refuses it for good."""
        ...

    async def park(self, place: Place, *, reason: str, until: datetime) -> bool:
        """Keep a place's deliveries pending until then; whether it was not parked before."""
        ...

    async def wake(self, place: Place) -> None:
        """End a place's parking."""
        ...

    async def move(self, place: Place, *, conversation: str, now: datetime) -> None:
        """The conversation goes on under another id: its watches, alerts and messages follow."""
        ...

    async def entries(self, *, limit: int, include_sent: bool) -> list[OutboxEntry]:
        """Deliveries, newest last, and alerts no delivery carries yet."""
        ...

    async def retry(self, delivery_id: str, *, now: datetime) -> bool:
        """Make a dead or waiting delivery due now; False if there is none of that id."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """What a person said to the bot, not yet done."""

    id: int
    service: str
    place: Place
    person: str
    text: str
    received_at: datetime
    tries: int
    lease: str


class Inbox(Protocol):
    """Commands received, not yet done."""

    async def receive(
        self, *, event_id: str, place: Place, person: str, text: str, now: datetime
    ) -> bool:
        """Keep a command; False if this event of the place's service was received before."""
        ...

    async def claim(self, *, now: datetime, lease_s: float, limit: int) -> list[Command]:
        """Lease the oldest commands; of one person in one place only the first that is not done."""
        ...

    async def done(self, command: Command, *, now: datetime) -> bool:
        """Mark it done; False if the lease was lost, whereupon the caller must not commit."""
        ...

    async def put_back(self, command: Command, *, due_at: datetime) -> None:
        """Not done: to be claimed again at due_at."""
        ...

    async def next_due_at(self) -> datetime | None:
        """When a command can be claimed, or None if all are done."""
        ...

    async def cursor(self, name: str) -> str | None:
        """A receiver's position in its service's stream of events."""
        ...

    async def move_cursor(self, name: str, position: str) -> None:
        """Remember the position, in the same transaction as what came before it."""
        ...


class Registries(Protocol):
    """How registries want to be treated, kept across restarts."""

    async def load(self) -> list[RegistryState]:
        """All that is known."""
        ...

    async def save(self, states: Sequence[RegistryState]) -> None:
        """Replace what is known of these registries.

        Of two parkings the longer one stays: another process may have been told more than this one.
        """
        ...


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits to be done: targets due for a look, messages to go out, commands."""

    targets: int
    deliveries: int
    commands: int


class Backlogs(Protocol):
    """How much waits to be done, of everybody who works on this database."""

    async def count(self, *, now: datetime) -> Backlog:
        """Targets that are due, deliveries and alerts that are owed, commands not done."""
        ...


class Transaction(Protocol):
    """All or nothing: committed when its block ends without an exception, else rolled back."""

    @property
    def targets(self) -> Targets:
        """The targets and their leases."""
        ...

    @property
    def watches(self) -> Watches:
        """The watches."""
        ...

    @property
    def outbox(self) -> Outbox:
        """What is owed to places."""
        ...

    @property
    def inbox(self) -> Inbox:
        """What people said."""
        ...

    @property
    def registries(self) -> Registries:
        """How registries want to be treated."""
        ...

    @property
    def backlogs(self) -> Backlogs:
        """How much waits."""
        ...


class Store(Protocol):
    """The database. Raises StoreError, also from within a transaction's methods and its commit."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that may write."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that only reads; it does not wait for writers."""
        ...


class News(Enum):
    """What one process has written that others may be waiting for."""

    LOOKS = "looks"
    COMMANDS = "commands"
    DELIVERIES = "deliveries"
    REGISTRIES = "registries"


class Listen(Protocol):
    """Calls hear() for what other processes write, until cancelled.

    Comes back at once where the database tells nobody. A lost connection is made again, after
    which everything is heard once, because something may have been missed.
    """

    async def __call__(self, hear: Callable[[News], None], /, *, sleep: Sleep) -> None:
        """Listen."""
        ...


class SharedStore(Store, Protocol):
    """A store that can be used by several processes at once."""

    async def listen(self, hear: Callable[[News], None], /, *, sleep: Sleep) -> None:
        """As Listen says."""
        ...


# -- chats --------------------------------------------------------------------------------------


class Messenger(Protocol):
    """One chat service as the delivery verb sees it."""

    @property
    def service(self) -> str:
        """The service's name in places: slack, telegram, terminal."""
        ...

    @property
    def is_attached(self) -> bool:
        """Whether messages can be handed over now; while not, deliveries wait."""
        ...

    def can_find(self, place: Place) -> bool:
        """Whether find() can tell if an uncertain message has arrived there."""
        ...

    async def send(self, place: Place, message: Message, *, marker: str) -> str:
        """Post it and give the service's id of the message. Raises SendError."""
        ...

    async def find(self, place: Place, *, marker: str, since: datetime) -> str | None:
        """The id of the message that carries the marker, or None. Raises SendError."""
        ...

    def direct_place(self, person: str) -> Place | None:
        """Where this person can be told something alone; None if the service has no such thing."""
        ...


# -- figures ------------------------------------------------------------------------------------


class Sending(Enum):
    """How handing a message to a chat service ended."""

    SENT = "sent"
    POSTPONED = "postponed"
    NOT_SENT = "not_sent"
    PLACE_CLOSED = "place_closed"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


class Figures(Protocol):
    """What operators want counted. Every method comes back at once and never raises."""

    def answered(self, registry: str, status: int | None) -> None:
        """A request to a registry, or for it, had this HTTP status; None: no answer at all."""
        ...

    def looked(self, registry: str, observation: Observation, *, seconds: float) -> None:
        """A look at a target took so long."""
        ...

    def alerted(self, event: Event) -> None:
        """An alert is owed to a place."""
        ...

    def sending_ended(self, service: str, how: Sending) -> None:
        """An attempt to hand a delivery over is over."""
        ...

    def told(self, event: Event, *, seconds: float) -> None:
        """An alert has arrived so long after the look that found what it tells."""
        ...

    def commanded(self, verb: str) -> None:
        """A command was taken up; verb is one of the program's own words, never a person's."""
        ...


class NoFigures:
    """Figures for whoever counts nothing."""

    def answered(self, registry: str, status: int | None) -> None:
        """Nothing."""

    def looked(self, registry: str, observation: Observation, *, seconds: float) -> None:
        """Nothing."""

    def alerted(self, event: Event) -> None:
        """Nothing."""

    def sending_ended(self, service: str, how: Sending) -> None:
        """Nothing."""

    def told(self, event: Event, *, seconds: float) -> None:
        """Nothing."""

    def commanded(self, verb: str) -> None:
        """Nothing."""


NO_FIGURES: Figures = NoFigures()
