"""The terminal as a chat: the embedded default, to try the bot without any account."""

import asyncio
import queue
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

import structlog
from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from bot.core.errors import NotSent, StoreError
from bot.core.message.english.talk import render_sorry, render_welcome
from bot.core.message.neutral import Message
from bot.core.message.plain import render_plain
from bot.core.model import TERMINAL, Place
from bot.ports import Clock, Store

PROMPT = "archbell> "
MAX_LINE_CHARACTERS = 20_000
MAX_WAITING_LINES = 100
PERSON = "you"

log = structlog.get_logger(__name__)


class Terminal:
    """Reads commands from standard input and prints messages to standard output.

    It is attached while somebody can be there to read: from the start until the input ends, and
    beyond that if the input ever held a line (a script that pipes commands in reads the answers).
    With an input that is empty from the start, as a service has, messages wait in the outbox.
    """

    service = TERMINAL.service
    can_find = False

    def __init__(
        self,
        *,
        store: Store,
        ring: Callable[[], None],
        clock: Clock,
        new_id: Callable[[], str],
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
    ) -> None:
        self._store = store
        self._ring = ring
        self._clock = clock
        self._new_id = new_id
        self._stdin = stdin or sys.stdin
        self._printer = _Printer(stdout or sys.stdout)
        self._spoken_to = False
        self._ended = False

    @property
    def is_attached(self) -> bool:
        """Whether somebody may read what is printed."""
        return (self._spoken_to or not self._ended) and not self._printer.broken

    def direct_place(self, person: str) -> Place | None:  # noqa: ARG002
        """A terminal has one place only."""
        return None

    async def send(self, place: Place, message: Message, *, marker: str) -> str:  # noqa: ARG002
        """Print the message. Raises NotSent if standard output is closed."""
        await self._printer.print(render_plain(message))
        return marker

    async def find(
        self,
        place: Place,  # noqa: ARG002
        *,
        marker: str,  # noqa: ARG002
        since: datetime,  # noqa: ARG002
    ) -> str | None:
        """What was printed cannot be looked up."""
        return None

    async def listen(self, on_interrupt: Callable[[], None]) -> None:
        """Keep every line as a command until the input ends; its end does not end the bot."""
        if self._stdin.isatty():
            await self._listen_to_a_person(on_interrupt)
        else:
            await self._listen_to_a_pipe()
        self._ended = True
        log.debug("input_ended")

    async def _listen_to_a_person(self, on_interrupt: Callable[[], None]) -> None:
        session: PromptSession[str] = PromptSession(PROMPT)
        with patch_stdout(raw=False):
            self._printer.redirect(sys.stdout)
            await self._printer.print(render_plain(render_welcome()))
            while True:
                try:
                    text = await session.prompt_async()
                except EOFError:
                    return
                except KeyboardInterrupt:
                    on_interrupt()
                    return
                await self._receive(text)

    async def _listen_to_a_pipe(self) -> None:
        lines = _Lines(self._stdin, asyncio.get_running_loop())
        async for text in lines:
            self._spoken_to = True
            await self._receive(text)

    async def _receive(self, text: str) -> None:
        if not text.strip():
            return
        try:
            async with self._store.transaction() as transaction:
                await transaction.inbox.receive(
                    event_id=self._new_id(),
                    place=TERMINAL,
                    person=PERSON,
                    text=text[:MAX_LINE_CHARACTERS],
                    now=self._clock(),
                )
        except StoreError as error:
            log.error("command_not_received", error=str(error))
            await self._printer.print(render_plain(render_sorry()))
            return
        self._ring()


class _Lines:
    """Lines of a stream that may block, read by a thread that does not keep the program alive."""

    def __init__(self, stream: TextIO, loop: asyncio.AbstractEventLoop) -> None:
        self._stream = stream
        self._loop = loop
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._room = threading.Semaphore(MAX_WAITING_LINES)
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    def __aiter__(self) -> "_Lines":
        return self

    async def __anext__(self) -> str:
        line = await self._lines.get()
        if line is None:
            raise StopAsyncIteration
        self._room.release()
        return line

    def _read(self) -> None:
        try:
            while line := self._stream.readline(MAX_LINE_CHARACTERS + 1):
                self._room.acquire()
                self._put(line.rstrip("\r\n"))
        except (OSError, ValueError):
            log.debug("stdin_closed")
        self._put(None)

    def _put(self, line: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:
            log.debug("loop_closed")


class _Printer:
    """Prints from a thread of its own: a reader that does not read must not stop the looks."""

    def __init__(self, stream: TextIO) -> None:
        self.broken = False
        self._stream = stream
        self._jobs: queue.SimpleQueue[tuple[str, asyncio.Future[None]]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def redirect(self, stream: TextIO) -> None:
        """Print there from now on."""
        self._stream = stream

    async def print(self, text: str) -> None:
        """Print and flush the text. Raises NotSent if the stream is closed."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="stdout", daemon=True)
            self._thread.start()
        printed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._jobs.put((text, printed))
        try:
            await printed
        except (OSError, ValueError) as error:
            self.broken = True
            raise NotSent("standard output is closed") from error

    def _work(self) -> None:
        while True:
            text, printed = self._jobs.get()
            try:
                self._stream.write(f"{text}\n")
                self._stream.flush()
            except (OSError, ValueError) as error:
                _settle(printed, error)
            else:
                _settle(printed, None)


def _settle(printed: asyncio.Future[None], error: Exception | None) -> None:
    def settle() -> None:
        if printed.done():
            return
        if error is None:
            printed.set_result(None)
        else:
            printed.set_exception(error)

    try:
        printed.get_loop().call_soon_threadsafe(settle)
    except RuntimeError:
        log.debug("loop_closed")
