"""Keeps people from waiting for one another at a registry that answers only so many at a time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 5
"""So many looks for people at one registry. More, each of several requests at the registry's own
pace, would take turns until the time of each is up, as if it was the registry that did not answer.
"""


class Crowded(Exception):
    """Enough people are being served by this registry: come again in a moment."""


class Crowd:
    """Counts who is being served where."""

    def __init__(self) -> None:
        self._served: Counter[str] = Counter()

    @contextmanager
    def one_more(self, registry: str) -> Iterator[None]:
        """Be served while the block runs. Raises Crowded."""
        if self._served[registry] >= AT_ONCE:
            raise Crowded
        self._served[registry] += 1
        try:
            yield
        finally:
            self._served[registry] -= 1
