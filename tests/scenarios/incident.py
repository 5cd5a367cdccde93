"""The day on which node:22.15-bullseye-slim had no arm64, replayed against the running bot."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.support.chat_config import WITHIN_S
from tests.support.official_day import OfficialDay, official_day

TAG = "22.15-bullseye-slim"
VARIANT = "22.15-slim"
IMAGE = f"node:{TAG}"
OWN = f"arm64v8/{IMAGE}"
REPOSITORIES = ("library/node", "arm64v8/node", "library/debian", "arm64v8/debian")
WHY = f"/why {IMAGE} arm64"
ALERTS = ("🔨", "✅ linux/arm64 is there", "🎉", "⚠️", "🛑")


@dataclass(frozen=True, slots=True)
class Files:
    """docker-library's files: node's before the tag, with it, and without it again.

    dockerfiles: by their path after the host.
    """

    before: str
    listed: str
    after: str
    debian: str
    dockerfiles: dict[str, str]


def at(hour: int, minute: int, *, month: int = 4, day: int = 23) -> datetime:
    return datetime(2025, month, day, hour, minute, tzinfo=UTC)


async def replay(folder: Path, files: Files) -> None:
    """The whole day; at each step /why says how it is, and each alert comes once."""
    async with official_day(folder, at=at(13, 55), repositories=REPOSITORIES) as day:
        day.source.files |= {"/library/debian": files.debian, **files.dockerfiles}
        day.registry.push_index("arm64v8/debian", "bullseye-slim", ["linux/arm64/v8"])
        await _not_listed(day, files)
        await _listed_and_nothing_built(day, files)
        await _empty_index(day)
        await _amd64_alone(day)
        await _built(day)
        await _complete(day)
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


async def _not_listed(day: OfficialDay, files: Files) -> None:
    day.source.files["/library/node"] = files.before

    refused = await day.ask(f"/watch {IMAGE} arm64", about="Not watching")
    await day.ask(f"/watch {IMAGE} arm64 anyway", about="👀 Watching")
    why = await day.ask(WHY, about="has no tag")

    assert "docker-library does not list this tag: it is not merged yet" in refused
    assert "docker-library does not list this tag: it is not merged yet" in why
    assert "label%3Alibrary%2Fnode" in why
    assert "docker-library's file of node" in why
    assert "Usually" not in why


async def _listed_and_nothing_built(day: OfficialDay, files: Files) -> None:
    day.source.files["/library/node"] = files.listed
    day.time.move_to(at(14, 40))

    why = await day.ask(WHY, about="linux/arm64 is planned")

    assert f"has no tag {IMAGE} yet." in why
    assert "its build is queued, running or failing" in why
    assert "Usually 1-5 h after it is listed" in why
    assert "Now:" not in why


async def _empty_index(day: OfficialDay) -> None:
    day.registry.push_index("library/node", TAG, [])
    day.time.move_to(at(15, 15))

    why = await day.ask(WHY, about="linux/arm64 is planned")

    assert "(0 of 3 planned)" in why
    assert "has no tag" not in why


async def _amd64_alone(day: OfficialDay) -> None:
    day.registry.push_index("library/node", TAG, ["linux/amd64"])
    for tag in (VARIANT, "bullseye-slim"):
        day.registry.push_index("library/node", tag, ["linux/amd64", "linux/arm64"])
    day.time.move_to(at(16, 20))

    why = await day.ask(WHY, about="linux/arm64 is planned")
    never = await day.ask(f"/watch {IMAGE} riscv64 for 60d anyway", about="Already watching")

    assert "(1 of 3 planned)" in why
    assert "Usually 1-5 h" in why
    assert f"Now: node:{VARIANT}: the same version in another variant" in why
    assert f"Now: {IMAGE} with --platform linux/amd64: emulated" in why
    # Without annotations nobody can tell which release the generic tag holds.
    assert "Now: node:bullseye-slim:" not in why
    assert "riscv64" in never


async def _built(day: OfficialDay) -> None:
    day.registry.push_index("arm64v8/node", TAG, ["linux/arm64/v8"])
    day.time.move_to(at(17, 30))

    alert = await day.told("🔨")
    why = await day.ask(WHY, about="linux/arm64 is built already")

    assert f"docker pull {OWN}" in alert
    assert f"Now: {OWN}: the same image" in why
    assert "The tag usually follows within 3 h." in why
    assert OWN in why.rpartition("Checked at")[2]


async def _complete(day: OfficialDay) -> None:
    shared = ["linux/amd64", "linux/arm/v7", "linux/arm64/v8"]
    day.registry.push_index("library/node", TAG, shared)
    day.time.move_to(at(18, 40))

    alert = await day.told("✅ linux/arm64 is there")
    why = await day.ask(WHY, about="✅")

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
