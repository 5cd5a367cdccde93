"""Images that the support pushes are what they shall be, to our requests and to skopeo."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.components import require
from tests.support.docker_registry import StartRegistry
from tests.support.images import (
    MediaTypes,
    delete_manifest,
    push_attestation,
    push_image,
    push_index,
    push_manifest,
)
from tests.support.plain_client import ask_manifest

NODE = "library/node"


@pytest.mark.parametrize("media_types", MediaTypes, ids=lambda each: each.name)
async def test_a_pushed_image_is_seen_by_head_and_get(
    docker_registry_factory: StartRegistry, media_types: MediaTypes
) -> None:
    registry = await docker_registry_factory()

    pushed = await push_image(
        registry.url, NODE, "22", ["linux/amd64", "linux/arm/v7"], media_types=media_types
    )

    head, got = (
        await ask_manifest(registry.url, NODE, "22", method="HEAD"),
        await ask_manifest(registry.url, NODE, "22"),
    )
    assert (head.status, head.digest) == (200, pushed.digest)
    assert (got.digest, got.media_type) == (pushed.digest, media_types.index)
    assert got.platforms == [
        {"os": "linux", "architecture": "amd64"},
        {"os": "linux", "architecture": "arm", "variant": "v7"},
    ]


async def test_adding_arm64_moves_the_tag_and_keeps_the_other_child(
    docker_registry_factory: StartRegistry,
) -> None:
    registry = await docker_registry_factory()
    before = await push_image(registry.url, NODE, "22", ["linux/amd64"])

    after = await push_image(registry.url, NODE, "22", ["linux/amd64", "linux/arm64"])

    assert after.digest != before.digest
    assert after.children["linux/amd64"] == before.children["linux/amd64"]
    assert (await ask_manifest(registry.url, NODE, "22", method="HEAD")).digest == after.digest
    assert (
        await ask_manifest(registry.url, NODE, after.children["linux/arm64"], method="HEAD")
    ).status == 200


async def test_another_build_has_other_digests(docker_registry_factory: StartRegistry) -> None:
    registry = await docker_registry_factory()

    first = await push_image(registry.url, NODE, "22", ["linux/amd64"], build="1")
    second = await push_image(registry.url, NODE, "22", ["linux/amd64"], build="2")

    assert first.digest != second.digest
    assert first.children["linux/amd64"] != second.children["linux/amd64"]


async def test_a_deleted_index_takes_its_tag_along_and_a_deleted_child_leaves_it(
    docker_registry_factory: StartRegistry,
) -> None:
    registry = await docker_registry_factory()
    pushed = await push_image(registry.url, NODE, "22", ["linux/amd64", "linux/arm64"])

    await delete_manifest(registry.url, NODE, pushed.children["linux/arm64"])

    assert (await ask_manifest(registry.url, NODE, pushed.children["linux/arm64"])).status == 404
    assert (await ask_manifest(registry.url, NODE, "22")).status == 200

    await delete_manifest(registry.url, NODE, pushed.digest)

    assert (await ask_manifest(registry.url, NODE, "22")).status == 404


async def test_an_index_may_be_nested_attested_annotated_and_silent_about_platforms(
    docker_registry_factory: StartRegistry,
) -> None:
    registry = await docker_registry_factory()
    amd64 = await push_manifest(registry.url, NODE, None, "linux/amd64")
    arm64 = await push_manifest(registry.url, NODE, None, "linux/arm64")
    attestation = await push_attestation(registry.url, NODE, amd64)
    inner = await push_index(registry.url, NODE, None, [replace(arm64, annotations={"a": "b"})])
    silent = replace(amd64, platform=None)

    await push_index(registry.url, NODE, "22", [silent, attestation, inner])

    outer = await ask_manifest(registry.url, NODE, "22")
    assert outer.platforms == [None, {"os": "unknown", "architecture": "unknown"}, None]
    entries = json.loads(outer.body)["manifests"]
    assert entries[1]["annotations"]["vnd.docker.reference.digest"] == amd64.digest
    assert entries[2]["mediaType"] == MediaTypes.OCI.index
    nested = json.loads((await ask_manifest(registry.url, NODE, inner.digest)).body)["manifests"]
    assert [entry["annotations"] for entry in nested] == [{"a": "b"}]


async def test_an_attested_image_has_an_attestation_for_each_platform(
    docker_registry_factory: StartRegistry,
) -> None:
    registry = await docker_registry_factory()

    await push_image(registry.url, NODE, "22", ["linux/amd64", "linux/arm64"], attested=True)

    unknown = {"os": "unknown", "architecture": "unknown"}
    assert (await ask_manifest(registry.url, NODE, "22")).platforms.count(unknown) == 2


async def test_a_push_that_is_refused_says_so(docker_registry_factory: StartRegistry) -> None:
    registry = await docker_registry_factory()
    there = await push_manifest(registry.url, NODE, None, "linux/amd64")
    vanished = replace(there, digest=f"sha256:{'0' * 64}")

    with pytest.raises(AssertionError, match="PUT /v2/library/node/manifests/22: 400"):
        await push_index(registry.url, NODE, "22", [vanished])


async def run(*command: str | Path) -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    stdout, stderr = await process.communicate()
    assert process.returncode is not None
    return process.returncode, stdout, stderr


async def test_skopeo_inspects_and_copies_what_was_pushed(
    docker_registry_factory: StartRegistry, tmp_path: Path
) -> None:
    skopeo = require("skopeo", "skopeo")
    registry = await docker_registry_factory()
    pushed = await push_image(registry.url, NODE, "22", ["linux/amd64", "linux/arm64"])
    source = f"docker://{registry.host}/{NODE}:22"

    code, raw, said = await run(skopeo, "inspect", "--raw", "--tls-verify=false", source)
    assert code == 0, said
    entries = json.loads(raw)["manifests"]
    assert [entry["digest"] for entry in entries] == list(pushed.children.values())

    arm64 = ["--override-os", "linux", "--override-arch", "arm64", "--insecure-policy"]
    copied = f"oci:{tmp_path / 'copied'}:22"
    code, _, said = await run(skopeo, *arm64, "copy", "--src-tls-verify=false", source, copied)
    assert code == 0, said
