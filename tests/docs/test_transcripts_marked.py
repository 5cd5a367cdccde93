"""What a document shows of the bot was said by the bot."""

import re

import pytest

from tests.support.documents import every_document, fenced
from tests.support.transcripts import SCENARIOS, shown_in

DOCUMENTS = every_document()
_MARKED = re.compile(r"<!-- transcript: .*?<!-- end of transcript -->", re.DOTALL)
_SHOWN = re.compile(r"^(archbell> |\$ |👀|✅|⏳|❓|⚠️)", re.MULTILINE)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_that_the_bot_says_is_shown_without_having_been_said(name: str) -> None:
    unmarked = fenced(_MARKED.sub("", DOCUMENTS[name]))

    assert not [body for body in unmarked if _SHOWN.search(body)]


def test_every_scenario_is_shown_somewhere() -> None:
    shown = {scenario for text in DOCUMENTS.values() for scenario in shown_in(text)}

    assert shown == SCENARIOS.keys()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_beginning_of_a_transcript_has_its_end(name: str) -> None:
    text = DOCUMENTS[name]

    assert text.count("<!-- transcript:") == len(_MARKED.findall(text))
    assert text.count("<!-- end of transcript -->") == len(_MARKED.findall(text))
