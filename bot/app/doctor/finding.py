"""What an examination says."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How bad it is; a warning does not keep the bot from working."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was examined, how it is, and what to do about it ("" where nothing is)."""

    subject: str
    verdict: Verdict
    says: str
    cure: str = ""


def well(subject: str, says: str) -> Finding:
    """Nothing to do."""
    return Finding(subject, Verdict.OK, says)


def warning(subject: str, says: str, cure: str) -> Finding:
    """The bot works, and something about it should be looked after."""
    return Finding(subject, Verdict.WARNING, says, cure)


def fault(subject: str, says: str, cure: str) -> Finding:
    """Something does not work until it is mended."""
    return Finding(subject, Verdict.FAULT, says, cure)
