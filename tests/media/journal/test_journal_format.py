"""The bytes of a journal are what the format says, and damage is found where it is."""

from __future__ import annotations

import json
import struct
import zlib

import pytest

from media.journal.format import (
    RTP,
    SENDER_REPORT,
    JournalError,
    decode_header,
    decode_records,
    encode_header,
    encode_record,
)
from tests.media.clips import header_of

pytestmark = pytest.mark.unit

HEADER = header_of("t1", "video")


def test_the_header_is_magic_length_json_and_checksum() -> None:
    data = encode_header(HEADER)
    assert data[:8] == b"YTKJ\x00\x01\r\n"
    (length,) = struct.unpack("!I", data[8:12])
    fields = json.loads(data[12 : 12 + length])
    assert fields["format_version"] == 1
    assert fields["track_id"] == "t1"
    assert struct.unpack("!I", data[12 + length :]) == (zlib.crc32(data[12 : 12 + length]),)
    assert decode_header(data + b"more") == (HEADER, len(data))


def test_a_record_is_length_type_arrival_payload_and_checksum() -> None:
    data = encode_record(RTP, 0x0102030405060708, b"payload")
    assert data == bytes.fromhex("00000007 01 0102030405060708".replace(" ", "")) + b"payload" + struct.pack(
        "!I", zlib.crc32(bytes.fromhex("010102030405060708") + b"payload")
    )


def test_records_come_back_in_order_with_their_places() -> None:
    parts = [encode_record(RTP, 1, b"a" * 50), encode_record(SENDER_REPORT, 2, b""), encode_record(RTP, 3, b"c")]
    records = list(decode_records(b"".join(parts), 100))
    kept = [(each.kind, each.arrival_us, each.payload) for each in records]
    assert kept == [(1, 1, b"a" * 50), (2, 2, b""), (1, 3, b"c")]
    assert [each.end for each in records] == [100 + len(b"".join(parts[: at + 1])) for at in range(3)]


def test_a_cut_anywhere_gives_the_whole_records_before_it() -> None:
    parts = [encode_record(RTP, at, bytes(20 + at)) for at in range(3)]
    data = b"".join(parts)
    ends = [len(b"".join(parts[: at + 1])) for at in range(3)]
    for cut in range(len(data)):
        assert len(list(decode_records(data[:cut]))) == sum(end <= cut for end in ends)


@pytest.mark.parametrize("at", range(17 + 5))
def test_one_changed_byte_in_a_record_never_passes(at: int) -> None:
    good = encode_record(RTP, 77, b"hello")
    bad = bytearray(good + encode_record(RTP, 78, b"next"))
    bad[at] ^= 0x10
    try:
        records = list(decode_records(bytes(bad)))
    except JournalError:
        return
    assert all(each.payload != b"hello" for each in records)


@pytest.mark.parametrize("at", range(0, 200, 7))
def test_one_changed_byte_in_the_header_is_refused(at: int) -> None:
    data = bytearray(encode_header(HEADER))
    data[at] ^= 0x04
    with pytest.raises(JournalError):
        decode_header(bytes(data))
