"""What every command needs before it can do its own work."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from bot.core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from bot.config import Loaded, Settings
    from bot.core.pattern import TagPattern
    from bot.core.platform import Platform
    from bot.core.reference import Reference


@dataclass(frozen=True, slots=True)
class Context:
    """The options before the command's name."""

    config: Path | None
    verbose: int

    def settings(self) -> "Settings":
        """The configuration; logging is set up. Raises ConfigurationError.

        A mistake in a [[watch]] block is the affair of `run` and `config check` alone.
        """
        return self.loaded().settings

    def loaded(self) -> "Loaded":
        """The same, with the [[watch]] blocks that have mistakes."""
        from bot.app.logs import log_to_stderr

        log_to_stderr(verbose=self.verbose)
        return self.load()

    def load(self) -> "Loaded":
        """Read the configuration, for the first time or again. Raises ConfigurationError."""
        from bot.config import load_forgiving

        return load_forgiving(self.config, os.environ)


def fail(sentence: str, *, code: int) -> NoReturn:
    """End with one sentence on standard error."""
    typer.echo(f"archbell: {sentence}", err=True)
    raise typer.Exit(code)


def parsed_image(text: str) -> "Reference":
    """The image a person named, whose tag can change. Raises InvalidInput."""
    from bot.core.reference import parse_reference

    reference = parse_reference(text)
    if reference.tag is None:
        raise InvalidInput(f"{text}: a digest never changes; name a tag, such as node:22.")
    return reference


def parsed_pattern(text: str) -> "TagPattern | None":
    """The pattern of tags that a person named; None for what is none. Raises InvalidInput."""
    from bot.core.pattern import parse_tag_pattern, split_pattern

    return None if split_pattern(text) is None else parse_tag_pattern(text)


def parsed_platforms(words: "Sequence[str]", settings: "Settings") -> "tuple[Platform, ...]":
    """The platforms a person named, each once, or the configured ones. Raises InvalidInput."""
    from bot.core.platform import parse_platform

    named = [parse_platform(part) for word in words for part in word.split(",") if part]
    return tuple(dict.fromkeys(named)) or settings.default_platforms


def parsed_duration(text: str) -> "timedelta":
    """A span of time: 45m, 12h, 3d. Raises InvalidInput."""
    from bot.core.command.durations import find_span

    words = text.split()
    span = find_span(words)
    if span is None or span.duration is None or span.word_count != len(words):
        raise InvalidInput(f"{text!r} is no length of time: type 45m, 12h or 3d.")
    return span.duration
