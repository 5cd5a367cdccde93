"""What it costs to watch official images, from the logs of the servers that are asked."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from bot.core.reference import parse_reference
from tests.support.official_day import OfficialDay, official_day
from tests.support.planned_official import library_text
from tests.support.stores import ARM64, NOW, add, new_watch

TAGS = [f"{number}-slim" for number in range(100)]
WITHIN_S = 60
LEASE = timedelta(seconds=31)


async def looked_at_all(day: OfficialDay) -> None:
    """Wait until everything that was due has been looked at and recorded; a lease ends sooner."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            if await next_due_at(day) > day.time() + LEASE:
                return
            await asyncio.sleep(0.05)


async def next_due_at(day: OfficialDay) -> datetime:
    async with day.bot.store.reading() as transaction:
        due_at = await transaction.targets.next_due_at()
    assert due_at is not None
    return due_at


async def test_a_hundred_tags_of_an_image_cost_one_head_more_a_look_and_one_file_for_all(
    tmp_path: Path,
) -> None:
    short = ["[looks]", "timeout_s = 25", "lease_s = 30"]
    async with official_day(tmp_path, at=NOW, repositories=["arm64v8/node"], settings=short) as day:
        day.source.files["/library/node"] = library_text(TAGS)
        for tag in TAGS:
            day.registry.push_index("library/node", tag, ["linux/amd64"])
            watch = new_watch(parse_reference(f"node:{tag}"), platforms=[ARM64], due_at=NOW)
            await add(day.bot.store, watch, now=day.time())
        for minutes in (5, 10):
            day.time.move_to(NOW + timedelta(minutes=minutes))
            await looked_at_all(day)
        day.registry.clear()
        day.source.requests.clear()

        for minutes in (60, 80, 100):
            day.time.move_to(NOW + timedelta(minutes=minutes))
            await looked_at_all(day)

        asked = Counter(day.registry.requests)
        assert asked == {
            f"HEAD /v2/{namespace}/node/manifests/{tag}": 3
            for namespace in ("library", "arm64v8")
            for tag in TAGS
        }
        assert 1 <= len(day.source.requests) <= 2  # half an hour apart at least
        assert set(day.source.requests) == {"/library/node"}
