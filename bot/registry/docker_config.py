"""docker's config.json: the logins it holds, and the programs that keep the others.

Source: docker/cli, docs "docker login", "Credential stores" and "Credential helpers".
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.reference import DOCKER_HUB
from bot.net.secret import Secret
from bot.registry.credentials import IDENTITY_USER, Credential, Kind, password

HUB_KEY = "https://index.docker.io/v1/"
"""What docker calls Docker Hub, from the days of its first protocol."""
_HUB_NAMES = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_HUB_TOKENS = ("/access-token", "/refresh-token")
"""Where Docker Desktop keeps what is for Docker Hub's site, not for its registry."""
_HELPER = re.compile(r"[a-z0-9._-]+")


class MalformedDockerConfig(ValueError):
    """Not what docker writes; the sentence holds nothing of the contents."""


@dataclass(frozen=True, slots=True)
class DockerConfig:
    """What a config.json says, by registry as references name it; helpers by their short names."""

    auths: Mapping[str, Credential] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str | None = None
    named: frozenset[str] = frozenset()

    def helper_of(self, registry: str) -> str | None:
        """The program that keeps this registry's login; None if the file itself would."""
        return self.helpers.get(registry, self.store)

    def may_keep(self, registry: str) -> bool:
        """Whether there may be a login for this registry."""
        return registry in self.auths or self.helper_of(registry) is not None


def parse_docker_config(text: str | bytes, *, source: str) -> DockerConfig:
    """The contents of a config.json. source names it in sentences. Raises MalformedDockerConfig.

    named: the registries it speaks of, with or without a login of their own in the file.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedDockerConfig(f"{source}: not valid JSON") from None
    auths = _table(content, "auths", source)
    helpers = _table(content, "credHelpers", source)
    store = content.get("credsStore") or None
    return DockerConfig(
        auths=dict(_logins(auths, source)),
        helpers={
            registry: _helper(helpers[key], "credHelpers", source)
            for registry, key in _by_registry(helpers)
        },
        store=None if store is None else _helper(store, "credsStore", source),
        named=frozenset(
            registry for keys in (auths, helpers) for registry, _ in _by_registry(keys)
        ),
    )


def server_url(registry: str) -> str:
    """What docker calls a registry in its keys and towards helpers."""
    return HUB_KEY if registry == DOCKER_HUB else registry


def _table(content: object, key: str, source: str) -> dict[str, Any]:
    table = content.get(key) if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(table or {}, dict):
        raise MalformedDockerConfig(f"{source}: `{key}` is not what docker writes")
    return table or {}


def _by_registry(keys: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each registry with its key; docker's own spelling goes before any other, so comes last."""
    spelt = [(_registry_of(key), key) for key in keys]
    return iter(sorted(spelt, key=lambda pair: server_url(pair[0]) == pair[1]))


def _registry_of(key: str) -> str:
    host, _, path = re.sub(r"^https?://", "", key).partition("/")
    if host in _HUB_NAMES and f"/{path}".rstrip("/").endswith(_HUB_TOKENS):
        return key
    return DOCKER_HUB if host in _HUB_NAMES else host.lower()


def _logins(auths: Mapping[str, Any], source: str) -> Iterator[tuple[str, Credential]]:
    for registry, key in _by_registry(auths):
        entry = auths[key]
        if not isinstance(entry, dict):
            raise MalformedDockerConfig(f"{source}: `auths` has an entry that is not one")
        credential = _credential(entry, f"{source}, `auths`")
        if credential is not None:
            yield registry, credential


def _credential(entry: Mapping[str, Any], source: str) -> Credential | None:
    """The login of one entry; None for the empty ones docker writes beside a credsStore."""
    user, secret = _pair(entry, source)
    identity, token = entry.get("identitytoken"), entry.get("registrytoken")
    if isinstance(token, str) and token:
        return Credential(Kind.REGISTRY_TOKEN, user, Secret(token), source)
    if isinstance(identity, str) and identity:
        return Credential(Kind.IDENTITY_TOKEN, user or IDENTITY_USER, Secret(identity), source)
    return password(user, secret, source=source) if user else None


def _pair(entry: Mapping[str, Any], source: str) -> tuple[str, str]:
    auth = entry.get("auth") or ""
    if not auth:
        return str(entry.get("username") or ""), str(entry.get("password") or "")
    try:
        user, colon, secret = b64decode(auth, validate=True).decode().partition(":")
    except (ValueError, TypeError):
        colon = user = secret = ""
    if not colon:
        raise MalformedDockerConfig(f"{source}: an `auth` is not base64 of user:password")
    return user, secret.rstrip("\0")


def _helper(name: object, key: str, source: str) -> str:
    if not isinstance(name, str) or not _HELPER.fullmatch(name):
        raise MalformedDockerConfig(f"{source}: `{key}` names what cannot be a helper")
    return name
