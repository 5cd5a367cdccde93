"""`archbell slack`: what Slack wants to know before the bot can talk there."""

from typing import Annotated

import typer

from bot.cli.context import Context

app = typer.Typer(help="Make the bot an app at Slack.", no_args_is_help=True)


@app.callback()
def slack() -> None:
    """Make `manifest` a command of its own, although there is no other one yet."""


@app.command()
def manifest(
    context: typer.Context,
    prefix: Annotated[
        str | None,
        typer.Option(
            "--prefix",
            metavar="PREFIX",
            help="Goes before every command's name: team- makes /team-watch; default: as "
            "command_prefix in the configuration.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="Where Slack posts to the bot's own server: https://bot.example.com/slack; "
            "without it the bot fetches by Socket Mode, and needs no address.",
        ),
    ] = None,
) -> None:
    """Print the app manifest: it names the commands and permissions that the bot needs.

    Paste it at https://api.slack.com/apps → Create New App → From a manifest → your workspace →
    YAML → Create; later changes under App Manifest. Then Install to Workspace and copy the bot
    token (OAuth & Permissions) and, for Socket Mode, an app-level token with connections:write
    (Basic Information) into the configuration; archbell doctor tries both.

    Exit codes: 0 printed, 2 wrong usage or configuration.
    """
    from bot.app.slack_app import slack_manifest
    from bot.config import parse_command_prefix, parse_https_url

    if prefix is None:
        options: Context = context.obj
        prefix = options.settings().slack.command_prefix
    else:
        prefix = parse_command_prefix(prefix)
    address = parse_https_url(url) if url is not None else None
    typer.echo(slack_manifest(prefix=prefix, request_url=address), nl=False)
