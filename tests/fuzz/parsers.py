"""Everything of ours that reads foreign bytes, called directly: what it may raise is said, anything else is a find."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from media.depacketise import FrameAssembler
from media.errors import MediaError
from media.journal.format import JournalError, decode_header, decode_records
from media.journal.reader import read_journal
from media.journal.recovery import scan
from media.rtp.h264 import begins_h264_keyframe, nal_units
from media.rtp.h264_sps import sps_size
from media.rtp.header import find_extension, payload_offset, strip_padding
from media.rtp.keyframe import begins_vp8_keyframe
from media.rtp.rtcp import parse_compound
from media.rtp.rtx import unwrap_rtx
from media.rtp.vp8 import parse_descriptor
from media.sdp import LocalTransport, parse_down_answer, parse_up_offer
from media.sdp_write import write_up_answer
from media.wire import read_message
from tests.fuzz.corpus import RTX_TYPE, SSRC, WIDE_ID, Corpus
from tests.fuzz.mutate import Mutator

LOCAL = LocalTransport("user", "password" * 3, "sha-256 AA", "passive", ((1, "127.0.0.1", 9),))


@dataclass(frozen=True, slots=True)
class Target:
    """`run` makes and feeds one case; it returns the case only to be shown where it raises."""

    name: str
    authenticated: bool
    weight: int
    run: Callable[[], Awaitable[None]]


class Parsers:
    """The targets over one corpus and one source of chance. Owner of a folder for journals."""

    def __init__(self, corpus: Corpus, chance: random.Random) -> None:
        self._corpus = corpus
        self._chance = chance
        self._mutator = Mutator(chance)
        self._folder = tempfile.TemporaryDirectory(prefix="ytk-fuzz")
        self._journal = Path(self._folder.name) / "fuzzed.ytj"
        self._assemblers = {name: FrameAssembler(name) for name in ("VP8", "H264")}
        self._arrival_us = 0
        self.last: bytes | str = b""

    def targets(self) -> list[Target]:
        return [
            Target("rtp header and extensions", True, 20, self._header),
            Target("rtx", True, 8, self._rtx),
            Target("rtcp", True, 20, self._rtcp),
            Target("payload descriptors", True, 16, self._descriptors),
            Target("depacketisers", True, 16, self._assemble),
            Target("sdp", True, 1, self._sdp),
            Target("journal", True, 1, self._journal_file),
            Target("wire messages", True, 3, self._wire),
        ]

    def close(self) -> None:
        self._folder.cleanup()

    def _case(self, seeds: list[bytes]) -> bytes:
        case = self._mutator.mutate(seeds)
        self.last = case
        return case

    async def _header(self) -> None:
        packet = self._case(self._corpus.rtp)
        for read in (payload_offset, lambda p: find_extension(p, WIDE_ID), strip_padding):
            try:
                read(packet)
            except ValueError:
                pass

    async def _rtx(self) -> None:
        packet = self._case(self._corpus.rtp)
        try:
            original = unwrap_rtx(packet, SSRC, RTX_TYPE)
            if original is not None:
                payload_offset(original)
        except ValueError:
            pass

    async def _rtcp(self) -> None:
        try:
            parse_compound(self._case(self._corpus.rtcp))
        except ValueError:
            pass

    async def _descriptors(self) -> None:
        payload = self._case(self._corpus.frames)
        begins_vp8_keyframe(payload, 0)
        begins_h264_keyframe(payload, 0)
        parse_descriptor(payload, 0)
        for read in (nal_units, sps_size):
            try:
                read(payload)
            except ValueError:
                pass

    async def _assemble(self) -> None:
        self._arrival_us += self._chance.choice((100, 30_000, 2_000_000))
        codec = self._chance.choice(("VP8", "H264"))
        self._assemblers[codec].feed(self._case(self._corpus.rtp), self._arrival_us)

    async def _sdp(self) -> None:
        try:
            self.last = self._mutator.text(self._corpus.offers)
            offer = parse_up_offer(self.last)
            write_up_answer(offer, LOCAL, 1)
        except MediaError:
            pass
        try:
            self.last = self._mutator.text(self._corpus.answers)
            parse_down_answer(self.last)
        except MediaError:
            pass

    async def _journal_file(self) -> None:
        """Damage anywhere in a real journal's first 20 kB."""
        whole = bytearray(self._corpus.journal[:20_000])
        for _ in range(self._chance.randrange(1, 4)):
            at = self._chance.randrange(len(whole))
            damage = self._mutator.mutate([bytes(whole[at : at + 40])])
            whole[at : at + self._chance.choice((0, 40))] = damage
        self.last = bytes(whole)
        self._journal.write_bytes(self.last)
        for read in (self._read_all, lambda: scan(self._journal)):
            try:
                read()
            except JournalError:
                pass

    def _read_all(self) -> None:
        data = self._journal.read_bytes()
        _, at = decode_header(data)
        list(decode_records(data[at:]))
        list(read_journal(self._journal))

    async def _wire(self) -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(self._case(self._corpus.wire))
        reader.feed_eof()
        try:
            while await read_message(reader) is not None:
                pass
        except ValueError:
            pass
