"""Voices: what the network loses on the way to a listener is sent again, and the relay keeps no packet back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from tests.media.relay import call_page
from tests.media.relay.aiortc_peers import Receiver, Sender
from tests.media.relay.conftest import RunningRelay
from tests.media.relay.lossy_path import LossyPath

SESSION = "session-1"
LOST_PACKETS = 30


@pytest.mark.e2e
@pytest.mark.timeout(120)
async def test_a_listener_gets_again_what_five_percent_loss_took_of_a_voice(relay: RunningRelay) -> None:
    path = LossyPath(loss=0.0, delay_s=0.02, seed=1, loss_back=0.05)
    await relay.port.open_session(SESSION, str(relay.directory))
    async with async_playwright() as playwright:
        browser = await call_page.launch(playwright, Path("none"))
        try:
            speaker, listener = await call_page.open_page(browser), await call_page.open_page(browser)
            await call_page.subscribe(listener, relay.port, SESSION, "down", path=path)
            await call_page.publish(speaker, relay.port, SESSION, "up", video=False)
            heard = await _until_lost(listener, path)
        finally:
            path.aclose()
            await browser.close()
    made_up = heard["concealedSamples"] - heard.get("silentConcealedSamples", 0)
    assert heard["packetsLost"] <= 2, "a retransmission did not arrive"
    assert made_up / heard["totalSamplesReceived"] < 0.025, "half of it was made up all the same"


async def _until_lost(listener: Page, path: LossyPath) -> dict[str, Any]:
    """The listener's figures of the voice, once the path has lost enough and the last of it was asked for again."""
    async with asyncio.timeout(60):
        while path.lost < LOST_PACKETS:
            await _moment(listener)
    path.loss_back = 0.0
    before = await _voice(listener)
    while (now := await _voice(listener))["packetsReceived"] < before["packetsReceived"] + 50:
        await _moment(listener)
    return now


async def _moment(page: Page) -> None:
    await page.evaluate("() => new Promise((done) => setTimeout(done, 200))")


async def _voice(listener: Page) -> dict[str, Any]:
    rows = (await listener.evaluate("() => stats('down')"))["inbound-rtp"]
    return max((row for row in rows if row["kind"] == "audio"), key=lambda row: row["packetsReceived"])


async def test_both_legs_ask_for_in_band_repair_and_retransmission_of_voices(relay: RunningRelay) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    sender, receiver = Sender(video=False), Receiver()
    try:
        offer = await receiver.subscribe(relay.port, SESSION, "down")
        with_nack = (await sender.publish(relay.port, SESSION, "up"), sender.pc.remoteDescription.sdp)
        assert "useinbandfec=1" in offer and "minptime=10" in offer
        assert "a=rtcp-fb:111 nack" in offer
        assert "useinbandfec=1" in with_nack[1]
    finally:
        await sender.aclose()
        await receiver.aclose()
