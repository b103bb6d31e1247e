"""Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1)."""

from __future__ import annotations

import struct

from media.rtp.sequence import unwrap16

RTPFB = 205
FEEDBACK_FORMAT = 15
#: Reference time counts 64 ms, deltas count 250 us.
REFERENCE_US = 64_000
DELTA_US = 250
NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA = 0, 1, 2
MAX_RUN = 0x1FFF
#: A feedback message describes at most this many packets; a longer silence of the sequence starts anew.
MAX_STATUSES = 512
#: One round of feedback names at most so many missing packets: a sender whose numbers leap would cost us time for
#: nothing.
MAX_MISSING_PER_ROUND = 2048
#: How far back a reordered packet is still reported.
MAX_REORDER = 256

HEAD = struct.Struct("!BBHIIHHI")
CHUNK = struct.Struct("!H")
LARGE = struct.Struct("!h")


class TransportCcRecorder:
    """Arrival times of one transport, turned into feedback messages. Times are monotonic microseconds."""

    __slots__ = ("_arrivals", "_count", "_highest", "_next")

    def __init__(self) -> None:
        self._arrivals: dict[int, int] = {}
        self._highest = -1
        self._next = -1
        self._count = 0

    def receive(self, sequence: int, now_us: int) -> int:
        """How many numbers before this one were skipped just now: 0 while everything comes in order."""
        if (sequence - self._highest) & 0xFFFF == 1 and self._highest >= 0:
            self._highest += 1
            self._arrivals[self._highest] = now_us
            return 0
        return self._receive_irregular(sequence, now_us)

    def _receive_irregular(self, sequence: int, now_us: int) -> int:
        if self._highest < 0:
            self._highest = self._next = 0x10000 + sequence
        unwrapped = unwrap16(self._highest, sequence)
        skipped = unwrapped - self._highest - 1
        if skipped >= 0:
            self._highest = unwrapped
        elif self._highest - unwrapped > MAX_REORDER:
            return 0
        self._arrivals.setdefault(unwrapped, now_us)
        return max(0, skipped)

    def take_feedback(self, sender_ssrc: int, media_ssrc: int) -> list[bytes]:
        """RTCP messages for all that arrived since the last call, none when nothing did."""
        arrivals, self._arrivals = self._arrivals, {}
        messages = []
        for first, times in self._runs(arrivals):
            messages.append(build_feedback(sender_ssrc, media_ssrc, first, times, self._count & 0xFF))
            self._count += 1
        return messages

    def _runs(self, arrivals: dict[int, int]) -> list[tuple[int, list[int | None]]]:
        if not arrivals:
            return []
        received = sorted(arrivals)
        first = min(self._next, received[0])
        if received[0] - first > MAX_STATUSES:
            first = received[0]
        self._next = max(self._next, received[-1] + 1)
        return split_runs(first, received, arrivals)


def split_runs(first: int, received: list[int], arrivals: dict[int, int]) -> list[tuple[int, list[int | None]]]:
    """(first sequence, arrival or None for each) such that every run is short and its deltas fit 16 bits."""
    runs: list[tuple[int, list[int | None]]] = []
    times: list[int | None] = []
    previous_us = arrivals[received[0]]
    may_miss = MAX_MISSING_PER_ROUND
    for sequence in received:
        missing = sequence - first - len(times)
        far = abs(arrivals[sequence] - previous_us) > 8_000_000
        if times and (len(times) + missing >= MAX_STATUSES or far or missing > may_miss):
            runs.append((first, times))
            named = missing < MAX_STATUSES and missing <= may_miss
            first, times, missing = (first + len(times), [], missing) if named else (sequence, [], 0)
        may_miss -= missing
        times += [None] * missing
        times.append(arrivals[sequence])
        previous_us = arrivals[sequence]
    runs.append((first, times))
    return runs


def build_feedback(sender_ssrc: int, media_ssrc: int, first: int, times: list[int | None], count: int) -> bytes:
    """One feedback message; `times[i]` is the arrival of packet `first + i` in µs, None where it is missing."""
    reference = next(time for time in times if time is not None) // REFERENCE_US
    symbols, deltas = _symbols(times, reference * REFERENCE_US)
    body = b"".join(CHUNK.pack(chunk) for chunk in pack_chunks(symbols)) + deltas
    padding = -len(body) % 4
    if padding:
        body += bytes(padding - 1) + bytes([padding])
    words = (HEAD.size + len(body)) // 4 - 1
    first_byte = 0x80 | (0x20 if padding else 0) | FEEDBACK_FORMAT
    return (
        HEAD.pack(
            first_byte,
            RTPFB,
            words,
            sender_ssrc,
            media_ssrc,
            first & 0xFFFF,
            len(times),
            (reference & 0xFFFFFF) << 8 | count,
        )
        + body
    )


def _symbols(times: list[int | None], previous_us: int) -> tuple[list[int], bytes]:
    symbols: list[int] = []
    deltas = bytearray()
    for time in times:
        if time is None:
            symbols.append(NOT_RECEIVED)
            continue
        delta = max(-0x8000, min(0x7FFF, (time - previous_us + DELTA_US // 2) // DELTA_US))
        previous_us += delta * DELTA_US
        if 0 <= delta <= 0xFF:
            symbols.append(SMALL_DELTA)
            deltas.append(delta)
        else:
            symbols.append(LARGE_DELTA)
            deltas += LARGE.pack(delta)
    return symbols, bytes(deltas)


def pack_chunks(symbols: list[int]) -> list[int]:
    """Run-length chunks for runs longer than a vector holds, else vectors of 14 one-bit or 7 two-bit symbols."""
    chunks: list[int] = []
    at = 0
    while at < len(symbols):
        run = _run_length(symbols, at)
        if run > 14 or run == len(symbols) - at:
            chunks.append(symbols[at] << 13 | run)
            at += run
        elif LARGE_DELTA not in symbols[at : at + 14]:
            chunks.append(_vector(0x8000, symbols[at : at + 14], 13, 1))
            at += 14
        else:
            chunks.append(_vector(0xC000, symbols[at : at + 7], 12, 2))
            at += 7
    return chunks


def _run_length(symbols: list[int], at: int) -> int:
    end = at
    while end < len(symbols) and symbols[end] == symbols[at] and end - at < MAX_RUN:
        end += 1
    return end - at


def _vector(head: int, symbols: list[int], top: int, bits: int) -> int:
    for index, symbol in enumerate(symbols):
        head |= symbol << (top - index * bits)
    return head
