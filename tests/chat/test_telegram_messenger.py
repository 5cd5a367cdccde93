from datetime import timedelta

import httpx
import pytest
from telegram.error import NetworkError, RetryAfter, TelegramError, TimedOut

from bot.chat.standing import Standing
from bot.chat.surroundings import Surroundings
from bot.chat.telegram.account import Telegram, TelegramSettings, connected, open_telegram
from bot.chat.telegram.errors import meaning_of, wait_s
from bot.chat.telegram.messenger import TelegramMessenger
from bot.core.errors import (
    NotSent,
    PlaceClosed,
    PlaceMoved,
    Postponed,
    SendError,
    SendUncertain,
    ServiceClosed,
    Unsendable,
)
from bot.core.message.neutral import Button, Message
from bot.core.model import Place
from bot.ports.chat import Sent
from tests.chat.conftest import GROUP
from tests.support.chat_faults import (
    CUT_AFTER,
    CUT_BEFORE,
    STALL_AFTER,
    STALL_BEFORE,
    Fault,
    refusal,
)
from tests.support.telegram_server import TelegramServer

CHAT = Place("telegram", str(GROUP))
TOPIC = Place("telegram", str(GROUP), "7")
CARD = Message("🆕 node:22.16 is out")
HELLO = Message("✅ arm64 <is> there", ("To stop: /list",), mentions=("7", "8"))


def error(code: int, description: str) -> Fault:
    body = b'{"ok": false, "error_code": %d, "description": "%s"}' % (code, description.encode())
    return refusal(code, body, Content_Type="application/json")


async def test_a_message_is_posted_as_html_with_names(
    telegram: Telegram, telegram_there: TelegramServer
) -> None:
    telegram_there.names[7] = "Ada <3"

    number = await telegram.messenger.send(TOPIC, HELLO, marker="d1")

    [posted] = telegram_there.chats[GROUP].messages
    assert str(posted["message_id"]) == number
    assert posted["parse_mode"] == "HTML"
    assert posted["message_thread_id"] == 7
    assert posted["text"].splitlines() == [
        "<b>✅ arm64 &lt;is&gt; there</b>",
        "To stop: /list",
        '<a href="tg://user?id=7">Ada &lt;3</a> <a href="tg://user?id=8">👤</a>',
    ]


async def test_once_the_bot_knows_its_name_commands_carry_it(
    telegram: Telegram, telegram_there: TelegramServer
) -> None:
    await telegram.check()

    await telegram.messenger.send(CHAT, HELLO, marker="d1")

    assert "To stop: /list@archbell_bot" in telegram_there.chats[GROUP].texts[0]


async def test_a_button_carries_its_command(
    telegram: Telegram, telegram_there: TelegramServer
) -> None:
    message = Message("x", buttons=(Button("Stop", "/unwatch #7"),))

    await telegram.messenger.send(CHAT, message, marker="d1")

    [[button]] = telegram_there.chats[GROUP].messages[0]["reply_markup"]["inline_keyboard"]
    assert button == {"text": "Stop", "callback_data": "/unwatch #7"}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param(
            refusal(
                429,
                b'{"ok":false,"error_code":429,"description":"Too Many Requests",'
                b'"parameters":{"retry_after":7}}',
                Content_Type="application/json",
            ),
            Postponed,
            id="429",
        ),
        pytest.param(error(403, "Forbidden: bot was blocked by the user"), PlaceClosed, id="403"),
        pytest.param(error(400, "Bad Request: chat not found"), PlaceClosed, id="no chat"),
        pytest.param(
            error(400, "Bad Request: not enough rights to send text messages to the chat"),
            PlaceClosed,
            id="no rights",
        ),
        pytest.param(error(400, "Bad Request: TOPIC_CLOSED"), PlaceClosed, id="topic closed"),
        pytest.param(error(400, "Bad Request: BUTTON_DATA_INVALID"), Unsendable, id="400"),
        pytest.param(error(401, "Unauthorized"), ServiceClosed, id="401"),
        pytest.param(error(404, "Not Found"), ServiceClosed, id="404"),
        pytest.param(error(409, "Conflict: terminated by other"), NotSent, id="409"),
        pytest.param(error(500, "Internal Server Error"), SendUncertain, id="500"),
        pytest.param(refusal(502, b"<html>", Content_Type="text/html"), SendUncertain, id="502"),
        pytest.param(error(504, "Gateway Timeout"), SendUncertain, id="504"),
        pytest.param(CUT_BEFORE, SendUncertain, id="cut before"),
        pytest.param(CUT_AFTER, SendUncertain, id="cut after"),
    ],
)
async def test_an_error_means(
    telegram: Telegram, telegram_there: TelegramServer, fault: Fault, kind: type[SendError]
) -> None:
    telegram_there.faults.next("sendMessage", fault)

    with pytest.raises(kind) as raised:
        await telegram.messenger.send(CHAT, Message("x"), marker="d1")

    assert telegram_there.token not in str(raised.value)


async def test_retry_after_is_obeyed(telegram: Telegram, telegram_there: TelegramServer) -> None:
    body = (
        b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7",'
        b'"parameters":{"retry_after":7}}'
    )
    telegram_there.faults.next("sendMessage", refusal(429, body, Content_Type="application/json"))

    with pytest.raises(Postponed) as postponed:
        await telegram.messenger.send(CHAT, Message("x"), marker="d1")

    assert postponed.value.retry_after_s == 7


@pytest.mark.parametrize(
    ("fault", "copies"),
    [pytest.param(STALL_BEFORE, 0, id="before"), pytest.param(STALL_AFTER, 1, id="after")],
)
async def test_an_answer_that_does_not_come_is_given_up_and_nobody_knows(
    telegram_there: TelegramServer, around: Surroundings, fault: Fault, copies: int
) -> None:
    settings = TelegramSettings(telegram_there.token, telegram_there.api_url, frozenset({GROUP}))
    telegram_there.faults.next("sendMessage", fault)

    async with connected(settings, answer_s=0.5) as bot:
        messenger = TelegramMessenger(
            bot,
            Standing("telegram", ring=lambda: None),
            clock=around.clock,
            sleep=around.sleep,
            spell=lambda verb: f"/{verb}",
        )
        with pytest.raises(SendUncertain):
            await messenger.send(CHAT, Message("x"), marker="d1")

    assert len(telegram_there.chats[GROUP].messages) == copies


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        pytest.param(httpx.ConnectError("refused"), NotSent, id="refused"),
        pytest.param(httpx.ConnectTimeout("slow"), NotSent, id="time-out while connecting"),
        pytest.param(httpx.PoolTimeout("busy"), NotSent, id="no connection free"),
        pytest.param(httpx.ReadTimeout("slow"), SendUncertain, id="time-out while reading"),
        pytest.param(httpx.RemoteProtocolError("cut"), SendUncertain, id="cut"),
        pytest.param(None, SendUncertain, id="unknown"),
    ],
)
@pytest.mark.parametrize("error", [NetworkError("x"), TimedOut()], ids=["network", "timed out"])
def test_what_failed_before_anything_left_is_told_from_what_may_have_arrived(
    error: TelegramError, cause: Exception | None, kind: type[SendError]
) -> None:
    error.__cause__ = cause

    assert type(meaning_of(error)) is kind


@pytest.mark.parametrize("after", [7, timedelta(seconds=7)], ids=["a number", "a span"])
def test_how_long_to_wait_is_a_number_or_a_span(after: int | timedelta) -> None:
    assert wait_s(RetryAfter(after)) == 7


async def test_nobody_listening_means_nothing_was_sent(around: Surroundings) -> None:
    settings = TelegramSettings("1:canary", "http://127.0.0.1:9/bot", frozenset({GROUP}))

    async with open_telegram(settings, around) as nowhere:
        with pytest.raises(NotSent):
            await nowhere.messenger.send(CHAT, Message("x"), marker="d1")


async def test_a_group_that_has_become_a_supergroup_is_followed(
    telegram: Telegram, telegram_there: TelegramServer
) -> None:
    telegram_there.chats[GROUP].moved_to = -100555

    with pytest.raises(PlaceMoved) as moved:
        await telegram.messenger.send(CHAT, Message("x"), marker="d1")

    assert moved.value.conversation == "-100555"


async def test_when_the_topic_is_gone_the_main_chat_is_told(
    telegram: Telegram, telegram_there: TelegramServer
) -> None:
    await telegram.messenger.send(Place("telegram", str(GROUP), "99"), Message("x"), marker="d1")

    [posted] = telegram_there.chats[GROUP].messages
    assert "message_thread_id" not in posted
    assert "the topic is gone" in posted["text"]


async def test_what_telegram_finds_misshapen_goes_as_text(
    telegram: Telegram, telegram_there: TelegramServer
) -> None:
    telegram_there.faults.next("sendMessage", error(400, "Bad Request: can't parse entities: x"))

    await telegram.messenger.send(CHAT, Message("a < b"), marker="d1")

    [posted] = telegram_there.chats[GROUP].messages
    assert posted["text"] == "a < b"
    assert posted["parse_mode"] is None


async def test_a_revoked_token_closes_the_chat(
    telegram: Telegram, telegram_there: TelegramServer
) -> None:
    telegram_there.revoked = True

    with pytest.raises(ServiceClosed):
        await telegram.messenger.send(CHAT, Message("x"), marker="d1")

    assert not telegram.messenger.is_attached


async def test_an_edit_changes_the_message_and_the_same_again_is_done(
    telegram: Telegram, telegram_there: TelegramServer
) -> None:
    number = await telegram.messenger.send(CHAT, HELLO, marker="d1")

    for _ in range(2):
        await telegram.messenger.edit(CHAT, CARD, edits=Sent(number, "d1"), marker="d2")

    [changed] = telegram_there.chats[GROUP].messages
    assert changed["text"] == "<b>🆕 node:22.16 is out</b>"


async def test_an_edit_of_what_is_gone_is_refused(telegram: Telegram) -> None:
    with pytest.raises(Unsendable):
        await telegram.messenger.edit(CHAT, CARD, edits=Sent("99", "d1"), marker="d2")


async def test_an_edit_can_be_turned_away_as_a_post_can(
    telegram: Telegram, telegram_there: TelegramServer
) -> None:
    telegram_there.faults.next("editMessageText", error(401, "Unauthorized"))

    with pytest.raises(ServiceClosed):
        await telegram.messenger.edit(CHAT, CARD, edits=Sent("99", "d1"), marker="d2")

    assert not telegram.messenger.is_attached
