"""Puts a sender's clock on the relay's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from media.depacketise import RESTART_BEHIND, WAIT_PACKETS, WAIT_US
from media.journal.format import RTP, Record
from media.rtp.header import payload_offset, strip_padding
from media.rtp.sequence import unwrap16, unwrap32

WINDOW_US = 2_000_000
TOLERANCE_US = 40_000
SILENCE_US = 1_000_000


class Timeline:
    """Turns (RTP timestamp, arrival) into when it was captured, on the relay's clock.

    Within a stretch the sender's clock rules, so that jitter of the network is not seen or heard. What travelled
    fastest in the last two seconds says how the clocks stand to each other; where that moved by more than 40 ms (drift,
    another route), after a second of silence or at a jump, the stretch ends and the next is anchored anew.
    """

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._offset_us: int | None = None
        self._last_us = 0
        self._window_ends_us = 0
        self._fastest_us = 0

    def place(self, rtp_timestamp: int, arrival_us: int) -> int:
        """Unix µs on the relay's clock. `rtp_timestamp` is unwrapped."""
        sent_us = rtp_timestamp * 1_000_000 // self._clock_rate
        offset_us = arrival_us - sent_us
        if self._offset_us is None or abs(arrival_us - self._last_us) > SILENCE_US:
            self._anchor(offset_us, arrival_us)
        elif offset_us < self._offset_us - TOLERANCE_US:
            self._anchor(offset_us, arrival_us)
        elif arrival_us >= self._window_ends_us:
            if self._fastest_us > (self._offset_us or 0) + TOLERANCE_US:
                self._offset_us = self._fastest_us
            self._window_ends_us, self._fastest_us = arrival_us + WINDOW_US, offset_us
        self._fastest_us = min(self._fastest_us, offset_us)
        self._last_us = arrival_us
        assert self._offset_us is not None
        return sent_us + self._offset_us

    def _anchor(self, offset_us: int, arrival_us: int) -> None:
        self._offset_us = self._fastest_us = offset_us
        self._window_ends_us = arrival_us + WINDOW_US


@dataclass(frozen=True, slots=True)
class Sound:
    """The payload of one audio packet, in the sender's order. `fresh`: nothing before it belongs to it."""

    rtp_timestamp: int
    arrival_us: int
    payload: bytes
    fresh: bool


class SoundOrder:
    """Audio packets in order of arrival go in, in order of the sender they come out; a hole is waited for 1.2 s."""

    def __init__(self) -> None:
        self._waiting: dict[int, Sound] = {}
        self._ssrc = -1
        self._next = 0
        self._highest = 0
        self._timestamp: int | None = None

    def feed(self, packet: bytes, arrival_us: int) -> list[Sound]:
        try:
            packet = strip_padding(packet)
            payload = packet[payload_offset(packet) :]
        except ValueError:
            return []
        ssrc = int.from_bytes(packet[8:12], "big")
        raw = packet[2] << 8 | packet[3]
        done: list[Sound] = []
        fresh = ssrc != self._ssrc or self._highest - unwrap16(self._highest, raw) > RESTART_BEHIND
        if fresh:
            done = self.flush()
            self._ssrc, self._next, self._highest = ssrc, raw, raw
        sequence = unwrap16(self._highest, raw)
        timestamp = int.from_bytes(packet[4:8], "big")
        self._timestamp = timestamp if self._timestamp is None else unwrap32(self._timestamp, timestamp)
        if sequence >= self._next:
            self._highest = max(self._highest, sequence)
            self._waiting[sequence] = Sound(self._timestamp, arrival_us, payload, fresh)
        return done + self._ready(arrival_us)

    def flush(self) -> list[Sound]:
        sounds = [self._waiting[sequence] for sequence in sorted(self._waiting)]
        self._waiting.clear()
        return [sound for sound in sounds if sound.payload]

    def _ready(self, now_us: int) -> list[Sound]:
        ready: list[Sound] = []
        while self._waiting:
            if self._next not in self._waiting:
                first = min(self._waiting)
                if now_us - self._waiting[first].arrival_us <= WAIT_US and len(self._waiting) <= WAIT_PACKETS:
                    break
                self._next = first
            sound = self._waiting.pop(self._next)
            self._next += 1
            if sound.payload:
                ready.append(sound)
        return ready


def sounds_of(records: Iterable[Record]) -> Iterator[Sound]:
    """All audio packets of a journal that carry something, in the sender's order."""
    order = SoundOrder()
    for record in records:
        if record.kind == RTP:
            yield from order.feed(record.payload, record.arrival_us)
    yield from order.flush()
