"""How registries want to be treated."""

from collections.abc import Sequence
from operator import attrgetter

from sqlalchemy import select

from bot.ports.registry import RegistryState
from bot.ports.store import News
from bot.store.dialect import insert_or_replace
from bot.store.schema import registries
from bot.store.session import Session

_ALL = select(registries).order_by(registries.c.registry)


class SqlRegistries:
    """bot.ports.Registries over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def load(self) -> list[RegistryState]:
        """All that is known, by name."""
        return [
            RegistryState(
                registry=row.registry,
                parked_until=row.parked_until,
                pulls_parked_until=row.pulls_parked_until,
                limit=row.rate_limit,
                remaining=row.remaining,
                window_s=row.window_s,
                failures=row.failures,
            )
            for row in await self._session.execute(_ALL)
        ]

    async def save(self, states: Sequence[RegistryState]) -> None:
        """Replace what is known of these registries; of two parkings the longer one stays."""
        await self._session.execute_each(
            insert_or_replace(
                registries, self._session.dialect, "parked_until", "pulls_parked_until"
            ),
            [
                {
                    "registry": state.registry,
                    "parked_until": state.parked_until,
                    "pulls_parked_until": state.pulls_parked_until,
                    "rate_limit": state.limit,
                    "remaining": state.remaining,
                    "window_s": state.window_s,
                    "failures": state.failures,
                }
                for state in sorted(states, key=attrgetter("registry"))
            ],
        )
        if states:
            self._session.news.add(News.REGISTRIES)
