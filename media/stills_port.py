"""The port behind which stills are made, in a process of its own; and what a viewing copy is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from media.errors import Kind, MediaError
from media.stamp import StampText
from media.stamp_exif import GpsPosition

__all__ = [
    "GpsPosition",
    "PictureFacts",
    "Replay",
    "StampText",
    "StillRendered",
    "StillsConfig",
    "StillsPort",
    "no_picture_yet",
    "stills_busy",
]


@dataclass(frozen=True, slots=True)
class StillsConfig:
    """cache_directory: where the stamp's font is kept. niceness: added to the priority of the process."""

    cache_directory: str
    niceness: int = 5

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> StillsConfig:
        """Raises TypeError for an unknown setting, ValueError for what is no JSON."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What goes with a still's picture beside the stamp: the zone of its EXIF time, a reported WGS 84 position, and
    the seed of its tiles' salts (64 hexadecimal digits; None: no tiles)."""

    utc_offset_s: int = 0
    gps: GpsPosition | None = None
    tiles_seed: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> PictureFacts:
        """Raises TypeError for an unknown field."""
        gps = fields["gps"]
        return cls(**{**fields, "gps": GpsPosition(**gps) if gps is not None else None})


NO_FACTS = PictureFacts()


@dataclass(frozen=True, slots=True)
class StillRendered:
    """A still, and what names its original: the frame in the journal.

    width and height: of the decoded picture (the JPEG is higher by the stamp). frame_index: counted over the complete
    frames of the journal from 0. rtp_timestamp: unwrapped. encoded_sha256: of the VP8 frame or H.264 access unit after
    depacketisation.
    i420_sha256: of the decoded picture's Y, U and V planes without padding. tiles_root: of the tree over its tiles.
    """

    track_id: str
    width: int
    height: int
    frame_index: int
    rtp_timestamp: int
    arrival_us: int
    encoded_sha256: str
    i420_sha256: str
    jpeg_sha256: str
    jpeg_bytes: int
    tiles_root: str | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """A film: its zero in unix µs, its length, its container ("webm", "mp4", "fmp4"), its size and digest.

    reencoded: whether pictures had to be encoded anew; else they are as they came. sources: (track, bytes of its
    journal from the start on) of all that it was made from.
    """

    origin_us: int
    duration_ms: int
    container: str = "webm"
    reencoded: bool = False
    size_bytes: int = 0
    sha256: str = ""
    sources: tuple[tuple[str, int], ...] = ()

    @classmethod
    def from_json(cls, text: str | bytes) -> Replay:
        """Raises ValueError, TypeError, KeyError for what is none."""
        fields = json.loads(text)
        sources = tuple((str(track_id), int(size)) for track_id, size in fields.pop("sources", ()))
        film = cls(**fields, sources=sources)
        if not isinstance(film.origin_us, int) or not isinstance(film.duration_ms, int):
            raise TypeError("no film's facts")
        return film


class StillsPort(Protocol):
    """Every call raises `MediaError` with a stable code."""

    async def follow(self, session_id: str, track_id: str, journal_path: Path) -> None:
        """Keep decoding this video track as it is recorded, so that a still of it is quick. Idempotent."""

    async def unfollow(self, track_id: str) -> None:
        """Idempotent."""

    async def render(
        self,
        still_id: str,
        journal_path: Path,
        at_us: int | None,
        stamp: StampText,
        out_path: Path,
        facts: PictureFacts = NO_FACTS,
    ) -> StillRendered:
        """Write the stamped JPEG of the newest picture, or of the last that had arrived at `at_us` (unix µs).

        `out_path` is written once, whole and synced. Raises `no_picture_yet`, `video_too_large`,
        `character_not_supported` (its message is the characters), `still_exists`, `stills_busy`, `storage_full`,
        `storage_failed`.
        """


def no_picture_yet() -> MediaError:
    return MediaError(Kind.CONFLICT, "no_picture_yet", "no whole picture has arrived by then")


def video_too_large(width: int, height: int) -> MediaError:
    return MediaError(Kind.CONFLICT, "video_too_large", f"{width} x {height} is more than is decoded here")


def stills_busy() -> MediaError:
    return MediaError(Kind.UNAVAILABLE, "stills_busy", "too many stills are being made")
