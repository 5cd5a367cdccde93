"""Pictures of the page for its document.

    python -m tests.support.page_pictures

The page is a real one: the bot over a furnished database, seen by a browser.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.async_api import Browser, Page, async_playwright

from bot.app.roles import Role
from bot.app.running import assembled
from bot.app.world import World
from bot.config import Settings, load_settings
from bot.store.database import open_store
from tests.support.components import require
from tests.support.documents import ROOT
from tests.support.page_scene import furnish

CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TOKEN = "a token for pictures"
READY_MS = 60_000


@dataclass(frozen=True, slots=True)
class Picture:
    """name: of its file. path: of what it shows."""

    name: str
    path: str
    width: int
    height: int
    scheme: Literal["light", "dark"]


PICTURES = (
    Picture("page.png", "/", 1100, 2420, "light"),
    Picture("page-tag.png", "/tag?image=golang:1.26-trixie", 1100, 700, "light"),
    Picture("page-phone.png", "/", 390, 844, "dark"),
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's browser, without a window; skips the test where there is none."""
    program = require("chromium", "chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=list(CHROMIUM), timeout=READY_MS
        )
        try:
            yield browser
        finally:
            await browser.close()


# Nobody listens there: what is shown of docker-library is what is kept.
_UNREACHABLE = 'library_url = "http://127.0.0.1:9"\nallow_private = true'


def page_settings(
    folder: Path, *lines: str, port: int = 0, official: str = "enabled = false"
) -> Settings:
    """A configuration with a page, by default on any free port; lines: more of it."""
    path = folder / "config.toml"
    text = [
        f'[database]\nurl = "sqlite:///{folder / "bot.db"}"',
        f"[official]\n{official}",
        f"[server]\nport = {port}",
        f'[page]\nenabled = true\ntoken = "{TOKEN}"',
        *lines,
    ]
    path.write_text("\n".join(text), encoding="utf-8")
    return load_settings(path, {})


@asynccontextmanager
async def running(
    settings: Settings, roles: frozenset[Role] = frozenset({Role.WEB})
) -> AsyncIterator[str]:
    """The address of a running bot."""
    async with assembled(settings, World(), roles=roles) as bot, asyncio.TaskGroup() as group:
        life = group.create_task(bot.run())
        async with asyncio.timeout(30):
            address = await bot.served_at()
        try:
            yield address
        finally:
            bot.stop()
        await life


@asynccontextmanager
async def furnished(folder: Path) -> AsyncIterator[str]:
    """The address of a page that has much to show."""
    settings = page_settings(folder, official=_UNREACHABLE)
    async with open_store(settings.database.url.get_secret_value()) as store:
        await furnish(store, now=World().clock())
    async with running(settings) as address:
        yield address


async def sign_in(page: Page, address: str) -> None:
    """Sign in as a person does."""
    await page.goto(f"{address}/sign-in")
    await page.get_by_label("Token").fill(TOKEN)
    await page.get_by_role("main").get_by_role("button", name="Sign in").click()
    await page.wait_for_selector("#live.on")


async def take(browser: Browser, address: str, picture: Picture, folder: Path) -> Path:
    """The picture, of what fits into its height."""
    context = await browser.new_context(
        viewport={"width": picture.width, "height": picture.height}, color_scheme=picture.scheme
    )
    context.set_default_timeout(READY_MS)
    page = await context.new_page()
    await sign_in(page, address)
    await page.goto(f"{address}{picture.path}")
    await page.wait_for_selector("#live.on")
    path = folder / picture.name
    await page.screenshot(path=path)
    await context.close()
    return path


async def main() -> None:
    with TemporaryDirectory() as folder:
        async with chromium() as browser, furnished(Path(folder)) as address:
            for picture in PICTURES:
                print(await take(browser, address, picture, ROOT / "docs"))


if __name__ == "__main__":
    asyncio.run(main())
