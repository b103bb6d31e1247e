"""Holds a video source back until a key frame of it begins."""

from __future__ import annotations

#: What arrives before the first packet of a key frame is kept: it may belong to it.
MAX_WAITING = 512
#: Without a key frame for so long, whatever comes is better than nothing.
LONGEST_WAIT_US = 3_000_000

#: first byte, marker bit, timestamp, packet, payload offset
Waiting = tuple[int, int, int, bytes, int]


class KeyframeGate:
    """`close` begins a wait; `take` keeps a packet and tells whether the wait is over; `release` gives what to send."""

    def __init__(self) -> None:
        self._since_us: int | None = None
        self._waiting: dict[int, Waiting] = {}

    def close(self) -> None:
        self._since_us = None
        self._waiting.clear()

    def take(self, sequence: int, packet: Waiting, begins_keyframe: bool, now_us: int) -> bool:
        """`sequence` unwrapped. True with the first packet of a key frame, or after the longest wait."""
        if self._since_us is None:
            self._since_us = now_us
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
        self._waiting[sequence] = packet
        return begins_keyframe or now_us - self._since_us > LONGEST_WAIT_US

    def release(self, first: int) -> list[tuple[int, Waiting]]:
        """The packets from this one on, in order. The gate is as new afterwards."""
        waiting = sorted((sequence, packet) for sequence, packet in self._waiting.items() if sequence >= first)
        self.close()
        return waiting
