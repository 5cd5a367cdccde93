"""What Slack says of the bot's tokens, for whoever sets it up."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.chat.slack.entry import connected, tried
from bot.chat.slack.errors import NO_ENTRY
from bot.chat.slack.socket import TOKEN_TROUBLE
from bot.chat.slack.workspace import SlackSettings
from bot.chat.trial import Outcome, Trial

SCOPES_HEADER = "x-oauth-scopes"
BOT_TOKEN, APP_TOKEN = "xoxb-", "xapp-"
WRONG_KIND = "not_allowed_token_type"


@dataclass(frozen=True, slots=True)
class SlackFacts:
    """What is known; team, team_id and name are empty if the bot token is not accepted.

    scopes: None if Slack did not say. app: None without an app token.
    """

    bot: Trial
    app: Trial | None
    team: str = ""
    team_id: str = ""
    name: str = ""
    scopes: frozenset[str] | None = None


async def examine_slack(settings: SlackSettings) -> SlackFacts:
    """Try the tokens; nothing is posted, and no connection is kept."""
    async with connected(settings.bot_token, settings.api_url) as client:
        bot, answer = await _tried(settings.bot_token, BOT_TOKEN, client.auth_test, NO_ENTRY)
        app = None
        token = settings.app_token
        if token is not None:
            app, _ = await _tried(
                token,
                APP_TOKEN,
                lambda: client.apps_connections_open(app_token=token),
                TOKEN_TROUBLE,
            )
    if answer is None:
        return SlackFacts(bot, app)
    return SlackFacts(
        bot,
        app,
        team=str(answer.get("team", "")),
        team_id=str(answer.get("team_id", "")),
        name=str(answer.get("user", "")),
        scopes=_scopes(answer.headers),
    )


async def _tried(
    token: str,
    beginning: str,
    ask: Callable[[], Awaitable[AsyncSlackResponse]],
    refusals: Mapping[str, str],
) -> tuple[Trial, AsyncSlackResponse | None]:
    """A token of another kind is not shown to Slack."""
    if not token.startswith(beginning):
        return Trial(Outcome.REFUSED, refusals[WRONG_KIND]), None
    return await tried(ask(), refusals)


def _scopes(headers: Mapping[str, str]) -> frozenset[str] | None:
    named = {name.lower(): value for name, value in headers.items()}
    if SCOPES_HEADER not in named:
        return None
    return frozenset(filter(None, map(str.strip, named[SCOPES_HEADER].split(","))))
