"""The database, the disk below it, and the clock."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bot.app.doctor.finding import Finding, fault, warning, well
from bot.app.wiring import database_url
from bot.config import Settings
from bot.core.errors import StoreError
from bot.registry.greeting import Greeting

MIB = 1024 * 1024
FULL_BYTES = 64 * MIB
SCARCE_BYTES = 1024 * MIB
CLOCK_MAY_DIFFER_S = 60
WITHIN_S = 5.0
_NO_OWN_CURE = "see that [database] url names the right database, and mend what is said of it"


async def database_findings(settings: Settings) -> list[Finding]:
    """Whether the database can be used, how old its schema is, and how much room it has."""
    from bot.store.inspection import inspect_store

    try:
        condition = await inspect_store(database_url(settings), busy_timeout_s=WITHIN_S)
    except StoreError as error:
        says, _, cure = str(error).partition("; ")
        return [fault("database", says, cure or _NO_OWN_CURE)]
    name, version = condition.database, condition.version
    if version is None:
        is_file = condition.folder is not None
        how = "is not there yet; the first start makes it"
        empty = "can be written and is empty; the first start makes its tables"
        found = well("database", f"{name} {how if is_file else empty}")
    elif version != condition.newest:
        found = warning(
            "database",
            f"{name} has version {version}, and {condition.newest} is the newest",
            "archbell db upgrade, or start the bot, which does the same",
        )
    else:
        size = f"{condition.size_bytes / MIB:.1f} MiB"
        found = well("database", f"{name} can be written; version {version}, {size}")
    return [found] if condition.folder is None else [found, disk_finding(condition.folder)]


def disk_finding(folder: Path) -> Finding:
    """How much space there is where the database is."""
    return judged_space(folder, shutil.disk_usage(folder).free)


def judged_space(folder: Path, free_bytes: int) -> Finding:
    """Whether that much is enough."""
    says = f"{free_bytes / 1024 / MIB:.1f} GiB free at {folder}"
    cure = "make room on that disk, or name a file on another one in [database] url"
    if free_bytes < FULL_BYTES:
        return fault("disk", says, cure)
    return warning("disk", says, cure) if free_bytes < SCARCE_BYTES else well("disk", says)


def clock_finding(greetings: Sequence[Greeting]) -> Finding:
    """How far our clock is from those of the registries, by the middle one of them."""
    leads = [each.clock_ahead_s for each in greetings if each.clock_ahead_s is not None]
    if not leads:
        return warning(
            "clock",
            "not compared: no registry told its time",
            "see the lines about registries, then run archbell doctor again",
        )
    ahead_s = median(leads)
    if abs(ahead_s) <= CLOCK_MAY_DIFFER_S:
        return well("clock", f"agrees with {_clocks(len(leads))}")
    return fault(
        "clock",
        f"this machine's clock is {_span(abs(ahead_s))} {'slow' if ahead_s > 0 else 'fast'}, by "
        f"{_clocks(len(leads))}",
        "set it and keep it right: timedatectl set-ntp true (in a container: on its host)",
    )


def _clocks(count: int) -> str:
    return "a registry's" if count == 1 else f"those of {count} registries"


def _span(seconds: float) -> str:
    if seconds < 2 * 60:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
