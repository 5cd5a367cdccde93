"""The least that a poller can do: a loop of HEADs over the same tags, and nothing kept.

    python -m bench.bare URL COUNT [--concurrency N]

Prints one JSON object. It runs on the same event loop as the bot.
"""

import argparse
import asyncio
import json
from collections.abc import Iterator

import aiohttp

from bench.measures import cpu_s, memory_kib
from bench.seeding import name_of
from bot.app.world import execute
from bot.registry.questions import ACCEPT

WARM_UP = 500


async def poll(url: str, count: int, concurrency: int) -> dict[str, float]:
    names = [name_of(number) for number in range(1, count + 1)]
    paths = [f"{url}/v2/{repository}/manifests/{tag}" for repository, tag in names]
    connector = aiohttp.TCPConnector(limit=concurrency)
    headers = {"Accept": ACCEPT}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        await _ask_all(session, paths[:WARM_UP], concurrency)
        before_s = cpu_s()
        digests = await _ask_all(session, paths, concurrency)
        used_s = cpu_s() - before_s
    assert len(digests) == count, "Every tag has a digest"
    return {"cpu_s": used_s, "memory_kib": memory_kib()}


async def _ask_all(
    session: aiohttp.ClientSession, paths: list[str], concurrency: int
) -> dict[str, str]:
    digests: dict[str, str] = {}
    left = iter(paths)

    async def work(left: Iterator[str]) -> None:
        for path in left:
            async with session.head(path) as response:
                digests[path] = response.headers["Docker-Content-Digest"]

    async with asyncio.TaskGroup() as crew:
        for _ in range(concurrency):
            crew.create_task(work(left))
    return digests


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("count", type=int)
    parser.add_argument("--concurrency", type=int, required=True)
    given = parser.parse_args()
    print(
        json.dumps(execute(lambda: poll(given.url, given.count, given.concurrency), for_long=True))
    )


if __name__ == "__main__":
    main()
