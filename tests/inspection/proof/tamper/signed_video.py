"""Small journals of page-signed VP8, with what their `signatures` entries truthfully say."""

from __future__ import annotations

import base64
import random
from dataclasses import asdict
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from media.frame_signatures_journal import Verifiers, count_journal
from media.journal.format import RTP, JournalHeader, encode_header, encode_record
from tests.media.page_signing import SigningPage

BEGAN_US = 1_777_000_000_000_000
_KEYFRAME = b"\x10\x02\x00\x9d\x01\x2a\x40\x00\x40\x00"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def signed_journal(
    session_id: str, track_id: str, chosen: random.Random
) -> tuple[list[bytes], dict[str, str], list[dict[str, int]]]:
    """The journal's segments, the key for `page_key`, and ranges for `signatures`."""
    page = SigningPage(ec.derive_private_key(chosen.randrange(1, _ORDER), ec.SECP256R1()), deterministic=True)
    frames = _frames(page, chosen)
    pieces = _pieces(session_id, track_id, frames, chosen)
    key = {
        "algorithm": "ES256",
        "public_key": base64.b64encode(page.public_key).decode(),
        "fingerprint": page.fingerprint.hex(),
    }
    return pieces, key, _facts(pieces, page.public_key, chosen)


def _frames(page: SigningPage, chosen: random.Random) -> list[bytes]:
    group = chosen.randrange(1, 6)
    frames = []
    for place in range(chosen.randrange(1, 20)):
        frame = (_KEYFRAME if place == 0 else b"\x11") + chosen.randbytes(chosen.randrange(20, 300))
        signed = page.carry(frame) if place % group == group - 1 else page.let_pass(frame)
        if chosen.random() < 0.1:
            page.at_ms += chosen.choice((-5000, 5000))
        frames.append(signed)
    return frames


def _pieces(session_id: str, track_id: str, frames: list[bytes], chosen: random.Random) -> list[bytes]:
    """Packets of at most 120 bytes, some lost and some out of order, in segments of some frames."""
    header = JournalHeader(session_id, track_id, "p1", "applicant", "video", "VP8", 90_000, 96, 1234, BEGAN_US)
    pieces = [encode_header(header)]
    sequence = chosen.randrange(65_536)
    for place, frame in enumerate(frames):
        packets = []
        for at in range(0, len(frame), 120):
            marker = 0x80 if at + 120 >= len(frame) else 0
            numbers = (
                (sequence & 0xFFFF).to_bytes(2, "big") + (place * 3000).to_bytes(4, "big") + (1234).to_bytes(4, "big")
            )
            packets.append(bytes([0x80, marker | 96]) + numbers + (b"\x00" if at else b"\x10") + frame[at : at + 120])
            sequence += 1
        if chosen.random() < 0.1:
            packets.pop(chosen.randrange(len(packets)))
        if chosen.random() < 0.2:
            chosen.shuffle(packets)
        arrival_us = BEGAN_US + place * 33_333
        records = b"".join(encode_record(RTP, arrival_us + at, packet) for at, packet in enumerate(packets))
        if place and place % 5 == 0:
            pieces.append(b"")
        pieces[-1] += records
    return pieces


def _facts(pieces: list[bytes], public_key: bytes, chosen: random.Random) -> list[dict[str, int]]:
    """One or two ranges over all frames that are counted."""
    count = count_journal(iter(pieces), [public_key], Verifiers(0).verify)
    if not count.decided:
        return []
    cuts = sorted({0, chosen.randrange(count.decided), count.decided})
    ranges = [(first, after - 1) for first, after in zip(cuts, cuts[1:], strict=False)]
    return [_said(count.facts(first, last), first, last) for first, last in ranges]


def _said(facts: Any, first: int, last: int) -> dict[str, int]:
    return {"from_index": first, "to_index": last, **asdict(facts)}
