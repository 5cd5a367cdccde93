"""Which session reaches what."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from yarl import URL

from bot.core.errors import ConfigurationError, EgressRefused, TlsFailed
from bot.net.egress import AddressRefused
from bot.net.sessions import Sessions, Timeouts
from bot.net.settings import RegistrySettings
from bot.ports.registry import TagUnchanged
from tests.support.authority import Authority
from tests.support.registry_client import connected
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry, scripted_registry

APP = "team/app"
TAG = "registry.test/team/app:1"
OWN = RegistrySettings(
    "own.test:5000", plain_http=True, allow_private=True, auth_hosts=("auth.test", "auth.test:81")
)
OWN_BASE = URL("http://own.test:5000")
TLS = RegistrySettings("tls.test", allow_private=True, auth_hosts=("auth.test",))
TLS_BASE = URL("https://tls.test")


@pytest.fixture
async def sessions() -> AsyncIterator[Sessions]:
    async with Sessions([OWN, TLS], user_agent="archbell/test") as opened:
        yield opened


@pytest.mark.parametrize(
    ("settings", "base", "url"),
    [
        pytest.param(OWN, OWN_BASE, "http://own.test:5000/v2/x", id="its endpoint"),
        pytest.param(OWN, OWN_BASE, "http://auth.test/token", id="a listed host"),
        pytest.param(OWN, OWN_BASE, "http://auth.test:81/token", id="a listed host and port"),
        pytest.param(OWN, OWN_BASE, "https://auth.test/token", id="a listed host by https"),
        pytest.param(TLS, TLS_BASE, "https://tls.test:443/v2/x", id="its endpoint by https"),
        pytest.param(TLS, TLS_BASE, "https://auth.test/token", id="a listed host of TLS"),
    ],
)
async def test_a_private_registrys_session_serves_what_belongs_to_it(
    sessions: Sessions, settings: RegistrySettings, base: URL, url: str
) -> None:
    assert sessions.of(settings, URL(url), base=base) is not sessions.world


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.test/blob",
        "https://own.test:5000/v2/x",
        "https://auth.test:82/token",
        "https://8.8.8.8/",
    ],
)
async def test_anything_else_goes_the_way_of_strangers(sessions: Sessions, url: str) -> None:
    assert sessions.of(OWN, URL(url), base=OWN_BASE) is sessions.world
    assert sessions.of(RegistrySettings("x"), URL(url), base=URL("https://x")) is sessions.world


@pytest.mark.parametrize(
    ("settings", "base", "url"),
    [
        pytest.param(OWN, OWN_BASE, "http://own.test:5001/", id="another port"),
        pytest.param(OWN, OWN_BASE, "http://auth.test:82/", id="a listed host's other port"),
        pytest.param(TLS, TLS_BASE, "http://tls.test/", id="no https"),
        pytest.param(TLS, TLS_BASE, "http://auth.test/", id="a listed host without https"),
        pytest.param(TLS, URL("http://tls.test"), "http://tls.test/", id="an endpoint without"),
        pytest.param(OWN, OWN_BASE, "https://127.0.0.1/", id="a private address"),
        pytest.param(OWN, OWN_BASE, "https://localhost/", id="localhost"),
        pytest.param(OWN, OWN_BASE, "ftp://own.test:5000/", id="another scheme"),
    ],
)
async def test_what_is_neither_own_nor_public_https_is_refused(
    sessions: Sessions, settings: RegistrySettings, base: URL, url: str
) -> None:
    with pytest.raises(AddressRefused):
        sessions.of(settings, URL(url), base=base)


async def test_closing_closes_all_and_twice_is_no_harm(sessions: Sessions) -> None:
    own = sessions.of(OWN, OWN_BASE, base=OWN_BASE)

    await sessions.close()
    await sessions.close()

    assert own.closed
    assert sessions.world.closed


async def test_the_environment_names_no_proxy_and_cookies_are_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with scripted_registry() as registry, connected(registry.settings()) as connection:
        digest = registry.push_index(APP, "1", ["linux/arm64"]).digest
        registry.headers = {"Set-Cookie": "canary=1"}

        for _ in range(2):
            assert isinstance(await connection.look(TAG, known=digest), TagUnchanged)

        assert not any("Cookie" in seen.headers for seen in registry.seen)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


class TestTls:
    """Certificates are always checked."""

    @pytest.fixture
    async def registry(self, authority: Authority) -> AsyncIterator[ScriptedRegistry]:
        async with scripted_registry(ssl=authority.context) as served:
            yield served

    async def test_a_registry_of_a_configured_authority_is_trusted(
        self, registry: ScriptedRegistry, authority: Authority
    ) -> None:
        digest = registry.push_index(APP, "1", ["linux/arm64"]).digest
        settings = registry.settings(plain_http=False, ca_file=authority.ca_file)

        async with connected(settings) as connection:
            answer = await connection.look(TAG, known=digest)

        assert isinstance(answer, TagUnchanged)

    async def test_a_registry_of_an_unknown_authority_is_not(
        self, registry: ScriptedRegistry
    ) -> None:
        timeouts = Timeouts(connect_s=2, read_s=1, total_s=3)

        async with connected(registry.settings(plain_http=False), timeouts=timeouts) as connection:
            with pytest.raises(TlsFailed, match="certificate is not trusted"):
                await connection.look(TAG)

        assert registry.requests == []

    async def test_a_redirect_away_from_https_is_refused_even_to_a_plain_http_registry(
        self, registry: ScriptedRegistry, authority: Authority
    ) -> None:
        registry.knows(APP)
        async with scripted_registry() as plain:
            registry.will_answer(Answer(307, headers={"Location": f"{plain.url}/v2/x"}))
            settings = registry.settings(ca_file=authority.ca_file, auth_hosts=(plain.address,))

            async with connected(settings) as connection:
                with pytest.raises(EgressRefused, match="away from https"):
                    await connection.look(TAG)

            assert plain.requests == []

    @pytest.mark.parametrize("content", [None, b"no certificate"], ids=["missing", "broken"])
    async def test_an_authority_that_cannot_be_read_is_a_mistake_of_the_configuration(
        self, tmp_path: Path, content: bytes | None
    ) -> None:
        ca_file = tmp_path / "ca.pem"
        if content is not None:
            ca_file.write_bytes(content)

        with pytest.raises(ConfigurationError, match="ca_file"):
            Sessions([RegistrySettings("registry.test", ca_file=ca_file)], user_agent="test")
