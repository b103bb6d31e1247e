"""A page's key comes on record, and what its frames' signatures show; with the whole server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_asyncio

from media.bench.material import Material, make_material, packetise
from media.bench.peers import VIDEO_STEP, VIDEO_TYPE, LoadSender
from media.peer import PeerIdentity
from tests.e2e.kills import SocketPort
from tests.media.page_signing import SigningPage, raw_signature
from tests.signaling.served import Case
from web.client import Json, Refused

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(120)]


class SigningSender(LoadSender):
    """Frames of a page that signs each; `change` may do something to one on its way."""

    def __init__(self, material: Material, page: SigningPage, change: Any = None) -> None:
        super().__init__(PeerIdentity("s", "up", "p", "applicant", "up"), material)
        self._clip = [b"".join(part[1:] for part in parts) for parts in material.video]
        self._page = page
        self._change = change
        self._enough = (asyncio.Event(), 0)

    async def sent(self, frames: int) -> None:
        """Waits until so many have gone out."""
        self._enough = (asyncio.Event(), frames)
        await self._enough[0].wait()

    def _send_frame(self, index: int) -> None:
        signed = self._page.carry(self._clip[index % len(self._clip)])
        parts = packetise(self._change(index, signed) if self._change else signed)
        for number, payload in enumerate(parts):
            marker = 0x80 if number == len(parts) - 1 else 0
            self._send(marker, VIDEO_TYPE, self._video_sequence, index * VIDEO_STEP, self._video_ssrc, payload)
            self._video_sequence += 1
        enough, frames = self._enough
        if index + 1 >= frames:
            enough.set()


@pytest.fixture(scope="module")
def material() -> Material:
    return make_material()


@pytest_asyncio.fixture(loop_scope="package")
async def live(case: Case) -> AsyncIterator[Case]:
    await case.go_live()
    yield case


async def enrolment(case: Case, page: SigningPage, browser: str = "Chrome 141", **changes: str) -> Json:
    participant_id = (await case.applicant.join(case.session_id))["participant_id"]
    nonce = (await case.applicant.call("signing:nonce", {}))["nonce"]
    said = "\n".join(("yuntakan-page-key-v1", case.session_id, participant_id, nonce, browser))
    body = {
        "algorithm": "ES256",
        "public_key": base64.b64encode(page.public_key).decode(),
        "nonce": nonce,
        "browser": browser,
        "proof": base64.b64encode(raw_signature(page.private, said.encode())).decode(),
    }
    return body | changes


async def test_a_key_whose_holder_signed_the_nonce_is_on_record(live: Case) -> None:
    page = SigningPage()
    asked = await enrolment(live, page)
    await live.applicant.call("signing:enrol", asked)
    (entry,) = await live.entries("page_key")
    payload = entry["payload"]
    assert payload["fingerprint"] == hashlib.sha256(page.public_key).hexdigest()
    assert payload["nonce"] == asked["nonce"] and payload["browser"] == "Chrome 141"
    assert entry["actor"]["role"] == "applicant"


async def test_a_page_that_was_loaded_anew_has_another_key_and_another_entry(live: Case) -> None:
    for page in (SigningPage(), SigningPage()):
        await live.applicant.call("signing:enrol", await enrolment(live, page))
    keys = [entry["payload"]["fingerprint"] for entry in await live.entries("page_key")]
    assert len(set(keys)) == 2


async def test_nobody_enrols_a_key_that_they_do_not_hold(live: Case) -> None:
    asked = await enrolment(live, SigningPage())
    other = base64.b64encode(SigningPage().public_key).decode()
    with pytest.raises(Refused, match="field_invalid"):
        await live.applicant.call("signing:enrol", asked | {"public_key": other})
    with pytest.raises(Refused, match="nonce_unknown"):  # good once
        await live.applicant.call("signing:enrol", asked)
    assert await live.entries("page_key") == []


@pytest.mark.parametrize(
    "change",
    [{"public_key": "AAAA"}, {"public_key": base64.b64encode(b"\x04" + bytes(64)).decode()}, {"proof": "AAAA"}],
)
async def test_what_is_no_key_or_no_proof_is_refused(live: Case, change: dict[str, str]) -> None:
    asked = await enrolment(live, SigningPage(), **change)
    with pytest.raises(Refused, match="field_invalid"):
        await live.applicant.call("signing:enrol", asked)


async def test_only_an_applicants_page_signs(live: Case) -> None:
    with pytest.raises(Refused, match="not_allowed"):
        await live.inspector.call("signing:nonce", {})


async def counted(case: Case, sender: SigningSender, frames: int = 45) -> Json:
    """What is on record of a track of at least so many frames."""
    try:
        await sender.publish(cast(Any, SocketPort(case.applicant)))
        async with asyncio.timeout(20):
            await sender.is_connected.wait()
            sender.play()
            await sender.sent(frames)
    finally:
        await sender.aclose()
    await case.applicant.act("session:stop", {})
    async with asyncio.timeout(20):
        while not (said := await case.entries("signatures")):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert len(said) == 1
    return cast(Json, said[0]["payload"])


async def test_what_the_signatures_of_a_track_show_is_on_record_when_it_ends(live: Case, material: Material) -> None:
    page = SigningPage()
    await live.applicant.call("signing:enrol", await enrolment(live, page))
    said = await counted(live, SigningSender(material, page))
    (track,) = [entry for entry in await live.entries("track") if entry["payload"]["kind"] == "video"]
    segments = await live.entries("segment")
    assert said["track_id"] == track["payload"]["track_id"]
    assert (said["from_index"], said["to_index"]) == (0, said["frames"] - 1)
    assert said["frames"] > 20 and said["signed"] == said["frames"]
    assert (said["broken"], said["missing_counters"], said["clock_jumps"]) == (0, 0, 0)
    assert segments


async def test_a_frame_that_was_changed_on_the_way_is_told(live: Case, material: Material) -> None:
    page = SigningPage()
    await live.applicant.call("signing:enrol", await enrolment(live, page))
    change = lambda index, signed: signed[:40] + bytes([signed[40] ^ 1]) + signed[41:] if index % 10 == 5 else signed  # noqa: E731
    said = await counted(live, SigningSender(material, page, change))
    assert said["broken"] >= 2
    assert said["signed"] + said["broken"] == said["frames"]


async def test_frames_under_a_key_that_was_not_enrolled_are_not_signed(live: Case, material: Material) -> None:
    said = await counted(live, SigningSender(material, SigningPage()))
    assert (said["signed"], said["broken"]) == (0, said["frames"])
