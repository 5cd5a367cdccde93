"""docs/configuration.md and the README name every setting, with its unit and its default."""

import re
from pathlib import Path

import pytest
import tomlkit
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.config import (
    Effective,
    Settings,
    effective_groups,
    repeated_blocks,
    scalar_variables,
    walk,
)
from bot.config.loading import OTHER_VARIABLES
from tests.support.documents import ROOT, document, entries, every_document, rows, sections

TOP = "Above all sections"
BLOCKS = {f"[[{name}]]": model for name, model in repeated_blocks().items()}
NOT_SETTINGS = {("folder",), *((name,) for name in repeated_blocks())}
_DESCRIPTION = re.compile(r"\((?P<unit>[^()]+), (?P<given>required|default (?:none|`[^`]*`))\): .+")
_VARIABLE = re.compile(r"\bARCHBELL_[A-Z][A-Z0-9_]*\b")


def title_of(section: str) -> str:
    return f"[{section}]" if section else TOP


def documented() -> dict[tuple[str, str], tuple[str, str]]:
    """The unit of each setting and how its default is given, by section and name."""
    found = {}
    for title, body in sections(document("docs/configuration.md")).items():
        for code, description in entries(body):
            described = _DESCRIPTION.fullmatch(description)
            assert described, f"{title} {code}: not written as `name` (unit, default …): meaning"
            found[title, code.strip("`")] = (described["unit"], described["given"])
    return found


def defaults() -> dict[tuple[str, str], Effective]:
    """Every setting as it is if nobody sets it, those of repeated blocks included."""
    one_of_each = {name: (_unset(model),) for name, model in repeated_blocks().items()}
    groups = effective_groups(Settings().model_copy(update=one_of_each), None, {})
    return {
        (f"[[{group.name}]]" if group.is_block else title_of(group.name), each.key): each
        for group in groups
        for each in group.settings
    }


def _unset(block: type[BaseModel]) -> BaseModel:
    required = {name: "" for name, field in block.model_fields.items() if field.is_required()}
    return block.model_construct(set(), **required)


def fields() -> dict[tuple[str, str], FieldInfo]:
    """Every setting of the model, those of repeated blocks included."""
    plain = {
        (title_of(".".join(section)), key): field
        for (*section, key), field in walk(Settings)
        if (*section, key) not in NOT_SETTINGS
    }
    return plain | {
        (title, key): field
        for title, model in BLOCKS.items()
        for key, field in model.model_fields.items()
    }


def given(setting: tuple[str, str]) -> str:
    """How the document has to give this setting's default."""
    if fields()[setting].is_required():
        return "required"
    value = defaults()[setting].value
    return "default none" if value is None else f"default `{tomlkit.item(value).as_string()}`"


SETTINGS = [pytest.param(setting, id=" ".join(setting)) for setting in fields()]


def test_the_document_has_every_setting_and_no_other() -> None:
    assert documented().keys() == fields().keys()


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_document_gives_the_default(setting: tuple[str, str]) -> None:
    _, default = documented()[setting]

    assert default == given(setting)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_unit_fits_the_setting(setting: tuple[str, str]) -> None:
    unit, _ = documented()[setting]
    kind, name = fields()[setting].annotation, setting[1]

    assert (unit == "seconds") == name.endswith("_s")
    assert (unit == "true or false") == (kind is bool)
    assert unit.startswith("list of ") == str(kind).startswith("tuple[")
    assert unit.endswith("path") == (str(Path.__name__) in str(kind))


def test_sections_stand_in_the_order_of_the_model() -> None:
    titles = list(dict.fromkeys(title for title, _ in documented()))

    assert titles[0] == TOP
    assert titles[-len(BLOCKS) :] == list(BLOCKS)
    assert titles == list(sections(document("docs/configuration.md")))


def test_the_readme_has_every_section_and_no_other() -> None:
    body = sections(document("README.md"))["Configuration"]
    named = {re.sub(r"`\]\(.*|[`]", "", row[0].removeprefix("[`")) for row in rows(body)}

    assert named == {title for title, _ in fields()} - {TOP} | {"default_platforms"}


def test_every_variable_of_the_environment_that_is_named_exists() -> None:
    others = [ROOT / "config.example.toml", ROOT / "Dockerfile", ROOT / "Makefile"]
    texts = {path.name: path.read_text(encoding="utf-8") for path in others} | every_document()

    named = {name for text in texts.values() for name in _VARIABLE.findall(text)}

    assert "ARCHBELL_SCHEDULE__FAST_S" in named
    assert named <= scalar_variables().keys() | OTHER_VARIABLES
