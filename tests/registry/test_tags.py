"""Lists of tags: page after page of one registry, and not too much of it."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.errors import Denied, MalformedAnswer, OversizedAnswer, RateLimited, RegistryError
from bot.net.settings import RegistrySettings
from bot.ports.registry import TagList
from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image
from tests.support.registry_client import Connection, connected, reference_to
from tests.support.scripted_answers import Answer
from tests.support.scripted_registry import ScriptedRegistry

TAG = "registry.test/team/app:1"
LINE = "GET /v2/team/app/tags/list"
LIST = "/v2/team/app/tags/list"


def page(tags: object, following: str | None = None) -> Answer:
    headers = {"Content-Type": "application/json"}
    if following is not None:
        headers["Link"] = following
    return Answer(headers=headers, body=json.dumps({"name": "team/app", "tags": tags}).encode())


async def tags_of(connection: Connection, *, login: bool = True) -> tuple[str, ...]:
    return await connection.client.list_tags(reference_to(TAG), urgent=True, login=login)


def answer_with(registry: ScriptedRegistry, answers: Iterable[Answer]) -> None:
    for answer in answers:
        registry.will_answer(answer, to=LINE)


async def test_all_tags_may_come_at_once(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.will_answer(page(["1", "2-slim"]), to=LINE)

    assert await tags_of(connection) == ("1", "2-slim")
    assert registry.seen[0].query == {"n": "1000"}


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(f'<{LIST}?last=b&n=1000>; rel="next"', id="from the root"),
        pytest.param(f"<{LIST}?last=b&n=1000>;rel=next", id="without quotes"),
        pytest.param('<?last=b&n=1000>; rel="next"', id="beside it"),
        pytest.param("<{url}" + f'{LIST}?last=b&n=1000>; rel="next"', id="in full"),
    ],
)
async def test_the_list_goes_on_where_the_link_says(
    registry: ScriptedRegistry, connection: Connection, link: str
) -> None:
    answer_with(registry, [page(["a", "b"], link.replace("{url}", registry.url)), page(["c"])])

    assert await tags_of(connection) == ("a", "b", "c")
    assert registry.seen[1].query == {"last": "b", "n": "1000"}


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(f'<https://elsewhere.test{LIST}?last=b>; rel="next"', id="another host"),
        pytest.param('</v2/team/secret/tags/list?last=b>; rel="next"', id="another repository"),
        pytest.param('</v2/team/app/tags/../../x>; rel="next"', id="a way out"),
        pytest.param(f'<{LIST}?last=b>; rel="prev"', id="backwards"),
        pytest.param(f'<{LIST}?n=1000>; rel="next"', id="itself"),
        pytest.param("<http://[>; rel=next", id="no address"),
        pytest.param(f'<{LIST}?last={"b" * 3000}>; rel="next"', id="endless"),
        pytest.param("next", id="no link"),
    ],
)
async def test_other_links_are_not_followed(
    registry: ScriptedRegistry, connection: Connection, link: str
) -> None:
    registry.will_answer(page(["a"], link), to=LINE)

    assert await tags_of(connection) == ("a",)
    assert registry.requests == [LINE]


async def test_a_list_without_end_is_left_after_some_pages(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    answer_with(
        registry,
        (page([f"t{n}"], f'<{LIST}?last=t{n}&n=1000>; rel="next"') for n in range(20)),
    )

    assert await tags_of(connection) == tuple(f"t{n}" for n in range(10))
    assert len(registry.requests) == 10


async def test_no_more_tags_are_kept_than_anybody_can_compare(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    many = [f"t{number}" for number in range(10_001)]
    registry.will_answer(page(many, f'<{LIST}?last=t&n=1000>; rel="next"'), to=LINE)

    assert len(await tags_of(connection)) == 10_000
    assert len(registry.requests) == 1


async def test_what_can_be_no_tag_is_left_out(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.will_answer(page(["ok", "no tag", 7, None, "<!channel>", "x" * 200]), to=LINE)

    assert await tags_of(connection) == ("ok",)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(page(None), id="null"),
        pytest.param(Answer(404, body=b'{"errors":[]}'), id="no such repository"),
    ],
)
async def test_no_tags_are_none(
    registry: ScriptedRegistry, connection: Connection, answer: Answer
) -> None:
    registry.will_answer(answer, to=LINE)

    assert await tags_of(connection) == ()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(body=b"<html>"), MalformedAnswer, id="a web page"),
        pytest.param(Answer(body=b"[]"), MalformedAnswer, id="another shape"),
        pytest.param(Answer(body=b'{"tags": 7}'), MalformedAnswer, id="no list"),
        pytest.param(Answer(body=b"[" * 200_000), MalformedAnswer, id="a well"),
        pytest.param(Answer(body=b" " * 1_100_000), OversizedAnswer, id="a flood"),
        pytest.param(Answer(410), MalformedAnswer, id="gone"),
        pytest.param(Answer(403), Denied, id="denied"),
        pytest.param(Answer(429, {"Retry-After": "7"}), RateLimited, id="too many"),
    ],
)
async def test_what_is_no_list_raises_what_it_is(
    registry: ScriptedRegistry, connection: Connection, answer: Answer, error: type[RegistryError]
) -> None:
    registry.will_answer(answer, to=LINE)

    with pytest.raises(error):
        await tags_of(connection)


async def test_docker_registry_tells_its_tags(docker_registry_factory: StartRegistry) -> None:
    registry = await docker_registry_factory()
    for tag in ("22", "22-slim"):
        await push_image(registry.url, "team/app", tag, ["linux/amd64"])

    settings = RegistrySettings(
        "registry.test", endpoint=registry.url, plain_http=True, allow_private=True, rate=0
    )
    async with connected(settings) as connection:
        assert set(await tags_of(connection, login=False)) == {"22", "22-slim"}


# -- lists for those who want to hear of new tags -------------------------------------------------


async def changed(connection: Connection, etag: str | None = None) -> TagList | None:
    reference = reference_to(TAG)
    return await connection.client.changed_tags(reference, etag=etag, urgent=False)


def with_etag(answer: Answer, etag: str) -> Answer:
    return replace(answer, headers={**answer.headers, "ETag": etag})


async def test_a_list_of_one_page_has_its_etag(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.will_answer(with_etag(page(["a"]), '"one"'), to=LINE)

    assert await changed(connection) == TagList(("a",), '"one"')


async def test_an_unchanged_list_costs_one_request_without_a_body(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.will_answer(Answer(304), to=LINE)

    assert await changed(connection, '"one"') is None

    assert registry.requests == [LINE]
    assert registry.seen[0].headers["If-None-Match"] == '"one"'


async def test_the_etag_of_one_page_says_nothing_about_many(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    first = with_etag(page(["a"], f'<{LIST}?last=a&n=1000>; rel="next"'), '"one"')
    answer_with(registry, [first, with_etag(page(["b"]), '"two"')])

    assert await changed(connection, '"old"') == TagList(("a", "b"))

    assert "If-None-Match" not in registry.seen[1].headers


async def test_who_did_not_ask_for_changes_gets_no_304(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    registry.will_answer(Answer(304), to=LINE)

    with pytest.raises(RegistryError):
        await changed(connection)


async def test_ten_thousand_tags_are_read_page_by_page(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    def numbered(at: int) -> list[str]:
        return [f"t{number}" for number in range(at * 1000, at * 1000 + 1000)]

    links = [f'<{LIST}?last={at}&n=1000>; rel="next"' for at in range(9)]
    answer_with(registry, [page(numbered(at), link) for at, link in enumerate([*links, None])])

    listed = await changed(connection)

    assert listed is not None
    assert (len(listed.tags), listed.whole, len(registry.requests)) == (10_000, True, 10)


async def test_a_list_that_is_cut_off_says_so(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    many = [f"t{number}" for number in range(50_001)]
    registry.will_answer(page(many, f'<{LIST}?last=t&n=1000>; rel="next"'), to=LINE)

    listed = await changed(connection)

    assert listed is not None
    assert (len(listed.tags), listed.whole) == (50_000, False)


async def test_a_list_without_end_is_left_and_says_so(
    registry: ScriptedRegistry, connection: Connection
) -> None:
    answer_with(
        registry,
        (page([f"t{n}"], f'<{LIST}?last=t{n}&n=1000>; rel="next"') for n in range(60)),
    )

    listed = await changed(connection)

    assert listed is not None
    assert (len(listed.tags), listed.whole) == (50, False)


def copy_tag(storage: Path, tags: Iterable[str]) -> None:
    """Have the one tag of a registry's storage under other names too."""
    [folder] = [found.parent for found in storage.rglob("link") if found.parts[-2] == "current"]
    for tag in tags:
        copy = folder.parent.parent / tag / "current"
        copy.mkdir(parents=True)
        (copy / "link").hardlink_to(folder / "link")


async def test_ten_thousand_tags_of_docker_registry_are_one_request(
    docker_registry_factory: StartRegistry,
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, "team/app", "1", ["linux/amd64"])
    tags = [f"1.{number}-slim" for number in range(10_000)]
    await asyncio.to_thread(copy_tag, registry._folder, tags)
    settings = RegistrySettings(
        "registry.test", endpoint=registry.url, plain_http=True, allow_private=True, rate=0
    )
    registry.clear_requests()
    async with connected(settings) as connection:
        listed = await changed(connection)

    assert listed is not None
    assert (len(listed.tags), listed.whole) == (10_001, True)
    await registry.wait_for_request("GET /v2/team/app/tags/list?n=1000")
    assert len(registry.requests()) == 1
