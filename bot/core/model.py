"""The values that flow through the bot: targets, watches, wants, observations, alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NewType

from bot.core.errors import TroubleKind
from bot.core.platform import Platform
from bot.core.reference import Reference

TargetId = NewType("TargetId", int)
WatchId = NewType("WatchId", int)


class Status(Enum):
    """What a look learnt about a tag."""

    PRESENT = "present"
    TAG_MISSING = "tag_missing"
    DENIED = "denied"
    UNKNOWN = "unknown"


CLEAR = (Status.PRESENT, Status.TAG_MISSING)
"""Answers from which presence or absence follows; the others leave every state as it was.

A tuple, like all such groups here: to find an enum's member in a set takes four times as long.
"""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an observation is DENIED or UNKNOWN."""

    kind: TroubleKind
    http_status: int | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One platform of a tag.

    digest: of the platform's own manifest. reachable: True once the registry has served that
    manifest, False when it is listed but answers 404, None when nobody has asked yet.
    created, revision: from the OCI annotations, None where the publisher gives none.
    """

    digest: str
    reachable: bool | None = None
    created: datetime | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What a target pointed at, at one moment.

    digest is the tag's own and None unless PRESENT; entries is empty for an index without
    platforms. trouble is None exactly when the status is clear.
    """

    status: Status
    observed_at: datetime
    digest: str | None = None
    entries: Mapping[Platform, Entry] = field(default_factory=dict)
    etag: str | None = None
    trouble: Trouble | None = None

    @property
    def is_clear(self) -> bool:
        """Whether presence or absence follows from it."""
        return self.status in CLEAR

    def differs_from(self, before: "Observation | None") -> bool:
        """Whether the tag is not what it was, or was not known.

        That the registry now serves a manifest it listed already is no change of the tag.
        """
        if before is None or (before.status, before.digest) != (self.status, self.digest):
            return True
        if before.entries is self.entries:  # as after nearly every look: nothing was read anew
            return False
        return _digests(before.entries) != _digests(self.entries)

    @property
    def there(self) -> tuple[str, ...]:
        """Short names of its platforms, without those whose manifest the registry lost."""
        kept = (each.short for each, entry in self.entries.items() if entry.reachable is not False)
        return tuple(dict.fromkeys(kept))

    def listed(self, wanted: Platform) -> tuple[Platform, Entry] | None:
        """The entry that satisfies the wanted platform, reachable or not, and its own name."""
        # Only an equal one does, so that nobody need be asked; see Platform.satisfied_by().
        entry = self.entries.get(wanted)
        return None if entry is None else (wanted, entry)

    def offers(self, wanted: Platform) -> Entry | None:
        """The entry for the wanted platform, if its manifest really can be fetched."""
        entry = self.entries.get(wanted)
        return entry if entry is not None and entry.reachable else None


def _digests(entries: Mapping[Platform, Entry]) -> dict[Platform, str]:
    return {platform: entry.digest for platform, entry in entries.items()}


class WantState(Enum):
    """Where a want stands; the values are stored.

    UNSEEN: nobody has looked since it was wanted, and what is there already is not worth telling.
    """

    UNSEEN = "unseen"
    WAITING = "waiting"
    MET = "met"
    DOUBTED = "doubted"
    GONE = "gone"


MISSING = (WantState.UNSEEN, WantState.WAITING, WantState.GONE)
"""States of a want whose platform is not known to be there; DOUBTED is not certain yet."""


class Event(Enum):
    """What a place is told; the values are stored."""

    APPEARED = "appeared"
    COMPLETE = "complete"
    GONE = "gone"
    BACK = "back"
    REPLACED = "replaced"
    STALE = "stale"
    TAG_GONE = "tag_gone"
    BUILT = "built"
    OUT = "out"
    LANDED = "landed"


TOLD_WHILE_STANDING = frozenset({Event.STALE})
"""What a standing watch tells unless somebody says otherwise, beyond what all of them tell."""


@dataclass(frozen=True, slots=True)
class Want:
    """One platform of one watch.

    episode counts how often it was met and something worth telling came after; it makes the
    alerts of a standing watch distinct. digest is the platform's manifest when it was last seen.
    completing: it has come, and since then its watch has not been seen complete. tells names the
    events, beyond those that always are, that its watch asked for. built: while waiting it was seen
    in its architecture's own tag. shown: the platforms that the card of its watch shows as there,
    as of the last look; None: it has no card.
    """

    watch: WatchId
    platform: Platform
    state: WantState = WantState.WAITING
    episode: int = 0
    standing: bool = False
    digest: str | None = None
    stale: bool = False
    completing: bool = False
    tells: frozenset[Event] = frozenset()
    built: bool = False
    shown: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing owed to one place, unique by all four.

    platform is None when it is about the whole watch. episode is then a number that no earlier
    alert of the same event and watch had.
    """

    watch: WatchId
    event: Event
    platform: Platform | None
    episode: int


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What the message about an alert says; kept with it, so that a late message is still true.

    there, missing: platforms of the tag, and platforms of the same watch that are still not there,
    both in their short usual form. wanted_since: since when the platform is wanted, or anything of
    the watch.
    """

    reference: Reference
    digest: str | None
    there: tuple[str, ...]
    missing: tuple[str, ...]
    observed_at: datetime
    wanted_since: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one observation for every want of its target.

    wants holds only those that changed. finished: watches that have nothing left to wait for.
    doubted: something seems gone, so that a second look must come soon. waiting: at least one
    platform is still missing.
    """

    wants: tuple[Want, ...] = ()
    alerts: tuple[Alert, ...] = ()
    finished: frozenset[WatchId] = frozenset()
    doubted: bool = False
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes: a conversation of a service, or a thread of it.

    A terminal has neither.
    """

    service: str
    conversation: str = ""
    thread: str = ""

    def __str__(self) -> str:
        """The form used in the configuration: slack:C0123, telegram:-100123:7, terminal."""
        return ":".join(part for part in (self.service, self.conversation, self.thread) if part)


TERMINAL = Place("terminal")


@dataclass(frozen=True, slots=True)
class Watch:
    """One place wants platforms of one target.

    ended_at is None while it is active. people: ids of the service, in order of joining.
    looked_at and due_at are the target's; observation is the target's last clear one, trouble that
    of a later look. parked_until: before when its registry is not asked at all. configured: the
    platforms that the configuration wants, whatever people say.
    """

    id: WatchId
    reference: Reference
    place: Place
    wants: tuple[Want, ...]
    people: tuple[str, ...]
    created_at: datetime
    standing: bool = False
    expires_at: datetime | None = None
    muted_until: datetime | None = None
    ended_at: datetime | None = None
    looked_at: datetime | None = None
    due_at: datetime | None = None
    observation: Observation | None = None
    trouble: Trouble | None = None
    parked_until: datetime | None = None
    configured: tuple[Platform, ...] = ()
