"""`archbell watch`, `unwatch` and `list`: the store from outside; a running bot notices."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.context import (
    Context,
    fail,
    parsed_duration,
    parsed_image,
    parsed_pattern,
    parsed_platforms,
)
from bot.cli.listing import as_json_moment, print_rows
from bot.cli.looks import AsJson, Image, Platforms
from bot.core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.config import Settings
    from bot.core.message.neutral import Message
    from bot.core.model import Place, Watch
    from bot.ports.patterns import Pattern

InPlace = Annotated[
    str,
    typer.Option(
        "--place",
        metavar="PLACE",
        help="Who is told: terminal, slack:C0123, telegram:-100123, webhook:name.",
    ),
]


def watch(  # noqa: PLR0913, PLR0917 - an option for each
    context: typer.Context,
    image: Image,
    platforms: Platforms = None,
    lasting: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="Give up after this: 12h, 3d.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on afterwards: tell when it goes and comes back.")
    ] = False,
    rebuilds: Annotated[
        bool, typer.Option("--rebuilds", help="As --keep, and tell each new build.")
    ] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also what is not built at present.")
    ] = False,
    place: InPlace = "terminal",
) -> None:
    """Watch a tag, or for new tags that fit a pattern, as /watch does; a running bot tells.

    Exit codes: 0 watched or already there, 1 refused, 2 wrong usage, 3 the database cannot be used.
    """
    from bot.app.errands import follow, subscribe
    from bot.app.world import World, execute
    from bot.core.message.english.command_line import for_command_line
    from bot.core.message.plain import render_plain
    from bot.flows.follow import PatternWish
    from bot.flows.wish import Wish

    options: Context = context.obj
    settings = options.settings()
    told, wanted = _place_to_tell(place, settings), parsed_platforms(platforms or [], settings)
    expires_in = parsed_duration(lasting) if lasting else None
    standing = keep or rebuilds
    pattern = parsed_pattern(image)
    if pattern is not None:
        asked = PatternWish(pattern, wanted, told, None, expires_in=expires_in, standing=standing)
        accepted, message = execute(lambda: follow(settings, World(), asked))
    else:
        wish = Wish(
            parsed_image(image),
            wanted,
            told,
            None,
            standing=standing,
            expires_in=expires_in,
            source="cli",
            rebuilds=rebuilds,
            anyway=anyway,
        )
        accepted, message = execute(lambda: subscribe(settings, World(), wish))
    typer.echo(render_plain(for_command_line(message, told)))
    raise typer.Exit(0 if accepted else 1)


def unwatch(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(metavar="IMAGE|PATTERN|#ID|all", help="7, #7, an image, a pattern, or all."),
    ],
    place: Annotated[
        str | None, typer.Option("--place", metavar="PLACE", help="Only the watches of this place.")
    ] = None,
) -> None:
    """Stop watches and patterns, of all places unless one is named.

    Exit codes: 0 stopped, 1 nothing fits, 2 wrong usage, 3 the database cannot be used.
    """
    from bot.app.errands import stop_watches
    from bot.app.world import World, execute
    from bot.core.message.english.command_line import for_command_line
    from bot.core.message.plain import render_plain

    options: Context = context.obj
    settings = options.settings()
    chosen = _choice(what)
    within = _place(place) if place is not None else None
    stopped: Message | None = execute(
        lambda: stop_watches(
            settings, World(), lambda each: chosen(each) and within in {None, each.place}
        )
    )
    if stopped is None:
        fail(f"nothing is watched as {what}; see `archbell list`", code=1)
    typer.echo(render_plain(for_command_line(stopped)))


def list_watches(context: typer.Context, as_json: AsJson = False) -> None:
    """Show all watches and patterns, of all places.

    Exit codes: 0 shown, 2 wrong usage, 3 the database cannot be used.
    """
    from bot.app.errands import active_watches
    from bot.app.world import World, execute
    from bot.core.message.english.lists import watch_row
    from bot.flows.tend import row_of_pattern

    options: Context = context.obj
    settings = options.settings()
    watches, patterns = execute(lambda: active_watches(settings))
    now = World().clock()
    if as_json:
        every = [*map(_as_object, watches), *map(_pattern_as_object, patterns)]
        typer.echo(json.dumps(every, indent=2))
        return
    if not watches and not patterns:
        typer.echo("Nothing is watched. To begin: archbell watch node:22-slim arm64")
        return
    rows = [(watch_row(watch, now=now), str(watch.place)) for watch in watches]
    rows += [(row_of_pattern(each), str(each.place)) for each in patterns]
    print_rows(("Watch", "Place"), rows)


def _as_object(watch: "Watch") -> dict[str, Any]:
    return {
        "id": watch.id,
        "image": str(watch.reference),
        "place": str(watch.place),
        "platforms": {str(want.platform): want.state.value for want in watch.wants},
        "standing": watch.standing,
        "configured": bool(watch.configured),
        "created_at": as_json_moment(watch.created_at),
        "expires_at": as_json_moment(watch.expires_at),
        "muted_until": as_json_moment(watch.muted_until),
        "looked_at": as_json_moment(watch.looked_at),
        "due_at": as_json_moment(watch.due_at),
    }


def _pattern_as_object(pattern: "Pattern") -> dict[str, Any]:
    return {
        "pattern": f"{pattern.repository}:{pattern.text}",
        "place": str(pattern.place),
        "platforms": sorted(map(str, pattern.platforms | pattern.configured)),
        "configured": bool(pattern.configured),
        "created_at": as_json_moment(pattern.created_at),
        "listed_at": as_json_moment(pattern.looked_at),
        "due_at": as_json_moment(pattern.due_at),
    }


def _choice(what: str) -> "Callable[[Watch | Pattern], bool]":
    from bot.ports.patterns import Pattern

    if what == "all":
        # What the configuration alone wants of a pattern cannot be stopped.
        return lambda each: not isinstance(each, Pattern) or bool(each.platforms)
    digits = what.removeprefix("#")
    if digits.isascii() and digits.isdigit():
        return lambda each: not isinstance(each, Pattern) and each.id == int(digits)
    pattern = parsed_pattern(what)
    if pattern is not None:
        meant = (pattern.repository, pattern.text)
        return lambda each: isinstance(each, Pattern) and (each.repository, each.text) == meant
    reference = parsed_image(what)
    return lambda each: not isinstance(each, Pattern) and each.reference == reference


def _place(text: str) -> "Place":
    from bot.config import parse_place

    return parse_place(text)


def _place_to_tell(text: str, settings: "Settings") -> "Place":
    """A place that the bot of this configuration can reach. Raises InvalidInput."""
    from bot.config import configured_services

    place = _place(text)
    if place.service == "webhook" and place.conversation not in {
        block.name for block in settings.webhook
    }:
        raise InvalidInput(
            f"{place}: this configuration has no [[webhook]] block of that name; add it, or name "
            "another place, such as terminal."
        )
    if place.service not in configured_services(settings):
        raise InvalidInput(
            f"{place}: this configuration has no token in its [{place.service}] section, so "
            "nobody there can be told; add it, or name another place, such as terminal."
        )
    return place
