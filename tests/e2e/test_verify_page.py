"""`verify.html` opened from disk in a real Chromium: whole, broken, redacted; nothing leaves the page."""

from __future__ import annotations

import base64
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.async_api import Page, expect

from inspection.domain.package_withheld import Withheld
from inspection.store.package_export import export_file
from media.stills_tiles import tiles_root
from tests.e2e.browsers import OUTPUT, chromium
from tests.inspection.proof.builder import LI, SESSION, START, WANG, Case, still_payload
from tests.inspection.proof.tamper.forge import Forged
from tests.inspection.proof.tamper.tiled_stills import TiledStill, cover
from web.verify.assemble import PAGE

pytestmark = pytest.mark.e2e


def shopfront(case: Case) -> TiledStill:
    """A still whose pixels are a picture of something, tiled, and its JPEG."""
    width, height, seed = 640, 480, bytes(range(32))
    picture = np.full((height, width, 3), (214, 224, 205), np.uint8)
    cv2.rectangle(picture, (60, 60), (580, 150), (60, 60, 170), -1)
    cv2.putText(picture, "XIAO WANG NOODLES", (95, 120), cv2.FONT_HERSHEY_DUPLEX, 1.3, (255, 255, 255), 2)
    cv2.rectangle(picture, (220, 200), (420, 470), (70, 90, 120), -1)
    cv2.circle(picture, (520, 320), 60, (150, 170, 220), -1)
    i420 = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes()
    content = cv2.imencode(".jpg", picture)[1].tobytes()
    file = f"{SESSION}/stills/signboard.jpg"
    case.keep(file, content)
    tiles = {"tiles_root": tiles_root(i420, width, height, seed), "tiles_seed": seed.hex()}
    entry = case.add(
        "still", {**still_payload("signboard", file, content), "width": width, "height": height, **tiles}, LI
    )
    return TiledStill("signboard", entry.seq, i420, width, height, seed)


def inspection(root: Path) -> tuple[Case, TiledStill]:
    """A small case with words that people said."""
    case = Case(root)
    case.open()
    case.record()
    case.rectify()
    case.viewing()
    case.checkpoint()
    case.rotate(2)
    still = shopfront(case)
    for who, text in ((LI, "请把镜头对准招牌"), (WANG, "好的,这是 𠮷祥面馆 的招牌"), (LI, "谢谢,请再拍一下消毒柜")):
        case.add("chat", {"session_id": SESSION, "text": text}, who)
        case.checkpoint()
    return case, still


@asynccontextmanager
async def opened_page() -> AsyncIterator[Page]:
    """The page from disk, and afterwards: it asked for nothing and complained of nothing."""
    async with chromium() as browser:
        context = await browser.new_context(offline=True, viewport={"width": 1100, "height": 900})
        page = await context.new_page()
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        await page.goto(PAGE.as_uri())
        yield page
        assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
        assert said == []


async def verify(page: Page, package: Path) -> None:
    await page.set_input_files("#file", str(package))
    await expect(page.locator("#result .verdict")).to_be_visible(timeout=20_000)


async def shoot(page: Page, name: str) -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=OUTPUT / f"{name}.png", full_page=True)


async def test_a_whole_package_with_key_and_receipt_says_so_in_both_languages(tmp_path):
    case, _ = inspection(tmp_path)
    package = case.export()
    async with opened_page() as page:
        await verify(page, package)
        await expect(page.locator(".verdict h2")).to_have_text("完整")
        await expect(page.locator(".verdict .note")).to_contain_text("仅为自洽")
        await page.locator("#outside summary").click()
        await page.fill("#trust", base64.b64encode(case.signer.public_key()).decode())
        await page.fill("#receipts", "\n".join(case.receipt(one.size)[1].lower() for one in case.checkpoints[:2]))
        await page.click("#again")
        await expect(page.locator(".proven")).to_contain_text("所给回执 2 份与台账一致")
        await expect(page.locator(".verdict .note")).to_contain_text("尚未对照")
        await expect(page.locator(".proven")).to_contain_text("签名密钥就是所给的可信公钥")
        await expect(page.locator("table")).to_contain_text("𠮷祥面馆")
        await shoot(page, "verify-whole")
        await page.click("#language")
        await expect(page.locator(".verdict h2")).to_have_text("Whole")
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await page.emulate_media(media="print")
        await expect(page.locator("#give")).to_be_hidden()
        await shoot(page, "verify-print")


async def test_a_broken_package_names_the_first_bad_entry(tmp_path):
    case, _ = inspection(tmp_path)
    forged = Forged(case.export(), [case.signer])
    seq = next(entry.seq for entry in case.entries if entry.kind == "finding")
    lines = forged.members["ledger.jsonl"].split(b"\n")
    lines[seq - 1] = lines[seq - 1].replace(b'"severity":"minor"', b'"severity":"major"')
    forged.members["ledger.jsonl"] = b"\n".join(lines)
    async with opened_page() as page:
        await verify(page, forged.write(tmp_path / "broken.zip"))
        await expect(page.locator(".verdict h2")).to_have_text("不完整或被改动")
        await expect(page.locator(".verdict")).to_contain_text(f"台账第 {seq} 条")
        await expect(page.locator(".verdict")).to_contain_text("entry_hash")
        await expect(page.locator("tr.fault-row")).to_be_visible()
        await shoot(page, "verify-broken")


async def test_a_redacted_package_says_what_is_left_out(tmp_path):
    case, still = inspection(tmp_path)
    withheld = cover(still, random.Random(8), "redacted")
    withheld.append(Withheld("journal", "redacted", session=SESSION, track="track1", from_index=1, to_index=1))
    names = [entry for entry in case.entries if "/actor/name" in entry.openings and entry.actor["role"] == "applicant"]
    withheld += [Withheld("opening", "redacted", seq=entry.seq, path="/actor/name") for entry in names]
    plan = case.plan("court", withheld)
    plan = replace(plan, texts=(*plan.texts, *still.texts))
    out = export_file(plan, case.evidence, case.signer, tmp_path / "redacted.zip", START, "YunTaKan test").path
    async with opened_page() as page:
        await verify(page, out)
        await expect(page.locator(".verdict h2")).to_have_text("完整,有内容未提供")
        await expect(page.locator(".withheld")).to_contain_text("照片 signboard 遮盖")
        await expect(page.locator(".withheld")).to_contain_text("录像 track1 第 1 至 1 段")
        await expect(page.locator("table")).to_contain_text("[为隐私移除]")
        await page.wait_for_function("[...document.querySelectorAll('.stills canvas')].some((c) => c.width === 640)")
        await shoot(page, "verify-redacted")


async def test_what_is_no_package_and_what_is_no_key_are_told_plainly(tmp_path):
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.7 hello")
    async with opened_page() as page:
        await verify(page, tmp_path / "x.pdf")
        await expect(page.locator(".verdict h2")).to_have_text("不是可打开的证据包")
        await page.locator("#outside summary").click()
        await page.fill("#trust", "not a key")
        await page.click("#again")
        await expect(page.locator("#trust-fault")).to_have_text("无法识别公钥或证书")
