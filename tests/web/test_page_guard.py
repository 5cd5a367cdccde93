"""Who may see the page, and whose forms are taken."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from bot.core.errors import StoreUnusable
from bot.web.page.settings import PageSettings
from bot.web.page.visitors import MAX_FORGOTTEN, Visitors
from tests.support.page_desk import (
    TOKEN,
    WITH_TOKEN,
    Browser,
    FakeDesk,
    Moments,
    board_of,
    opened,
    watch_of,
)
from tests.support.stores import TEAM

WITHOUT_TOKEN = PageSettings()
BEHIND_PROXY = replace(WITH_TOKEN, trusted_proxies=(ip_network("127.0.0.1"),))
HTTPS = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "bell.example.com",
}


async def cookie_of(browser: Browser) -> str:
    [cookie] = [each.value for each in browser.session.cookie_jar if each.key == "archbell"]
    return cookie


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="cross-site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="another-host-of-the-site"),
        pytest.param({"Origin": "https://evil.example.com"}, id="another-origin"),
        pytest.param({"Origin": "null"}, id="no-origin-at-all"),
    ],
)
async def test_a_form_of_another_site_is_refused(headers: dict[str, str]) -> None:
    desk = FakeDesk()
    async with opened(desk) as browser:
        await browser.sign_in()
        answer = await browser.post("/watch", headers, image="node:22", place=str(TEAM))

    assert answer.status == 403
    assert desk.done == []


async def test_a_form_of_our_own_is_taken() -> None:
    desk = FakeDesk()
    async with opened(desk) as browser:
        await browser.sign_in()
        ours = {"Sec-Fetch-Site": "same-origin", "Origin": browser.address}
        answer = await browser.post("/watch", ours, image="node:22", place=str(TEAM))

    assert answer.status == 200
    assert desk.done == [("watch", "node:22", TEAM)]


@pytest.mark.parametrize("token", ["", "nonsense", "a.b", "ä"])
async def test_a_form_without_its_token_is_refused(token: str) -> None:
    desk = FakeDesk()
    async with opened(desk) as browser:
        await browser.sign_in()
        answer = await browser.post("/stop", form=token, watch="1")

    assert answer.status == 403
    assert desk.done == []


async def test_a_form_shown_to_another_visitor_is_refused() -> None:
    desk = FakeDesk()
    async with opened(desk) as browser:
        await browser.get()
        strangers = browser.form
        await browser.sign_in()
        answer = await browser.post("/stop", form=strangers, watch="1")

    assert answer.status == 403
    assert desk.done == []


async def test_a_form_from_a_browser_without_cookies_is_refused() -> None:
    async with opened(FakeDesk()) as browser:
        await browser.get()
        browser.session.cookie_jar.clear()
        answer = await browser.post("/check", image="node:22")

    assert answer.status == 403


async def test_a_form_that_is_too_large_is_refused() -> None:
    async with opened(FakeDesk()) as browser:
        await browser.get()
        answer = await browser.post("/check", image="x" * 30_000)

    assert answer.status == 413


async def posted(browser: Browser, content_type: str, body: bytes) -> tuple[int, str]:
    async with browser.session.post(
        f"{browser.address}/check", data=body, headers={"Content-Type": content_type}
    ) as response:
        return response.status, response.headers.get("Content-Security-Policy", "")


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        pytest.param("multipart/form-data", b"x", 415, id="no-boundary"),
        pytest.param("multipart/form-data; boundary=a", b"--a\r\nno", 415, id="broken-parts"),
        pytest.param("text/plain", b"form=x", 415, id="what-other-sites-may-send"),
        pytest.param(
            "application/x-www-form-urlencoded; charset=no", b"form=x", 403, id="no-charset"
        ),
        pytest.param("application/x-www-form-urlencoded", b"form=\xff%ff", 403, id="no-text"),
        pytest.param("application/x-www-form-urlencoded", b"a=1&" * 30, 400, id="many-fields"),
    ],
)
async def test_what_is_no_form_is_refused_as_any_other(
    content_type: str, body: bytes, status: int
) -> None:
    desk = FakeDesk()
    async with opened(desk) as browser:
        await browser.get()
        answered, policy = await posted(browser, content_type, body)

    assert answered == status
    assert "default-src 'none'" in policy
    assert desk.done == []


@pytest.mark.parametrize("path", ["/live", "/live-tag?image=node:22"])
async def test_who_asks_for_the_headers_of_a_stream_is_not_sent_its_events(path: str) -> None:
    async with (
        opened(FakeDesk()) as browser,
        browser.session.head(f"{browser.address}{path}") as response,
    ):
        after = await browser.get()

    assert response.status == 405
    assert after.status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_cannot_use_up_the_streams(site: str) -> None:
    async with opened(FakeDesk()) as browser:
        answer = await browser.get("/live", {"Sec-Fetch-Site": site})

    assert answer.status == 403


@pytest.mark.parametrize("where", ["iframe", "frame", "object", "embed"])
async def test_a_framed_page_is_refused(where: str) -> None:
    async with opened(FakeDesk()) as browser:
        answer = await browser.get("/", {"Sec-Fetch-Dest": where})

    assert answer.status == 403


async def test_every_answer_forbids_frames_and_inline_code() -> None:
    async with opened(FakeDesk(board_of(watch_of("node:22")))) as browser:
        answers = [
            await browser.get(path)
            for path in ("/", "/rows", "/tag?image=node:22", "/sign-in", "/static/page.css")
        ]

    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    html = "".join(answer.text for answer in answers[:4])
    assert " style=" not in html
    assert "<style" not in html
    assert "onclick" not in html
    assert html.count("<script") == html.count("<script src=")


def forged(cookie: str) -> list[str]:
    id, ends, signed_in, signature = cookie.split(".")
    return [
        f"{id}.{ends}.1.{signature}",
        f"{id}.{int(ends) + 1}.{signed_in}.{signature}",
        f"someone.{ends}.1.{signature}",
        f"{id}.{ends}.1.",
        f"{id}.{ends}.1",
        "1",
        "…",
    ]


async def test_a_forged_cookie_signs_nobody_in() -> None:
    desk = FakeDesk()
    async with opened(desk) as browser:
        await browser.get()
        for cookie in forged(await cookie_of(browser)):
            browser.session.cookie_jar.clear()
            await browser.get("/", {"Cookie": f"archbell={cookie}".encode().decode("latin-1")})

    assert not any(desk.saw_all)


async def test_the_token_signs_in_and_the_cookie_is_kept_from_scripts_and_other_sites() -> None:
    desk = FakeDesk()
    async with opened(desk) as browser:
        await browser.get()
        before = await cookie_of(browser)
        answer = await browser.sign_in()
        after = await cookie_of(browser)

    [cookie] = answer.cookies
    assert (answer.status, answer.headers["Location"]) == (303, "./")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert desk.saw_all[-1]
    assert before.split(".")[0] != after.split(".")[0]
    assert TOKEN not in answer.text


async def test_a_wrong_token_signs_nobody_in() -> None:
    desk = FakeDesk()
    async with opened(desk) as browser:
        answer = await browser.sign_in("not the token")

    assert answer.status == 403
    assert "not the token" in answer.text.lower()
    assert not any(desk.saw_all)


async def test_who_guesses_too_often_has_to_wait_a_minute() -> None:
    clock = Moments()
    async with opened(FakeDesk(), clock=clock) as browser:
        guesses = [(await browser.sign_in("wrong")).status for _ in range(6)]
        right = (await browser.sign_in()).status
        clock.go_on(seconds=61)
        later = (await browser.sign_in()).status

    assert guesses == [403] * 5 + [429]
    assert (right, later) == (429, 303)


async def test_who_signs_out_is_a_stranger_with_the_old_cookie_too() -> None:
    desk = FakeDesk()
    async with opened(desk) as browser:
        await browser.sign_in()
        cookie = await cookie_of(browser)
        left = await browser.post("/sign-out")
        browser.session.cookie_jar.clear()
        await browser.get("/", {"Cookie": f"archbell={cookie}"})

    assert left.status == 303
    assert not desk.saw_all[-1]


async def test_a_session_ends_by_itself() -> None:
    desk, clock = FakeDesk(), Moments()
    async with opened(desk, clock=clock) as browser:
        await browser.sign_in()
        cookie = await cookie_of(browser)
        browser.session.cookie_jar.clear()
        clock.go_on(hours=12, seconds=1)
        await browser.get("/", {"Cookie": f"archbell={cookie}"})

    assert not desk.saw_all[-1]


async def test_who_is_not_signed_in_changes_nothing() -> None:
    desk = FakeDesk()
    async with opened(desk) as browser:
        await browser.get()
        answers = [
            await browser.post("/watch", image="node:22", place=str(TEAM)),
            await browser.post("/stop", watch="1"),
            await browser.post("/mute", watch="1"),
            await browser.post("/unmute", watch="1"),
        ]

    assert [answer.status for answer in answers] == [403] * 4
    assert desk.done == []


async def test_where_everybody_must_sign_in_strangers_see_nothing() -> None:
    desk = FakeDesk(board_of(watch_of("node:22")))
    async with opened(desk, replace(WITH_TOKEN, must_sign_in=True)) as browser:
        board = await browser.get()
        rows = await browser.get("/rows")
        live = await browser.get("/live")
        await browser.get("/sign-in")
        check = await browser.post("/check", image="node:22")
        await browser.sign_in()
        seen = await browser.get()

    assert {board.status, rows.status, check.status} == {303}
    assert "node" not in board.text + rows.text + live.text
    assert "node:22" in seen.text
    assert desk.done == []


async def test_without_a_token_the_page_only_shows() -> None:
    desk = FakeDesk()
    async with opened(desk, WITHOUT_TOKEN) as browser:
        board = await browser.get()
        sign_in = await browser.get("/sign-in")
        check = await browser.post("/check", image="node:22")
        guess = await browser.post("/sign-in", token="")
        stop = await browser.post("/stop", watch="1")

    assert (board.status, sign_in.status, check.status) == (200, 303, 200)
    assert (guess.status, stop.status) == (403, 403)
    assert "Sign in" not in board.text
    assert desk.done == [("check", "node:22")]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Host": "bell.example.com"}, id="a-name-that-was-pointed-here"),
        pytest.param({"Host": "[broken"}, id="no-host-at-all"),
        pytest.param({"X-Forwarded-For": "203.0.113.7"}, id="through-a-proxy"),
        pytest.param({"Forwarded": "for=203.0.113.7"}, id="through-another-proxy"),
        pytest.param({"Via": "1.1 proxy"}, id="through-a-proxy-that-says-little"),
    ],
)
async def test_without_a_token_only_this_machine_is_shown_anything(headers: dict[str, str]) -> None:
    desk = FakeDesk()
    async with opened(desk, WITHOUT_TOKEN) as browser:
        answer = await browser.get("/", headers)

    assert answer.status == 403
    assert desk.saw_all == []


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:80", "bell.localhost"])
async def test_without_a_token_the_local_names_are_shown_the_page(host: str) -> None:
    async with opened(FakeDesk(), WITHOUT_TOKEN) as browser:
        answer = await browser.get("/", {"Host": host})

    assert answer.status == 200


async def test_without_a_token_a_trusted_proxy_passes_on_local_callers_alone() -> None:
    settings = replace(BEHIND_PROXY, token=None)
    async with opened(FakeDesk(), settings) as browser:
        stranger = await browser.get("/", {**HTTPS, "X-Forwarded-Host": "localhost"})
        local = await browser.get("/", {"X-Forwarded-For": "::ffff:127.0.0.1"})

    assert (stranger.status, local.status) == (403, 200)


async def test_behind_a_trusted_proxy_cookies_are_secure_and_forms_come_from_its_name() -> None:
    desk = FakeDesk()
    async with opened(desk, BEHIND_PROXY) as browser:
        browser.headers = dict(HTTPS)
        first = await browser.get("/sign-in")
        cookie = first.cookies[0].partition(";")[0]
        browser.headers["Cookie"] = cookie
        ours = await browser.post("/check", {"Origin": "https://bell.example.com"}, image="a:1")
        others = await browser.post("/check", {"Origin": browser.address}, image="a:2")

    assert "Secure" in first.cookies[0]
    assert (ours.status, others.status) == (200, 403)
    assert desk.done == [("check", "a:1")]


async def test_what_an_untrusted_peer_says_of_itself_is_not_believed() -> None:
    async with opened(FakeDesk()) as browser:
        first = await browser.get("/", HTTPS)
        answer = await browser.post("/check", {"Origin": "https://bell.example.com", **HTTPS})

    assert "Secure" not in first.cookies[0]
    assert answer.status == 403


async def test_callers_behind_a_proxy_are_counted_apart_and_cannot_choose_their_name() -> None:
    settings = replace(BEHIND_PROXY, checks_a_minute=1)

    def through(chain: str) -> dict[str, str]:
        return {"X-Forwarded-For": chain}

    async with opened(FakeDesk(), settings) as browser:
        await browser.get()
        statuses = [
            (await browser.post("/check", through(chain), image="node:22")).status
            for chain in (
                "203.0.113.7",
                "198.51.100.1, 203.0.113.7",
                "203.0.113.8, 127.0.0.1",
                "2001:db8::1",
                "2001:db8::2",
                "nonsense",
                "",
            )
        ]

    assert statuses == [200, 429, 200, 200, 429, 200, 200]


async def test_checks_are_limited() -> None:
    clock = Moments()
    async with opened(FakeDesk(), replace(WITH_TOKEN, checks_a_minute=2), clock=clock) as browser:
        await browser.get()
        statuses = [(await browser.post("/check", image="node:22")).status for _ in range(3)]
        clock.go_on(seconds=61)
        later = await browser.post("/check", image="node:22")

    assert statuses == [200, 200, 429]
    assert later.status == 200


async def test_a_database_that_does_not_answer_is_told_and_not_shown_as_nothing() -> None:
    async with opened(FakeDesk(error=StoreUnusable("no such file: /secret/path"))) as browser:
        answer = await browser.get()

    assert answer.status == 503
    assert "I cannot read my database" in answer.text
    assert "/secret/path" not in answer.text


def test_strangers_who_leave_make_no_room_for_one_who_has_left() -> None:
    visitors = Visitors(None, clock=Moments(), lasts=timedelta(hours=1))
    owner = visitors.welcome(is_signed_in=True)
    visitors.leave(owner)
    for _ in range(MAX_FORGOTTEN + 1):
        visitors.leave(visitors.welcome())

    assert visitors.recognise(visitors.cookie(owner)) is None


def test_only_so_many_who_left_are_remembered() -> None:
    visitors = Visitors(None, clock=Moments(), lasts=timedelta(hours=1))
    all_of_them = [visitors.welcome(is_signed_in=True) for _ in range(MAX_FORGOTTEN + 1)]
    for visitor in all_of_them:
        visitors.leave(visitor)

    known = [visitors.recognise(visitors.cookie(visitor)) for visitor in all_of_them]
    assert known == [all_of_them[0], *([None] * MAX_FORGOTTEN)]
