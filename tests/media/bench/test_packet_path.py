"""What one packet costs on its way through the relay, without the kernel: our own work and libsrtp's, apart."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from pylibsrtp import Policy, Session
from pylibsrtp._binding import lib

from media.aiortc_private import GuardedProtocol, SrtpTransform, _transform
from media.bench.material import Material
from media.bench.peers import AUDIO_TYPE, VIDEO_TYPE, WIDE_ID, LoadSender
from media.config import RelayConfig
from media.down_peer import DownPeer
from media.peer import PeerIdentity, PeerWatch
from media.relay_clock import RelayClock
from media.rtp.header import HEADER_WITH_EXTENSION, ONE_WORD_EXTENSION
from media.sdp import DownAnswerSection, LocalTransport, parse_up_offer
from media.up_peer import UpPeer

ADDRESS = ("192.0.2.2", 5000)
PACKETS, AT_ONCE = 20_000, 500
LOCAL = LocalTransport("abcd", "p" * 24, "sha-256 " + ":".join(["AA"] * 32), "actpass", ())


def srtp(inbound: bool) -> Session:
    kind = Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND
    return Session(Policy(key=b"k" * 28, ssrc_type=kind, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM))


def packets(up: UpPeer) -> Iterator[bytes]:
    """Three of 1 kB of a picture to one of a voice, in order."""
    sequences = [0, 0]
    for number in range(PACKETS):
        voice = number % 4 == 3
        sequences[voice] += 1
        yield HEADER_WITH_EXTENSION.pack(
            0x90,
            AUDIO_TYPE if voice else VIDEO_TYPE,
            sequences[voice] & 0xFFFF,
            number * 500,
            up.tracks[voice].ssrc,
            ONE_WORD_EXTENSION,
            (WIDE_ID << 4 | 1) << 24 | (number & 0xFFFF) << 8,
        ) + bytes(80 if voice else 1000)


async def quickest_us(material: Material, unprotect: SrtpTransform, protect: SrtpTransform, encrypted: bool) -> float:
    """Microseconds for one packet, in and out, in the best of many short runs."""
    watch, clock = PeerWatch(lambda _: None, lambda _peer, _cause: None), RelayClock()
    sender = LoadSender(PeerIdentity("s", "l", "a", "applicant", "up"), material)
    config = RelayConfig(max_packets_per_s=1_000_000, max_bytes_per_s=1_000_000_000)
    up = UpPeer(
        PeerIdentity("s", "u", "a", "applicant", "up"), config, clock, watch, parse_up_offer(sender._offer(LOCAL))
    )
    down = DownPeer(PeerIdentity("s", "d", "i", "inspector", "down"), config, clock, watch)
    sent: list[int] = []

    def send(packet: bytes, _: object) -> int:
        sent.append(len(packet))
        return len(packet)

    up._unprotect, down._protect = unprotect, protect
    down._sendto = send
    for slot, track in zip(down.slots, up.tracks, strict=False):
        slot.accept(DownAnswerSection(slot.section.mid, {"VP8": True, "opus": True}, True))
        slot.connect(track, clock.now_us())
    outgoing = srtp(False)
    arriving = [outgoing.protect(packet) if encrypted else packet for packet in packets(up)]
    connection = up._gatherer.connection
    connection.proven.add(ADDRESS)
    connection.media_sink = up.take_datagram
    take = GuardedProtocol(connection).datagram_received
    best = min(_time_us(take, arriving[at : at + AT_ONCE]) for at in range(0, PACKETS, AT_ONCE))
    assert len(sent) == PACKETS and not connection.counters.to_dict()
    return best


def _time_us(take: object, batch: list[bytes]) -> float:
    began = time.perf_counter()
    for datagram in batch:
        take(datagram, ADDRESS)  # type: ignore[operator]
    return (time.perf_counter() - began) / len(batch) * 1e6


@pytest.mark.bench
async def test_a_packet_costs_no_more_than_a_few_microseconds_beside_the_kernel(material: Material) -> None:
    inbound, outbound = srtp(True), srtp(False)
    whole = await quickest_us(
        material, _transform(inbound, lib.srtp_unprotect), _transform(outbound, lib.srtp_protect), encrypted=True
    )
    plain = await quickest_us(material, lambda packet: packet, lambda packet: packet, encrypted=False)
    print(f"in and out: {whole:.1f} us, of which {plain:.1f} us without SRTP")
    assert whole < 25
