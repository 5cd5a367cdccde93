"""Small real images, and their way into a registry over plain HTTP."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from urllib.parse import urljoin

import aiohttp
from yarl import URL

_CREATED = "2025-01-01T00:00:00Z"
_ATTESTATION_TYPE = "vnd.docker.reference.type"
_ATTESTED_DIGEST = "vnd.docker.reference.digest"


class MediaTypes(Enum):
    """The two families: index, manifest, config, layer."""

    OCI = (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.oci.image.layer.v1.tar+gzip",
    )
    DOCKER = (
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
    )

    @property
    def index(self) -> str:
        return self.value[0]

    @property
    def manifest(self) -> str:
        return self.value[1]

    @property
    def config(self) -> str:
        return self.value[2]

    @property
    def layer(self) -> str:
        return self.value[3]


ACCEPT = (
    f"{MediaTypes.OCI.index}, {MediaTypes.DOCKER.index}, "
    f"{MediaTypes.OCI.manifest}, {MediaTypes.DOCKER.manifest}"
)
"""The one Accept line with which a registry shows every kind of manifest as it is."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A manifest or index in a registry, as an index may name it.

    platform as os/architecture[/variant]; None: the entry says nothing about it.
    """

    media_type: str
    digest: str
    size_bytes: int
    platform: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PushedImage:
    """A tag's index: its digest and, for each platform, the digest of the platform's manifest."""

    digest: str
    children: Mapping[str, str]


async def push_image(
    base_url: str,
    repository: str,
    tag: str,
    platforms: Sequence[str],
    *,
    auth: str | None = None,
    media_types: MediaTypes = MediaTypes.OCI,
    build: str = "1",
    attested: bool = False,
) -> PushedImage:
    """Push a manifest for each platform, then the index that the tag points at from now on.

    The same build of a platform has the same digest always, so pushing again with one platform
    more only adds that one. attested: with an attestation for each manifest, as BuildKit does.
    auth is the value of an Authorization header.
    """
    async with _opened(base_url, repository, auth) as target:
        children = [await target.put_image(each, media_types, build) for each in platforms]
        attestations = [await target.put_attestation(each) for each in children if attested]
        index = await target.put_index(tag, [*children, *attestations], media_types)
    digests = dict(zip(platforms, (child.digest for child in children), strict=True))
    return PushedImage(digest=index.digest, children=digests)


async def push_manifest(
    base_url: str,
    repository: str,
    tag: str | None,
    platform: str,
    *,
    auth: str | None = None,
    media_types: MediaTypes = MediaTypes.OCI,
    build: str = "1",
) -> Descriptor:
    """Push the image of one platform, under a tag (a single-platform tag) or by digest alone."""
    async with _opened(base_url, repository, auth) as target:
        return await target.put_image(platform, media_types, build, tag=tag)


async def push_attestation(
    base_url: str, repository: str, subject: Descriptor, *, auth: str | None = None
) -> Descriptor:
    """Push what BuildKit adds beside a manifest; as an index entry it has the platform unknown."""
    async with _opened(base_url, repository, auth) as target:
        return await target.put_attestation(subject)


async def push_index(
    base_url: str,
    repository: str,
    tag: str | None,
    entries: Sequence[Descriptor],
    *,
    auth: str | None = None,
    media_types: MediaTypes = MediaTypes.OCI,
) -> Descriptor:
    """Push an index of what is in the repository already, under a tag or by digest alone.

    An index pushed before may be an entry (nested); dataclasses.replace gives an entry another
    platform, none, or annotations.
    """
    async with _opened(base_url, repository, auth) as target:
        return await target.put_index(tag, entries, media_types)


async def delete_manifest(
    base_url: str, repository: str, digest: str, *, auth: str | None = None
) -> None:
    """Delete a manifest or index by digest, and with it every tag that points at it."""
    async with _opened(base_url, repository, auth) as target:
        await target.delete(digest)


class _Repository:
    """One repository of a registry, over a session it is given."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, repository: str) -> None:
        self._session = session
        self._url = f"{base_url}/v2/{repository}"

    async def put_image(
        self, platform: str, media_types: MediaTypes, build: str, *, tag: str | None = None
    ) -> Descriptor:
        archive = _archive({"platform": f"{platform}\n", "build": f"{build}\n"})
        config = _image_config(platform, diff_ids=[_digest(archive)])
        layer = (media_types.layer, gzip.compress(archive, mtime=0))
        pushed = await self._put_manifest(tag, media_types, config, layer)
        return replace(pushed, platform=platform)

    async def put_attestation(self, subject: Descriptor) -> Descriptor:
        statement = json.dumps({"subject": [{"digest": subject.digest}]}).encode()
        config = _image_config("unknown/unknown", diff_ids=[_digest(statement)])
        layer = ("application/vnd.in-toto+json", statement)
        pushed = await self._put_manifest(None, MediaTypes.OCI, config, layer)
        annotations = {_ATTESTATION_TYPE: "attestation-manifest", _ATTESTED_DIGEST: subject.digest}
        return replace(pushed, platform="unknown/unknown", annotations=annotations)

    async def put_index(
        self, tag: str | None, entries: Iterable[Descriptor], media_types: MediaTypes
    ) -> Descriptor:
        content = {
            "schemaVersion": 2,
            "mediaType": media_types.index,
            "manifests": [_entry(entry) for entry in entries],
        }
        return await self._put(tag, media_types.index, content)

    async def delete(self, digest: str) -> None:
        await self._send("DELETE", URL(f"{self._url}/manifests/{digest}"), expect=202)

    async def _put_manifest(
        self, tag: str | None, media_types: MediaTypes, config: bytes, layer: tuple[str, bytes]
    ) -> Descriptor:
        """The blobs go first: a registry refuses a manifest of what it does not have."""
        layer_type, layer_content = layer
        for blob in (config, layer_content):
            await self._put_blob(blob)
        content = {
            "schemaVersion": 2,
            "mediaType": media_types.manifest,
            "config": _described(media_types.config, config),
            "layers": [_described(layer_type, layer_content)],
        }
        return await self._put(tag, media_types.manifest, content)

    async def _put(
        self, tag: str | None, media_type: str, content: Mapping[str, object]
    ) -> Descriptor:
        body = json.dumps(content, indent=2).encode()
        digest = _digest(body)
        url = URL(f"{self._url}/manifests/{tag or digest}")
        await self._send("PUT", url, expect=201, body=body, media_type=media_type)
        return Descriptor(media_type=media_type, digest=digest, size_bytes=len(body))

    async def _put_blob(self, content: bytes) -> None:
        started = await self._send("POST", URL(f"{self._url}/blobs/uploads/"), expect=202)
        location = urljoin(self._url, started["Location"])
        mark = "&" if "?" in location else "?"
        url = URL(f"{location}{mark}digest={_digest(content)}", encoded=True)
        await self._send("PUT", url, expect=201, body=content)

    async def _send(
        self,
        method: str,
        url: URL,
        *,
        expect: int,
        body: bytes = b"",
        media_type: str = "application/octet-stream",
    ) -> Mapping[str, str]:
        """The answer's headers. Raises AssertionError on any status but the expected one."""
        headers = {"Content-Type": media_type}
        async with self._session.request(method, url, data=body, headers=headers) as response:
            said = await response.text()
            assert response.status == expect, f"{method} {url.path}: {response.status} {said}"
            return response.headers


@asynccontextmanager
async def _opened(base_url: str, repository: str, auth: str | None) -> AsyncIterator[_Repository]:
    headers = {"Authorization": auth} if auth else {}
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        yield _Repository(session, base_url, repository)


def _archive(files: Mapping[str, str]) -> bytes:
    """A tar archive whose bytes depend on the files alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _image_config(platform: str, *, diff_ids: Sequence[str]) -> bytes:
    content = {
        **_platform(platform),
        "created": _CREATED,
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
        "history": [{"created": _CREATED, "created_by": "a test"}],
    }
    return json.dumps(content).encode()


def _entry(descriptor: Descriptor) -> dict[str, object]:
    entry: dict[str, object] = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size_bytes,
    }
    if descriptor.platform is not None:
        entry["platform"] = _platform(descriptor.platform)
    if descriptor.annotations:
        entry["annotations"] = dict(descriptor.annotations)
    return entry


def _platform(text: str) -> dict[str, str]:
    names = ("os", "architecture", "variant")
    return dict(zip(names, text.split("/"), strict=False))


def _described(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
