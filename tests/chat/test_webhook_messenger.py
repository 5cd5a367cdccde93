import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from bot.chat.webhook.hooks import Hook, Kind
from bot.chat.webhook.messenger import SERVICE, Webhooks, open_webhooks
from bot.core.errors import (
    NotSent,
    PlaceClosed,
    Postponed,
    SendError,
    SendUncertain,
    Unsendable,
)
from bot.core.message.neutral import Message, News
from bot.core.model import Place
from bot.net.secret import Secret
from bot.ports.chat import Sent
from tests.support.authority import Authority
from tests.support.canaries import canary
from tests.support.listening import listener
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import scripted_registry
from tests.support.webhook_receiver import WebhookReceiver, webhook_receiver

NIGHTLY = Place(SERVICE, "nightly")
RAW = canary("hook").encode()
SECRET = f"whsec_{base64.b64encode(RAW).decode()}"
SEEN_AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
ARRIVED = Message(
    "✅ linux/arm64 is there: node:22",
    news=(
        News(
            event="appeared",
            image="node:22",
            platform="linux/arm64",
            digest="sha256:1",
            there=("amd64", "arm64"),
            missing=(),
            observed_at=SEEN_AT,
            watch=7,
        ),
    ),
)


def present() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with webhook_receiver() as there:
        yield there


def hook_at(url: str) -> Hook:
    return Hook("nightly", f"{url}/in", Secret(SECRET), allow_private=True)


@pytest.fixture
async def webhooks(receiver: WebhookReceiver) -> AsyncIterator[Webhooks]:
    async with open_webhooks(
        [hook_at(receiver.url)], user_agent="archbell/test", clock=present
    ) as there:
        yield there


async def test_an_alert_arrives_as_json_whose_signature_others_can_verify(
    webhooks: Webhooks, receiver: WebhookReceiver
) -> None:
    given = await webhooks.send(NIGHTLY, ARRIVED, marker="d1")

    [posted] = receiver.posted
    verified = Webhook(SECRET).verify(posted.body, dict(posted.headers))
    assert given == "d1"
    assert posted.path == "/in"
    assert posted.headers["webhook-id"] == "d1"
    assert verified == {
        "id": "d1",
        "text": "✅ linux/arm64 is there: node:22",
        "alerts": [
            {
                "event": "appeared",
                "image": "node:22",
                "platform": "linux/arm64",
                "digest": "sha256:1",
                "there": ["amd64", "arm64"],
                "missing": [],
                "observed_at": "2026-11-24T12:00:00+00:00",
                "watch": 7,
            }
        ],
    }


async def test_a_secret_of_any_other_form_signs_as_it_is(receiver: WebhookReceiver) -> None:
    plain = replace(hook_at(receiver.url), secret=Secret(canary("plain")))
    async with open_webhooks([plain], user_agent="archbell/test", clock=present) as webhooks:
        await webhooks.send(NIGHTLY, ARRIVED, marker="d1")

    [posted] = receiver.posted
    as_others_write_it = base64.b64encode(canary("plain").encode()).decode()
    Webhook(as_others_write_it).verify(posted.body, dict(posted.headers))


async def test_github_gets_a_repository_dispatch(receiver: WebhookReceiver) -> None:
    github = replace(hook_at(receiver.url), kind=Kind.GITHUB, secret=Secret(canary("token")))
    async with open_webhooks([github], user_agent="archbell/test", clock=present) as webhooks:
        await webhooks.send(NIGHTLY, ARRIVED, marker="d1")

    [posted] = receiver.posted
    assert posted.headers["Authorization"] == f"Bearer {canary('token')}"
    assert posted.headers["User-Agent"] == "archbell/test"
    assert posted.content["event_type"] == "archbell"
    assert posted.content["client_payload"]["alerts"][0]["image"] == "node:22"
    assert "webhook-signature" not in posted.headers


async def test_a_pile_of_alerts_is_cut(webhooks: Webhooks, receiver: WebhookReceiver) -> None:
    await webhooks.send(NIGHTLY, replace(ARRIVED, news=ARRIVED.news * 80), marker="d1")

    assert len(receiver.posted[0].content["alerts"]) == 50


@pytest.mark.parametrize(
    ("answer", "raised", "told"),
    [
        pytest.param(Answer(429), Postponed, "asks to wait", id="too many"),
        pytest.param(Answer(400), Unsendable, "HTTP 400", id="bad request"),
        pytest.param(Answer(413), Unsendable, "HTTP 413", id="too large"),
        pytest.param(Answer(401), PlaceClosed, "check its url and secret", id="unauthorised"),
        pytest.param(Answer(404), PlaceClosed, "check its url and secret", id="not found"),
        pytest.param(Answer(410), PlaceClosed, "check its url and secret", id="gone"),
        pytest.param(
            Answer(307, headers={"Location": "/elsewhere"}),
            PlaceClosed,
            "write that address instead",
            id="redirect",
        ),
        pytest.param(Answer(408), SendUncertain, "HTTP 408", id="request time-out"),
        pytest.param(Answer(503), SendUncertain, "HTTP 503", id="server error"),
        pytest.param(Answer(garbage=b"no HTTP"), SendUncertain, "no clear answer", id="garbage"),
        pytest.param(Answer(garbage=b""), SendUncertain, "no clear answer", id="cut"),
    ],
)
async def test_each_answer_has_its_meaning(
    webhooks: Webhooks,
    receiver: WebhookReceiver,
    answer: Answer,
    raised: type[SendError],
    told: str,
) -> None:
    receiver.answers.append(answer)

    with pytest.raises(raised, match=told) as caught:
        await webhooks.send(NIGHTLY, ARRIVED, marker="d1")

    assert len(receiver.posted) == 1
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"Retry-After": "120"}, 120, id="said"),
        pytest.param({}, 30, id="not said"),
        pytest.param({"Retry-After": "soon"}, 30, id="nonsense"),
    ],
)
async def test_a_receiver_that_asks_to_wait_is_obeyed(
    webhooks: Webhooks, receiver: WebhookReceiver, headers: dict[str, str], seconds: float
) -> None:
    receiver.answers.append(Answer(429, headers=headers))

    with pytest.raises(Postponed) as caught:
        await webhooks.send(NIGHTLY, ARRIVED, marker="d1")

    assert caught.value.retry_after_s == seconds


async def test_nothing_listens_there(receiver: WebhookReceiver) -> None:
    nowhere = hook_at("http://127.0.0.1:9")
    async with open_webhooks([nowhere], user_agent="archbell/test", clock=present) as webhooks:
        with pytest.raises(NotSent, match="cannot be reached"):
            await webhooks.send(NIGHTLY, ARRIVED, marker="d1")


async def test_a_private_address_is_refused_without_a_connection() -> None:
    async with listener() as noticed:
        guarded = replace(hook_at(f"https://127.0.0.1:{noticed.port}"), allow_private=False)
        async with open_webhooks([guarded], user_agent="archbell/test", clock=present) as webhooks:
            with pytest.raises(PlaceClosed, match="allow_private"):
                await webhooks.send(NIGHTLY, ARRIVED, marker="d1")

    assert noticed.connections == 0


async def test_a_hook_that_is_not_configured_any_more_closes_its_place(webhooks: Webhooks) -> None:
    with pytest.raises(PlaceClosed, match=r"no \[\[webhook\]\] .* named gone"):
        await webhooks.send(Place(SERVICE, "gone"), ARRIVED, marker="d1")


async def test_nothing_is_looked_up_and_nobody_is_told_instead(webhooks: Webhooks) -> None:
    assert webhooks.is_attached
    assert not webhooks.can_find(NIGHTLY)
    assert await webhooks.find(NIGHTLY, marker="d1", since=SEEN_AT) is None
    assert webhooks.direct_place("U1") is None


async def test_an_edit_is_a_message_of_its_own(
    webhooks: Webhooks, receiver: WebhookReceiver
) -> None:
    await webhooks.send(NIGHTLY, ARRIVED, marker="d1")
    await webhooks.edit(NIGHTLY, ARRIVED, edits=Sent("d1", "d1"), marker="d2")

    assert [request.headers["webhook-id"] for request in receiver.posted] == ["d1", "d2"]


async def test_a_certificate_that_is_not_trusted_is_told_as_such(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with scripted_registry(ssl=authority.context) as served:
        hook = Hook("nightly", served.url, Secret(SECRET), allow_private=True)
        async with open_webhooks([hook], user_agent="archbell/test", clock=present) as webhooks:
            with pytest.raises(NotSent, match="certificate is not trusted"):
                await webhooks.send(NIGHTLY, ARRIVED, marker="m1")


async def test_an_address_that_speaks_no_tls_is_told_as_such(receiver: WebhookReceiver) -> None:
    url = receiver.url.replace("http:", "https:")
    hook = Hook("nightly", url, Secret(SECRET), allow_private=True)

    async with open_webhooks([hook], user_agent="archbell/test", clock=present) as webhooks:
        with pytest.raises(NotSent, match="does not speak TLS"):
            await webhooks.send(NIGHTLY, ARRIVED, marker="m1")
