"""Wants and observations for tests of what is decided and said about them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.decide import decide
from bot.core.errors import TroubleKind
from bot.core.model import (
    Alert,
    Decision,
    Entry,
    Event,
    Observation,
    Status,
    Trouble,
    Want,
    WantState,
    WatchId,
)
from bot.core.platform import Platform
from bot.core.reference import parse_reference

NOW = datetime(2025, 4, 23, 12, 0, tzinfo=UTC)
NODE = parse_reference("node:22.15-bullseye-slim")
ONE, TWO = WatchId(1), WatchId(2)
AMD64, ARM64, ARMV7, S390X = (
    Platform("linux", "amd64"),
    Platform("linux", "arm64"),
    Platform("linux", "arm", "v7"),
    Platform("linux", "s390x"),
)


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def present(
    *platforms: Platform,
    entries: Mapping[Platform, Entry] | None = None,
    at: datetime = NOW,
    build: str = "a",
) -> Observation:
    """A tag with these platforms, all of them served; build makes the digests."""
    listed = {platform: Entry(digest(build), True) for platform in platforms}
    return Observation(Status.PRESENT, at, digest(build), {**listed, **(entries or {})})


def missing(at: datetime = NOW) -> Observation:
    return Observation(Status.TAG_MISSING, at)


def denied(at: datetime = NOW) -> Observation:
    return Observation(Status.DENIED, at, trouble=Trouble(TroubleKind.DENIED, 401))


def unknown(
    at: datetime = NOW,
    *,
    kind: TroubleKind = TroubleKind.UNREACHABLE,
    retry_in_s: float | None = None,
) -> Observation:
    retry_at = None if retry_in_s is None else at + timedelta(seconds=retry_in_s)
    return Observation(Status.UNKNOWN, at, trouble=Trouble(kind, retry_at=retry_at))


def built(
    letter: str, *, hours: float, revision: str | None, reachable: bool | None = True
) -> Entry:
    """A platform built so many hours after NOW."""
    return Entry(digest(letter), reachable, NOW + timedelta(hours=hours), revision)


def once(platform: Platform = ARM64, state: WantState = WantState.WAITING) -> Want:
    return Want(ONE, platform, state)


def kept(platform: Platform = ARM64, state: WantState = WantState.MET, **fields: object) -> Want:
    """A want of a standing watch, whose platform had the digest of the usual build."""
    base = Want(ONE, platform, state, standing=True, digest=digest("a"))
    return replace(base, **fields)  # type: ignore[arg-type]


class Story:
    """The wants of a target as one observation after the other changes them."""

    def __init__(self, *wants: Want) -> None:
        self.wants = {(want.watch, want.platform): want for want in wants}
        self.alerts: list[Alert] = []

    def see(self, *observations: Observation) -> Decision:
        decision = Decision()
        for observation in observations:
            decision = decide(tuple(self.wants.values()), observation)
            self.wants.update({(want.watch, want.platform): want for want in decision.wants})
            self.alerts.extend(decision.alerts)
        return decision

    @property
    def told(self) -> list[tuple[Event, Platform | None]]:
        return [(alert.event, alert.platform) for alert in self.alerts]

    @property
    def states(self) -> list[WantState]:
        return [want.state for want in self.wants.values()]
