"""Whether a hook can be reached, for whoever sets it up; nothing is posted to it."""

from bot.chat.webhook.hooks import Hook
from bot.chat.webhook.messenger import translated, way_to
from bot.core.errors import SendError
from bot.net.sessions import Timeouts, open_session


async def trouble_reaching(hook: Hook, *, user_agent: str, proxy: str | None) -> str:
    """Why it cannot be reached, empty if it can: whatever it answers to a HEAD, it is there.

    Raises ConfigurationError for a bad ca_file.
    """
    way = way_to(hook, proxy)
    async with open_session(way, user_agent=user_agent, timeouts=Timeouts()) as session:
        try:
            with translated():
                async with session.head(hook.url, allow_redirects=False):
                    return ""
        except SendError as error:
            return str(error)
