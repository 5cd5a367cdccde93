"""`archbell check`, `why` and `wait`: looks without a store."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.context import Context, parsed_duration, parsed_image, parsed_platforms
from bot.cli.observations import as_object, state_of
from bot.cli.scan import Exclude, wait_for_all
from bot.core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.app.errands import Explained, Inquiry
    from bot.core.advice import Advice
    from bot.core.model import Observation
    from bot.core.platform import Platform
    from bot.core.reference import Reference
    from bot.flows.wait import Progress

Image = Annotated[
    str, typer.Argument(metavar="IMAGE", help="As after docker pull: node:22-slim, ghcr.io/a/b:1.")
]
Platforms = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PLATFORM]…", help="arm64, linux/arm/v7, …; default: as configured."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]
CHECK_TIMEOUT_S = 12.0


def check(
    context: typer.Context, image: Image, platforms: Platforms = None, as_json: AsJson = False
) -> None:
    """Look once what the registry has, and say why something is missing.

    Exit codes: 0 all platforms are there, 1 at least one is missing, 2 wrong usage,
    3 not known (the registry gave no clear answer).
    """
    from bot.app.errands import explain_once
    from bot.flows.wait import verdict_on

    reference, wanted, found = _explained(context.obj, image, platforms, explain_once)
    if as_json:
        shown = as_object(reference, wanted, found.seen, found.advices)
        typer.echo(json.dumps(shown, indent=2))
    else:
        _show(reference, wanted, found.seen, found.advices)
    raise typer.Exit(verdict_on(found.seen, wanted).value)


def why(
    context: typer.Context, image: Image, platforms: Platforms = None, as_json: AsJson = False
) -> None:
    """Say why a platform is missing, when to expect it, and what to use now.

    Exit codes: 0 all platforms are there, 1 at least one is missing, 2 wrong usage,
    3 not known (the registry gave no clear answer).
    """
    from bot.app.errands import explain_all
    from bot.app.world import World
    from bot.cli.observations import explained_object
    from bot.core.message.english.command_line import render_why_on_command_line
    from bot.core.message.plain import render_plain
    from bot.flows.wait import verdict_on

    reference, wanted, found = _explained(context.obj, image, platforms, explain_all)
    if as_json:
        shown = explained_object(reference, wanted, found.seen, found.advices)
        typer.echo(json.dumps(shown, indent=2))
    elif found.seen.trouble is not None:
        _show(reference, wanted, found.seen)
    else:
        message = render_why_on_command_line(
            reference, wanted, found.seen, found.advices, now=World().clock()
        )
        typer.echo(render_plain(message))
    raise typer.Exit(verdict_on(found.seen, wanted).value)


def _explained(
    options: Context, image: str, platforms: "Sequence[str] | None", inquire: "Inquiry"
) -> "tuple[Reference, Sequence[Platform], Explained]":
    from bot.app.world import World, execute

    settings = options.settings()
    reference, wanted = parsed_image(image), parsed_platforms(platforms or [], settings)
    timeout_s = min(CHECK_TIMEOUT_S, settings.looks.timeout_s)
    found = execute(lambda: inquire(settings, World(), reference, wanted, timeout_s=timeout_s))
    return reference, wanted, found


def wait(  # noqa: PLR0913, PLR0917 - an option for each
    context: typer.Context,
    image: Annotated[
        str | None,
        typer.Argument(metavar="[IMAGE]", help="As for check; none of it with --scan."),
    ] = None,
    platforms: Platforms = None,
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="Give up after this: 45m, 2h, 1d.")
    ] = "2h",
    scan: Annotated[
        list[str] | None,
        typer.Option(
            "--scan", metavar="PATH", help="Every image that scan finds there; may be repeated."
        ),
    ] = None,
    exclude: Exclude = None,
    as_json: AsJson = False,
) -> None:
    """Wait until all platforms are there, of one image or of all that files name.

    Looks every minute at first, then more rarely, as the bot does. Exit codes: 0 all platforms are
    there, 1 time is up, 2 wrong usage, 3 not known at the end, 4 they will never come.
    """
    words = [*([image] if scan and image is not None else []), *(platforms or [])]
    if scan:
        wait_for_all(
            context.obj, scan, words, exclude=exclude or [], timeout=timeout, as_json=as_json
        )
    elif exclude:
        raise InvalidInput("--exclude leaves out what --scan would find; an image has none of it.")
    elif image is not None:
        _wait_for_one(context.obj, image, words, timeout=timeout, as_json=as_json)
    else:
        raise InvalidInput("Name an image, such as node:22, or files with --scan PATH.")


def _wait_for_one(
    options: Context, image: str, words: "Sequence[str]", *, timeout: str, as_json: bool
) -> None:
    from bot.app.waiting import wait_until_there
    from bot.app.world import World, execute
    from bot.cli.progress import Reporter

    settings = options.settings()
    reference, wanted = parsed_image(image), parsed_platforms(words, settings)
    at_most = parsed_duration(timeout)
    world = World()
    with Reporter(reference, wanted, clock=world.clock, quiet=as_json) as reporter:
        last: Progress = execute(
            lambda: wait_until_there(
                settings, world, reference, wanted, at_most=at_most, tell=reporter.tell
            )
        )
    if as_json:
        shown = as_object(reference, wanted, last.observation, last.advices)
        typer.echo(json.dumps(shown, indent=2))
    else:
        _show(reference, wanted, last.observation, last.advices)
    raise typer.Exit(last.verdict.value)


def _show(
    reference: "Reference",
    wanted: "Sequence[Platform]",
    seen: "Observation",
    advices: "Sequence[Advice]" = (),
) -> None:
    from bot.core.message.english.command_line import render_check_on_command_line
    from bot.core.message.english.reasons import advice_lines
    from bot.core.message.plain import render_plain

    now = seen.observed_at
    message = render_check_on_command_line(reference, wanted, seen, now=now, advices=advices)
    if seen.trouble is not None:
        typer.echo(f"archbell: {message.lines[0]}", err=True)
        return
    if not sys.stdout.isatty():
        typer.echo(render_plain(message))
        return
    _show_table(message.headline, wanted, seen, advice_lines(advices, now=now, at_most=3))


def _show_table(
    headline: str, wanted: "Sequence[Platform]", seen: "Observation", reasons: "Sequence[str]"
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bot.core.message.english.words import short_digest
    from bot.core.message.plain import visible

    signs = {"present": "✅ there", "absent": "⏳ missing", "dangling": "⚠️ listed, not served"}
    table = Table("Platform", "State", "Digest", title=None, box=None, pad_edge=False)
    rows = [(platform, state_of(seen, platform)) for platform in wanted]
    rows += [(other, "present") for other in seen.entries if other not in wanted]
    for platform, state in rows:
        found = seen.listed(platform)
        digest = short_digest(found[1].digest) if found else ""
        table.add_row(Text(str(platform)), Text(signs[state]), Text(digest))
    console = Console()
    console.print(Text(visible(headline)))
    console.print(table)
    for reason in reasons:
        console.print(Text(visible(reason)))
