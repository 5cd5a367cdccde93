"""The tags of a repository, as far as a reasonable number of answers tells them.

Source: OCI distribution-spec, "Listing Tags"; RFC 8288 for the Link header.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from yarl import URL

from bot.core.errors import MalformedAnswer
from bot.core.reference import is_tag
from bot.net.sessions import same_origin
from bot.registry.conversation import Conversation
from bot.registry.exchange import Answer, Request
from bot.registry.received import unexpected

MAX_PAGES = 10
MAX_TAGS = 10_000
MAX_LINK_CHARACTERS = 2_000
OK, NOT_FOUND = 200, 404

_NEXT = re.compile(r'<([!-;=?-~]+)>\s*;\s*rel="?next"?(?:[;,\s]|$)', re.IGNORECASE)


async def list_tags(conversation: Conversation, request: Request) -> tuple[str, ...]:
    """Up to MAX_TAGS tags from up to MAX_PAGES pages; none if there is no such repository.

    A next page is asked for only where the first one was. Raises RegistryError.
    """
    tags: dict[str, None] = {}
    for _ in range(MAX_PAGES):
        answer = await conversation.ask(request)
        if answer.status == NOT_FOUND:
            break
        if answer.status != OK:
            raise unexpected(request, answer)
        tags.update(dict.fromkeys(_tags_in(request, answer)))
        following = _next_page(request, answer)
        if following is None or len(tags) >= MAX_TAGS:
            break
        request = replace(request, url=following)
    return tuple(tags)[:MAX_TAGS]


def _tags_in(request: Request, answer: Answer) -> Sequence[str]:
    """What can be a tag; some registries say null for none."""
    try:
        listed = json.loads(answer.body)["tags"] or ()
        return [tag for tag in listed if isinstance(tag, str) and is_tag(tag)]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise request.trouble(MalformedAnswer, "a list of tags that is none", status=OK) from None


def _next_page(request: Request, answer: Answer) -> URL | None:
    """Where the list goes on, if that is the same list of the same registry."""
    link = answer.headers.get("Link", "")
    match = _NEXT.search(link) if len(link) <= MAX_LINK_CHARACTERS else None
    if match is None:
        return None
    try:
        url = request.url.join(URL(match[1], encoded=True)).with_fragment(None)
        is_ours = same_origin(url, request.url) and url.raw_path == request.url.raw_path
    except ValueError:
        return None
    return url if is_ours and url.raw_user is None and url != request.url else None
