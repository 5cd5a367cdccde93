"""What the page shows and does."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from html import unescape

import aiohttp
import pytest

from bot.core.advice import Advice
from bot.core.board import Board, Waits
from bot.core.chronicle import Landing, LandingKind
from bot.core.errors import StoreUnusable
from bot.core.estimate import estimate_from, official_estimate
from bot.core.evidence import Evidence
from bot.core.health import Finding, Health, Letter, RegistryHealth
from bot.core.matrix import Target
from bot.core.model import Watch
from bot.core.platform import Platform, parse_platform
from bot.core.reason import Reason, ReasonCode
from bot.core.reference import parse_reference
from bot.web.page.live import MAX_STREAMS_OF_ONE
from bot.web.page.views import ROWS_A_PAGE, Overviews
from tests.support.page_desk import (
    WITH_TOKEN,
    Browser,
    FakeDesk,
    Moments,
    board_of,
    opened,
    watch_of,
)
from tests.support.stores import AMD64, ARM64, NOW, RISCV, TEAM

HOSTILE = "evil.example.com/" + "a" * 250 + ":v1"


async def test_a_new_bots_page_says_how_to_begin() -> None:
    async with opened(FakeDesk()) as browser:
        answer = await browser.get()

    assert "Nothing is watched yet" in answer.text
    assert "/watch node:22-slim arm64" in answer.text


async def test_the_matrix_tells_what_is_there_missing_and_unknown_apart() -> None:
    unseen = replace(watch_of("redis:8", ARM64, number=3), observation=None)
    watches = [
        watch_of("node:22", ARM64, AMD64),
        watch_of("busybox:1", ARM64, there=[ARM64], number=2),
        unseen,
    ]
    async with opened(FakeDesk(board_of(*watches))) as browser:
        answer = await browser.get()

    assert "<title>(1 missing) Archbell</title>" in answer.text
    for name in ("node:22", "busybox:1", "redis:8"):
        assert f">{name}</a></th>" in answer.text
    assert 'class="missing wanted" data-p="arm64"' in answer.text
    assert 'class="there wanted" data-p="arm64"' in answer.text
    assert 'class="unknown wanted" data-p="arm64"' in answer.text
    assert "The registry does not list it." in answer.text


def advised(watch: Watch, *codes: tuple[Platform, ReasonCode]) -> Board:
    board = board_of(watch)
    [target] = board.targets
    assert target.observation is not None
    advices = {
        platform: Advice(
            Reason(code, Evidence(watch.reference, platform, target.observation)),
            next_run=NOW + timedelta(hours=2) if code is ReasonCode.QUEUED else None,
        )
        for platform, code in codes
    }
    return replace(board, targets=(replace(target, advices=advices),))


@pytest.mark.parametrize("path", ["/", "/rows", "/tag?image=node:22"])
async def test_why_each_platform_is_missing_and_when_it_comes_is_told_everywhere(path: str) -> None:
    watch = watch_of("node:22", ARM64, RISCV)
    board = advised(watch, (ARM64, ReasonCode.QUEUED), (RISCV, ReasonCode.NOT_PLANNED))
    async with opened(FakeDesk(board)) as browser:
        answer = await browser.get(path)

    assert "linux/arm64 is planned: its build is queued, running or failing." in answer.text
    assert "The next index run is about 14:00 UTC." in answer.text
    assert "does not build this tag for linux/riscv64" in answer.text
    assert "So it is not to be expected." in answer.text
    if path != "/tag?image=node:22":
        assert "<small>queued</small>" in answer.text
        assert "<small>not planned</small>" in answer.text


async def test_what_is_the_same_for_all_platforms_of_a_card_is_told_once() -> None:
    async with opened(FakeDesk(board_of(watch_of("node:22", ARM64, RISCV)))) as browser:
        answer = await browser.get()

    assert answer.text.count("<p>The registry does not list it.") == 1


async def test_a_platform_that_has_not_come_yet_has_an_empty_time_line() -> None:
    story = [Landing(AMD64, NOW - timedelta(hours=4), LandingKind.FIRST)]
    async with opened(FakeDesk(board_of(watch_of("node:22")), story)) as browser:
        answer = await browser.get("/tag?image=node:22")

    assert 'aria-label="linux/arm64 has not come yet"' in answer.text


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        pytest.param("?q=node", "node:22", "busybox:1", id="by-name"),
        pytest.param("?q=missing", "node:22", "busybox:1", id="by-state"),
        pytest.param("?q=&page=99", "busybox:1", "nothing at all", id="beyond-the-last-page"),
        pytest.param("?page=x", "busybox:1", "nothing at all", id="no-page"),
    ],
)
async def test_a_filter_in_the_address_shows_some(query: str, shown: str, hidden: str) -> None:
    watches = [watch_of("node:22"), watch_of("busybox:1", there=[ARM64], number=2)]
    async with opened(FakeDesk(board_of(*watches))) as browser:
        answer = await browser.get(f"/rows{query}")

    assert f">{shown}</a>" in answer.text
    assert f">{hidden}</a>" not in answer.text


async def test_many_tags_come_in_pages() -> None:
    watches = [watch_of(f"node:{number}", number=number) for number in range(ROWS_A_PAGE + 1)]
    async with opened(FakeDesk(board_of(*watches))) as browser:
        first, second = await browser.get("/?q=node"), await browser.get("/?q=node&page=2")

    assert first.text.count('<tr id="r') == ROWS_A_PAGE
    assert second.text.count('<tr id="r') == 1
    assert 'href="./?q=node&amp;page=2"' in first.text
    assert 'href="./?q=node&amp;page=1"' in second.text


async def test_platforms_beyond_the_columns_stand_in_one() -> None:
    names = "amd64 arm64 arm/v7 arm/v6 386 ppc64le s390x riscv64 loong64"
    platforms = list(map(parse_platform, names.split()))
    async with opened(FakeDesk(board_of(watch_of("node:22", *platforms, there=())))) as browser:
        answer = await browser.get()

    assert '<th scope="col">others</th>' in answer.text
    assert answer.text.count('<th scope="col">') == 10


async def test_health_registries_and_messages_are_shown() -> None:
    health = Health((Finding.REGISTRIES_REST, Finding.MESSAGES_DEAD), NOW, 3, 2)
    later = NOW + timedelta(hours=1)
    board = replace(
        board_of(watch_of("node:22"), health=health),
        registries=(RegistryHealth("ghcr.io", later, 5, 100, 1),),
        letters=(Letter("slack:C1", "node:22 came", "dead", 9, NOW, "<b>no such channel</b>"),),
        waits=(Waits(ARM64, (timedelta(hours=2),), timedelta(hours=2), None),),
    )
    async with opened(FakeDesk(board)) as browser:
        answer = await browser.get()

    for sentence in (
        "Something is wrong",
        "ghcr.io until 13:00 UTC",
        "left alone until 13:00 UTC",
        "5 of 100 requests left",
        "archbell outbox retry",
        "&lt;b&gt;no such channel&lt;/b&gt;",
        "The one wait so far took 2 h.",
    ):
        assert sentence in answer.text


async def test_messages_that_wait_are_counted_for_strangers() -> None:
    board = board_of(watch_of("node:22"), health=Health((), NOW, 0, 4))
    async with opened(FakeDesk(board)) as browser:
        answer = await browser.get()

    assert "4 to go out." in answer.text


async def test_a_tag_has_an_address_of_its_own() -> None:
    story = [
        Landing(AMD64, NOW - timedelta(hours=4), LandingKind.FIRST),
        Landing(ARM64, NOW - timedelta(hours=3), LandingKind.CAME, timedelta(hours=1)),
        Landing(AMD64, NOW - timedelta(hours=2), LandingKind.REBUILT),
        Landing(ARM64, NOW - timedelta(hours=1), LandingKind.WENT),
    ]
    async with opened(FakeDesk(board_of(watch_of("node:22")), story)) as browser:
        await browser.sign_in()
        answer = await browser.get("/tag?image=node:22")

    assert "<h1>node:22</h1>" in answer.text
    assert "linux/arm64 came 09:00 UTC, 1 h after the tag was there" in answer.text
    assert "linux/arm64 went 11:00 UTC" in answer.text
    assert f"#1 for {TEAM}" in answer.text


@pytest.mark.parametrize("image", ["busybox", "NOT A NAME", "", "x" * 5000])
async def test_a_tag_that_nobody_watches_is_told_so(image: str) -> None:
    async with opened(FakeDesk(board_of(watch_of("node:22")))) as browser:
        answer = await browser.get(f"/tag?image={image}")

    assert answer.status == 404
    assert "Nobody watches this tag." in answer.text


async def test_a_check_shows_what_is_there_what_is_missing_and_what_may_be_meant() -> None:
    desk = FakeDesk(nearest=(parse_reference("node:22-slim"),))
    async with opened(desk) as browser:
        await browser.get()
        answer = await browser.post("/check", image="node:22 arm64")

    assert "node:22 has no linux/arm64 yet." in answer.text
    assert "node:22-slim" in answer.text
    assert desk.done == [("check", "node:22 arm64")]


async def test_a_check_of_nothing_asks_for_an_image() -> None:
    async with opened(FakeDesk()) as browser:
        await browser.get()
        answer = await browser.post("/check", image=" ")

    assert answer.status == 422
    assert "Which image?" in answer.text


async def test_who_is_signed_in_watches_mutes_and_stops() -> None:
    desk = FakeDesk(board_of(watch_of("node:22")))
    async with opened(desk) as browser:
        await browser.sign_in()
        watched = await browser.post("/watch", image="node:22 arm64", place="terminal")
        await browser.get("/tag?image=node:22")
        await browser.post("/mute", watch="1")
        await browser.get("/tag?image=node:22")
        await browser.post("/unmute", watch="1")
        await browser.get("/tag?image=node:22")
        await browser.post("/stop", watch="nonsense")

    assert "<h1>Watching.</h1>" in watched.text
    assert [each[:2] for each in desk.done] == [
        ("watch", "node:22 arm64"),
        ("mute", 1),
        ("mute", 1),
        ("stop", 0),
    ]


async def test_a_watch_for_a_place_that_is_not_configured_is_refused() -> None:
    desk = FakeDesk()
    async with opened(desk) as browser:
        await browser.sign_in()
        answer = await browser.post("/watch", image="node:22", place="slack:CELSEWHERE")

    assert answer.status == 422
    assert desk.done == []


async def test_where_no_place_is_configured_the_page_says_so() -> None:
    async with opened(FakeDesk(), replace(WITH_TOKEN, places=())) as browser:
        await browser.sign_in()
        answer = await browser.get()

    assert "No place is configured for alerts" in answer.text


def hostile_watch() -> Watch:
    watch = watch_of(HOSTILE)
    reference = replace(watch.reference, tag='"><script>alert(1)</script>\u202e' + "x" * 40)
    return replace(watch, reference=reference)


@pytest.mark.parametrize("path", ["/", "/rows", "/?q=<script>alert(2)</script>"])
async def test_hostile_names_are_shown_as_text(path: str) -> None:
    async with opened(FakeDesk(board_of(hostile_watch()))) as browser:
        answer = await browser.get(path)

    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    assert "a" * 250 in answer.text or "No tag fits" in answer.text
    if "No tag fits" not in answer.text:
        assert '"><script>alert(1)</script>\ufffd' in unescape(answer.text)


async def test_below_a_prefix_everything_lies_below_it() -> None:
    async with opened(FakeDesk(), replace(WITH_TOKEN, prefix="/bell")) as browser:
        outside = await browser.get("/")
        answer = await browser.get("/bell/")
        style = await browser.get("/bell/static/page.css")
        without_slash = await browser.get("/bell")

    assert (without_slash.status, without_slash.headers["Location"]) == (303, "bell/")
    assert (outside.status, answer.status, style.status) == (404, 200, 200)
    assert 'href="/' not in answer.text
    assert "Path=/bell/" in answer.cookies[0]


async def test_files_that_never_change_are_kept_by_browsers_and_others_are_not_there() -> None:
    async with opened(FakeDesk()) as browser:
        style = await browser.get("/static/page.css")
        nothing = await browser.get("/static/..%2fsite.py")

    assert "immutable" in style.headers["Cache-Control"]
    assert nothing.status == 404


class Stream:
    """The events of an open page."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[tuple[str, str]]:
        event = ""
        async for line in self._response.content:
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                event = text.removeprefix("event: ")
            if text.startswith("data: "):
                yield event, text.removeprefix("data: ")

    async def next(self, *wanted: str) -> tuple[str, str]:
        async with asyncio.timeout(30):
            async for event, data in self:
                if event in wanted:
                    return event, data
        raise AssertionError("the stream has ended")


async def test_an_open_page_is_told_what_has_changed_and_nothing_else() -> None:
    desk = FakeDesk(board_of(watch_of("node:22"), watch_of("busybox:1", number=2)))
    async with (
        opened(desk) as browser,
        browser.session.get(f"{browser.address}/live?mark=1") as response,
    ):
        stream = Stream(response)
        await stream.next("beat")
        desk.shown = board_of(
            watch_of("node:22"), watch_of("busybox:1", there=[AMD64, ARM64], number=2), mark="2"
        )
        _, data = await stream.next("change")
        desk.shown = board_of(
            watch_of("node:22", AMD64, ARM64),
            watch_of("busybox:1", there=[AMD64, ARM64], number=2),
            mark="3",
        )
        _, more = await stream.next("change")
        desk.shown = board_of(mark="4")
        ended, _ = await stream.next("reload", "change")

    assert response.headers["Content-Type"].startswith("text/event-stream")
    changed = json.loads(data)
    assert "tags" in changed
    assert "waits" not in changed
    assert json.loads(more)
    assert ended == "reload"


async def test_one_row_that_changes_is_sent_alone() -> None:
    before = [watch_of("node:22", AMD64, ARM64), watch_of("busybox:1", number=2)]
    wider = replace(before[0], observation=watch_of("node:22", there=()).observation)
    desk = FakeDesk(board_of(*before))
    async with (
        opened(desk) as browser,
        browser.session.get(f"{browser.address}/live?mark=1") as response,
    ):
        stream = Stream(response)
        await stream.next("beat")
        desk.shown = board_of(wider, before[1], mark="2")
        _, data = await stream.next("change")

    [row] = [id for id in json.loads(data) if id.startswith("r") and id != "registries"]
    assert json.loads(data)[row].startswith(f'<tr id="{row}"')
    assert "tags" not in json.loads(data)


async def test_a_page_that_was_away_is_sent_everything() -> None:
    async with (
        opened(FakeDesk(board_of(watch_of("node:22"), mark="new"))) as browser,
        browser.session.get(f"{browser.address}/live?mark=old") as response,
    ):
        _, data = await Stream(response).next("change")

    assert {"tags", "health", "waiting", "waits", "registries", "outbox"} == set(json.loads(data))


async def test_an_open_tag_is_told_what_has_changed_of_it() -> None:
    desk = FakeDesk(board_of(watch_of("node:22")))
    async with (
        opened(desk) as browser,
        browser.session.get(f"{browser.address}/live-tag?image=node:22&mark=1") as response,
    ):
        stream = Stream(response)
        await stream.next("beat")
        desk.shown = board_of(watch_of("node:22", there=[ARM64]), mark="2")
        _, data = await stream.next("change")
        desk.shown = board_of(mark="3")
        ended, _ = await stream.next("reload")

    assert list(json.loads(data)) == ["tag"]
    assert ended == "reload"


async def test_an_open_page_hears_of_a_database_that_does_not_answer_and_that_it_is_back() -> None:
    desk = FakeDesk(board_of(watch_of("node:22")))
    async with (
        opened(desk) as browser,
        browser.session.get(f"{browser.address}/live?mark=0") as response,
    ):
        stream = Stream(response)
        await stream.next("change")
        desk.error = StoreUnusable("gone")
        trouble, _ = await stream.next("trouble")
        desk.error = None
        desk.shown = board_of(watch_of("node:22", there=[ARM64]), mark="2")
        back, _ = await stream.next("change")

    assert (trouble, back) == ("trouble", "change")


async def test_a_quiet_stream_beats() -> None:
    clock = Moments()
    async with (
        opened(FakeDesk(), clock=clock) as browser,
        browser.session.get(f"{browser.address}/live?mark=1") as response,
    ):
        stream = Stream(response)
        await stream.next("beat")
        clock.go_on(seconds=16)
        event, _ = await stream.next("beat")

    assert event == "beat"


async def test_a_stream_ends_after_an_hour_so_that_the_cookie_is_asked_for_again() -> None:
    clock = Moments()
    async with (
        opened(FakeDesk(), clock=clock) as browser,
        browser.session.get(f"{browser.address}/live?mark=1") as response,
    ):
        await Stream(response).next("beat")
        clock.go_on(hours=2)
        async with asyncio.timeout(30):
            await response.content.read()

    assert response.content.at_eof()


async def test_one_caller_opens_only_so_many_streams() -> None:
    async def open_one(browser: Browser) -> aiohttp.ClientResponse:
        return await browser.session.get(f"{browser.address}/live?mark=1")

    async with opened(FakeDesk()) as browser:
        streams = [await open_one(browser) for _ in range(MAX_STREAMS_OF_ONE + 1)]
        statuses = [stream.status for stream in streams]
        for stream in streams:
            stream.close()

    assert statuses == [200] * MAX_STREAMS_OF_ONE + [503]


async def test_who_signs_out_elsewhere_is_shown_nothing_more_by_an_open_page() -> None:
    desk = FakeDesk(board_of(watch_of("node:22")))
    async with opened(desk) as browser:
        await browser.sign_in()
        async with browser.session.get(f"{browser.address}/live?mark=1") as response:
            stream = Stream(response)
            await stream.next("beat")
            await browser.post("/sign-out")
            event, _ = await stream.next("reload", "change")
            rest = await response.content.read()

    assert (event, rest.strip()) == ("reload", b"")


async def test_an_open_page_is_loaded_anew_when_the_session_is_over() -> None:
    clock = Moments()
    settings = replace(WITH_TOKEN, session=timedelta(minutes=5))
    async with (
        opened(FakeDesk(), settings, clock=clock) as browser,
        browser.session.get(f"{browser.address}/live?mark=1") as response,
    ):
        stream = Stream(response)
        await stream.next("beat")
        clock.go_on(minutes=6)
        event, _ = await stream.next("reload")

    assert event == "reload"


async def test_where_everybody_must_sign_in_an_open_page_of_a_stranger_is_loaded_anew() -> None:
    async with (
        opened(FakeDesk(), replace(WITH_TOKEN, must_sign_in=True)) as browser,
        browser.session.get(f"{browser.address}/live") as response,
    ):
        event, _ = await Stream(response).next("reload", "beat", "change")

    assert event == "reload"
    assert response.headers["Content-Type"].startswith("text/event-stream")


async def changes_until(desk: FakeDesk, path: str, marks: int) -> list[str]:
    """The ids of all that is sent while boards come that say the same, and one that does not."""
    async with (
        opened(desk, clock=(clock := Moments())) as browser,
        browser.session.get(f"{browser.address}{path}") as response,
    ):
        stream = Stream(response)
        await stream.next("change")
        for mark in range(marks):
            clock.go_on(seconds=61)
            shown = board_of(watch_of("node:22"), mark=f"same-{mark}")
            desk.shown = replace(shown, seen_at=clock.now)
            event, _ = await stream.next("beat", "change")
            assert event == "beat"
        desk.shown = board_of(watch_of("node:22", there=[ARM64]), mark="other")
        _, data = await stream.next("change")
    return list(json.loads(data))


async def test_time_that_goes_on_is_not_sent_for_the_browser_knows_it_itself() -> None:
    of_board = await changes_until(FakeDesk(board_of(watch_of("node:22"))), "/live?mark=0", 3)
    of_tag = await changes_until(
        FakeDesk(board_of(watch_of("node:22"))), "/live-tag?image=node:22&mark=0", 3
    )

    assert "tags" in of_board
    assert "registries" not in of_board
    assert of_tag == ["tag"]


def test_what_all_who_look_at_a_board_see_is_made_once() -> None:
    overviews = Overviews()
    board, other = board_of(watch_of("node:22")), board_of(watch_of("node:22"), mark="2")

    first, again, later = overviews.of(board), overviews.of(board), overviews.of(other)

    assert first is again
    assert later is not first
    assert first.line(board.targets[0]) is first.view().shown[0]


async def test_who_looks_from_a_tags_own_page_is_told_all_that_can_be_found_out() -> None:
    desk = FakeDesk(board_of(watch_of("node:22")))
    async with opened(desk) as browser:
        tag = await browser.get("/tag?image=node:22")
        again = await browser.post("/check", image="node:22 arm64", why="1")

    assert 'name="why" value="1"' in tag.text
    assert 'name="why" value="1"' in again.text
    assert desk.done == [("why", "node:22 arm64")]


async def test_a_page_of_many_tags_that_miss_everything_is_not_too_large() -> None:
    platforms = list(
        map(parse_platform, ["amd64", "arm64", "arm/v7", "ppc64le", "riscv64", "s390x"])
    )
    watches = [
        watch_of(f"some-image:{number}.4.2-bookworm-slim", *platforms, there=(), number=number)
        for number in range(1, ROWS_A_PAGE + 1)
    ]
    own = estimate_from([timedelta(hours=hours) for hours in range(1, 20)])
    assert own is not None
    board = board_of(*watches)

    def advice(target: Target, platform: Platform) -> Advice:
        assert target.observation is not None
        evidence = Evidence(target.row.reference, platform, target.observation, listed_since=NOW)
        estimates = (official_estimate(platform), own)
        return Advice(Reason(ReasonCode.QUEUED, evidence), estimates, next_run=NOW)

    targets = (
        replace(each, advices={platform: advice(each, platform) for platform in platforms})
        for each in board.targets
    )
    async with opened(FakeDesk(replace(board, targets=tuple(targets)))) as browser:
        answer = await browser.get()

    assert answer.text.count("<small>queued</small>") == 6 * ROWS_A_PAGE
    assert len(answer.text.encode()) < 300_000
