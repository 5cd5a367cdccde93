"""How the chat services receive the bot, in words."""

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from bot.app.doctor.finding import Finding, Verdict, fault, warning, well
from bot.app.tokens import slack_settings, telegram_settings
from bot.config import Settings

if TYPE_CHECKING:
    from bot.chat.slack.examining import SlackFacts
    from bot.chat.telegram.examining import TelegramFacts, Webhook
    from bot.chat.trial import Trial

SLACK, TELEGRAM = "Slack", "Telegram"
Examination = Callable[[], Awaitable[list[Finding]]]

NEEDED = {
    "commands": "/watch does not exist",
    "chat:write": "nothing can be answered or told",
}
USEFUL = {
    "app_mentions:read": "nobody can talk to it as @archbell",
    "im:history": "what is written to it directly is not heard",
    "im:write": "nobody is told directly that a channel is closed to it",
}
OPTIONAL = {"channels:history": "public channels", "groups:history": "private channels"}
"""Scopes of the bot token, and what is lost without each."""

_TOKENS_PAGE = "https://api.slack.com/apps (the app, Basic Information, App-Level Tokens)"
_REACH = "see that this machine can reach it (firewall, proxy) and that api_url is right"


def chat_examinations(settings: Settings) -> dict[str, Examination]:
    """What to examine, by service; nothing for a service that is not configured."""
    found: dict[str, Examination] = {}
    if settings.slack.is_configured:
        found[SLACK] = lambda: _examine_slack(settings)
    if settings.telegram.is_configured:
        found[TELEGRAM] = lambda: _examine_telegram(settings)
    return found


async def _examine_slack(settings: Settings) -> list[Finding]:
    from bot.chat.slack.examining import examine_slack

    return list(slack_findings(await examine_slack(slack_settings(settings)), settings))


async def _examine_telegram(settings: Settings) -> list[Finding]:
    from bot.chat.telegram.examining import examine_telegram

    return list(telegram_findings(await examine_telegram(telegram_settings(settings)), settings))


def late_chat_finding(service: str, *, seconds: float) -> Finding:
    """What to tell of a service that took too long."""
    return fault(service, f"no answer within {seconds:g} s", _REACH)


def slack_findings(facts: "SlackFacts", settings: Settings) -> Iterator[Finding]:
    """What to tell of Slack."""
    trouble = _trouble(
        SLACK,
        facts.bot,
        "copy the Bot User OAuth Token (xoxb-…) from https://api.slack.com/apps (the app, "
        "OAuth & Permissions) into bot_token or its file",
    )
    if trouble is not None:
        yield trouble
    else:
        yield well(SLACK, f"the bot token is accepted: @{facts.name} in {facts.team}")
        yield from _about_scopes(facts.scopes)
        yield from _about_team(facts, settings)
    yield from _about_way_in(facts.app)


def _about_scopes(scopes: frozenset[str] | None) -> Iterator[Finding]:
    if scopes is None:
        return
    grant = (
        "add it to the bot token's scopes at https://api.slack.com/apps (OAuth & Permissions), or "
        "paste `archbell slack manifest` there anew; then reinstall the app"
    )
    for scope, lost in NEEDED.items():
        if scope not in scopes:
            yield fault(SLACK, f"the bot token lacks the scope {scope}: {lost}", grant)
    for scope, lost in USEFUL.items():
        if scope not in scopes:
            yield warning(SLACK, f"the bot token lacks the scope {scope}: {lost}", grant)
    without = [scope for scope in OPTIONAL if scope not in scopes]
    if without:
        rooms = " and ".join(OPTIONAL[scope] for scope in without)
        yield Finding(
            SLACK,
            Verdict.OK,
            f"works without {' and '.join(without)}: a message to {rooms} whose arrival is unknown "
            "cannot be looked up, and is sent again with a mark",
            f"if that is not wanted, {grant}",
        )


def _about_team(facts: "SlackFacts", settings: Settings) -> Iterator[Finding]:
    teams = settings.slack.allowed_teams
    if teams and facts.team_id not in teams:
        yield warning(
            SLACK,
            f"the bot token is for the workspace {facts.team_id}, which may not use the bot",
            f'add "{facts.team_id}" to [slack] allowed_teams',
        )


def _about_way_in(app: "Trial | None") -> Iterator[Finding]:
    if app is None:
        yield well(SLACK, "posts commands to the bot's own server, signed: only Slack can try that")
        return
    trouble = _trouble(
        SLACK,
        app,
        f"make an app-level token (xapp-…) with connections:write at {_TOKENS_PAGE}, see that "
        "Socket Mode is on there, and copy it into app_token or its file",
    )
    yield trouble or well(SLACK, "the app token is accepted: commands come by Socket Mode")


def telegram_findings(facts: "TelegramFacts", settings: Settings) -> Iterator[Finding]:
    """What to tell of Telegram."""
    trouble = _trouble(
        TELEGRAM,
        facts.token,
        "copy the token that @BotFather shows for /mybots into token or its file",
    )
    if trouble is not None:
        yield trouble
    else:
        yield well(TELEGRAM, f"the token is accepted: @{facts.name}")
        yield from _about_updates(facts.webhook, wanted=settings.telegram.webhook_url is not None)
        yield from _about_groups(facts)
    if not settings.telegram.allowed_chats:
        yield warning(
            TELEGRAM,
            "nobody may use the bot: allowed_chats is empty",
            "start the bot and write to it: it answers with the chat's number; add that to "
            "[telegram] allowed_chats",
        )


def _about_updates(webhook: "Webhook | None", *, wanted: bool) -> Iterator[Finding]:
    if webhook is None:
        if wanted:
            cure = "nothing to do: `archbell run` tells Telegram webhook_url when it starts"
            yield Finding(TELEGRAM, Verdict.OK, "does not post to webhook_url yet", cure)
        return
    if not webhook.is_ours:
        yield warning(
            TELEGRAM,
            f"updates are posted to {webhook.host}, "
            + ("and not to webhook_url" if wanted else "but the bot is configured to ask for them"),
            "`archbell run` changes that when it starts; if another program uses this token, make "
            "a bot of its own for each with @BotFather",
        )
    elif webhook.trouble:
        yield warning(
            TELEGRAM,
            f"the last post to webhook_url failed: {webhook.trouble}",
            "see that the bot runs and that the proxy before it hands the path over; "
            "docs/telegram.md has an example",
        )


def _about_groups(facts: "TelegramFacts") -> Iterator[Finding]:
    if not facts.may_join_groups:
        yield warning(
            TELEGRAM,
            "the bot may not be added to groups",
            "if it shall talk in some: /setjoingroups at @BotFather",
        )
    elif facts.reads_everything:
        yield Finding(
            TELEGRAM,
            Verdict.OK,
            "in groups the bot is shown every message",
            "it needs only commands: /setprivacy at @BotFather shows it no more than those",
        )
    else:
        yield well(
            TELEGRAM, "in groups the bot is shown commands and replies to it, which is enough"
        )


def _trouble(service: str, trial: "Trial", cure: str) -> Finding | None:
    from bot.chat.trial import Outcome

    match trial.outcome:
        case Outcome.REFUSED:
            return fault(service, trial.why, cure)
        case Outcome.UNCLEAR:
            return fault(
                service, f"cannot be reached, or gave no clear answer ({trial.why})", _REACH
            )
    return None
