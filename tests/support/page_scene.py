"""A database as it looks after some weeks of use, for whoever looks at the page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.errors import TroubleKind
from bot.core.message.neutral import Message
from bot.core.model import Entry, Observation, Place, Status, Trouble
from bot.core.platform import Platform, parse_platform
from bot.core.reference import Reference, parse_reference
from bot.ports.libraries import KeptFile
from bot.ports.registry import RegistryState
from bot.ports.store import Store
from bot.ports.watches import NewWatch
from tests.support.planned_official import library_text
from tests.support.stores import ARM64, look

TEAM, OPS = Place("slack", "C0TEAM"), Place("telegram", "-100123")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found so long ago: platforms with the letter of their build."""

    ago: timedelta
    builds: Mapping[str, str] | None = None
    trouble: TroubleKind | None = None
    lost: frozenset[str] = frozenset()


def builds(platforms: str, letter: str = "a") -> dict[str, str]:
    return dict.fromkeys(platforms.split(), letter)


ALL = "amd64 arm64 arm/v7 s390x"
_HISTORY: Sequence[tuple[str, str, Sequence[Seen]]] = (
    ("node:22.15-bullseye-slim", "arm64 arm/v7", [Seen(3.2 * HOUR, builds("amd64 s390x"))]),
    (
        "python:3.14-rc-slim",
        "amd64 arm64 s390x",
        [
            Seen(2 * DAY, None),
            Seen(26 * HOUR, builds("amd64")),
            Seen(21 * HOUR, builds("amd64 arm64")),
        ],
    ),
    (
        "golang:1.26-trixie",
        "arm64 arm/v7",
        [
            Seen(9 * DAY, builds("amd64")),
            Seen(9 * DAY - 2.5 * HOUR, builds("amd64 arm64")),
            Seen(9 * DAY - 7 * HOUR, builds("amd64 arm64 arm/v7")),
            Seen(2 * DAY, builds("amd64 arm64 arm/v7", "b")),
        ],
    ),
    ("redis:8.2-alpine", "arm64", [Seen(6 * DAY, builds(ALL))]),
    (
        "postgres:18",
        "arm64 s390x",
        [Seen(5 * DAY, builds(ALL)), Seen(4 * HOUR, builds(ALL, "b") | builds("s390x"))],
    ),
    (
        "ghcr.io/grafana/grafana:12.3",
        "arm64",
        [
            Seen(50 * HOUR, builds("amd64 arm64")),
            Seen(5 * HOUR, builds("amd64 arm64")),
            Seen(4 * HOUR, trouble=TroubleKind.TIMED_OUT),
        ],
    ),
    ("quay.io/prometheus/prometheus:v3.8.0", "arm64 s390x", [Seen(30 * HOUR, None)]),
    (
        "traefik:3.6",
        "amd64 arm64",
        [
            Seen(7 * DAY, builds("amd64 arm64")),
            Seen(40 * timedelta(minutes=1), builds("amd64 arm64"), lost=frozenset({"arm64"})),
        ],
    ),
)
_WAITS_H = {
    "arm64": (0.4, 0.7, 1.1, 1.4, 1.8, 2.2, 2.5, 2.9, 3.1, 3.6, 4.2, 5.5, 7.0, 9.5, 14.0, 26.0),
    "arm/v7": (3.0, 6.0, 9.0, 15.0, 22.0, 48.0, 90.0),
    "s390x": (2.0, 26.0, 60.0),
}


def observation(seen: Seen, now: datetime) -> Observation:
    at = now - seen.ago
    if seen.trouble is not None:
        return Observation(Status.UNKNOWN, at, trouble=Trouble(seen.trouble))
    if seen.builds is None:
        return Observation(Status.TAG_MISSING, at)
    entries = {
        parse_platform(name): Entry(
            f"sha256:{letter * 64}",
            reachable=name not in seen.lost,
            created=at - (DAY if letter == "a" else HOUR),
            revision=letter * 40,
        )
        for name, letter in seen.builds.items()
    }
    last = max(seen.builds.values())
    return Observation(Status.PRESENT, at, f"sha256:{last * 63}{len(entries)}", entries)


async def furnish(store: Store, *, now: datetime) -> None:
    """Watches in all states, waits that have ended, a parked registry, messages that wait."""
    for name, lengths in _WAITS_H.items():
        for number, hours in enumerate(lengths):
            begun = (number + 4) * DAY
            await _live(
                store,
                f"example/{name.replace('/', '')}:{number}",
                [parse_platform(name)],
                [
                    Seen(begun, builds("amd64")),
                    Seen(begun - hours * HOUR, builds("amd64") | builds(name)),
                ],
                now=now,
            )
    for number in range(4):  # the job that writes node's index, every three hours
        run = (3 * number + 2) * HOUR + timedelta(minutes=7)
        await _live(
            store,
            f"node:22.{14 - number}-bullseye-slim",
            [ARM64],
            [
                Seen(run + timedelta(minutes=6), builds("amd64 arm64")),
                Seen(run, builds("amd64 arm64", "b")),
            ],
            now=now,
        )
    await _live(
        store,
        "arm32v7/node:22.15-bullseye-slim",
        [parse_platform("arm/v7")],
        [Seen(timedelta(minutes=50), builds("arm/v7"))],
        now=now,
    )
    await _live(
        store,
        "arm64v8/node:22.15-bullseye-slim",
        [ARM64],
        [Seen(timedelta(minutes=4), None)],
        now=now,
    )
    await _settle(store, now=now)
    await _list(store, now=now)
    for image, wanted, history in _HISTORY:
        await _live(store, image, list(map(parse_platform, wanted.split())), history, now=now)
    await _send_all(store, now=now)
    async with store.transaction() as transaction:
        await transaction.registries.save(
            [
                RegistryState("docker.io", limit=100, remaining=84, window_s=21600),
                RegistryState("ghcr.io", parked_until=now + 12 * timedelta(minutes=1), failures=3),
                RegistryState("quay.io"),
            ]
        )
        await transaction.outbox.post(OPS, Message("Watching traefik:3.6."), now=now)


async def _list(store: Store, *, now: datetime) -> None:
    """What docker-library plans of some of them."""
    planned = {
        "node": (["22-bullseye-slim", "22.15-bullseye-slim"], "amd64, arm32v7, arm64v8, s390x"),
        "python": (["3.14-rc-slim"], "amd64, arm64v8"),
    }
    async with store.transaction() as transaction:
        for name, (tags, architectures) in planned.items():
            text = library_text(tags, architectures=architectures, commit="a" * 40)
            listed_at = {tags[-1]: now - 3.5 * HOUR}
            await transaction.libraries.save(
                KeptFile(name, text, None, now - timedelta(minutes=11), listed_at=listed_at)
            )


async def _live(
    store: Store,
    image: str,
    platforms: Iterable[Platform],
    history: Sequence[Seen],
    *,
    now: datetime,
) -> None:
    """Watch an image when the first of these was seen, and see the others."""
    first, *others = (observation(seen, now) for seen in history)
    reference = parse_reference(image)
    wanted = tuple(platforms)
    async with store.transaction() as transaction:
        await transaction.watches.add(
            NewWatch(
                reference=reference,
                place=TEAM,
                platforms=wanted,
                met={p: entry.digest for p in wanted if (entry := first.offers(p)) is not None},
                person="U1",
                standing=True,
                expires_at=None,
                observation=first,
                source="chat",
                due_at=now + HOUR,
            ),
            now=first.observed_at,
        )
    latest = others[-1] if others else first
    if latest.is_clear:
        others.append(replace(latest, observed_at=now - timedelta(seconds=20)))
    for seen in others:
        await _look(store, reference, seen, due_at=now + HOUR)


async def _look(store: Store, reference: Reference, seen: Observation, *, due_at: datetime) -> None:
    at = seen.observed_at
    async with store.transaction() as transaction:
        await transaction.targets.hint(reference, digest=None, now=at)
        [target] = await transaction.targets.claim(
            capacity=lambda _registry: 100, limit=100, now=at, lease_s=60
        )
        await transaction.targets.record([look(target, seen, due_at=due_at)], now=at)


async def _settle(store: Store, *, now: datetime) -> None:
    """End all watches, and send what is owed."""
    await _send_all(store, now=now)
    async with store.transaction() as transaction:
        active = await transaction.watches.active()
        await transaction.watches.end([watch.id for watch in active], why="stopped", now=now)


async def _send_all(store: Store, *, now: datetime) -> None:
    async with store.transaction() as transaction:
        while sending := await transaction.outbox.claim(
            services=frozenset({"slack"}), now=now, lease_s=60, group_within_s=0, limit=100
        ):
            for delivery in sending:
                await transaction.outbox.sent(delivery, message_id="1", now=now)
