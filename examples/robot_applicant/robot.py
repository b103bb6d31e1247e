"""A robot applicant: comes in by pick-up code, films real footage, walks, signs, and answers findings.

It uses the public HTTPS interface, the session socket and the phone's SMS (here: the console gateway's outbox), so it
shows what an applicant's phone does, without a phone.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import av
import cv2
from socketio.exceptions import SocketIOError

from examples.robot_applicant.footage import FootageTrack, VoiceTrack
from examples.robot_applicant.receipts import KeptReceipts
from examples.robot_applicant.walk import Walk
from web.client import Json, PublicClient, Refused
from web.client_calls import Calls

FIX_EVERY_S = 5.0
CODE_TIMEOUT_S = 20.0
LONGEST_WAIT_S = 90
RELAY_RETRY_S = 0.5


@dataclass(frozen=True)
class Errand:
    """What the robot was told: its code and phone, where its SMS arrive, which clips it shows, where receipts go."""

    pickup_code: str
    phone: str
    sms_outbox: Path
    clips: list[Path]
    receipts: Path | None = None


class Robot:
    """Plays one applicant from the pick-up code to the answered findings."""

    def __init__(self, client: PublicClient, errand: Errand) -> None:
        self._client = client
        self._errand = errand
        self._calls = Calls(client, [FootageTrack(errand.clips), VoiceTrack()])
        self._receipts = KeptReceipts(client)
        self._walk: Walk | None = None
        self._session_id = ""
        self._is_replaced = False

    async def run(self) -> None:
        """Until the session has ended and every open finding is answered."""
        opened = await self._come_in()
        self._walk = walk_around(opened["inspection"])
        await self._go_live()
        staying = asyncio.create_task(self._stay_until_the_end())
        walking = asyncio.create_task(self._keep_reporting_fixes(staying))
        try:
            await staying
        except asyncio.CancelledError:
            if not self._is_replaced:
                raise
            say("somebody came in as the applicant by a new code: the robot leaves the place to them")
            return
        finally:
            walking.cancel()
            await self._calls.aclose()
        await self._answer_findings()
        if self._errand.receipts is not None:
            await self._receipts.write(opened["inspection"]["id"], self._errand.receipts)
            say(f"kept the receipt, after {self._receipts.heads} heads during the call")

    async def _come_in(self) -> Json:
        invitation = await self._client.post(
            "/api/applicant/invitations/look-up",
            {"pickup_code": self._errand.pickup_code, "phone": self._errand.phone},
        )
        told_at = now_rfc3339()
        asked_at = await self._ask_for_code(invitation["token"])
        code = await read_code(self._errand.sms_outbox, self._errand.phone, asked_at)
        redeemed = await self._client.post(
            "/api/applicant/invitations/redeem",
            {"token": invitation["token"], "code": code, "told_at": told_at, "agreed_position": True},
        )
        self._client.csrf = redeemed["csrf"]
        self._session_id = redeemed["session_id"]
        say("came in by code", invitation["item_name"])
        return await self._client.get("/api/applicant/my")

    async def _ask_for_code(self, token: str) -> float:
        """When it was asked for (unix s). Waits where one was sent a moment ago, as a person would; raises Refused."""
        while True:
            asked_at = time.time()
            try:
                await self._client.post("/api/applicant/invitations/send-code", {"token": token})
                return asked_at
            except Refused as refused:
                wait_s = refused.body.get("retry_after_s") or 0
                if refused.code != "too_many_attempts" or not 0 < wait_s <= LONGEST_WAIT_S:
                    raise
                say(f"a code was sent a moment ago, asking again in {wait_s} s")
                await asyncio.sleep(wait_s)

    async def _go_live(self) -> None:
        socket, namespace = self._client.socket, self._client.namespace
        socket.on("peer:closed", self._on_peer_closed, namespace=namespace)
        await self._client.connect()
        await self._enter()
        socket.on("connect", self._enter, namespace=namespace)
        say("live: camera, voice and position are on")

    async def _enter(self) -> None:
        await self._client.join(self._session_id)
        await self._calls.rebuild()

    async def _on_peer_closed(self, message: Json) -> None:
        say("connection lost:", message["cause"])
        rebuilding = self._calls.rebuild_without(message["peer_id"])
        while True:
            try:
                return await rebuilding
            except Refused as refused:
                if refused.code != "relay_unavailable":
                    raise
            await asyncio.sleep(RELAY_RETRY_S)
            rebuilding = self._calls.rebuild()

    async def _keep_reporting_fixes(self, staying: asyncio.Task[None]) -> None:
        started_s = time.monotonic()
        while self._walk is not None:
            here = self._walk.at(time.monotonic() - started_s)
            try:
                await self._client.act("fix:report", {**here, "taken_at": now_rfc3339()})
            except (Refused, TimeoutError, ConnectionError, SocketIOError) as problem:
                say("position not taken:", str(problem))
                if await self._is_signed_out():
                    self._is_replaced = True
                    staying.cancel()
                    return
            await asyncio.sleep(FIX_EVERY_S)

    async def _is_signed_out(self) -> bool:
        try:
            await self._client.get("/api/applicant/me")
        except Refused as refused:
            return refused.code == "not_authenticated"
        except aiohttp.ClientError:
            return False  # the server is away: the socket comes back by itself
        return False

    async def _stay_until_the_end(self) -> None:
        forever_s = 7 * 24 * 3600.0
        summary = await self._client.log.wait_for(ends_or_sums_up, forever_s)
        if summary["kind"] == "summary":
            await self._client.act("summary:sign", {"decision": "signed"})
            say("signed the summary")
            await self._client.log.wait_for(lambda entry: entry["kind"] == "session_ended", forever_s)
        say("the session has ended")

    async def _answer_findings(self) -> None:
        mine = await self._client.get("/api/applicant/my")
        for finding in mine["inspection"]["findings"]:
            if finding["state"] == "open":
                await self._client.post_form(
                    f"/api/applicant/findings/{finding['id']}/rectifications",
                    {"text": "已按要求整改,见照片。"},
                    photo=picture_of(self._errand.clips[0]),
                )
                say("answered a finding with a new photo:", finding["text"])


def ends_or_sums_up(entry: Json) -> bool:
    return entry["kind"] in ("summary", "session_ended", "stopped")


def walk_around(inspection: Json) -> Walk | None:
    """None where the premises have no position: the robot then reports none either."""
    position = inspection["premises"]["position"]
    return Walk(position["latitude"], position["longitude"]) if position else None


async def read_code(outbox: Path, phone: str, after_unix_s: float) -> str:
    """The newest six-digit code sent to `phone`; raises TimeoutError when none arrives."""
    async with asyncio.timeout(CODE_TIMEOUT_S):
        while True:
            if code := find_code(outbox, phone, after_unix_s):
                return code
            await asyncio.sleep(0.1)


def find_code(outbox: Path, phone: str, after_unix_s: float) -> str | None:
    if not outbox.exists():
        return None
    for line in reversed(outbox.read_text(encoding="utf-8").splitlines()):
        message = json.loads(line)
        sent_s = datetime.fromisoformat(message["at"]).timestamp()
        digits = [word for word in split_numbers(message["text"]) if len(word) == 6]
        if message["phone"] == phone and sent_s >= after_unix_s - 1 and digits:
            return digits[0]
    return None


def split_numbers(text: str) -> list[str]:
    return "".join(sign if sign.isdigit() else " " for sign in text).split()


def picture_of(clip: Path) -> bytes:
    """The clip's middle picture as JPEG."""

    with av.open(str(clip)) as container:
        frames = [frame for _, frame in zip(range(40), container.decode(video=0), strict=False)]
    ok, jpeg = cv2.imencode(".jpg", frames[-1].to_ndarray(format="bgr24"))
    if not ok:
        raise ValueError(f"no picture in {clip}")
    return jpeg.tobytes()


def now_rfc3339() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def say(*words: str) -> None:
    print("robot:", *words, flush=True)
