"""The bot as a process of its own: what it is told, what it says, and how it ends."""

import asyncio
import codecs
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.components import bound_to_this_process
from tests.support.forked import can_be_forked, start_forked

_ROOT = Path(__file__).parents[2]
_STOP_WITHIN_S = 15.0

NOTHING_OUTSIDE = {"ARCHBELL_OFFICIAL__ENABLED": "false"}
"""What keeps a bot from asking docker-library; a test that says where that is gives it as ""."""


class BotProcess:
    """One life of `python -m bot --config PATH run`, or of another command.

    Its environment is ours without ARCHBELL_*, plus NOTHING_OUTSIDE and what is given, but for what
    is empty; so the coverage of a measured run goes on in it. Leaving its block kills it and prints
    what it said, which pytest shows when the test fails. fresh: a Python of its own, instead of one
    that has loaded the program's modules already.
    """

    def __init__(
        self,
        config: Path | None = None,
        *,
        command: Sequence[str | Path] | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path = _ROOT,
        fresh: bool = False,
    ) -> None:
        assert (config is None) != (command is None), "Either a configuration or a command"
        run: list[str | Path] = [sys.executable, "-m", "bot", "--config", config or "", "run"]
        self._command = list(command) if command is not None else run
        self._environment = {"PYTHONPATH": str(_ROOT), **(environment or {})}
        self._folder = folder
        self._fresh = fresh
        self._life = _Life()
        self._transport: asyncio.SubprocessTransport | None = None

    async def __aenter__(self) -> Self:
        environment = _environment(self._environment)
        if not self._fresh and can_be_forked(self._command, environment):
            self._transport, _ = await start_forked(
                lambda: self._life, self._command, environment=environment, folder=self._folder
            )
        else:
            self._transport, _ = await asyncio.get_running_loop().subprocess_exec(
                lambda: self._life,
                *bound_to_this_process(self._command),
                cwd=self._folder,
                env=environment,
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.kill()
        print(self.report())

    @property
    def pid(self) -> int:
        """The process' id."""
        return self._started.get_pid()

    @property
    def transcript(self) -> str:
        """What it has written to stdout so far."""
        return self._life.output.text

    @property
    def log(self) -> str:
        """What it has written to stderr so far."""
        return self._life.log.text

    @property
    def position(self) -> int:
        """The end of the transcript, to be given as `after` to the next wait_for."""
        return len(self._life.output.text)

    async def say(self, line: str) -> None:
        """Type a line. Raises AssertionError if nobody can read it any more."""
        await self.say_bytes(f"{line}\n".encode())

    async def say_bytes(self, lines: bytes) -> None:
        """Send bytes that need not be text, as say does."""
        stdin = self._stdin
        assert not stdin.is_closing(), f"Nobody listens to {lines!r}\n{self.report()}"
        stdin.write(lines)

    async def end_input(self) -> None:
        """Close its standard input."""
        self._stdin.close()

    async def wait_for(
        self, pattern: str, *, timeout_s: float = 30.0, after: int = 0
    ) -> re.Match[str]:
        """The first match in the whole lines of stdout from position `after` on.

        ^ and $ match at lines; match.end() is a position. Raises AssertionError, with everything
        that was said, when the time is over or the process has ended without it.
        """
        return await self._wait_for(self._life.output, pattern, timeout_s=timeout_s, after=after)

    async def wait_for_log(
        self, pattern: str, *, timeout_s: float = 30.0, after: int = 0
    ) -> re.Match[str]:
        """As wait_for, in stderr."""
        return await self._wait_for(self._life.log, pattern, timeout_s=timeout_s, after=after)

    async def stop(self, signal: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and give the exit code. Raises AssertionError if it does not end."""
        self.send(signal)
        return await self.ended()

    def send(self, signal: signal.Signals) -> None:
        """Send a signal; nothing happens if it has ended."""
        with suppress(ProcessLookupError):
            self._started.send_signal(signal)

    async def ended(self, *, timeout_s: float = _STOP_WITHIN_S) -> int:
        """Wait for its end and give the exit code. Raises AssertionError, and kills it, if late."""
        try:
            await asyncio.wait_for(self._life.exited.wait(), timeout_s)
        except TimeoutError as error:
            await self.kill()
            raise AssertionError(f"It does not end\n{self.report()}") from error
        await self._tidy()
        code = self._started.get_returncode()
        assert code is not None
        return code

    async def kill(self) -> None:
        """End it as kill -9 does, and wait until it is gone."""
        with suppress(ProcessLookupError):
            self._started.kill()
        await self._life.exited.wait()
        await self._tidy()

    def report(self) -> str:
        """Everything it said, for people."""
        command = " ".join(map(str, self._command))
        return f"--- {command}: stdout ---\n{self.transcript}\n--- stderr ---\n{self.log}"

    @property
    def _started(self) -> asyncio.SubprocessTransport:
        assert self._transport is not None, "Use it as `async with BotProcess(...) as bot:`"
        return self._transport

    @property
    def _stdin(self) -> asyncio.WriteTransport:
        stdin = self._started.get_pipe_transport(0)
        assert isinstance(stdin, asyncio.WriteTransport)
        return stdin

    async def _wait_for(
        self, transcript: "_Transcript", pattern: str, *, timeout_s: float, after: int
    ) -> re.Match[str]:
        wanted = re.compile(pattern, re.MULTILINE)
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := wanted.search(transcript.lines, after)):
                    if transcript.ended:
                        raise AssertionError(f"Ended without {pattern!r}\n{self.report()}")
                    await self._life.next_change()
        except TimeoutError as error:
            raise AssertionError(f"No {pattern!r} in time\n{self.report()}") from error
        return found

    async def _tidy(self) -> None:
        """Read what is left; a grandchild that keeps the pipes open is not waited for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while not (self._life.output.ended and self._life.log.ended):
                    await self._life.next_change()
        self._started.close()
        await self._life.closed.wait()


class _Life(asyncio.SubprocessProtocol):
    """What happens to the process. Its exit is told even while somebody keeps its pipes open,
    which asyncio's own Process does not do in every version."""

    def __init__(self) -> None:
        self.output = _Transcript()
        self.log = _Transcript()
        self.exited = asyncio.Event()
        self.closed = asyncio.Event()
        self._changed = asyncio.Event()

    async def next_change(self) -> None:
        """Return when either stream has given more, or has ended."""
        self._changed.clear()
        await self._changed.wait()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        (self.output if fd == 1 else self.log).add(data)
        self._changed.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd != 0:
            (self.output if fd == 1 else self.log).end()
            self._changed.set()

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


class _Transcript:
    """What came out of a stream, in pieces that need not end with a line or even a character."""

    def __init__(self) -> None:
        self.text = ""
        self.ended = False
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    @property
    def lines(self) -> str:
        """The text up to the last whole line: half a number would match as one."""
        return self.text if self.ended else self.text[: self.text.rfind("\n") + 1]

    def add(self, piece: bytes) -> None:
        self.text += self._decoder.decode(piece)

    def end(self) -> None:
        self.text += self._decoder.decode(b"", final=True)
        self.ended = True


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("ARCHBELL_")}
    return {name: text for name, text in (kept | NOTHING_OUTSIDE | dict(given)).items() if text}
