"""Writes docs/vectors/frames.json: known answers of page-signed frames, for whoever reads or writes them elsewhere.

`python -m tests.media.signatures.vectors` writes the file. The same on every machine: signatures are those of RFC 6979.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from media.frame_signatures_count import BROKEN, SIGNED, UNSIGNED
from media.frame_signatures_journal import Verifiers, count_journal
from media.journal.format import RTP, encode_header, encode_record
from tests.media.clips import START_US, Packets, h264_payloads, header_of
from tests.media.page_signing import START, SigningPage

FILE = Path(__file__).resolve().parents[3] / "docs" / "vectors" / "frames.json"
WORDS = {UNSIGNED: "u", SIGNED: "s", BROKEN: "b"}
FRAME_US = 33_333
Json = dict[str, Any]


def page(secret: int = 0xC0FFEE, stream: int = 1, counter: int = 0) -> SigningPage:
    private = ec.derive_private_key(secret, ec.SECP256R1())
    return SigningPage(private, stream=stream, counter=counter, deterministic=True)


def noise(number: int, size: int) -> bytes:
    """Bytes that anybody can make again: SHA-256 of a number, over and over."""
    content = b""
    while len(content) < size:
        content += hashlib.sha256(f"{number}/{len(content)}".encode()).digest()
    return content[:size]


def vp8(number: int, size: int = 60) -> bytes:
    """No picture, only its shape: a delta frame."""
    return b"\x31" + noise(number, size - 1)


def h264(number: int, size: int = 60) -> bytes:
    """Parameter sets and an IDR slice for number 0, else a slice; no start code within."""
    body = noise(number, size).replace(b"\x00", b"\x01")
    slices = [b"\x67\x42\xe0\x1f" + body[:8], b"\x68\xce\x38\x80", b"\x65" + body] if number == 0 else [b"\x41" + body]
    return b"".join(START + unit for unit in slices)


def packets(contents: Iterable[bytes], pieces: int = 1, *, ssrc: int = 0x11112222, first: int = 65_530) -> Packets:
    """RTP of VP8 frames, each in so many packets; counters wrap early on."""
    sent: Packets = []
    for place, content in enumerate(contents):
        size = -(-len(content) // pieces)
        parts = [content[at : at + size] for at in range(0, len(content), size)]
        payloads = [bytes([0x10 if not at else 0]) + part for at, part in enumerate(parts)]
        sent += rtp(payloads, place, ssrc, first + len(sent))
    return sent


def h264_packets(contents: Iterable[bytes]) -> Packets:
    sent: Packets = []
    for place, content in enumerate(contents):
        sent += rtp(h264_payloads(content), place, 0x11112222, 65_530 + len(sent))
    return sent


def rtp(payloads: list[bytes], place: int, ssrc: int, sequence: int) -> Packets:
    timestamp = (0xFFFFF000 + place * 3000) & 0xFFFFFFFF
    return [
        (
            bytes([0x80, 96 | (0x80 if at == len(payloads) - 1 else 0)])
            + ((sequence + at) & 0xFFFF).to_bytes(2, "big")
            + timestamp.to_bytes(4, "big")
            + ssrc.to_bytes(4, "big")
            + payload,
            START_US + place * FRAME_US + at,
        )
        for at, payload in enumerate(payloads)
    ]


def flipped(content: bytes, at: int = 5) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def carriers() -> Iterable[Json]:
    for name, make in (("VP8", vp8), ("H264", h264)):
        for stream, counter, earlier in ((1, 0, []), (2, 70_003, [make(1), make(2, 90)])):
            signer = page(stream=stream, counter=counter - len(earlier))
            signer.at_ms -= len(earlier) * signer.step_ms
            for content in earlier:
                signer.let_pass(content)
            about = {"codec": name, "stream": stream, "counter": counter, "page_time_ms": signer.at_ms}
            frame = make(0, 80)
            yield about | {
                "earlier": [content.hex() for content in earlier],
                "frame": frame.hex(),
                "sent": signer.carry(frame).hex(),
                "signature": signer.last_signature.hex(),
            }


def journals() -> Iterable[tuple[str, str, list[SigningPage], Packets]]:
    """Name, codec, pages whose keys are enrolled, packets in order of arrival."""
    frames = [vp8(number) for number in range(12)]
    one = page()
    each = one.sign_each(frames)
    grouped = page().sign_in_groups(frames, 4)
    yield "each frame carries", "VP8", [one], packets(each, 2)
    yield "groups of four", "VP8", [one], packets(grouped)
    yield "H.264, each frame carries", "H264", [one], h264_packets(page().sign_each([h264(at) for at in range(12)]))
    long = [h264(at, 3000) for at in range(6)]
    yield "H.264, groups of three, in fragments", "H264", [one], h264_packets(page().sign_in_groups(long, 3))
    yield "nothing is signed", "VP8", [], packets(frames)
    yield "a frame changed", "VP8", [one], packets([*each[:7], flipped(each[7]), *each[8:]])
    yield "a frame of a group changed", "VP8", [one], packets([*grouped[:5], flipped(grouped[5]), *grouped[6:]])
    yield "a frame played again", "VP8", [one], packets([*each[:6], each[2], *each[6:]])
    yield "a group played again", "VP8", [one], packets([*grouped[:8], *grouped[4:8], *grouped[8:]])
    yield "a frame put in", "VP8", [one], packets([*each[:6], frames[3], *each[6:]])
    yield "a group taken out", "VP8", [one], packets(grouped[:4] + grouped[8:])
    yield "a carrier taken out", "VP8", [one], packets(grouped[:7] + grouped[8:])
    other = page(0xBEEF)
    yield "another key", "VP8", [one], packets([*each[:6], *other.sign_each(frames)[6:]])
    yield (
        "another page's frame",
        "VP8",
        [one, other],
        packets([*each[:6], page(0xBEEF).sign_each(frames)[6], *each[7:]]),
    )
    yield (
        "another sender of the page",
        "VP8",
        [one],
        packets([*each[:6], page(stream=2).sign_each(frames)[6], *each[7:]]),
    )
    yield "signatures stripped", "VP8", [one], packets([*each[:4], *frames[4:8], *each[8:]])
    yield "the page's clock was set", "VP8", [one], packets(with_clock_set(frames))
    yield from lossy(one, each, grouped)


def with_clock_set(frames: list[bytes]) -> list[bytes]:
    signer = page()
    sent = signer.sign_each(frames[:4])
    signer.at_ms += 3_600_000
    sent += signer.sign_each(frames[4:8])
    signer.at_ms -= 3_600_500
    return sent + signer.sign_each(frames[8:])


def lossy(
    one: SigningPage, each: list[bytes], grouped: list[bytes]
) -> Iterable[tuple[str, str, list[SigningPage], Packets]]:
    sent = packets(each, 3)
    yield "a packet lost for good", "VP8", [one], sent[:13] + sent[14:]
    yield (
        "a packet repaired late",
        "VP8",
        [one],
        [*sent[:13], *sent[14:20], (sent[13][0], sent[19][1] + 500), *sent[20:]],
    )
    after = [(packet, at + 1_300_000) for packet, at in sent[33:]]
    late = (sent[13][0], after[-1][1] + 500)
    yield "a packet repaired too late", "VP8", [one], [*sent[:13], *sent[14:33], *after, late]
    swapped = sent[:]
    swapped[5], swapped[6] = swapped[6], swapped[5]
    yield "packets out of order and twice", "VP8", [one], [*swapped[:9], swapped[8], *swapped[9:]]
    anew = packets(grouped[6:], ssrc=0x33334444, first=100)
    shifted = [(packet, at + 6 * FRAME_US) for packet, at in anew]
    yield "the sender begins anew", "VP8", [one], packets(grouped[:6]) + shifted


def journal_vector(name: str, codec: str, pages: list[SigningPage], sent: Packets) -> Json:
    header = encode_header(header_of("v", "video", codec=codec))
    content = header + b"".join(encode_record(RTP, at, packet) for packet, at in sent)
    keys = [signer.public_key for signer in pages]
    count = count_journal([content], keys, Verifiers(0).verify)
    facts = count.facts(0, count.decided - 1)
    return {
        "name": name,
        "codec": codec,
        "public_keys": [base64.b64encode(key).decode() for key in keys],
        "journal": base64.b64encode(content).decode(),
        "frames": "".join(WORDS[status] for status in count.statuses),
        "facts": {name: getattr(facts, name) for name in facts.__slots__},
    }


def vectors() -> Json:
    signer = page()
    return {
        "about": "docs/evidence.md, Page-signed frames. frames: s signed, b broken, u unsigned, by frame_index",
        "public_key": base64.b64encode(signer.public_key).decode(),
        "fingerprint": signer.fingerprint.hex(),
        "carriers": list(carriers()),
        "journals": [journal_vector(*case) for case in journals()],
    }


def text() -> str:
    return json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
