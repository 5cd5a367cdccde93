"""The terminal as a chat: the embedded default, to try the bot without any account."""

import asyncio
import io
import queue
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_input
from prompt_toolkit.output import create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.patch_stdout import patch_stdout

from bot.core.errors import NotSent, StoreError
from bot.core.message.english.talk import render_input_ended, render_not_kept, render_welcome
from bot.core.message.neutral import Message
from bot.core.message.plain import render_plain
from bot.core.model import TERMINAL, Place
from bot.log import Log
from bot.ports.chat import Sent
from bot.ports.store import Store
from bot.ports.surroundings import Clock

PROMPT = "archbell> "
MAX_LINE_CHARACTERS = 20_000
MAX_WAITING_LINES = 100
PERSON = "you"

_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
"""NUL, and what a terminal's bytes that are no UTF-8 become: no database takes them."""

log = Log(__name__)


class Terminal:
    """Reads commands from standard input and prints messages to standard output.

    It is attached while somebody can be there to read: from the start until the input ends, and
    beyond that if somebody sits there, or if the input ever held a line (a script that pipes
    commands in reads the answers). With an input that is empty from the start, as a service has,
    messages wait in the outbox.
    """

    service = TERMINAL.service

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
        # A process may have been started without them.
        self._stdin = _forgiving(stdin or sys.stdin or io.StringIO())
        self._stdout = _forgiving(stdout or sys.stdout or _closed_stream())
        self._printer = _Printer(self._stdout)
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

    async def edit(
        self,
        place: Place,
        message: Message,
        *,
        edits: Sent,  # noqa: ARG002
        marker: str,
    ) -> None:
        """Print it anew: what was printed cannot be changed. Raises NotSent."""
        await self.send(place, message, marker=marker)

    def can_find(self, place: Place) -> bool:  # noqa: ARG002
        """What was printed cannot be looked up."""
        return False

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
            await self._listen_to_lines()
        self._ended = True
        log.debug("input_ended")

    async def _listen_to_a_person(self, on_interrupt: Callable[[], None]) -> None:
        self._spoken_to = True
        await self._tell(render_welcome())
        if self._printer.broken or not self._stdout.isatty():
            # Where nothing can be drawn the terminal itself lets a line be edited and Ctrl-C sent.
            await self._listen_to_lines()
        elif not await self._listen_at_a_prompt():
            on_interrupt()
            return
        await self._tell(render_input_ended())

    async def _listen_at_a_prompt(self) -> bool:
        """Keep what is typed until the input ends; False if Ctrl-C ended it."""
        with self._prompting() as session:
            while True:
                try:
                    # Its handler of SIGINT would take the place of the bot's, and leave none.
                    text = await session.prompt_async(handle_sigint=False)
                except KeyboardInterrupt:
                    return False
                except EOFError:
                    return True
                except OSError as error:
                    log.warning("terminal_lost", error=str(error))
                    return True
                await self._receive(text)

    @contextmanager
    def _prompting(self) -> Iterator[PromptSession[str]]:
        """A line to type in, above which messages are printed."""
        output = create_output(self._stdout)
        if isinstance(output, Vt100_Output):
            # Where the cursor is is of no interest, and a terminal that does not say costs a second
            # at the end, in which Ctrl-C is lost.
            output.enable_cpr = False
        with (
            create_app_session(input=create_input(self._stdin), output=output),
            patch_stdout(raw=False),
            self._printer.redirected(sys.stdout),
        ):
            yield PromptSession(PROMPT)

    async def _listen_to_lines(self) -> None:
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
                    text=_UNSTORABLE.sub("�", text[:MAX_LINE_CHARACTERS]),
                    now=self._clock(),
                )
        except StoreError as error:
            log.error("command_not_received", error=str(error))
            await self._tell(render_not_kept(str(error)))
            return
        self._ring()

    async def _tell(self, message: Message) -> None:
        """Print what is not kept for later if it cannot be printed now."""
        try:
            await self._printer.print(render_plain(message))
        except NotSent as error:
            log.warning("nobody_reads", error=str(error))


def _forgiving(stream: TextIO) -> TextIO:
    """The stream, where what its encoding does not know is replaced instead of an error."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return stream


def _closed_stream() -> TextIO:
    stream = io.StringIO()
    stream.close()
    return stream


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

    @contextmanager
    def redirected(self, stream: TextIO) -> Iterator[None]:
        """Print there while the block runs."""
        usual, self._stream = self._stream, stream
        try:
            yield
        finally:
            self._stream = usual

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
