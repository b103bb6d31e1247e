"""Which payload formats of an m-section we take, and the ones we offer: VP8, H.264 (RFC 6184) and Opus.

Nothing is transcoded, so a codec has to be known to us only as far as key frames go. H.264 is taken in packetization
mode 1 and in the profiles that every browser with H.264 decodes: Constrained Baseline, Baseline, Main.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiortc import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription

from media.codec_names import H264, OPUS, VIDEO_CODECS, VP8

OPUS_FORMAT = "minptime=10;useinbandfec=1"
H264_FORMAT = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id="
#: profile_idc and constraint flags (RFC 6184 section 8.1), the better known first.
H264_PROFILES = ("42e0", "42c0", "4200", "4d00", "4d40")


@dataclass(frozen=True, slots=True)
class PayloadFormat:
    """A codec under its number in a description. `rtx_type`: of its retransmissions. `parameters`: our fmtp, or ""."""

    codec: str
    payload_type: int
    rtx_type: int | None
    parameters: str = ""

    @property
    def types(self) -> list[int]:
        return [self.payload_type] + ([self.rtx_type] if self.rtx_type is not None else [])


#: What a down slot is offered as; the constants are ours.
VP8_OFFERED = PayloadFormat(VP8, 96, 97)
H264_OFFERED = PayloadFormat(H264, 98, 99, f"{H264_FORMAT}42e01f")
OPUS_OFFERED = PayloadFormat(OPUS, 111, None, OPUS_FORMAT)
OFFERED = {"video": (VP8_OFFERED, H264_OFFERED), "audio": (OPUS_OFFERED,)}


def find_formats(media: MediaDescription, video_codecs: Sequence[str] = VIDEO_CODECS) -> tuple[PayloadFormat, ...]:
    """One format for each codec that the section and we have in common, the most wanted first."""
    wanted = {"video": video_codecs, "audio": (OPUS,)}.get(media.kind, ())
    found = (_find_format(media, codec) for codec in wanted)
    return tuple(each for each in found if each is not None)


def find_codec(media: MediaDescription, payload_type: int) -> RTCRtpCodecParameters | None:
    """aiortc's description of a payload type."""
    return next((codec for codec in media.rtp.codecs if codec.payloadType == payload_type), None)


def find_rtx(media: MediaDescription, payload_type: int) -> int | None:
    for codec in media.rtp.codecs:
        if codec.mimeType.lower() == "video/rtx" and codec.parameters.get("apt") == payload_type:
            return codec.payloadType
    return None


def _find_format(media: MediaDescription, codec: str) -> PayloadFormat | None:
    if codec == H264:
        return _find_h264(media)
    mime_type = f"{media.kind}/{codec.lower()}"
    for each in media.rtp.codecs:
        if each.mimeType.lower() == mime_type and each.payloadType is not None:
            rtx_type = find_rtx(media, each.payloadType)
            return PayloadFormat(codec, each.payloadType, rtx_type, OPUS_FORMAT if codec == OPUS else "")
    return None


def _find_h264(media: MediaDescription) -> PayloadFormat | None:
    found: list[tuple[int, int, str]] = []
    for each in media.rtp.codecs:
        level_id = str(each.parameters.get("profile-level-id", "")).lower()
        is_ours = each.mimeType.lower() == "video/h264" and _is_mode_1(each.parameters) and _is_level_id(level_id)
        if is_ours and each.payloadType is not None:
            found.append((H264_PROFILES.index(level_id[:4]), each.payloadType, level_id))
    if not found:
        return None
    _, payload_type, level_id = min(found)
    return PayloadFormat(H264, payload_type, find_rtx(media, payload_type), H264_FORMAT + level_id)


def _is_mode_1(parameters: dict[str, int | str | None]) -> bool:
    """Single NAL units, STAP-A and FU-A; without the parameter the mode is 0."""
    return str(parameters.get("packetization-mode", "0")) == "1"


def _is_level_id(text: str) -> bool:
    return len(text) == 6 and text[:4] in H264_PROFILES and all(c in "0123456789abcdef" for c in text[4:])
