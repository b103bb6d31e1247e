"""Whether the picture of one participant moves, and why it does not. Pure: told of frames and of the clock."""

from __future__ import annotations

from dataclasses import dataclass

from media.events import GapCause

#: The picture counts as frozen after this time without a complete frame,
FREEZE_US = 1_000_000
#: or after so many of its usual intervals, where that is longer: detail mode sends one frame a second.
FREEZE_INTERVALS = 3
LONGEST_FREEZE_US = 5_000_000
#: What a page declares explains a freeze that began so long before at most: else whoever froze the picture would
#: name it afterwards.
EXPLAINED_US = 5_000_000
#: What the page says of its camera, in the order in which it explains a picture that stands still.
DECLARED: tuple[GapCause, ...] = ("paused", "camera")


@dataclass(frozen=True, slots=True)
class Standstill:
    """The picture stood from one time to another (monotonic microseconds)."""

    cause: GapCause
    started_us: int
    ended_us: int


class PictureWatch:
    """One standstill at a time: it begins with the last complete frame or with what the page declares, and ends with
    the first complete frame after both are over.
    """

    def __init__(self) -> None:
        self._frame_us = 0
        self._interval_us = 0
        self._cause: GapCause | None = None
        self._since_us = 0
        self._declared: GapCause | None = None
        self._cleared_us = 0

    @property
    def is_declared(self) -> bool:
        """Whether the page says that no picture is due."""
        return self._declared is not None

    def declare(self, cause: GapCause | None, since_us: int, now_us: int) -> Standstill | None:
        """What the page says: `paused` or `camera` since then, or None. Returns what another cause takes over from."""
        if cause == self._declared:
            return None
        self._declared, self._cleared_us = cause, now_us
        if cause is None:
            return None
        if self._cause is None:
            self._cause, self._since_us = cause, since_us
            return None
        if self._cause == cause or (self._cause == "freeze" and since_us - self._since_us <= EXPLAINED_US):
            self._cause, self._since_us = cause, min(self._since_us, since_us)
            return None
        before = Standstill(self._cause, self._since_us, since_us)
        self._cause, self._since_us = cause, since_us
        return before

    def look(self, frame_us: int, now_us: int) -> Standstill | None:
        """`frame_us`: when the newest complete frame came, 0 before the first. Returns a standstill that is over.

        Called while packets of a picture come or have come: from the first look on one is due.
        """
        if not self._frame_us and not frame_us:
            self._frame_us = now_us
        if frame_us > self._frame_us:
            return self._moves(frame_us)
        if self._cause is None and now_us - self._frame_us > self._patience_us():
            self._cause, self._since_us = "freeze", self._frame_us
        return None

    def look_without_picture(self) -> Standstill | None:
        """The participant sends no picture at all: what was declared ends with its declaration."""
        if self._cause is None or self._declared is not None:
            return None
        return self._end(self._cleared_us)

    def leave(self) -> int | None:
        """The connection is gone. A freeze becomes part of the absence, which begins where this says."""
        if self._cause != "freeze":
            return None
        self._cause = None
        return self._since_us

    def come_back(self, now_us: int) -> None:
        """The participant sends again; from now on a picture is due."""
        if self._frame_us:
            self._frame_us = max(self._frame_us, now_us)

    def close(self, now_us: int) -> Standstill | None:
        """The session is over, and with it any standstill."""
        return self._end(now_us) if self._cause is not None else None

    def _moves(self, frame_us: int) -> Standstill | None:
        before_us, self._frame_us = self._frame_us, frame_us
        if self._cause is None:
            if before_us:
                self._interval_us += (frame_us - before_us - self._interval_us) // 8
            return None
        if self._declared is not None or frame_us < self._cleared_us:
            return None
        return self._end(frame_us)

    def _end(self, ended_us: int) -> Standstill:
        assert self._cause is not None
        stood = Standstill(self._cause, self._since_us, max(self._since_us, ended_us))
        self._cause = None
        return stood

    def _patience_us(self) -> int:
        return max(FREEZE_US, min(FREEZE_INTERVALS * self._interval_us, LONGEST_FREEZE_US))
