"""Registries that answer with trouble, with nonsense, too much or not at all."""

import asyncio
import gzip
import logging
import traceback

import pytest

from bot.core.errors import (
    Denied,
    MalformedAnswer,
    Overloaded,
    OversizedAnswer,
    RateLimited,
    RegistryError,
    RegistryParked,
    ServerTrouble,
    TimedOut,
    TransportFailure,
    TroubleKind,
    UnsupportedAnswer,
)
from bot.net.sessions import Timeouts
from bot.ports.registry import FetchedManifest, ManifestAbsent, TagUnchanged
from bot.registry.digests import digest_of
from tests.support.registry_client import Connection, connected, reference_to
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry

APP = "team/app"
TAG = "registry.test/team/app:1"
HEAD = "HEAD /v2/team/app/manifests/1"
GET = "GET /v2/team/app/manifests/1"
BOTH = ["linux/amd64", "linux/arm64"]
MIB = 1024 * 1024
PRETTY_JWS = "application/vnd.docker.distribution.manifest.v1+prettyjws"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(Answer(403), Denied, id="403"),
        pytest.param(Answer(401), Denied, id="401 that asks for nothing"),
        pytest.param(
            Answer(401, headers={"WWW-Authenticate": "Negotiate"}), Denied, id="401 for Kerberos"
        ),
        pytest.param(Answer(407), MalformedAnswer, id="407"),
        pytest.param(Answer(410), MalformedAnswer, id="410"),
        pytest.param(Answer(451), MalformedAnswer, id="451"),
        pytest.param(Answer(206), MalformedAnswer, id="206"),
        pytest.param(Answer(304), MalformedAnswer, id="304 nobody asked for"),
        pytest.param(Answer(300), MalformedAnswer, id="300"),
        pytest.param(Answer(429), RateLimited, id="429"),
        pytest.param(Answer(503, headers={"Retry-After": "9"}), Overloaded, id="503 until"),
        pytest.param(Answer(garbage=b"\x00\xff garbage \r\n\r\n"), MalformedAnswer, id="garbage"),
        pytest.param(
            Answer(307, headers={"Location": "mailto:nobody"}), MalformedAnswer, id="no address"
        ),
        pytest.param(Answer(307), MalformedAnswer, id="a redirect to nowhere"),
        pytest.param(
            Answer(307, headers={"Location": "http://[::1"}), MalformedAnswer, id="half an address"
        ),
    ],
)
async def test_an_answer_of_no_use_ends_the_look_after_one_request(
    registry: ScriptedRegistry,
    connection: Connection,
    answer: Answer,
    expected: type[RegistryError],
) -> None:
    registry.knows(APP)
    registry.will_answer(answer)

    with pytest.raises(RegistryError) as caught:
        await connection.look(TAG)

    assert type(caught.value) is expected
    assert str(caught.value).startswith("registry.test: team/app:1: ")
    assert registry.requests == [HEAD]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(Answer(500), ServerTrouble, id="500"),
        pytest.param(Answer(502), ServerTrouble, id="502"),
        pytest.param(Answer(503), ServerTrouble, id="503"),
        pytest.param(
            Answer(503, headers={"Retry-After": "soon"}), ServerTrouble, id="503 that cannot say"
        ),
        pytest.param(Answer(408), ServerTrouble, id="408"),
        pytest.param(Answer(never=True), TimedOut, id="never"),
        pytest.param(Answer(garbage=b""), TransportFailure, id="hung up"),
    ],
)
async def test_a_failure_is_tried_once_more_and_no_further(
    registry: ScriptedRegistry,
    connection: Connection,
    answer: Answer,
    expected: type[RegistryError],
) -> None:
    registry.knows(APP)
    # An empty answer on a kept connection is repeated by aiohttp itself, so there are enough.
    registry.will_answer(answer, times=6)

    with pytest.raises(RegistryError) as caught:
        await connection.look(TAG)

    assert type(caught.value) is expected
    assert set(registry.requests) == {HEAD}
    assert len(registry.requests) == (2 if answer.garbage is None else 4)
    assert connection.clock.slept == [0.5]


async def test_a_503_is_tried_again(registry: ScriptedRegistry, connection: Connection) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    registry.will_answer(Answer(503))

    answer = await connection.look(TAG, known=digest)

    assert isinstance(answer, TagUnchanged)
    assert registry.requests == [HEAD, HEAD]


async def test_who_is_cut_off_at_the_second_attempt_knows_what_the_first_one_got(
    registry: ScriptedRegistry,
) -> None:
    registry.knows(APP)
    registry.will_answer(Answer(503))
    registry.will_answer(Answer(never=True))

    async with connected(registry.settings()) as connection, asyncio.timeout(30):
        look = asyncio.ensure_future(connection.look(TAG))
        while registry.requests != [HEAD, HEAD]:  # noqa: ASYNC110 (the server has no bell)
            await asyncio.sleep(0)
        look.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await look

        assert isinstance(caught.value.__cause__, ServerTrouble)
        assert [state.failures for state in connection.pace.states()] == [1]


async def test_a_registry_that_does_not_listen_is_a_transport_failure(
    registry: ScriptedRegistry,
) -> None:
    settings = registry.settings(endpoint="http://127.0.0.1:1")

    async with connected(settings) as connection:
        with pytest.raises(TransportFailure, match="cannot connect"):
            await connection.look(TAG)


async def test_a_name_that_does_not_resolve_is_a_transport_failure(
    registry: ScriptedRegistry,
) -> None:
    settings = registry.settings(endpoint="http://registry.invalid")

    async with connected(settings) as connection:
        with pytest.raises(TransportFailure, match="host's name cannot be resolved") as caught:
            await connection.look(TAG)

    assert caught.value.kind is TroubleKind.UNREACHABLE


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(body=b"x" * MIB, cut_after_bytes=MIB // 2), id="half a body"),
        pytest.param(Answer(body=b"x" * 10, cut_after_bytes=0), id="no body"),
    ],
)
async def test_half_a_body_is_tried_again(
    registry: ScriptedRegistry, connection: Connection, answer: Answer
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    registry.will_answer(answer, to=f"GET /v2/team/app/manifests/{digest}")

    found = await connection.look(TAG)

    assert isinstance(found, FetchedManifest)
    assert found.digest == digest


async def test_half_a_body_twice_is_a_transport_failure(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    broken = Answer(body=b"x" * MIB, cut_after_bytes=MIB // 2)
    registry.will_answer(broken, to=f"GET /v2/team/app/manifests/{digest}", times=2)

    with pytest.raises(TransportFailure, match="broke off"):
        await connection.look(TAG)


@pytest.mark.parametrize(
    "piece_bytes", [pytest.param(None, id="announced"), pytest.param(64 * 1024, id="in pieces")]
)
async def test_a_manifest_of_5_mib_is_not_read_to_the_end(
    registry: ScriptedRegistry, connection: Connection, piece_bytes: int | None
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    huge = Answer(body=b" " * (5 * MIB), piece_bytes=piece_bytes)
    registry.will_answer(huge, to=f"GET /v2/team/app/manifests/{digest}")

    with pytest.raises(OversizedAnswer):
        await connection.look(TAG)


async def test_a_manifest_that_comes_byte_by_byte_is_read_whole(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    body = b'{"manifests":[]}' * 20
    digest = registry.push_manifest(APP, "1", body, "application/json")
    slow = Answer(body=body, piece_bytes=1)
    registry.will_answer(slow, to=f"GET /v2/team/app/manifests/{digest}")

    found = await connection.look(TAG)

    assert isinstance(found, FetchedManifest)
    assert found.body == body


async def test_a_body_that_trickles_for_ever_ends_with_the_total_time(
    registry: ScriptedRegistry,
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    trickle = Answer(body=b" " * 1000, piece_bytes=1, pause_s=0.05)
    registry.will_answer(trickle, to=f"GET /v2/team/app/manifests/{digest}", times=2)
    timeouts = Timeouts(connect_s=1, read_s=0.5, total_s=0.3)

    async with connected(registry.settings(), timeouts=timeouts) as connection:
        with pytest.raises(TimedOut, match="no answer in time"):
            await connection.look(TAG)


async def test_a_compressed_body_is_never_inflated(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    body = b" " * (3 * MIB)
    digest = registry.push_manifest(APP, "1", body, "application/json")
    bomb = Answer(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})
    registry.will_answer(bomb, to=f"GET /v2/team/app/manifests/{digest}")

    with pytest.raises(MalformedAnswer, match="digest"):
        await connection.look(TAG)

    assert registry.seen[0].headers["Accept-Encoding"] == "identity"


async def test_another_content_than_the_digest_says_is_refused(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    registry.will_answer(Answer(body=b"{}"), to=f"GET /v2/team/app/manifests/{digest}")

    with pytest.raises(MalformedAnswer, match="digest"):
        await connection.look(TAG)


async def test_a_header_that_contradicts_the_body_is_refused(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.knows(APP)
    lie = Answer(body=b"{}", headers={"Docker-Content-Digest": digest_of(b"[]")})
    registry.will_answer(Answer(405), to=HEAD)
    registry.will_answer(lie, to=GET)

    with pytest.raises(MalformedAnswer, match="digest"):
        await connection.look(TAG)


async def test_a_child_that_answers_with_another_digest_is_refused(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    pushed = registry.push_index(APP, "1", BOTH)
    other = Answer(headers={"Docker-Content-Digest": pushed.digest})
    registry.will_answer(other)

    with pytest.raises(MalformedAnswer, match="another digest"):
        await connection.client.has_manifest(
            reference_to(TAG), pushed.children["linux/arm64"], urgent=False
        )


async def test_a_config_with_another_content_is_refused(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_blob(APP, b"{}")
    registry.will_answer(Answer(body=b"{ }"))

    with pytest.raises(MalformedAnswer, match="digest"):
        await connection.client.fetch_config(reference_to(TAG), digest, urgent=False)


async def test_a_config_of_more_than_1_mib_is_not_read(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_blob(APP, b" " * (MIB + 1))

    with pytest.raises(OversizedAnswer):
        await connection.client.fetch_config(reference_to(TAG), digest, urgent=False)


async def test_a_config_that_is_not_there_is_none(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.knows(APP)

    body = await connection.client.fetch_config(
        reference_to(TAG), digest_of(b"nothing"), urgent=False
    )

    assert body is None


@pytest.mark.parametrize("method", ["fetch_manifest", "fetch_config", "has_manifest"])
async def test_a_digest_that_is_none_is_never_sent(
    registry: ScriptedRegistry, connection: Connection, method: str
) -> None:
    ask = getattr(connection.client, method)

    with pytest.raises(MalformedAnswer):
        await ask(reference_to(TAG), "sha256:../../../secrets", urgent=False)

    assert registry.requests == []


@pytest.mark.parametrize("method", ["fetch_manifest", "fetch_config"])
async def test_a_status_that_makes_no_sense_is_malformed(
    registry: ScriptedRegistry, connection: Connection, method: str
) -> None:
    registry.knows(APP)
    registry.will_answer(Answer(418))
    ask = getattr(connection.client, method)

    with pytest.raises(MalformedAnswer) as caught:
        await ask(reference_to(TAG), digest_of(b""), urgent=False)

    assert caught.value.http_status == 418


@pytest.mark.parametrize("status", [304, 418])
async def test_a_status_that_makes_no_sense_for_a_get_is_malformed(
    registry: ScriptedRegistry, connection: Connection, status: int
) -> None:
    registry.knows(APP)
    registry.will_answer(Answer(405), to=HEAD)
    registry.will_answer(Answer(status), to=GET)

    with pytest.raises(MalformedAnswer) as caught:
        await connection.look(TAG)

    assert caught.value.http_status == status


async def test_an_error_with_a_huge_body_is_still_that_error(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.knows(APP)
    registry.will_answer(Answer(405), to=HEAD)
    registry.will_answer(Answer(404, body=b"x" * (5 * MIB), piece_bytes=64 * 1024), to=GET)

    answer = await connection.look(TAG)

    assert answer == ManifestAbsent()


async def test_a_403_that_means_too_many_requests_parks(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.knows(APP)
    registry.will_answer(Answer(405), to=HEAD)
    words = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"canary"}]}'
    registry.will_answer(Answer(403, body=words), to=GET)

    with pytest.raises(RateLimited):
        await connection.look(TAG)

    assert connection.pace.is_parked("registry.test")


async def test_a_digest_that_is_gone_after_the_head_is_looked_up_by_tag(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    registry.will_answer(Answer(404), to=f"GET /v2/team/app/manifests/{digest}")

    found = await connection.look(TAG)

    assert isinstance(found, FetchedManifest)
    assert found.digest == digest
    assert registry.requests == [HEAD, f"GET /v2/team/app/manifests/{digest}", GET]


async def test_schema_1_is_unsupported_though_its_digest_does_not_fit(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.knows(APP)
    headers = {"Docker-Content-Digest": digest_of(b"payload"), "Content-Type": PRETTY_JWS}
    registry.will_answer(Answer(405), to=HEAD)
    registry.will_answer(Answer(body=b"signed payload", headers=headers), to=GET)

    with pytest.raises(UnsupportedAnswer):
        await connection.look(TAG)


async def test_a_redirect_loop_ends(registry: ScriptedRegistry, connection: Connection) -> None:
    registry.knows(APP)
    registry.will_answer(Answer(307, headers={"Location": "/v2/team/app/manifests/1"}), times=20)

    with pytest.raises(MalformedAnswer, match="redirects more than 5 times"):
        await connection.look(TAG)

    assert registry.requests == [HEAD] * 6


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(404), id="404"),
        pytest.param(Answer(302, headers={"Location": "/v2/team/app/manifests/1"}), id="redirect"),
        pytest.param(Answer(body=b"no token"), id="not JSON"),
        pytest.param(Answer(body=b"[]"), id="not an object"),
        pytest.param(Answer(body=b'{"token": 5}'), id="not text"),
        pytest.param(Answer(body=b'{"token": "a\\r\\nb"}'), id="more than a header holds"),
    ],
)
async def test_a_token_service_that_gives_no_token_is_malformed_and_asked_anew(
    registry: ScriptedRegistry, connection: Connection, answer: Answer
) -> None:
    registry.require_tokens()
    digest = registry.push_index(APP, "1", BOTH).digest
    registry.will_answer(answer, to="GET /token")

    with pytest.raises(MalformedAnswer):
        await connection.look(TAG)
    first_cost = list(registry.requests)
    second = await connection.look(TAG, known=digest)

    assert first_cost == [HEAD, "GET /token"]
    assert isinstance(second, TagUnchanged)
    assert registry.requests == [*first_cost, HEAD, "GET /token", HEAD]


async def test_a_token_of_more_than_64_kib_is_not_read(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.require_tokens()
    registry.knows(APP)
    registry.will_answer(Answer(body=b'"' + b"x" * 70_000), to="GET /token")

    with pytest.raises(OversizedAnswer):
        await connection.look(TAG)


async def test_a_token_service_that_limits_parks_the_registry(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.require_tokens()
    registry.knows(APP)
    registry.will_answer(Answer(429, headers={"Retry-After": "30"}), to="GET /token")

    with pytest.raises(RateLimited):
        await connection.look(TAG)
    with pytest.raises(RegistryParked):
        await connection.look(TAG)

    assert registry.requests == [HEAD, "GET /token"]


async def test_a_realm_that_is_no_address_is_malformed(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.knows(APP)
    challenge = 'Bearer realm="/token",service="s"'
    registry.will_answer(Answer(401, headers={"WWW-Authenticate": challenge}))

    with pytest.raises(MalformedAnswer, match="token service"):
        await connection.look(TAG)


async def test_a_registry_that_keeps_failing_is_left_alone_and_then_probed_once(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    registry.will_answer(Answer(500), times=11)
    for _ in range(5):
        with pytest.raises(ServerTrouble):
            await connection.look(TAG)
    assert len(registry.requests) == 10

    with pytest.raises(RegistryParked):
        await connection.look(TAG)
    assert len(registry.requests) == 10
    connection.clock.forward(31)
    with pytest.raises(ServerTrouble):
        await connection.look(TAG)
    assert len(registry.requests) == 11
    with pytest.raises(RegistryParked):
        await connection.look(TAG)
    connection.clock.forward(61)
    assert isinstance(await connection.look(TAG, known=digest), TagUnchanged)
    assert not connection.pace.is_parked("registry.test")


class TestSecrets:
    """Nothing that a registry or its storage may have signed or said shows up."""

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(Answer(garbage=b"HTTP/1.1 canary canary\r\n\r\n"), id="garbage"),
            pytest.param(Answer(never=True), id="silence"),
            pytest.param(Answer(500, body=b"canary"), id="500"),
            pytest.param(Answer(451, body=b"canary"), id="451"),
            pytest.param(
                Answer(307, headers={"Location": "ftp://x/?canary"}), id="another redirect"
            ),
            pytest.param(Answer(body=b"canary"), id="wrong content"),
        ],
    )
    async def test_the_signature_of_a_redirect_is_in_no_error_and_no_log(
        self,
        registry: ScriptedRegistry,
        connection: Connection,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
        answer: Answer,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        digest = registry.push_blob(APP, b"{}")
        hop = Answer(307, headers={"Location": "/storage/blob?signature=canary"})
        registry.will_answer(hop)
        registry.will_answer(answer, to="GET /storage/blob", times=5)

        with pytest.raises(RegistryError) as caught:
            await connection.client.fetch_config(reference_to(TAG), digest, urgent=False)

        shown = "".join(traceback.format_exception(caught.value))
        assert "canary" not in shown
        ours = [each for each in caplog.records if not each.name.startswith("aiohttp.")]
        assert "canary" not in "".join(each.getMessage() for each in ours)
        assert "canary" not in "".join(capsys.readouterr())
