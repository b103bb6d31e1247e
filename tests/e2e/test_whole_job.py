"""The whole job on real screens: an applicant, two inspectors and an auditor, with real footage as the camera."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.async_api import expect

from examples.robot_applicant.footage import find_clips
from examples.robot_applicant.robot import picture_of
from inspection.domain.receipts import parse_receipt
from tests.e2e import acts
from tests.e2e.browsers import Screen, chromium, open_desk, open_phone
from tests.e2e.office import Office

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


async def test_an_inspection_from_the_invitation_to_the_verified_package(
    office: Office, camera_file: Path, tmp_path: Path
) -> None:
    async with chromium(camera_file) as phones, chromium() as desks:
        first = await open_desk(desks, f"{office.url}/office/login")
        await acts.sign_in(first, office.inspectors[0])
        await acts.open_inspection(first, office.inspectors[1])
        invited = await acts.invite(first, "verification")
        await first.picture("case-invited")
        assert "http" not in office.sms()[0]["text"], "an SMS carries no link"

        phone = await open_phone(phones, invited.link)
        await phone.see("notice-continue")
        await phone.picture("phone-notice")
        await acts.come_in(phone, office)
        consoles = [first, await open_desk(desks, f"{office.url}/office/login", 1920, 1080)]
        await acts.sign_in(consoles[1], office.inspectors[1])
        for console in consoles:
            await console.page.goto(invited.console_url)
        await hold_the_session(phone, consoles)
        receipts = [await read_receipt(phone, "phone-end")]
        await settle(phone, first, invited.inspection_url, tmp_path)
        receipts.append(await read_receipt(phone, "phone-receipt"))
        await see_a_contradiction(phone)
        await first.tap("case-receipt-open")
        receipts.append(await read_receipt(first, "case-receipt"))

        auditor = await open_desk(desks, f"{office.url}/audit/login", 1440, 900)
        await acts.sign_in(auditor, office.auditor)
        await replay(auditor)
    verify_on_the_command_line(office, invited.inspection_url.rsplit("/", 1)[1], receipts, tmp_path)


async def read_receipt(screen: Screen, name: str) -> str:
    """The line and the code that a page shows, once it has checked that the record has only grown."""
    card = screen.page.get_by_test_id("receipt")
    await expect(card).to_have_attribute("data-progress", "checked")
    await expect(card.get_by_test_id("receipt-picture")).to_have_js_property("complete", True)
    assert await card.get_by_test_id("head-alarm").count() == 0
    await screen.picture(name, whole=True)
    code = await card.get_by_test_id("receipt-code").get_attribute("data-code")
    return f"{await card.get_by_test_id('receipt-line').text_content()}\n{code}\n"


async def hold_the_session(phone: Screen, consoles: list[Screen]) -> None:
    first = consoles[0]
    await expect(phone.page.get_by_test_id("live-recording")).to_have_attribute("data-on", "true")
    for console in consoles:
        await console.wait_media("video", "framesDecoded", 45)
        await console.wait_media("audio", "packetsReceived", 100)
    await phone.wait_media("audio", "packetsReceived", 100)
    for metres in (10, 45, 90):
        await phone.walk_to(metres)
        await expect(first.page.get_by_test_id("console-place")).to_be_visible()
    await acts.take_still(first)
    await expect(first.page.get_by_test_id("signed-share")).to_have_attribute("data-kind", "share", timeout=30_000)
    await acts.mark_all(consoles)
    await first.type("console-chat-input", "请把镜头对准排烟口,慢一点。")
    await first.tap("console-chat-send")
    await expect(phone.page.get_by_test_id("live-unread")).to_be_visible()
    await acts.raise_finding(first, "排烟口滤网油污较厚,需清洗")
    await phone.picture("phone-live")
    await first.picture("console")
    await consoles[1].picture("console-1920")
    for console in consoles:
        await expect(console.page.get_by_test_id("console-head")).to_have_attribute("data-progress", "checked")
    await acts.agree_on_summary(phone, consoles, "已查看全部要点,1 项需整改,其余符合要求。")
    await expect(phone.page.get_by_test_id("live-ended")).to_have_attribute("data-cause", "completed")


async def settle(phone: Screen, desk: Screen, inspection_url: str, tmp_path: Path) -> None:
    photo = tmp_path / "after.jpg"
    photo.write_bytes(picture_of(find_clips()[0]))
    await phone.tap("live-end-my")
    await acts.answer_finding(phone, photo)
    await phone.picture("phone-case")
    await desk.page.goto(inspection_url)
    await desk.tap("finding-accept")
    await expect(desk.page.locator("[data-testid^='finding-'][data-state='accepted']")).to_be_visible()
    await acts.record_visit(desk)
    await acts.give_opinion(desk)
    await desk.picture("case-concluded")


async def replay(auditor: Screen) -> None:
    await auditor.page.locator("[data-testid^='inspection-']").first.click()
    video = auditor.page.get_by_test_id("replay-video")
    await expect(video).to_be_visible(timeout=60_000)
    await auditor.until("() => document.querySelector('video')?.readyState >= 2")
    for lane in ("still", "finding", "chat"):
        await jump(auditor, lane)
    await auditor.picture("replay")
    await expect(auditor.page.get_by_test_id("signed-share")).to_have_attribute("data-kind", "share")
    await auditor.tap("audit-verify")
    await expect(auditor.page.get_by_test_id("verdict")).to_have_attribute("data-verdict", "whole", timeout=60_000)
    await auditor.picture("replay-verdict")


async def jump(auditor: Screen, lane: str) -> None:
    """A click on a mark moves the film to its moment, within half a second."""
    mark = auditor.page.get_by_test_id(f"timeline-{lane}").first
    wanted_s = int(str(await mark.get_attribute("data-offset-ms"))) / 1000
    await mark.click()
    await auditor.until(
        "wanted => { const film = document.querySelector('video');"
        " return !film.seeking && Math.abs(film.currentTime - wanted) <= 0.5 }",
        wanted_s,
    )


async def see_a_contradiction(phone: Screen) -> None:
    """A phone that holds a head of another ledger is told so, plainly, and can give both heads away."""
    await phone.page.evaluate(
        "() => { const name = Object.keys(localStorage).find(one => one.startsWith('ytk-heads-'));"
        " const kept = JSON.parse(localStorage.getItem(name));"
        ' kept.newest = kept.newest.replace(/"root":"[0-9a-f]{8}/, \'"root":"00000000\');'
        " localStorage.setItem(name, JSON.stringify(kept)); }"
    )
    await phone.page.reload()
    alarm = phone.page.get_by_test_id("head-alarm")
    await expect(alarm).to_be_visible()
    assert await alarm.get_attribute("data-what") in ("fork", "rewritten")
    await alarm.scroll_into_view_if_needed()
    await phone.picture("phone-contradiction")
    given = unquote(str(await alarm.get_by_test_id("head-alarm-save").get_attribute("href")).partition(",")[2])
    assert len(parse_receipt(given)) == 2


def verify_on_the_command_line(office: Office, inspection_id: str, receipts: list[str], tmp_path: Path) -> None:
    package = tmp_path / "package.zip"
    office.run("export", inspection_id, "-o", str(package))
    verdict = json.loads(office.run("verify", str(package), "--json").stdout)
    assert verdict["verdict"] == "whole", verdict
    held = tmp_path / "receipts.txt"
    held.write_text("".join(receipts), encoding="utf-8")
    checked = json.loads(office.run("verify", str(package), "--json", "--receipt", str(held)).stdout)
    assert checked["verdict"] == "whole", checked
    assert checked["proven"] != verdict["proven"], "receipts count for something"
    other = json.loads(office.run("verify", str(package), "--json", "--receipt", "A" * 26, expected=1).stdout)
    assert other["first_problem"]["code"] == "receipt_not_contained"
    assert office.run("check").returncode == 0
    broken = bytearray(package.read_bytes())
    broken[len(broken) // 2] ^= 0x01
    package.write_bytes(broken)
    verdict = json.loads(office.run("verify", str(package), "--json", expected=1).stdout)
    assert verdict["verdict"] == "broken"
    assert re.search(r"\w", verdict["first_problem"]["where"])
