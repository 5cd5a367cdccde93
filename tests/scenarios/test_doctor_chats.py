"""`archbell doctor` on Slack and Telegram: the tokens, what they may do, and what to mend."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.canaries import canary
from tests.support.chat_faults import CUT_BEFORE, refusal
from tests.support.command_line import archbell
from tests.support.slack_server import TEAM, SlackServer, slack_server
from tests.support.telegram_server import TelegramServer, telegram_server

NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there; as the proxy it keeps Docker Hub out of the tests."""
BOT_TOKEN, APP_TOKEN = f"xoxb-{canary('bot-token')}", f"xapp-{canary('app-token')}"
TELEGRAM_TOKEN = f"123456:{canary('telegram').replace('.', '-')}"
MANIFEST_SCOPES = (
    "commands",
    "chat:write",
    "app_mentions:read",
    "im:history",
    "im:write",
    "channels:history",
    "groups:history",
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the doctor says of one service: "verdict: what" and cures, a line each."""

    lines: list[str]
    cures: str

    def has(self, verdict: str, says: str) -> bool:
        return any(line.startswith(f"{verdict}: ") and says in line for line in self.lines)

    @property
    def verdicts(self) -> set[str]:
        return {line.partition(": ")[0] for line in self.lines}


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with slack_server(bot_token=BOT_TOKEN, app_token=APP_TOKEN) as slack:
        slack.scopes = MANIFEST_SCOPES
        yield slack


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with telegram_server(token=TELEGRAM_TOKEN) as telegram:
        yield telegram


async def told_of(service: str, folder: Path, *lines: str) -> Told:
    config = folder / "config.toml"
    config.write_text("\n".join(lines))
    config.chmod(0o600)
    ended = await archbell(
        "--config",
        config,
        "doctor",
        "--json",
        environment={"ARCHBELL_NETWORK__PROXY": NOWHERE},
        folder=folder,
    )
    assert not ended.errors
    findings = [each for each in json.loads(ended.output)["findings"] if each["subject"] == service]
    assert not {BOT_TOKEN, APP_TOKEN, TELEGRAM_TOKEN} & set(ended.output.split('"'))
    assert canary("bot-token") not in ended.output
    assert all(each["cure"] for each in findings if each["verdict"] != "ok")
    return Told(
        [f"{each['verdict']}: {each['says']}" for each in findings],
        "\n".join(each["cure"] or "" for each in findings),
    )


async def told_of_slack(slack: SlackServer, folder: Path, *more: str, bot: str = BOT_TOKEN) -> Told:
    (folder / "bot-token").write_text(f"{bot}\n")
    (folder / "bot-token").chmod(0o600)
    lines = ("[slack]", 'bot_token_file = "bot-token"', f'api_url = "{slack.url}/api"')
    ways = more or (f'app_token = "{APP_TOKEN}"',)
    return await told_of("Slack", folder, *lines, *ways)


async def told_of_telegram(telegram: TelegramServer, folder: Path, *more: str) -> Told:
    lines = ("[telegram]", f'token = "{TELEGRAM_TOKEN}"', f'api_url = "{telegram.url}"')
    return await told_of("Telegram", folder, *lines, *(more or ("allowed_chats = [7]",)))


async def test_a_slack_that_is_set_up_well_gets_only_good_lines(
    tmp_path: Path, slack: SlackServer
) -> None:
    told = await told_of_slack(slack, tmp_path)

    assert told.lines == [
        "ok: the bot token is accepted: @archbell in Archbell's team",
        "ok: the app token is accepted: commands come by Socket Mode",
    ]
    assert [method for method, _ in slack.requests] == ["auth.test", "apps.connections.open"]
    assert slack.connections == 0


async def test_a_wrong_bot_token_is_told_with_where_to_find_the_right_one(
    tmp_path: Path, slack: SlackServer
) -> None:
    told = await told_of_slack(slack, tmp_path, bot="xoxb-another")

    assert told.has("fault", "the bot token is wrong (invalid_auth)")
    assert told.has("ok", "the app token is accepted")
    assert "OAuth & Permissions" in told.cures


async def test_a_wrong_app_token_is_told_with_where_to_make_one(
    tmp_path: Path, slack: SlackServer
) -> None:
    told = await told_of_slack(slack, tmp_path, 'app_token = "xapp-another"')

    assert told.has("ok", "the bot token is accepted")
    assert told.has("fault", "the app token is wrong (invalid_auth)")
    assert "connections:write" in told.cures


async def test_a_token_of_the_wrong_kind_is_told_and_not_shown_to_slack(
    tmp_path: Path, slack: SlackServer
) -> None:
    told = await told_of_slack(slack, tmp_path, bot=APP_TOKEN)

    assert told.has("fault", "that is not a bot token (they begin with xoxb-)")
    assert [method for method, _ in slack.requests] == ["apps.connections.open"]


@pytest.mark.parametrize(
    ("missing", "verdict", "lost"),
    [
        pytest.param("commands", "fault", "/watch does not exist", id="commands"),
        pytest.param("chat:write", "fault", "nothing can be answered", id="chat:write"),
        pytest.param("im:history", "warning", "directly is not heard", id="im:history"),
        pytest.param(
            "channels:history", "ok", "a message to public channels", id="channels:history"
        ),
    ],
)
async def test_a_missing_scope_is_told_with_what_is_lost_without_it(
    tmp_path: Path, slack: SlackServer, missing: str, verdict: str, lost: str
) -> None:
    slack.scopes = tuple(scope for scope in MANIFEST_SCOPES if scope != missing)

    told = await told_of_slack(slack, tmp_path)

    assert told.has(verdict, missing)
    assert told.has(verdict, lost)
    assert told.verdicts == {"ok", verdict}
    assert "archbell slack manifest" in told.cures
    assert "reinstall" in told.cures


async def test_a_workspace_that_may_not_use_the_bot_is_a_warning(
    tmp_path: Path, slack: SlackServer
) -> None:
    told = await told_of_slack(
        slack, tmp_path, f'app_token = "{APP_TOKEN}"', 'allowed_teams = ["T0OTHER"]'
    )

    assert told.has("warning", TEAM)
    assert "allowed_teams" in told.cures


async def test_with_a_signing_secret_only_the_bot_token_is_tried(
    tmp_path: Path, slack: SlackServer
) -> None:
    told = await told_of_slack(slack, tmp_path, 'signing_secret = "s3cret"')

    assert told.has("ok", "only Slack can try that")
    assert [method for method, _ in slack.requests] == ["auth.test"]


async def test_a_slack_that_gives_no_answer_is_told_with_where_to_look(
    tmp_path: Path, slack: SlackServer
) -> None:
    slack.faults.next("auth.test", CUT_BEFORE)
    slack.faults.next("apps.connections.open", refusal(503))

    told = await told_of_slack(slack, tmp_path)

    assert told.verdicts == {"fault"}
    assert all("cannot be reached, or gave no clear answer" in line for line in told.lines)
    assert "firewall" in told.cures


async def test_a_telegram_that_is_set_up_well_gets_only_good_lines(
    tmp_path: Path, telegram: TelegramServer
) -> None:
    told = await told_of_telegram(telegram, tmp_path)

    assert told.verdicts == {"ok"}
    assert told.has("ok", "the token is accepted: @archbell_bot")
    assert told.has("ok", "commands and replies to it, which is enough")
    assert [method for method, _ in telegram.requests] == ["getMe", "getWebhookInfo"]


async def test_a_revoked_telegram_token_is_told_with_where_to_find_it(
    tmp_path: Path, telegram: TelegramServer
) -> None:
    telegram.revoked = True

    told = await told_of_telegram(telegram, tmp_path)

    assert told.lines == ["fault: the bot token is wrong or has been revoked"]
    assert "@BotFather" in told.cures


async def test_a_telegram_that_gives_no_answer_is_told_with_where_to_look(
    tmp_path: Path, telegram: TelegramServer
) -> None:
    telegram.faults.next("getMe", CUT_BEFORE)

    told = await told_of_telegram(telegram, tmp_path)

    assert told.has("fault", "cannot be reached, or gave no clear answer")
    assert "api_url" in told.cures


async def test_without_allowed_chats_nobody_may_use_the_bot(
    tmp_path: Path, telegram: TelegramServer
) -> None:
    told = await told_of_telegram(telegram, tmp_path, "allowed_chats = []")

    assert told.has("warning", "nobody may use the bot")
    assert "it answers with the chat's number" in told.cures


async def test_a_webhook_that_is_not_configured_is_told_without_its_path(
    tmp_path: Path, telegram: TelegramServer
) -> None:
    telegram.webhook = {"url": f"https://other.example/{canary('path')}"}

    told = await told_of_telegram(telegram, tmp_path)

    assert told.has("warning", "updates are posted to other.example, but the bot is configured to")
    assert canary("path") not in "".join(told.lines) + told.cures


@pytest.mark.parametrize(
    ("address", "error", "verdict", "says"),
    [
        pytest.param("", "", "ok", "does not post to webhook_url yet", id="not-yet"),
        pytest.param("https://bot.example/telegram", "", "ok", "the token is accepted", id="fine"),
        pytest.param(
            "https://bot.example/telegram",
            "Connection refused",
            "warning",
            "the last post to webhook_url failed: Connection refused",
            id="failing",
        ),
        pytest.param(
            "https://old.example/telegram",
            "",
            "warning",
            "posted to old.example, and not to webhook_url",
            id="another",
        ),
    ],
)
async def test_a_configured_webhook_is_compared_with_what_telegram_has(
    tmp_path: Path, telegram: TelegramServer, address: str, error: str, verdict: str, says: str
) -> None:
    telegram.webhook, telegram.webhook_error = {"url": address}, error

    told = await told_of_telegram(
        telegram, tmp_path, "allowed_chats = [7]", 'webhook_url = "https://bot.example"'
    )

    assert told.has(verdict, says)
    assert told.verdicts == {"ok", verdict}


@pytest.mark.parametrize(
    ("may_join", "reads_everything", "verdict", "cure"),
    [
        pytest.param(False, False, "warning", "/setjoingroups", id="no-groups"),
        pytest.param(True, True, "ok", "/setprivacy", id="reads-everything"),
    ],
)
async def test_how_the_bot_stands_in_groups_is_explained(
    tmp_path: Path,
    telegram: TelegramServer,
    may_join: bool,
    reads_everything: bool,
    verdict: str,
    cure: str,
) -> None:
    telegram.may_join_groups, telegram.reads_everything = may_join, reads_everything

    told = await told_of_telegram(telegram, tmp_path)

    assert told.has(verdict, "groups")
    assert cure in told.cures


async def test_a_token_file_that_cannot_be_read_is_a_mistake_of_the_configuration(
    tmp_path: Path,
) -> None:
    told = await told_of(
        "configuration", tmp_path, "[telegram]", 'token_file = "missing"', "allowed_chats = [7]"
    )

    assert told.has("fault", "`telegram`, `token_file`: cannot be read")
