"""The container: a plain ZIP, in which every byte has a meaning and both directories say the same."""

from __future__ import annotations

import re
import struct
import zlib

from .basics import NoZip, need

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*/?")
FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF
END, CENTRAL = "end of central directory", "central directory"
INFO_ZIP = 0x031E


Header = tuple[str, tuple[int, ...], tuple[int, int, int]]
"""Name; needed, flags, method, time, date, crc32, packed, size, offset; made by, internal, external."""


class PlainZip:
    """The members' contents, and the CRC-32 that the container says of each."""

    def __init__(self) -> None:
        self.members: dict[str, memoryview] = {}
        self.crc32: dict[str, int] = {}

    def require_sound(self, name: str) -> None:
        need(zlib.crc32(self.members[name]) == self.crc32[name], "zip_not_plain", f"header of {name}")


def read_zip(data: memoryview) -> PlainZip:
    """Raises Broken, NoZip."""
    if bytes(data[:4]) != b"PK\3\4" and bytes(data[-22:-18]) != b"PK\5\6":
        raise NoZip
    headers = read_directory(data)
    found, position = PlainZip(), 0
    packed_ones: dict[str, int] = {}
    for name, (*common, crc32, packed, size, start), _ in headers:
        need(start == position, "zip_not_plain", f"header of {name}")
        position = read_local(data, position, name, (*common, crc32), packed, size)
        need(common[2] == 8 or packed == size, "zip_not_plain", f"header of {name}")
        if not name.endswith("/"):
            found.members[name] = data[position - packed : position]
            found.crc32[name] = crc32
            if common[2] == 8:
                packed_ones[name] = size
    need(position == headers_at(data), "zip_not_plain", CENTRAL)
    for name, (*_, size, _), _ in headers:
        holds = any(other.startswith(name) for other in found.members)
        need(not name.endswith("/") or (not size and holds), "zip_not_plain", f"header of {name}")
    need(sum(packed_ones.values()) <= (64 << 20) + 20 * len(data), "zip_not_plain", CENTRAL)
    for name, size in packed_ones.items():
        found.members[name] = unpack(name, found.members[name], size)
    return found


def headers_at(data: memoryview) -> int:
    return read_end(data)[2]


def read_directory(data: memoryview) -> list[Header]:
    """The central directory; what it alone says is the same for all files, and for all folders."""
    count, length, offset = read_end(data)
    need(length <= 64 << 20, "zip_not_plain", CENTRAL)
    headers: list[Header] = []
    at = offset
    while at < offset + length:
        header, at = read_central(data, at, offset + length)
        headers.append(header)
    names = {name.lower() for name, _, _ in headers}
    need(len(headers) == len(names) == count, "zip_not_plain", CENTRAL)
    for is_folder in (False, True):
        group = [header for header in headers if header[0].endswith("/") is is_folder]
        for _, _, (made_by, internal, external) in group:
            known = internal == 0 or (internal == 1 and made_by == INFO_ZIP)
            same = (made_by, external) == (group[0][2][0], group[0][2][2])
            alike = [header[2] for header in group]
            odd = min(group, key=lambda header: alike.count(header[2]))
            need(known and same, "zip_not_plain", f"central header of {odd[0]}")
    return headers


def read_end(data: memoryview) -> tuple[int, int, int]:
    """Number of members, length and offset of the central directory."""
    need(len(data) >= 22 and bytes(data[-22:-18]) == b"PK\5\6", "zip_not_plain", END)
    disk, first, here, count, length, offset, comment = struct.unpack("<4H2LH", data[-18:])
    need(not disk and not first and here == count and not comment, "zip_not_plain", END)
    end = len(data) - 22
    if count == FULL16 or FULL32 in (length, offset):
        need(end >= 76, "zip_not_plain", END)
        need(data[end - 20 : end] == struct.pack("<4sLQL", b"PK\6\7", 0, end - 76, 1), "zip_not_plain", END)
        magic, left, made_by, needed, d1, d2, here, count64, length64, offset64 = struct.unpack(
            "<4sQ2H2L4Q", data[end - 76 : end - 20]
        )
        known = magic == b"PK\6\6" and left == 44 and made_by in (45, INFO_ZIP) and needed == 45
        need(known and not d1 and not d2 and here == count64, "zip_not_plain", END)
        for said, full, value in ((count, FULL16, count64), (length, FULL32, length64), (offset, FULL32, offset64)):
            need(said in (full, value), "zip_not_plain", END)
        count, length, offset, end = count64, length64, offset64, end - 76
    need(offset + length == end, "zip_not_plain", END)
    return count, length, offset


def read_central(data: memoryview, at: int, end: int) -> tuple[Header, int]:
    """A header, and where the next begins."""
    need(at + 46 <= end, "zip_not_plain", CENTRAL)
    magic, made_by, *common, crc32, packed, size = struct.unpack("<4s6H3L", data[at : at + 28])
    name_bytes, extra_bytes, note, disk, internal, external, start = struct.unpack("<5H2L", data[at + 28 : at + 46])
    name_end, after = at + 46 + name_bytes, at + 46 + name_bytes + extra_bytes
    name = bytes(data[at + 46 : name_end]).decode("ascii", "replace")
    plain = NAME.fullmatch(name) is not None and len(name.removesuffix("/")) <= 200
    need(plain, "zip_not_plain", CENTRAL)
    where = f"central header of {name}"
    need(magic == b"PK\1\2" and not note and not disk and after <= end, "zip_not_plain", where)
    size, packed, start = long_values(bytes(data[name_end:after]), (size, packed, start), where)
    known = common[0] in (10, 20, 45) and not common[1] & ~0x806 and common[2] in (0, 8)
    need(known, "zip_not_plain", where)
    return (name, (*common, crc32, packed, size, start), (made_by, internal, external)), after


def read_local(data: memoryview, at: int, name: str, common: tuple[int, ...], packed: int, size: int) -> int:
    """Where its data ends."""
    where = f"header of {name}"
    need(at + 30 <= len(data), "zip_not_plain", where)
    magic, *said, packed32, size32, name_bytes, extra_bytes = struct.unpack("<4s5H3L2H", data[at : at + 30])
    begin = at + 30 + name_bytes
    extra = bytes(data[begin : begin + extra_bytes])
    same = magic == b"PK\3\4" and tuple(said) == common and bytes(data[at + 30 : begin]) == name.encode()
    need(same, "zip_not_plain", where)
    need(long_values(extra, (size32, packed32), where) == (size, packed), "zip_not_plain", where)
    end = int(begin + extra_bytes + packed)
    need(end <= len(data), "zip_not_plain", where)
    return end


def long_values(extra: bytes, values: tuple[int, ...], where: str) -> tuple[int, ...]:
    """ZIP64: an extra field holds just the values that do not fit in 32 bits."""
    wanted = sum(value == FULL32 for value in values)
    head = struct.pack("<2H", 1, 8 * wanted) if wanted else b""
    need(len(extra) == (4 + 8 * wanted if wanted else 0) and extra[:4] == head, "zip_not_plain", where)
    long = iter(struct.unpack(f"<{wanted}Q", extra[4:]))
    return tuple(next(long) if value == FULL32 else value for value in values)


def unpack(name: str, packed: memoryview, size: int) -> memoryview:
    """Never more than the member's length and a byte."""
    unpacker = zlib.decompressobj(-15)
    content = b""
    try:
        content = unpacker.decompress(packed, size + 1)
    except zlib.error:
        need(False, "member_digest", name)
    need(unpacker.eof and not unpacker.unused_data and len(content) == size, "member_digest", name)
    return memoryview(content)
