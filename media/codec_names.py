"""What codecs are called, in descriptions, journals and settings."""

from __future__ import annotations

VP8, H264, OPUS = "VP8", "H264", "opus"
#: What a picture may be encoded in, the most wanted first.
VIDEO_CODECS = (VP8, H264)
