"""Chromium at a site of a test network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.e2e.browsers import CHROMIUM, FLAGS
from tests.faults.network import Network

TIMES = Path(__file__).with_name("times.js")


@asynccontextmanager
async def browser_at(network: Network, site: str, *flags: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=network.wrapper(site, CHROMIUM), args=[*FLAGS, *flags], ignore_default_args=["--mute-audio"]
        )
        try:
            yield browser
        finally:
            await browser.close()
