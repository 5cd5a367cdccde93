"""The database."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from bot.ports.configured import Configured
from bot.ports.history import History
from bot.ports.inbox import Inbox
from bot.ports.libraries import Libraries
from bot.ports.listings import Listings
from bot.ports.outbox import Outbox
from bot.ports.past import Past
from bot.ports.patterns import Patterns
from bot.ports.registry import RegistryState
from bot.ports.surroundings import Sleep
from bot.ports.targets import Targets
from bot.ports.watches import Watches


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
    """How much waits to be done: targets due for a look, messages to go out, commands.

    oldest_due_at, oldest_owed_at: since when the first of them waits; None if nothing does. states:
    how many messages are in each state, those that have arrived left out.
    """

    targets: int
    deliveries: int
    commands: int
    oldest_due_at: datetime | None = None
    oldest_owed_at: datetime | None = None
    states: Mapping[str, int] = field(default_factory=dict)


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
    def configured(self) -> Configured:
        """What the configuration wants of watches."""
        ...

    @property
    def patterns(self) -> Patterns:
        """Which new tags places want to hear of."""
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

    @property
    def past(self) -> Past:
        """What was seen of repositories over time."""
        ...

    @property
    def libraries(self) -> Libraries:
        """The last good copies of library files."""
        ...

    @property
    def listings(self) -> Listings:
        """What is known of the tags that docker-library lists."""
        ...

    @property
    def news(self) -> "frozenset[News]":
        """What was written so far that somebody may be waiting for, once it is committed.

        The store tells other processes; whoever wrote it rings the bells of this one.
        """
        ...

    @property
    def history(self) -> History:
        """What targets were before."""
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
