"""A participant who misbehaves, with real SRTP, beside a witness in the same session: one table, one witness.

Each case: what the bad peer sends, and the code that its counters and the log name.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from media.config import RelayConfig
from media.errors import MediaError
from media.events import PeerLost
from media.peer import Peer, PeerIdentity
from media.rtp import rtcp
from tests.fuzz.corpus import EXTENSIONS, VIDEO_TYPE, rtp_header
from tests.fuzz.live import SHARED, Call, LiveCalls, Receiver, Sender, call_material, live_calls
from tests.fuzz.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

PAYLOAD = b"\x10\x01" + bytes(200)
#: Of the witness's 30 frames a second; a busy machine delays some by itself.
LEAST_FPS = 20.0
SECONDS = 1.0


class Watched(Sender):
    """Counts the key frames that the relay asks it for."""

    asked = 0

    def take_datagram(self, data: bytes) -> None:
        if 191 < data[1] < 224:
            assert self._unprotect_rtcp is not None
            for item in rtcp.parse_compound(self._unprotect_rtcp(data)):
                self.asked += isinstance(item, rtcp.KeyframeRequest)


class Bad:
    """One bad peer and its counters of what it has sent so far."""

    def __init__(self, peer: Sender | Receiver) -> None:
        self.peer: Peer = peer
        self.sequence = 0
        if isinstance(peer, Sender):
            self.ssrc = peer._video_ssrc
        else:
            self.ssrc = next(ssrc for section in peer._offer.taken for ssrc in section.ssrcs)

    def rtp(self, extension: bytes = b"", kind: int = VIDEO_TYPE, ssrc: int = 0, payload: bytes = PAYLOAD) -> None:
        self.sequence += 1
        self.peer.send_media(rtp_header(kind, self.sequence, ssrc or self.ssrc, extension) + payload)

    def control(self, compound: bytes) -> None:
        self.peer.send_control(compound)

    def raw(self, data: bytes) -> None:
        assert self.peer._sendto is not None
        self.peer._sendto(data, self.peer._address)


@dataclass(frozen=True)
class Case:
    """`act` sends one thing; it is called `per_s` times a second."""

    name: str
    direction: str
    per_s: int
    act: Callable[[Bad, int], None]
    code: str


def lying_nack(count: int) -> bytes:
    return rtcp.HEAD.pack(0x81, 205, 200) + struct.pack("!II", 1, count)


def nack_of(ssrc: int, at: int) -> bytes:
    items = b"".join(rtcp.NACK_ITEM.pack((at + 17 * n) & 0xFFFF, 0xFFFF) for n in range(300))
    return rtcp.HEAD.pack(0x81, 205, 2 + 300) + struct.pack("!II", 1, ssrc) + items


CASES = [
    Case("extension of one byte", "up", 50, lambda b, _: b.rtp(EXTENSIONS["transport-cc of one byte"]),
         "extension_malformed"),
    Case("extension of three bytes", "up", 50, lambda b, _: b.rtp(EXTENSIONS["transport-cc of three bytes"]),
         "extension_malformed"),
    Case("extension of sixteen bytes", "up", 50, lambda b, _: b.rtp(EXTENSIONS["transport-cc of sixteen bytes"]),
         "extension_malformed"),
    Case("two-byte extension of no bytes", "up", 50, lambda b, _: b.rtp(EXTENSIONS["two bytes, nothing"]),
         "extension_malformed"),
    Case("unknown payload type", "up", 50, lambda b, _: b.rtp(kind=13), "payload_type_unknown"),
    Case("unknown payload type on an unknown SSRC", "up", 10, lambda b, _: b.rtp(kind=14, ssrc=0x9999),
         "payload_type_unknown"),
    Case("a new SSRC with each packet", "up", 30, lambda b, n: b.rtp(ssrc=0x10000 + n), "ssrc_limit"),
    Case("RTCP longer than the datagram", "up", 50, lambda b, n: b.control(lying_nack(n)), "packet_malformed"),
    Case("report of 31 blocks that are not there", "down", 50,
         lambda b, _: b.control(bytes.fromhex("9fc90001") + bytes(4)), "packet_malformed"),
    Case("a thousand compounds a second", "down", 1000, lambda b, _: b.control(rtcp.build_receiver_report(1, [])),
         "control_flood"),
    Case("packets above the buffers", "up", 50, lambda b, _: b.raw(b"\x80\x60" + bytes(1490)), "too_long"),
    Case("packets of one byte", "up", 50, lambda b, _: b.raw(b"\x80"), "too_short"),
    Case("forged SRTP", "up", 50, lambda b, _: b.raw(rtp_header(VIDEO_TYPE, 1, b.ssrc) + bytes(60)),
         "unprotect_failed"),
    Case("a NACK storm", "down", 100, lambda b, n: b.control(nack_of(b.ssrc, 31 * n)), "nack_storm"),
    Case("a hundred key frames a second", "down", 100, lambda b, _: b.control(rtcp.build_pli(1, b.ssrc)),
         "keyframe_storm"),
]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[tuple[LiveCalls, Call]]:
    config = RelayConfig(listen=("127.0.0.1",), flooding_after_s=2)
    async with live_calls(call_material(), config) as live:
        yield live, await live.add_call(SHARED, Watched)


async def join(live: LiveCalls, direction: str, name: str) -> Bad:
    identity = PeerIdentity(SHARED, name, name, "inspector", "up" if direction == "up" else "down")
    peer: Sender | Receiver
    if direction == "up":
        peer = Sender(identity, live.material)
        await peer.publish(live.port)
    else:
        subscribed = await Receiver.subscribe(identity, live.port)
        assert isinstance(subscribed, Receiver)
        peer = subscribed
    await asyncio.wait_for(peer.is_connected.wait(), 10)
    return Bad(peer)


async def keep_sending(bad: Bad, per_s: int, act: Callable[[Bad, int], None], seconds: float) -> None:
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    while (elapsed_s := loop.time() - began) < seconds:
        while sent < elapsed_s * per_s:
            act(bad, sent)
            sent += 1
        await asyncio.sleep(0.005)


async def guard_of(live: LiveCalls, peer_id: str) -> dict[str, int]:
    peers = (await live.port.session_stats(SHARED))["peers"]
    return dict(peers[peer_id]["guard"]) if peer_id in peers else {}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_only_the_bad_peer_is_affected(shared: tuple[LiveCalls, Call], case: Case) -> None:
    live, witness = shared
    name = f"bad {case.name}"
    bad = await join(live, case.direction, name)
    try:
        witness.start_counting()
        await keep_sending(bad, case.per_s, case.act, SECONDS)
        assert witness.fps() > LEAST_FPS
        assert (await guard_of(live, name)).get(case.code, 0) > 0
        assert live.closed_calls(but_for="bad") == [] and live.exits() == 0
    finally:
        await bad.peer.aclose()
        await live.port.close_peer(SHARED, name)

    async def told() -> bool:
        return any(f"{name} " in line and f"{case.code}=" in line for line in live.log_lines())

    await until(told)
    assert live.faults_logged() == []


async def test_whoever_asks_for_key_frames_all_the_time_causes_few(shared: tuple[LiveCalls, Call]) -> None:
    live, witness = shared
    assert isinstance(witness.sender, Watched)
    bad = await join(live, "down", "bad viewer")
    try:
        asked = witness.sender.asked
        await keep_sending(bad, 100, lambda b, _: b.control(rtcp.build_pli(1, b.ssrc)), 2.5)
        # Its connection asks once; then eight at once and one in two seconds, as long as it is no storm.
        assert witness.sender.asked - asked <= 12
    finally:
        await bad.peer.aclose()
        await live.port.close_peer(SHARED, "bad viewer")


@pytest.mark.parametrize(
    ("name", "per_s", "act"),
    [
        ("bad flooder", 8000, lambda b, _: b.rtp()),
        ("bad source", 100, lambda b, n: b.rtp(ssrc=0x20000 + n)),
    ],
    ids=["eight thousand packets a second", "hundreds of SSRCs"],
)
async def test_whoever_floods_is_closed_and_waits(
    shared: tuple[LiveCalls, Call], name: str, per_s: int, act: Callable[[Bad, int], None]
) -> None:
    live, witness = shared
    bad = await join(live, "up", name)
    witness.start_counting()

    async def closed() -> bool:
        return any(
            isinstance(fact, PeerLost) and fact.peer_id == name and fact.cause == "flooding" for fact in live.facts
        )

    flooding = asyncio.create_task(keep_sending(bad, per_s, act, 10.0))
    try:
        await until(closed)
        assert witness.fps() > LEAST_FPS
        with pytest.raises(MediaError) as refused:
            await join_again(live, name)
        assert refused.value.code == "peer_flooding"
        assert any(f"peer_flooding: peer {name}" in line for line in live.log_lines())
        assert live.closed_calls(but_for="bad") == []
    finally:
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
        await bad.peer.aclose()


def fall_silent(peer: Peer) -> None:
    """It reads nothing more and says nothing more; its port stays open."""
    connection = peer._gatherer.connection
    for protocol in connection._protocols:
        protocol.datagram_received = lambda data, addr: None  # type: ignore[method-assign]
    peer._sendto = None
    assert connection._query_consent_task is not None
    connection._query_consent_task.cancel()


async def join_again(live: LiveCalls, participant_id: str) -> None:
    identity = PeerIdentity(SHARED, f"{participant_id} again", participant_id, "inspector", "up")
    peer = Sender(identity, live.material)
    try:
        await peer.publish(live.port)
    finally:
        await peer.aclose()


@pytest.mark.bench
async def test_a_receiver_that_falls_silent_costs_no_memory_and_is_given_up(shared: tuple[LiveCalls, Call]) -> None:
    live, witness = shared
    bad = await join(live, "down", "bad sleeper")
    before_mb = live.rss_mb()
    fall_silent(bad.peer)

    async def given_up() -> bool:
        return any(isinstance(fact, PeerLost) and fact.peer_id == "bad sleeper" for fact in live.facts)

    witness.start_counting()
    await until(given_up, deadline_s=40.0, step_s=0.2)
    assert witness.fps() > LEAST_FPS
    assert live.rss_mb() - before_mb < 10
    assert live.closed_calls(but_for="bad") == []
    await bad.peer.aclose()
