"""Library files over a real server: fetched once for everybody, and never believed too easily."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.errors import StoreError, TroubleKind
from bot.core.evidence import Failed, Said
from bot.core.library import MAX_LIBRARY_BYTES, Library, LibraryFault, MalformedLibrary
from bot.core.model import Trouble
from bot.net.sessions import Timeouts
from bot.official import OfficialClient, opened_source
from bot.official.memory import MAX_NAMES
from bot.ports.official import KnownLibrary
from bot.ports.store import Store
from bot.store.database import open_store
from tests.support.decisions import NOW
from tests.support.registry_client import ManualClock
from tests.support.scripted_answers import Answer
from tests.support.source_server import SourceServer
from tests.support.troubled_store import TroubledStore

PATH = "/library/node"
FRESH_S = 300.0
HURRIED = Timeouts(connect_s=5, read_s=0.2, total_s=30)


def library(*tags: str, comment: str = "") -> str:
    text = f"# {comment}\nMaintainers: x\nGitRepo: r\nGitCommit: {'a' * 40}\n"
    return text + "".join(f"\nTags: {tag}\nDirectory: {tag}\n" for tag in tags)


@asynccontextmanager
async def client_of(
    server: SourceServer,
    clock: ManualClock,
    store: Store | None = None,
    timeouts: Timeouts | None = None,
) -> AsyncIterator[OfficialClient]:
    async with opened_source(
        user_agent="archbell/test",
        clock=clock,
        allow_private=True,
        timeouts=timeouts or Timeouts(),
    ) as source:
        yield OfficialClient(source, server.addresses, clock=clock, store=store)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def client(server: SourceServer, clock: ManualClock) -> AsyncIterator[OfficialClient]:
    async with client_of(server, clock) as opened:
        yield opened


async def ask(client: OfficialClient, name: str = "node") -> KnownLibrary:
    return await client.library(name, max_age_s=FRESH_S)


def tags_of(known: KnownLibrary) -> frozenset[str]:
    assert isinstance(known.answer, Said), known
    assert isinstance(known.answer.value, Library), known
    return known.answer.value.tags


def trouble_of(known: KnownLibrary) -> Trouble:
    assert isinstance(known.answer, Said | Failed), known
    assert known.answer.trouble is not None
    return known.answer.trouble


# -- one copy for everybody ------------------------------------------------------------------------


async def test_a_file_is_fetched_once_and_serves_until_it_is_too_old(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    server.files[PATH] = library("22", "23")

    first = await ask(client)
    clock.forward(FRESH_S - 1)
    second = await ask(client)

    assert tags_of(first) == {"22", "23"}
    assert second == first
    assert server.requests == [PATH]


async def test_a_file_that_has_not_changed_is_confirmed_by_its_etag(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    server.files[PATH] = library("22")
    await ask(client)
    clock.forward(FRESH_S + 1)

    known = await ask(client)

    assert isinstance(known.answer, Said)
    assert known.answer.at == clock()
    assert known.changed_at is None
    assert server.confirmed == [PATH]


async def test_many_who_ask_at_once_share_one_request(
    client: OfficialClient, server: SourceServer
) -> None:
    server.files[PATH] = library("22")
    server.held = asyncio.Event()

    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(ask(client)) for _ in range(20)]
        await server.arrived.wait()
        server.held.set()

    assert {tags_of(task.result()) for task in asking} == {frozenset({"22"})}
    assert server.requests == [PATH]


async def test_whoever_gives_up_leaves_the_asking_to_the_next(
    client: OfficialClient, server: SourceServer
) -> None:
    server.files[PATH] = library("22")
    server.held = asyncio.Event()

    async with asyncio.TaskGroup() as group:
        impatient = group.create_task(ask(client))
        await server.arrived.wait()
        patient = group.create_task(ask(client))
        impatient.cancel()
        server.held.set()

    assert tags_of(patient.result()) == {"22"}


async def test_names_that_nobody_asked_for_long_are_forgotten(
    client: OfficialClient, server: SourceServer
) -> None:
    await ask(client)

    for number in range(MAX_NAMES):
        await ask(client, f"name-{number}")
    await ask(client)

    assert server.requests.count(PATH) == 2


@pytest.mark.parametrize(
    "name", ["../node", "node/x", "Node", "", "a" * 129, "node?x", "node%2f", "nöde"]
)
async def test_what_is_no_name_is_not_asked_for(
    client: OfficialClient, server: SourceServer, name: str
) -> None:
    assert await ask(client, name) == KnownLibrary(None)

    assert server.requests == []


# -- since when ------------------------------------------------------------------------------------


async def test_a_tag_is_known_to_be_listed_since_the_copy_that_listed_it_first(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    server.files[PATH] = library("22", "23")
    await ask(client)
    clock.forward(FRESH_S + 1)
    server.files[PATH] = library("22", "24")

    changed = await ask(client)
    listed_at = clock()
    clock.forward(FRESH_S + 1)
    later = await ask(client)

    assert changed.changed_at == listed_at
    assert changed.listed_at == {"24": listed_at}
    assert (later.changed_at, later.listed_at) == (listed_at, {"24": listed_at})


async def test_another_comment_is_no_change(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    server.files[PATH] = library("22")
    await ask(client)
    clock.forward(FRESH_S + 1)
    server.files[PATH] = library("22", comment="generated anew")

    known = await ask(client)

    assert known.changed_at is None
    assert known.listed_at == {}


async def test_a_tag_that_went_and_came_back_is_listed_since_it_came_back(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    known, seen_at = KnownLibrary(None), NOW
    for tags in (["22"], ["22", "23"], ["22"], ["22", "23"]):
        server.files[PATH] = library(*tags)
        known = await ask(client)
        seen_at = clock()
        clock.forward(FRESH_S + 1)

    assert known.listed_at == {"23": seen_at}


# -- no such file ----------------------------------------------------------------------------------


async def test_a_name_without_a_file_is_no_official_image(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    known = await ask(client, "nobody")
    await ask(client, "nobody")

    assert known == KnownLibrary(Said(None, clock()))
    assert server.requests == ["/library/nobody"]


async def test_a_file_that_was_there_is_not_gone_because_its_host_says_so_once(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    server.files[PATH] = library("22")
    await ask(client)
    clock.forward(FRESH_S + 1)
    del server.files[PATH]

    known = await ask(client)

    assert tags_of(known) == {"22"}
    assert trouble_of(known) == Trouble(TroubleKind.MALFORMED, 404)


async def test_a_file_that_stays_away_for_a_day_is_gone(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    server.files[PATH] = library("22")
    await ask(client)
    clock.forward(86_401)
    del server.files[PATH]

    known = await ask(client)

    assert known == KnownLibrary(Said(None, clock()))


async def test_a_file_that_comes_back_is_read_again(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    await ask(client)
    clock.forward(FRESH_S + 1)
    server.files[PATH] = library("22")

    assert tags_of(await ask(client)) == {"22"}


# -- trouble ---------------------------------------------------------------------------------------

TOO_LARGE = Answer(body=b"#" * (MAX_LIBRARY_BYTES + 1), piece_bytes=8192)
SLOW = Answer(body=b"Maintainers: x\n", piece_bytes=1, pause_s=1)
FAILURES = [
    pytest.param(Answer(500), TroubleKind.SERVER_ERROR, 500, id="500"),
    pytest.param(Answer(502), TroubleKind.SERVER_ERROR, 502, id="502"),
    pytest.param(Answer(403), TroubleKind.DENIED, 403, id="403"),
    pytest.param(Answer(429), TroubleKind.RATE_LIMITED, 429, id="429"),
    pytest.param(Answer(503), TroubleKind.OVERLOADED, 503, id="503"),
    pytest.param(
        Answer(302, {"Location": "http://127.0.0.1:1/"}), TroubleKind.MALFORMED, 302, id="redirect"
    ),
    pytest.param(Answer(304), TroubleKind.MALFORMED, 304, id="unasked 304"),
    pytest.param(Answer(garbage=b"no HTTP\r\n\r\n"), TroubleKind.MALFORMED, None, id="garbage"),
    pytest.param(
        Answer(body=b"x" * 5000, cut_after_bytes=100), TroubleKind.UNREACHABLE, None, id="cut"
    ),
    pytest.param(Answer(body=b"\xff\xfe"), TroubleKind.MALFORMED, None, id="not UTF-8"),
    pytest.param(TOO_LARGE, TroubleKind.TOO_LARGE, None, id="huge"),
]


@pytest.mark.parametrize(("answer", "kind", "status"), FAILURES)
async def test_a_source_that_fails_is_said_to_have_failed(
    client: OfficialClient,
    server: SourceServer,
    clock: ManualClock,
    answer: Answer,
    kind: TroubleKind,
    status: int | None,
) -> None:
    server.will_answer(answer)

    known = await ask(client)

    assert isinstance(known.answer, Failed)
    assert known.answer.at == clock()
    assert (known.answer.trouble.kind, known.answer.trouble.http_status) == (kind, status)


@pytest.mark.parametrize(("answer", "kind", "status"), [*FAILURES[:6], *FAILURES[7:]])
async def test_the_last_good_copy_is_kept_with_its_age_when_the_source_fails(
    client: OfficialClient,
    server: SourceServer,
    clock: ManualClock,
    answer: Answer,
    kind: TroubleKind,
    status: int | None,
) -> None:
    server.files[PATH] = library("22")
    await ask(client)
    fetched_at = clock()
    clock.forward(FRESH_S + 1)
    server.will_answer(answer)

    known = await ask(client)

    assert isinstance(known.answer, Said)
    assert known.answer.at == fetched_at
    assert tags_of(known) == {"22"}
    assert (trouble_of(known).kind, trouble_of(known).http_status) == (kind, status)


async def test_a_source_that_is_too_slow_is_given_up(
    server: SourceServer, clock: ManualClock
) -> None:
    server.will_answer(SLOW)

    async with client_of(server, clock, timeouts=HURRIED) as client:
        known = await ask(client)

    assert trouble_of(known).kind is TroubleKind.TIMED_OUT


async def test_a_source_that_never_answers_is_given_up(
    server: SourceServer, clock: ManualClock
) -> None:
    server.will_answer(Answer(never=True))

    async with client_of(server, clock, timeouts=HURRIED) as client:
        known = await ask(client)

    assert trouble_of(known).kind is TroubleKind.TIMED_OUT


async def test_a_file_in_small_pieces_is_read_whole(
    client: OfficialClient, server: SourceServer
) -> None:
    text = library(*map(str, range(200)))
    server.will_answer(Answer(body=text.encode(), piece_bytes=100))

    assert len(tags_of(await ask(client))) == 200


async def test_nobody_listening_is_said_to_be_out_of_reach(
    server: SourceServer, clock: ManualClock
) -> None:
    server.url = "http://127.0.0.1:1"

    async with client_of(server, clock) as client:
        known = await ask(client)

    assert trouble_of(known).kind is TroubleKind.UNREACHABLE


async def test_a_file_that_makes_no_sense_is_told_with_its_line(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    server.files[PATH] = "<html>\n"

    known = await ask(client)

    malformed = MalformedLibrary(LibraryFault.NOT_A_FIELD, 1, "<html>")
    assert known.answer == Said(malformed, clock())


async def test_a_file_that_makes_no_sense_any_more_leaves_the_good_copy(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    server.files[PATH] = library("22")
    await ask(client)
    clock.forward(FRESH_S + 1)
    server.files[PATH] = "<html>\n"

    known = await ask(client)

    assert tags_of(known) == {"22"}
    assert trouble_of(known) == Trouble(TroubleKind.MALFORMED)


async def test_a_name_that_failed_is_left_alone_for_ever_longer(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    server.will_answer(Answer(500), times=3)

    known = KnownLibrary(None)
    for wait_s in (0, 29, 1, 59, 1, 121):
        clock.forward(wait_s)
        known = await ask(client)

    # At 0, 30, 90 and then 210 s or later.
    assert server.requests == [PATH] * 4
    assert known == KnownLibrary(Said(None, clock()))


async def test_a_host_that_asks_to_be_left_alone_is_not_asked_for_any_name(
    client: OfficialClient, server: SourceServer, clock: ManualClock
) -> None:
    server.files["/library/debian"] = library("13")
    server.will_answer(Answer(429, {"Retry-After": "600"}))

    refused = await ask(client)
    clock.forward(599)
    other = await ask(client, "debian")
    clock.forward(61)
    after = await ask(client, "debian")

    assert trouble_of(refused).retry_at == NOW + timedelta(seconds=600)
    assert trouble_of(other).kind is TroubleKind.RATE_LIMITED
    assert tags_of(after) == {"13"}
    assert server.requests == [PATH, "/library/debian"]


async def test_a_private_address_is_refused_unless_it_is_allowed(
    server: SourceServer, clock: ManualClock
) -> None:
    async with opened_source(user_agent="archbell/test", clock=clock) as source:
        client = OfficialClient(source, server.addresses, clock=clock)
        known = await ask(client)

    assert trouble_of(known).kind is TroubleKind.EGRESS_REFUSED
    assert server.requests == []


# -- across restarts -------------------------------------------------------------------------------


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as opened:
        yield opened


async def test_what_is_known_survives_a_restart(
    server: SourceServer, clock: ManualClock, store: Store
) -> None:
    before = KnownLibrary(None)
    async with client_of(server, clock, store) as client:
        for tags in (["22"], ["22", "23"]):
            server.files[PATH] = library(*tags)
            before = await ask(client)
            clock.forward(FRESH_S + 1)
    server.will_answer(Answer(500))

    async with client_of(server, clock, store) as client:
        known = await ask(client)

    assert tags_of(known) == {"22", "23"}
    assert trouble_of(known).kind is TroubleKind.SERVER_ERROR
    assert (known.changed_at, known.listed_at) == (before.changed_at, before.listed_at)


async def test_a_restart_costs_no_request_while_the_copy_is_young(
    server: SourceServer, clock: ManualClock, store: Store
) -> None:
    server.files[PATH] = library("22")
    async with client_of(server, clock, store) as client:
        await ask(client)

    async with client_of(server, clock, store) as client:
        known = await ask(client)

    assert tags_of(known) == {"22"}
    assert server.requests == [PATH]


async def test_of_two_processes_one_asks(
    server: SourceServer, clock: ManualClock, store: Store
) -> None:
    server.files[PATH] = library("22")

    async with client_of(server, clock, store) as one, client_of(server, clock, store) as other:
        for _ in range(3):
            await ask(one)
            await ask(other)
            clock.forward(FRESH_S + 1)

    assert server.requests == [PATH] * 3


async def test_what_is_kept_is_told_without_asking_however_old_it_is(
    server: SourceServer, clock: ManualClock, store: Store
) -> None:
    server.files[PATH] = library("22")
    async with client_of(server, clock, store) as one, client_of(server, clock, store) as other:
        before = await other.kept_library("node")
        await ask(one)
        first = await other.kept_library("node")
        clock.forward(100_000)
        server.files[PATH] = library("22", "23")
        old = await one.kept_library("node")
        await ask(one)
        second = await other.kept_library("node")
        no_name = await one.kept_library("../node")

    assert (before, no_name) == (KnownLibrary(None), KnownLibrary(None))
    assert tags_of(first) == tags_of(old) == {"22"}
    assert tags_of(second) == {"22", "23"}
    assert server.requests == [PATH] * 2


async def test_whoever_wants_what_is_kept_does_not_wait_for_one_who_asks(
    server: SourceServer, clock: ManualClock, store: Store
) -> None:
    server.files[PATH] = library("22")
    async with client_of(server, clock, store) as client:
        await ask(client)
        clock.forward(FRESH_S + 1)
        slot = client._libraries._memory.slot("node")
        async with slot.lock:
            known = await client.kept_library("node")

    assert tags_of(known) == {"22"}


async def test_names_that_are_no_images_are_not_kept(
    server: SourceServer, clock: ManualClock, store: Store
) -> None:
    async with client_of(server, clock, store) as client:
        await ask(client, "nobody")

    async with store.reading() as transaction:
        assert await transaction.libraries.load("nobody") is None


async def test_a_database_that_cannot_be_used_costs_nobody_the_answer(
    server: SourceServer, clock: ManualClock, store: Store
) -> None:
    troubled = TroubledStore(store)
    troubled.will_fail("libraries.load", StoreError("no"))
    troubled.will_fail("libraries.save", StoreError("no"))
    server.files[PATH] = library("22")

    async with client_of(server, clock, troubled) as client:
        known = await ask(client)

    assert tags_of(known) == {"22"}


async def test_a_kept_copy_that_makes_no_sense_any_more_is_fetched_anew(
    server: SourceServer, clock: ManualClock, store: Store
) -> None:
    server.files[PATH] = library("22")
    async with client_of(server, clock, store) as client:
        await ask(client)
    async with store.transaction() as transaction:
        kept = await transaction.libraries.load("node")
        assert kept is not None
        await transaction.libraries.save(type(kept)("node", "<html>", None, kept.confirmed_at))

    async with client_of(server, clock, store) as client:
        known = await ask(client)

    assert tags_of(known) == {"22"}
