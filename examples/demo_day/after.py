"""After the call: the robot answers, the inspector accepts, somebody visits, the auditor replays and exports."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from examples.demo_day.case import DemoCase, require
from web.client import Json, PublicClient

ANSWER_TIMEOUT_S = 30.0
REPLAY_TIMEOUT_S = 60.0


async def settle_findings(case: DemoCase, inspector: PublicClient) -> None:
    detail = await wait_for_answers(case, inspector)
    for finding in detail["findings"]:
        path = f"{case.inspection_path}/findings/{finding['id']}/accept"
        await inspector.post(path, {"reason": "照片显示已清洗"})
    require(True, f"{len(detail['findings'])} answered finding(s) accepted")


async def wait_for_answers(case: DemoCase, inspector: PublicClient) -> Json:
    async with asyncio.timeout(ANSWER_TIMEOUT_S):
        while True:
            detail = await inspector.get(case.inspection_path)
            if all(finding["state"] == "submitted" for finding in detail["findings"]):
                return detail
            await asyncio.sleep(0.5)


async def visit_and_conclude(case: DemoCase, inspector: PublicClient) -> None:
    detail = await inspector.get(case.inspection_path)
    confirmed = [{"finding_id": finding["id"], "confirmed": True, "note": ""} for finding in detail["findings"]]
    items = [{"item_id": item["id"], "confirmed": True, "note": ""} for item in detail["item"]["items"]]
    visit = {"visited_at": now_rfc3339(), "visitors": ["王复核", "李现场"], "items": confirmed + items}
    await inspector.post(f"{case.inspection_path}/site-visits", visit)
    await inspector.post(f"{case.inspection_path}/opinion", {"opinion": "fit", "text": "符合要求,建议准予许可。"})
    detail = await inspector.get(case.inspection_path)
    require(detail["opinion"] is not None and bool(detail["visits"]), "site visit and opinion are recorded")


async def audit(case: DemoCase, auditor: PublicClient, package_path: Path) -> None:
    detail = await auditor.get(case.audit_path)
    require(len(detail["stills"]) >= 2, f"the auditor finds {len(detail['stills'])} stills")
    replay = await wait_for_replay(case, auditor)
    film = await auditor.get_bytes(replay["media_url"])
    require(film[:4] == b"\x1aE\xdf\xa3", f"the replay is a WebM of {len(film) // 1024} kB, {replay['duration_ms']} ms")
    verdict = await auditor.post(f"{case.audit_path}/verify")
    require(verdict["verdict"] == "whole", "the auditor's verify says whole")
    package_path.write_bytes(await auditor.get_bytes(f"{case.audit_path}/package"))
    require(package_path.stat().st_size > len(film), "the package is exported")


async def wait_for_replay(case: DemoCase, auditor: PublicClient) -> Json:
    async with asyncio.timeout(REPLAY_TIMEOUT_S):
        while True:
            sessions = (await auditor.get(f"{case.audit_path}/replay"))["sessions"]
            ready = [session for session in sessions if session["state"] == "ready"]
            if ready:
                return dict(ready[0])
            await asyncio.sleep(0.5)


def now_rfc3339() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
