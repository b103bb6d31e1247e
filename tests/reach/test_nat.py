"""An office behind 1:1 NAT: with its outer address in the settings it is reached from outside, without it is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import acts
from tests.e2e.browsers import Screen, open_desk, open_phone
from tests.faults.leg import LegProfile
from tests.faults.network import Network, Site
from tests.reach.browser import TIMES, browser_at
from tests.reach.place import FarOffice, visit

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

OUTER = "203.0.113.7"
PORTS = "40000-40063"


@contextmanager
def office_behind_nat(folder: Path, **variables: str) -> Iterator[FarOffice]:
    with Network([Site("phone"), Site("office", public_address=OUTER)]) as network:
        line = LegProfile(delay_ms=10)
        network.set("phone", up=line, down=line)
        office = FarOffice(folder / "data", 443, network=network)
        office.variables = {"YUNTAKAN_PUBLIC_URL": office.url, "YUNTAKAN_UDP_PORTS": PORTS, **variables}
        office.add_people()
        office.start()
        try:
            yield office
        finally:
            office.stop()


async def in_the_call(office: FarOffice, browser: object) -> tuple[Screen, Screen]:
    desk = await open_desk(browser, f"{office.url}/office/login")  # type: ignore[arg-type]
    await desk.context.add_init_script(path=TIMES)
    await acts.sign_in(desk, office.inspectors[0])
    await acts.open_inspection(desk, None)
    invited = await acts.invite(desk, "guidance")
    phone = await open_phone(browser, invited.link)  # type: ignore[arg-type]
    await acts.come_in(phone, office)
    await desk.page.goto(invited.console_url)
    return phone, desk


async def test_with_its_outer_address_an_office_behind_nat_is_reached(may_make_networks: None, tmp_path: Path) -> None:
    with office_behind_nat(tmp_path, YUNTAKAN_PUBLIC_ADDRESS=OUTER) as office:
        async with browser_at(office.network, "phone") as browser:
            phone, desk = await in_the_call(office, browser)
            await desk.wait_media("video", "framesDecoded", 15)
            status, codes = visit(office, "phone", office.ca_path)
            assert status == 0 and codes["media_reached"] == "ok" and codes["turn_none"] == "note", codes
            for screen in (phone, desk):
                remote = await screen.page.evaluate(
                    "async () => { const rows = [...(await testPeers.at(-1).getStats()).values()];"
                    " const pair = rows.find((row) => row.type === 'candidate-pair' && row.nominated);"
                    " const to = rows.find((row) => row.id === pair.remoteCandidateId);"
                    " return [to.address, to.port] }"
                )
                assert remote[0] == OUTER and 40000 <= remote[1] <= 40063


def test_without_it_the_doctor_outside_says_why_nobody_is_reached(may_make_networks: None, tmp_path: Path) -> None:
    with office_behind_nat(tmp_path) as office:
        status, codes = visit(office, "phone", office.ca_path)
        assert status == 1 and codes["media_private_only"] == "bad" and codes["server_answers"] == "ok", codes


@pytest.mark.bench
async def test_without_it_phone_and_inspector_are_told(may_make_networks: None, tmp_path: Path) -> None:
    """Two connections in a row have to fail first, which takes a quarter of a minute."""
    with office_behind_nat(tmp_path) as office:
        async with browser_at(office.network, "phone") as browser:
            phone, desk = await in_the_call(office, browser)
            await phone.see("live-blocked")
            veil = "() => document.querySelector('[data-testid=console-veil]').dataset.code === 'media_blocked'"
            await desk.until(veil)
            assert await phone.page.evaluate("testPeers.every((peer) => peer.connectionState !== 'connected')")
            assert office.network.counts()["hub"]["unroutable"] > 0, "the browser tried the inner address"
