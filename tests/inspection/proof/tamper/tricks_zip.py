"""Tricks with the container: each a change of the file's bytes, with the code and the place that must be named."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.inspection.proof.tamper.forge import Forged, zipped

Trick = tuple[str, Callable[[Forged], bytes], str, str]
END = "end of central directory"
CENTRAL = "central directory"


def whole(forged: Forged) -> bytes:
    """The package as `zipfile` writes it."""
    return zipped(forged.members)


def _patched(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def central(field_at: int, new: bytes, *, local_at: int | None = None) -> Callable[[Forged], bytes]:
    """Changes a field of the last central header, and of its local one where that has it too."""

    def change(forged: Forged) -> bytes:
        content = whole(forged)
        at = content.rindex(b"PK\x01\x02")
        if local_at is not None:
            content = _patched(content, struct.unpack_from("<L", content, at + 42)[0] + local_at, new)
        return _patched(content, at + field_at, new)

    return change


def with_comment(forged: Forged) -> bytes:
    content = whole(forged)
    return content[:-2] + b"\x02\x00hi"


def with_gap(forged: Forged) -> bytes:
    """Bytes between the members and the directory."""
    content = whole(forged)
    at = content.index(b"PK\x01\x02")
    offset = struct.unpack_from("<L", content, len(content) - 6)[0]
    return _patched(content[:at] + b"GAP!" + content[at:], len(content) + 4 - 6, struct.pack("<L", offset + 4))


def with_extra(forged: Forged) -> bytes:
    """An extra field that nobody asked for."""
    content = whole(forged)
    at = content.rindex(b"PK\x01\x02")
    name_bytes = struct.unpack_from("<H", content, at + 28)[0]
    content = _patched(content, at + 30, struct.pack("<H", 4))
    behind = at + 46 + name_bytes
    content = content[:behind] + b"\xfe\xca\x00\x00" + content[behind:]
    length = struct.unpack_from("<L", content, len(content) - 10)[0]
    return _patched(content, len(content) - 10, struct.pack("<L", length + 4))


def under_names(*names: str) -> Callable[[Forged], bytes]:
    """The README again under other names."""

    def change(forged: Forged) -> bytes:
        return zipped({**{name: forged.members["README.txt"] for name in names}, **forged.members})

    return change


def twice(forged: Forged) -> bytes:
    """Two members under one name."""
    forged.members["README.txu"] = b"other"
    return whole(forged).replace(b"README.txu", b"README.txt")


def lying_size(forged: Forged) -> bytes:
    """A member that says it unpacks to four gigabytes."""
    content = zipped(forged.members, zipfile.ZIP_DEFLATED)
    at = content.rindex(b"PK\x01\x02")
    local = struct.unpack_from("<L", content, at + 42)[0]
    content = _patched(content, local + 22, struct.pack("<L", 0xFFFFFFF0))
    return _patched(content, at + 24, struct.pack("<L", 0xFFFFFFF0))


def bomb(forged: Forged) -> bytes:
    """Zeros beyond what a file of this length may unpack to."""
    forged.members["README.txt"] = bytes(70_000_000)
    return zipped(forged.members, zipfile.ZIP_DEFLATED)


def damaged_deflate(forged: Forged) -> bytes:
    content = bytearray(zipped(forged.members, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = archive.getinfo("ledger.jsonl")
    content[info.header_offset + 30 + len(info.filename)] |= 0b110  # a block of a type that is none
    return bytes(content)


def more_deflate(forged: Forged) -> bytes:
    """A byte behind the end of a deflate stream, all lengths right."""
    return _handmade(forged, zlib.compress(forged.members["README.txt"], 9, wbits=-15) + b"\0")


def _handmade(forged: Forged, packed: bytes) -> bytes:
    """The archive with the README's packed bytes as given."""
    name, raw = b"README.txt", forged.members["README.txt"]
    rest = zipped({key: value for key, value in forged.members.items() if key != "README.txt"})
    common = struct.pack("<5HLLL", 20, 0, 8, 0, 0x5CA6, zlib.crc32(raw), len(packed), len(raw))
    local = b"PK\x03\x04" + common + struct.pack("<2H", len(name), 0) + name + packed
    at = rest.index(b"PK\x01\x02")
    headers, position = bytearray(rest[at:-22]), 0
    while position < len(headers):
        offset = struct.unpack_from("<L", headers, position + 42)[0]
        struct.pack_into("<L", headers, position + 42, offset + len(local))
        position += 46 + struct.unpack_from("<H", headers, position + 28)[0]
    made_by, outside = struct.unpack_from("<H", headers, 4)[0], struct.unpack_from("<L", headers, 38)[0]
    own = (
        b"PK\x01\x02"
        + struct.pack("<H", made_by)
        + common
        + struct.pack("<5H2L", len(name), 0, 0, 0, 0, outside, 0)
        + name
    )
    directory = own + bytes(headers)
    count = struct.unpack_from("<H", rest, len(rest) - 12)[0] + 1
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, count, count, len(directory), len(local) + at, 0)
    return local + rest[:at] + directory + end


ZIP_TRICKS: list[Trick] = [
    ("a byte behind", lambda f: whole(f) + b"x", "zip_not_plain", END),
    ("a byte before", lambda f: b"x" + whole(f), "zip_not_plain", END),
    ("a byte short", lambda f: whole(f)[:-1], "zip_not_plain", END),
    ("half of it", lambda f: whole(f)[: len(whole(f)) // 2], "zip_not_plain", END),
    ("two archives", lambda f: whole(f) + whole(f), "zip_not_plain", END),
    ("a comment", with_comment, "zip_not_plain", END),
    ("a gap", with_gap, "zip_not_plain", CENTRAL),
    ("an extra field", with_extra, "zip_not_plain", "central header of manifest.sig"),
    ("a doubled name", twice, "zip_not_plain", CENTRAL),
    ("a name in other case", under_names("readme.TXT"), "zip_not_plain", CENTRAL),
    ("a way up", under_names("../evil"), "zip_not_plain", CENTRAL),
    ("a way up inside", under_names("stills/../../evil"), "zip_not_plain", CENTRAL),
    ("from the root", under_names("/etc/passwd"), "zip_not_plain", CENTRAL),
    ("a drive", under_names("C:evil"), "zip_not_plain", CENTRAL),
    ("an empty folder", under_names("stills2/"), "zip_not_plain", "header of stills2/"),
    ("encrypted", central(8, b"\x01\x00", local_at=6), "zip_not_plain", "central header of manifest.sig"),
    ("a data descriptor", central(8, b"\x08\x00", local_at=6), "zip_not_plain", "central header of manifest.sig"),
    ("another packing", central(10, b"\x0c\x00", local_at=8), "zip_not_plain", "central header of manifest.sig"),
    ("a version to come", central(6, b"\x3f\x00", local_at=4), "zip_not_plain", "central header of manifest.sig"),
    ("two headers that differ", central(12, b"\x55\x55"), "zip_not_plain", "header of manifest.sig"),
    ("a symbolic link", central(38, b"\x00\x00\xff\xa1"), "zip_not_plain", "central header of manifest.sig"),
    ("another CRC", central(16, b"\x01\x02\x03\x04", local_at=14), "zip_not_plain", "header of manifest.sig"),
    ("gigabytes of zeros", lying_size, "zip_not_plain", CENTRAL),
    ("a bomb", bomb, "zip_not_plain", CENTRAL),
    ("damaged packing", damaged_deflate, "member_digest", "ledger.jsonl"),
    ("a byte behind the packed end", more_deflate, "member_digest", "README.txt"),
]
