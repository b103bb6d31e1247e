"""The port behind which small copies of a picture are made for single viewers, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from media.down_video_slot import Substitute

#: (unwrapped sequence, marker bit, timestamp, packet with a plain header)
Deliver = Callable[[int, int, int, bytes], None]


class SmallCopy(Substitute, Protocol):
    """One copy in the making. Until `deliver` is called, and after it has ended, there is none."""

    @property
    def ended(self) -> bool:
        """Its process has gone, by itself or by `close`."""

    def feed(
        self, sequence: int, first: int, marker: int, timestamp: int, packet: bytes, offset: int, now_us: int, sent: int
    ) -> None:
        """Take one packet of the source (as a `Forward`). Never waits: what the process cannot take is dropped."""

    def set_rate(self, bits_per_s: int) -> None:
        """What the copy may take."""

    def close(self) -> None:
        """End the process. Idempotent, does not wait for its end."""


class Reencoders(Protocol):
    """Makes copies, as many as the machine may bear."""

    def start(
        self, codec: str, bits_per_s: int, deliver: Deliver, ask_keyframe: Callable[[], None]
    ) -> SmallCopy | None:
        """A copy of a stream in this codec, None where there are as many as there may be.

        `ask_keyframe`: the copy can only begin with a key frame of the source.
        """

    async def aclose(self) -> None:
        """End all copies and wait for their processes. Idempotent."""
