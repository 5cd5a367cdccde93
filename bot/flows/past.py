"""What the bot itself has seen of a repository: how long platforms took, and in which rhythm."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.core.errors import StoreError
from bot.core.estimate import waits_in
from bot.core.model import Place
from bot.core.platform import Platform
from bot.core.reference import DOCKER_HUB, Reference
from bot.core.rhythm import MEMORY, Rhythm, learn_rhythm
from bot.log import Log
from bot.ports.surroundings import Clock

if TYPE_CHECKING:
    from bot.ports.store import Store
    from bot.ports.targets import LookResult

MAX_TAGS = 100
"""Of so many of a repository's newest tags the beginning is read for an estimate."""
FRESH = timedelta(hours=1)
"""So long a rhythm is kept; what other processes saw is heard of with the next one."""
SETTLED = timedelta(minutes=1)
"""After a change this long until it is recorded, with others of the same run."""
MAX_REMEMBERED = 1_000

Withheld = Callable[[Reference, Place], bool]
"""Whether there is a login for a reference that a place may not use."""

log = Log(__name__)


class Hindsight:
    """Answers from the history, for somebody who asks; without a database there is no answer."""

    def __init__(self, store: "Store", *, clock: Clock, is_withheld: Withheld) -> None:
        self._store = store
        self._clock = clock
        self._is_withheld = is_withheld

    async def waits(
        self, reference: Reference, platform: Platform, *, place: Place
    ) -> Sequence[timedelta]:
        """How long the platform took to come after the first one, for the repository's newest tags.

        A place that may not use the login hears nothing of what the login may have seen.
        """
        if self._is_withheld(reference, place):
            return ()
        try:
            async with self._store.reading() as transaction:
                histories = await transaction.past.of_tags(reference, tags=MAX_TAGS)
        except StoreError as error:
            log.warning("past_not_read", repository=reference.name, error=str(error))
            return ()
        return waits_in(histories, platform)

    async def next_run(self, reference: Reference, *, place: Place) -> datetime | None:
        """When the job that writes an official image's index is expected; None if not known."""
        if not has_rhythm(reference) or self._is_withheld(reference, place):
            return None
        now = self._clock()
        rhythm = await read_rhythm(self._store, reference, now=now)
        return rhythm.next_run(now) if rhythm is not None else None


class Rhythms:
    """The rhythms of official images, for looks: each is read once an hour, and after changes.

    Whoever looks asks is_due() before and calls note() after a change; of() asks nobody.
    """

    def __init__(self, store: "Store", *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[datetime, Rhythm | None]] = {}

    def of(self, reference: Reference) -> Rhythm | None:
        """The rhythm in which the tag changes, as far as it is known."""
        known = self._known.get(reference.repository) if has_rhythm(reference) else None
        return known[1] if known is not None else None

    def is_due(self, reference: Reference, *, now: datetime) -> bool:
        """Whether the rhythm of the tag's image is to be read anew."""
        if not has_rhythm(reference):
            return False
        known = self._known.get(reference.repository)
        return known is None or known[0] <= now

    async def refresh(self, reference: Reference) -> None:
        """Read the rhythm of the tag's image."""
        now, name = self._clock(), reference.repository
        # Whoever comes meanwhile goes by what was known, instead of reading too.
        self._keep(name, now + FRESH, self.of(reference))
        self._keep(name, now + FRESH, await read_rhythm(self._store, reference, now=now))

    def note(self, result: "LookResult") -> None:
        """After a change the rhythm is due, once that is recorded."""
        reference = result.target.reference
        if result.target.observation is not None and has_rhythm(reference):
            self._keep(reference.repository, self._clock() + SETTLED, self.of(reference))

    def _keep(self, name: str, due_at: datetime, rhythm: Rhythm | None) -> None:
        self._known[name] = (due_at, rhythm)
        if len(self._known) > MAX_REMEMBERED:
            del self._known[next(iter(self._known))]


def has_rhythm(reference: Reference) -> bool:
    """Whether it is the shared tag of an official image, which a job writes."""
    return reference.registry == DOCKER_HUB and reference.repository.startswith("library/")


async def read_rhythm(store: "Store", reference: Reference, *, now: datetime) -> Rhythm | None:
    """The rhythm of an official image's changes; None also if the database cannot be read."""
    try:
        async with store.reading() as transaction:
            changes = await transaction.past.changes(reference, since=now - MEMORY)
    except StoreError as error:
        log.warning("past_not_read", repository=reference.name, error=str(error))
        return None
    return learn_rhythm(changes, now=now)
