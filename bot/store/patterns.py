"""The patterns, and the lists of tags they are about."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    insert,
    null,
    select,
    update,
)

from bot.core.model import Place
from bot.core.reference import Reference
from bot.ports.patterns import ClaimedTags, Listed, NewPattern, Pattern, PatternId
from bot.ports.store import News
from bot.store.announcing import announce
from bot.store.columns import UtcDateTime
from bot.store.damage import readable
from bot.store.dialect import insert_or_ignore
from bot.store.places import IS_THE_PLACE, place_key, place_row
from bot.store.schema import patterns, tag_lists
from bot.store.session import Session
from bot.store.tag_claims import READ_PATTERNS, claim_lists, earliest_list, pattern_from

LISTED_AFTER_S = 1.0
"""A push is told before its tag is linked: the list that is asked for so long after has it."""

_NOW = bindparam("now", type_=UtcDateTime())
_OF_PLACE = READ_PATTERNS.where(IS_THE_PLACE)
_OF_LIST = READ_PATTERNS.where(patterns.c.list_id == bindparam("list"))
_ONE = READ_PATTERNS.where(patterns.c.id == bindparam("pattern"))
_OF_REPOSITORY = (
    tag_lists.c.registry == bindparam("of_registry"),
    tag_lists.c.repository == bindparam("of_repository"),
)
_LIST = select(tag_lists.c.id).where(*_OF_REPOSITORY).with_for_update(key_share=True)
_FIND = select(patterns).where(
    patterns.c.place_id == bindparam("place"),
    patterns.c.list_id == bindparam("list"),
    patterns.c.tag_pattern == bindparam("text"),
)
_CHANGE = (
    update(patterns)
    .where(patterns.c.id == bindparam("pattern"))
    .values({name: bindparam(f"new_{name}") for name in ("platforms", "configured", "people")})
)
_HOLD = (
    select(tag_lists.c.id)
    .where(
        tag_lists.c.id.in_(
            select(patterns.c.list_id).where(patterns.c.id.in_(bindparam("named", expanding=True)))
        )
    )
    .order_by(tag_lists.c.id)
    .with_for_update(key_share=True)
)
_NAMED = patterns.c.id.in_(bindparam("named", expanding=True))
_LEAVE = update(patterns).where(_NAMED).values(platforms=null(), people=[])
_UNCONFIGURE = update(patterns).where(_NAMED).values(configured=null())
_DROP = delete(patterns).where(
    _NAMED, patterns.c.platforms.is_(None), patterns.c.configured.is_(None)
)
_IS_WANTED = exists().where(patterns.c.list_id == tag_lists.c.id)
# Only of lists that are held: of any other one somebody may just be adding a pattern.
_REST = (
    update(tag_lists)
    .where(tag_lists.c.id.in_(bindparam("lists", expanding=True)), ~_IS_WANTED)
    .values(due_at=None)
)

# While a look is running due_at is the end of its lease.
_WAKE = (
    update(tag_lists)
    .where(tag_lists.c.id == bindparam("list"))
    .values(due_at=case((tag_lists.c.lease_until > _NOW, tag_lists.c.lease_until), else_=_NOW))
)
_FOLLOWED = select(*tag_lists.c["registry", "repository"]).where(
    tag_lists.c.registry.in_(bindparam("registries", expanding=True)),
    tag_lists.c.repository.in_(bindparam("repositories", expanding=True)),
    tag_lists.c.due_at.is_not(None),
)
_SOON = bindparam("soon", type_=UtcDateTime())
_HINT = (
    update(tag_lists)
    .where(*_OF_REPOSITORY, tag_lists.c.due_at.is_not(None))
    .values(
        hinted_at=_NOW,
        due_at=case(
            (and_(tag_lists.c.due_at > _SOON, tag_lists.c.lease_token.is_(None)), _SOON),
            else_=tag_lists.c.due_at,
        ),
    )
)
_HELD = (
    select(tag_lists.c.id)
    .where(tag_lists.c.id == bindparam("list"), tag_lists.c.lease_token == bindparam("lease"))
    .with_for_update(key_share=True)
)
_SETTLED = bindparam("settled", type_=UtcDateTime())
_LOOKED = (
    update(tag_lists)
    .where(tag_lists.c.id == bindparam("list"))
    .values(
        {name: bindparam(f"new_{name}") for name in ("etag", "failures", "looked_at")}
        | {
            "due_at": case(
                (~_IS_WANTED, null()),
                (tag_lists.c.hinted_at > _SETTLED, bindparam("soon", type_=UtcDateTime())),
                else_=bindparam("new_due_at", type_=UtcDateTime()),
            )
        }
        | {"lease_token": None, "lease_until": None}
    )
)
_KNOW = (
    update(tag_lists)
    .where(tag_lists.c.id == bindparam("list"))
    .values(known=bindparam("new_known"))
)


class SqlPatterns:
    """bot.ports.Patterns over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, new: NewPattern, *, now: datetime) -> tuple[Pattern, bool]:
        """Make a pattern, or add platforms and the person to the place's own; whether it is new."""
        place = await place_row(self._session, new.place)
        tags = await self._list(new.repository)
        key = {"place": place, "list": tags, "text": new.text}
        row = (await self._session.execute(_FIND, key)).one_or_none()
        if row is None:
            made = {
                "place_id": place,
                "list_id": tags,
                "tag_pattern": new.text,
                "people": [],
                "created_at": now,
            }
            await self._session.execute(insert(patterns), made)
            await self._session.execute(_WAKE, {"list": tags, "now": now})
            self._session.news.add(News.LOOKS)
            found: Row[Any] = (await self._session.execute(_FIND, key)).one()
        else:
            found = row
        await self._session.execute(_CHANGE, _with(found, new))
        [pattern] = await self._read(_ONE, {"pattern": found.id})
        return pattern, row is None

    async def of_place(self, place: Place) -> list[Pattern]:
        """The patterns of a place, oldest first."""
        return await self._read(_OF_PLACE, place_key(place))

    async def all(self) -> list[Pattern]:
        """All patterns, oldest first."""
        return await self._read(READ_PATTERNS, {})

    async def stop(self, patterns: Sequence[PatternId]) -> None:
        """People want them no more; what the configuration wants goes on."""
        await self._end(_LEAVE, patterns)

    async def withdraw(self, pattern: PatternId) -> None:
        """The configuration wants it no more; what people want goes on."""
        await self._end(_UNCONFIGURE, [pattern])

    async def _end(self, statement: Any, named: Sequence[PatternId]) -> None:
        those = {"named": list(named)}
        lists = list((await self._session.execute(_HOLD, those)).scalars())
        await self._session.execute(statement, those)
        await self._session.execute(_DROP, those)
        await self._session.execute(_REST, {"lists": lists})

    async def claim(
        self, *, capacity: Callable[[str], int], limit: int, now: datetime, lease_s: float
    ) -> list[ClaimedTags]:
        """Lease repositories that are due, earliest first, up to capacity(registry) of each."""
        return await claim_lists(
            self._session, capacity=capacity, limit=limit, now=now, lease_s=lease_s
        )

    async def next_due_at(
        self, *, opens_at: Callable[[str], datetime | None] | None = None
    ) -> datetime | None:
        """When the earliest is due; None if none is. opens_at is as for targets."""
        return await earliest_list(self._session, opens_at=opens_at)

    async def record(self, listed: Listed, *, expires_at: datetime, now: datetime) -> bool:
        """Write a look, and a watch with a card for each new tag; False if the lease was lost."""
        claimed = listed.claimed
        mine = {"list": claimed.id, "lease": claimed.lease}
        if (await self._session.execute(_HELD, mine)).scalar() is None:
            return False
        after = timedelta(seconds=LISTED_AFTER_S)
        await self._session.execute(
            _LOOKED,
            {
                "list": claimed.id,
                "new_etag": listed.etag,
                "new_failures": listed.failures,
                "new_looked_at": claimed.looked_at if listed.failures else now,
                "new_due_at": listed.due_at,
                "settled": claimed.claimed_at - after,
                # What failed waits as long as the registry needs, hint or not.
                "soon": listed.due_at if listed.failures else min(listed.due_at, now + after),
            },
        )
        if listed.known is not None:
            await self._session.execute(
                _KNOW, {"list": claimed.id, "new_known": sorted(listed.known)}
            )
        if listed.news:
            there = await self._read(_OF_LIST, {"list": claimed.id})
            now_there = {pattern.id: pattern for pattern in there}
            for claimed_pattern, tag in listed.news:
                pattern = now_there.get(claimed_pattern.id)
                if pattern is not None:
                    await announce(self._session, pattern, tag, expires_at=expires_at, now=now)
        return True

    async def followed(self, among: Collection[Reference]) -> frozenset[Reference]:
        """Those of the repositories of whose new tags anybody wants to hear."""
        rows = await self._session.execute(
            _FOLLOWED,
            {
                "registries": sorted({each.registry for each in among}),
                "repositories": sorted({each.repository for each in among}),
            },
        )
        followed = {Reference(row.registry, row.repository, None) for row in rows}
        return frozenset(followed.intersection(among))

    async def hint(self, repository: Reference, *, now: datetime) -> bool:
        """List the tags of a repository soon, also if that is done just now."""
        soon = now + timedelta(seconds=LISTED_AFTER_S)
        hinted = await self._session.execute(_HINT, {**_key(repository), "soon": soon, "now": now})
        if hinted.rowcount == 1:
            self._session.news.add(News.LOOKS)
        return hinted.rowcount == 1

    async def _list(self, repository: Reference) -> int:
        """The id of the repository's list, locked; it is made if it is missing."""
        key = _key(repository)
        found: int | None = (await self._session.execute(_LIST, key)).scalar()
        if found is None:
            made = {"registry": repository.registry, "repository": repository.repository}
            await self._session.execute(insert_or_ignore(tag_lists, self._session.dialect), made)
            found = (await self._session.execute(_LIST, key)).scalar_one()
        return found

    async def _read(self, statement: Select[Any], parameters: Any) -> list[Pattern]:
        rows = (await self._session.execute(statement, parameters)).all()
        return list(readable(rows, pattern_from, table="patterns"))


def _key(repository: Reference) -> dict[str, str]:
    return {"of_registry": repository.registry, "of_repository": repository.repository}


def _with(row: Row[Any], new: NewPattern) -> dict[str, Any]:
    """The columns of a pattern to which somebody has added; the configuration replaces its own."""
    texts = sorted(map(str, new.platforms))
    if new.configured:
        return {
            "pattern": row.id,
            "new_platforms": row.platforms,
            "new_configured": texts,
            "new_people": row.people,
        }
    named = () if new.person is None else (new.person,)
    return {
        "pattern": row.id,
        "new_platforms": sorted({*texts, *(row.platforms or ())}),
        "new_configured": row.configured,
        "new_people": list(dict.fromkeys((*row.people, *named))),
    }
