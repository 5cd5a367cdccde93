"""What tests put into a store, and short ways to put it there."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from bot.core.decide import decide
from bot.core.errors import TroubleKind
from bot.core.model import (
    Alert,
    AlertFacts,
    Decision,
    Entry,
    Event,
    Observation,
    Place,
    Status,
    Trouble,
    Want,
    Watch,
)
from bot.core.platform import Platform, parse_platform
from bot.core.reference import Reference, parse_reference
from bot.ports.outbox import Delivery
from bot.ports.store import Store
from bot.ports.targets import ClaimedTarget, LookResult
from bot.ports.watches import AddedWatch, NewWatch

NOW = datetime(2025, 4, 23, 12, 0, tzinfo=UTC)
NODE = parse_reference("node:22")
BUSYBOX = parse_reference("busybox:1.37")
GRAFANA = parse_reference("ghcr.io/grafana/grafana:12")
AMD64 = parse_platform("amd64")
ARM64 = parse_platform("arm64")
RISCV = parse_platform("riscv64")
TEAM = Place("slack", "C1")
OPS = Place("slack", "C2")
CHAT = Place("telegram", "-100", "7")
SERVICES = frozenset({"slack", "telegram", "terminal"})


def at(seconds: float) -> datetime:
    """So many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def present(
    *platforms: Platform, of: str = "a", seen_at: datetime = NOW, etag: str | None = None
) -> Observation:
    """The tag is there, with these platforms."""
    return Observation(
        status=Status.PRESENT,
        observed_at=seen_at,
        digest=digest(of),
        entries={platform: Entry(digest("b"), reachable=True) for platform in platforms},
        etag=etag,
    )


def missing(seen_at: datetime = NOW) -> Observation:
    return Observation(Status.TAG_MISSING, seen_at)


def unknown(seen_at: datetime = NOW, retry_at: datetime | None = None) -> Observation:
    trouble = Trouble(TroubleKind.RATE_LIMITED, 429, retry_at)
    return Observation(Status.UNKNOWN, seen_at, trouble=trouble)


def new_watch(
    reference: Reference = NODE,
    *,
    place: Place = TEAM,
    platforms: Iterable[Platform] = (ARM64,),
    met: Mapping[Platform, str] | None = None,
    person: str | None = "U1",
    standing: bool = False,
    expires_at: datetime | None = None,
    observation: Observation | None = None,
    due_at: datetime = NOW,
    tells: frozenset[Event] = frozenset(),
) -> NewWatch:
    return NewWatch(
        reference=reference,
        place=place,
        platforms=tuple(platforms),
        met=met or {},
        person=person,
        standing=standing,
        expires_at=expires_at,
        observation=observation,
        source="chat",
        due_at=due_at,
        tells=tells,
    )


async def add(store: Store, new: NewWatch, *, now: datetime = NOW) -> AddedWatch:
    async with store.transaction() as transaction:
        return await transaction.watches.add(new, now=now)


async def claim(
    store: Store, *, now: datetime = NOW, limit: int = 100, lease_s: float = 60
) -> list[ClaimedTarget]:
    async with store.transaction() as transaction:
        return await transaction.targets.claim(
            capacity=lambda _registry: 100, limit=limit, now=now, lease_s=lease_s
        )


async def claim_one(store: Store, *, now: datetime = NOW) -> ClaimedTarget:
    [claimed] = await claim(store, now=now)
    return claimed


def look(
    target: ClaimedTarget,
    observation: Observation,
    *,
    due_at: datetime | None = None,
    decision: Decision | None = None,
    changed: bool | None = None,
    failures: int = 0,
) -> LookResult:
    """What flows.check would record of an observation; due 60 s later."""
    decision = decide(target.wants, observation) if decision is None else decision
    known = target.observation
    differs = observation.is_clear and observation.differs_from(known)
    return LookResult(
        target=target,
        observation=observation,
        decision=decision,
        facts={alert: facts_of(target, alert, observation) for alert in decision.alerts},
        due_at=due_at or observation.observed_at + timedelta(seconds=60),
        changed=differs if changed is None else changed,
        failures=failures,
    )


def facts_of(target: ClaimedTarget, alert: Alert, observation: Observation) -> AlertFacts:
    return AlertFacts(
        reference=target.reference,
        digest=observation.digest,
        there=tuple(platform.short for platform in observation.entries),
        missing=(),
        observed_at=observation.observed_at,
        wanted_since=min(target.wanted_since.values(), default=NOW),
    )


async def record(store: Store, *results: LookResult, now: datetime = NOW) -> list[bool]:
    async with store.transaction() as transaction:
        return await transaction.targets.record(results, now=now)


async def look_and_record(
    store: Store, observation: Observation, *, now: datetime = NOW
) -> ClaimedTarget:
    """Claim the one target that is due, and record what was seen of it."""
    target = await claim_one(store, now=now)
    assert await record(store, look(target, observation), now=now) == [True]
    return target


async def take(
    store: Store,
    *,
    now: datetime = NOW,
    services: frozenset[str] = SERVICES,
    group_within_s: float = 5,
    lease_s: float = 60,
    limit: int = 100,
) -> list[Delivery]:
    async with store.transaction() as transaction:
        return await transaction.outbox.claim(
            services=services,
            now=now,
            lease_s=lease_s,
            group_within_s=group_within_s,
            limit=limit,
        )


async def take_one(store: Store, *, now: datetime = NOW) -> Delivery:
    [delivery] = await take(store, now=now)
    return delivery


async def watches_of(store: Store, place: Place = TEAM) -> list[Watch]:
    async with store.reading() as transaction:
        return await transaction.watches.of_place(place)


async def wants_of(store: Store, place: Place = TEAM) -> list[Want]:
    return [want for watch in await watches_of(store, place) for want in watch.wants]
