"""`archbell scan` and `archbell wait --scan` as processes, over a registry."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.support.command_line import archbell
from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image

DOCKERFILE = """\
ARG VERSION=22
FROM --platform=$BUILDPLATFORM golang:1 AS build
FROM --platform=linux/amd64 tools:1 AS tools
FROM node:${VERSION}
COPY --from=build /x /x
COPY --from=sidecar:1 /y /y
"""
COMPOSE = "services:\n  x:\n    image: node:${TAG:-22}\n  y:\n    build: .\n"
JOB = """\
apiVersion: batch/v1
kind: CronJob
spec: {jobTemplate: {spec: {template: {spec: {
  initContainers: [{image: "node:22"}],
  containers: [{image: "sidecar:1"}]}}}}}
"""
PLATFORMS = {
    "golang:1": ["linux/amd64"],
    "tools:1": ["linux/amd64"],
    "node:22": ["linux/amd64", "linux/arm64"],
    "sidecar:1": ["linux/amd64"],
}
BOTH = ["linux/amd64", "linux/arm64"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a Dockerfile, a compose file and a manifest."""
    top = tmp_path / "tree"
    (top / "deploy").mkdir(parents=True)
    (top / "Dockerfile").write_text(DOCKERFILE)
    (top / "compose.yaml").write_text(COMPOSE)
    (top / "deploy" / "job.yml").write_text(JOB)
    return top


def config_for(url: str, folder: Path) -> Path:
    path = folder / "config.toml"
    path.write_text(
        "[schedule]\nfast_s = 0.3\n[[registry]]\nhost = 'docker.io'\nplain_http = true\n"
        f"allow_private = true\nrate = 0\nendpoint = '{url}'\n"
    )
    return path


@pytest.fixture
async def config(tree: Path, docker_registry_factory: StartRegistry) -> Path:
    """A configuration whose docker.io has the images of the tree."""
    registry = await docker_registry_factory()
    for image, platforms in PLATFORMS.items():
        name, _, tag = image.partition(":")
        await push_image(registry.url, f"library/{name}", tag, platforms)
    return config_for(registry.url, tree.parent)


async def test_every_image_is_shown_with_its_places_and_the_worst_decides(
    tree: Path, config: Path
) -> None:
    ended = await archbell("--config", config, "scan", ".", "-p", "arm64", folder=tree)

    heading, *rows = [" ".join(line.split()) for line in ended.output.splitlines()]
    assert heading == "Image linux/arm64 linux/amd64 Where"
    assert rows == [
        "sidecar:1 ⏳ missing not needed Dockerfile:6, deploy/job.yml:5",
        "golang:1 not needed not needed Dockerfile:2",
        "tools:1 not needed ✅ there Dockerfile:3",
        "node:22 ✅ there not needed Dockerfile:4, compose.yaml:3, deploy/job.yml:4",
        "⏳ 4 images in 3 files: 1 not there for arm64.",
        "To wait for them here: archbell wait --scan . arm64",
    ]
    assert ended.code == 1


async def test_scripts_get_json(tree: Path, config: Path) -> None:
    paths = ("deploy", "compose.yaml")

    ended = await archbell("--config", config, "scan", *paths, "-p", "amd64", "--json", folder=tree)

    assert ended.code == 0
    scanned = json.loads(ended.output)
    assert {image["image"]: image["platforms"] for image in scanned["images"]} == {
        "docker.io/library/node:22": {"linux/amd64": "present"},
        "docker.io/library/sidecar:1": {"linux/amd64": "present"},
    }
    assert scanned["images"][0]["uses"][0] == {
        "file": "deploy/job.yml",
        "line": 4,
        "written": "node:22",
        "platform": None,
    }


async def test_a_variable_without_a_value_is_told_and_can_be_left_out(
    tree: Path, config: Path
) -> None:
    (tree / "Dockerfile.dev").write_text("FROM $BASE\n")
    words = ("--config", config, "scan", ".", "-p", "amd64")

    told = await archbell(*words, folder=tree)
    without = await archbell(*words, "--exclude", "*.dev", folder=tree)

    assert (told.code, without.code) == (3, 0)
    assert without.errors == ""
    assert told.errors == (
        "archbell: Dockerfile.dev:1: $BASE: not looked up, since the file gives no value for it.\n"
    )


async def test_a_wait_for_all_images_ends_when_the_last_is_there(
    tree: Path, docker_registry_factory: StartRegistry
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "library/node", "22", BOTH)
    await push_image(registry.url, "library/sidecar", "1", ["linux/amd64"])
    config = config_for(registry.url, tree.parent)

    waiting = asyncio.ensure_future(
        archbell("--config", config, "wait", "--scan", "deploy", "arm64", folder=tree)
    )
    await registry.wait_for_request("HEAD /v2/library/sidecar/manifests/1", count=2)
    await push_image(registry.url, "library/sidecar", "1", BOTH)
    ended = await waiting

    assert ended.code == 0
    assert "sidecar:1: There: amd64. Missing: arm64.\n" in ended.errors
    assert "✅ 2 images in 1 file are all there for arm64." in ended.output


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["scan", "nowhere"], id="no such path"),
        pytest.param(["wait"], id="nothing to wait for"),
        pytest.param(["wait", "node:22", "--exclude", "x"], id="nothing to leave out"),
    ],
)
async def test_wrong_usage_exits_2(tmp_path: Path, words: list[str]) -> None:
    ended = await archbell(*words, folder=tmp_path)

    assert ended.code == 2
    assert "Traceback" not in ended.errors


async def test_files_without_images_need_no_registry(tmp_path: Path) -> None:
    ended = await archbell("scan", ".", folder=tmp_path)

    assert (ended.code, ended.errors) == (0, "")
    assert ended.output == "No image that is fetched is named in 0 files.\n"
