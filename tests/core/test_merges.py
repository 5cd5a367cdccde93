import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.merges import Commit, decode_commits, decode_merge

ID = "8" * 40
AT = datetime(2026, 3, 1, 9, 25, 10, tzinfo=UTC)
COMMIT = Commit(ID, AT)


def commits(**changes: object) -> str:
    one = {"sha": ID, "commit": {"committer": {"date": "2026-03-01T09:25:10Z"}}}
    return json.dumps([one | changes])


def test_commits_are_read_with_their_times() -> None:
    assert decode_commits(commits()) == (COMMIT,)


@pytest.mark.parametrize(
    ("text", "merged_at"),
    [
        pytest.param("[]", AT, id="pushed as it is"),
        pytest.param('[{"merged_at": null}]', AT, id="never merged"),
        pytest.param(
            '[{"merged_at": "2026-03-01T14:01:20Z"}, {"merged_at": "2026-03-02T00:00:00Z"}]',
            datetime(2026, 3, 1, 14, 1, 20, tzinfo=UTC),
            id="merged",
        ),
    ],
)
def test_a_commit_came_with_the_first_of_its_pull_requests(text: str, merged_at: datetime) -> None:
    assert decode_merge(text, COMMIT) == merged_at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "[" * 100_000,
        commits(sha="main"),
        commits(sha=None),
        commits(commit={}),
        commits(commit={"committer": {"date": None}}),
        commits(commit={"committer": {"date": "soon"}}),
        commits(commit={"committer": {"date": "2026-03-01T09:25:10"}}),
    ],
)
def test_what_is_no_list_of_commits_is_none(text: str) -> None:
    assert decode_commits(text) is None


@pytest.mark.parametrize("text", ["", "{}", "[1]", "[{}]", '[{"merged_at": 7}]', "[" * 100_000])
def test_what_is_no_list_of_pull_requests_is_none(text: str) -> None:
    assert decode_merge(text, COMMIT) is None


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    decode_commits(text)
    decode_merge(text, COMMIT)
