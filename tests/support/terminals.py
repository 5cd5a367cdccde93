"""The bot with a person in front of it: a process whose terminal is a real one."""

import asyncio
import fcntl
import os
import pty
import re
import signal
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.components import bound_to_this_process

ROOT = Path(__file__).parents[2]
CTRL_C, CTRL_D = b"\x03", b"\x04"
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()=>][A-Z0-9]?)")


class BotOnTerminal:
    """`python -m bot --config PATH run` with a controlling terminal of its own.

    What it shows, standard error too, is in `shown`, without escape sequences. stdout: a file
    that takes the terminal's place as standard output. Leaving the block kills it.
    """

    def __init__(
        self,
        config: Path,
        *,
        environment: Mapping[str, str] | None = None,
        stdout: Path | None = None,
    ) -> None:
        self._config = config
        self._environment = environment or {}
        self._stdout = stdout
        self._bytes = b""
        self._changed = asyncio.Event()
        self._master = -1
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, b"\x28\x00\x78\x00\x00\x00\x00\x00")
        output = os.open(self._stdout, os.O_WRONLY) if self._stdout is not None else slave
        kept = {name: text for name, text in os.environ.items() if not name.startswith("ARCHBELL_")}
        try:
            self._process = await asyncio.create_subprocess_exec(
                *bound_to_this_process([sys.executable, "-m", "bot"]),
                "--config",
                self._config,
                "run",
                stdin=slave,
                stdout=output,
                stderr=slave,
                cwd=ROOT,
                env={**kept, "TERM": "xterm", **self._environment},
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            )
        finally:
            for descriptor in {slave, output}:
                os.close(descriptor)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._started.returncode is None:
            self._started.kill()
            await self._started.wait()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        print(f"--- terminal ---\n{self.shown}")

    @property
    def shown(self) -> str:
        """Everything that was written to the terminal."""
        return _ESCAPES.sub("", self._bytes.decode(errors="replace"))

    def type(self, keys: str | bytes) -> None:
        """Press keys; a line ends with \\r, as the Enter key has it."""
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, past the terminal."""
        self._started.send_signal(number)

    async def wait_for(self, pattern: str, *, timeout_s: float = 30.0) -> None:
        """Return when the terminal shows it. Raises AssertionError with all that it shows."""
        try:
            async with asyncio.timeout(timeout_s):
                while not re.search(pattern, self.shown):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            raise AssertionError(f"No {pattern!r} in time\n{self.shown}") from error

    async def wait_until_it_heeds_ctrl_c(self, *, timeout_s: float = 15.0) -> None:
        """Return when the terminal makes a signal of Ctrl-C again, as it does after a prompt."""
        async with asyncio.timeout(timeout_s):
            while not termios.tcgetattr(self._master)[3] & termios.ISIG:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def ended(self, *, timeout_s: float = 20.0) -> int:
        """Its exit code. Raises AssertionError if it goes on."""
        try:
            return await asyncio.wait_for(self._started.wait(), timeout_s)
        except TimeoutError as error:
            raise AssertionError(f"It does not end\n{self.shown}") from error

    @property
    def _started(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "Use it as `async with BotOnTerminal(...) as bot:`"
        return self._process

    def _read(self) -> None:
        try:
            self._bytes += os.read(self._master, 65536)
        except OSError:  # Linux says EIO when the last process has let go of it
            asyncio.get_running_loop().remove_reader(self._master)
        self._changed.set()
