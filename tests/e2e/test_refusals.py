"""What an applicant meets when something is refused: said in Chinese, nothing typed is lost, the next step is named."""

from __future__ import annotations

import re
import time

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e import acts
from tests.e2e.browsers import FLAGS, Screen, chromium, launch, open_desk
from tests.e2e.office import Office

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

NARROW = {"width": 320, "height": 640}
ASKING_FLAGS = [flag for flag in FLAGS if flag != "--use-fake-ui-for-media-stream"]
NO_SUCH_TOKEN = "a" * 26
NEXT_STEPS = {"/": "home-applicant", "/a": "pickup-submit", "/my": "my-pick-up", "/live": "live-pick-up"}


async def test_refusals_say_the_next_step_on_a_narrow_phone(office: Office) -> None:
    async with chromium() as desks, async_playwright() as playwright:
        phones = await launch(playwright, ASKING_FLAGS)
        desk = await open_desk(desks, f"{office.url}/office/login")
        await acts.sign_in(desk, office.inspectors[0])
        phone = await open_refusing_phone(phones, f"{office.url}/")
        await pages_of_a_stranger_fit(phone, office)

        await acts.open_inspection(desk, None)
        withdrawn = await acts.invite(desk, "guidance")
        await a_withdrawn_link_says_so(phone, desk, withdrawn.link)

        await desk.page.goto(f"{office.url}/office")
        await acts.open_inspection(desk, None)
        invited = await acts.invite(desk, "guidance")
        await a_wrong_code_stays_in_its_field(phone, office, invited.link)
        await without_camera_and_position_it_goes_on(phone)
        assert phone.page.url.startswith(office.url), "it was led away from the office"
        await phones.close()


async def open_refusing_phone(browser: Browser, url: str) -> Screen:
    """A phone on which nothing is allowed: no camera, no microphone, no position."""
    context = await browser.new_context(
        viewport=NARROW,  # type: ignore[arg-type]
        is_mobile=True,
        has_touch=True,
        locale="zh-CN",
        ignore_https_errors=True,
        permissions=[],
    )
    page = await context.new_page()
    await page.goto(url)
    return Screen(context, page)


async def fits(phone: Screen) -> None:
    wide = await phone.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= NARROW["width"], f"{phone.page.url} is {wide} px wide"


async def says_in_chinese(phone: Screen, code: str) -> None:
    problem = phone.page.get_by_test_id("problem")
    await expect(problem).to_have_attribute("data-code", code)
    text = await problem.inner_text()
    assert re.search(r"[\u4e00-\u9fff]{4}", text), text
    assert not re.search(r"[A-Za-z_{}]", text), f"raw words on the page: {text}"
    await fits(phone)


async def pages_of_a_stranger_fit(phone: Screen, office: Office) -> None:
    for path, next_step in NEXT_STEPS.items():
        await phone.page.goto(f"{office.url}{path}")
        await phone.see(next_step)
        await fits(phone)
    await phone.page.goto(f"{office.url}/i/{NO_SUCH_TOKEN}")
    await says_in_chinese(phone, "invitation_unknown")
    await phone.see("invitation-by-code")


async def a_wrong_code_stays_in_its_field(phone: Screen, office: Office, link: str) -> None:
    asked_s = time.time()
    await phone.page.goto(link)
    await phone.see("notice-continue")
    await fits(phone)
    await phone.tap("notice-continue")
    await phone.see("position-agree")
    await fits(phone)
    await phone.tap("position-agree")
    right = await office.code_for(acts.PHONE, asked_s)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    await phone.type("code-input", wrong)
    await says_in_chinese(phone, "code_wrong")
    await expect(phone.page.get_by_test_id("code-input")).to_have_value(wrong)
    await phone.type("code-input", right)
    await phone.see("preflight-camera")


async def without_camera_and_position_it_goes_on(phone: Screen) -> None:
    await expect(phone.page.get_by_test_id("preflight-camera")).to_have_attribute("data-state", "failed")
    await expect(phone.page.get_by_test_id("preflight-position")).to_have_attribute("data-state", "no_position")
    await expect(phone.page.get_by_test_id("unblock-camera")).to_contain_text("打开摄像头的方法")
    await expect(phone.page.get_by_test_id("unblock-position")).to_contain_text("打开位置的方法")
    await phone.see("preflight-again")
    await fits(phone)
    await phone.tap("preflight-without-camera")
    await phone.see("live-stop")
    await expect(phone.page.get_by_test_id("live-connection")).to_have_count(0)
    await phone.see("live-open-camera")
    await expect(phone.page.get_by_test_id("live-place")).to_contain_text("无定位")
    await fits(phone)


async def a_withdrawn_link_says_so(phone: Screen, desk: Screen, link: str) -> None:
    await desk.tap("invitation-revoke")
    await desk.tap("invitation-revoke-confirm")
    await expect(desk.page.get_by_test_id("invitation-revoke-confirm")).to_have_count(0)
    await phone.page.goto(link)
    await says_in_chinese(phone, "invitation_revoked")
    await phone.see("invitation-by-code")
