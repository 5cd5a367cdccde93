from datetime import UTC, datetime

import pytest
from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ConnectionTimeoutError,
    ServerDisconnectedError,
    ServerTimeoutError,
)
from aiohttp.client_reqrep import ConnectionKey

from bot.chat.slack.entry import connected
from bot.chat.slack.errors import translated
from bot.chat.slack.messenger import SlackMessenger
from bot.chat.slack.workspace import Slack
from bot.chat.standing import Standing
from bot.chat.surroundings import Surroundings
from bot.core.errors import (
    NotSent,
    PlaceClosed,
    Postponed,
    SendError,
    SendUncertain,
    ServiceClosed,
    Unsendable,
)
from bot.core.message.neutral import Button, Message
from bot.core.model import Place
from bot.ports.chat import Sent
from tests.support.chat_faults import (
    CUT_AFTER,
    CUT_BEFORE,
    STALL_AFTER,
    STALL_BEFORE,
    Fault,
    refusal,
)
from tests.support.slack_server import SlackServer

TEAM = Place("slack", "C0TEAM")
CARD = Message("🆕 node:22.16 is out: amd64 there.")
HELLO = Message("✅ linux/arm64 is there: node:22", ("To stop: /list",), mentions=("U0ADA",))


def error(name: str, status: int = 200) -> Fault:
    return refusal(
        status, b'{"ok": false, "error": "%s"}' % name.encode(), Content_Type="application/json"
    )


async def test_a_message_is_posted_with_its_marker_and_people(
    slack: Slack, slack_there: SlackServer
) -> None:
    ts = await slack.messenger.send(TEAM, HELLO, marker="d1")

    [posted] = slack_there.channels["C0TEAM"].messages
    assert posted["ts"] == ts
    assert posted["blocks"][0]["block_id"] == "d1"
    assert posted["text"].endswith("<@U0ADA>")
    [(_, asked)] = slack_there.requests
    assert str(asked["unfurl_links"]).lower() == "false"


async def test_commands_are_spelt_as_slack_knows_them(
    slack: Slack, slack_there: SlackServer
) -> None:
    await slack.messenger.send(TEAM, HELLO, marker="d1")

    assert "To stop: /archbell list" in slack_there.channels["C0TEAM"].texts[0]


async def test_a_message_for_a_thread_goes_into_it(slack: Slack, slack_there: SlackServer) -> None:
    await slack.messenger.send(Place("slack", "C0TEAM", "123.4"), HELLO, marker="d1")

    assert slack_there.channels["C0TEAM"].messages[0]["thread_ts"] == "123.4"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param(refusal(429, b"", Retry_After="7"), Postponed, id="429"),
        pytest.param(error("ratelimited"), Postponed, id="ratelimited"),
        *[
            pytest.param(error(name), PlaceClosed, id=name)
            for name in (
                "not_in_channel",
                "channel_not_found",
                "is_archived",
                "restricted_action",
                "restricted_action_read_only_channel",
                "restricted_action_thread_only_channel",
                "restricted_action_non_threadable_channel",
                "restricted_action_thread_locked",
                "no_permission",
            )
        ],
        *[
            pytest.param(error(name), ServiceClosed, id=name)
            for name in (
                "token_revoked",
                "token_expired",
                "invalid_auth",
                "not_authed",
                "account_inactive",
                "missing_scope",
            )
        ],
        *[
            pytest.param(error(name), SendUncertain, id=name)
            for name in ("fatal_error", "internal_error", "service_unavailable")
        ],
        pytest.param(
            refusal(503, b"<html>", Content_Type="text/html"), SendUncertain, id="503 with HTML"
        ),
        pytest.param(error("internal_error", 500), SendUncertain, id="500"),
        pytest.param(refusal(200, b"{", Content_Type="application/json"), SendUncertain, id="half"),
        pytest.param(CUT_BEFORE, SendUncertain, id="cut before"),
        pytest.param(CUT_AFTER, SendUncertain, id="cut after"),
        pytest.param(error("as_user_not_supported"), Unsendable, id="anything else"),
    ],
)
async def test_an_error_means(
    slack: Slack, slack_there: SlackServer, fault: Fault, kind: type[SendError]
) -> None:
    slack_there.faults.next("chat.postMessage", fault)

    with pytest.raises(kind) as raised:
        await slack.messenger.send(TEAM, HELLO, marker="d1")

    assert slack_there.bot_token not in str(raised.value)


async def test_an_answer_that_is_lost_is_not_repeated_by_the_sdk(
    slack: Slack, slack_there: SlackServer
) -> None:
    slack_there.faults.next("chat.postMessage", CUT_AFTER)

    with pytest.raises(SendUncertain):
        await slack.messenger.send(TEAM, HELLO, marker="d1")

    assert len(slack_there.channels["C0TEAM"].messages) == 1


async def test_retry_after_is_obeyed_to_the_second(slack: Slack, slack_there: SlackServer) -> None:
    slack_there.faults.next("chat.postMessage", refusal(429, b"", Retry_After="7"))

    with pytest.raises(Postponed) as postponed:
        await slack.messenger.send(TEAM, HELLO, marker="d1")

    assert postponed.value.retry_after_s == 7


@pytest.mark.parametrize(
    "name",
    [
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "no_text",
        "metadata_too_large",
        "metadata_must_be_sent_from_app",
    ],
)
async def test_what_slack_finds_misshapen_goes_as_text(
    slack: Slack, slack_there: SlackServer, name: str
) -> None:
    slack_there.faults.next("chat.postMessage", error(name))

    await slack.messenger.send(TEAM, HELLO, marker="d1")

    [posted] = slack_there.channels["C0TEAM"].messages
    assert posted["blocks"] == []
    assert HELLO.headline in posted["text"]


@pytest.mark.parametrize(
    ("fault", "copies"),
    [pytest.param(STALL_BEFORE, 0, id="before"), pytest.param(STALL_AFTER, 1, id="after")],
)
async def test_an_answer_that_does_not_come_is_given_up_and_nobody_knows(
    slack_there: SlackServer, around: Surroundings, fault: Fault, copies: int
) -> None:
    slack_there.faults.next("chat.postMessage", fault)

    async with connected(slack_there.bot_token, slack_there.api_url, answer_s=0.5) as client:
        messenger = SlackMessenger(
            client,
            Standing("slack", ring=lambda: None),
            clock=around.clock,
            sleep=around.sleep,
            spell=lambda verb: f"/{verb}",
        )
        with pytest.raises(SendUncertain):
            await messenger.send(TEAM, HELLO, marker="d1")

    assert len(slack_there.channels["C0TEAM"].messages) == copies


KEY = ConnectionKey("slack.test", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        pytest.param(ClientConnectorError(KEY, OSError("refused")), NotSent, id="refused"),
        pytest.param(ClientConnectorDNSError(KEY, OSError("no such host")), NotSent, id="name"),
        pytest.param(ConnectionTimeoutError(), NotSent, id="time-out while connecting"),
        pytest.param(ServerTimeoutError(), SendUncertain, id="time-out while reading"),
        pytest.param(TimeoutError(), SendUncertain, id="time-out of all"),
        pytest.param(ServerDisconnectedError(), SendUncertain, id="cut"),
    ],
)
def test_what_failed_before_anything_left_is_told_from_what_may_have_arrived(
    failure: Exception, kind: type[SendError]
) -> None:
    with pytest.raises(kind), translated():
        raise failure


async def test_nobody_listening_means_nothing_was_sent(slack: Slack) -> None:
    slack._client.base_url = "http://127.0.0.1:9/api/"

    with pytest.raises(NotSent):
        await slack.messenger.send(TEAM, HELLO, marker="d1")


async def test_a_revoked_token_closes_the_workspace_until_it_works_again(
    slack: Slack, slack_there: SlackServer
) -> None:
    slack_there.bot_error = "token_revoked"

    with pytest.raises(ServiceClosed):
        await slack.messenger.send(TEAM, HELLO, marker="d1")

    assert not slack.messenger.is_attached
    assert "revoked" in (slack.standing.trouble or "")


async def test_a_message_is_found_by_its_marker_on_a_later_page(
    slack: Slack, slack_there: SlackServer
) -> None:
    ts = await slack.messenger.send(TEAM, HELLO, marker="d1")
    channel = slack_there.channels["C0TEAM"]
    channel.messages += [
        {**channel.messages[0], "ts": f"{float(ts) + n:.6f}", "blocks": []} for n in range(1, 450)
    ]

    found = await slack.messenger.find(TEAM, marker="d1", since=datetime.now(UTC))

    assert found == ts
    assert [method for method, _ in slack_there.requests].count("conversations.history") == 3


async def test_a_message_that_is_not_there_is_not_found(
    slack: Slack, slack_there: SlackServer
) -> None:
    assert await slack.messenger.find(TEAM, marker="d1", since=datetime.now(UTC)) is None


async def test_a_reply_is_found_in_its_thread(slack: Slack, slack_there: SlackServer) -> None:
    place = Place("slack", "C0TEAM", "123.4")
    ts = await slack.messenger.send(place, HELLO, marker="d1")

    assert await slack.messenger.find(place, marker="d1", since=datetime.now(UTC)) == ts
    assert await slack.messenger.find(TEAM, marker="d1", since=datetime.now(UTC)) is None


async def test_a_direct_message_is_found_in_its_conversation(
    slack: Slack, slack_there: SlackServer
) -> None:
    ada = slack.messenger.direct_place("U0ADA")
    assert ada is not None
    ts = await slack.messenger.send(ada, HELLO, marker="d1")

    assert slack_there.channels["D0ADA"].messages[0]["ts"] == ts
    assert await slack.messenger.find(ada, marker="d1", since=datetime.now(UTC)) == ts


async def test_without_the_scope_nothing_is_looked_up_again(
    slack: Slack, slack_there: SlackServer
) -> None:
    slack_there.scopes = ("commands", "chat:write")
    assert slack.messenger.can_find(TEAM)

    with pytest.raises(SendUncertain):
        await slack.messenger.find(TEAM, marker="d1", since=datetime.now(UTC))

    assert not slack.messenger.can_find(TEAM)
    assert slack.messenger.can_find(Place("slack", "D0ADA"))
    assert slack.messenger.is_attached


async def test_a_button_carries_its_command(slack: Slack, slack_there: SlackServer) -> None:
    message = Message("x", buttons=(Button("Stop", "/unwatch #7"),))

    await slack.messenger.send(TEAM, message, marker="d1")

    [button] = slack_there.channels["C0TEAM"].messages[0]["blocks"][-1]["elements"]
    assert button["value"] == "/unwatch #7"


async def test_an_edit_changes_the_message_and_leaves_its_marker(
    slack: Slack, slack_there: SlackServer
) -> None:
    ts = await slack.messenger.send(TEAM, HELLO, marker="d1")

    for _ in range(2):
        await slack.messenger.edit(TEAM, CARD, edits=Sent(ts, "d1"), marker="d2")

    [changed] = slack_there.channels["C0TEAM"].messages
    assert changed["text"].startswith("🆕 node:22.16 is out")
    assert changed["blocks"][0]["block_id"] == "d1"


async def test_an_edit_of_what_is_gone_is_refused(slack: Slack) -> None:
    with pytest.raises(Unsendable):
        await slack.messenger.edit(TEAM, CARD, edits=Sent("1.0", "d1"), marker="d2")


async def test_an_edit_can_be_turned_away_as_a_post_can(
    slack: Slack, slack_there: SlackServer
) -> None:
    slack_there.faults.next("chat.update", error("token_revoked"))

    with pytest.raises(ServiceClosed):
        await slack.messenger.edit(TEAM, CARD, edits=Sent("1.0", "d1"), marker="d2")

    assert not slack.messenger.is_attached
