"""The command line as scripts meet it: a process, its exit code, and what it said."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.bot_process import BotProcess

ROOT = Path(__file__).parents[2]
LONGEST_S = 100.0


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
    command = (*before, "-m", "bot", *words)
    process = BotProcess(command=command, environment=environment, folder=folder or ROOT)
    async with process:
        await process.end_input()
        code = await process.ended(timeout_s=LONGEST_S)
    return Ended(code, process.transcript, process.log)
