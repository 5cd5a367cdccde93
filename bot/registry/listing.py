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
from bot.ports.registry import TagList
from bot.registry.conversation import Conversation
from bot.registry.exchange import Answer, Request
from bot.registry.received import etag_of, unexpected

MAX_PAGES = 10
MAX_TAGS = 10_000
MAX_LISTED_PAGES = 50
MAX_LISTED_TAGS = 50_000
"""Of a repository whose new tags are watched for."""
MAX_LINK_CHARACTERS = 2_000
OK, NOT_MODIFIED, NOT_FOUND = 200, 304, 404
_ACCEPT = {"Accept": "application/json"}

_NEXT = re.compile(r'<([!-;=?-~]+)>\s*;\s*rel="?next"?(?:[;,\s]|$)', re.IGNORECASE)


async def list_tags(
    conversation: Conversation,
    request: Request,
    *,
    max_tags: int = MAX_TAGS,
    max_pages: int = MAX_PAGES,
) -> TagList | None:
    """Up to max_tags tags from up to max_pages pages; no tags if there is no such repository.

    None if the request has a condition and the registry says that nothing has changed. A next page
    is asked for only where the first one was. Raises RegistryError.
    """
    tags: dict[str, None] = {}
    etag: str | None = None
    for page in range(max_pages):
        answer = await conversation.ask(request)
        if answer.status == NOT_MODIFIED and "If-None-Match" in request.headers:
            return None
        if answer.status == NOT_FOUND:
            break
        if answer.status != OK:
            raise unexpected(request, answer)
        tags.update(dict.fromkeys(_tags_in(request, answer)))
        following = _next_page(request, answer)
        if following is None:
            # What stands for one page says nothing about the others.
            etag = etag_of(answer) if page == 0 else None
            break
        if len(tags) >= max_tags:
            return TagList(tuple(tags)[:max_tags], whole=False)
        request = replace(request, url=following, headers=_ACCEPT)
    else:
        return TagList(tuple(tags)[:max_tags], whole=False)
    return TagList(tuple(tags)[:max_tags], etag, whole=len(tags) <= max_tags)


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
