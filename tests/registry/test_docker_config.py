"""What docker's config.json says."""

import json
from base64 import b64encode
from typing import Any

import pytest

from bot.registry.credentials import Kind
from bot.registry.docker_config import (
    HUB_KEY,
    DockerConfig,
    MalformedDockerConfig,
    parse_docker_config,
    server_url,
)

CANARY = "canary:password"


def basic(user: str = "robot", secret: str = CANARY) -> dict[str, str]:
    return {"auth": b64encode(f"{user}:{secret}".encode()).decode()}


def parsed(**content: Any) -> DockerConfig:
    return parse_docker_config(json.dumps(content), source="config.json")


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        pytest.param("registry.test:5000", "registry.test:5000", id="host"),
        pytest.param("https://registry.test", "registry.test", id="scheme"),
        pytest.param("http://registry.test/v1/", "registry.test", id="scheme-and-path"),
        pytest.param("Registry.Test", "registry.test", id="capitals"),
        pytest.param(HUB_KEY, "docker.io", id="hub"),
        pytest.param("index.docker.io", "docker.io", id="hub-index"),
        pytest.param("docker.io", "docker.io", id="hub-name"),
        pytest.param("https://registry-1.docker.io", "docker.io", id="hub-endpoint"),
    ],
)
def test_a_key_in_any_spelling_is_for_its_registry(key: str, registry: str) -> None:
    config = parsed(auths={key: basic()}, credHelpers={key: "vault"})

    assert config.auths[registry].secret.reveal() == CANARY
    assert config.helper_of(registry) == "vault"
    assert config.named == {registry}


def test_dockers_own_spelling_of_a_key_goes_before_others() -> None:
    old = basic("old")
    config = parsed(
        auths={
            "docker.io": old,
            HUB_KEY: basic(),
            "https://index.docker.io": old,
            "ghcr.io": basic(),
            "https://ghcr.io/v1/": old,
        }
    )

    assert config.auths["docker.io"].user == "robot"
    assert config.auths["ghcr.io"].user == "robot"


def test_docker_desktops_tokens_for_the_site_are_not_for_the_registry() -> None:
    config = parsed(
        auths={f"{HUB_KEY}access-token": basic("site"), f"{HUB_KEY}refresh-token": basic("site")}
    )

    assert "docker.io" not in config.auths


@pytest.mark.parametrize(
    ("entry", "kind", "user", "secret"),
    [
        pytest.param(basic(), Kind.PASSWORD, "robot", CANARY, id="password"),
        pytest.param(basic(secret="a\0\0"), Kind.PASSWORD, "robot", "a", id="padded"),
        pytest.param(
            {"username": "robot", "password": "a"}, Kind.PASSWORD, "robot", "a", id="in-the-clear"
        ),
        pytest.param(
            {**basic("id", ""), "identitytoken": "t"}, Kind.IDENTITY_TOKEN, "id", "t", id="identity"
        ),
        pytest.param(
            {"identitytoken": "t"}, Kind.IDENTITY_TOKEN, "<token>", "t", id="identity-alone"
        ),
        pytest.param(
            basic("<token>", "t"), Kind.IDENTITY_TOKEN, "<token>", "t", id="identity-as-password"
        ),
        pytest.param({"registrytoken": "t"}, Kind.REGISTRY_TOKEN, "", "t", id="registry-token"),
    ],
)
def test_an_entry_is_a_login(entry: dict[str, str], kind: Kind, user: str, secret: str) -> None:
    login = parsed(auths={"registry.test": entry}).auths["registry.test"]

    assert (login.kind, login.user, login.secret.reveal()) == (kind, user, secret)
    assert login.source == "config.json, `auths`"


def test_the_empty_entries_beside_a_store_are_no_logins_but_names() -> None:
    config = parsed(auths={"registry.test": {}}, credsStore="desktop")

    assert config.auths == {}
    assert config.named == {"registry.test"}
    assert config.helper_of("registry.test") == "desktop"


def test_a_registrys_own_helper_goes_before_the_store_and_the_file() -> None:
    config = parsed(
        auths={"a.test": basic()}, credsStore="desktop", credHelpers={"a.test": "ecr-login"}
    )

    assert config.helper_of("a.test") == "ecr-login"
    assert config.helper_of("b.test") == "desktop"


def test_without_helpers_and_entries_there_is_nothing() -> None:
    config = parsed(HttpHeaders={"User-Agent": "x"}, credsStore="")

    assert config == DockerConfig()
    assert not config.may_keep("docker.io")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="not-json"),
        pytest.param("[]", id="a-list"),
        pytest.param('{"auths": ["canary"]}', id="auths-a-list"),
        pytest.param('{"auths": {"a.test": "canary"}}', id="an-entry-a-text"),
        pytest.param('{"auths": {"a.test": {"auth": "canary"}}}', id="not-base64"),
        pytest.param('{"auths": {"a.test": {"auth": 7}}}', id="a-number"),
        pytest.param('{"auths": {"a.test": {"auth": "Y2FuYXJ5"}}}', id="no-colon"),
        pytest.param('{"credsStore": "../canary"}', id="a-path-for-a-helper"),
        pytest.param('{"credsStore": 7}', id="a-number-for-a-helper"),
        pytest.param('{"credHelpers": {"a.test": "x; canary"}}', id="a-command-for-a-helper"),
        pytest.param('{"credHelpers": "canary"}', id="helpers-a-text"),
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_what_docker_does_not_write_is_one_sentence_without_its_contents(text: str) -> None:
    with pytest.raises(MalformedDockerConfig) as caught:
        parse_docker_config(text, source="/home/me/config.json")

    assert str(caught.value).startswith("/home/me/config.json")
    assert "canary" not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_login_shows_no_secret() -> None:
    assert CANARY not in repr(parsed(auths={"a.test": basic()}))


def test_docker_calls_its_hub_by_an_old_name() -> None:
    assert server_url("docker.io") == "https://index.docker.io/v1/"
    assert server_url("ghcr.io") == "ghcr.io"
