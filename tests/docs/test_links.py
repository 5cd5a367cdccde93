"""What the documents point to is there."""

import re

import pytest

from tests.support.documents import (
    ROOT,
    anchors,
    document,
    every_document,
    fenced,
    links,
    modules,
    prose,
)

DOCUMENTS = every_document()
LINKS = [
    pytest.param(name, link, id=f"{name}:{link}")
    for name, text in DOCUMENTS.items()
    for link in links(text)
    if "://" not in link
]
_MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)
_DOCUMENT = re.compile(r"\bdocs/[a-z-]+\.md\b|\b[A-Z]{4,}\.md\b")


@pytest.mark.parametrize(("name", "link"), LINKS)
def test_a_link_leads_somewhere(name: str, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (ROOT / name).parent / path if path else ROOT / name

    assert target.exists()
    assert not anchor or anchor in anchors(target.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(DOCUMENTS.keys() - {"README.md"}))
def test_every_document_can_be_reached_from_the_readme(name: str) -> None:
    linked = {link.partition("#")[0] for link in links(document("README.md"))}

    assert name in linked


def test_documents_named_elsewhere_exist() -> None:
    others = [*modules(), ROOT / "config.example.toml", ROOT / "Makefile", ROOT / "CHANGELOG.md"]
    texts = [path.read_text(encoding="utf-8") for path in others] + list(DOCUMENTS.values())

    named = {found for text in texts for found in _DOCUMENT.findall(text)}

    assert {"docs/slack.md", "SECURITY.md"} <= named
    assert not {found for found in named if not (ROOT / found).exists()}


def test_every_make_command_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", document("Makefile"), re.MULTILINE))
    texts = [text for shown in DOCUMENTS.values() for text in (prose(shown), *fenced(shown))]

    named = {target for text in texts for target in _MAKE.findall(text)}

    assert {"run", "test", "transcripts", "bench"} <= named
    assert named <= targets
