"""What can be asked about a reference, as requests."""

from collections.abc import Mapping

from yarl import URL

from bot.core.errors import MalformedAnswer
from bot.core.reference import DEFAULT_TAG, Reference, is_digest, is_repository, is_tag
from bot.registry.exchange import (
    MAX_CONFIG_BYTES,
    MAX_MANIFEST_BYTES,
    MAX_TAGS_BYTES,
    Request,
)
from bot.registry.policy import Endpoint, RegistryPolicy

ACCEPT = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
"""In one line and complete: with less, registries say that a tag is missing, or name a child."""
TAGS_A_PAGE = 1000
_NO_CONDITION: Mapping[str, str] = {}


class Questions:
    """Makes requests whose URLs consist of what the grammar of references allows, and no more.

    Raises UnlistedRegistry and EgressRefused for registries that may not be asked, MalformedAnswer
    for digests from a manifest that are none. Source: CVE-2024-3727.
    """

    def __init__(self, policy: RegistryPolicy) -> None:
        self._policy = policy

    def manifest(
        self,
        method: str,
        reference: Reference,
        target: str,
        *,
        urgent: bool,
        login: bool,
        condition: Mapping[str, str] = _NO_CONDITION,
    ) -> Request:
        """HEAD or GET a manifest of the reference's repository by tag or digest."""
        endpoint = self._policy.find(reference.registry)
        if not is_tag(target):
            _check_digest(reference, target)
        return Request(
            endpoint=endpoint,
            method=method,
            url=_url(endpoint, reference, f"manifests/{target}"),
            repository=reference.repository,
            subject=_subject(reference),
            headers={"Accept": ACCEPT, **condition},
            max_bytes=MAX_MANIFEST_BYTES,
            pull=method == "GET",
            urgent=urgent,
            login=login,
        )

    def blob(self, reference: Reference, digest: str, *, urgent: bool, login: bool) -> Request:
        """GET a small blob, such as an image's config."""
        endpoint = self._policy.find(reference.registry)
        _check_digest(reference, digest)
        return Request(
            endpoint=endpoint,
            method="GET",
            url=_url(endpoint, reference, f"blobs/{digest}"),
            repository=reference.repository,
            subject=_subject(reference),
            headers={},
            max_bytes=MAX_CONFIG_BYTES,
            urgent=urgent,
            login=login,
        )

    def tags(
        self,
        reference: Reference,
        *,
        urgent: bool,
        login: bool,
        condition: Mapping[str, str] = _NO_CONDITION,
    ) -> Request:
        """GET the first page of the repository's tags."""
        endpoint = self._policy.find(reference.registry)
        return Request(
            endpoint=endpoint,
            method="GET",
            url=_url(endpoint, reference, f"tags/list?n={TAGS_A_PAGE}"),
            repository=reference.repository,
            subject=f"the tags of {reference.repository}",
            headers={"Accept": "application/json", **condition},
            max_bytes=MAX_TAGS_BYTES,
            urgent=urgent,
            login=login,
        )


def target_of(reference: Reference) -> str:
    """What stands for the reference in a URL: its digest if it is pinned, else its tag."""
    return reference.digest or reference.tag or DEFAULT_TAG


def _url(endpoint: Endpoint, reference: Reference, path: str) -> URL:
    if not is_repository(reference.repository):
        raise MalformedAnswer(reference.registry, "no repository can have such a name")
    return URL(f"{endpoint.prefix}/v2/{reference.repository}/{path}", encoded=True)


def _subject(reference: Reference) -> str:
    if reference.digest is not None:
        return f"{reference.repository}@{reference.digest}"
    return f"{reference.repository}:{target_of(reference)}"


def _check_digest(reference: Reference, digest: str) -> None:
    if not is_digest(digest):
        raise MalformedAnswer(reference.registry, f"{_subject(reference)}: a digest that is none")
