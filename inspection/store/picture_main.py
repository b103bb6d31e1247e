"""The child of `inspection.store.pictures`: a picture on standard input, a JPEG on standard output."""

from __future__ import annotations

import sys

import cv2
import numpy as np

from inspection.store.pictures import MOST_BYTES, MOST_PIXELS, MOST_SIDE, has_picture_magic, limit_self

_QUALITY = 88


def reencoded(content: bytes) -> bytes | None:
    """The JPEG, turned upright, without any of the upload's own bytes; None for what is no picture."""
    if not has_picture_magic(content):
        return None
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return None
    height, width = image.shape[:2]
    if height * width > MOST_PIXELS:
        return None
    scale = MOST_SIDE / max(height, width)
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(jpeg) if done else None


def main() -> int:
    """Exit status 0 with a picture on standard output, 1 without."""
    limit_self()
    cv2.setNumThreads(1)
    picture = reencoded(sys.stdin.buffer.read(MOST_BYTES + 1))
    if picture is None:
        return 1
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
