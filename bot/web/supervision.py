"""What supervisors ask: whether the bot lives, whether it can work, and its figures."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from bot.core.errors import StoreError

HEALTH, READINESS, METRICS = "/healthz", "/readyz", "/metrics"
_FRESH = {"Cache-Control": "no-store"}


class Supervision:
    """Three addresses that change nothing and tell no secret.

    troubles: a sentence for each thing that keeps the bot from its work. exposition: the figures in
    prometheus' text format, of that content type; raises StoreError.
    """

    def __init__(
        self,
        *,
        troubles: Callable[[], Awaitable[Sequence[str]]],
        exposition: Callable[[], Awaitable[bytes]],
        content_type: str,
    ) -> None:
        self._troubles = troubles
        self._exposition = exposition
        self._content_type = content_type

    def routes(self) -> list[web.RouteDef]:
        """What the bot's server answers for supervisors."""
        return [
            web.get(HEALTH, self._health),
            web.get(READINESS, self._readiness),
            web.get(METRICS, self._metrics),
        ]

    async def _health(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """That it answers is all there is to say."""
        return web.json_response({"alive": True}, headers=_FRESH)

    async def _readiness(self, request: web.Request) -> web.Response:  # noqa: ARG002
        troubles = await self._troubles()
        return web.json_response(
            {"ready": not troubles, "troubles": list(troubles)},
            status=503 if troubles else 200,
            headers=_FRESH,
        )

    async def _metrics(self, request: web.Request) -> web.Response:  # noqa: ARG002
        try:
            body = await self._exposition()
        except StoreError as error:
            return web.Response(status=503, text=str(error), headers=_FRESH)
        return web.Response(body=body, headers={**_FRESH, "Content-Type": self._content_type})
