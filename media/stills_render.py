"""From a picture to a stamped JPEG on the disk."""

from __future__ import annotations

import errno
import os
from hashlib import sha256
from pathlib import Path

import cv2

from media.errors import Kind, MediaError
from media.fonts import StampFont
from media.journal.file import NO_SPACE
from media.journal.files import sync_directory, sync_file
from media.stamp import StampText
from media.stamp_draw import draw_stamp
from media.stamp_exif import exif_segment, with_segment
from media.stills_decode import Picture
from media.stills_port import PictureFacts, StillRendered
from media.stills_tiles import tiles_root

JPEG_QUALITY = 90


def render_still(
    picture: Picture, track_id: str, stamp: StampText, facts: PictureFacts, font: StampFont, out_path: Path
) -> StillRendered:
    """Raises MediaError as `StillsPort.render` says."""
    frame, i420 = picture.frame, picture.i420()
    width, height = picture.decoded.width, picture.decoded.height
    encoded_sha256 = sha256(frame.content).hexdigest()
    stamped = draw_stamp(picture.bgr(), stamp.with_frame(frame.index), encoded_sha256, font)
    encoded = cv2.imencode(".jpg", stamped, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    jpeg = with_segment(encoded, exif_segment(frame.arrival_us, facts.utc_offset_s, facts.gps))
    write_once(out_path, jpeg)
    return StillRendered(
        track_id=track_id,
        width=width,
        height=height,
        frame_index=frame.index,
        rtp_timestamp=frame.rtp_timestamp,
        arrival_us=frame.arrival_us,
        encoded_sha256=encoded_sha256,
        i420_sha256=sha256(i420).hexdigest(),
        jpeg_sha256=sha256(jpeg).hexdigest(),
        jpeg_bytes=len(jpeg),
        tiles_root=tiles_root(i420, width, height, bytes.fromhex(facts.tiles_seed)) if facts.tiles_seed else None,
    )


def sync_original(journal_path: Path) -> None:
    """A still never outlives the frame it was made from: the journal reaches the medium first. Raises MediaError."""
    try:
        sync_file(journal_path)
    except OSError as error:
        raise _refusal(error) from error


def write_once(path: Path, content: bytes) -> None:
    """The whole file under its name, synced, or no file. Raises MediaError `still_exists` or `storage_full`."""
    making = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_synced(making, content)
        os.link(making, path)
        sync_directory(path.parent)
    except OSError as error:
        raise _refusal(error) from error
    finally:
        making.unlink(missing_ok=True)


def _refusal(error: OSError) -> MediaError:
    if isinstance(error, FileExistsError):
        return MediaError(Kind.CONFLICT, "still_exists", "a still of that id was written before")
    if error.errno in NO_SPACE:
        return MediaError(Kind.UNAVAILABLE, "storage_full", "no space for the still")
    return MediaError(Kind.UNAVAILABLE, "storage_failed", errno.errorcode.get(error.errno or 0, "unknown"))


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
