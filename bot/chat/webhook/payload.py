"""What is posted, and the headers that say from whom it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.chat.webhook.hooks import Hook, Kind
from bot.core.message.neutral import Message, News
from bot.net.secret import Secret
from bot.net.signing import signature

EVENT_TYPE = "archbell"
"""What a GitHub workflow names under `repository_dispatch: types`."""
MAX_NEWS = 50
"""GitHub refuses more than 65,535 characters of client_payload; nobody gets more than this."""


@dataclass(frozen=True, slots=True)
class Request:
    """A body and the headers that belong to it."""

    body: bytes
    headers: Mapping[str, str]


def request_for(hook: Hook, message: Message, *, marker: str, now: datetime) -> Request:
    """What to post to a hook; marker is the same for every copy of one message."""
    content = {
        "id": marker,
        "text": message.headline,
        "alerts": [_alert(news) for news in message.news[:MAX_NEWS]],
    }
    if hook.kind is Kind.GITHUB:
        return _dispatch(hook, content)
    body = _encoded(content)
    return Request(body, _signed_headers(hook.secret, body, marker=marker, now=now))


def _alert(news: News) -> dict[str, Any]:
    return {
        "event": news.event,
        "image": news.image,
        "platform": news.platform,
        "digest": news.digest,
        "there": list(news.there),
        "missing": list(news.missing),
        "observed_at": news.observed_at.isoformat(),
        "watch": news.watch,
    }


def _dispatch(hook: Hook, content: Mapping[str, Any]) -> Request:
    """Source: GitHub REST API, "Create a repository dispatch event"."""
    body = _encoded({"event_type": EVENT_TYPE, "client_payload": content})
    headers = {
        "Authorization": f"Bearer {hook.secret.reveal()}",
        "Accept": "application/vnd.github+json",
        "Content-Type": "application/json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return Request(body, headers)


def _signed_headers(secret: Secret, body: bytes, *, marker: str, now: datetime) -> dict[str, str]:
    timestamp = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "webhook-id": marker,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(secret, body, marker=marker, timestamp=timestamp),
    }


def _encoded(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
