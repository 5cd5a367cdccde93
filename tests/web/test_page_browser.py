"""The page in a real browser, as a person uses it."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from bot.app.roles import Role
from bot.web.server import serving
from tests.support.canaries import canary
from tests.support.docker_registry import StartRegistry
from tests.support.images import push_image
from tests.support.page_pictures import (
    PICTURES,
    READY_MS,
    TOKEN,
    Picture,
    chromium,
    furnished,
    page_settings,
    running,
    sign_in,
    take,
)
from tests.support.registry_settings import Notify
from tests.support.webhook_receiver import webhook_receiver

NODE = "library/node"
AMD64_ONLY, BOTH = ["linux/amd64"], ["linux/amd64", "linux/arm64"]
SECRET = "of-the-hook-0123456789"
WITHIN_S = 60
WIDE: dict[str, Any] = {"viewport": {"width": 1100, "height": 900}, "color_scheme": "light"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
MAX_PICTURE_BYTES = 400_000

pytestmark = [pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]
expect.set_options(timeout=READY_MS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests here."""
    async with chromium() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """One page that has much to show, and that nobody changes."""
    async with furnished(tmp_path_factory.mktemp("page")) as served:
        yield served


@asynccontextmanager
async def tab(
    browser: Browser, options: dict[str, Any] = WIDE, *, tolerates: str | None = None
) -> AsyncIterator[Page]:
    """A tab of a fresh browser, in whose console no error may stand but those that fit this."""
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    context = await browser.new_context(**options)
    context.set_default_timeout(READY_MS)
    page = await context.new_page()
    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        yield page
    finally:
        await context.close()
    assert [each for each in said if tolerates is None or not re.search(tolerates, each)] == []


async def is_live(page: Page) -> None:
    await expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()


async def serious_faults(page: Page) -> list[str]:
    found = await Axe().run(page)
    return [
        f"{fault['id']}: {fault['help']} {[node['html'][:200] for node in fault['nodes'][:3]]}"
        for fault in found.response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]


async def test_the_page_alone_answers_what_is_missing_since_when_why_and_how_the_bot_is(
    browser: Browser, address: str
) -> None:
    async with tab(browser) as page:
        await page.goto(address)

        card = page.get_by_role("listitem").filter(has_text="node:22.15-bullseye-slim")
        await expect(card).to_contain_text("arm64 missing 3 h")
        await expect(card).to_contain_text("linux/arm64 is planned, listed since")
        await expect(card).to_contain_text("Usually 1-5 h after it is listed")
        await expect(card).to_contain_text("The next index run is about")
        await expect(card).to_contain_text("docker pull --platform linux/arm/v7 arm32v7/node:22.15")
        others = page.get_by_role("listitem").filter(has_text="quay.io/prometheus")
        await expect(others).to_contain_text("Usually takes 2 h 54 min")
        await expect(page.get_by_role("heading", name="Working, with some trouble")).to_be_visible()
        await expect(page.get_by_text("ghcr.io until")).to_be_visible()
        planned = page.get_by_role("row").filter(has_text="python").get_by_role("cell")
        await expect(planned.last).to_contain_text("not planned")
        await expect(planned.last.get_by_role("link")).to_have_attribute(
            "title", re.compile("does not build this tag for linux/s390x.*not to be expected")
        )
        row = page.get_by_role("row").filter(has_text="grafana")
        await expect(row.get_by_role("link", name="unknown").first).to_have_attribute(
            "title", re.compile("did not answer in time")
        )


async def test_a_filter_shows_some_tags_and_stands_in_the_address(
    browser: Browser, address: str
) -> None:
    async with tab(browser) as page:
        await page.goto(address)
        rows = page.get_by_role("row")
        await expect(rows).to_have_count(9)

        await page.get_by_label("Filter").fill("arm64 missing")
        await expect(rows.filter(has_text="redis")).to_have_count(0)
        await expect(rows.filter(has_text="node")).to_have_count(1)
        await expect(page).to_have_url(re.compile(r"\?q=arm64\+missing$"))
        await page.reload()
        await expect(page.get_by_label("Filter")).to_have_value("arm64 missing")
        await expect(rows.filter(has_text="redis")).to_have_count(0)
        await page.get_by_label("Filter").fill("<script>alert(1)</script>")
        await expect(page.get_by_text("No tag fits “<script>alert(1)</script>”.")).to_be_visible()
        await is_live(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/tag?image=golang:1.26-trixie", "/sign-in"])
async def test_an_accessibility_checker_finds_no_serious_fault(
    browser: Browser, address: str, path: str, scheme: str
) -> None:
    async with tab(browser, {**WIDE, "color_scheme": scheme}) as page:
        await page.goto(f"{address}{path}")

        assert await serious_faults(page) == []


async def test_on_a_phone_and_in_the_dark_everything_fits_and_can_be_read(
    browser: Browser, address: str
) -> None:
    async with tab(browser, PHONE) as page:
        await sign_in(page, address)

        too_wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert too_wide <= 0
        assert sum(map(int, re.findall(r"\d+", ground))) < 200, ground
        assert await serious_faults(page) == []
        await page.goto(f"{address}/tag?image=golang:1.26-trixie")
        too_wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert too_wide <= 0


async def test_with_the_keyboard_alone_one_gets_everywhere_and_sees_where_one_is(
    browser: Browser, address: str
) -> None:
    async with tab(browser) as page:
        await page.goto(f"{address}/sign-in")
        await page.keyboard.type(TOKEN)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#live.on")
        await page.keyboard.press("Tab")
        await expect(page.locator(":focus")).to_have_text("Skip to the content")
        await page.keyboard.press("Enter")
        await expect(page.locator(":focus")).to_have_attribute("id", "main")
        await page.keyboard.press("Tab")
        await expect(page.locator(":focus")).to_have_text("node:22.15-bullseye-slim")
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("node:22.15-bullseye-slim")


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
async def test_the_documents_pictures_can_be_taken_and_are_small(
    browser: Browser, address: str, picture: Picture, tmp_path: Path
) -> None:
    path = await take(browser, address, picture, tmp_path)

    assert 5_000 < path.stat().st_size < MAX_PICTURE_BYTES


async def test_a_lost_connection_is_told_and_comes_back_by_itself(
    browser: Browser, tmp_path: Path
) -> None:
    async with tab(browser, tolerates="ERR_") as page:
        async with running(page_settings(tmp_path)) as first:
            port = int(first.rpartition(":")[2])
            await page.goto(first)
            await is_live(page)
        await expect(page.get_by_text("Connection lost. Trying again…")).to_be_visible()
        async with running(page_settings(tmp_path, port=port)):
            await is_live(page)


async def test_another_site_cannot_frame_the_page(browser: Browser, address: str) -> None:
    async def frame(request: web.Request) -> web.Response:
        return web.Response(text=f'<iframe src="{address}"></iframe>', content_type="text/html")

    async with (
        serving([web.get("/", frame)], host="127.0.0.1", port=0) as elsewhere,
        tab(browser, tolerates="frame|Failed to load") as page,
    ):
        await page.goto(elsewhere)

        framed = page.frame_locator("iframe")
        await expect(framed.get_by_text("refused to connect").first).to_be_attached()
        await expect(framed.get_by_role("heading", name="Tags")).to_have_count(0)


async def until(is_so: Callable[[], bool], came: Callable[[Callable[[], bool]], Any]) -> None:
    async with asyncio.timeout(WITHIN_S):
        await came(is_so)


async def test_from_signing_in_to_the_alert_and_the_page_changes_by_itself(
    browser: Browser, docker_registry_factory: StartRegistry, tmp_path: Path
) -> None:
    registry = await docker_registry_factory()
    await push_image(registry.url, NODE, "22-slim", AMD64_ONLY)
    roles = frozenset({Role.LOOKS, Role.DELIVERY, Role.WEB})
    async with webhook_receiver() as receiver:
        settings = page_settings(
            tmp_path,
            "[schedule]\nfast_s = 3600\nmin_s = 3600",
            f'[[webhook]]\nname = "ci"\nurl = "{receiver.url}/in"\nsecret = "{canary("ci")}"',
            "allow_private = true",
            f'[[hook]]\nname = "node"\nkind = "distribution"\nregistry = "docker.io"\n'
            f'secret = "{SECRET}"',
            f'[[registry]]\nhost = "docker.io"\nendpoint = "{registry.url}"',
            "plain_http = true\nallow_private = true\nrate = 0",
        )
        async with running(settings, roles) as address, tab(browser) as page:
            await sign_in(page, address)
            await expect(page.get_by_text("Nothing is watched yet")).to_be_visible()
            await page.get_by_label("Image, and platforms").fill("node:22-slim arm64")
            await page.get_by_role("button", name="Check", exact=True).click()
            await expect(page.get_by_role("heading", level=1)).to_have_text(
                "node:22-slim has no linux/arm64 yet."
            )
            await page.get_by_label("and tell").select_option("webhook:ci")
            await page.get_by_role("button", name="Watch", exact=True).click()
            await expect(page.get_by_role("heading", level=1)).to_contain_text(
                "Watching node:22-slim for linux/arm64"
            )
            await page.get_by_role("link", name="All tags").click()
            cell = page.get_by_role("row").filter(has_text="node:22-slim").get_by_role("cell")
            await expect(cell.filter(has_text="missing")).to_have_count(1)
            await is_live(page)

            bearer = {"Authorization": f"Bearer {SECRET}"}
            await registry.tell(Notify(f"{address}/hooks/node", bearer))
            await push_image(registry.url, NODE, "22-slim", BOTH)
            begun = time.perf_counter()
            await expect(cell.filter(has_text="missing")).to_have_count(0)
            await expect(page.get_by_text("Nothing is watched yet").or_(cell.first)).to_be_visible()
            print(f"The page changed {time.perf_counter() - begun:.3f} s after the push")
            await until(lambda: len(receiver.posted) >= 2, receiver.until)

    alerts = [alert for post in receiver.posted for alert in post.content["alerts"]]
    assert [(alert["image"], alert["platform"]) for alert in alerts] == [
        ("node:22-slim", "linux/arm64")
    ]
