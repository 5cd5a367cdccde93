"""The incident of 2025-04-23 with small files of our own; tests/corpus has the real ones."""

from pathlib import Path

from tests.scenarios.incident import Files, replay

_HEAD = """Maintainers: The Node.js Docker Team <https://github.com/nodejs/docker-node>
GitRepo: https://github.com/nodejs/docker-node.git
Architectures: amd64, arm32v7, arm64v8
"""
_DEBIAN = f"""Maintainers: somebody
GitRepo: https://github.com/debuerreotype/docker-debian-artifacts.git
GitCommit: {"d" * 40}
Architectures: amd64, arm32v7, arm64v8
Builder: oci-import
File: index.json

Tags: bullseye-slim
Directory: bullseye/slim/oci
"""
NEW = "a" * 40


def entry(commit: str, directory: str, *tags: str) -> str:
    return f"\nTags: {', '.join(tags)}\nGitCommit: {commit}\nDirectory: {directory}\n"


def library(version: str, commit: str) -> str:
    """node's file when this is the newest release of its line."""
    slim = (f"{line}-bullseye-slim" for line in ("22", version))
    bookworm = (f"{line}-slim" for line in ("22", version, f"{version}-bookworm"))
    return (
        _HEAD
        + entry("b" * 40, "23/bullseye-slim", "23.11-bullseye-slim", "bullseye-slim")
        + entry(commit, "22/bullseye-slim", *slim)
        + entry(commit, "22/bookworm-slim", *bookworm)
    )


FILES = Files(
    before=library("22.14", "c" * 40),
    listed=library("22.15", NEW),
    after=library("22.16", "e" * 40),
    debian=_DEBIAN,
    dockerfiles={
        f"/git/nodejs/docker-node/{NEW}/22/bullseye-slim/Dockerfile": "FROM debian:bullseye-slim\n"
    },
    newest="23.11",
)


async def test_the_incident_is_explained_at_every_step_and_each_alert_comes_once(
    tmp_path: Path,
) -> None:
    await replay(tmp_path, FILES)
