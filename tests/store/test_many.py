"""Many keys as one parameter: the rows are found by an index, however many others there are."""

from pathlib import Path

import pytest
from sqlalchemy import ClauseElement

from bot.store import claiming, recording
from tests.support.query_plans import steps_of

STATEMENTS = {
    "what is leased": claiming._LEASE,
    "what is wanted": claiming._WANTS,
    "what was leased": recording._HELD,
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS.keys())
async def test_no_table_is_read_as_a_whole(statement: ClauseElement, tmp_path: Path) -> None:
    steps = await steps_of(statement, tmp_path, value=lambda _name: "[1]")

    assert [step for step in steps if step.startswith("SCAN") and "json_each" not in step] == []
