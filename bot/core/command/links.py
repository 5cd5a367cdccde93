"""Addresses of registries' web pages, turned into the images they are about."""

import re
from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, unquote

from bot.core.reference import is_tag

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,20})://", re.IGNORECASE)
_WEB = frozenset({"http", "https"})
_LOCALE = re.compile(r"[a-z]{2}-[a-z]{2}", re.IGNORECASE)

Query = dict[str, str]
Page = Callable[[Sequence[str], Query], str | None]


def is_link(word: str) -> bool:
    """Whether a word is an address rather than a reference: it has a scheme, or is of a page."""
    return _SCHEME.match(word) is not None or _page_of(word) is not None


def image_in_link(link: str) -> str | None:
    """The image a link is about, as text to be parsed; None if the page is not about one image.

    An address that is no known page is taken for a reference with a scheme in front.
    """
    scheme = _SCHEME.match(link)
    bare = _SCHEME.sub("", link, count=1)
    address, _, query_text = bare.partition("#")[0].partition("?")
    query = dict(parse_qsl(query_text))
    host, _, path = address.partition("/")
    page = _page_of(bare)
    segments = [segment for segment in unquote(path).split("/") if segment]
    if page is not None:
        return page(segments, query)
    if not segments and scheme is not None and scheme[1].lower() in _WEB:
        return None
    return _from_registry_api(host, segments) or address.rstrip("/") or None


def _page_of(word: str) -> Page | None:
    bare = _SCHEME.sub("", word, count=1)
    host, _, path = bare.partition("/")
    page = _PAGES.get(host.lower().removeprefix("www."))
    if page is _quay_page and not path.startswith("repository/"):
        return None
    if page is _microsoft_page and not _MICROSOFT_PAGE_PATH.match(path):
        return None
    return page


def _tagged(name: str, tag: str | None) -> str:
    return f"{name}:{tag}" if tag and is_tag(tag) and ":" not in name else name


def _hub_page(segments: Sequence[str], query: Query) -> str | None:
    match [*segments]:
        case ["_", name, *rest]:
            pass
        case ["layers", owner, name, tag, *_]:
            return _tagged(f"{owner}/{name}", tag)
        case (
            ["r", owner, name, *rest]
            | ["repository", "docker", owner, name, *rest]
            | ["v2", "repositories", owner, name, *rest]
        ):
            name = f"{owner}/{name}"
        case _:
            return None
    shown = rest[1] if len(rest) > 1 and rest[0] == "tags" else query.get("name")
    return _tagged(name, shown)


def _quay_page(segments: Sequence[str], query: Query) -> str | None:
    match [*segments]:
        case ["repository", owner, name, *_]:
            return _tagged(f"quay.io/{owner}/{name}", query.get("tag"))
        case _:
            return None


def _github_page(segments: Sequence[str], query: Query) -> str | None:
    match [*segments]:
        case [owner, _, "pkgs", "container", *name]:
            pass
        case ["orgs" | "users", owner, "packages", "container", "package", *name]:
            pass
        case ["orgs" | "users", owner, "packages", "container", *name]:
            pass
        case _:
            return None
    # What follows the name is the number of a version, or the list of versions.
    path = [part for part in name if part != "versions" and not part.isdigit()]
    if not path:
        return None
    return _tagged(f"ghcr.io/{owner}/{'/'.join(path)}".lower(), query.get("tag"))


def _amazon_page(segments: Sequence[str], _query: Query) -> str | None:
    return f"public.ecr.aws/{'/'.join(segments)}" if len(segments) >= 2 else None


_MICROSOFT_PAGE_PATH = re.compile(
    r"(?:[a-z]{2}-[a-z]{2}/)?(?:artifact/mar|product)/", re.IGNORECASE
)


def _microsoft_page(segments: Sequence[str], _query: Query) -> str | None:
    path = list(segments[1:] if _LOCALE.fullmatch(segments[0]) else segments)
    path = path[2:] if path[0].lower() == "artifact" else path[1:]
    tag = None
    if len(path) > 2 and path[-2] == "tag":
        *path, _, tag = path
    elif path and path[-1] in {"tags", "about"}:
        path = path[:-1]
    return _tagged(f"mcr.microsoft.com/{'/'.join(path)}", tag) if path else None


def _from_registry_api(host: str, segments: Sequence[str]) -> str | None:
    """The image of a distribution API address. Source: OCI distribution-spec, "Endpoints"."""
    match [*segments]:
        case ["v2", *path, "manifests", tag] if path:
            return _tagged(f"{host}/{'/'.join(path)}", tag)
        case ["v2", *path, "tags", "list"] if path:
            return f"{host}/{'/'.join(path)}"
        case _:
            return None


def _no_single_image(_segments: Sequence[str], _query: Query) -> None:
    """A page that lists the images of a project without saying which one is meant."""


_PAGES: dict[str, Page] = {
    "hub.docker.com": _hub_page,
    "registry.hub.docker.com": _hub_page,
    "quay.io": _quay_page,
    "github.com": _github_page,
    "gallery.ecr.aws": _amazon_page,
    "mcr.microsoft.com": _microsoft_page,
    "gitlab.com": _no_single_image,
}
