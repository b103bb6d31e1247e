"""A real call over a network of ours: the server, the Chromiums of inspector and applicant, each at its site."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Playwright, async_playwright

from tests.e2e import acts
from tests.e2e.browsers import CHROMIUM, FLAGS, Screen, open_desk, open_phone
from tests.e2e.office import YUNTAKAN, Office
from tests.faults.figures import Mark, Sample, first_newer
from tests.faults.network import Network, Site
from web.client import public_client

MARKS_SCRIPT = Path(__file__).with_name("marks.js")
PORT = 8443
PAGE = 500
SAMPLE_EVERY_S = 0.5
SITES = [Site("phone"), Site("office"), Site("desk")]
Row = dict[str, Any]


@dataclass
class NetworkOffice(Office):
    """The same office, at a site of a network."""

    network: Network = field(kw_only=True)
    site: str = field(kw_only=True, default="office")
    flags: tuple[str, ...] = field(kw_only=True, default=())

    @property
    def url(self) -> str:
        return f"https://{self.network.seen_as(self.site)}:{self.port}"

    def start(self) -> None:
        command = [str(YUNTAKAN), "serve", "--port", str(self.port), "--data", str(self.folder), *self.flags]
        with (self.folder.parent / "server.log").open("ab") as log:
            self.server = self.network.start(self.site, command, stdout=log, stderr=log, start_new_session=True)
        self.network.within(self.site, self._wait_until_reachable)

    def entries(self, inspection_id: str) -> list[Row]:
        """The ledger of an inspection, as the auditor reads it."""
        return self.network.within(self.site, lambda: asyncio.run(self._read_entries(inspection_id)))

    async def _read_entries(self, inspection_id: str) -> list[Row]:
        entries: list[Row] = []
        async with public_client(self.url, "auditor", self.ca_path) as auditor:
            await auditor.sign_in(self.auditor.username, self.auditor.password)
            while True:
                after = entries[-1]["seq"] if entries else 0
                path = f"/api/auditor/inspections/{inspection_id}/entries?limit={PAGE}&after={after}"
                page = (await auditor.get(path))["entries"]
                entries += page
                if len(page) < PAGE:
                    return entries


@dataclass
class Call:
    """A live call. `samples`, `filmed` (at the phone) and `shown` (at the desk) grow by `sample`."""

    network: Network
    office: NetworkOffice
    phone: Screen
    desk: Screen
    inspection_id: str
    samples: list[Sample] = field(default_factory=list)
    filmed: list[Mark] = field(default_factory=list)
    shown: list[Mark] = field(default_factory=list)

    async def sample(self) -> Sample:
        """The figures of both pages now, and the marks since the last time."""
        sample = Sample(
            time.time() * 1000,
            await self.phone.page.evaluate("testRows()"),
            await self.desk.page.evaluate("testRows()"),
            await self.desk.page.evaluate("testServed()"),
        )
        self.filmed += [Mark(*mark) for mark in await self.phone.page.evaluate("testTakeMarks()")]
        self.shown += [Mark(*mark) for mark in await self.desk.page.evaluate("testTakeMarks()")]
        self.samples.append(sample)
        return sample

    async def watch(self, seconds: float) -> None:
        """Samples for so long."""
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            await self.sample()
            await asyncio.sleep(min(SAMPLE_EVERY_S, max(0.0, ends_s - time.monotonic())))

    async def until_newer(self, than_ms: float, deadline_s: float) -> float | None:
        """When the viewer first showed a frame that was filmed after `than_ms`; None if that did not come in time."""
        ends_s = time.monotonic() + deadline_s
        while time.monotonic() < ends_s:
            await self.sample()
            found = first_newer(self.filmed, self.shown, than_ms)
            if found is not None:
                return found
            await asyncio.sleep(0.1)
        return None

    def forget(self) -> None:
        """Figures count from now; what was filmed lately may be shown yet."""
        self.samples.clear()
        self.shown.clear()

    async def peers_made(self) -> int:
        """Connections that both pages have made so far."""
        return sum([int(await screen.page.evaluate("testPeers.length")) for screen in (self.phone, self.desk)])

    def is_live(self) -> bool:
        """The applicant is in the session still, without having been asked for a code again."""
        return self.phone.page.url.endswith("/live")

    async def entries(self) -> list[Row]:
        return await asyncio.to_thread(self.office.entries, self.inspection_id)

    async def end(self, text: str = "通话中网络不稳,其余正常。") -> list[Row]:
        """Both agree on the summary; the ledger of the inspection."""
        await acts.agree_on_summary(self.phone, [self.desk], text)
        return await self.entries()


@asynccontextmanager
async def live_call(folder: Path, clip: Path, seed: int, flags: tuple[str, ...] = ()) -> AsyncIterator[Call]:
    """An applicant films `clip`, an inspector watches; the network is clean until somebody sets it otherwise."""
    with Network(SITES, seed) as network:
        office = NetworkOffice(folder / "data", PORT, network=network, flags=flags)
        office.add_people()
        office.start()
        try:
            async with async_playwright() as playwright, AsyncExitStack() as browsers:
                phones = await browsers.enter_async_context(_browser(playwright, network, "phone", clip))
                desks = await browsers.enter_async_context(_browser(playwright, network, "desk", None))
                yield await _begin(network, office, phones, desks)
        finally:
            office.stop()


@asynccontextmanager
async def _browser(playwright: Playwright, network: Network, site: str, clip: Path | None) -> AsyncIterator[Browser]:
    browser = await playwright.chromium.launch(
        executable_path=network.wrapper(site, CHROMIUM),
        args=[*FLAGS, *([f"--use-file-for-fake-video-capture={clip}"] if clip else [])],
        ignore_default_args=["--mute-audio"],
        headless=True,
    )
    try:
        yield browser
    finally:
        await browser.close()


async def _begin(network: Network, office: NetworkOffice, phones: Browser, desks: Browser) -> Call:
    desk = await open_desk(desks, f"{office.url}/office/login")
    await desk.context.add_init_script(path=MARKS_SCRIPT)
    await acts.sign_in(desk, office.inspectors[0])
    await acts.open_inspection(desk, None)
    invited = await acts.invite(desk, "guidance")
    phone = await open_phone(phones, "about:blank")
    await phone.context.add_init_script(path=MARKS_SCRIPT)
    await phone.page.goto(invited.link)
    await acts.come_in(phone, office)
    await desk.page.goto(invited.console_url)
    await desk.wait_media("video", "framesDecoded", 45)
    return Call(network, office, phone, desk, invited.inspection_url.rsplit("/", 1)[1])
