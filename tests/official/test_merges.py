"""When a listing was merged, over a server that answers as GitHub does."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest

from bot.core.errors import TroubleKind
from bot.core.evidence import Answer, Failed, Said
from bot.official import OfficialClient, opened_source
from bot.official.merges import MAX_CHANGES, MAX_REMEMBERED, TOO_OLD_FOR
from tests.support.decisions import NOW
from tests.support.planned_official import library_text
from tests.support.registry_client import ManualClock
from tests.support.scripted_answers import Answer as Scripted
from tests.support.source_server import SourceServer

API = "/api/repos/docker-library/official-images"
CHANGES = f"{API}/commits"
WRITTEN_AT, MERGED_AT = NOW - timedelta(hours=7), NOW - timedelta(hours=3)


def pulls(commit: str) -> str:
    return f"{API}/commits/{commit}/pulls"


def raw(commit: str) -> str:
    return f"/git/docker-library/official-images/{commit}/library/node"


class GitHub:
    """The history of library/node, each change with the tags that it lists; the newest first."""

    def __init__(self, server: SourceServer) -> None:
        self.server = server
        self.server.files[raw("0" * 40)] = library_text(["20"])

    def has(self, *changes: Sequence[str]) -> list[str]:
        """Have these changes; their commits."""
        history = [f"{len(changes) - number} {changes[number:]}" for number in range(len(changes))]
        commits = [hashlib.sha1(each.encode()).hexdigest() for each in history]
        listed = [
            {"sha": commit, "commit": {"committer": {"date": _stamp(WRITTEN_AT)}}}
            for commit in commits
        ]
        address = f"{CHANGES}?path=library/node&per_page={MAX_CHANGES}"
        self.server.files[address] = json.dumps(listed[:MAX_CHANGES])
        for commit, tags in zip(commits, changes, strict=True):
            self.server.files[raw(commit)] = library_text(tags)
            self.server.files[pulls(commit)] = json.dumps([{"merged_at": _stamp(MERGED_AT)}])
        return commits


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def github(server: SourceServer) -> GitHub:
    return GitHub(server)


@pytest.fixture
async def client(server: SourceServer, clock: ManualClock) -> AsyncIterator[OfficialClient]:
    async with opened_source(user_agent="archbell/test", clock=clock, allow_private=True) as source:
        yield OfficialClient(source, server.addresses, clock=clock)


async def ask(
    client: OfficialClient, tag: str = "22", *, listed_at: datetime | None = None
) -> Answer[datetime | None]:
    return await client.merged_at("node", tag, listed_at=listed_at)


async def test_the_merge_of_the_change_that_lists_the_tag_is_found(
    client: OfficialClient, github: GitHub, server: SourceServer
) -> None:
    newest, listing, before = github.has(["20", "22", "24"], ["20", "22"], ["20"])

    merged = await ask(client)

    assert merged == Said(MERGED_AT, NOW)
    assert server.requests == [CHANGES, raw(newest), raw(listing), raw(before), pulls(listing)]


async def test_a_merge_that_is_known_is_not_asked_for_again(
    client: OfficialClient, github: GitHub, server: SourceServer, clock: ManualClock
) -> None:
    github.has(["20", "22"], ["20"])
    first = await ask(client)
    asked = len(server.requests)
    clock.forward(10 * 86_400)

    assert await ask(client) == first
    assert len(server.requests) == asked


async def test_files_as_they_were_are_asked_for_once(
    client: OfficialClient, github: GitHub, server: SourceServer
) -> None:
    newest, *_ = github.has(["20", "22", "23"], ["20"])
    await ask(client, "22")

    assert await ask(client, "23") == Said(MERGED_AT, NOW)
    assert server.requests.count(raw(newest)) == 1


async def test_a_tag_that_is_listed_anew_was_merged_anew(
    client: OfficialClient, github: GitHub, server: SourceServer
) -> None:
    github.has(["20", "22"], ["20"])
    await ask(client)
    again, _, _ = github.has(["20", "22"], ["20"], ["20", "22"])
    later = MERGED_AT + timedelta(hours=1)
    server.files[pulls(again)] = json.dumps([{"merged_at": _stamp(later)}])

    assert await ask(client, listed_at=NOW) == Said(later, NOW)


async def test_a_change_without_a_pull_request_came_as_it_is(
    client: OfficialClient, github: GitHub, server: SourceServer
) -> None:
    listing, _ = github.has(["20", "22"], ["20"])
    server.files[pulls(listing)] = "[]"

    assert await ask(client) == Said(WRITTEN_AT, NOW)


@pytest.mark.parametrize("changes", [1, MAX_CHANGES - 1])
async def test_a_tag_that_was_always_listed_came_with_the_file(
    client: OfficialClient, github: GitHub, changes: int
) -> None:
    github.has(*[["22"]] * changes)

    assert await ask(client) == Said(MERGED_AT, NOW)


async def test_a_tag_that_none_of_the_last_changes_lists_is_too_old_to_be_found(
    client: OfficialClient, github: GitHub, server: SourceServer, clock: ManualClock
) -> None:
    github.has(*[["22"]] * (MAX_CHANGES + 3))

    found = await ask(client)
    asked = len(server.requests)
    await ask(client)
    clock.forward(TOO_OLD_FOR.total_seconds())
    await ask(client)

    assert found == Said(None, NOW)
    assert server.requests.count(CHANGES) == 2
    assert asked == 1 + MAX_CHANGES


async def test_the_oldest_answers_are_forgotten(
    client: OfficialClient, github: GitHub, server: SourceServer
) -> None:
    tags = [f"22.{number}" for number in range(MAX_REMEMBERED)]
    github.has(["22", *tags], ["20"])
    for tag in ("22", *tags):
        await ask(client, tag)
    server.requests.clear()

    await ask(client, tags[-1])
    await ask(client, "22")

    assert server.requests.count(CHANGES) == 1


# -- trouble ---------------------------------------------------------------------------------------


def reset_in(seconds: float) -> dict[str, str]:
    at = int((NOW + timedelta(seconds=seconds)).timestamp())
    return {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(at)}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(Scripted(500), TroubleKind.SERVER_ERROR, id="500"),
        pytest.param(Scripted(403), TroubleKind.DENIED, id="403"),
        pytest.param(Scripted(403, reset_in(900)), TroubleKind.RATE_LIMITED, id="used up"),
        pytest.param(Scripted(404), TroubleKind.MALFORMED, id="404"),
        pytest.param(Scripted(body=b"<html>"), TroubleKind.MALFORMED, id="no JSON"),
        pytest.param(Scripted(body=b"[]"), TroubleKind.MALFORMED, id="no change at all"),
        pytest.param(Scripted(body=b"x" * 2_000_001), TroubleKind.TOO_LARGE, id="huge"),
        pytest.param(
            Scripted(body=b"[" * 900, cut_after_bytes=9), TroubleKind.UNREACHABLE, id="cut"
        ),
    ],
)
async def test_a_source_that_fails_is_said_to_have_failed(
    client: OfficialClient,
    github: GitHub,
    server: SourceServer,
    answer: Scripted,
    kind: TroubleKind,
) -> None:
    github.has(["20", "22"], ["20"])
    server.will_answer(answer, to=CHANGES)

    found = await ask(client)

    assert isinstance(found, Failed)
    assert found.trouble.kind is kind


async def test_when_the_requests_are_used_up_it_waits_for_the_new_ones(
    client: OfficialClient, github: GitHub, server: SourceServer, clock: ManualClock
) -> None:
    github.has(["20", "22"], ["20"])
    server.will_answer(Scripted(403, reset_in(900)), to=CHANGES)

    refused = await ask(client)
    clock.forward(899)
    resting = await ask(client)
    clock.forward(2)
    after = await ask(client)

    assert isinstance(refused, Failed)
    assert resting == refused
    assert after == Said(MERGED_AT, clock())
    assert server.requests.count(CHANGES) == 2


async def test_who_does_not_know_of_the_newest_change_is_not_believed(
    client: OfficialClient, github: GitHub
) -> None:
    github.has(["20"], ["20"])

    found = await ask(client)

    assert isinstance(found, Failed)
    assert found.trouble.kind is TroubleKind.MALFORMED


async def test_an_old_file_that_makes_no_sense_proves_nothing(
    client: OfficialClient, github: GitHub, server: SourceServer
) -> None:
    _, before = github.has(["20", "22"], ["20"])
    server.files[raw(before)] = "<html>"

    assert isinstance(await ask(client), Failed)


async def test_an_odd_list_of_pull_requests_proves_nothing(
    client: OfficialClient, github: GitHub, server: SourceServer
) -> None:
    listing, _ = github.has(["20", "22"], ["20"])
    server.files[pulls(listing)] = "{}"

    assert isinstance(await ask(client), Failed)


async def test_a_file_that_was_not_there_before_listed_nothing(
    client: OfficialClient, github: GitHub, server: SourceServer
) -> None:
    _, before = github.has(["20", "22"], ["20"])
    del server.files[raw(before)]

    assert await ask(client) == Said(MERGED_AT, NOW)


async def test_what_is_no_name_is_not_asked_for(
    client: OfficialClient, server: SourceServer
) -> None:
    assert await client.merged_at("../x", "22", listed_at=None) is None

    assert server.requests == []
