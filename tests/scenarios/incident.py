"""The day on which node:22.15-bullseye-slim had no arm64, replayed against the running bot."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.core.library import Library
from tests.support.chat_config import WITHIN_S
from tests.support.official_day import OfficialDay, official_day
from tests.support.official_index import push_official, read_library

TAG = "22.15-bullseye-slim"
VARIANT = "22.15-slim"
MOVING = "22-bullseye-slim"
GENERIC = "bullseye-slim"
AMD64, ARMV7, ARM64 = "linux/amd64", "linux/arm/v7", "linux/arm64/v8"
IMAGE = f"node:{TAG}"
OWN = f"arm64v8/{IMAGE}"
REPOSITORIES = ("library/node", "arm64v8/node", "library/debian", "arm64v8/debian")
WHY = f"/why {IMAGE} arm64"
PERHAPS_OLD = "linux/arm64 may still be the previous build"
ALERTS = ("🔨", "✅ linux/arm64 is there", "🎉", "⚠️", "🛑")


@dataclass(frozen=True, slots=True)
class Files:
    """docker-library's files: node's before the tag, with it, and without it again.

    dockerfiles: by their path after the host. newest: the version of the newest release of all.
    """

    before: str
    listed: str
    after: str
    debian: str
    dockerfiles: dict[str, str]
    newest: str

    def built(self, *platforms: str, anew: bool = True) -> dict[str, Library]:
        """Images of node by their platforms, built by the file of this day, or the one before."""
        return dict.fromkeys(platforms, read_library(self.listed if anew else self.before))


def at(hour: int, minute: int, *, month: int = 4, day: int = 23) -> datetime:
    return datetime(2025, month, day, hour, minute, tzinfo=UTC)


async def replay(folder: Path, files: Files) -> None:
    """The whole day; at each step /why says how it is, and each alert comes once."""
    async with official_day(folder, at=at(13, 55), repositories=REPOSITORIES) as day:
        day.source.files |= {"/library/debian": files.debian, **files.dockerfiles}
        debian = {ARM64: read_library(files.debian)}
        push_official(day.registry, "arm64v8/debian", GENERIC, debian, created_at=at(20, 0, day=7))
        _push(day, MOVING, files.built(AMD64, ARMV7, ARM64, anew=False), at(9, 0, day=8))
        _push(day, GENERIC, files.built(AMD64, ARM64, anew=False), at(9, 0, day=8))
        await _not_listed(day, files)
        await _listed_and_nothing_built(day, files)
        await _empty_index(day)
        await _amd64_alone(day, files)
        await _built(day, files)
        await _complete(day, files)
        await _unlisted(day, files)
        headlines = [re.sub("</?b>", "", text.splitlines()[0]) for text in day.texts]
        alerts = [headline for headline in headlines if headline.startswith(ALERTS)]
        assert alerts == [
            f"🔨 linux/arm64 is built: {IMAGE}",
            f"✅ linux/arm64 is there: {IMAGE}",
            f"🛑 {IMAGE} is not built any more: no linux/riscv64 will come.",
        ]
        asked = [path for path in day.source.requests if path == "/library/node"]
        assert len(asked) <= 9  # one for each half an hour or question, whichever is fewer


def _push(
    day: OfficialDay,
    tag: str,
    built_by: Mapping[str, Library],
    created_at: datetime,
    *,
    repository: str = "library/node",
) -> None:
    push_official(day.registry, repository, tag, built_by, created_at=created_at)


async def _not_listed(day: OfficialDay, files: Files) -> None:
    day.source.files["/library/node"] = files.before

    refused = await day.ask(f"/watch {IMAGE} arm64", about="Not watching")
    await day.ask(f"/watch {IMAGE} arm64 anyway", about="👀 Watching")
    why = await day.ask(WHY, about="has no tag")
    moving = await day.ask(f"/why node:{MOVING} arm64", about="✅")

    assert PERHAPS_OLD not in moving
    assert "docker-library does not list this tag: it is not merged yet" in refused
    assert "docker-library does not list this tag: it is not merged yet" in why
    assert "label%3Alibrary%2Fnode" in why
    assert "docker-library's file of node" in why
    assert "Usually" not in why


async def _listed_and_nothing_built(day: OfficialDay, files: Files) -> None:
    day.source.files["/library/node"] = files.listed
    day.time.move_to(at(14, 40))

    why = await day.ask(WHY, about="linux/arm64 is planned")
    moving = await day.ask(f"/why node:{MOVING} arm64", about="✅")

    assert f"has no tag {IMAGE} yet." in why
    assert "its build is queued, running or failing" in why
    assert "Usually 1-5 h after it is listed" in why
    assert re.findall("Now: .*", why) == [
        f"Now: node:{MOVING}: the tag that moves on with its line, the previous build.",
        f"Now: node:{GENERIC}: whatever is newest, at present {files.newest}.",
    ]
    assert PERHAPS_OLD in moving


async def _empty_index(day: OfficialDay) -> None:
    day.registry.push_index("library/node", TAG, [])
    day.time.move_to(at(15, 15))

    why = await day.ask(WHY, about="linux/arm64 is planned")

    assert "(0 of 3 planned)" in why
    assert "has no tag" not in why


async def _amd64_alone(day: OfficialDay, files: Files) -> None:
    built_at = at(16, 12)
    _push(day, TAG, files.built(AMD64), built_at)
    _push(day, MOVING, files.built(AMD64) | files.built(ARMV7, ARM64, anew=False), built_at)
    _push(day, VARIANT, files.built(AMD64, ARM64), built_at)
    day.time.move_to(at(16, 20))

    why = await day.ask(WHY, about="linux/arm64 is planned")
    never = await day.ask(f"/watch {IMAGE} riscv64 for 60d anyway", about="Already watching")
    old = await day.ask(f"/why node:{MOVING} arm64", about="✅")
    new = await day.ask(f"/why node:{MOVING} amd64", about="✅")
    there = await day.ask(f"/watch node:{MOVING} arm64", about="already")

    assert "(1 of 3 planned)" in why
    assert "Usually 1-5 h" in why
    assert re.findall("Now: .*", why) == [
        f"Now: node:{VARIANT}: the same version in another variant.",
        f"Now: node:{MOVING}: the tag that moves on with its line, the previous build.",
        f"Now: node:{GENERIC}: whatever is newest, at present {files.newest}.",
        f"Now: {IMAGE} with --platform linux/amd64: emulated, several times slower, and some "
        "programs fail.",
    ]
    assert "riscv64" in never
    assert PERHAPS_OLD in old
    assert PERHAPS_OLD in there
    assert "may still be the previous build" not in new


async def _built(day: OfficialDay, files: Files) -> None:
    _push(day, TAG, files.built(ARM64), at(17, 20), repository="arm64v8/node")
    day.time.move_to(at(17, 30))

    alert = await day.told("🔨")
    why = await day.ask(WHY, about="linux/arm64 is built already")

    assert f"docker pull {OWN}" in alert
    assert f"Now: {OWN}: the same image, from its architecture's own namespace.\n" in why
    assert "The tag usually follows within 3 h." in why
    assert OWN in why.rpartition("Checked at")[2]


async def _complete(day: OfficialDay, files: Files) -> None:
    for tag in (TAG, MOVING):
        _push(day, tag, files.built(AMD64, ARMV7, ARM64), at(17, 20))
    day.time.move_to(at(18, 40))

    alert = await day.told("✅ linux/arm64 is there")
    why = await day.ask(WHY, about="✅")
    moving = await day.ask(f"/why node:{MOVING} arm64", about="✅")

    assert PERHAPS_OLD not in moving
    assert f"docker pull --platform linux/arm64 {IMAGE}" in alert
    assert "still missing: riscv64" in alert
    assert "Usually" not in why


async def _unlisted(day: OfficialDay, files: Files) -> None:
    day.source.files["/library/node"] = files.after
    await _read_anew(day, at(18, 50, month=5, day=21))
    why = await day.ask(f"/why {IMAGE} riscv64", about="does not list this tag any more")
    assert "linux/riscv64 will not be added" in why
    await _read_anew(day, at(19, 25, month=5, day=21))

    ending = await day.told("🛑")
    present = await day.ask(WHY, about="✅")
    there = await day.ask("/list", about="Nothing is watched here")

    assert "The watch has ended" in ending
    assert "linux/arm64" in present
    assert "#1" not in there


async def _read_anew(day: OfficialDay, moment: datetime) -> None:
    """Let it be so late, and the bot ask for a library file that it has not asked for since."""
    day.source.arrived.clear()
    day.time.move_to(moment)
    async with asyncio.timeout(WITHIN_S):
        await day.source.arrived.wait()
