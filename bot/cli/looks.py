"""`archbell check` and `archbell wait`: looks without a store."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.context import Context, parsed_duration, parsed_image, parsed_platforms

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """Look once what the registry has.

    Exit codes: 0 all platforms are there, 1 at least one is missing, 2 wrong usage,
    3 not known (the registry gave no clear answer).
    """
    from bot.app.errands import look_once
    from bot.app.world import World, execute
    from bot.flows.wait import verdict_on

    options: Context = context.obj
    settings = options.settings()
    reference, wanted = parsed_image(image), parsed_platforms(platforms or [], settings)
    world = World()
    timeout_s = min(CHECK_TIMEOUT_S, settings.looks.timeout_s)
    seen = execute(lambda: look_once(settings, world, reference, wanted, timeout_s=timeout_s))
    if as_json:
        typer.echo(json.dumps(as_object(reference, wanted, seen), indent=2))
    else:
        _show(reference, wanted, seen)
    raise typer.Exit(verdict_on(seen, wanted).value)


def wait(
    context: typer.Context,
    image: Image,
    platforms: Platforms = None,
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="Give up after this: 45m, 2h, 1d.")
    ] = "2h",
    as_json: AsJson = False,
) -> None:
    """Wait until all platforms are there.

    Looks every minute at first, then more rarely, as the bot does. Exit codes: 0 all platforms are
    there, 1 time is up, 2 wrong usage, 3 not known at the end, 4 they will never come.
    """
    from bot.app.errands import wait_until_there
    from bot.app.world import World, execute
    from bot.cli.progress import Reporter

    options: Context = context.obj
    settings = options.settings()
    reference, wanted = parsed_image(image), parsed_platforms(platforms or [], settings)
    at_most = parsed_duration(timeout)
    world = World()
    with Reporter(reference, wanted, clock=world.clock, quiet=as_json) as reporter:
        last: Progress = execute(
            lambda: wait_until_there(
                settings, world, reference, wanted, at_most=at_most, tell=reporter.tell
            )
        )
    if as_json:
        typer.echo(json.dumps(as_object(reference, wanted, last.observation), indent=2))
    else:
        _show(reference, wanted, last.observation)
    raise typer.Exit(last.verdict.value)


def as_object(
    reference: "Reference", wanted: "Sequence[Platform]", seen: "Observation"
) -> dict[str, Any]:
    """An observation for scripts; a platform is present, absent, dangling or unknown."""
    from bot.core.message.english.trouble import trouble_sentence

    trouble = seen.trouble
    return {
        "image": str(reference),
        "status": seen.status.value,
        "digest": seen.digest,
        "platforms": {str(platform): _state(seen, platform) for platform in wanted},
        "there": [
            {"platform": str(platform), "digest": entry.digest}
            for platform, entry in seen.entries.items()
            if entry.reachable is not False
        ],
        "trouble": None
        if trouble is None
        else {
            "kind": trouble.kind.value,
            "sentence": trouble_sentence(reference, trouble, now=seen.observed_at),
        },
        "observed_at": seen.observed_at.isoformat(),
    }


def _state(seen: "Observation", platform: "Platform") -> str:
    if not seen.is_clear:
        return "unknown"
    if seen.offers(platform) is not None:
        return "present"
    return "absent" if seen.listed(platform) is None else "dangling"


def _show(reference: "Reference", wanted: "Sequence[Platform]", seen: "Observation") -> None:
    from bot.core.message.english.command_line import render_check_on_command_line
    from bot.core.message.plain import render_plain

    message = render_check_on_command_line(reference, wanted, seen, now=seen.observed_at)
    if seen.trouble is not None:
        typer.echo(f"archbell: {message.lines[0]}", err=True)
        return
    if not sys.stdout.isatty():
        typer.echo(render_plain(message))
        return
    _show_table(message.headline, wanted, seen)


def _show_table(headline: str, wanted: "Sequence[Platform]", seen: "Observation") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bot.core.message.english.words import short_digest
    from bot.core.message.plain import visible

    signs = {"present": "✅ there", "absent": "⏳ missing", "dangling": "⚠️ listed, not served"}
    table = Table("Platform", "State", "Digest", title=None, box=None, pad_edge=False)
    rows = [(platform, _state(seen, platform)) for platform in wanted]
    rows += [(other, "present") for other in seen.entries if other not in wanted]
    for platform, state in rows:
        found = seen.listed(platform)
        digest = short_digest(found[1].digest) if found else ""
        table.add_row(Text(str(platform)), Text(signs[state]), Text(digest))
    console = Console()
    console.print(Text(visible(headline)))
    console.print(table)
