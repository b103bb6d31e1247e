"""Session descriptions as values: an offer (up) or an answer (down) read. `sdp_write` writes ours.

Parsing is aiortc's; what we need of it is copied into small values. One transport for all (BUNDLE, rtcp-mux), complete
candidates, VP8 and H.264 with RTX and Opus only. RFC 8829, RFC 8843, RFC 5888, RFC 4588, RFC 6184.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aiortc import RTCDtlsFingerprint
from aiortc.sdp import MediaDescription, SessionDescription

from media.codec_names import VIDEO_CODECS
from media.errors import codec_not_supported, sdp_invalid, sdp_too_large
from media.sdp_formats import OFFERED, PayloadFormat, find_codec, find_formats, find_rtx

MAX_SDP_BYTES = 32 * 1024
MAX_MEDIA_SECTIONS = 8
#: None of them is used (addresses prove themselves): a phone names a dozen for each section.
MAX_CANDIDATES = 128
MAX_SSRCS = 8
TRANSPORT_CC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
ABS_SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
CLOCK_RATES = {"video": 90_000, "audio": 48_000}
#: Header extension id of our down offers.
ABS_SEND_TIME_ID = 3
FINGERPRINT_ALGORITHMS = ("sha-256", "sha-384", "sha-512")


@dataclass(frozen=True, slots=True)
class RemoteTransport:
    """The other end's ICE and DTLS. `setup` as in SDP: actpass, active or passive."""

    username: str
    password: str
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    setup: str

    @property
    def fingerprint(self) -> str:
        return f"{self.fingerprints[0].algorithm} {self.fingerprints[0].value}"


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Our end. `candidates`: (priority, address, port)."""

    username: str
    password: str
    fingerprint: str
    setup: str
    candidates: tuple[tuple[int, str, int], ...]


@dataclass(frozen=True, slots=True)
class UpSection:
    """An m-section of an up offer that we take.

    `formats`: at least one, the most wanted first; a sender begins with that one and may go on in another.
    `rtx_ssrcs` maps a retransmission's SSRC to the media's.
    """

    mid: str
    kind: str
    formats: tuple[PayloadFormat, ...]
    ssrcs: tuple[int, ...]
    rtx_ssrcs: dict[int, int] = field(hash=False)
    transport_cc_id: int | None
    remb: bool
    nack: bool

    @property
    def clock_rate(self) -> int:
        return CLOCK_RATES[self.kind]

    @property
    def codec(self) -> str:
        """"VP8", "H264" or "opus": what the sender begins with."""
        return self.formats[0].codec

    @property
    def payload_type(self) -> int:
        return self.formats[0].payload_type

    @property
    def rtx_type(self) -> int | None:
        return self.formats[0].rtx_type

    def find_format(self, payload_type: int) -> PayloadFormat | None:
        return next((each for each in self.formats if each.payload_type == payload_type), None)

    def find_repaired(self, rtx_type: int) -> PayloadFormat | None:
        """The format whose retransmissions have this payload type."""
        return next((each for each in self.formats if each.rtx_type == rtx_type), None)


@dataclass(frozen=True, slots=True)
class RefusedSection:
    """An m-section that we answer with port 0."""

    mid: str
    kind: str
    profile: str
    formats: str


@dataclass(frozen=True, slots=True)
class UpOffer:
    remote: RemoteTransport
    sections: tuple[UpSection | RefusedSection, ...]

    @property
    def taken(self) -> list[UpSection]:
        return [section for section in self.sections if isinstance(section, UpSection)]


@dataclass(frozen=True, slots=True)
class DownSection:
    """A fixed slot in a down offer."""

    mid: str
    kind: str
    stream: str
    cname: str
    ssrc: int
    rtx_ssrc: int | None


@dataclass(frozen=True, slots=True)
class DownAnswerSection:
    """What the receiver took of a slot: codecs, and whether with retransmissions. None: it refused the slot."""

    mid: str
    codecs: dict[str, bool] = field(hash=False)
    abs_send_time: bool

    @property
    def accepted(self) -> bool:
        return bool(self.codecs)


@dataclass(frozen=True, slots=True)
class DownAnswer:
    remote: RemoteTransport
    sections: dict[str, DownAnswerSection] = field(hash=False)


def parse_up_offer(sdp: str, video_codecs: Sequence[str] = VIDEO_CODECS) -> UpOffer:
    """`video_codecs`: the most wanted first. Raises MediaError: sdp_too_large, sdp_invalid, codec_not_supported."""
    description = _parse(sdp)
    sections: list[UpSection | RefusedSection] = []
    for media in description.media:
        kinds = [section.kind for section in sections if isinstance(section, UpSection)]
        taken = _up_section(media, video_codecs) if media.kind not in kinds else None
        sections.append(taken or _refused(media))
    offer = UpOffer(_remote(description, description.media), tuple(sections))
    if not offer.taken:
        raise codec_not_supported(f"the offer sends neither {' nor '.join(video_codecs)} nor Opus")
    return offer


def parse_down_answer(sdp: str) -> DownAnswer:
    """Raises MediaError: sdp_too_large, sdp_invalid."""
    description = _parse(sdp)
    sections = {media.rtp.muxId: _answer_section(media) for media in description.media}
    return DownAnswer(_remote(description, description.media), sections)


def _parse(sdp: str) -> SessionDescription:
    if len(sdp.encode(errors="replace")) > MAX_SDP_BYTES:
        raise sdp_too_large()
    if sdp.count("a=candidate:") > MAX_CANDIDATES:
        raise sdp_invalid(f"at most {MAX_CANDIDATES} candidates are expected")
    try:
        description = SessionDescription.parse(sdp)
    except Exception as error:  # the parser asserts, indexes and converts without care
        raise sdp_invalid(f"not readable: {type(error).__name__}") from error
    if not 0 < len(description.media) <= MAX_MEDIA_SECTIONS:
        raise sdp_invalid(f"one to {MAX_MEDIA_SECTIONS} media sections are expected")
    mids = [media.rtp.muxId for media in description.media]
    if not all(_is_token(mid) for mid in mids) or len(set(mids)) != len(mids):
        raise sdp_invalid("every media section needs a mid of its own")
    return description


def _is_plain(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _is_token(text: str | None) -> bool:
    return bool(text) and len(text or "") <= 32 and all(_is_plain(c) or c in "-_.{}" for c in text or "")


def _remote(description: SessionDescription, media: list[MediaDescription]) -> RemoteTransport:
    """ICE and DTLS of the bundle: those of its first section that has a port, or bundle-only."""
    first = next((m for m in media if m.port and m.ice is not None and m.dtls is not None), None)
    if first is None or first.dtls is None or first.ice is None:
        raise sdp_invalid("no section with ICE and DTLS")
    username, password = first.ice.usernameFragment, first.ice.password
    if not _is_ice_text(username, 4) or not _is_ice_text(password, 22):
        raise sdp_invalid("ICE user name or password is not well-formed")
    fingerprints = tuple(f for f in first.dtls.fingerprints if f.algorithm.lower() in FINGERPRINT_ALGORITHMS)
    if not fingerprints:
        raise sdp_invalid("no fingerprint of a known algorithm")
    if not any(group.semantic == "BUNDLE" for group in description.group) and len(media) > 1:
        raise sdp_invalid("BUNDLE is needed")
    setup = {"auto": "actpass", "client": "active", "server": "passive"}[first.dtls.role]
    return RemoteTransport(str(username), str(password), fingerprints, setup)


def _is_ice_text(text: str | None, shortest: int) -> bool:
    """RFC 8839 section 5.4."""
    return text is not None and shortest <= len(text) <= 256 and all(_is_plain(c) or c in "+/-_" for c in text)


def _up_section(media: MediaDescription, video_codecs: Sequence[str]) -> UpSection | None:
    formats = find_formats(media, video_codecs)
    codec = find_codec(media, formats[0].payload_type) if formats else None
    if codec is None or media.direction not in ("sendonly", "sendrecv", None) or not media.rtcp_mux:
        return None
    rtx_ssrcs = {
        int(group.items[1]): int(group.items[0])
        for group in media.ssrc_group
        if group.semantic == "FID" and len(group.items) == 2
    }
    feedback = [(item.type, item.parameter) for item in codec.rtcpFeedback]
    wide = next((e.id for e in media.rtp.headerExtensions if e.uri == TRANSPORT_CC_URI and 0 < e.id < 15), None)
    return UpSection(
        mid=media.rtp.muxId,
        kind=media.kind,
        formats=formats,
        ssrcs=tuple(item.ssrc for item in media.ssrc[:MAX_SSRCS] if item.ssrc not in rtx_ssrcs),
        rtx_ssrcs=dict(list(rtx_ssrcs.items())[:MAX_SSRCS]),
        transport_cc_id=wide if ("transport-cc", None) in feedback else None,
        remb=("goog-remb", None) in feedback,
        nack=("nack", None) in feedback,
    )


def _refused(media: MediaDescription) -> RefusedSection:
    return RefusedSection(media.rtp.muxId, media.kind, media.profile, " ".join(str(item) for item in media.fmt))


def _answer_section(media: MediaDescription) -> DownAnswerSection:
    is_open = media.port != 0 and media.direction in ("recvonly", "sendrecv")
    codecs = {}
    for offered in OFFERED.get(media.kind, ()) if is_open else ():
        taken = find_codec(media, offered.payload_type)
        if taken is not None and taken.mimeType.lower() == f"{media.kind}/{offered.codec.lower()}":
            codecs[offered.codec] = find_rtx(media, offered.payload_type) == offered.rtx_type is not None
    return DownAnswerSection(
        mid=media.rtp.muxId,
        codecs=codecs,
        abs_send_time=any(e.uri == ABS_SEND_TIME_URI and e.id == ABS_SEND_TIME_ID for e in media.rtp.headerExtensions),
    )
