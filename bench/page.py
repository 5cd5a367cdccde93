"""Rows about the page: how soon it begins, how large it is, when one can use it."""

import asyncio
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import aiohttp
from sqlalchemy import create_engine, insert

from bench.lab import ROOT, Lab, python
from bench.seeding import DATABASE
from bench.table import Row, at_most
from bot.core.model import Entry, Observation, Status
from bot.core.platform import parse_platform
from bot.store.database import open_store
from bot.store.schema import observations, places, targets, wants, watches
from bot.store.values import history_row, observation_columns
from tests.support.page_pictures import chromium

TARGETS = 1_000
PLATFORMS = [*map(parse_platform, ("amd64", "arm64", "arm/v7", "ppc64le", "riscv64", "s390x"))]
READY_S = 60
_INTERACTIVE = """() => new Promise(done => setTimeout(() => {
    const [load] = performance.getEntriesByType("navigation");
    done([load.domContentLoadedEventEnd, load.decodedBodySize]);
}))"""


def shown(lab: Lab) -> Iterator[Row]:
    """1,000 targets for 6 platforms each, of which one in four misses some; read anew each time."""
    room = lab.room()
    asyncio.run(_seed(room / DATABASE))
    path, port = room / "config.toml", _free_port()
    address = f"http://127.0.0.1:{port}/"
    path.write_text(
        f'[database]\nurl = "sqlite:///{DATABASE}"\n[server]\nport = {port}\n'
        "[page]\nenabled = true\n"
    )
    with _running(path, address):
        asyncio.run(_first_bytes(address, room / DATABASE, times=3))
        waits_s = asyncio.run(_first_bytes(address, room / DATABASE, times=lab.runs(15)))
        ready = asyncio.run(_opened(address, room / DATABASE, times=lab.runs(7)))
    what = f"the page, {TARGETS:,} targets, {len(PLATFORMS)} platforms"
    first_ms, ready_ms = median(waits_s) * 1000, median(each[0] for each in ready)
    yield at_most(f"{what}: first byte", first_ms, 100, unit=" ms", digits=0)
    size_kb = max(each[1] for each in ready) / 1000
    yield at_most(f"{what}: size before compression", size_kb, 300, unit=" KB", digits=0)
    yield at_most(f"{what}: can be used after", ready_ms, 1000, unit=" ms", digits=0)


@contextmanager
def _running(config: Path, address: str) -> Iterator[None]:
    command = python("bot", "--config", str(config), "run", "--only", "web")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            asyncio.run(_ready(address))
            yield
        finally:
            process.terminate()
            process.wait(15)


async def _ready(address: str) -> None:
    async with asyncio.timeout(READY_S), aiohttp.ClientSession() as session:
        while True:
            with suppress(aiohttp.ClientConnectionError):
                await (await session.get(address)).read()
                return
            await asyncio.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _change(path: Path) -> None:
    """Something is new, so that the board is read anew."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE watches SET muted_until = ? WHERE id = 1", [_text()])


def _text() -> str:
    return datetime.now(UTC).isoformat(" ", "microseconds")


async def _first_bytes(address: str, path: Path, *, times: int) -> list[float]:
    waits_s: list[float] = []
    async with aiohttp.ClientSession() as session:
        for _ in range(times):
            _change(path)
            await asyncio.sleep(0.3)
            begun = perf_counter()
            async with session.get(address) as answer:
                await answer.content.readany()
                waits_s.append(perf_counter() - begun)
                await answer.read()
    return waits_s


async def _opened(address: str, path: Path, *, times: int) -> list[tuple[float, float]]:
    """For each load when the page was ready for its visitor, in milliseconds, and its bytes."""
    found: list[tuple[float, float]] = []
    async with chromium() as browser:
        for number in range(times + 1):
            _change(path)
            page = await browser.new_page()
            await page.goto(address)
            ready_ms, size_bytes = await page.evaluate(_INTERACTIVE)
            await page.close()
            if number:  # the first one also starts the browser's own parts
                found.append((ready_ms, size_bytes))
    return found


async def _seed(path: Path) -> None:
    async with open_store(f"sqlite:///{path}"):
        pass
    engine = create_engine(f"sqlite:///{path}")
    now = datetime.now(UTC)
    rows: dict[Any, list[dict[str, Any]]] = {
        each: [] for each in (targets, watches, wants, observations)
    }
    for number in range(1, TARGETS + 1):
        there = PLATFORMS[: 3 if number % 4 == 0 else 6]
        entries = {p: Entry(f"sha256:{number:064x}", reachable=True) for p in there}
        seen = Observation(
            Status.PRESENT, now - timedelta(hours=number), f"sha256:{number:064x}", entries
        )
        rows[targets].append(
            {
                "id": number,
                "registry": "docker.io",
                "repository": f"library/some-image-{number % 50}",
                "tag": f"{number}.4.2-bookworm-slim",
                "newest_watch_at": now,
                "looked_at": now,
                "due_at": now + timedelta(hours=1),
                "hint_seq": 0,
                **observation_columns(seen),
            }
        )
        rows[watches].append(
            {
                "id": number,
                "target_id": number,
                "place_id": 1,
                "source": "chat",
                "standing": True,
                "tells": [],
                "created_at": now,
            }
        )
        rows[observations].append(history_row(number, seen))
        rows[wants] += [
            {
                "watch_id": number,
                "platform": str(platform),
                "state": "met" if platform in entries else "waiting",
            }
            for platform in PLATFORMS
        ]
    with engine.begin() as connection:
        team = {"id": 1, "service": "slack", "conversation": "C1", "thread": ""}
        connection.execute(insert(places), team)
        for table, values in rows.items():
            connection.execute(insert(table), values)
    engine.dispose()
