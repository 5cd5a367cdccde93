"""`archbell config`: is the configuration right, and what holds."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from bot.cli.context import Context

if TYPE_CHECKING:
    from bot.app.configuration import Checked
    from bot.config import Effective, Group

app = typer.Typer(help="Check the configuration, or show what holds.", no_args_is_help=True)


@app.command()
def check(context: typer.Context) -> None:
    """Read the configuration and the files it names; tell all mistakes at once.

    Exit codes: 0 no mistakes (warnings are no mistakes), 2 mistakes.
    """
    from bot.app.configuration import check_configuration

    options: Context = context.obj
    checked = check_configuration(options.config, os.environ)
    for line in _report(checked):
        typer.echo(line)


@app.command()
def show(context: typer.Context) -> None:
    """Show every setting that holds, as TOML, with where it comes from; secrets are hidden.

    Exit codes: 0 shown, 2 the configuration has mistakes.
    """
    from bot.config import effective_groups, load_settings

    options: Context = context.obj
    settings = load_settings(options.config, os.environ)
    groups = effective_groups(settings, options.config, os.environ)
    typer.echo("\n\n".join(_as_toml(group) for group in groups))


def _report(checked: "Checked") -> Iterator[str]:
    from bot.core.message.english.words import counted

    settings = checked.settings
    where = "no file, so the defaults hold (--config PATH, or ARCHBELL_CONFIG)"
    yield f"Read: {where if checked.path is None else checked.path}"
    if checked.variables:
        yield f"From the environment: {', '.join(checked.variables)}"
    hosts = ", ".join(block.host for block in settings.registry)
    yield f"Registries configured: {hosts or 'none; the well-known public ones can be asked'}"
    yield f"Database: {settings.database.url}"
    if settings.watch:
        blocks = counted(len(settings.watch), "[[watch]] block")
        every = f"{counted(checked.watches, 'watch')} and {counted(checked.patterns, 'pattern')}"
        yield f"Watched by the configuration: {every}, in {blocks}"
    yield from (f"Warning: {sentence}" for sentence in checked.warnings)
    yield f"No mistakes{_counted(checked.warnings)}."


def _counted(warnings: Sequence[str]) -> str:
    if not warnings:
        return ""
    return f", {len(warnings)} warning{'s' if len(warnings) > 1 else ''}"


def _as_toml(group: "Group") -> str:
    """A section whose values line up with their origins; what is not set is a comment."""
    heading = f"[[{group.name}]]" if group.is_block else f"[{group.name}]"
    set_ones = [(_assignment(each), each.origin) for each in group.settings if each.is_set]
    width = max((len(assignment) for assignment, _ in set_ones), default=0)
    return "\n".join(
        [
            *([heading] if group.name else []),
            *(f"{assignment:<{width}}  # {origin}" for assignment, origin in set_ones),
            *(f"# {each.key} is not set" for each in group.settings if not each.is_set),
        ]
    )


def _assignment(setting: "Effective") -> str:
    import tomlkit

    return f"{setting.key} = {tomlkit.item(setting.value).as_string()}"
