"""A strict reader of DER (ITU-T X.690), enough for time-stamp tokens: values in, values out, nothing recursive.

Only one-byte tags and definite lengths in their shortest form, up to 2^24 - 1 bytes; everything else is a DerError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OID: Final = 0x06
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31

_MAX_LENGTH_BYTES = 3
_MAX_INTEGER_BYTES = 64
_MAX_ITEMS = 256


class DerError(ValueError):
    """Bytes that are not the DER that was expected."""


@dataclass(frozen=True, slots=True)
class Item:
    """One value: its tag byte, its content, and all its bytes with the header."""

    tag: int
    content: bytes
    whole: bytes


def context(number: int, constructed: bool = True) -> int:
    """The tag byte of `[number]`."""
    return 0x80 | (0x20 if constructed else 0) | number


def read_one(data: bytes, tag: int) -> Item:
    """The one value that the bytes are, with that tag and nothing behind it."""
    found = read_all(data)
    if len(found) != 1 or found[0].tag != tag:
        raise DerError("not the one value that was expected")
    return found[0]


def read_all(data: bytes) -> list[Item]:
    """The values that the bytes are, one after another."""
    items: list[Item] = []
    at = 0
    while at < len(data):
        if len(items) == _MAX_ITEMS:
            raise DerError("too many values")
        item = _read(data, at)
        items.append(item)
        at += len(item.whole)
    return items


def integer(item: Item) -> int:
    """A whole number in its shortest form."""
    content = _content(item, INTEGER)
    if not 1 <= len(content) <= _MAX_INTEGER_BYTES:
        raise DerError("an integer of no or too many bytes")
    if len(content) > 1 and content[0] in (0x00, 0xFF) and (content[0] ^ content[1]) < 0x80:
        raise DerError("an integer longer than it has to be")
    return int.from_bytes(content, "big", signed=True)


def octets(item: Item) -> bytes:
    """The content of an octet string."""
    return _content(item, OCTET_STRING)


def object_id(item: Item) -> str:
    """An object identifier, `1.2.840.113549.1.7.2`."""
    content = _content(item, OID)
    if not 1 <= len(content) <= _MAX_INTEGER_BYTES or content[-1] & 0x80:
        raise DerError("an object identifier that does not end")
    arcs: list[int] = []
    value, begins = 0, True
    for byte in content:
        if begins and byte == 0x80:
            raise DerError("an object identifier longer than it has to be")
        value, begins = value << 7 | byte & 0x7F, not byte & 0x80
        if begins:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


class Fields:
    """The values of a SEQUENCE, taken in order; what is optional is asked for by its tag."""

    def __init__(self, items: list[Item]) -> None:
        self._items = items
        self._at = 0

    @classmethod
    def of(cls, item: Item, tag: int = SEQUENCE) -> Fields:
        """Those of an item with that tag."""
        return cls(read_all(_content(item, tag)))

    def next(self) -> Item:
        """The next one. Raises DerError where there is none."""
        if self._at == len(self._items):
            raise DerError("a value is missing")
        self._at += 1
        return self._items[self._at - 1]

    def find(self, *tags: int) -> Item | None:
        """The next one where it has one of these tags."""
        here = self._items[self._at] if self._at < len(self._items) else None
        return self.next() if here is not None and here.tag in tags else None

    def end(self) -> None:
        """Raises DerError where something is left."""
        if self._at != len(self._items):
            raise DerError("more values than expected")


def _content(item: Item, tag: int) -> bytes:
    if item.tag != tag:
        raise DerError(f"tag {item.tag:#04x} instead of {tag:#04x}")
    return item.content


def _read(data: bytes, at: int) -> Item:
    if at + 2 > len(data):
        raise DerError("cut off")
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise DerError("a tag of several bytes")
    begin = at + 2
    length = first
    if first & 0x80:
        count = first & 0x7F
        if not 1 <= count <= _MAX_LENGTH_BYTES:
            raise DerError("an indefinite or too long length")
        length = int.from_bytes(data[begin : begin + count], "big")
        begin += count
        if length < 0x80 or length >> 8 * (count - 1) == 0:
            raise DerError("a length longer than it has to be")
    if begin + length > len(data):
        raise DerError("cut off")
    return Item(tag, data[begin : begin + length], data[at : begin + length])
