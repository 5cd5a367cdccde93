"""Places as rows."""

from sqlalchemy import Select, and_, bindparam, select

from bot.core.model import Place
from bot.store.dialect import insert_or_ignore
from bot.store.schema import places
from bot.store.session import Session

IS_THE_PLACE = and_(
    places.c.service == bindparam("of_service"),
    places.c.conversation == bindparam("of_conversation"),
    places.c.thread == bindparam("of_thread"),
)
"""Finds the row of the place whose parts are given by place_key()."""

_FIND: Select[tuple[int]] = select(places.c.id).where(IS_THE_PLACE)


def place_parts(place: Place) -> dict[str, str]:
    """A place as the columns that make it unique."""
    return {
        "service": place.service,
        "conversation": place.conversation,
        "thread": place.thread,
    }


def place_key(place: Place) -> dict[str, str]:
    """A place as the parameters of IS_THE_PLACE."""
    return {f"of_{name}": part for name, part in place_parts(place).items()}


async def place_row(session: Session, place: Place) -> int:
    """The id of the place's row, which is made if it is missing."""
    key = place_key(place)
    found: int | None = (await session.execute(_FIND, key)).scalar()
    if found is None:
        await session.execute(insert_or_ignore(places, session.dialect), place_parts(place))
        # Asked for again because another process may have been first.
        found = (await session.execute(_FIND, key)).scalar_one()
    return found
