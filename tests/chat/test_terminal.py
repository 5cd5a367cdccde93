"""The terminal as a chat, over streams that are not always as they should be."""

import io
import os
import pty
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count

import pytest

from bot.chat.terminal import Terminal
from bot.core.errors import NotSent, StoreFull
from bot.core.message.neutral import Message
from bot.core.model import TERMINAL
from bot.ports.store import Store
from tests.chat.conftest import all_commands_in
from tests.support.troubled_store import TroubledStore

ANSWER = Message("👀 Watching node:22 (#1).")
MakeTerminal = Callable[..., Terminal]


def text_stream(text: bytes, encoding: str = "utf-8", errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text), encoding=encoding, errors=errors)


class FullStream(io.StringIO):
    """A stream on a full device."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


@pytest.fixture
def make(store: Store) -> MakeTerminal:
    numbers = count()

    def make_one(
        stdin: io.TextIOBase | None = None,
        stdout: io.TextIOBase | None = None,
        *,
        over: Store = store,
        ring: Callable[[], None] = lambda: None,
    ) -> Terminal:
        return Terminal(
            store=over,
            ring=ring,
            clock=lambda: datetime.now(UTC),
            new_id=lambda: f"line-{next(numbers)}",
            stdin=stdin or io.StringIO(),  # type: ignore[arg-type]
            stdout=stdout or io.StringIO(),  # type: ignore[arg-type]
        )

    return make_one


@asynccontextmanager
async def a_terminal() -> AsyncIterator[tuple[io.TextIOWrapper, int]]:
    """A terminal to read from, and the descriptor at which somebody types."""
    keyboard, slave = pty.openpty()
    with os.fdopen(slave, "r", encoding="utf-8") as stdin:
        yield stdin, keyboard
    os.close(keyboard)


def no_interrupt() -> None:
    raise AssertionError("Nobody pressed Ctrl-C")


def _fail(*_: object) -> str:
    raise OSError(5, "Input/output error")


async def texts_in(store: Store) -> list[str]:
    return [command.text for command in await all_commands_in(store)]


@pytest.mark.parametrize(
    "stdin",
    [
        pytest.param(text_stream(b"caf\xe9\n/list\n"), id="strict"),
        pytest.param(text_stream(b"caf\xe9\n/list\n", "utf-8", "surrogateescape"), id="POSIX"),
        pytest.param(text_stream(b"caf\xe9\n/list\n", "ascii"), id="ascii"),
        pytest.param(io.StringIO("caf\udce9\n/list\n"), id="no bytes beneath"),
    ],
)
async def test_a_byte_that_is_no_text_spoils_its_own_line_alone(
    make: MakeTerminal, store: Store, stdin: io.TextIOBase
) -> None:
    await make(stdin).listen(no_interrupt)

    assert await texts_in(store) == ["caf�", "/list"]


async def test_a_nul_is_kept_as_what_every_database_takes(make: MakeTerminal, store: Store) -> None:
    await make(text_stream(b"node\0:22\n")).listen(no_interrupt)

    assert await texts_in(store) == ["node�:22"]


async def test_empty_lines_are_no_commands_and_each_other_one_rings(
    make: MakeTerminal, store: Store
) -> None:
    rung: list[None] = []

    await make(io.StringIO("\n  \n/list\n"), ring=lambda: rung.append(None)).listen(no_interrupt)

    assert await texts_in(store) == ["/list"]
    assert len(rung) == 1


async def test_a_script_reads_its_answers_after_the_end_of_its_input(make: MakeTerminal) -> None:
    spoken, silent = make(io.StringIO("/list\n")), make(io.StringIO())

    await spoken.listen(no_interrupt)
    await silent.listen(no_interrupt)

    assert spoken.is_attached
    assert not silent.is_attached


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
async def test_what_the_output_has_no_sign_for_is_replaced_and_the_rest_is_printed(
    make: MakeTerminal, encoding: str
) -> None:
    stdout = text_stream(b"", encoding)
    terminal = make(stdout=stdout)

    for marker in ("one", "two"):
        await terminal.send(TERMINAL, ANSWER, marker=marker)

    assert terminal.is_attached
    assert stdout.buffer.getvalue() == b"? Watching node:22 (#1).\n" * 2  # type: ignore[attr-defined]


async def test_an_output_that_is_full_takes_no_more_messages(make: MakeTerminal) -> None:
    terminal = make(stdout=FullStream())

    with pytest.raises(NotSent, match="standard output"):
        await terminal.send(TERMINAL, ANSWER, marker="one")

    assert not terminal.is_attached


async def test_a_full_disk_is_told_in_its_own_words(make: MakeTerminal, store: Store) -> None:
    full = TroubledStore(store)
    full.will_fail("inbox.receive", StoreFull("bot.db: no space is left; make room"), times=1)
    stdout = io.StringIO()

    await make(io.StringIO("/one\n/two\n"), stdout, over=full).listen(no_interrupt)

    assert "bot.db: no space is left; make room." in stdout.getvalue()
    assert "mistake is mine" not in stdout.getvalue()
    assert await texts_in(store) == ["/two"]


async def test_neither_a_full_disk_nor_a_full_output_ends_the_listening(
    make: MakeTerminal, store: Store
) -> None:
    full = TroubledStore(store)
    full.will_fail("inbox.receive", StoreFull("bot.db: no space is left; make room"), times=1)

    await make(io.StringIO("/one\n/two\n"), FullStream(), over=full).listen(no_interrupt)

    assert await texts_in(store) == ["/two"]


async def test_a_person_whose_output_goes_into_a_file_is_heard_without_a_prompt(
    make: MakeTerminal, store: Store
) -> None:
    stdout = io.StringIO()

    async with a_terminal() as (stdin, keyboard):
        os.write(keyboard, b"caf\xe9\n/list\n\x04")
        terminal = make(stdin, stdout)
        await terminal.listen(no_interrupt)

    assert await texts_in(store) == ["caf�", "/list"]
    assert "Archbell listens here" in stdout.getvalue()
    assert "Ctrl-C stops the bot" in stdout.getvalue()
    assert terminal.is_attached


async def test_a_person_whose_output_is_full_is_heard(make: MakeTerminal, store: Store) -> None:
    async with a_terminal() as (stdin, keyboard):
        os.write(keyboard, b"/list\n\x04")
        await make(stdin, FullStream()).listen(no_interrupt)

    assert await texts_in(store) == ["/list"]


async def test_an_input_that_fails_is_at_its_end(make: MakeTerminal, store: Store) -> None:
    failing = io.StringIO("/list\n")
    failing.readline = _fail  # type: ignore[method-assign]

    await make(failing).listen(no_interrupt)

    assert await texts_in(store) == []


async def test_a_process_without_standard_streams_keeps_its_messages(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "stdout", None)
    terminal = Terminal(
        store=store, ring=no_interrupt, clock=lambda: datetime.now(UTC), new_id=lambda: "x"
    )

    await terminal.listen(no_interrupt)

    assert not terminal.is_attached
    with pytest.raises(NotSent):
        await terminal.send(TERMINAL, ANSWER, marker="one")


async def test_what_was_printed_cannot_be_found_again_and_a_terminal_has_one_place(
    make: MakeTerminal,
) -> None:
    terminal = make()

    assert not terminal.can_find(TERMINAL)
    assert await terminal.find(TERMINAL, marker="x", since=datetime.now(UTC)) is None
    assert terminal.direct_place("you") is None
