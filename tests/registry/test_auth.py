"""Who sees which credential, and what is learnt from a 401."""

import asyncio
import logging
from base64 import b64encode
from dataclasses import dataclass, field

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from structlog.testing import capture_logs

from bot.core.errors import Denied, RegistryError
from bot.net.secret import Secret
from bot.net.sessions import Timeouts
from bot.net.settings import RegistrySettings
from bot.ports.registry import FetchedManifest, TagUnchanged
from bot.registry.auth import ANONYMOUS, Authority
from bot.registry.credentials import CredentialBook
from bot.registry.exchange import Answer as Answered
from bot.registry.exchange import Request
from bot.registry.policy import RegistryPolicy
from bot.registry.questions import Questions
from bot.registry.transport import Transport
from tests.support.registry_client import NOW, Connection, connected, reference_to
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry
from tests.support.scripted_tokens import Login, TokenDesk

APP = "team/app"
TAG = "registry.test/team/app:1"
HEAD = "HEAD /v2/team/app/manifests/1"
TOKEN = "GET /token"
BOTH = ["linux/amd64", "linux/arm64"]
CANARY = "canary-password"
LOGIN = Login("robot", CANARY)


def authorizations(registry: ScriptedRegistry) -> list[str | None]:
    return [seen.headers.get("Authorization") for seen in registry.seen]


def token_queries(registry: ScriptedRegistry) -> list[dict[str, str]]:
    return [dict(seen.query) for seen in registry.seen if seen.line == TOKEN]


async def test_the_scope_is_ours_and_names_one_repository(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.require_tokens()
    registry.push_index(APP, "1", BOTH)
    challenge = f'Bearer realm="{registry.url}/token?a=b",service="s",scope="*"'
    registry.will_answer(Answer(401, headers={"WWW-Authenticate": challenge}))

    await connection.look(TAG)

    assert token_queries(registry) == [
        {"a": "b", "service": "s", "scope": "repository:team/app:pull"}
    ]


async def test_a_challenge_without_a_service_asks_for_a_token_without_one(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.require_tokens()
    registry.push_index(APP, "1", BOTH)
    challenge = f'bearer realm="{registry.url}/token"'
    registry.will_answer(Answer(401, headers={"WWW-Authenticate": challenge}))

    await connection.look(TAG)

    assert token_queries(registry) == [{"scope": "repository:team/app:pull"}]


async def test_the_token_service_of_the_registry_sees_the_login(
    registry: ScriptedRegistry,
) -> None:
    registry.require_tokens(login=LOGIN, private=frozenset({APP}))
    registry.push_index(APP, "1", BOTH)
    settings = registry.settings(username="robot", password=Secret(CANARY))

    async with connected(settings) as connection:
        answer = await connection.look(TAG)

    assert isinstance(answer, FetchedManifest)
    assert authorizations(registry) == [
        None,
        LOGIN.header,
        "Bearer canary-token-1",
        "Bearer canary-token-1",
    ]


async def test_a_configured_token_host_sees_the_login(
    registry: ScriptedRegistry, elsewhere: ScriptedRegistry
) -> None:
    desk = elsewhere.serve_tokens(TokenDesk(f"{elsewhere.url}/token", login=LOGIN))
    registry.require_tokens(desk)
    registry.push_index(APP, "1", BOTH)
    settings = registry.settings(
        username="robot", password=Secret(CANARY), auth_hosts=(elsewhere.address,)
    )

    async with connected(settings) as connection:
        await connection.look(TAG)

    assert authorizations(elsewhere) == [LOGIN.header]
    assert LOGIN.header not in authorizations(registry)


async def test_a_login_refused_by_the_token_service_is_not_sent_again(
    registry: ScriptedRegistry,
) -> None:
    registry.require_tokens(login=Login("robot", "right"))
    digest = registry.push_index(APP, "1", BOTH).digest
    settings = registry.settings(username="robot", password=Secret(CANARY))

    async with connected(settings) as connection:
        with capture_logs() as logs, pytest.raises(Denied, match="login was refused"):
            await connection.look(TAG)
        answer = await connection.look(TAG, known=digest)

    assert isinstance(answer, TagUnchanged)
    assert authorizations(registry).count(LOGIN.header) == 1
    assert [entry["event"] for entry in logs] == ["login_refused"]
    assert CANARY not in str(logs)


@pytest.mark.parametrize(
    ("patterns", "covered"),
    [
        pytest.param((), True, id="no patterns"),
        pytest.param(("team/*",), True, id="covered"),
        pytest.param(("other/*", "team/app"), True, id="named"),
        pytest.param(("other/*",), False, id="not covered"),
    ],
)
async def test_a_login_is_for_the_repositories_it_is_configured_for(
    registry: ScriptedRegistry, patterns: tuple[str, ...], covered: bool
) -> None:
    registry.basic = LOGIN
    registry.push_index(APP, "1", BOTH)
    settings = registry.settings(username="robot", password=Secret(CANARY), repositories=patterns)

    async with connected(settings) as connection:
        if covered:
            await connection.look(TAG)
        else:
            with pytest.raises(Denied):
                await connection.look(TAG)

    assert (LOGIN.header in authorizations(registry)) is covered


async def test_a_redirect_to_another_origin_carries_nothing(
    registry: ScriptedRegistry, elsewhere: ScriptedRegistry
) -> None:
    registry.basic = LOGIN
    config = elsewhere.push_blob(APP, b"{}")
    registry.knows(APP)
    location = f"{elsewhere.url}/v2/team/app/blobs/{config}?signature=canary"
    settings = registry.settings(
        username="robot", password=Secret(CANARY), auth_hosts=(elsewhere.address,)
    )
    line = f"GET /v2/team/app/blobs/{config}"

    async with connected(settings) as connection:
        registry.will_answer(Answer(401, headers={"WWW-Authenticate": "Basic"}), to=line)
        registry.will_answer(Answer(307, headers={"Location": location}), to=line)
        body = await connection.client.fetch_config(
            reference_to(TAG), config, urgent=False, login=True
        )

    assert body == b"{}"
    assert authorizations(registry) == [None, LOGIN.header]
    assert authorizations(elsewhere) == [None]
    assert elsewhere.seen[0].query == {"signature": "canary"}


async def test_where_a_registry_redirects_only_anonymous_tokens_are_fetched(
    registry: ScriptedRegistry, elsewhere: ScriptedRegistry
) -> None:
    """Even if the other host names the registry's own token service."""
    desk = registry.serve_tokens(TokenDesk(f"{registry.url}/token", login=LOGIN))
    elsewhere.require_tokens(desk)
    digest = elsewhere.push_index("linux/app", "1", BOTH).digest
    location = f"{elsewhere.url}/v2/linux/app/manifests/1"
    registry.will_answer(Answer(307, headers={"Location": location}))
    settings = registry.settings(
        username="robot", password=Secret(CANARY), auth_hosts=(elsewhere.address,)
    )

    async with connected(settings) as connection:
        answer = await connection.look(TAG, known=digest)

    assert isinstance(answer, TagUnchanged)
    assert registry.requests == [HEAD, TOKEN]
    assert authorizations(registry) == [None, None]
    assert token_queries(registry)[0]["scope"] == "repository:linux/app:pull"


async def test_where_a_registry_redirects_no_login_is_given(
    registry: ScriptedRegistry, elsewhere: ScriptedRegistry
) -> None:
    elsewhere.basic = LOGIN
    elsewhere.knows(APP)
    registry.knows(APP)
    location = f"{elsewhere.url}/v2/team/app/manifests/1"
    registry.will_answer(Answer(307, headers={"Location": location}))
    settings = registry.settings(
        username="robot", password=Secret(CANARY), auth_hosts=(elsewhere.address,)
    )

    async with connected(settings) as connection:
        with pytest.raises(Denied):
            await connection.look(TAG)

    assert authorizations(elsewhere) == [None]


async def test_hosts_behind_redirects_are_forgotten_when_they_are_many(
    registry: ScriptedRegistry, elsewhere: ScriptedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.registry.conversation.MAX_STRANGERS", 1)
    desk = elsewhere.require_tokens()
    digest = elsewhere.push_index(APP, "1", BOTH).digest
    other_name = elsewhere.url.replace("127.0.0.1", "localhost")
    names = (elsewhere.address, elsewhere.address.replace("127.0.0.1", "localhost"))

    async with connected(registry.settings(auth_hosts=names)) as connection:
        for url in (elsewhere.url, elsewhere.url, other_name, elsewhere.url):
            location = f"{url}/v2/team/app/manifests/1"
            registry.will_answer(Answer(307, headers={"Location": location}))
            await connection.look(TAG, known=digest)

    assert desk.issued == 3


async def test_a_user_in_a_redirect_is_not_sent(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    location = registry.url.replace("//", "//user:password@") + "/v2/team/app/manifests/1"
    registry.will_answer(Answer(307, headers={"Location": location}))

    await connection.look(TAG, known=digest)

    assert authorizations(registry) == [None, None]


async def test_a_redirect_within_the_registry_keeps_the_token(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.require_tokens()
    digest = registry.push_index(APP, "1", BOTH).digest
    await connection.look(TAG, known=digest)
    registry.clear()
    registry.will_answer(Answer(307, headers={"Location": "/v2/team/app/manifests/1"}))

    await connection.look(TAG, known=digest)

    assert authorizations(registry) == ["Bearer canary-token-1", "Bearer canary-token-1"]


async def test_a_401_that_names_only_basic_does_not_make_us_forget_tokens(
    registry: ScriptedRegistry,
) -> None:
    desk = registry.require_tokens(login=LOGIN)
    digest = registry.push_index(APP, "1", BOTH).digest
    settings = registry.settings(username="robot", password=Secret(CANARY))
    async with connected(settings) as connection:
        await connection.look(TAG)
        desk.revoke_all()
        registry.clear()
        harbor = Answer(401, headers={"WWW-Authenticate": 'Basic realm="harbor"'})
        registry.will_answer(harbor, to=HEAD)

        await connection.look(TAG, known=digest)

    assert registry.requests == [HEAD, TOKEN, HEAD]
    assert authorizations(registry) == [
        "Bearer canary-token-1",
        LOGIN.header,
        "Bearer canary-token-2",
    ]


async def test_a_token_without_the_right_is_not_replaced_within_the_look(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    desk = registry.require_tokens()
    registry.push_index(APP, "1", BOTH)
    await connection.look(TAG)
    registry.clear()
    for header in desk.granted:
        desk.granted[header] = None

    with pytest.raises(Denied):
        await connection.look(TAG)

    assert registry.requests == [HEAD]


async def test_a_fresh_token_that_is_refused_is_not_followed_by_another(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    desk = registry.require_tokens()
    registry.push_index(APP, "1", BOTH)
    says_not_why = Answer(401, headers={"WWW-Authenticate": desk.challenge(APP, None)})
    registry.will_answer(says_not_why, to=HEAD, times=9)

    with pytest.raises(Denied):
        await connection.look(TAG)
    with pytest.raises(Denied):
        await connection.look(TAG)

    assert registry.requests == [HEAD, TOKEN, HEAD, TOKEN, HEAD]


@dataclass
class Recorded(Transport):
    """Sends nothing; every token is "t"."""

    sent: list[tuple[Request, str | None]] = field(default_factory=list)

    async def send(self, request: Request, *, authorization: str | None = None) -> Answered:
        self.sent.append((request, authorization))
        return Answered(200, CIMultiDictProxy(CIMultiDict()), b'{"token":"t"}')


@pytest.mark.parametrize(
    ("realm", "sees_login"),
    [
        pytest.param("https://auth.docker.io/token", True, id="the registry's own"),
        pytest.param("https://collector.example.com/token", False, id="anybody's"),
    ],
)
async def test_a_token_service_nobody_vouches_for_sees_no_login(
    realm: str, sees_login: bool
) -> None:
    settings = RegistrySettings("docker.io", username="robot", password=Secret(CANARY))
    request = Questions(RegistryPolicy([settings])).manifest(
        "HEAD", reference_to("node:22"), "22", urgent=False, login=True
    )
    headers = CIMultiDictProxy(CIMultiDict({"WWW-Authenticate": f'Bearer realm="{realm}"'}))
    transport = Recorded()
    authority = Authority(transport, credentials=CredentialBook(), clock=lambda: NOW)

    authorization = await authority.after_refusal(request, Answered(401, headers, b""), ANONYMOUS)

    assert authorization.header == "Bearer t"
    assert [header for _, header in transport.sent] == [LOGIN.header if sees_login else None]


async def test_of_several_challenges_bearer_is_taken(
    registry: ScriptedRegistry,
) -> None:
    desk = registry.require_tokens()
    digest = registry.push_index(APP, "1", BOTH).digest
    both = f'Basic realm="x", {desk.challenge(APP, None)}'
    registry.will_answer(Answer(401, headers={"WWW-Authenticate": both}))
    settings = registry.settings(username="robot", password=Secret(CANARY))

    async with connected(settings) as connection:
        with pytest.raises(Denied):
            await connection.look(TAG)
        await connection.look(TAG, known=digest)

    assert registry.requests == [HEAD, TOKEN, TOKEN, HEAD]


async def test_a_registry_that_takes_to_tokens_later_is_followed(
    registry: ScriptedRegistry,
) -> None:
    registry.basic = LOGIN
    digest = registry.push_index(APP, "1", BOTH).digest
    settings = registry.settings(username="robot", password=Secret(CANARY))

    async with connected(settings) as connection:
        await connection.look(TAG, known=digest)
        registry.basic = None
        registry.require_tokens(login=LOGIN)
        registry.clear()
        await connection.look(TAG, known=digest)

    assert registry.requests == [HEAD, TOKEN, HEAD]


async def test_two_workers_with_the_same_stale_token_fetch_one(
    registry: ScriptedRegistry,
) -> None:
    desk = registry.require_tokens(expires_in=None)
    digest = registry.push_index(APP, "1", BOTH).digest
    async with connected(registry.settings(concurrency=8)) as connection:
        await connection.look(TAG, known=digest)
        desk.revoke_all()
        registry.clear()

        looks = [connection.look(TAG, known=digest) for _ in range(8)]
        answers = await asyncio.gather(*looks)

    assert {type(answer) for answer in answers} == {TagUnchanged}
    assert registry.requests.count(TOKEN) == 1


async def test_a_first_contact_that_fails_does_not_hold_the_others_back(
    registry: ScriptedRegistry,
) -> None:
    digest = registry.push_index(APP, "1", BOTH).digest
    registry.will_answer(Answer(500), times=2)

    async with connected(registry.settings(concurrency=1)) as connection:
        looks = [connection.look(TAG, known=digest) for _ in range(3)]
        answers = await asyncio.gather(*looks, return_exceptions=True)

    failed = [answer for answer in answers if isinstance(answer, RegistryError)]
    assert len(failed) <= 1
    assert sum(isinstance(answer, TagUnchanged) for answer in answers) >= 2


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Answer(401, headers={"WWW-Authenticate": "Basic"}), id="401"),
        pytest.param(Answer(403), id="403"),
        pytest.param(Answer(500), id="500"),
        pytest.param(Answer(garbage=b"HTTP/1.1 abc\r\n\r\n"), id="garbage"),
        pytest.param(Answer(never=True), id="silence"),
    ],
)
async def test_no_error_and_no_log_shows_a_password_or_a_token(
    registry: ScriptedRegistry,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    trouble: Answer,
) -> None:
    caplog.set_level(logging.DEBUG)
    registry.require_tokens(login=LOGIN)
    registry.push_index(APP, "1", BOTH)
    registry.will_answer(trouble, to=TOKEN, times=6)
    settings = registry.settings(username="robot", password=Secret(CANARY))
    timeouts = Timeouts(connect_s=1, read_s=0.2, total_s=1)

    async with connected(settings, timeouts=timeouts) as connection:
        with pytest.raises(RegistryError) as caught:
            await connection.look(TAG)

    hidden = (CANARY, b64encode(f"robot:{CANARY}".encode()).decode(), "scope=")
    ours = [each for each in caplog.records if not each.name.startswith("aiohttp.")]
    shown = (
        f"{caught.value!r} {caught.value} {settings!r} {settings} "
        + "".join(each.getMessage() for each in ours)
        + "".join(capsys.readouterr())
    )
    assert not any(secret in shown for secret in hidden)
