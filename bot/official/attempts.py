"""How often asking a source has failed in a row, and how long it is left alone for that."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.evidence import Failed
from bot.core.model import Trouble

REST_MIN_S, REST_MAX_S = 30.0, 1800.0
"""How long something is left alone after failures: at first, and at most."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """The failures since the last answer; trouble and failed_at are those of the last one."""

    trouble: Trouble | None = None
    failed_at: datetime | None = None
    failures: int = 0
    rests_until: datetime | None = None

    def rests(self, now: datetime) -> bool:
        """Whether it is not to be asked yet."""
        return self.rests_until is not None and self.rests_until > now

    def failed(self, trouble: Trouble, now: datetime) -> "Attempts":
        """These and one more."""
        rest_s = min(REST_MIN_S * 2 ** min(self.failures, 10), REST_MAX_S)
        rests_until = now + timedelta(seconds=rest_s)
        if trouble.retry_at is not None:
            rests_until = max(rests_until, trouble.retry_at)
        return Attempts(trouble, now, self.failures + 1, rests_until)

    def answer(self) -> Failed | None:
        """What there is to say without any copy; None if it was not asked."""
        if self.trouble is None or self.failed_at is None:
            return None
        return Failed(self.failed_at, self.trouble)


NO_FAILURES = Attempts()
