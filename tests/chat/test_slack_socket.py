import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from bot.chat.reception import Reception
from bot.chat.slack.entry import connected
from bot.chat.slack.socket import SWITCHED_OFF, SlackSocket
from bot.chat.slack.workspace import Slack, SlackSettings, open_slack
from bot.chat.standing import Standing
from bot.chat.surroundings import Surroundings
from bot.core.errors import ChatRefused
from bot.core.model import Place
from bot.flows.bells import Bells
from bot.ports.store import Store
from tests.chat.conftest import all_commands_in, commands_in, running
from tests.support.chat_faults import CUT_BEFORE, refusal
from tests.support.slack_server import SlackServer

PING_S = 0.25


async def test_a_command_is_kept_before_it_is_acknowledged(
    slack: Slack, slack_there: SlackServer, store: Store
) -> None:
    async with running(slack.listen()):
        await slack_there.until(lambda: slack_there.connections == 2)
        sent = await slack_there.command("/watch", "node:22 arm64", channel="C0TEAM", user="U0ADA")
        await slack_there.until(lambda: sent.acked)

        [command] = await commands_in(store)

    assert command.text == "/watch node:22 arm64"
    assert command.place == Place("slack", "C0TEAM")
    assert command.person == "U0ADA"


async def test_mentions_direct_messages_and_buttons_are_commands_too(
    slack: Slack, slack_there: SlackServer, store: Store
) -> None:
    message = {
        "ts": "9.9",
        "thread_ts": "1.2",
        "blocks": [
            {
                "type": "actions",
                "elements": [
                    {"text": {"text": "Stop"}, "action_id": "do:0", "value": "/unwatch #7"}
                ],
            }
        ],
    }
    async with running(slack.listen()):
        await slack_there.until(lambda: slack_there.connections == 2)
        await slack_there.say("<@U0BOT> check node:22", channel="C0TEAM", user="U0A", thread="1.2")
        await slack_there.say("list", channel="D0BOB", user="U0B")
        await slack_there.press(message, "Stop", channel="C0TEAM", user="U0C")
        await slack_there.until(lambda: all(sent.acked for sent in slack_there.envelopes))

        commands = await commands_in(store)

    assert sorted((command.person, str(command.place), command.text) for command in commands) == [
        ("U0A", "slack:C0TEAM:1.2", "<@U0BOT> check node:22"),
        ("U0B", "slack:U0B", "list"),
        ("U0C", "slack:C0TEAM:1.2", "/unwatch #7"),
    ]


async def test_what_bots_and_edits_say_is_acknowledged_and_left_alone(
    slack: Slack, slack_there: SlackServer, store: Store
) -> None:
    async with running(slack.listen()):
        await slack_there.until(lambda: slack_there.connections == 2)
        await slack_there.say("watch node:22", channel="D0BOB", user="U0B", bot_id="B0BOT")
        await slack_there.say(
            "watch node:22", channel="D0BOB", user="U0B", subtype="message_changed"
        )
        await slack_there.until(lambda: all(sent.acked for sent in slack_there.envelopes))

        assert await commands_in(store) == []


async def test_an_envelope_that_comes_twice_is_one_command(
    slack: Slack, slack_there: SlackServer, store: Store
) -> None:
    async with running(slack.listen()):
        await slack_there.until(lambda: slack_there.connections == 2)
        sent = await slack_there.command("/watch", "node:22", channel="C0TEAM", user="U0ADA")
        again = await slack_there.resend(sent)
        await slack_there.until(lambda: again.acked)

        assert len(await all_commands_in(store)) == 1


async def test_one_persons_commands_keep_their_order(
    slack: Slack, slack_there: SlackServer, store: Store
) -> None:
    texts = [f"node:{number} arm64" for number in range(30)]
    async with running(slack.listen()):
        await slack_there.until(lambda: slack_there.connections == 2)
        for text in texts:
            sent = await slack_there.command("/watch", text, channel="C0TEAM", user="U0ADA")
            # A person waits for one command to be taken before typing the next.
            await sent.ack.wait()

        commands = await all_commands_in(store)

    assert [command.text for command in commands] == [f"/watch {text}" for text in texts]


async def test_a_refresh_loses_nothing_because_there_are_two_connections(
    slack: Slack, slack_there: SlackServer, store: Store
) -> None:
    slack_there.connect_delay_s = 0.15
    async with running(slack.listen()):
        await slack_there.until(lambda: slack_there.connections == 2)
        for number in range(40):
            if number == 10:
                await slack_there.refresh()
            await slack_there.command(
                "/watch", f"node:{number}", channel="C0TEAM", user=f"U{number}"
            )
            await asyncio.sleep(0.02)
        await slack_there.until(lambda: sum(sent.acked for sent in slack_there.envelopes) == 40)

        assert len(await all_commands_in(store)) == 40
    assert slack_there.lost == []


@pytest.fixture
def hearing() -> Standing:
    return Standing("slack", ring=lambda: None)


@pytest.fixture
async def socket(
    slack_there: SlackServer, around: Surroundings, hearing: Standing
) -> AsyncIterator[SlackSocket]:
    """Notices within moments what takes it half a minute elsewhere."""
    reception = Reception(
        around.store, ring=around.commands_came, clock=around.clock, settings=around.limits
    )
    async with connected(slack_there.bot_token, slack_there.api_url) as client:
        yield SlackSocket(
            client,
            slack_there.app_token,
            reception=reception,
            standing=hearing,
            sleep=around.sleep,
            admits_team=lambda _: True,
            ping_s=PING_S,
        )


async def is_heard(there: SlackServer) -> None:
    """Somebody types until the bot has taken it."""
    async with asyncio.timeout(30):
        while True:
            sent = await there.command("/watch", "node:22", channel="C0TEAM", user="U0ADA")
            with suppress(TimeoutError):
                await asyncio.wait_for(sent.ack.wait(), 1)
                return


async def test_a_refused_ticket_is_not_tried_for_ever(
    socket: SlackSocket, slack_there: SlackServer
) -> None:
    slack_there.refuse_handshakes = 2

    async with running(socket.run()):
        await slack_there.until(lambda: slack_there.connections == 2)

    assert slack_there.tickets_issued >= 4


async def test_a_failure_to_get_a_ticket_is_waited_out(
    socket: SlackSocket, slack_there: SlackServer, hearing: Standing
) -> None:
    page = refusal(503, b"<html>", Content_Type="text/html")
    slack_there.faults.next("apps.connections.open", page, CUT_BEFORE)

    async with running(socket.run()):
        await slack_there.until(lambda: slack_there.connections == 2)
        await is_heard(slack_there)

    assert hearing.is_open


async def test_connections_that_are_cut_come_back(
    socket: SlackSocket, slack_there: SlackServer
) -> None:
    async with running(socket.run()):
        await slack_there.until(lambda: slack_there.connections == 2)
        await slack_there.drop_sockets()
        await slack_there.until(lambda: slack_there.tickets_issued >= 4)

        await is_heard(slack_there)


async def test_connections_that_freeze_are_replaced(
    socket: SlackSocket, slack_there: SlackServer
) -> None:
    async with running(socket.run()):
        await slack_there.until(lambda: slack_there.connections == 2)
        slack_there.freeze()
        await slack_there.until(lambda: slack_there.tickets_issued >= 4)
        slack_there.thaw()

        await is_heard(slack_there)


async def test_socket_mode_that_is_switched_off_is_told_until_it_is_on_again(
    socket: SlackSocket, slack_there: SlackServer, hearing: Standing
) -> None:
    async with running(socket.run()):
        await slack_there.until(lambda: slack_there.connections == 2)
        slack_there.app_error = "link_disabled"
        await slack_there.refresh(reason="link_disabled")
        await slack_there.until(lambda: not hearing.is_open)
        trouble = hearing.trouble
        slack_there.app_error = None
        await slack_there.until(lambda: slack_there.connections == 2)

        await is_heard(slack_there)
        assert hearing.is_open

    assert SWITCHED_OFF in (trouble or "")


@pytest.mark.parametrize(
    ("bot_error", "app_error", "told"),
    [
        pytest.param("invalid_auth", None, "the bot token is wrong", id="bot token"),
        pytest.param("token_revoked", None, "has been revoked", id="revoked"),
        pytest.param(None, "invalid_auth", "the app token is wrong", id="app token"),
        pytest.param(None, "not_allowed_token_type", "xapp-", id="wrong kind"),
    ],
)
async def test_a_bad_token_is_one_sentence_before_anything_connects(
    slack: Slack,
    slack_there: SlackServer,
    bot_error: str | None,
    app_error: str | None,
    told: str,
) -> None:
    slack_there.bot_error, slack_there.app_error = bot_error, app_error

    with pytest.raises(ChatRefused, match=told) as refused:
        await slack.check()

    assert slack_there.connections == 0
    assert "canary" not in str(refused.value)


async def test_an_outage_at_the_start_is_waited_out(around: Surroundings) -> None:
    settings = SlackSettings("xoxb-canary", "xapp-canary", None, "http://127.0.0.1:9/api/")

    async with open_slack(settings, around) as slack:
        await slack.check()


async def test_a_token_that_works_again_lets_messages_go(
    slack: Slack, slack_there: SlackServer, bells: Bells
) -> None:
    slack.standing.close("Slack: the bot token has been revoked (token_revoked)")
    slack_there.bot_error = "token_revoked"

    async with running(slack.listen()):
        await slack_there.until(
            lambda: [method for method, _ in slack_there.requests].count("auth.test") >= 2
        )
        assert not slack.messenger.is_attached
        slack_there.bot_error = None
        await bells.deliveries.listen(until=None, now=datetime.now(UTC), at_most_s=10)

        assert slack.messenger.is_attached


async def test_workspaces_that_are_not_listed_are_not_heard(
    slack_there: SlackServer, around: Surroundings, store: Store
) -> None:
    settings = SlackSettings(
        slack_there.bot_token,
        slack_there.app_token,
        None,
        slack_there.api_url,
        teams=frozenset({"T0OTHER"}),
    )

    async with open_slack(settings, around) as slack, running(slack.listen()):
        await slack_there.until(lambda: slack_there.connections == 2)
        sent = await slack_there.command("/watch", "node:22", channel="C0TEAM", user="U0ADA")
        await slack_there.until(lambda: sent.acked)

        assert await commands_in(store) == []
