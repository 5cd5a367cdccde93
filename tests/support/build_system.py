"""docker-library's build system as far as its files show it, in the shapes that it writes.

system = BuildSystem()
debian = system.source("debian:trixie")
node = system.source("node:22", "node:22-trixie", upon={"debian:trixie": debian})
system.finish(debian, "arm64v8")
system.queue(node, "arm64v8")
server.files |= system.files("/meta")
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.build_records import BuildRecords, by_source, cut, read_build, read_source
from tests.support.planned_official import COMMIT

LIST_COMMIT = "c" * 40


def an_id(*parts: str) -> str:
    """An ID such as the build system makes, the same for the same parts."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


class BuildSystem:
    """See the module. Members are as the files have them, and a test may change them."""

    def __init__(self) -> None:
        self.list_commit = LIST_COMMIT
        self.sources: dict[str, Any] = {}
        self.builds: dict[str, Any] = {}

    def source(
        self,
        *tags: str,
        upon: Mapping[str, str | None] | None = None,
        architectures: Sequence[str] = ("amd64", "arm64v8"),
        commit: str = COMMIT,
    ) -> str:
        """Put a source on record, with its parents by name; its ID."""
        key = an_id(commit, *tags)
        parents = {name: {"sourceId": source, "pin": None} for name, source in (upon or {}).items()}
        self.sources[key] = {
            "sourceId": key,
            "reproducibleGitChecksum": an_id(key),
            "entries": [{"GitCommit": commit, "Directory": ".", "File": "Dockerfile"}],
            "arches": {
                architecture: {
                    "tags": list(tags),
                    "archTags": [f"{architecture}/{tag}" for tag in tags],
                    "froms": list(parents),
                    "platformString": architecture,
                    "parents": parents,
                }
                for architecture in architectures
            },
        }
        return key

    def queue(self, source: str, architecture: str) -> str:
        """Put a build on record that is not finished; its ID."""
        key = an_id(source, architecture)
        self.builds[key] = {
            "buildId": key,
            "build": {
                "img": f"oisupport/staging-{architecture}:{key}",
                "resolved": None,
                "sourceId": source,
                "arch": architecture,
                "parents": {},
                "resolvedParents": {},
            },
            "source": self.sources[source],
        }
        return key

    def finish(self, source: str, architecture: str) -> str:
        """Finish a build; its ID."""
        key = self.queue(source, architecture)
        self.builds[key]["build"]["resolved"] = {"schemaVersion": 2, "manifests": []}
        return key

    def files(self, folder: str = "/meta") -> dict[str, str | bytes]:
        """The files by their paths."""
        return {
            f"{folder}/commits.json": json.dumps({"doi": self.list_commit, "scripts": "d" * 40}),
            f"{folder}/sources.json": json.dumps(self.sources, indent=1),
            f"{folder}/builds.json": json.dumps(self.builds, indent=1),
        }

    def records(self, *names: str) -> BuildRecords:
        """What is kept of it for some images."""
        read = {key: read_source(key, each, names=names) for key, each in self.sources.items()}
        sources = cut({key: source for key, source in read.items() if source is not None})
        builds = [read_build(key, each) for key, each in self.builds.items()]
        known = [each for each in builds if each is not None and each.source in sources]
        return BuildRecords(frozenset(names), self.list_commit, sources, by_source(known))
