"""What one process writes wakes the others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.core.message.neutral import Message
from bot.ports.registry import RegistryState
from bot.ports.store import News, Store
from bot.store.database import SqlStore, open_store
from tests.support.postgres import PostgresServer, rows
from tests.support.stores import (
    AMD64,
    ARM64,
    NODE,
    NOW,
    TEAM,
    add,
    at,
    claim_one,
    look,
    new_watch,
    present,
    record,
    take,
)

EVERYTHING = set(News)
WITHIN_S = 30.0


class Ear:
    """Remembers what was heard."""

    def __init__(self) -> None:
        self.heard: list[News] = []
        self._changed = asyncio.Event()

    def hear(self, news: News) -> None:
        self.heard.append(news)
        self._changed.set()

    async def until(self, wanted: set[News]) -> list[News]:
        """Return when all of this has been heard; all that was, which is forgotten then."""
        async with asyncio.timeout(WITHIN_S):
            while not wanted <= set(self.heard):
                self._changed.clear()
                await self._changed.wait()
        heard, self.heard = self.heard, []
        return heard


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.database() as made:
        yield made


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    async with open_store(url) as opened:
        yield opened


@pytest.fixture
async def ear(url: str, store: SqlStore) -> AsyncIterator[Ear]:
    """Listens as another process does; what is there already has been heard."""
    ear = Ear()
    async with open_store(url) as other:
        task = asyncio.ensure_future(other.listen(ear.hear, sleep=_instantly))
        await ear.until(EVERYTHING)
        yield ear
        task.cancel()
        await asyncio.wait([task])


async def _instantly(seconds: float, /) -> None:
    await asyncio.sleep(min(seconds, 0.05))


async def watch(store: Store) -> None:
    await add(store, new_watch())


async def hint(store: Store) -> None:
    async with store.transaction() as transaction:
        assert await transaction.targets.hint(NODE, digest=None, now=NOW)


async def give_back(store: Store) -> None:
    target = await claim_one(store)
    async with store.transaction() as transaction:
        await transaction.targets.release([target], now=NOW)


async def find_the_platform(store: Store) -> None:
    await record(store, look(await claim_one(store), present(ARM64)))


async def answer(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.outbox.post(TEAM, Message("hello"), now=NOW)


async def say(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.inbox.receive(
            event_id="e1", place=TEAM, person="U1", text="list", now=NOW
        )


async def be_told_to_wait(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.registries.save([RegistryState("quay.io", parked_until=at(9))])


@pytest.mark.parametrize(
    ("deed", "news"),
    [
        pytest.param(hint, News.LOOKS, id="hint"),
        pytest.param(give_back, News.LOOKS, id="release"),
        pytest.param(find_the_platform, News.DELIVERIES, id="alert"),
        pytest.param(answer, News.DELIVERIES, id="answer"),
        pytest.param(say, News.COMMANDS, id="command"),
        pytest.param(be_told_to_wait, News.REGISTRIES, id="parking"),
    ],
)
async def test_what_makes_work_is_heard_by_others(
    store: Store, ear: Ear, deed: Callable[[Store], Awaitable[None]], news: News
) -> None:
    await watch(store)
    await ear.until({News.LOOKS})

    await deed(store)

    await ear.until({news})


async def test_what_is_rolled_back_is_not_heard(store: Store, ear: Ear) -> None:
    async def fail() -> None:
        async with store.transaction() as transaction:
            await transaction.outbox.post(TEAM, Message("hello"), now=NOW)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    await say(store)
    await ear.until({News.COMMANDS})

    assert ear.heard == []


async def test_a_look_that_found_nothing_new_wakes_nobody(store: Store, ear: Ear) -> None:
    await watch(store)
    await ear.until({News.LOOKS})

    await record(store, look(await claim_one(store), present(AMD64)))
    await take(store)
    await say(store)
    before = await ear.until({News.COMMANDS})

    assert before == [News.COMMANDS]


async def test_a_process_does_not_hear_itself(url: str, store: SqlStore) -> None:
    ear, witness = Ear(), Ear()
    async with open_store(url) as other, asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(store.listen(ear.hear, sleep=_instantly)),
            group.create_task(other.listen(witness.hear, sleep=_instantly)),
        ]
        await ear.until(EVERYTHING)
        await witness.until(EVERYTHING)

        await answer(store)
        await witness.until({News.DELIVERIES})
        await say(other)
        await ear.until({News.COMMANDS})
        for task in tasks:
            task.cancel()

    assert ear.heard == []


async def test_after_a_lost_connection_everything_is_heard_again(
    url: str, store: Store, ear: Ear
) -> None:
    listening = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )

    assert await rows(url, listening) == [(True,)]

    await ear.until(EVERYTHING)
    await say(store)
    await ear.until({News.COMMANDS})


async def test_words_of_a_newer_version_are_not_understood_and_do_no_harm(
    url: str, store: Store, ear: Ear
) -> None:
    await rows(url, "SELECT pg_notify('archbell', 'somebody gossip commands')")

    await ear.until({News.COMMANDS})


async def test_an_announcement_without_words_does_no_harm(url: str, store: Store, ear: Ear) -> None:
    troubles: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: troubles.append(context))

    await rows(url, "SELECT pg_notify('archbell', '')")
    await say(store)
    await ear.until({News.COMMANDS})

    assert troubles == []


async def test_a_file_tells_nobody(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("file") / "archbell.db"
    async with open_store(f"sqlite:///{path}") as store:
        heard: list[News] = []

        await store.listen(heard.append, sleep=_instantly)

    assert heard == []
