"""The last good copies of what docker-library publishes."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, select

from bot.ports.libraries import KeptFile
from bot.store.dialect import insert_or_replace
from bot.store.schema import libraries
from bot.store.session import Session

_ONE = select(libraries).where(libraries.c.name == bindparam("wanted"))


class SqlLibraries:
    """bot.ports.Libraries over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def load(self, name: str) -> KeptFile | None:
        """The copy of that name; None if there is none, or none that can be read."""
        row = (await self._session.execute(_ONE, {"wanted": name})).one_or_none()
        if row is None:
            return None
        listed_at = _moments(row.listed_at)
        if listed_at is None:
            return None
        return KeptFile(
            row.name, row.content, row.etag, row.confirmed_at, row.changed_at, listed_at
        )

    async def save(self, kept: KeptFile) -> None:
        """Replace the copy of that name."""
        await self._session.execute(
            insert_or_replace(libraries, self._session.dialect),
            {
                "name": kept.name,
                "content": kept.content,
                "etag": kept.etag,
                "confirmed_at": kept.confirmed_at,
                "changed_at": kept.changed_at,
                "listed_at": {tag: at.isoformat() for tag, at in kept.listed_at.items()},
            },
        )


def _moments(stored: Any) -> dict[str, datetime] | None:
    """What save() wrote; None for anything else."""
    try:
        found = {tag: datetime.fromisoformat(at) for tag, at in stored.items()}
        return {tag: at.astimezone(UTC) for tag, at in found.items()}
    except (AttributeError, TypeError, ValueError):
        return None
