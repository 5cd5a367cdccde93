"""Processes of the program that begin where all its modules are loaded.

Loading them is nearly all that a short life of the program costs, and tests start it some hundred
times. So one process of a test run (multiprocessing's fork server) loads them, and the others are
forked from it: processes of their own, which are signalled and killed like any other.
"""

import asyncio
import ctypes
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import ForkServerProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, TextIO, TypeVar, cast

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.support.preloaded"])
_SET_PARENT_DEATH_SIGNAL = 1
_READ_TOO_EARLY = ("PYTHON", "LANG", "LC_", "TZ", "TERM", "COLUMNS", "COVERAGE", "_TYPER")
"""How the environment variables begin that are read before the program begins, or may be."""

Protocol = TypeVar("Protocol", bound=asyncio.SubprocessProtocol)


def can_be_forked(command: Sequence[str | Path], environment: Mapping[str, str]) -> bool:
    """Whether it is `python -m MODULE …`, in an environment that need not be known earlier."""
    changed = {
        name
        for name in os.environ.keys() | environment.keys()
        # An empty one is as good as none.
        if os.environ.get(name, "") != environment.get(name, "") and name != "PYTHONPATH"
    }
    is_module = list(map(str, command[:2])) == [sys.executable, "-m"]
    return is_module and not any(name.startswith(_READ_TOO_EARLY) for name in changed)


async def start_forked(
    protocol_factory: Callable[[], Protocol],
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path,
) -> tuple[asyncio.SubprocessTransport, Protocol]:
    """As loop.subprocess_exec, for a command that can_be_forked, killed when this process ends."""
    protocol = protocol_factory()
    stdin, stdout, stderr = os.pipe(), os.pipe(), os.pipe()
    theirs = (stdin[0], stdout[1], stderr[1])
    life = _Life(tuple(map(str, command[2:])), dict(environment), str(folder), theirs)
    process = _CONTEXT.Process(target=_live, args=(life,), daemon=True)
    try:
        process.start()
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    transport = _ForkedTransport(process, protocol)
    await transport.connect(stdin[1], stdout[0], stderr[0])
    return transport, protocol


@dataclass(frozen=True, slots=True)
class _Life:
    """What the process does: words are the module and its arguments."""

    words: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str
    streams: tuple[int, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        # Only while it is handed over are descriptors accepted.
        return _received, (self.words, self.environment, self.folder, [*map(DupFd, self.streams)])


def _received(
    words: tuple[str, ...], environment: Mapping[str, str], folder: str, streams: Sequence[Any]
) -> _Life:
    return _Life(words, environment, folder, tuple(each.detach() for each in streams))


def _live(life: _Life) -> None:
    """In the forked process: be what a fresh one with these words would be."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    for number, descriptor in enumerate(life.streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = _stream(0, "r")
    sys.stdout = _stream(1, "w")
    sys.stderr = _stream(2, "w", buffering=1, errors="backslashreplace")
    os.environ.clear()
    os.environ.update(life.environment)
    os.chdir(life.folder)
    module, *arguments = life.words
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _stream(descriptor: int, mode: str, buffering: int = -1, errors: str = "strict") -> TextIO:
    """As Python opens it when it starts, where it is no terminal."""
    opened = os.fdopen(descriptor, mode, buffering, "utf-8", errors, closefd=False)
    return cast("TextIO", opened)


class _ForkedTransport(asyncio.SubprocessTransport):
    """What a test sees of the process, as asyncio's own transport shows it."""

    def __init__(self, process: ForkServerProcess, protocol: asyncio.SubprocessProtocol) -> None:
        super().__init__()
        assert process.pid is not None, "it has been started"
        self._process = process
        self._pid = process.pid
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._pipes: dict[int, asyncio.WriteTransport | asyncio.ReadTransport] = {}
        self._code: int | None = None
        self._loop.add_reader(process.sentinel, self._exited)

    async def connect(self, stdin: int, *outputs: int) -> None:
        """Attach our ends of the pipes."""
        self._pipes[0], _ = await self._loop.connect_write_pipe(
            partial(_Pipe, self, 0), os.fdopen(stdin, "wb", 0)
        )
        for number, descriptor in enumerate(outputs, start=1):
            self._pipes[number], _ = await self._loop.connect_read_pipe(
                partial(_Pipe, self, number), os.fdopen(descriptor, "rb", 0)
            )

    def get_pid(self) -> int:
        return self._pid

    def get_returncode(self) -> int | None:
        return self._code

    def get_pipe_transport(self, fd: int) -> asyncio.BaseTransport | None:
        return self._pipes.get(fd)

    def send_signal(self, signal: int) -> None:
        if self._code is not None:
            raise ProcessLookupError
        os.kill(self._pid, signal)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        for pipe in self._pipes.values():
            pipe.close()
        with suppress(ProcessLookupError):
            self.kill()

    def heard(self, number: int, data: bytes) -> None:
        """A pipe has given something."""
        self._protocol.pipe_data_received(number, data)

    def lost(self, number: int, error: Exception | None) -> None:
        """A pipe is closed."""
        self._protocol.pipe_connection_lost(number, error)
        del self._pipes[number]
        self._close_when_over()

    def _exited(self) -> None:
        self._loop.remove_reader(self._process.sentinel)
        self._process.join()
        self._code = self._process.exitcode
        self._process.close()
        self._protocol.process_exited()
        if stdin := self._pipes.get(0):
            stdin.close()
        self._close_when_over()

    def _close_when_over(self) -> None:
        if self._code is not None and not self._pipes:
            self._loop.call_soon(self._protocol.connection_lost, None)


class _Pipe(asyncio.Protocol):
    """One of the three streams."""

    def __init__(self, transport: _ForkedTransport, number: int) -> None:
        self._transport = transport
        self._number = number

    def data_received(self, data: bytes) -> None:
        self._transport.heard(self._number, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport.lost(self._number, exc)
