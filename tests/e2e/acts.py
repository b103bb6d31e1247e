"""What people do on the screens, one function an act."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from playwright.async_api import expect

from tests.e2e.browsers import SITE, Screen
from tests.e2e.office import Office, Person

PHONE = "13800138000"
USCC = "91350100M000100Y43"
ITEMS = ("signboard", "surroundings", "layout", "equipment", "washing", "pests", "storage", "staff")
PIECES = "[data-testid^='still-'] img"


@dataclass(frozen=True)
class Invited:
    inspection_url: str
    console_url: str
    link: str
    pickup_code: str


async def sign_in(screen: Screen, person: Person) -> None:
    await screen.type("login-username", person.username)
    await screen.type("login-password", person.password)
    await screen.tap("login-submit")
    await screen.page.wait_for_url(re.compile(r"/(office|audit)$"))


async def open_inspection(screen: Screen, second: Person | None) -> None:
    """Fills the form and waits for the case page."""
    await screen.tap("new-inspection")
    await screen.tap("new-item")
    await screen.tap("new-item-food_business")
    if second is not None:
        await screen.tap("new-second")
        await screen.page.locator("[data-testid^='new-second-']").filter(has_text=second.name).click()
    await screen.type("new-applicant-name", "张记面馆(个体工商户)")
    await screen.type("new-phone", PHONE)
    await screen.type("new-id-number", USCC)
    await screen.type("new-premises-name", "张记面馆")
    await screen.type("new-address", "示范县人民路12号")
    await screen.type("new-latitude", str(SITE["latitude"]))
    await screen.type("new-longitude", str(SITE["longitude"]))
    await screen.type("new-radius", "120")
    await screen.tap("create-submit")
    await screen.page.wait_for_url(re.compile(r"/office/inspections/[a-z2-7]{26}$"))


async def invite(screen: Screen, nature: str) -> Invited:
    await screen.tap(f"nature-{nature}")
    await screen.tap("session-create")
    code = await screen.page.get_by_test_id("invitation-code").inner_text()
    link = await screen.page.get_by_test_id("invitation-link").get_attribute("href")
    session = screen.page.locator("[data-testid^='session-'][data-state='waiting']").first
    session_id = str(await session.get_attribute("data-testid")).removeprefix("session-")
    url = screen.page.url
    return Invited(url, f"{url}/sessions/{session_id}", str(link), code)


async def come_in(phone: Screen, office: Office, number: str = PHONE) -> None:
    """From the notice to the live page, by the code that was sent to the phone."""
    asked_s = time.time()
    await phone.tap("notice-continue")
    await phone.tap("position-agree")
    code = await office.code_for(number, asked_s)
    await phone.type("code-input", code)
    await phone.tap("preflight-start")
    await phone.see("live-stop")


async def take_still(console: Screen) -> None:
    before = await console.page.locator(PIECES).count()
    await console.tap("console-still")
    await expect(console.page.locator(PIECES)).not_to_have_count(before)


async def mark_all(consoles: list[Screen]) -> None:
    """Both inspectors mark, turn by turn; the second item fails."""
    for number, item in enumerate(ITEMS):
        console = consoles[number % len(consoles)]
        await console.tap(f"check-{item}-seen")
        await console.tap(f"check-{item}-{'fail' if number == 1 else 'pass'}")


async def raise_finding(console: Screen, text: str) -> None:
    await console.page.locator(PIECES).first.click()
    await console.tap("console-finding-open")
    await console.type("finding-text", text)
    await console.tap("finding-severity-minor")
    await console.type("finding-due", (date.today() + timedelta(days=7)).isoformat())
    if not await console.page.get_by_test_id("finding-clause").input_value():
        await console.type("finding-clause", "《食品安全法》第三十三条")
    await console.tap("finding-submit")


async def agree_on_summary(phone: Screen, consoles: list[Screen], text: str) -> None:
    first = consoles[0]
    await first.tap("console-end")
    await first.type("summary-text", text)
    await first.tap("summary-propose")
    await first.tap("summary-sign")
    for other in consoles[1:]:
        await other.tap("summary-sign")
    await phone.tap("summary-sign")
    for role in ("applicant", "inspector"):
        await expect(first.page.get_by_test_id(f"signer-{role}").first).to_have_attribute("data-decision", "signed")
    await first.tap("summary-finish")


async def answer_finding(phone: Screen, photo: Path) -> None:
    await phone.tap("my-finding-answer")
    await phone.type("rectify-text", "滤网已清洗并更换,见照片。")
    await phone.page.get_by_test_id("rectify-photo").set_input_files(photo)
    await phone.tap("rectify-send")
    await expect(phone.page.get_by_test_id("my-finding")).to_have_attribute("data-state", "submitted")


async def record_visit(desk: Screen) -> None:
    await desk.tap("visit-open")
    await desk.type("visit-at", f"{date.today().isoformat()}T09:30")
    await desk.type("visit-visitor-0", "王复核")
    for choice in await desk.page.locator("[data-testid^='visit-'][data-testid$='-yes']").all():
        await choice.click()
    await desk.tap("visit-submit")


async def give_opinion(desk: Screen) -> None:
    await desk.tap("opinion-open")
    await desk.tap("opinion-fit")
    await desk.type("opinion-text", "经核查符合要求,建议准予许可。")
    await desk.tap("opinion-submit")
    await desk.see("opinion")
