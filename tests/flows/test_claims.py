"""What is claimed and not yet looked at."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.model import TargetId
from bot.core.reference import Reference
from bot.flows.claims import Claims
from bot.ports.targets import ClaimedTarget
from tests.support.registry_client import NOW

ONE = ClaimedTarget(
    id=TargetId(1),
    reference=Reference("one.test", "image", "1"),
    observation=None,
    anchor=NOW,
    failures=0,
    lease="lease",
    hint_seq=0,
    wants=(),
    wanted_since={},
)


def targets(count: int, registry: str = "one.test") -> list[ClaimedTarget]:
    reference = Reference(registry, "image", "1")
    return [
        replace(ONE, id=TargetId(hash(registry) + number), reference=reference)
        for number in range(count)
    ]


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_targets_are_begun_in_the_order_they_were_claimed_in() -> None:
    claims = Claims()
    first, second = targets(2)

    claims.add([first])
    claims.add([second])

    assert [await claims.begin(), await claims.begin()] == [first, second]


async def test_whoever_finds_nothing_waits_for_the_next_claim() -> None:
    claims = Claims()
    waiting = [asyncio.ensure_future(claims.begin()) for _ in range(3)]
    await settle()

    claims.add(targets(2))
    await settle()

    assert [each.done() for each in waiting].count(True) == 2
    claims.take_back()
    assert None in [await each for each in waiting]


async def test_what_is_begun_counts_until_it_ends() -> None:
    claims = Claims()
    claims.add(targets(2))
    claims.add(targets(1, "two.test"))

    begun = await claims.begin()
    assert begun is not None
    assert (claims.total, claims.busy("one.test"), claims.busy("two.test")) == (3, 2, 1)
    assert claims.under_way() == [begun]

    claims.end(begun)
    assert (claims.total, claims.busy("one.test")) == (2, 1)
    assert claims.under_way() == []


@pytest.mark.parametrize(("count", "ends"), [(1, [True]), (4, [False, True, True, True])], ids=str)
async def test_half_of_a_registrys_are_done_before_more_are_asked_for(
    count: int, ends: list[bool]
) -> None:
    claims = Claims()
    claims.add(targets(count))
    claims.add(targets(100, "two.test"))

    begun = [await claims.begin() for _ in range(count)]

    assert [claims.end(target) for target in begun if target is not None] == ends


async def test_what_nobody_began_is_taken_back_and_everybody_is_told() -> None:
    claims = Claims()
    claims.add(targets(3))
    begun = await claims.begin()

    not_begun = claims.take_back()

    assert len(not_begun) == 2
    assert begun not in not_begun
    assert [await claims.begin() for _ in range(3)] == [None, None, None]
