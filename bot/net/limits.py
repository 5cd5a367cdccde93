"""What registries say about their limits, read from headers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BUDGET_HEADER = "ratelimit-limit"
MIN_PAUSE_S = 1
MAX_PAUSE_S = 6 * 3600
_POLICY = re.compile(r"\s*(\d{1,12})\s*(?:;\s*w=(\d{1,9}))?", re.ASCII)
_EPOCH = re.compile(r"\d{1,12}", re.ASCII)
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Budget:
    """How many pulls are left of how many in a window; window_s is None where it is not said."""

    limit: int
    remaining: int
    window_s: int | None


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds to stay away, between 1 s and 6 h; None for nothing and for what is neither form.

    Source: RFC 9110, section 10.2.3: whole seconds, or an HTTP date.
    """
    if value is None:
        return None
    text = value.strip()
    seconds = float(text) if _SECONDS.fullmatch(text) else _seconds_until(text, now)
    return None if seconds is None else min(max(seconds, MIN_PAUSE_S), MAX_PAUSE_S)


def is_out_of_requests(headers: Mapping[str, str]) -> bool:
    """Whether a refusal is for too many requests rather than for who asks.

    Source: GitHub REST API, "Rate limits": 403 or 429, x-ratelimit-remaining 0 or retry-after.
    """
    return headers.get("x-ratelimit-remaining", "").strip() == "0" or "Retry-After" in headers


def parse_pause(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds to stay away, as parse_retry_after(); without it by x-ratelimit-reset.

    Source: GitHub REST API, "Rate limits": the reset's time in seconds since 1970.
    """
    pause_s = parse_retry_after(headers.get("Retry-After"), now=now)
    reset = headers.get("x-ratelimit-reset", "").strip()
    if pause_s is None and is_out_of_requests(headers) and _EPOCH.fullmatch(reset):
        return min(max(int(reset) - now.timestamp(), MIN_PAUSE_S), MAX_PAUSE_S)
    return pause_s


def _seconds_until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - now).total_seconds()


def parse_budget(headers: Mapping[str, str]) -> Budget | None:
    """The tightest of the policies in ratelimit-limit and ratelimit-remaining, if there are any.

    Source: Docker Hub, "Pull usage and limits": `100;w=21600`; a registry may list several.
    """
    if BUDGET_HEADER not in headers:
        return None
    limits = {window: count for count, window in _policies(headers[BUDGET_HEADER])}
    remaining = _policies(headers.get("ratelimit-remaining"))
    if not limits or not remaining:
        return None
    left, window = min(remaining, key=lambda policy: policy[0])
    limit = limits.get(window, max(limits.values()))
    return Budget(limit=limit, remaining=left, window_s=window)


def _policies(value: str | None) -> list[tuple[int, int | None]]:
    found = (_POLICY.match(part) for part in (value or "").split(","))
    return [(int(m[1]), int(m[2]) if m[2] else None) for m in found if m is not None]
