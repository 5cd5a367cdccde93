"""Copies of library files over each kind of database."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.ports.libraries import KeptFile
from bot.store.database import SqlStore
from tests.support.stores import NOW, at

NODE = KeptFile("node", "Maintainers: x\n", '"1"', NOW, at(1), {"22": at(2), "23": at(3)})
BARE = KeptFile("debian", "Maintainers: y\n", None, NOW)


async def save(store: SqlStore, kept: KeptFile) -> None:
    async with store.transaction() as transaction:
        await transaction.libraries.save(kept)


async def load(store: SqlStore, name: str) -> KeptFile | None:
    async with store.reading() as transaction:
        return await transaction.libraries.load(name)


@pytest.mark.parametrize("kept", [NODE, BARE], ids=["all known", "hardly anything known"])
async def test_a_copy_comes_back_as_it_was_kept(store: SqlStore, kept: KeptFile) -> None:
    await save(store, kept)

    assert await load(store, kept.name) == kept


async def test_nothing_is_known_of_another_name(store: SqlStore) -> None:
    await save(store, NODE)

    assert await load(store, "nodes") is None


async def test_the_later_copy_stays(store: SqlStore) -> None:
    later = KeptFile("node", "Maintainers: z\n", None, at(9))
    await save(store, NODE)

    await save(store, later)

    assert await load(store, "node") == later


@pytest.mark.parametrize("written", ["[1]", '{"22": 7}', '{"22": "soon"}'])
async def test_a_copy_whose_moments_make_no_sense_is_none(
    store: SqlStore, query: Callable[[str], Awaitable[list[Any]]], written: str
) -> None:
    await save(store, NODE)
    await query(f"UPDATE libraries SET listed_at = '{written}'")

    assert await load(store, "node") is None
