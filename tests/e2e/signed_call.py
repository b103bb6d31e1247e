"""What signing costs in a real browser: `python -m tests.e2e.signed_call [--seconds 30] [--way streams] [--detail]`.

A phone's page in Chromium sends to a real server. Printed as JSON: milliseconds that a frame waited for its signature,
share of the bytes, frames late, frame rate at the console, and what the server counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.e2e import acts
from tests.e2e.browsers import Screen, chromium, open_desk, open_phone
from tests.e2e.footage import write_camera_file
from tests.e2e.office import Office, free_port

SCRIPT = Path(__file__).with_name("signing.js")
Json = dict[str, Any]


async def open_signing_phone(browser: Any, link: str, way: str) -> Screen:
    """A phone that signs by `transform`, by encoded `streams`, or not (`none`)."""
    phone = await open_phone(browser, "about:blank")
    await phone.context.add_init_script(SCRIPT.read_text("utf-8").replace("WAY", way))
    await phone.page.goto(link)
    return phone


async def call(office: Office, camera: Path, way: str, seconds: float, detail: bool = False) -> Json:
    """A call of so many seconds from its first picture on; what was seen of it."""
    async with chromium(camera) as phones, chromium() as desks:
        desk = await open_desk(desks, f"{office.url}/office/login")
        await acts.sign_in(desk, office.inspectors[0])
        await acts.open_inspection(desk, None)
        invited = await acts.invite(desk, "guidance")
        phone = await open_signing_phone(phones, invited.link, way)
        await acts.come_in(phone, office)
        await desk.page.goto(invited.console_url)
        await desk.wait_media("video", "framesDecoded", 15)
        if detail:
            await desk.tap("console-detail")
        before, freezes = await decoded(desk), await desk.media_sum("video", "freezeCount")
        await asyncio.sleep(seconds)
        seen = {
            "shown_fps": round((await decoded(desk) - before) / seconds, 1),
            "freezes": await desk.media_sum("video", "freezeCount") - freezes,
            "figures": await phone.page.evaluate("() => testSigning()"),
            "label": await label(desk),
        }
        await phone.tap("live-stop")
        await phone.tap("live-stop-confirm")
        await phone.see("live-ended")
        return seen | {"inspection_id": invited.inspection_url.rsplit("/", 1)[1]}


async def decoded(desk: Screen) -> float:
    return await desk.media_sum("video", "framesDecoded")


async def label(desk: Screen) -> Json:
    share = desk.page.get_by_test_id("signed-share")
    return {"kind": await share.get_attribute("data-kind"), "share": await share.get_attribute("data-share")}


def counted(office: Office, inspection_id: str, folder: Path) -> Json:
    """What entries say, and what the verifier says of the package."""
    import zipfile

    package = folder / "package.zip"
    office.run("export", inspection_id, "-o", str(package))
    with zipfile.ZipFile(package) as archive:
        entries = [json.loads(line) for line in archive.read("ledger.jsonl").splitlines()]
    said = [entry["payload"] for entry in entries if entry["kind"] == "signatures"]
    sums = {key: sum(each[key] for each in said) for key in ("frames", "signed", "broken", "missing_counters")}
    keys = [entry["payload"] for entry in entries if entry["kind"] == "page_key"]
    verdict = json.loads(office.run("verify", str(package), "--json", "--language", "zh-CN").stdout)
    return {"entries": len(said), **sums, "keys": keys, "verdict": verdict}


def costs(figures: list[Json]) -> Json:
    """Of all senders of a page together."""
    total = {key: sum(each[key] for each in figures) for key in ("carriers", "late", "bytes", "proofBytes", "waitedMs")}
    return {
        "ms_per_signature": round(total["waitedMs"] / max(1, total["carriers"]), 2),
        "longest_ms": round(max((each["longestMs"] for each in figures), default=0), 1),
        "proof_percent": round(100 * total["proofBytes"] / max(1, total["bytes"]), 2),
        "late": total["late"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="A call whose frames the page signs.")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--way", choices=("transform", "streams", "none"), default="transform")
    parser.add_argument("--detail", action="store_true", help="1280x720 at 30 frames a second instead of the default")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = {"width": 1280, "height": 720} if arguments.detail else {}
        camera = write_camera_file(folder / "camera.y4m", **size)
        office = Office(folder / "data", free_port())
        office.add_people()
        office.start()
        try:
            seen = asyncio.run(call(office, camera, arguments.way, arguments.seconds, arguments.detail))
            record = counted(office, seen["inspection_id"], folder)
        finally:
            office.stop()
    print(json.dumps({"way": arguments.way, **costs(seen["figures"]), **seen, **record}, ensure_ascii=False, indent=1))
    return 0 if record["verdict"]["verdict"] == "whole" and not record["broken"] else 1


if __name__ == "__main__":
    sys.exit(main())
