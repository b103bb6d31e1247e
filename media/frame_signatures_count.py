"""Counts what page-signed frames show, frame by frame. Pure: told of each frame and whose signature it holds.

The rules are those of `docs/evidence.md`, "Page-signed frames": whoever counts the same frames gets the same.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass

from media.depacketise import EncodedFrame
from media.frame_signatures import DIGEST_BYTES, VERSION, Trailer, split_frame

#: Frames without a trailer that a later carrier can still sign.
MOST_WAITING = 254
JUMP_MS = 1000
TICKS_PER_MS = 90

UNSIGNED, SIGNED, BROKEN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """What a range of frames shows."""

    frames: int
    signed: int
    broken: int
    missing_counters: int
    clock_jumps: int


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """A frame as far as counting needs it. `digest`: of the picture, as digests of later carriers name it."""

    arrival_us: int
    rtp_timestamp: int
    picture: bytes
    digest: bytes
    is_carrier: bool
    trailer: Trailer | None


def see(frame: EncodedFrame) -> SeenFrame:
    """Takes a frame apart. Pictures of carriers need no digest: they have a signature of their own."""
    split = split_frame(frame)
    digest = b"" if split.is_carrier else hashlib.sha256(split.picture).digest()[:DIGEST_BYTES]
    picture = split.picture if split.is_carrier else b""
    return SeenFrame(frame.arrival_us, frame.rtp_timestamp, picture, digest, split.is_carrier, split.trailer)


@dataclass(frozen=True, slots=True)
class _Held:
    """A carrier whose signature holds. `key`: whose."""

    key: bytes
    trailer: Trailer
    arrival_us: int
    rtp_timestamp: int


class FrameCount:
    """One track, in the order of its frames; `statuses` holds those that are decided, from frame 0 on."""

    def __init__(self) -> None:
        self.statuses = bytearray()
        self._missing: dict[int, int] = {}
        self._jumps: set[int] = set()
        self._last: _Held | None = None
        self._since: deque[bytes] = deque()
        """Digests of frames since the last carrier that held, not decided; empty ones of broken carriers."""
        self._waiting = 0
        self._aged = 0

    @property
    def decided(self) -> int:
        """So many frames from the first on will not be judged otherwise."""
        return len(self.statuses)

    def take(self, frame: SeenFrame, key: bytes | None) -> None:
        """The next frame. `key`: the fingerprint whose signature fits it, None where none does."""
        if frame.is_carrier and key is not None and frame.trailer is not None and self._follows(key, frame.trailer):
            self._hold(_Held(key, frame.trailer, frame.arrival_us, frame.rtp_timestamp))
            return
        self._since.append(b"" if frame.is_carrier else frame.digest)
        self._waiting += not frame.is_carrier
        while self._since and (self._waiting > MOST_WAITING or not self._since[0]):
            self._age()

    def finish(self) -> None:
        """No frame follows: what waits stays unsigned."""
        while self._since:
            self._age()

    def facts(self, from_index: int, to_index: int) -> FrameFacts:
        """Of the decided frames from one to another, both included."""
        part = self.statuses[from_index : to_index + 1]
        missing = sum(count for at, count in self._missing.items() if from_index <= at <= to_index)
        jumps = sum(from_index <= at <= to_index for at in self._jumps)
        return FrameFacts(len(part), part.count(SIGNED), part.count(BROKEN), missing, jumps)

    def _follows(self, key: bytes, trailer: Trailer) -> bool:
        first = trailer.counter - len(trailer.digests)
        if trailer.version != VERSION or first < 0:
            return False
        last = self._last
        if last is None:
            return True
        return key == last.key and trailer.stream == last.trailer.stream and first > last.trailer.counter

    def _age(self) -> None:
        """The oldest is decided, and goes on counting as a frame between two signed ones."""
        digest = self._since.popleft()
        self.statuses.append(UNSIGNED if digest else BROKEN)
        self._waiting -= bool(digest)
        self._aged += 1

    def _hold(self, held: _Held) -> None:
        counters = [*_matched(self._since, held.trailer), held.trailer.counter]
        statuses = [UNSIGNED if digest else BROKEN for digest in self._since] + [SIGNED]
        first, start = held.trailer.counter - len(held.trailer.digests), len(self.statuses)
        before = self._last.trailer.counter if self._last is not None else None
        between = self._aged
        waiting: list[int] = []
        for place, counter in enumerate(counters):
            if counter is None:
                between += 1
                if statuses[place] == UNSIGNED:
                    waiting.append(place)
                continue
            if before is not None:
                self._note_missing(start + place, counter - before - 1 - between)
                for surplus in _surplus(waiting, between - (min(counter, first) - before - 1)):
                    statuses[surplus] = BROKEN
            statuses[place], before, between, waiting = SIGNED, counter, 0, []
        self.statuses += bytes(statuses)
        if self._last is not None and _jumped(self._last, held):
            self._jumps.add(len(self.statuses) - 1)
        self._since.clear()
        self._last, self._waiting, self._aged = held, 0, 0

    def _note_missing(self, index: int, count: int) -> None:
        if count > 0:
            self._missing[index] = count


def _matched(digests: deque[bytes], trailer: Trailer) -> list[int | None]:
    """Of each frame the counter that the trailer gives it."""
    first, at = trailer.counter - len(trailer.digests), 0
    counters: list[int | None] = []
    for digest in digests:
        place = next((n for n in range(at, len(trailer.digests)) if trailer.digests[n] == digest), None)
        counters.append(None if place is None else first + place)
        at = at if place is None else place + 1
    return counters


def _surplus(waiting: list[int], count: int) -> list[int]:
    """More frames than the page gave counters to: the last of them."""
    return waiting[-count:] if count > 0 else []


def _jumped(last: _Held, now: _Held) -> bool:
    page_ms = now.trailer.page_time_ms - last.trailer.page_time_ms
    ticks = (now.rtp_timestamp - last.rtp_timestamp + 0x80000000 & 0xFFFFFFFF) - 0x80000000
    off_arrival = abs(1000 * page_ms - (now.arrival_us - last.arrival_us)) > 1000 * JUMP_MS
    off_rtp = abs(TICKS_PER_MS * page_ms - ticks) > TICKS_PER_MS * JUMP_MS
    return page_ms < 0 or (off_arrival and off_rtp)
