"""Strangers cannot make us connect into our own network, by no way."""

from collections.abc import AsyncIterator

import pytest

from bot.core.errors import EgressRefused, MalformedAnswer, ProxyFailed, UnlistedRegistry
from bot.core.reference import Reference
from bot.net.secret import Secret
from bot.ports.registry import TagUnchanged
from tests.support.listening import Listener, NamesAt, listener
from tests.support.registry_client import Connection, connected
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry

APP = "team/app"
TAG = "registry.test/team/app:1"
HEAD = "HEAD /v2/team/app/manifests/1"


@pytest.fixture
async def victim() -> AsyncIterator[Listener]:
    async with listener() as listening:
        yield listening


@pytest.mark.parametrize("anybody", [True, False], ids=["any public registry", "listed ones"])
@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "10.0.0.1",
        "0.0.0.0",
        "metadata.localhost",
    ],
)
async def test_a_host_that_is_private_by_its_spelling_is_never_asked(
    victim: Listener, host: str, anybody: bool
) -> None:
    reference = Reference(f"{host}:{victim.port}", APP, "1")

    async with connected(allow_any_public=anybody) as connection:
        with pytest.raises(EgressRefused, match="add it to the configuration"):
            await connection.client.fetch_tag(reference, known_digest=None, etag=None, urgent=True)

    assert victim.connections == 0


async def test_a_registry_nobody_listed_is_not_asked(victim: Listener) -> None:
    resolver = NamesAt({})

    async with connected(resolver=resolver) as connection:
        with pytest.raises(UnlistedRegistry, match="allow_any_public_registry"):
            await connection.look("registry.example.com/a/b:1")

    assert resolver.asked == []


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param(("127.0.0.1",), id="one"),
        pytest.param(("127.0.0.1", "::1", "10.0.0.1"), id="several"),
        pytest.param(("::ffff:127.0.0.1",), id="mapped"),
    ],
)
async def test_a_name_that_resolves_to_private_addresses_is_refused(
    victim: Listener, addresses: tuple[str, ...]
) -> None:
    resolver = NamesAt({"rebind.example.com": addresses})

    async with connected(allow_any_public=True, resolver=resolver) as connection:
        with pytest.raises(EgressRefused) as refused:
            await connection.look(f"rebind.example.com:{victim.port}/a/b:1")

    assert victim.connections == 0
    assert resolver.asked == ["rebind.example.com"]
    assert not any(address in str(refused.value) for address in addresses)
    assert connection.clock.slept == []


@pytest.mark.parametrize("host", ["127.1", "2130706433.", "0x7f.1"])
async def test_odd_spellings_of_loopback_lead_nowhere(victim: Listener, host: str) -> None:
    reference = Reference(f"{host}:{victim.port}", APP, "1")
    resolver = NamesAt({host: ("127.0.0.1",)})

    async with connected(allow_any_public=True, resolver=resolver) as connection:
        with pytest.raises(EgressRefused):
            await connection.client.fetch_tag(reference, known_digest=None, etag=None, urgent=True)

    assert victim.connections == 0


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("http://127.0.0.1:{port}/x", id="http"),
        pytest.param("https://127.0.0.1:{port}/x", id="https"),
        pytest.param("https://localhost:{port}/x", id="localhost"),
        pytest.param("https://[::1]:{port}/x", id="IPv6"),
        pytest.param("https://rebind.example.com:{port}/x", id="a name"),
    ],
)
class TestPointedAt:
    """A registry that may be asked points somewhere else."""

    @pytest.fixture
    async def connection(self, registry: ScriptedRegistry) -> AsyncIterator[Connection]:
        resolver = NamesAt({"rebind.example.com": ("127.0.0.1",)})
        settings = registry.settings(username="robot", password=Secret("canary-password"))
        async with connected(settings, resolver=resolver) as opened:
            yield opened

    async def test_a_redirect_into_our_network_is_refused(
        self, registry: ScriptedRegistry, victim: Listener, connection: Connection, where: str
    ) -> None:
        registry.knows(APP)
        location = where.format(port=victim.port)
        registry.will_answer(Answer(307, headers={"Location": location}))

        with pytest.raises(EgressRefused):
            await connection.look(TAG)

        assert victim.connections == 0
        assert registry.requests == [HEAD]

    async def test_a_realm_in_our_network_is_refused(
        self, registry: ScriptedRegistry, victim: Listener, connection: Connection, where: str
    ) -> None:
        registry.knows(APP)
        challenge = f'Bearer realm="{where.format(port=victim.port)}",service="s"'
        registry.will_answer(Answer(401, headers={"WWW-Authenticate": challenge}))

        with pytest.raises(EgressRefused):
            await connection.look(TAG)

        assert victim.connections == 0
        assert registry.requests == [HEAD]


async def test_behind_a_proxy_literal_private_addresses_are_refused_as_well(
    registry: ScriptedRegistry, victim: Listener
) -> None:
    registry.knows(APP)
    location = f"https://127.0.0.1:{victim.port}/"
    registry.will_answer(Answer(307, headers={"Location": location}))
    proxy = f"http://127.0.0.1:{victim.port}"

    async with connected(registry.settings(), proxy=proxy) as connection:
        with pytest.raises(EgressRefused):
            await connection.look(TAG)

    assert victim.connections == 0


async def test_a_public_registry_is_reached_through_the_proxy(victim: Listener) -> None:
    async with connected(proxy=f"http://127.0.0.1:{victim.port}") as connection:
        with pytest.raises(ProxyFailed, match="proxy"):
            await connection.look("ghcr.io/team/app:1")

    assert set(victim.lines) == {"CONNECT ghcr.io:443 HTTP/1.1"}


@pytest.mark.parametrize(
    "proxy",
    [
        pytest.param("http://127.0.0.1:9", id="down"),
        pytest.param("http://proxy.invalid:3128", id="no such name"),
    ],
)
async def test_a_proxy_that_cannot_be_reached_is_not_taken_for_the_registry(proxy: str) -> None:
    async with connected(proxy=proxy) as connection:
        with pytest.raises(ProxyFailed, match="proxy"):
            await connection.look("ghcr.io/team/app:1")


async def test_a_private_registry_is_reached_past_the_proxy(
    registry: ScriptedRegistry, victim: Listener
) -> None:
    digest = registry.push_index(APP, "1", ["linux/arm64"]).digest
    proxy = f"http://127.0.0.1:{victim.port}"

    async with connected(registry.settings(), proxy=proxy) as connection:
        answer = await connection.look(TAG, known=digest)

    assert isinstance(answer, TagUnchanged)
    assert victim.connections == 0


async def test_a_name_for_no_repository_makes_no_request(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    reference = Reference("registry.test", "../../etc", "1")

    with pytest.raises(MalformedAnswer):
        await connection.client.fetch_tag(reference, known_digest=None, etag=None, urgent=False)
    with pytest.raises(MalformedAnswer):
        await connection.client.fetch_tag(
            Reference("registry.test", APP, "a/../b"), known_digest=None, etag=None, urgent=False
        )

    assert registry.requests == []


async def test_plain_http_is_only_for_registries_configured_for_it(
    registry: ScriptedRegistry,
) -> None:
    settings = registry.settings(plain_http=False)

    async with connected(settings) as connection:
        with pytest.raises(EgressRefused):
            await connection.look(TAG)

    assert registry.requests == []


async def test_a_private_address_is_only_for_registries_configured_for_it(
    registry: ScriptedRegistry,
) -> None:
    settings = registry.settings(allow_private=False)

    async with connected(settings) as connection:
        with pytest.raises(EgressRefused):
            await connection.look(TAG)

    assert registry.requests == []
