"""What Slack posts to the bot's own server, where Socket Mode is not wanted.

Source: Slack's "Verifying requests from Slack".
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from bot.chat.heard import Heard
from bot.chat.reception import Reception
from bot.chat.slack.decoding import decode_command, decode_event, decode_press, team_of
from bot.core.errors import StoreError
from bot.log import Log

PATH = "/slack"

log = Log(__name__)


class SignedRequests:
    """One address for slash commands, events and buttons; answers 200 once it is kept."""

    def __init__(
        self, signing_secret: str, *, reception: Reception, admits_team: Callable[[str], bool]
    ) -> None:
        self._verifier = SignatureVerifier(signing_secret)
        self._reception = reception
        self._admits_team = admits_team

    def routes(self) -> list[web.RouteDef]:
        """What the bot's server answers for Slack."""
        return [web.post(PATH, self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._is_signed(body, request.headers):
            return web.Response(status=401, text="not signed by Slack")
        payload = _payload(request.content_type, body)
        if payload is None:
            return web.Response(status=400, text="not what Slack sends")
        if payload.get("type") == "url_verification":
            return web.json_response({"challenge": payload.get("challenge")})
        heard = self._heard(payload)
        if heard is not None:
            try:
                await self._reception.receive([heard])
            except StoreError as error:
                log.error("commands_not_received", count=1, error=str(error))
                return web.Response(status=503, text="the database cannot be used")
        return web.Response()

    def _is_signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        timestamp = headers.get("X-Slack-Request-Timestamp", "")
        signature = headers.get("X-Slack-Signature", "")
        try:
            return bool(self._verifier.is_valid(body, timestamp, signature))
        except ValueError:
            # What is no number, or no UTF-8, was not signed by Slack.
            return False

    def _heard(self, payload: Mapping[str, Any]) -> Heard | None:
        if not self._admits_team(team_of(payload)):
            log.warning("stranger_refused", service="slack", team=team_of(payload))
            return None
        event_id = str(payload.get("trigger_id") or payload.get("event_id") or "")
        if "command" in payload:
            return decode_command(payload, event_id)
        if payload.get("type") == "event_callback":
            return decode_event(payload, event_id)
        return decode_press(payload, event_id)


def _payload(content_type: str, body: bytes) -> Mapping[str, Any] | None:
    """A form of a slash command, the JSON in the form of a button, or the JSON of an event."""
    try:
        text = body.decode()
        if content_type != "application/json":
            form = dict(parse_qsl(text, keep_blank_values=True))
            if "payload" not in form:
                return form
            text = form["payload"]
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None
