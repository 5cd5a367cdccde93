"""Reads the configuration: one TOML file, and the environment for single values.

Plain pydantic rather than pydantic-settings: that one reads the process' environment itself, and
ignores variables it does not know, where a misspelt ARCHBELL_… must be an error.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.config.settings import Settings, configured_services
from bot.config.watches import WatchBlock, title_of, unreachable
from bot.core.errors import ConfigurationError

PREFIX = "ARCHBELL_"
OTHER_VARIABLES = frozenset({"ARCHBELL_CONFIG", "ARCHBELL_CORPUS", "ARCHBELL_REQUIRE_ALL"})

_UNKNOWN = "unknown setting"
_MESSAGES = {
    "extra_forbidden": _UNKNOWN,
    "missing": "is missing",
    "model_type": "must be a section",
    "path_type": "must be a path",
    "tuple_type": "must be a list",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with those [[watch]] blocks that make sense.

    left_out: a sentence for each mistake in one that does not. doubtful: those blocks, unchecked.
    """

    settings: Settings
    left_out: tuple[str, ...] = ()
    doubtful: tuple[Any, ...] = ()


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the file, or take the defaults without one, and lay the environment's values over it.

    Raises ConfigurationError with every mistake there is.
    """
    loaded = load_forgiving(path, environ)
    if loaded.left_out:
        raise ConfigurationError(loaded.left_out)
    return loaded.settings


def load_forgiving(path: Path | None, environ: Mapping[str, str]) -> Loaded:
    """The same, but for [[watch]] blocks: a mistake in one costs the others nothing.

    Raises ConfigurationError with every other mistake there is, and then with these too.
    """
    values = read_values(path)
    blocks = values.pop("watch", [])
    mistakes = [f"`{key}`: {_UNKNOWN}" for key in values if key == "folder"]
    overlay, misplaced = _overlay(environ)
    mistakes.extend(misplaced)
    given = {keys: name for keys, name in overlay.items() if _lay(values, keys, environ[name])}
    values["folder"] = path.resolve().parent if path is not None else Path.cwd()
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        mistakes.extend(_sentence(detail, given) for detail in error.errors(include_url=False))
        mistakes.extend(_watches(blocks, None).left_out)
        raise ConfigurationError(tuple(mistakes)) from None
    watches = _watches(blocks, settings)
    if mistakes:
        raise ConfigurationError((*mistakes, *watches.left_out))
    return watches


def _watches(blocks: Any, settings: Settings | None) -> Loaded:
    """The blocks that make sense; without settings nobody knows which places can be reached."""
    if not isinstance(blocks, list):
        return Loaded(settings or Settings(), ("`watch`: must be a list",), (blocks,))
    good: list[WatchBlock] = []
    mistakes: list[str] = []
    doubtful: list[Any] = []
    for number, raw in enumerate(blocks, start=1):
        wrong: list[str] = []
        try:
            block = WatchBlock.model_validate(raw).numbered(number)
        except ValidationError as error:
            title = title_of(number, raw.get("name") if isinstance(raw, dict) else None)
            wrong.extend(
                f"{title}{', ' if detail['loc'] else ': '}{_sentence(detail, {})}"
                for detail in error.errors(include_url=False)
            )
        else:
            wrong.extend(_out_of_reach(block, settings))
            good.extend(() if wrong else (block,))
        if wrong:
            doubtful.append(raw)
            mistakes.extend(wrong)
    kept = (settings or Settings()).model_copy(update={"watch": tuple(good)})
    return Loaded(kept, tuple(mistakes), tuple(doubtful))


def _out_of_reach(block: WatchBlock, settings: Settings | None) -> list[str]:
    if settings is None:
        return []
    hooks = frozenset(hook.name for hook in settings.webhook)
    wrong = unreachable(block.places, configured_services(settings), hooks)
    return [f"{block.title}, {wrong}"] if wrong else []


def read_values(path: Path | None) -> dict[str, Any]:
    """What the file says, unchecked; nothing without one. Raises ConfigurationError."""
    if path is None:
        return {}
    try:
        # Some editors begin a UTF-8 file with a byte order mark, which TOML does not know.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        mistake = f"{path}: there is no such file; copy config.example.toml and edit it"
    except tomllib.TOMLDecodeError as error:
        mistake = f"{path}: not valid TOML: {error}"
    except (OSError, UnicodeDecodeError) as error:
        mistake = f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
    raise ConfigurationError((mistake,))


def scalar_variables() -> dict[str, tuple[str, ...]]:
    """The environment's variables that are settings, each with the path of its key."""
    return {
        _variable(path): path
        for path, field in walk(Settings)
        if not _is_sequence(field) and path != ("folder",)
    }


def repeated_blocks() -> dict[str, type[BaseModel]]:
    """The blocks that a file may hold any number of: what stands in [[…]], and its model."""
    found = {}
    for name, field in Settings.model_fields.items():
        [kind, *_] = get_args(field.annotation) or [None]
        if _is_sequence(field) and isinstance(kind, type) and issubclass(kind, BaseModel):
            found[name] = kind
    return found


def walk(
    model: type[BaseModel], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every setting outside repeated blocks, with the path of its key."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from walk(kind, (*above, name))
        else:
            yield (*above, name), field


def _variable(path: tuple[str, ...]) -> str:
    return PREFIX + "__".join(path).upper()


def _is_sequence(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _overlay(environ: Mapping[str, str]) -> tuple[dict[tuple[str, ...], str], list[str]]:
    """The variables that are settings, by key, and a sentence for each that is none."""
    known = scalar_variables()
    lists = {_variable(path) for path, field in walk(Settings) if _is_sequence(field)}
    overlay: dict[tuple[str, ...], str] = {}
    mistakes: list[str] = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in OTHER_VARIABLES:
            continue
        if name in known:
            overlay[known[name]] = name
        elif name in lists:
            mistakes.append(f"{name}: lists can only stand in the file")
        else:
            mistakes.append(f"{name}: {_UNKNOWN}")
    return overlay, mistakes


def _lay(values: dict[str, Any], keys: tuple[str, ...], text: str) -> bool:
    """Put a value in its place; False where the file has something else than a section."""
    *sections, key = keys
    table = values
    for section in sections:
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            return False
    table[key] = text
    return True


_HEADINGS = [[f"`{name}`"] for name in repeated_blocks()]


def _sentence(detail: ErrorDetails, given: Mapping[tuple[str, ...], str]) -> str:
    """`registry` block 2, `host`: what is wrong; given: which keys are variables."""
    words: list[str] = []
    for part in detail["loc"]:
        if isinstance(part, int):
            kind = "block" if words in _HEADINGS else "item"
            words[-1] = f"{words[-1]} {kind} {part + 1}"
        else:
            words.append(f"`{part}`")
    message = _MESSAGES.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    message = message.replace("Input should be", "must be").partition(", unable to")[0]
    keys = tuple(str(part) for part in detail["loc"])
    title = given.get(keys, ", ".join(words))
    return f"{title}: {message}" if title else message
