import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web

from bot.chat.slack.workspace import Slack
from bot.ports.store import Store
from tests.chat.conftest import commands_in
from tests.support.slack_server import TEAM, SlackServer


@pytest.fixture
async def url(slack: Slack) -> AsyncIterator[str]:
    """The bot's own server, as Slack reaches it."""
    app = web.Application()
    app.add_routes(slack.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}/slack"
    await runner.cleanup()


async def test_a_signed_command_is_kept(slack_there: SlackServer, url: str, store: Store) -> None:
    form = slack_there.command_form("/watch", "node:22 arm64", channel="C0TEAM", user="U0ADA")

    assert await slack_there.post_signed(url, form) == 200
    assert await slack_there.post_signed(url, form) == 200

    [command] = await commands_in(store)
    assert command.text == "/watch node:22 arm64"


async def test_a_signed_button_is_kept(slack_there: SlackServer, url: str, store: Store) -> None:
    payload = {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": "U0ADA"},
        "channel": {"id": "C0TEAM"},
        "trigger_id": "t1",
        "actions": [{"action_id": "do:0", "value": "/unwatch #7"}],
    }

    assert await slack_there.post_signed(url, {"payload": json.dumps(payload)}) == 200

    [command] = await commands_in(store)
    assert command.text == "/unwatch #7"


@pytest.mark.parametrize(
    ("timestamp", "secret"),
    [
        pytest.param("abc", "", id="a timestamp of letters"),
        pytest.param("", "", id="no timestamp"),
        pytest.param("1000000000", "", id="an old timestamp"),
        pytest.param(None, "another secret", id="another secret"),
    ],
)
async def test_what_is_not_signed_now_by_slack_is_refused(
    slack_there: SlackServer, url: str, store: Store, timestamp: str | None, secret: str
) -> None:
    form = slack_there.command_form("/watch", "node:22", channel="C0TEAM", user="U0ADA")

    status = await slack_there.post_signed(url, form, timestamp=timestamp, secret=secret)

    assert status == 401
    assert await commands_in(store) == []


async def test_a_body_that_is_no_text_is_refused(url: str) -> None:
    async with (
        ClientSession() as session,
        session.post(
            url,
            data=b"\xff\xfe",
            headers={"X-Slack-Request-Timestamp": "1", "X-Slack-Signature": "v0=\xff"},
        ) as answer,
    ):
        assert answer.status == 401
