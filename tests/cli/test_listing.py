"""What waits and what is watched, for people and for scripts."""

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.listing import print_rows
from bot.core.message.neutral import Message
from bot.core.model import Place
from bot.store.database import open_store
from tests.support.command_line import Ended, archbell
from tests.support.stores import new_watch

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
TEAM = Place("slack", "C0123456789")
WHY = "slack: C0123456789: the service cannot be reached; " * 4


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
async def delivery(tmp_path: Path) -> str:
    """The id of a message that waits, and that failed for a long reason."""
    async with open_store(f"sqlite:///{tmp_path / 'archbell.db'}") as store:
        async with store.transaction() as transaction:
            posted = await transaction.outbox.post(TEAM, Message("Watching " * 20), now=NOW)
        async with store.transaction() as transaction:
            [claimed] = await transaction.outbox.claim(
                services=frozenset({"slack"}), now=NOW, lease_s=30, group_within_s=0, limit=1
            )
        async with store.transaction() as transaction:
            later = NOW + timedelta(minutes=5)
            await transaction.outbox.put_back(
                claimed, due_at=later, error=WHY, uncertain=False, now=NOW
            )
            await transaction.watches.add(new_watch(place=TEAM), now=NOW)
    return posted


async def run(tmp_path: Path, *words: str) -> Ended:
    return await archbell(*words, folder=tmp_path)


async def test_off_a_terminal_each_message_is_one_whole_line(tmp_path: Path, delivery: str) -> None:
    ended = await run(tmp_path, "outbox")

    heading, line = ended.output.splitlines()
    assert heading.split()[:2] == ["Id", "State"]
    assert line.startswith(f"{delivery}  pending")
    assert WHY.strip() in line


async def test_off_a_terminal_each_watch_is_one_whole_line(tmp_path: Path, delivery: str) -> None:
    ended = await run(tmp_path, "list")

    heading, line = ended.output.splitlines()
    assert heading.split() == ["Watch", "Place"]
    assert line.startswith("#1 node:22")
    assert line.endswith(str(TEAM))


async def test_scripts_get_the_outbox_as_json(tmp_path: Path, delivery: str) -> None:
    ended = await run(tmp_path, "outbox", "--json")

    [entry] = json.loads(ended.output)
    assert entry["id"] == delivery
    assert (entry["state"], entry["place"], entry["tries"]) == ("pending", str(TEAM), 1)
    assert entry["last_error"] == WHY
    assert entry["due_at"] == "2026-04-01T12:05:00+00:00"
    assert entry["sent_at"] is None


async def test_an_empty_outbox_is_an_empty_list_for_scripts(tmp_path: Path) -> None:
    ended = await run(tmp_path, "outbox", "--json")

    assert json.loads(ended.output) == []


@pytest.mark.parametrize("limit", ["0", "99999999999999999999999", "many"])
async def test_a_limit_that_makes_no_sense_is_wrong_usage(tmp_path: Path, limit: str) -> None:
    ended = await run(tmp_path, "outbox", "--limit", limit)

    assert ended.code == 2
    assert "Traceback" not in ended.errors


def test_on_a_narrow_terminal_an_id_stays_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, number = Screen(), "0123456789abcdef01234567"
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "60")

    print_rows(("Id", "Last error"), [(number, "word " * 40)], uncut_columns=1)

    _, *lines = screen.getvalue().splitlines()
    assert lines[0].startswith(number)
    assert max(map(len, lines)) <= 60
    assert screen.getvalue().count("word") == 40


@pytest.mark.parametrize("place", ["slack:C1", "telegram:-100123"])
async def test_a_place_that_nobody_could_tell_anything_is_refused(
    tmp_path: Path, place: str
) -> None:
    ended = await run(tmp_path, "watch", "full:1", "riscv64", "--place", place)

    assert ended.code == 2
    assert ended.errors.startswith(f"archbell: {place}: ")
    assert len(ended.errors.splitlines()) == 1
