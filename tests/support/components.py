"""Programs that tests need on the machine, started so that none outlives the tests."""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

REQUIRE_ALL = "ARCHBELL_REQUIRE_ALL"
"""Environment variable: its value 1 makes a missing program fail the test, not skip it."""


def require(program: str, package: str) -> Path:
    """Path of a program; without it the test is skipped, or fails where everything is required."""
    found = shutil.which(program, path=os.pathsep.join(_search_path()))
    if found is not None:
        return Path(found)
    missing = f"{program} is not installed; run: apt-get install {package}"
    if os.environ.get(REQUIRE_ALL) == "1":
        pytest.fail(missing)
    pytest.skip(missing)


def bound_to_this_process(command: Sequence[str | Path]) -> list[str]:
    """The command, arranged so that the kernel kills it when the thread that starts it dies.

    Even a test run that is killed leaves nothing behind. Elsewhere than on Linux it is as given.
    """
    setpriv = shutil.which("setpriv")
    prefix = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
    return prefix + [str(word) for word in command]


def _search_path() -> list[str]:
    """PATH, then the places where Debian keeps servers; of PostgreSQL the newest version first."""
    postgres = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    return [os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/lib", *map(str, postgres)]


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", folder.parent.name)))
