"""The command line as scripts meet it: a process, its exit code, and what it said."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.bot_process import NOTHING_OUTSIDE

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    errors: str


async def archbell(
    *words: str | Path,
    environment: Mapping[str, str] | None = None,
    before: tuple[str, ...] = (sys.executable,),
    folder: Path | None = None,
) -> Ended:
    """Run a command to its end, without ARCHBELL_* of ours and without asking docker-library.

    before: what starts `-m bot`.

    What it said is printed, for whoever reads a failed test, and for the canaries.
    """
    kept = {name: text for name, text in os.environ.items() if not name.startswith("ARCHBELL_")}
    given = {**kept, **NOTHING_OUTSIDE, "PYTHONPATH": str(ROOT), **(environment or {})}
    process = await asyncio.create_subprocess_exec(
        *before,
        "-m",
        "bot",
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: text for name, text in given.items() if text},
        cwd=folder,
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    ended = Ended(process.returncode, output.decode(), errors.decode())
    print(f"--- archbell {' '.join(map(str, words))}: {ended.code} ---")
    print(ended.output, "--- stderr ---", ended.errors, sep="\n")
    return ended
