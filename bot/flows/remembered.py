"""What looks remember while the process runs, each up to a bound."""

from collections import OrderedDict
from datetime import datetime

from bot.core.model import Observation
from bot.core.platform import Platform
from bot.core.reference import Reference

MAX_REMEMBERED_CONFIGS = 10_000
MAX_REMEMBERED_TAGS = 10_000
MAX_REMEMBERED_FAILURES = 10_000


class Shown:
    """Which digests of tags have been read anonymously where there is a login.

    What only the login has seen must not come back as "unchanged" to those who may not use it.
    """

    def __init__(self) -> None:
        self._digests: OrderedDict[Reference, str | None] = OrderedDict()

    def includes(self, reference: Reference, known: Observation | None) -> bool:
        """Whether this state of the tag has been read anonymously."""
        if known is None or known.digest is None:
            return False
        return self._digests.get(reference) == known.digest

    def add(self, reference: Reference, observation: Observation) -> None:
        """Note what was read anonymously."""
        self._digests[reference] = observation.digest
        self._digests.move_to_end(reference)
        if len(self._digests) > MAX_REMEMBERED_TAGS:
            self._digests.popitem(last=False)


class Configs:
    """What configs said, by digest: a digest's content never changes."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Platform, datetime | None]] = OrderedDict()

    def get(self, digest: str) -> tuple[Platform, datetime | None] | None:
        """What is known of a manifest or config with this digest."""
        return self._known.get(digest)

    def remember(self, digest: str, found: tuple[Platform, datetime | None]) -> None:
        """Note what the manifest or config with this digest says."""
        self._known[digest] = found
        if len(self._known) > MAX_REMEMBERED_CONFIGS:
            self._known.popitem(last=False)


class Undated:
    """Images that a repository does not serve, or not as images: no time can be read from them.

    By repository, so that no stranger's index decides what is known of others' images; and by
    login, with which more may be served.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, bool, str], None] = OrderedDict()

    def includes(self, reference: Reference, digest: str, *, login: bool) -> bool:
        """Whether the image was asked for in vain."""
        return (reference.registry, reference.repository, login, digest) in self._known

    def add(self, reference: Reference, digest: str, *, login: bool) -> None:
        """Note that it was."""
        self._known[reference.registry, reference.repository, login, digest] = None
        if len(self._known) > MAX_REMEMBERED_FAILURES:
            self._known.popitem(last=False)
