"""Secrets that sing: whatever a test captures must not hold one, in plain text or as base64.

The signed tokens of the token server count as well. Passwords and tokens of fixtures begin with
CANARY. As a plugin (conftest.py takes the hook) this fails every test whose captured output or log,
or that of the bot processes it printed, holds one.
"""

import re
from base64 import b64encode
from collections.abc import Generator, Iterator

import pytest

CANARY = "canary-"


def canary(name: str) -> str:
    """A secret for a fixture."""
    return f"{CANARY}{name}"


def songs_in(text: str) -> list[str]:
    """What of a text gives a canary away, with as much around it as helps to find it."""
    return [match.group() for pattern in _PATTERNS for match in pattern.finditer(text)]


def _in_base64() -> Iterator[str]:
    """What CANARY becomes within base64, at each of the three places where it can begin."""
    for before in range(3):
        encoded = b64encode(b"\0" * before + CANARY.encode()).decode()
        whole_bits = (before + len(CANARY)) * 8
        yield encoded[(before * 8 + 5) // 6 : whole_bits // 6]


_SIGNED_TOKEN = r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\."
_PATTERNS = tuple(
    re.compile(rf".{{0,40}}{each}.{{0,20}}")
    for each in (CANARY, *map(re.escape, _in_base64()), _SIGNED_TOKEN)
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a phase of a test in which a canary was said."""
    report = yield
    songs = [song for _, text in report.sections for song in songs_in(text)]
    if songs and report.passed:
        report.outcome = "failed"
        report.longrepr = "A secret was shown:\n" + "\n".join(dict.fromkeys(songs))
    return report
