"""Page-signed frames, counted again from the journals (docs/evidence.md, "Page-signed frames").

First packets become frames (docs/journal-format.md, "Frames"), then frames are counted.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from .basics import Members, need, sha256, unbase64
from .parts import Expected
from .record import Record

Piece = tuple[bool, bytes]
UNSIGNED, SIGNED, BROKEN = range(3)
SEI_NAME = bytes.fromhex("b1578f1fd5ec304026572012d93badca")
FIELDS = struct.Struct("!IHIHBB4s64s")


# --- from packets to frames -----------------------------------------------------------------------------------------


@dataclass
class Packet:
    timestamp: int
    arrival: int
    marker: bool
    begins: bool
    pieces: list[Piece]


@dataclass
class Frame:
    """`units`: one for VP8 (the frame), the NAL units for H.264."""

    timestamp: int
    arrival: int
    units: list[bytes]


@dataclass
class Assembler:
    """Puts packets into the sender's order; waits for a hole at most 1.2 s or 1024 packets."""

    is_h264: bool
    waiting: dict[int, Packet | None] = field(default_factory=dict)
    next: int = -1
    highest: int = 0
    ssrc: int = -1
    timestamp: int | None = None
    stuck: int = 0
    parts: list[Packet] = field(default_factory=list)
    whole: bool = False
    ended: tuple[int, bool] | None = None
    frames: list[Frame] = field(default_factory=list)

    def feed(self, packet: bytes, arrival: int) -> None:
        try:
            sequence, parsed = self.parse(packet, arrival)
        except (ValueError, IndexError):
            return  # a malformed packet counts as lost
        if sequence < self.next:
            return
        if not self.waiting:
            self.stuck = arrival
        self.waiting[sequence] = parsed
        self.advance()
        while self.waiting and (arrival - self.stuck > 1_200_000 or len(self.waiting) > 1024):
            self.skip()

    def parse(self, packet: bytes, arrival: int) -> tuple[int, Packet | None]:
        offset = payload_offset(packet)
        if packet[0] & 0x20:
            if not 0 < packet[-1] <= len(packet) - offset:
                raise ValueError
            packet = packet[: len(packet) - packet[-1]]
        raw, timestamp, ssrc = struct.unpack_from("!HII", packet, 2)
        if ssrc != self.ssrc or self.highest - near(self.highest, raw, 16) > 3000:
            self.ssrc, self.next, self.highest = ssrc, raw, raw
            self.waiting.clear()
            self.parts.clear()
            self.whole, self.ended = False, None
        sequence = near(self.highest, raw, 16)
        timestamp = timestamp if self.timestamp is None else near(self.timestamp, timestamp, 32)
        if sequence >= self.highest or self.timestamp is None:
            self.highest, self.timestamp = sequence, timestamp
        if offset == len(packet):
            return sequence, None
        begins, pieces = h264_pieces(packet[offset:]) if self.is_h264 else vp8_pieces(packet[offset:])
        return sequence, Packet(timestamp, arrival, packet[1] >= 0x80, begins, pieces)

    def advance(self) -> None:
        while self.next in self.waiting:
            packet = self.waiting.pop(self.next)
            self.next += 1
            if packet is not None:
                self.join(packet)
        self.stuck = min((each.arrival for each in self.waiting.values() if each), default=self.stuck)

    def skip(self) -> None:
        self.next = min(self.waiting)
        self.parts.clear()
        self.whole, self.ended = False, None
        self.advance()

    def join(self, packet: Packet) -> None:
        begins = packet.begins
        if self.is_h264 and self.ended is not None:
            begins = begins or self.ended[1] or self.ended[0] != packet.timestamp
        self.ended = (packet.timestamp, packet.marker)
        if begins and (not self.parts or packet.timestamp != self.parts[0].timestamp):
            self.finish()
            self.whole = True
        if not self.whole:
            return
        if self.parts and packet.timestamp != self.parts[0].timestamp:
            self.whole = False
            self.parts.clear()
            return
        self.parts.append(packet)
        if packet.marker:
            self.finish()

    def finish(self) -> None:
        if not self.parts:
            return
        units: list[bytearray] = []
        for begins, content in (piece for part in self.parts for piece in part.pieces):
            if units and not (begins and self.is_h264):
                units[-1] += content
            else:
                units.append(bytearray(content))
        arrival = max(part.arrival for part in self.parts)
        self.frames.append(Frame(self.parts[0].timestamp, arrival, [bytes(unit) for unit in units]))
        self.parts.clear()
        self.whole = False


def near(last: int, value: int, bits: int) -> int:
    """The number nearest to `last` with those low bits."""
    delta = (value - last) % (1 << bits)
    return last + delta - (1 << bits if delta >= 1 << (bits - 1) else 0)


def payload_offset(packet: bytes) -> int:
    if len(packet) < 12 or packet[0] >> 6 != 2:
        raise ValueError
    offset = 12 + 4 * (packet[0] & 15)
    if packet[0] & 16:
        if offset + 4 > len(packet):
            raise ValueError
        offset += 4 + 4 * int.from_bytes(packet[offset + 2 : offset + 4], "big")
    if offset > len(packet):
        raise ValueError
    return offset


def vp8_pieces(payload: bytes) -> tuple[bool, list[Piece]]:
    """RFC 7741 section 4.2."""
    at = 1
    if payload[0] & 0x80:
        at = 2
        if payload[1] & 0x80:
            at += 2 if payload[at] & 0x80 else 1
        at += (payload[1] >> 6 & 1) + (1 if payload[1] & 0x30 else 0)
    if at >= len(payload):
        raise ValueError
    begins = payload[0] & 0x17 == 0x10
    return begins, [(begins, payload[at:])]


def h264_pieces(payload: bytes) -> tuple[bool, list[Piece]]:
    """RFC 6184, packetization mode 1; a frame begins with a delimiter or parameter set, or behind another's end."""
    pieces = list(nal_units(payload))
    return pieces[0][0] and pieces[0][1][0] & 31 in (7, 9), pieces


def nal_units(payload: bytes) -> Iterator[Piece]:
    kind = payload[0] & 31
    if len(payload) < 2 or payload[0] & 0x80:
        raise ValueError
    if 0 < kind <= 23:
        yield True, payload
    elif kind == 24:
        at = 1
        while at < len(payload):
            size = int.from_bytes(payload[at : at + 2], "big")
            unit = payload[at + 2 : at + 2 + size]
            if not size or len(unit) < size or not 0 < unit[0] & 31 <= 23:
                raise ValueError
            yield True, unit
            at += 2 + size
    elif kind == 28 and len(payload) >= 3 and payload[1] & 0xC0 != 0xC0 and 0 < payload[1] & 31 <= 23:
        begins = payload[1] >= 0x80
        yield begins, (bytes([payload[0] & 0xE0 | payload[1] & 31]) if begins else b"") + payload[2:]
    else:
        raise ValueError


def frames_of(content: memoryview, is_whole: bool) -> tuple[str, list[Frame]]:
    """The codec and the complete frames of a journal."""
    at = 12 + int.from_bytes(content[8:12], "big")
    header = json.loads(bytes(content[12:at]))
    codec = header.get("codec")
    at += 4
    assembler = Assembler(codec == "H264")
    while codec in ("VP8", "H264") and at < len(content):
        length, kind, arrival = struct.unpack_from(">IBQ", content, at)
        if kind == 1:
            assembler.feed(bytes(content[at + 13 : at + 13 + length]), arrival)
        at += 17 + length
    while is_whole and assembler.waiting:
        assembler.skip()
    return str(codec), assembler.frames


# --- what a page put behind its frames ------------------------------------------------------------------------------


@dataclass
class Trailer:
    counter: int
    clock: int
    stream: int
    version: int
    key_id: bytes
    digests: list[bytes]
    covered: bytes
    signature: bytes

    @property
    def first(self) -> int:
        return self.counter - len(self.digests)


def parse_trailer(content: bytes, least: int) -> Trailer | None:
    """The one at the end of `content`, before which at least so many bytes stand."""
    at = len(content) - FIELDS.size
    if at < least:
        return None
    counter, high, low, stream, count, version, key, signature = FIELDS.unpack_from(content, at)
    begin = at - 16 * count
    if begin < least:
        return None
    digests = [content[place : place + 16] for place in range(begin, at, 16)]
    return Trailer(counter, high << 32 | low, stream, version, key, digests, content[begin:-64], signature)


def split(frame: Frame, codec: str) -> tuple[bytes, bool, Trailer | None]:
    """The picture, whether the frame is a carrier, and its trailer."""
    if codec == "VP8":
        content = frame.units[0]
        trailer = parse_trailer(content[:-4], 1) if content.endswith(b"YTKF") else None
        end = len(content) - 68 - len(trailer.covered) if trailer is not None else len(content)
        return content[:end], content.endswith(b"YTKF"), trailer
    carried = [found for unit in frame.units if (found := sei_content(unit)) is not None]
    others = [unit for unit in frame.units if sei_content(unit) is None]
    picture = b"".join(len(unit).to_bytes(4, "big") + unit for unit in others)
    trailer = parse_trailer(carried[0], 0) if len(carried) == 1 and others else None
    if trailer is not None and len(trailer.covered) + 64 != len(carried[0]):
        trailer = None
    return picture, bool(carried), trailer


def sei_content(unit: bytes) -> bytes | None:
    """What our SEI unit carries, empty where its lengths lie; None for any other unit."""
    if unit[0] & 31 != 6:
        return None
    content = unit[1:].replace(b"\0\0\3", b"\0\0")
    at = 1
    while at < len(content) and content[at] == 0xFF:
        at += 1
    if content[:1] != b"\5" or content[at + 1 : at + 17] != SEI_NAME:
        return None
    end = at + 1 + 255 * (at - 1) + content[at]
    return content[at + 17 : end] if content[end:] == b"\x80" else b""


# --- counting -------------------------------------------------------------------------------------------------------


@dataclass
class Held:
    key: bytes
    trailer: Trailer
    frame: Frame


class Count:
    """Counts one track's frames; `statuses`, `missing` and `jumps` are by frame."""

    def __init__(self, keys: list[bytes]) -> None:
        self.keys = [(sha256(key), key) for key in dict.fromkeys(keys)]
        self.statuses: list[int] = []
        self.missing: dict[int, int] = {}
        self.jumps: set[int] = set()
        self.last: Held | None = None
        self.since: list[bytes] = []
        self.aged = 0

    def take(self, frame: Frame, codec: str) -> None:
        picture, is_carrier, trailer = split(frame, codec)
        if trailer is not None and (key := self.holder(trailer, picture)) is not None and self.follows(key, trailer):
            self.hold(Held(key, trailer, frame))
            return
        self.since.append(b"" if is_carrier else sha256(picture)[:16])
        while self.since and (sum(map(bool, self.since)) > 254 or not self.since[0]):
            self.age()

    def finish(self) -> None:
        while self.since:
            self.age()

    def age(self) -> None:
        self.statuses.append(UNSIGNED if self.since.pop(0) else BROKEN)
        self.aged += 1

    def holder(self, trailer: Trailer, picture: bytes) -> bytes | None:
        for fingerprint, key in self.keys:
            message = b"yuntakan-frame-v1\n" + fingerprint + trailer.covered + picture
            if fingerprint[:4] == trailer.key_id and fits(key, trailer.signature, message):
                return fingerprint
        return None

    def follows(self, key: bytes, trailer: Trailer) -> bool:
        if trailer.version != 1 or trailer.first < 0:
            return False
        last = self.last
        same = last is None or (key, trailer.stream) == (last.key, last.trailer.stream)
        return same and (last is None or trailer.first > last.trailer.counter)

    def hold(self, held: Held) -> None:
        trailer, start = held.trailer, len(self.statuses)
        counters: list[int | None] = []
        at = 0
        for digest in self.since:
            place = next((n for n in range(at, len(trailer.digests)) if trailer.digests[n] == digest), None)
            counters.append(None if place is None else trailer.first + place)
            at = at if place is None else place + 1
        statuses = [UNSIGNED if digest else BROKEN for digest in self.since] + [SIGNED]
        before = self.last.trailer.counter if self.last is not None else None
        between, waiting = self.aged, list[int]()
        for place, counter in enumerate([*counters, trailer.counter]):
            if counter is None:
                between += 1
                waiting += [place] if statuses[place] == UNSIGNED else []
                continue
            if before is not None:
                if counter - before - 1 > between:
                    self.missing[start + place] = counter - before - 1 - between
                surplus = between - (min(counter, trailer.first) - before - 1)
                for extra in waiting[-surplus:] if surplus > 0 else []:
                    statuses[extra] = BROKEN
            statuses[place], before, between, waiting = SIGNED, counter, 0, []
        self.statuses += statuses
        if self.last is not None and jumped(self.last, held):
            self.jumps.add(len(self.statuses) - 1)
        self.since, self.last, self.aged = [], held, 0

    def facts(self, first: int, last: int) -> tuple[int, int, int, int]:
        """Signed, broken, missing, jumps."""
        part = self.statuses[first : last + 1]
        missing = sum(count for at, count in self.missing.items() if first <= at <= last)
        return part.count(SIGNED), part.count(BROKEN), missing, sum(first <= at <= last for at in self.jumps)


def fits(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        public.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except (ValueError, InvalidSignature):
        return False
    return True


def jumped(last: Held, now: Held) -> bool:
    page = now.trailer.clock - last.trailer.clock
    ticks = near(0, now.frame.timestamp - last.frame.timestamp, 32)
    off_arrival = abs(1000 * page - (now.frame.arrival - last.frame.arrival)) > 1_000_000
    return page < 0 or (off_arrival and abs(90 * page - ticks) > 90_000)


# --- the step -------------------------------------------------------------------------------------------------------


def check_page_signatures(record: Record, expected: Expected, members: Members) -> str | None:
    """The share of frames that are signed. Raises Broken where an entry says more than the journal shows."""
    keys: dict[tuple[str, str], list[bytes]] = {}
    for entry in record.of_kind("page_key"):
        said = entry["payload"]
        key = unbase64(said["public_key"])
        keys.setdefault((said["session_id"], said["participant_id"]), []).extend([key] if key[:1] == b"\4" else [])
    tracks: dict[str, dict[str, Any]] = {}
    claims: dict[str, list[dict[str, Any]]] = {}
    for entry in record.of_kind("track", "signatures"):
        said = entry["payload"]
        member = f"journal/{said['session_id']}/{said['track_id']}.ytj"
        if entry["kind"] == "signatures":
            known = tracks.get(said["track_id"], {}).get("session_id") == said["session_id"]
            need(known, "frame_signature", f"{member} entry {entry['seq']}")
            claims.setdefault(said["track_id"], []).append(entry)
        elif (said["role"], said["kind"]) == ("applicant", "video"):
            tracks.setdefault(said["track_id"], said)
    signed = frames = 0
    for track_id, said in tracks.items():
        member = f"journal/{said['session_id']}/{track_id}.ytj"
        run = next((run for run in expected.runs if run.journal == member and run.offset == 0), None)
        is_whole = run.member == member if run is not None else member not in expected.journals
        count = Count(keys.get((said["session_id"], said["participant_id"]), []))
        codec, found = frames_of(members[run.member], is_whole) if run is not None else ("", [])
        for frame in found:
            count.take(frame, codec)
        if is_whole:
            count.finish()
        check_claims(claims.get(track_id, []), count, member, is_whole)
        frames += len(count.statuses)
        signed += count.statuses.count(SIGNED)
    share = signed * 1000 // max(1, frames)
    return f"{share // 10}.{share % 10} %" if frames else None


def check_claims(claims: list[dict[str, Any]], count: Count, member: str, is_whole: bool) -> None:
    behind = -1
    for entry in claims:
        said, where = entry["payload"], f"{member} entry {entry['seq']}"
        first, last = said["from_index"], said["to_index"]
        in_place = behind < first <= last
        behind = max(behind, last)
        reaches = last < len(count.statuses)
        if in_place and not reaches and not is_whole:
            continue  # the rest is withheld
        need(in_place and reaches and said["frames"] == last - first + 1, "frame_signature", where)
        signed, broken, missing, jumps = count.facts(first, last)
        holds = said["signed"] <= signed and said["broken"] >= broken
        holds = holds and said["missing_counters"] >= missing and said["clock_jumps"] >= jumps
        need(holds, "frame_signature", where)
