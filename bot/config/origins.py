"""The effective configuration: every value, where it comes from, and no secrets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from bot.config.loading import read_values, repeated_blocks, scalar_variables, walk
from bot.config.settings import HIDDEN, SecretUrl, Settings


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting as it holds. value: plain TOML, secrets hidden; None: not set.

    origin: default, file, or the name of the variable.
    """

    key: str
    value: bool | float | str | list[str] | None
    origin: str

    @property
    def is_set(self) -> bool:
        """Whether there is a value at all."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Group:
    """A section, one block of those that are repeated, or "" for what stands above them all."""

    name: str
    settings: tuple[Effective, ...]
    is_block: bool = False


def effective_groups(
    settings: Settings, path: Path | None, environ: Mapping[str, str]
) -> list[Group]:
    """Everything that holds, in the order of the example; settings are what the two gave."""
    values = read_values(path)
    variables = {keys: name for name, keys in scalar_variables().items() if name in environ}
    grouped: dict[str, list[Effective]] = {}
    for keys, _ in walk(Settings):
        if keys == ("folder",) or keys[0] in repeated_blocks():
            continue
        *section, key = keys
        origin = variables.get(keys) or ("file" if _is_in(values, keys) else "default")
        shown = Effective(key, _plain(_at(settings, keys)), origin)
        grouped.setdefault(".".join(section), []).append(shown)
    sections = [Group(name, tuple(group)) for name, group in grouped.items()]
    return [*sections, *_blocks(settings)]


def _blocks(settings: Settings) -> Iterator[Group]:
    """Nothing but the file can give these."""
    for name, block in _named_blocks(settings):
        yield Group(
            name,
            tuple(
                Effective(
                    key,
                    _plain(getattr(block, key)),
                    "file" if key in block.model_fields_set else "default",
                )
                for key in type(block).model_fields
            ),
            is_block=True,
        )


def _named_blocks(settings: Settings) -> Iterator[tuple[str, BaseModel]]:
    for name in repeated_blocks():
        for block in getattr(settings, name):
            yield name, block


def _is_in(values: Mapping[str, Any], keys: tuple[str, ...]) -> bool:
    *sections, key = keys
    table = values
    for section in sections:
        table = table.get(section, {})
    return key in table


def _at(settings: BaseModel, keys: tuple[str, ...]) -> object:
    found: object = settings
    for key in keys:
        found = getattr(found, key)
    return found


def _plain(value: object) -> bool | float | str | list[str] | None:
    match value:
        case None | bool():
            return value
        case int() | float():
            return int(value) if value == int(value) else value
        case SecretUrl():
            return str(value)
        case SecretStr():
            return HIDDEN
        case tuple():
            return [str(each) for each in value]
        case _:
            return str(value)
