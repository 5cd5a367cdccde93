"""One process a role over an SQLite file."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.core.errors import StoreBusy, StoreReadOnly
from bot.store.alone import alone

_HOLDER = """
import sys
from bot.store.alone import alone
with alone(sys.argv[1], sys.argv[2:]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(url: str, roles: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """It has these roles while the block runs, if nobody kills it."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, url, *roles],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'new' / 'archbell.db'}"


def test_a_role_that_another_process_has_is_refused_by_name(url: str) -> None:
    with another_process(url, ["looks", "chats"]):
        with pytest.raises(StoreBusy, match="does looks over") as caught, alone(url, ["looks"]):
            pass
        with alone(url, ["commands", "delivery"]):
            pass

    assert "PostgreSQL" in str(caught.value)


def test_a_killed_process_has_no_role_any_more(url: str) -> None:
    with another_process(url, ["looks"]) as holder:
        holder.kill()
        holder.wait()

        with alone(url, ["looks"]) as is_alone:
            assert is_alone


def test_any_number_of_processes_share_a_postgresql_database() -> None:
    url = "postgresql://u:p@127.0.0.1:1/d"
    with another_process(url, ["looks"]), alone(url, ["looks"]) as is_alone:
        assert not is_alone


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "archbell.db.lock").mkdir()

    with (
        pytest.raises(StoreReadOnly, match="cannot be made"),
        alone(f"sqlite:///{tmp_path / 'archbell.db'}", ["looks"]),
    ):
        pass
