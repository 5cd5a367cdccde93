"""What registries post is taken in, and nothing that others post."""

import asyncio
import base64
import hmac
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import process_time
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from standardwebhooks import Webhook

from bot.core.pushed import USUAL_REGISTRY, Pushed, Sender
from bot.core.reference import Reference
from bot.net.secret import Secret
from bot.web.figures import PrometheusFigures
from bot.web.hooks import Hook, Hooks, Remembered
from bot.web.server import MAX_BODY_BYTES, serving
from tests.support.canaries import canary
from tests.support.notices import (
    DIGEST,
    DISTRIBUTION,
    DOCKER_HUB,
    EXAMPLES,
    GENERIC,
    GITHUB,
    HARBOR,
    HOST,
    QUAY,
    as_body,
)

SECRET = canary("hook-secret-of-a-registry")
WRONG = "x" * len(SECRET)
TAG = Reference(HOST, "team/app", "1.2")
BEARER = {"Authorization": f"Bearer {SECRET}"}


@dataclass(slots=True)
class Desk:
    """Where hints arrive; so many as refusals says are not taken."""

    url: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    hinted: list[Pushed] = field(default_factory=list)
    told_by: set[str] = field(default_factory=set)
    refusals: int = 0
    figures: PrometheusFigures = field(
        default_factory=lambda: PrometheusFigures(CollectorRegistry(), version="1")
    )

    def hint(self, pushed: Pushed, hook: str) -> bool:
        if self.refusals:
            self.refusals -= 1
            return False
        self.hinted.append(pushed)
        self.told_by.add(hook)
        return True

    async def post(
        self, path: str, content: object, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        body = content if isinstance(content, bytes) else as_body(content)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}{path}", data=body, headers=headers) as answer,
        ):
            return answer.status, await answer.text()

    def counted(self) -> dict[str, int]:
        """How many events had each outcome, whatever their hook."""
        found: Counter[str] = Counter()
        for family in text_string_to_metric_families(self.figures.exposition().decode()):
            for sample in family.samples:
                if sample.name == "archbell_hook_events_total":
                    found[sample.labels["outcome"]] += int(sample.value)
        return found


def hook(sender: Sender) -> Hook:
    return Hook(sender.value, sender, Secret(SECRET), USUAL_REGISTRY.get(sender, HOST))


@asynccontextmanager
async def desk_with(*hooks: Hook) -> AsyncIterator[Desk]:
    desk = Desk()
    served = Hooks(hooks, hint=desk.hint, figures=desk.figures, clock=lambda: desk.now)
    async with serving(served.routes(), host="127.0.0.1", port=0) as url:
        desk.url = url
        yield desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_with(*map(hook, Sender)) as opened:
        yield opened


def proven(sender: Sender, content: object, secret: str = SECRET) -> tuple[str, dict[str, str]]:
    """The address and the headers with which a registry posts."""
    path = f"/hooks/{sender.value}"
    match sender:
        case Sender.DOCKER_HUB | Sender.QUAY:
            return f"{path}/{secret}", {}
        case Sender.GITHUB:
            signed = hmac.digest(secret.encode(), as_body(content), "sha256").hex()
            headers = {"X-GitHub-Event": "package", "X-Hub-Signature-256": f"sha256={signed}"}
            return path, headers
        case Sender.HARBOR:
            return path, {"Authorization": secret}
        case _:
            return path, {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("sender", list(Sender))
async def test_a_push_is_taken_in_from_whoever_knows_the_secret(desk: Desk, sender: Sender) -> None:
    path, headers = proven(sender, EXAMPLES[sender])

    answer = await desk.post(path, EXAMPLES[sender], headers)

    [pushed] = desk.hinted
    assert answer == (202, "")
    assert pushed.reference == replace(TAG, registry=USUAL_REGISTRY.get(sender, HOST))
    assert desk.told_by == {sender.value}
    assert desk.counted() == {}


@pytest.mark.parametrize("sender", list(Sender))
async def test_a_forged_push_is_told_nothing_and_does_nothing(desk: Desk, sender: Sender) -> None:
    path, headers = proven(sender, EXAMPLES[sender], secret=WRONG)

    forged = await desk.post(path, EXAMPLES[sender], headers)
    bare = await desk.post(f"/hooks/{sender.value}", EXAMPLES[sender])
    unknown = await desk.post("/hooks/unknown", EXAMPLES[sender], headers)
    elsewhere = await desk.post("/elsewhere", EXAMPLES[sender])

    assert forged == bare == unknown == elsewhere == (404, "404: Not Found")
    assert desk.hinted == []
    assert desk.counted() == {"forged": 3}


@pytest.mark.parametrize(
    ("path", "content", "headers"),
    [
        pytest.param("/hooks/distribution", DISTRIBUTION, {"Authorization": SECRET}, id="bare"),
        pytest.param(
            "/hooks/distribution",
            DISTRIBUTION,
            {"Authorization": f"Basic {SECRET}"},
            id="another scheme",
        ),
        pytest.param(f"/hooks/distribution/{SECRET}", DISTRIBUTION, {}, id="in the address"),
        pytest.param("/hooks/quay", QUAY, BEARER, id="quay, in a header"),
        pytest.param("/hooks/dockerhub", DOCKER_HUB, BEARER, id="docker hub, in a header"),
        pytest.param("/hooks/github", GITHUB, BEARER, id="github, not signed"),
        pytest.param("/hooks/harbor", HARBOR, {"Authorization": "Bearer"}, id="only the scheme"),
        pytest.param(
            "/hooks/distribution", DISTRIBUTION, {"Authorization": "Bearer schlüssel"}, id="umlaut"
        ),
        pytest.param("/hooks/generic", GENERIC, {"webhook-signature": "v1,AAAA"}, id="no id"),
    ],
)
async def test_a_secret_counts_only_where_its_sender_puts_it(
    desk: Desk, path: str, content: object, headers: dict[str, str]
) -> None:
    assert await desk.post(path, content, headers) == (404, "404: Not Found")
    assert desk.hinted == []


async def test_a_body_that_was_changed_on_the_way_is_forged(desk: Desk) -> None:
    path, headers = proven(Sender.GITHUB, GITHUB)

    answer = await desk.post(path, GITHUB | {"action": "updated"}, headers)

    assert (answer[0], desk.hinted) == (404, [])


async def test_harbor_may_send_the_secret_as_a_bearer_token(desk: Desk) -> None:
    answer = await desk.post("/hooks/harbor", HARBOR, BEARER)

    assert (answer[0], len(desk.hinted)) == (202, 1)


async def test_scripts_may_sign_as_standard_webhooks_do(desk: Desk) -> None:
    body, marker = as_body(GENERIC).decode(), "msg_1"
    key = base64.b64encode(SECRET.encode()).decode()
    headers = {
        "webhook-id": marker,
        "webhook-timestamp": str(int(desk.now.timestamp())),
        "webhook-signature": Webhook(key).sign(marker, desk.now, body),
    }
    late = headers | {"webhook-timestamp": str(int(desk.now.timestamp()) - 301)}

    first = await desk.post("/hooks/generic", GENERIC, headers)
    again = await desk.post("/hooks/generic", GENERIC, headers)
    forged = await desk.post("/hooks/generic", GENERIC, late)

    assert (first[0], again[0], forged[0]) == (202, 202, 404)
    assert len(desk.hinted) == 1
    assert desk.counted() == {"replayed": 1, "forged": 1}


@pytest.mark.parametrize("sender", [Sender.DISTRIBUTION, Sender.GITHUB, Sender.GENERIC])
async def test_what_comes_again_is_accepted_and_does_nothing(desk: Desk, sender: Sender) -> None:
    path, headers = proven(sender, EXAMPLES[sender])

    first = await desk.post(path, EXAMPLES[sender], headers)
    again = await desk.post(path, EXAMPLES[sender], headers)

    assert first == again == (202, "")
    assert len(desk.hinted) == 1
    assert desk.counted() == {"replayed": 1}


async def test_pushes_that_have_no_id_are_all_taken_in(desk: Desk) -> None:
    path, headers = proven(Sender.QUAY, QUAY)

    await desk.post(path, QUAY, headers)
    await desk.post(path, QUAY, headers)

    assert len(desk.hinted) == 2


async def test_what_is_too_much_is_to_come_again(desk: Desk) -> None:
    desk.refusals = 1

    failed = await desk.post("/hooks/distribution", DISTRIBUTION, BEARER)
    again = await desk.post("/hooks/distribution", DISTRIBUTION, BEARER)

    assert (failed[0], again[0]) == (503, 202)
    assert [pushed.digest for pushed in desk.hinted] == [DIGEST]
    assert desk.counted() == {"failed": 1}


async def test_the_bots_own_looks_are_ignored(desk: Desk) -> None:
    event: dict[str, Any] = DISTRIBUTION["events"][0]
    pull = event | {"action": "pull", "request": event["request"] | {"method": "HEAD"}}

    answer = await desk.post("/hooks/distribution", {"events": [pull, pull]}, BEARER)

    assert (answer[0], desk.hinted) == (202, [])
    assert desk.counted() == {"ignored": 2}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"events": 7}', b"\xff\xfe"])
async def test_what_is_no_event_is_refused(desk: Desk, body: bytes) -> None:
    answer = await desk.post("/hooks/distribution", body, BEARER)

    assert (answer[0], desk.hinted) == (400, [])
    assert desk.counted() == {"malformed": 1}


@pytest.mark.parametrize(
    ("headers", "status"),
    [pytest.param(BEARER, 413, id="known"), pytest.param({}, 404, id="unknown")],
)
async def test_what_is_too_long_is_refused(
    desk: Desk, headers: dict[str, str], status: int
) -> None:
    body = b" " * (MAX_BODY_BYTES + 1)

    answer = await desk.post("/hooks/distribution", body, headers)

    assert (answer[0], desk.hinted) == (status, [])
    assert desk.counted() == {"too_large": 1}


@pytest.mark.parametrize(
    ("headers", "status", "outcome"),
    [
        pytest.param(BEARER, 400, "malformed", id="from who knows the secret"),
        pytest.param({}, 404, "forged", id="from a stranger"),
    ],
)
async def test_what_is_not_packed_as_it_says_is_refused_and_fills_no_log(
    desk: Desk,
    caplog: pytest.LogCaptureFixture,
    headers: Mapping[str, str],
    status: int,
    outcome: str,
) -> None:
    packed = {**headers, "Content-Encoding": "gzip"}

    answer, _ = await desk.post("/hooks/generic", b"not packed", packed)

    assert (answer, desk.counted()) == (status, {outcome: 1})
    assert caplog.records == []


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /hooks/generic HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nabc",
        b"POST /hooks/generic HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\r\n\r\n",
    ],
    ids=["broken off", "no chunks", "no HTTP"],
)
async def test_what_strangers_break_fills_no_log(
    desk: Desk, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    host, _, port = desk.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    writer.write_eof()
    await reader.read()
    writer.close()

    assert await desk.post("/hooks/generic", EXAMPLES[Sender.GENERIC], BEARER) == (202, "")
    assert caplog.records == []


async def test_a_hundred_posts_at_once_are_all_taken_in(desk: Desk) -> None:
    event: dict[str, Any] = DISTRIBUTION["events"][0]
    envelopes = [{"events": [event | {"id": f"e{number}"}]} for number in range(100)]

    answers = await asyncio.gather(
        *(desk.post("/hooks/distribution", each, BEARER) for each in envelopes)
    )

    assert {status for status, _ in answers} == {202}
    assert len(desk.hinted) == 100


async def test_taking_a_push_in_costs_little(desk: Desk) -> None:
    event: dict[str, Any] = DISTRIBUTION["events"][0]
    bodies = [as_body({"events": [event | {"id": f"e{number}"}]}) for number in range(200)]
    async with aiohttp.ClientSession(headers=BEARER) as session:
        began_s = process_time()
        for body in bodies:
            async with session.post(f"{desk.url}/hooks/distribution", data=body) as answer:
                assert answer.status == 202
        used_s = process_time() - began_s

    # Processor time of both sides; what a registry waits for is measured by `make bench`.
    assert used_s / len(bodies) < 0.01


def test_only_the_newest_are_remembered() -> None:
    remembered = Remembered(2)

    for key in "abb", "cde", "abb", "fgh":
        remembered.add(key)

    assert [key in remembered for key in ("abb", "cde", "fgh")] == [False, True, True]
