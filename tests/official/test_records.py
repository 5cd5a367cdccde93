"""The build system's records over a real server: cut, confirmed, kept, and never guessed."""

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.core.build_records import BuildRecords
from bot.core.errors import StoreError, TroubleKind
from bot.core.evidence import Answer, Failed, Said
from bot.net.sessions import Timeouts
from bot.official import Addresses, OfficialClient, opened_source
from bot.official.record_files import BUILDS, MAX_COMMITS_BYTES
from bot.official.records import BELIEVED_FOR, FOR_NEW_NAMES, KEPT_AS, MAX_NAMES
from bot.ports.libraries import KeptFile
from bot.ports.store import Store
from bot.store.database import open_store
from tests.support.build_system import LIST_COMMIT, BuildSystem
from tests.support.decisions import NOW
from tests.support.registry_client import ManualClock
from tests.support.scripted_answers import Answer as Scripted
from tests.support.source_server import SourceServer
from tests.support.troubled_store import TroubledStore

COMMITS, SOURCES, BUILD_FILE = "/meta/commits.json", "/meta/sources.json", "/meta/builds.json"
ALL = [COMMITS, SOURCES, BUILD_FILE]
AN_HOUR = 3_600.0


class Scene:
    """A build system with node upon debian, the server that shows its files, and a clock."""

    def __init__(self, server: SourceServer) -> None:
        self.server = server
        self.clock = ManualClock(NOW)
        self.system = BuildSystem()
        self.debian = self.system.source("debian:trixie")
        self.node = self.system.source("node:22", upon={"debian:trixie": self.debian})
        self.other = self.system.source("golang:1", upon={"debian:trixie": self.debian})
        self.system.queue(self.debian, "arm64v8")
        self.system.queue(self.other, "arm64v8")
        self.show()

    def show(self) -> None:
        self.server.files |= self.system.files()

    @asynccontextmanager
    async def client(
        self, store: Store | None = None, addresses: Addresses | None = None
    ) -> AsyncIterator[OfficialClient]:
        async with opened_source(
            user_agent="archbell/test", clock=self.clock, allow_private=True, timeouts=Timeouts()
        ) as source:
            yield OfficialClient(
                source, addresses or self.server.addresses, clock=self.clock, store=store
            )


@pytest.fixture
def scene(server: SourceServer) -> Scene:
    return Scene(server)


@pytest.fixture
async def client(scene: Scene) -> AsyncIterator[OfficialClient]:
    async with scene.client() as opened:
        yield opened


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as opened:
        yield opened


async def ask(client: OfficialClient, *names: str, may_ask: bool = True) -> Answer[BuildRecords]:
    return await client.build_records(names or ("node",), may_ask=may_ask)


def records_of(answer: Answer[BuildRecords]) -> BuildRecords:
    assert isinstance(answer, Said), answer
    return answer.value


def read_at(answer: Answer[BuildRecords]) -> datetime:
    assert isinstance(answer, Said), answer
    return answer.at


# -- one copy for everybody, cut to what is waited for ---------------------------------------------


async def test_the_files_are_read_once_and_cut_to_who_is_asked_for(
    client: OfficialClient, scene: Scene
) -> None:
    first = await ask(client)
    second = await ask(client)

    assert first == second
    assert read_at(first) == NOW
    records = records_of(first)
    assert records.list_commit == LIST_COMMIT
    assert records.sources.keys() == {scene.node, scene.debian}
    assert records.builds.keys() == {(scene.debian, "arm64v8")}
    assert scene.server.requests == ALL


async def test_the_large_ones_are_asked_for_packed(client: OfficialClient, scene: Scene) -> None:
    scene.server.packs = True

    records = records_of(await ask(client))

    assert records.sources.keys() == {scene.node, scene.debian}
    assert scene.server.packed == [SOURCES, BUILD_FILE]


async def test_whoever_may_not_ask_goes_by_what_is_there(
    client: OfficialClient, scene: Scene
) -> None:
    before = await ask(client, may_ask=False)
    read = await ask(client)
    scene.clock.forward(AN_HOUR)
    after = await ask(client, may_ask=False)

    assert before is None
    assert after == read
    assert scene.server.requests == ALL


async def test_many_who_ask_at_once_share_one_reading(client: OfficialClient, scene: Scene) -> None:
    scene.server.held = asyncio.Event()

    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(ask(client)) for _ in range(20)]
        await scene.server.arrived.wait()
        scene.server.held.set()

    assert len({id(records_of(task.result())) for task in asking}) == 1
    assert scene.server.requests == ALL


async def test_what_has_not_changed_is_confirmed_a_quarter_past_the_next_hour(
    client: OfficialClient, scene: Scene
) -> None:
    first = await ask(client)
    scene.clock.now = NOW.replace(minute=14, second=59)
    await ask(client)
    scene.clock.now = NOW.replace(minute=15)

    again = await ask(client)

    assert records_of(again) == records_of(first)
    assert read_at(again) == scene.clock()
    assert scene.server.requests == ALL * 2
    assert scene.server.confirmed == ALL


async def test_builds_that_moved_on_are_read_without_the_sources(
    client: OfficialClient, scene: Scene
) -> None:
    await ask(client)
    scene.system.finish(scene.debian, "arm64v8")
    scene.show()
    scene.clock.forward(AN_HOUR)

    records = records_of(await ask(client))

    assert records.builds[scene.debian, "arm64v8"].is_finished
    assert records.since == {(scene.debian, "arm64v8"): scene.clock()}
    assert scene.server.confirmed == [COMMITS, SOURCES]


async def test_with_new_sources_all_builds_are_read(client: OfficialClient, scene: Scene) -> None:
    await ask(client)
    # Its build is on record already, so that the builds do not change.
    new = scene.system.source("node:23", architectures=["arm64v8"])
    scene.server.files[SOURCES] = json.dumps(scene.system.sources)
    scene.system.queue(new, "arm64v8")
    scene.server.files[BUILD_FILE] = json.dumps(scene.system.builds)
    scene.clock.forward(AN_HOUR)
    await ask(client)
    scene.server.files[SOURCES] = json.dumps(scene.system.sources, indent=2)
    scene.clock.forward(AN_HOUR)

    records = records_of(await ask(client))

    assert (new, "arm64v8") in records.builds
    assert records.since[new, "arm64v8"] == scene.clock() - timedelta(hours=1)
    assert BUILD_FILE not in scene.server.confirmed


async def test_an_image_that_nobody_asked_for_is_read_after_a_while(
    client: OfficialClient, scene: Scene
) -> None:
    await ask(client)

    at_once = await ask(client, "golang")
    scene.clock.forward(FOR_NEW_NAMES.total_seconds())
    later = await ask(client, "golang")
    beside = await ask(client, may_ask=False)

    assert records_of(at_once).names == {"node"}
    assert scene.other in records_of(later).sources
    assert records_of(beside) == records_of(later)
    assert scene.server.requests == ALL * 2
    assert scene.server.confirmed == []


async def test_a_server_without_etags_is_read_each_time(
    client: OfficialClient, scene: Scene
) -> None:
    for path, content in scene.system.files().items():
        body = content if isinstance(content, bytes) else content.encode()
        scene.server.will_answer(Scripted(body=body), to=path, times=2)

    await ask(client)
    scene.clock.forward(AN_HOUR)
    again = await ask(client)

    assert read_at(again) == scene.clock()
    assert scene.server.confirmed == []


async def test_names_that_nobody_asked_for_long_are_left_out(
    client: OfficialClient, scene: Scene
) -> None:
    await ask(client, "node", may_ask=False)
    for number in range(MAX_NAMES):
        await ask(client, f"name-{number}", may_ask=False)

    records = records_of(await ask(client, "golang"))

    assert len(records.names) == MAX_NAMES
    assert "node" not in records.names


@pytest.mark.parametrize("names", [(), ("../node",), ("Node",), ("node", "a" * 129)])
async def test_what_is_no_name_is_not_asked_for(
    client: OfficialClient, scene: Scene, names: tuple[str, ...]
) -> None:
    assert await client.build_records(names, may_ask=True) is None

    assert scene.server.requests == []


async def test_nothing_is_asked_unless_it_is_switched_on(scene: Scene) -> None:
    addresses = Addresses(scene.server.library_url, scene.server.dockerfile_url)

    async with scene.client(addresses=addresses) as client:
        answer = await ask(client)
        merged = await client.merged_at("node", "22", listed_at=None)
        keeps_records = client.keeps_records

    assert (answer, merged, keeps_records) == (None, None, False)
    assert scene.server.requests == []


async def test_a_large_file_costs_little_memory(client: OfficialClient, scene: Scene) -> None:
    filling = "x" * 20_000
    for number in range(1_000):
        source = scene.system.source(f"other:{number}", architectures=["amd64"])
        scene.system.queue(source, "amd64")
    for build in scene.system.builds.values():
        build["filling"] = filling
    scene.show()
    body = json.dumps(scene.system.builds).encode()
    assert len(body) > 20_000_000
    scene.server.will_answer(Scripted(body=body, piece_bytes=65_536), to=BUILD_FILE)

    tracemalloc.start()
    try:
        records = records_of(await ask(client))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(records.builds) == 1
    assert peak_bytes < len(body) / 2


# -- trouble ---------------------------------------------------------------------------------------

GZIPPED = {"Content-Encoding": "gzip"}
FAILURES = [
    pytest.param(SOURCES, Scripted(500), TroubleKind.SERVER_ERROR, id="500"),
    pytest.param(COMMITS, Scripted(429), TroubleKind.RATE_LIMITED, id="429"),
    pytest.param(BUILD_FILE, Scripted(503), TroubleKind.OVERLOADED, id="503"),
    pytest.param(BUILD_FILE, Scripted(404), TroubleKind.MALFORMED, id="404"),
    pytest.param(COMMITS, Scripted(404), TroubleKind.MALFORMED, id="no commits"),
    pytest.param(SOURCES, Scripted(304), TroubleKind.MALFORMED, id="unasked 304"),
    pytest.param(COMMITS, Scripted(304), TroubleKind.MALFORMED, id="unasked 304 of commits"),
    pytest.param(COMMITS, Scripted(body=b"<html>"), TroubleKind.MALFORMED, id="no JSON"),
    pytest.param(COMMITS, Scripted(body=b"[" * 4_000), TroubleKind.MALFORMED, id="nested"),
    pytest.param(COMMITS, Scripted(body=b'{"doi": "x"}'), TroubleKind.MALFORMED, id="no commit"),
    pytest.param(
        COMMITS, Scripted(body=b"x" * (MAX_COMMITS_BYTES + 1)), TroubleKind.TOO_LARGE, id="long"
    ),
    pytest.param(SOURCES, Scripted(body=b"{}"), TroubleKind.MALFORMED, id="empty sources"),
    pytest.param(BUILD_FILE, Scripted(body=b"{}"), TroubleKind.MALFORMED, id="empty builds"),
    pytest.param(SOURCES, Scripted(body=b'{"a": {}}'), TroubleKind.MALFORMED, id="odd source"),
    pytest.param(BUILD_FILE, Scripted(body=b'{"a": {}}'), TroubleKind.MALFORMED, id="odd build"),
    pytest.param(
        SOURCES,
        Scripted(body=b'{"a": {"b": ' + b"[" * 200_000, piece_bytes=8_192),
        TroubleKind.MALFORMED,
        id="deep",
    ),
    pytest.param(
        SOURCES,
        Scripted(body=b'{"a": {"b": "' + b"x" * 3_000_000, piece_bytes=65_536),
        TroubleKind.TOO_LARGE,
        id="one huge member",
    ),
    pytest.param(
        BUILD_FILE,
        Scripted(headers=GZIPPED, body=gzip.compress(b'{"a": {"b": "' + b"x" * 30_000_000)),
        TroubleKind.TOO_LARGE,
        id="packed far too well",
    ),
    pytest.param(
        SOURCES, Scripted(headers=GZIPPED, body=b"{}"), TroubleKind.MALFORMED, id="not packed"
    ),
    pytest.param(
        SOURCES,
        Scripted(headers=GZIPPED, body=gzip.compress(b"{" * 9_000)[:-9]),
        TroubleKind.MALFORMED,
        id="packed and cut",
    ),
    pytest.param(
        SOURCES,
        Scripted(headers={"Content-Encoding": "br"}, body=b"x"),
        TroubleKind.MALFORMED,
        id="packed otherwise",
    ),
    pytest.param(
        BUILD_FILE,
        Scripted(body=b'{"a": {}' * 500, cut_after_bytes=100),
        TroubleKind.UNREACHABLE,
        id="cut off",
    ),
]


@pytest.mark.parametrize(("path", "answer", "kind"), FAILURES)
async def test_a_source_that_fails_is_said_to_have_failed(
    client: OfficialClient, scene: Scene, path: str, answer: Scripted, kind: TroubleKind
) -> None:
    scene.server.will_answer(answer, to=path)

    known = await ask(client)

    assert isinstance(known, Failed)
    assert (known.trouble.kind, known.at) == (kind, NOW)


@pytest.mark.parametrize(("path", "answer", "kind"), FAILURES)
async def test_the_last_good_copy_is_kept_with_its_age(
    client: OfficialClient, scene: Scene, path: str, answer: Scripted, kind: TroubleKind
) -> None:
    first = await ask(client)
    scene.clock.forward(AN_HOUR)
    # Changed, so that all three are read.
    scene.system.list_commit = "e" * 40
    scene.system.source("node:24")
    scene.system.finish(scene.debian, "arm64v8")
    scene.show()
    scene.server.will_answer(answer, to=path)

    known = await ask(client)

    is_confirmation = answer.status == 304  # who asks with an ETag may hear that
    if not is_confirmation:
        assert isinstance(known, Said)
        assert known.value == records_of(first)
        assert known.at == NOW
        assert known.trouble is not None
        assert known.trouble.kind is kind


async def test_a_slow_host_is_given_time_and_an_endless_one_is_not(
    server: SourceServer, scene: Scene
) -> None:
    body = scene.system.files()[SOURCES]
    slow = Scripted(body=str(body).encode(), piece_bytes=400, pause_s=0.01)
    server.will_answer(slow, to=SOURCES)

    async with scene.client() as client:
        known = await ask(client)

    assert records_of(known).sources.keys() == {scene.node, scene.debian}
    assert BUILDS.timeouts.total_s < AN_HOUR


async def test_an_old_copy_is_not_believed(client: OfficialClient, scene: Scene) -> None:
    await ask(client)
    scene.clock.forward(BELIEVED_FOR.total_seconds() + 1)
    quiet = await ask(client, may_ask=False)
    scene.server.will_answer(Scripted(500), times=1)

    known = await ask(client)

    assert quiet is None
    assert isinstance(known, Failed)


async def test_after_a_failure_it_is_left_alone_for_a_while(
    client: OfficialClient, scene: Scene
) -> None:
    scene.server.will_answer(Scripted(500), to=COMMITS)
    await ask(client)

    resting = await ask(client)
    scene.clock.forward(31)
    after = await ask(client)

    assert isinstance(resting, Failed)
    assert records_of(after).names == {"node"}
    assert scene.server.requests == [COMMITS, *ALL]


# -- across restarts -------------------------------------------------------------------------------


async def test_what_is_known_survives_a_restart(scene: Scene, store: Store) -> None:
    async with scene.client(store) as client:
        await ask(client)
        scene.system.finish(scene.debian, "arm64v8")
        scene.show()
        scene.clock.forward(AN_HOUR)
        before = await ask(client)
    scene.clock.forward(AN_HOUR)
    scene.server.will_answer(Scripted(500))

    async with scene.client(store) as client:
        known = await ask(client)

    assert isinstance(known, Said)
    assert known.value == records_of(before)
    assert known.value.since == {(scene.debian, "arm64v8"): read_at(before)}
    assert (known.at, known.trouble is not None) == (read_at(before), True)


async def test_a_restart_costs_confirmations_alone(scene: Scene, store: Store) -> None:
    async with scene.client(store) as client:
        await ask(client)
    async with scene.client(store) as client:
        at_once = await ask(client)
        scene.clock.forward(AN_HOUR)
        later = await ask(client)

    assert read_at(at_once) == NOW
    assert records_of(later) == records_of(at_once)
    assert scene.server.confirmed == ALL


async def test_what_another_process_has_read_is_told_without_asking(
    scene: Scene, store: Store
) -> None:
    async with scene.client(store) as one, scene.client(store) as other:
        read = await ask(one)
        told = await ask(other, may_ask=False)
        scene.clock.forward(AN_HOUR)
        await ask(one)
        later = await ask(other)

    assert told == read
    assert read_at(later) == scene.clock()
    assert scene.server.requests == ALL * 2


@pytest.mark.parametrize(
    ("content", "etag"), [("<html>", None), (None, "<html>"), (None, "[]")], ids=str
)
async def test_a_kept_copy_that_makes_no_sense_is_read_anew(
    scene: Scene, store: Store, content: str | None, etag: str | None
) -> None:
    async with scene.client(store) as client:
        await ask(client)
    async with store.transaction() as transaction:
        kept = await transaction.libraries.load(KEPT_AS)
        assert kept is not None
        odd = KeptFile(KEPT_AS, content or kept.content, etag or kept.etag, kept.confirmed_at)
        await transaction.libraries.save(odd)

    async with scene.client(store) as client:
        known = await ask(client)

    assert records_of(known).names == {"node"}
    assert scene.server.requests == ALL * 2


async def test_a_database_that_cannot_be_used_costs_nobody_the_answer(
    scene: Scene, store: Store
) -> None:
    troubled = TroubledStore(store)
    troubled.will_fail("libraries.load", StoreError("no"))
    troubled.will_fail("libraries.save", StoreError("no"))

    async with scene.client(troubled) as client:
        known = await ask(client)

    assert records_of(known).names == {"node"}
