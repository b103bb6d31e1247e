"""The live part of the day: two inspectors watch, mark, take stills, raise a finding and close with a summary."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from examples.demo_day.case import DemoCase, require
from examples.robot_applicant.footage import VoiceTrack
from web.client import Json, PublicClient
from web.client_calls import Calls

ARRIVAL_TIMEOUT_S = 60.0
PICTURES_WANTED = 150
FIXES_WANTED = 3
STILL_LIMIT_S = 1.0


async def hold_session(case: DemoCase, inspectors: list[PublicClient]) -> None:
    calls = [Calls(client, [VoiceTrack(pitch_hz=95.0 + 60 * number)]) for number, client in enumerate(inspectors)]
    try:
        for client, call in zip(inspectors, calls, strict=True):
            await client.connect()
            await client.join(case.session_id)
            await call.rebuild()
        first, second = inspectors
        await watch(first, calls)
        await inspect(case, first, second)
        await close(first, second)
    finally:
        for call in calls:
            await call.aclose()


async def watch(first: PublicClient, calls: list[Calls]) -> None:
    await first.log.wait_for(is_kind("recording"), ARRIVAL_TIMEOUT_S)
    for call in calls:
        await call.wait_for_pictures(PICTURES_WANTED, ARRIVAL_TIMEOUT_S)
    require(True, f"both inspectors see live video ({PICTURES_WANTED} pictures each)")
    await first.log.wait_for(is_kind("fix", more_than=FIXES_WANTED - 1), ARRIVAL_TIMEOUT_S)
    require(True, "the applicant's position arrives")


async def inspect(case: DemoCase, first: PublicClient, second: PublicClient) -> None:
    items = await check_items(case, first)
    still = await timed_still(first, items[0])
    for number, item in enumerate(items):
        inspector = (first, second)[number % 2]
        mark: Json = {"item_id": item, "seen": "seen", "result": "fail" if number == 1 else "pass"}
        await inspector.act("check:mark", {**mark, "still_ids": [still["still_id"]], "note": ""})
    await second.act("chat:send", {"text": "请把镜头对准排烟口,慢一点。"})
    finding = {
        "text": "排烟口滤网油污较厚,需清洗",
        "severity": "minor",
        "clause": "《食品安全国家标准 餐饮服务通用卫生规范》GB 31654-2021",
        "due_date": (datetime.now(UTC) + timedelta(days=7)).date().isoformat(),
        "still_id": still["still_id"],
        "session_id": case.session_id,
    }
    await first.post(f"{case.inspection_path}/findings", finding)
    await second.log.wait_for(is_kind("finding"), ARRIVAL_TIMEOUT_S)
    require(True, "a finding on a still reaches the other inspector")


async def check_items(case: DemoCase, client: PublicClient) -> list[str]:
    detail = await client.get(case.inspection_path)
    return [item["id"] for item in detail["item"]["items"]]


async def timed_still(inspector: PublicClient, item_id: str) -> Json:
    started_s = time.monotonic()
    still = await inspector.act("still:take", {"item_id": item_id})
    elapsed_s = time.monotonic() - started_s
    picture = await inspector.get_bytes(still["url"])
    require(picture[:2] == b"\xff\xd8", "a stamped still comes back as JPEG")
    require(elapsed_s <= STILL_LIMIT_S, f"the still took {elapsed_s * 1000:.0f} ms")
    return still


async def close(first: PublicClient, second: PublicClient) -> None:
    await first.act("summary:propose", {"text": "已查看全部要点,1 项需整改,其余符合要求。"})
    await second.log.wait_for(is_kind("summary"), ARRIVAL_TIMEOUT_S)
    for inspector in (first, second):
        await inspector.act("summary:sign", {"decision": "signed"})
    await first.log.wait_for(is_kind("signature", more_than=2), ARRIVAL_TIMEOUT_S)
    require(True, "applicant and both inspectors signed the summary")
    await first.act("session:end", {})
    await second.log.wait_for(is_kind("session_ended"), ARRIVAL_TIMEOUT_S)


def is_kind(kind: str, more_than: int = 0) -> Callable[[Json], bool]:
    """Fits the first entry of `kind` after `more_than` earlier ones."""
    seen: set[int] = set()

    def fits(entry: Json) -> bool:
        if entry["kind"] == kind:
            seen.add(entry["seq"])
        return len(seen) > more_than

    return fits
