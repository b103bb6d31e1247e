"""Chromium as people use it: one browser a camera, one context a person, screenshots kept as test output."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, Playwright, TimeoutError, async_playwright

CHROMIUM = "/usr/bin/chromium"
OUTPUT = Path(__file__).resolve().parents[2] / "test-output" / "e2e"
README_PICTURES = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
SHOWN_IN_README = ("phone-live", "console", "replay", "replay-verdict")
PEERS_SCRIPT = Path(__file__).with_name("peers.js")
STEP_MS = 20_000
SITE = {"latitude": 30.2741, "longitude": 120.1551, "accuracy": 12}

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]


@asynccontextmanager
async def chromium(camera: Path | None = None) -> AsyncIterator[Browser]:
    """A browser whose camera shows `camera` (Y4M), or Chromium's test picture."""
    flags = [*FLAGS, *([f"--use-file-for-fake-video-capture={camera}"] if camera else [])]
    async with async_playwright() as playwright:
        browser = await launch(playwright, flags)
        try:
            yield browser
        finally:
            await browser.close()


async def launch(playwright: Playwright, flags: list[str]) -> Browser:
    return await playwright.chromium.launch(
        executable_path=CHROMIUM, args=flags, ignore_default_args=["--mute-audio"], headless=True
    )


@dataclass
class Screen:
    """One person's page; `test_id` finds what they touch."""

    context: BrowserContext
    page: Page

    async def tap(self, test_id: str) -> None:
        try:
            await self.page.get_by_test_id(test_id).first.click()
        except TimeoutError as error:
            raise AssertionError(f"{test_id} cannot be tapped; the page says: {await self.words()}") from error

    async def words(self) -> str:
        """What the page says, for a failure to be understood by."""
        return " | ".join((await self.page.locator("body").inner_text()).split("\n"))[:600]

    async def type(self, test_id: str, text: str) -> None:
        """Into the field itself or the input inside the component that carries the name."""
        field = self.page.get_by_test_id(test_id).first
        inner = field.locator("input, textarea")
        await (inner.first if await inner.count() else field).fill(text)

    async def see(self, test_id: str) -> None:
        await self.page.get_by_test_id(test_id).first.wait_for(state="visible")

    async def walk_to(self, north_m: float) -> None:
        moved = {**SITE, "latitude": SITE["latitude"] + north_m / 111_320}
        await self.context.set_geolocation(moved)  # type: ignore[arg-type]

    async def media_sum(self, kind: str, figure: str) -> float:
        """A received figure over this page's live connections, as framesDecoded or packetsReceived."""
        return float(await self.page.evaluate("([k, f]) => testSum('inbound-rtp', k, f)", [kind, figure]))

    async def wait_media(self, kind: str, figure: str, more: float) -> None:
        goal = await self.media_sum(kind, figure) + more
        await self.until("async ([k, f, goal]) => (await testSum('inbound-rtp', k, f)) >= goal", [kind, figure, goal])

    async def until(self, function: str, argument: object = None, timeout_ms: int = STEP_MS) -> None:
        """Asks the page again and again from outside: its policy forbids what playwright would run inside."""
        async with asyncio.timeout(timeout_ms / 1000):
            while not await self.page.evaluate(function, argument):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def picture(self, name: str, whole: bool = False) -> None:
        """Of what is seen, or of the `whole` page."""
        OUTPUT.mkdir(parents=True, exist_ok=True)
        path = OUTPUT / f"{name}.png"
        await self.page.screenshot(path=path, full_page=whole)
        if name in SHOWN_IN_README and os.environ.get("README_PICTURES"):
            README_PICTURES.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, README_PICTURES / path.name)


async def open_phone(browser: Browser, url: str, width: int = 390, height: int = 844) -> Screen:
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        locale="zh-CN",
        ignore_https_errors=True,
        permissions=["camera", "microphone", "geolocation"],
        geolocation=SITE,  # type: ignore[arg-type]
    )
    return await _open(context, url)


async def open_desk(browser: Browser, url: str, width: int = 1366, height: int = 768) -> Screen:
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN",
        ignore_https_errors=True,
        permissions=["microphone", "clipboard-read", "clipboard-write"],
    )
    return await _open(context, url)


async def _open(context: BrowserContext, url: str) -> Screen:
    context.set_default_timeout(STEP_MS)
    await context.add_init_script(path=PEERS_SCRIPT)
    page = await context.new_page()
    await page.goto(url)
    return Screen(context, page)
