"""When and where a still was taken, as EXIF (CIPA DC-008, 2.32) for programs that read it. Pure.

It repeats what the stamp says: the server's time of the frame, and the position that the phone reported.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

ASCII, BYTE, SHORT, LONG, RATIONAL, UNDEFINED = 2, 1, 3, 4, 5, 7
_UNIT_BYTES = {ASCII: 1, BYTE: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1}
_SOFTWARE, _DATE_TIME, _EXIF_IFD, _GPS_IFD = 0x0131, 0x0132, 0x8769, 0x8825
_VERSION, _TAKEN, _TAKEN_OFFSET, _TAKEN_SUBSECOND = 0x9000, 0x9003, 0x9011, 0x9291
_HEADER_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: (tag, type, content)
Field = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True)
class GpsPosition:
    """A reported position in WGS 84, the only datum that this may carry. accuracy_cm: radius. taken_ms: unix."""

    latitude_e7: int
    longitude_e7: int
    accuracy_cm: int
    taken_ms: int


def exif_segment(arrival_us: int, utc_offset_s: int, gps: GpsPosition | None) -> bytes:
    """The APP1 segment of a frame that arrived then (unix µs), told in a zone so far from UTC."""
    taken = _EPOCH.astimezone(timezone(timedelta(seconds=utc_offset_s))) + timedelta(microseconds=arrival_us)
    local = f"{taken:%Y:%m:%d %H:%M:%S}"
    offset = f"{taken:%z}"
    exif = [
        (_VERSION, UNDEFINED, b"0232"),
        (_TAKEN, ASCII, _text(local)),
        (_TAKEN_OFFSET, ASCII, _text(f"{offset[:3]}:{offset[3:5]}")),
        (_TAKEN_SUBSECOND, ASCII, _text(f"{taken.microsecond // 1000:03d}")),
    ]
    main: list[Field] = [(_SOFTWARE, ASCII, _text("YunTaKan")), (_DATE_TIME, ASCII, _text(local))]
    content = b"Exif\0\0" + _tiff(main, exif, _gps_fields(gps) if gps is not None else [])
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def with_segment(jpeg: bytes, segment: bytes) -> bytes:
    """The JPEG with a segment behind its JFIF header. Raises ValueError for what has none."""
    if jpeg[:4] != b"\xff\xd8\xff\xe0":
        raise ValueError("no JFIF file")
    end = 4 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:end] + segment + jpeg[end:]


def _gps_fields(gps: GpsPosition) -> list[Field]:
    taken = _EPOCH + timedelta(milliseconds=gps.taken_ms)
    clock = [(taken.hour, 1), (taken.minute, 1), (taken.second * 1000 + taken.microsecond // 1000, 1000)]
    return [
        (0x00, BYTE, bytes([2, 3, 0, 0])),
        (0x01, ASCII, _text("N" if gps.latitude_e7 >= 0 else "S")),
        (0x02, RATIONAL, _degrees(gps.latitude_e7)),
        (0x03, ASCII, _text("E" if gps.longitude_e7 >= 0 else "W")),
        (0x04, RATIONAL, _degrees(gps.longitude_e7)),
        (0x07, RATIONAL, _rationals(clock)),
        (0x12, ASCII, _text("WGS-84")),
        (0x1D, ASCII, _text(f"{taken:%Y:%m:%d}")),
        (0x1F, RATIONAL, _rationals([(gps.accuracy_cm, 100)])),
    ]


def _degrees(value_e7: int) -> bytes:
    """Degrees, minutes and seconds, exact to 1e-7 degrees (36/100000 of a second)."""
    minutes_e7 = abs(value_e7) * 60
    degrees, rest_e7 = divmod(minutes_e7, 60 * 10**7)
    minutes, rest_e7 = divmod(rest_e7, 10**7)
    return _rationals([(degrees, 1), (minutes, 1), (rest_e7 * 60 // 100, 10**5)])


def _rationals(values: list[tuple[int, int]]) -> bytes:
    return b"".join(struct.pack(">II", min(above, 0xFFFFFFFF), below) for above, below in values)


def _text(text: str) -> bytes:
    return text.encode("ascii") + b"\0"


def _tiff(main: list[Field], exif: list[Field], gps: list[Field]) -> bytes:
    """Big-endian; the directories one after the other, each with its longer values behind it."""
    pointers = 1 + bool(gps)
    exif_at = _HEADER_BYTES + _directory_bytes(main) + 12 * pointers
    gps_at = exif_at + _directory_bytes(exif)
    main = [*main, (_EXIF_IFD, LONG, struct.pack(">I", exif_at))]
    if gps:
        main.append((_GPS_IFD, LONG, struct.pack(">I", gps_at)))
    written = _directory(main, _HEADER_BYTES) + _directory(exif, exif_at)
    return b"MM\0\x2a" + struct.pack(">I", _HEADER_BYTES) + written + (_directory(gps, gps_at) if gps else b"")


def _directory_bytes(fields: list[Field]) -> int:
    return 2 + 12 * len(fields) + 4 + sum(len(_behind(content)) for _, _, content in fields)


def _directory(fields: list[Field], at: int) -> bytes:
    entries, values = b"", b""
    values_at = at + 2 + 12 * len(fields) + 4
    for tag, kind, content in fields:
        behind = _behind(content)
        place = struct.pack(">I", values_at + len(values)) if behind else content.ljust(4, b"\0")
        entries += struct.pack(">HHI", tag, kind, len(content) // _UNIT_BYTES[kind]) + place
        values += behind
    return struct.pack(">H", len(fields)) + entries + bytes(4) + values


def _behind(content: bytes) -> bytes:
    """What does not fit into the entry itself, on a word's boundary."""
    return content + b"\0" * (len(content) % 2) if len(content) > 4 else b""
