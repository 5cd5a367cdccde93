"""Writes what was measured into docs/performance.md, between its marks."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from bench.lab import ROOT
from bench.table import Row, as_markdown

DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"
LIBRARIES = ("aiohttp", "uvloop", "SQLAlchemy", "aiosqlite")


def write(rows: Sequence[Row], *, on: date) -> None:
    """Replace what stands between the marks."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = f"{BEGIN}\n\n{machine(on=on)}\n\n{as_markdown(rows)}\n\n{END}"
    new, count = re.subn(f"{BEGIN}.*{END}", lambda _: found, text, flags=re.DOTALL)
    assert count == 1, f"{DOCUMENT.name} has the marks once"
    DOCUMENT.write_text(new, encoding="utf-8")


def machine(*, on: date) -> str:
    """What it was measured on, and with which versions."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"Measured {on.isoformat()} on {_processor()}, {os.cpu_count()} cores, "
        f"{_memory_gib():.0f} GiB, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, {libraries}."
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, text = line.partition(":")
        if name.strip() == "model name":
            return text.strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
