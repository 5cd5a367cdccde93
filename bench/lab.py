"""Where rows are measured: a folder, and the programs that are started for them."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measures import seen_by
from bench.seeding import DATABASE, REGISTRY, seed
from tests.support.components import bound_to_this_process

ROOT = Path(__file__).parents[1]
PROGRAM_ENDS_WITHIN_S = 600
ENDS_WITHIN_S = 5
CREW = 50
"""Looks at once, where a row is about cost and not about a limit."""


@dataclass(frozen=True, slots=True)
class Registry:
    """The bench's registry, running."""

    url: str

    def seen(self) -> dict[str, Any]:
        return seen_by(self.url)

    def forget(self) -> None:
        seen_by(self.url, forget=True)


@dataclass(slots=True)
class Lab:
    """folder is empty at first and thrown away afterwards; quick: fewer runs and fewer targets."""

    folder: Path
    quick: bool
    rooms: int = 0

    def runs(self, usual: int) -> int:
        """How often to repeat what is done so often in a full run."""
        return min(usual, 3) if self.quick else usual

    def targets(self, usual: int) -> int:
        """How many targets, where a full run has so many."""
        return min(usual, 2_000) if self.quick else usual

    def room(self) -> Path:
        """A new folder."""
        self.rooms += 1
        room = self.folder / str(self.rooms)
        room.mkdir()
        return room

    @contextmanager
    def registry(self, *options: str) -> Iterator[Registry]:
        """A registry in a process of its own."""
        command = python("bench.registry", *options)
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None, "It is piped"
                yield Registry(f"http://127.0.0.1:{int(process.stdout.readline())}")
            finally:
                process.terminate()
                process.wait(ENDS_WITHIN_S)

    def config(
        self, registry: Registry, *, targets: int, concurrency: int = CREW, missing: int = 0
    ) -> Path:
        """A configuration over a new database with so many targets, some of which are missing."""
        room = self.room()
        seed(room / DATABASE, targets, missing=missing)
        path = room / "config.toml"
        path.write_text(
            f"""
[database]
url = "sqlite:///{DATABASE}"
[schedule]
fast_s = 3600
min_s = 3600
[looks]
concurrency = {CREW}
[[registry]]
host = "{REGISTRY}"
endpoint = "{registry.url}"
plain_http = true
allow_private = true
rate = 0
concurrency = {concurrency}
"""
        )
        return path

    def bot(self, config: Path, registry: Registry, **asked: int) -> dict[str, Any]:
        """What a bot in a process of its own finds; asked: rounds, watchers, commands."""
        options = [f"--{name}={number}" for name, number in asked.items()]
        return run("bench.bot", str(config), f"--registry={registry.url}", *options)

    def bare(self, registry: Registry, count: int) -> dict[str, Any]:
        """What the bare loop costs for so many tags."""
        return run("bench.bare", registry.url, str(count), f"--concurrency={CREW}")


def run(module: str, *arguments: str) -> dict[str, Any]:
    """The one JSON object that a program of the bench prints."""
    finished = subprocess.run(
        python(module, *arguments),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=PROGRAM_ENDS_WITHIN_S,
        check=True,
    )
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def cpu_s_of(command: Sequence[str], *, bytecode: Path) -> float:
    """The processor time of a program from its start to its end.

    bytecode: where compiled modules are kept, as an installation has them, whatever this process'
    own environment says about that; the first run fills it.
    """
    environment = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith("ARCHBELL_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
        check=False,
        env={**environment, "PYTHONPYCACHEPREFIX": str(bytecode)},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module and ends when this process does."""
    return bound_to_this_process([sys.executable, "-m", module, *arguments])
