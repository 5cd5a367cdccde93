"""What the documents show is what the bot says."""

from pathlib import Path

import pytest

from tests.support.docker_registry import StartRegistry
from tests.support.transcripts import ROOT, SCENARIOS, Stage, documents, play, renewed, shown_in

SHOWN = [
    pytest.param(name, shown, id=f"{path.relative_to(ROOT)}:{name}")
    for path, text in documents().items()
    for name, shown in shown_in(text).items()
]


@pytest.mark.parametrize(("scenario", "shown"), SHOWN)
async def test_a_document_shows_what_the_bot_says(scenario: str, shown: str) -> None:
    said = await play(scenario)

    assert shown == said, "run `make transcripts`"


def test_the_readme_shows_the_main_job() -> None:
    assert "main-job" in shown_in(documents()[ROOT / "README.md"])


def test_every_document_names_scenarios_that_exist() -> None:
    names = {name for text in documents().values() for name in shown_in(text)}

    assert names <= SCENARIOS.keys()


def test_a_transcript_is_renewed_between_its_comments_and_nowhere_else() -> None:
    document = "before\n<!-- transcript: a -->\nold\n<!-- end of transcript -->\nafter\n"

    assert shown_in(document) == {"a": "old\n"}
    assert renewed(document, {"a": "new\n"}) == document.replace("old", "new")


async def test_what_differs_from_run_to_run_is_replaced_by_examples(
    docker_registry_factory: StartRegistry, tmp_path: Path
) -> None:
    stage = Stage(await docker_registry_factory(), tmp_path / "config.toml")
    stage._shown += ["waited 3 s, digest sha256:000000000000…", "until 03:14 UTC"]

    assert stage.text == "waited 41 min, digest sha256:1f3c9d2a44b0…\nuntil 14:05 UTC"
