import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from bot.chat.surroundings import Surroundings
from bot.chat.telegram.account import Telegram, TelegramSettings, open_telegram
from bot.chat.telegram.receiving import webhook_secret
from bot.core.errors import ChatRefused
from bot.core.message.neutral import Message
from bot.core.model import Place
from bot.ports.store import Store
from tests.chat.conftest import GROUP, all_commands_in, commands_in, running
from tests.support.chat_faults import CUT_AFTER, CUT_BEFORE, Fault, refusal
from tests.support.telegram_server import BOT_NAME, TelegramServer

ADA = 7


def error(code: int) -> Fault:
    body = b'{"ok": false, "error_code": %d, "description": "no"}' % code
    return refusal(code, body, Content_Type="application/json")


TOO_MANY = refusal(
    429,
    b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7",'
    b'"parameters":{"retry_after":7}}',
    Content_Type="application/json",
)


async def deliverable(store: Store, now: datetime) -> list[Place]:
    """Where something may go out to now; it is leased."""
    async with store.transaction() as transaction:
        claimed = await transaction.outbox.claim(
            services=frozenset({"telegram"}), now=now, lease_s=60, group_within_s=0, limit=10
        )
    return [delivery.place for delivery in claimed]


async def received(telegram: Telegram, there: TelegramServer) -> None:
    """Listen until the server has been told that everything was received."""
    async with running(telegram.listen()), asyncio.timeout(30):
        await there.until(lambda: there.unconfirmed == 0)


async def test_a_command_is_kept_before_it_is_confirmed(
    telegram: Telegram, telegram_there: TelegramServer, store: Store
) -> None:
    await telegram_there.say("/watch node:22 arm64", chat=GROUP, user=ADA, thread=7)

    await received(telegram, telegram_there)

    [command] = await commands_in(store)
    assert command.text == "/watch node:22 arm64"
    assert command.place == Place("telegram", str(GROUP), "7")
    assert command.person == "7"


@pytest.mark.parametrize(
    ("text", "is_heard"),
    [
        pytest.param("/watch node:22", True, id="command"),
        pytest.param(f"/watch@{BOT_NAME} node:22", True, id="command with our name"),
        pytest.param(f"/WATCH@{BOT_NAME.upper()} node:22", True, id="shouted"),
        pytest.param("/watch@another_bot node:22", False, id="command for another bot"),
        pytest.param("/poll", False, id="a command of another bot"),
        pytest.param(f"@{BOT_NAME} watch node:22", True, id="mention"),
        pytest.param("I like node:22", False, id="talk"),
    ],
)
async def test_in_a_group_only_what_is_said_to_the_bot_is_heard(
    telegram: Telegram, telegram_there: TelegramServer, store: Store, text: str, is_heard: bool
) -> None:
    await telegram.check()
    await telegram_there.say(text, chat=GROUP, user=ADA)

    await received(telegram, telegram_there)

    assert bool(await commands_in(store)) is is_heard


async def test_an_answer_to_the_bots_question_is_heard(
    telegram: Telegram, telegram_there: TelegramServer, store: Store
) -> None:
    await telegram.check()
    question = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": GROUP, "type": "supergroup"},
        "from": {"id": 42, "is_bot": True, "first_name": "Archbell", "username": BOT_NAME},
        "text": "Which image?",
    }
    await telegram_there.say("node:22 arm64", chat=GROUP, user=ADA, reply_to_message=question)

    await received(telegram, telegram_there)

    assert [command.text for command in await commands_in(store)] == ["node:22 arm64"]


async def test_a_button_is_a_command_even_when_its_press_is_too_old_to_answer(
    telegram: Telegram, telegram_there: TelegramServer, store: Store
) -> None:
    message = {
        "message_id": 5,
        "date": 1,
        "chat": {"id": GROUP, "type": "supergroup"},
        "text": "x",
        "message_thread_id": 7,
        "is_topic_message": True,
        "reply_markup": {"inline_keyboard": [[{"text": "Stop", "callback_data": "/unwatch #7"}]]},
    }
    update = await telegram_there.press(message, "Stop", user=ADA)
    telegram_there.stale_presses.add(update["callback_query"]["id"])

    await received(telegram, telegram_there)

    [command] = await commands_in(store)
    assert (command.text, str(command.place)) == ("/unwatch #7", f"telegram:{GROUP}:7")


async def test_a_restart_goes_on_where_it_was(
    telegram_there: TelegramServer, around: Surroundings, store: Store
) -> None:
    settings = TelegramSettings(telegram_there.token, telegram_there.api_url, frozenset({GROUP}))
    for number in range(2):
        await telegram_there.say(f"/watch node:{number}", chat=GROUP, user=ADA)
        async with open_telegram(settings, around) as telegram:
            await received(telegram, telegram_there)

    assert len(await all_commands_in(store)) == 2
    offsets = [
        asked.get("offset") for name, asked in telegram_there.requests if name == "getUpdates"
    ]
    assert offsets[0] is None
    assert all(offset is not None for offset in offsets[1:])


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([error(404)], id="one 404"),
        pytest.param([error(401)], id="one 401"),
        pytest.param([error(502)] * 3, id="three 502"),
        pytest.param([error(409)] * 2, id="two 409"),
        pytest.param([TOO_MANY], id="a 429"),
        pytest.param([CUT_AFTER], id="a lost answer"),
        pytest.param([CUT_BEFORE], id="a cut connection"),
        pytest.param([refusal(200, b"{", Content_Type="application/json")], id="half an answer"),
    ],
)
async def test_a_hiccup_loses_no_command_and_does_none_twice(
    telegram: Telegram, telegram_there: TelegramServer, store: Store, faults: list[Fault]
) -> None:
    telegram_there.faults.next("getUpdates", *faults)
    await telegram_there.say("/watch node:22", chat=GROUP, user=ADA)

    await received(telegram, telegram_there)

    assert len(await all_commands_in(store)) == 1
    assert telegram.messenger.is_attached


async def test_an_update_that_comes_twice_is_one_command(
    telegram: Telegram, telegram_there: TelegramServer, store: Store
) -> None:
    update = await telegram_there.say("/watch node:22", chat=GROUP, user=ADA)
    await telegram_there.repeat(update)

    await received(telegram, telegram_there)

    assert len(await all_commands_in(store)) == 1


async def test_a_revoked_token_pauses_the_chat_until_it_works_again(
    telegram: Telegram, telegram_there: TelegramServer
) -> None:
    async with running(telegram.listen()), asyncio.timeout(30):
        await telegram_there.until(lambda: telegram_there.commands)
        telegram_there.revoked = True
        await telegram_there.say("/help", chat=GROUP, user=ADA)
        await telegram_there.until(lambda: not telegram.messenger.is_attached)
        telegram_there.revoked = False
        await telegram_there.until(lambda: telegram.messenger.is_attached)


async def test_a_wrong_token_is_one_sentence_at_the_start(
    telegram: Telegram, telegram_there: TelegramServer
) -> None:
    telegram_there.revoked = True

    with pytest.raises(ChatRefused, match="token is wrong") as refused:
        await telegram.check()

    assert telegram_there.token not in str(refused.value)


async def test_an_outage_at_the_start_is_waited_out(
    telegram: Telegram, telegram_there: TelegramServer, store: Store
) -> None:
    telegram_there.faults.next("getMe", error(502))
    telegram_there.faults.next("setMyCommands", error(502))
    await telegram.check()
    await telegram_there.say("/watch node:22", chat=GROUP, user=ADA)

    await received(telegram, telegram_there)

    assert len(await all_commands_in(store)) == 1
    assert {command["command"] for command in telegram_there.commands} >= {"watch", "list", "help"}


async def test_a_group_that_becomes_a_supergroup_takes_its_place_along(
    telegram: Telegram, telegram_there: TelegramServer, store: Store
) -> None:
    await telegram_there.say("/watch node:22", chat=GROUP, user=ADA)
    await received(telegram, telegram_there)

    await telegram_there.migrates(GROUP, to=-100999)
    await received(telegram, telegram_there)

    [command] = await commands_in(store)
    assert command.place == Place("telegram", "-100999")


async def test_a_chat_that_takes_the_bot_back_is_posted_to_again(
    telegram: Telegram, telegram_there: TelegramServer, store: Store
) -> None:
    place, now = Place("telegram", str(GROUP)), datetime.now(UTC)
    async with store.transaction() as transaction:
        await transaction.outbox.post(place, Message("kept"), now=now)
        await transaction.outbox.park(place, reason="kicked", until=now + timedelta(hours=1))

    await telegram_there.member_changes(chat=GROUP, user=ADA, status="kicked")
    await received(telegram, telegram_there)
    while_kicked = await deliverable(store, now)
    await telegram_there.member_changes(chat=GROUP, user=ADA, status="member")
    await received(telegram, telegram_there)

    assert while_kicked == []
    assert await deliverable(store, now) == [place]


async def test_chats_that_are_not_listed_are_told_their_id(
    telegram: Telegram, telegram_there: TelegramServer, store: Store
) -> None:
    telegram_there.add_chat(-555)
    await telegram_there.say("/watch node:22", chat=-555, user=ADA)

    await received(telegram, telegram_there)

    assert await commands_in(store) == []
    async with store.reading() as transaction:
        [entry] = await transaction.outbox.entries(limit=10, include_sent=False)
    assert str(entry.place) == "telegram:-555"


@pytest.fixture
async def hooked(
    telegram_there: TelegramServer, around: Surroundings
) -> AsyncIterator[tuple[str, Telegram]]:
    """The bot's own server, as Telegram reaches it."""
    settings = TelegramSettings(
        telegram_there.token,
        telegram_there.api_url,
        frozenset({GROUP}),
        webhook_url="https://bot.example/archbell/",
    )
    async with open_telegram(settings, around) as telegram:
        await telegram.check()
        app = web.Application()
        app.add_routes(telegram.routes())
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/telegram", telegram
        await runner.cleanup()


async def test_a_webhook_keeps_what_carries_its_secret(
    hooked: tuple[str, Telegram], telegram_there: TelegramServer, store: Store
) -> None:
    url, _ = hooked
    message = telegram_there.message("/watch node:22", chat=GROUP, user=ADA)
    update = telegram_there.new_update(message=message)
    secret = webhook_secret(telegram_there.token)

    statuses = [
        await telegram_there.post_webhook(url, update, secret=given)
        for given in (None, "wrong", secret, secret)
    ]

    assert statuses == [401, 401, 200, 200]
    assert len(await all_commands_in(store)) == 1


async def test_a_webhook_is_announced_with_its_secret(
    hooked: tuple[str, Telegram], telegram_there: TelegramServer
) -> None:
    _, telegram = hooked

    async with running(telegram.listen()), asyncio.timeout(30):
        await telegram_there.until(lambda: telegram_there.webhook)

    assert telegram_there.webhook["url"] == "https://bot.example/archbell/telegram"
    assert telegram_there.webhook["secret_token"] == webhook_secret(telegram_there.token)
