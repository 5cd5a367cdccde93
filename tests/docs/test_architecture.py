"""ARCHITECTURE.md shows the house as it stands."""

import re
import tomllib

import pytest

from tests.support.documents import ROOT, code_spans, document, fenced, modules, rows, sections

TEXT = document("ARCHITECTURE.md")
PACKAGES = [row[0].strip("`") for row in rows(sections(TEXT)["The packages"])]


def test_the_packages_are_the_folders() -> None:
    folders = {path.parent.relative_to(ROOT).as_posix() for path in modules()}

    assert sorted(PACKAGES) == sorted(folders - {"bot"})


def test_the_layers_are_those_that_are_checked() -> None:
    contracts = tomllib.loads(document("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    checked = next(each["layers"] for each in contracts if each["type"] == "layers")

    shown = next(body for body in fenced(TEXT) if body.startswith("cli >"))

    assert list(map(siblings, shown.split(">"))) == list(map(siblings, checked))


def siblings(layer: str) -> set[str]:
    """The packages of a layer, without those that the house may have some day."""
    names = {name.strip(" ()\n") for name in layer.split("|")}
    return {name for name in names if list((ROOT / "bot").glob(f"{name}*"))}


@pytest.mark.parametrize(
    "name",
    sorted(
        {
            span
            for span in code_spans(TEXT)
            if re.fullmatch(r"(flows|core|app|store|registry|bot)\.[a-zA-Z_.]+", span)
        }
    ),
)
def test_a_module_that_is_named_exists(name: str) -> None:
    parts = name.removeprefix("bot.").split(".")
    paths = [ROOT.joinpath("bot", *parts[:length]) for length in (len(parts), len(parts) - 1)]

    assert any(path.is_dir() or path.with_suffix(".py").exists() for path in paths)


def test_files_and_folders_that_are_named_exist() -> None:
    named = {
        span.rstrip("/")
        for span in code_spans(TEXT) + code_spans(document("CONTRIBUTING.md"))
        if re.fullmatch(r"(bot|tests|bench|docs|\.ci)/[\w./-]*", span)
    }

    assert {"bot/core", "tests/docs"} <= named
    assert not {name for name in named if not (ROOT / name).exists()}
