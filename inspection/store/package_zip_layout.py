"""The parts of a ZIP (PKWARE APPNOTE 6.3.10): their structures, the end of the archive, and ZIP64 values."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

from inspection.domain.verification import Broken, Code, Unreadable

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR64 = struct.Struct("<4sLQL")
LOCAL_MAGIC, CENTRAL_MAGIC, END_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END64_MAGIC, LOCATOR64_MAGIC = b"PK\x06\x06", b"PK\x06\x07"
FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF
STORED, DEFLATED = 0, 8

INFO_ZIP = 0x031E  # made by Info-ZIP's zip 3.0 on Unix: it alone marks text files in the internal attributes
_END_PLACE = "end of central directory"


def require_some_zip(stream: BinaryIO, size: int) -> None:
    """Raises Unreadable where the file neither begins nor ends as a ZIP does."""
    stream.seek(0)
    starts = stream.read(4) == LOCAL_MAGIC
    stream.seek(max(0, size - END.size))
    ends = stream.read(4) == END_MAGIC
    if not starts and not ends:
        raise Unreadable("no ZIP")


def read_end(stream: BinaryIO, size: int) -> tuple[int, int, int]:
    """Number of members, offset and length of the central directory. Raises Broken (`zip_not_plain`)."""
    magic, disk, start_disk, here, count, central_bytes, offset, comment = unpack(
        END, at(stream, size - END.size, END.size), _END_PLACE
    )
    if magic != END_MAGIC or disk or start_disk or here != count or comment:
        raise not_plain(_END_PLACE)
    end = size - END.size
    if count == FULL16 or FULL32 in (central_bytes, offset):
        count, central_bytes, offset, end = _read_end64(stream, end, (count, central_bytes, offset))
    if offset + central_bytes != end:
        raise not_plain(_END_PLACE)
    return count, offset, central_bytes


def _read_end64(stream: BinaryIO, end: int, short: tuple[int, int, int]) -> tuple[int, int, int, int]:
    locator_at, record_at = end - LOCATOR64.size, end - LOCATOR64.size - END64.size
    locator = unpack(LOCATOR64, at(stream, locator_at, LOCATOR64.size), _END_PLACE)
    if locator != (LOCATOR64_MAGIC, 0, record_at, 1):
        raise not_plain(_END_PLACE)
    magic, length, made_by, needed, disk, start_disk, here, count, central_bytes, offset = unpack(
        END64, at(stream, record_at, END64.size), _END_PLACE
    )
    known = magic == END64_MAGIC and length == END64.size - 12 and needed == 45 and made_by in (45, INFO_ZIP)
    if not known or disk or start_disk or here != count:
        raise not_plain(_END_PLACE)
    limits = (FULL16, FULL32, FULL32)
    for said, full, value in zip(short, limits, (count, central_bytes, offset), strict=True):
        if said not in (full, value):
            raise not_plain(_END_PLACE)
    return count, central_bytes, offset, record_at


def zip64_values(extra: bytes, values: tuple[int, ...], where: str) -> tuple[int, ...]:
    """Replaces each value that is 2^32 - 1 by the next of the ZIP64 extra field; there may be no other."""
    wanted = sum(value == FULL32 for value in values)
    if not wanted:
        if extra:
            raise not_plain(where)
        return values
    if len(extra) != 4 + 8 * wanted or extra[:4] != struct.pack("<2H", 1, 8 * wanted):
        raise not_plain(where)
    long = iter(struct.unpack(f"<{wanted}Q", extra[4:]))
    return tuple(next(long) if value == FULL32 else value for value in values)


def at(stream: BinaryIO, offset: int, length: int) -> bytes:
    """So many bytes from there on, or fewer where the file ends."""
    if offset < 0:
        return b""
    stream.seek(offset)
    return stream.read(length)


def unpack(form: struct.Struct, content: bytes, where: str) -> tuple[Any, ...]:
    """The fields. Raises Broken (`zip_not_plain`) where there are too few bytes."""
    if len(content) != form.size:
        raise not_plain(where)
    return form.unpack(content)


def not_plain(where: str) -> Broken:
    """The problem, to be raised."""
    return Broken(Code.ZIP_NOT_PLAIN, where)
