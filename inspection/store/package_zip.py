"""Reads a plain ZIP (PKWARE APPNOTE 6.3.10) and nothing else.

Plain means: local headers as the central directory says, one member after the other without gaps, comments, extra
fields (but ZIP64's, where a size needs it), doubled or unsafe names or bytes behind the end, and the same attributes
throughout. So no byte is without meaning, and a changed one shows. Members are stored or deflated; archives that
Python's zipfile or Info-ZIP's `zip -X` make from the same files are plain too.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inspection.domain.package_manifest import is_plain_name
from inspection.domain.verification import Broken, Code, Unreadable
from inspection.store.package_zip_layout import (
    CENTRAL,
    CENTRAL_MAGIC,
    DEFLATED,
    INFO_ZIP,
    LOCAL,
    LOCAL_MAGIC,
    STORED,
    at,
    not_plain,
    read_end,
    require_some_zip,
    unpack,
    zip64_values,
)

_CHUNK_BYTES = 256 * 1024
_MAX_CENTRAL_BYTES = 64 * 1024 * 1024
_FREE_UNPACKED_BYTES = 64 * 1024 * 1024
_MOST_TIMES = 20
_VERSIONS_NEEDED = (10, 20, 45)
_FLAGS = 0x806  # UTF-8 names and the hints on how hard the packer tried
_CENTRAL_PLACE = "central directory"

OnRead = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ZipMember:
    """One file of the archive; offsets count from the start of the archive."""

    name: str
    method: int
    crc32: int
    packed_bytes: int
    size_bytes: int
    header_offset: int
    data_offset: int


@dataclass(frozen=True, slots=True)
class _Central:
    """A central header with its ZIP64 values put in; `common` is what the local header must repeat."""

    name: str
    common: tuple[int, ...]
    made_by: int
    internal: int
    external: int
    crc32: int
    packed_bytes: int
    size_bytes: int
    offset: int

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")

    @property
    def method(self) -> int:
        return self.common[2]


class PlainZip:
    """An open archive whose structure was found plain. Implements `PackageMembers`."""

    def __init__(
        self, stream: BinaryIO, members: dict[str, ZipMember], on_read: OnRead, path: Path | None = None
    ) -> None:
        self._stream = stream
        self._path = path
        self._members = members
        self._on_read = on_read
        self._crc32: dict[str, int] = {}

    def names(self) -> list[str]:
        """All files, in the archive's order."""
        return list(self._members)

    def size_bytes(self, name: str) -> int:
        """The unpacked length."""
        return self._members[name].size_bytes

    def chunks(self, name: str) -> Iterator[bytes]:
        """The unpacked content. Raises Broken where it does not unpack to its length."""
        member = self._members[name]
        packed = self._packed(member)
        crc32 = total = 0
        for chunk in packed if member.method == STORED else _inflate(member, packed):
            crc32 = zlib.crc32(chunk, crc32)
            total += len(chunk)
            yield chunk
        if total != member.size_bytes:
            raise Broken(Code.MEMBER_DIGEST, name)
        self._crc32[name] = crc32

    def stored_offset(self, name: str) -> int | None:
        """Where in the archive its content lies as it is; None where it is packed."""
        member = self._members[name]
        return member.data_offset if member.method == STORED else None

    def find_piece(self, name: str) -> FilePiece | None:
        """The member as a stretch of the archive's file, where it is stored in one."""
        member = self._members[name]
        if self._path is None or member.method != STORED:
            return None
        return FilePiece(self._path, member.data_offset, member.size_bytes)

    def note_read(self, length: int) -> None:
        """So many bytes were read elsewhere."""
        self._on_read(length)

    def require_sound(self, name: str, crc32: int | None = None) -> None:
        """Raises Broken where the archive's CRC-32 is not that of the content read."""
        if (self._crc32.get(name) if crc32 is None else crc32) != self._members[name].crc32:
            raise Broken(Code.ZIP_NOT_PLAIN, f"header of {name}")

    def _packed(self, member: ZipMember) -> Iterator[bytes]:
        position, end = member.data_offset, member.data_offset + member.packed_bytes
        while position < end:
            self._stream.seek(position)
            chunk = self._stream.read(min(_CHUNK_BYTES, end - position))
            if not chunk:
                raise Broken(Code.MEMBER_DIGEST, member.name)
            position += len(chunk)
            self._on_read(len(chunk))
            yield chunk


@dataclass(frozen=True, slots=True)
class FilePiece:
    """A `Piece` of a file."""

    path: Path
    offset: int
    size_bytes: int

    def part(self, offset: int, size_bytes: int) -> FilePiece:
        """A stretch of it."""
        return FilePiece(self.path, self.offset + offset, min(size_bytes, self.size_bytes - offset))

    def chunks(self) -> Iterator[bytes]:
        """The content, or less where the file ends before."""
        left = self.size_bytes
        with self.path.open("rb", buffering=0) as stream:
            stream.seek(self.offset)
            while left > 0 and (chunk := stream.read(min(_CHUNK_BYTES, left))):
                left -= len(chunk)
                yield chunk


def open_plain_zip(stream: BinaryIO, on_read: OnRead = lambda length: None, path: Path | None = None) -> PlainZip:
    """`on_read` is told the length of each piece of packed content that was read; `path` is the stream's file.

    Raises Unreadable where this is no ZIP at all, and Broken where it is not a plain one (`zip_not_plain`) or a packed
    member does not unpack to its length (`member_digest`).
    """
    size = stream.seek(0, 2)
    require_some_zip(stream, size)
    count, central_offset, central_bytes = read_end(stream, size)
    headers = _read_central(stream, count, central_offset, central_bytes)
    _require_uniform(headers)
    members: dict[str, ZipMember] = {}
    position = 0
    for header in headers:
        member = _read_local(stream, header, position)
        position = member.data_offset + member.packed_bytes
        if not header.is_folder:
            members[member.name] = member
    if position != central_offset:
        raise not_plain(_CENTRAL_PLACE)
    _require_folders_of_members(headers, members)
    _require_bounded(members.values(), size)
    opened = PlainZip(stream, members, on_read, path)
    _require_unpackable(opened, members.values())
    return opened


def open_package(path: Path) -> BinaryIO:
    """The file, to be closed by the caller. Raises Unreadable."""
    try:
        return path.open("rb")
    except OSError as error:
        raise Unreadable(str(error.strerror)) from error


def _read_central(stream: BinaryIO, count: int, offset: int, length: int) -> list[_Central]:
    if length > _MAX_CENTRAL_BYTES:
        raise not_plain(_CENTRAL_PLACE)
    content = at(stream, offset, length)
    headers: list[_Central] = []
    position = 0
    while position < len(content):
        header, position = _parse_central(content, position)
        headers.append(header)
    names = {header.name.casefold() for header in headers}
    if len(headers) != count or len(names) != count:
        raise not_plain(_CENTRAL_PLACE)
    return headers


def _parse_central(content: bytes, position: int) -> tuple[_Central, int]:
    fields = unpack(CENTRAL, content[position : position + CENTRAL.size], _CENTRAL_PLACE)
    magic, made_by, needed, flags, method, time, date = fields[:7]
    crc32, packed, size, name_bytes, extra_bytes, comment, disk, internal, external, offset = fields[7:]
    name_at = position + CENTRAL.size
    extra_at = name_at + name_bytes
    name = _name(content[name_at:extra_at])
    where = f"central header of {name}"
    if magic != CENTRAL_MAGIC or comment or disk or extra_at + extra_bytes > len(content):
        raise not_plain(where)
    size, packed, offset = zip64_values(content[extra_at : extra_at + extra_bytes], (size, packed, offset), where)
    _require_known_way(needed, flags, method, where)
    common = (needed, flags, method, time, date, crc32)
    header = _Central(name, common, made_by, internal, external, crc32, packed, size, offset)
    return header, extra_at + extra_bytes


def _require_known_way(needed: int, flags: int, method: int, where: str) -> None:
    if needed not in _VERSIONS_NEEDED or method not in (STORED, DEFLATED) or flags & ~_FLAGS:
        raise not_plain(where)


def _require_uniform(headers: list[_Central]) -> None:
    """What the central directory says alone is the same for all files, so that no bit of it is free."""
    files = [header for header in headers if not header.is_folder]
    folders = [header for header in headers if header.is_folder]
    for group in (files, folders):
        for header in group:
            same = (header.made_by, header.external) == (group[0].made_by, group[0].external)
            known = header.internal == 0 or (header.internal == 1 and header.made_by == INFO_ZIP)
            if not same or not known:
                raise not_plain(f"central header of {_odd_one(group).name}")


def _odd_one(group: list[_Central]) -> _Central:
    """The header that most others differ from."""
    keys = [(header.made_by, header.external, header.internal) for header in group]
    return min(group, key=lambda header: keys.count((header.made_by, header.external, header.internal)))


def _require_bounded(members: Iterable[ZipMember], archive_bytes: int) -> None:
    """What unpacks to far more than the archive's own length is no recording: nobody has to read it to its end."""
    unpacked = sum(member.size_bytes for member in members if member.method != STORED)
    if unpacked > _FREE_UNPACKED_BYTES + _MOST_TIMES * archive_bytes:
        raise not_plain(_CENTRAL_PLACE)


def _require_unpackable(opened: PlainZip, members: Iterable[ZipMember]) -> None:
    """What is packed is unpacked once before anything is judged, so that damage shows in the archive's order."""
    for member in members:
        if member.method != STORED:
            for _ in opened.chunks(member.name):
                pass


def _read_local(stream: BinaryIO, header: _Central, position: int) -> ZipMember:
    where = f"header of {header.name}"
    if header.offset != position:
        raise not_plain(where)
    fields = unpack(LOCAL, at(stream, position, LOCAL.size), where)
    magic, *common = fields[:7]
    packed, size, name_bytes, extra_bytes = fields[7:]
    name_at = position + LOCAL.size
    rest = at(stream, name_at, name_bytes + extra_bytes)
    size, packed = zip64_values(rest[name_bytes:], (size, packed), where)
    same = tuple(common) == header.common and (packed, size) == (header.packed_bytes, header.size_bytes)
    if magic != LOCAL_MAGIC or not same or rest[:name_bytes] != header.name.encode("ascii"):
        raise not_plain(where)
    if header.method == STORED and packed != size:
        raise not_plain(where)
    data_offset = name_at + name_bytes + extra_bytes
    return ZipMember(header.name, header.method, header.crc32, packed, size, position, data_offset)


def _require_folders_of_members(headers: list[_Central], members: dict[str, ZipMember]) -> None:
    """Entries for folders are harmless where they hold nothing and members lie in them."""
    for header in headers:
        if header.is_folder and (header.size_bytes or not any(name.startswith(header.name) for name in members)):
            raise not_plain(f"header of {header.name}")


def _name(raw: bytes) -> str:
    name = raw.decode("ascii", "replace")
    if not is_plain_name(name.removesuffix("/")):
        raise not_plain(_CENTRAL_PLACE)
    return name


def _inflate(member: ZipMember, packed: Iterator[bytes]) -> Iterator[bytes]:
    """Never unpacks more than the member's length and one byte."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    left = member.size_bytes
    try:
        for piece in packed:
            data = piece
            while data and not unpacker.eof:
                chunk = unpacker.decompress(data, min(_CHUNK_BYTES, left + 1))
                data = unpacker.unconsumed_tail
                left -= len(chunk)
                if left < 0:
                    raise Broken(Code.MEMBER_DIGEST, member.name)
                if chunk:
                    yield chunk
            if unpacker.unused_data or (unpacker.eof and data):
                raise Broken(Code.MEMBER_DIGEST, member.name)
        while not unpacker.eof and (chunk := unpacker.decompress(b"", min(_CHUNK_BYTES, left + 1))):
            left -= len(chunk)
            if left < 0:
                raise Broken(Code.MEMBER_DIGEST, member.name)
            yield chunk
    except zlib.error as error:
        raise Broken(Code.MEMBER_DIGEST, member.name) from error
    if not unpacker.eof:
        raise Broken(Code.MEMBER_DIGEST, member.name)
