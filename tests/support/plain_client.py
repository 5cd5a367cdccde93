"""The least a client can do: single requests to a registry or token server, answers as they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.support.images import ACCEPT
from tests.support.registry_settings import Login
from tests.support.token_server import TokenServer


@dataclass(frozen=True, slots=True)
class Answer:
    """A registry's answer about a manifest; digest and challenge as its headers say."""

    status: int
    digest: str | None
    media_type: str | None
    challenge: str
    body: bytes

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries of the index in the body."""
        entries: list[dict[str, Any]] = json.loads(self.body)["manifests"]
        return entries

    @property
    def platforms(self) -> list[Mapping[str, str] | None]:
        """The platform of each entry."""
        return [entry.get("platform") for entry in self.entries]


async def ask_manifest(
    base_url: str, repository: str, name: str, *, method: str = "GET", auth: str | None = None
) -> Answer:
    """Ask for a manifest by tag or digest, accepting all four kinds."""
    headers = {"Accept": ACCEPT} | ({"Authorization": auth} if auth else {})
    url = f"{base_url}/v2/{repository}/manifests/{name}"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, url) as response,
    ):
        return Answer(
            status=response.status,
            digest=response.headers.get("Docker-Content-Digest"),
            media_type=response.headers.get("Content-Type"),
            challenge=response.headers.get("WWW-Authenticate", ""),
            body=await response.read(),
        )


async def ask_token(
    tokens: TokenServer, repository: str, *, auth: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Ask for a token to pull from a repository: the status and the answer."""
    registry_auth = tokens.registry_auth
    query = {"service": registry_auth.service, "scope": f"repository:{repository}:pull"}
    headers = {"Authorization": auth} if auth else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(registry_auth.realm, params=query) as response,
    ):
        return response.status, await response.json()


async def fetch_bearer(tokens: TokenServer, repository: str, *, login: Login | None = None) -> str:
    """A token to pull from a repository, as the value of an Authorization header."""
    auth = login.authorization if login else None
    _, answer = await ask_token(tokens, repository, auth=auth)
    return f"Bearer {answer['token']}"
