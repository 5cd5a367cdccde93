"""What registries post about pushes, understood: which tags may have moved.

Nothing of it is believed: a tag that is named here is looked at, and that is all.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

from bot.core.document import decode_document
from bot.core.errors import InvalidReference, MalformedEvent, MalformedManifest
from bot.core.reference import (
    DOCKER_HUB,
    Reference,
    is_digest,
    is_repository,
    is_tag,
    parse_reference,
)

MAX_EVENTS = 500
MAX_ID_LENGTH = 200

Document = Mapping[str, Any]


class Sender(Enum):
    """Who posts; the values are those of the configuration."""

    DISTRIBUTION = "distribution"
    DOCKER_HUB = "dockerhub"
    GITHUB = "github"
    HARBOR = "harbor"
    QUAY = "quay"
    GENERIC = "generic"


USUAL_REGISTRY: Mapping[Sender, str] = MappingProxyType(
    {Sender.DOCKER_HUB: DOCKER_HUB, Sender.GITHUB: "ghcr.io", Sender.QUAY: "quay.io"}
)
"""The host in references, where a sender speaks for one registry."""


SECRET_IN_ADDRESS = frozenset({Sender.DOCKER_HUB, Sender.QUAY})
"""Senders that can prove nothing but that they know where to post."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A tag that may have moved, or be gone.

    digest: where it may point now; None if the sender does not say. event: the sender's own id of
    what happened, the same when it is told again; None if there is none.
    """

    reference: Reference
    digest: str | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """All that one post says; ignored: how much of it is about no tag of the registry."""

    pushed: tuple[Pushed, ...]
    ignored: int


def read_notice(
    sender: Sender, body: bytes, *, registry: str | None, event_type: str, cap_bytes: int
) -> Notice:
    """What a post says.

    registry: the one host that the sender speaks for; None for any, where it names the host itself.
    event_type: what the sender says of it outside the body. Raises MalformedEvent, and nothing
    else, for what the sender does not send.
    """
    try:
        document = decode_document(body, cap_bytes, "event")
    except MalformedManifest as error:
        raise MalformedEvent(str(error)) from error
    told = list(_READERS[sender](document, event_type))
    pushed = [each for each in (_pushed(one, registry) for one in told) if each is not None]
    return Notice(tuple(pushed), len(told) - len(pushed))


@dataclass(frozen=True, slots=True)
class _Told:
    """What an event says, unchecked; without a tag it is about none."""

    repository: str | None = None
    tag: str | None = None
    digest: str | None = None
    event: str | None = None
    registry: str | None = None


_NOTHING = _Told()


def _pushed(told: _Told, registry: str | None) -> Pushed | None:
    host = registry or told.registry
    if host is None or told.repository is None or told.tag is None:
        return None
    if told.registry not in {None, host}:
        return None
    if not is_repository(told.repository) or not is_tag(told.tag):
        return None
    digest = told.digest if told.digest is not None and is_digest(told.digest) else None
    event = told.event if told.event is not None and len(told.event) <= MAX_ID_LENGTH else None
    return Pushed(Reference(host, told.repository, told.tag), digest, event)


def _distribution(document: Document, _: str) -> Iterator[_Told]:
    """An envelope of events; Azure's registry sends the same events one by one, without it.

    Source: distribution, "Notifications", and Azure Container Registry, "Webhook reference".
    """
    events = [document] if "action" in document else _list(document, "events")
    for event in events:
        if not isinstance(event, dict):
            raise MalformedEvent("An event is no JSON object.")
        action, target = _text(event, "action"), event.get("target")
        # Pulls are ignored: the bot's own looks come back as such.
        if action not in {"push", "delete"} or not isinstance(target, dict):
            yield _NOTHING
            continue
        yield _Told(
            repository=_text(target, "repository"),
            tag=_text(target, "tag"),
            digest=_text(target, "digest") if action == "push" else None,
            event=_text(event, "id"),
        )


def _docker_hub(document: Document, _: str) -> Iterator[_Told]:
    """Source: Docker Hub, "Webhooks", "Example webhook payload"."""
    tag, name = _text(document, "push_data", "tag"), _text(document, "repository", "repo_name")
    if tag is None or name is None:
        raise MalformedEvent("No push_data.tag and repository.repo_name.")
    yield _Told(repository=name if "/" in name else f"library/{name}", tag=tag)


def _github(document: Document, event_type: str) -> Iterator[_Told]:
    """Source: GitHub, "Webhook events and payloads", package and registry_package."""
    if event_type not in {"package", "registry_package"}:
        yield _NOTHING
        return
    package = document.get(event_type)
    if not isinstance(package, dict):
        raise MalformedEvent(f"No {event_type}.")
    if _text(document, "action") not in {"published", "updated"}:
        yield _NOTHING
        return
    container = ("package_version", "container_metadata")
    yield _Told(
        repository=_repository_of(package),
        tag=_text(package, *container, "tag", "name"),
        digest=_text(package, *container, "tag", "digest"),
    )


def _repository_of(package: Document) -> str | None:
    """owner/image, in small letters: GitHub keeps the case in which people write their names."""
    url = _text(package, "package_version", "package_url") or ""
    path = re.split("[:@]", url.partition("/")[2], maxsplit=1)[0].lower()
    if is_repository(path):
        return path
    owner, name = _text(package, "namespace"), _text(package, "name")
    return None if owner is None or name is None else f"{owner}/{name}".lower()


def _harbor(document: Document, _: str) -> Iterator[_Told]:
    """The default form and that of CloudEvents, which alone has an id.

    Source: Harbor, "Configure Webhook Notifications".
    """
    kind = _text(document, "type")
    if kind is None:
        raise MalformedEvent("No type.")
    if kind not in _HARBOR_EVENTS:
        yield _NOTHING
        return
    where, is_push = _HARBOR_EVENTS[kind]
    content = document.get(where)
    if not isinstance(content, dict):
        raise MalformedEvent(f"No {where}.")
    for resource in _list(content, "resources"):
        if not isinstance(resource, dict):
            raise MalformedEvent("A resource is no JSON object.")
        yield _Told(
            repository=_text(content, "repository", "repo_full_name"),
            tag=_text(resource, "tag"),
            digest=_text(resource, "digest") if is_push else None,
            event=_text(document, "id"),
        )


_HARBOR_EVENTS: Mapping[str, tuple[str, bool]] = MappingProxyType(
    {
        "PUSH_ARTIFACT": ("event_data", True),
        "DELETE_ARTIFACT": ("event_data", False),
        "harbor.artifact.pushed": ("data", True),
        "harbor.artifact.deleted": ("data", False),
    }
)


def _quay(document: Document, _: str) -> Iterator[_Told]:
    """Tags as a list; older servers sent an object whose keys they are.

    Source: Red Hat Quay, "Repository events", and quay's own notificationevent.py.
    """
    repository = _text(document, "repository")
    if repository is None:
        raise MalformedEvent("No repository.")
    tags = document.get("updated_tags")
    if tags is None:
        yield _NOTHING
        return
    if not isinstance(tags, (list, dict)) or len(tags) > MAX_EVENTS:
        raise MalformedEvent(f"updated_tags is no list of at most {MAX_EVENTS}.")
    for tag in tags:
        yield _Told(repository=repository, tag=tag if isinstance(tag, str) else None)


def _generic(document: Document, _: str) -> Iterator[_Told]:
    """One event, or several in a list `events`: an image as people type it, or repository and tag.

    Source: docs/push.md.
    """
    events = _list(document, "events") if "events" in document else [document]
    for event in events:
        if not isinstance(event, dict):
            raise MalformedEvent("An event is no JSON object.")
        digest, own_id = _text(event, "digest"), _text(event, "id")
        image = _text(event, "image")
        if image is not None:
            named = _typed(image)
            yield _Told(named.repository, named.tag, digest, own_id, named.registry)
            continue
        repository, tag = _text(event, "repository"), _text(event, "tag")
        if repository is None or tag is None:
            raise MalformedEvent("Neither image nor repository and tag.")
        yield _Told(repository, tag, digest, own_id)


def _typed(image: str) -> Reference:
    try:
        return parse_reference(image)
    except InvalidReference as error:
        raise MalformedEvent(str(error)) from error


_READERS: Mapping[Sender, Callable[[Document, str], Iterator[_Told]]] = MappingProxyType(
    {
        Sender.DISTRIBUTION: _distribution,
        Sender.DOCKER_HUB: _docker_hub,
        Sender.GITHUB: _github,
        Sender.HARBOR: _harbor,
        Sender.QUAY: _quay,
        Sender.GENERIC: _generic,
    }
)


def _text(document: Document, *path: str) -> str | None:
    """The text at the end of a path through objects; None if there is none, or an empty one."""
    found: Any = document
    for key in path:
        if not isinstance(found, dict):
            return None
        found = found.get(key)
    return found if isinstance(found, str) and found else None


def _list(document: Document, key: str) -> list[Any]:
    found = document.get(key)
    if not isinstance(found, list) or len(found) > MAX_EVENTS:
        raise MalformedEvent(f"{key} is no list of at most {MAX_EVENTS}.")
    return found
