"""What posts to the bot, and what the bot posts to, in words."""

from functools import partial
from typing import TYPE_CHECKING

from bot.app.doctor.chats import Examination
from bot.app.doctor.finding import Finding, fault, warning, well
from bot.app.tokens import webhooks_of
from bot.app.wiring import proxy_of
from bot.app.world import program_version
from bot.config import Settings

if TYPE_CHECKING:
    from bot.chat.webhook.hooks import Hook

HOOKS = "hooks"
TAKES_POSTS = 405
"""What the bot's own server answers to whoever asks where one posts."""

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - asked, not served
_REACH = "see that this machine can reach it (firewall, [network] proxy) and that url is right"


def post_examinations(settings: Settings) -> dict[str, Examination]:
    """What to examine, by subject; nothing for what is not configured."""
    found: dict[str, Examination] = {}
    if settings.hook:
        found[HOOKS] = lambda: _examine_hooks(settings)
    for hook in webhooks_of(settings):
        found[f"webhook:{hook.name}"] = partial(_examine_webhook, hook, settings)
    return found


def late_post_finding(subject: str, *, seconds: float) -> Finding:
    """What to tell of one that took too long."""
    return fault(subject, f"no answer within {seconds:g} s", _REACH)


async def _examine_webhook(hook: "Hook", settings: Settings) -> list[Finding]:
    from bot.chat.webhook.examining import trouble_reaching

    subject = f"webhook:{hook.name}"
    why = await trouble_reaching(
        hook, user_agent=f"archbell/{program_version()}", proxy=proxy_of(settings)
    )
    if why:
        return [fault(subject, why, _REACH)]
    return [well(subject, "can be reached; nothing was posted there, so nobody tried its secret")]


async def _examine_hooks(settings: Settings) -> list[Finding]:
    speakers = [
        f"{block.speaks_for or 'any registry'} at /hooks/{block.name}" for block in settings.hook
    ]
    told = well(HOOKS, f"posts are taken from {', '.join(speakers)}")
    return [told, await _server_finding(settings)]


async def _server_finding(settings: Settings) -> Finding:
    server = settings.server
    if server.port == 0:
        return warning(
            HOOKS,
            "the bot's server takes any free port, which no registry can know",
            "set [server] port",
        )
    address = f"{server.host}:{server.port}"
    status = await _answer_of(settings)
    if status is None:
        return well(HOOKS, f"nothing listens on {address}: `archbell run` will")
    if status == TAKES_POSTS:
        return well(HOOKS, f"the bot listens on {address} and takes posts")
    return fault(
        HOOKS,
        f"what listens on {address} takes no posts for hooks",
        "if it is the bot, start it anew: hooks are read when it starts; if it is another program, "
        "set another [server] port",
    )


async def _answer_of(settings: Settings) -> int | None:
    """The status that a question without any secret has; None if nothing listens, 0 if no HTTP."""
    from aiohttp import ClientConnectorError, ClientError

    from bot.net.sessions import Timeouts, Way, open_session

    host = _EVERYWHERE.get(settings.server.host, settings.server.host)
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{settings.server.port}/hooks/{settings.hook[0].name}"
    way = Way(guarded=False)
    async with open_session(way, user_agent="archbell/doctor", timeouts=Timeouts()) as session:
        try:
            async with session.get(url, allow_redirects=False) as answer:
                return answer.status
        except ClientConnectorError:
            return None
        except (ClientError, OSError):
            return 0
