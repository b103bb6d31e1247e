"""Our own session descriptions: the answer to a sender, the offer to a receiver. Complete, one transport for all."""

from __future__ import annotations

from collections.abc import Sequence

from media.codec_names import OPUS
from media.sdp import (
    ABS_SEND_TIME_ID,
    ABS_SEND_TIME_URI,
    TRANSPORT_CC_URI,
    DownSection,
    LocalTransport,
    RefusedSection,
    UpOffer,
    UpSection,
)
from media.sdp_formats import OFFERED, PayloadFormat


def write_up_answer(offer: UpOffer, local: LocalTransport, origin: int) -> str:
    """The complete answer: we receive."""
    lines = session_lines(origin, [section.mid for section in offer.taken])
    for section in offer.sections:
        if isinstance(section, RefusedSection):
            lines += [
                f"m={section.kind} 0 {section.profile} {section.formats}",
                "c=IN IP4 0.0.0.0",
                "a=inactive",
                f"a=mid:{section.mid}",
            ]
        else:
            lines += _up_answer_lines(section, local)
    return "\r\n".join(lines) + "\r\n"


def _up_answer_lines(section: UpSection, local: LocalTransport) -> list[str]:
    lines = [
        f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {_types(section.formats)}",
        *transport_lines(local),
        f"a=mid:{section.mid}",
        "a=recvonly",
        "a=rtcp-mux",
        "a=rtcp-rsize",
    ]
    if section.transport_cc_id is not None:
        lines.append(f"a=extmap:{section.transport_cc_id} {TRANSPORT_CC_URI}")
    rate = "transport-cc" if section.transport_cc_id is not None else "goog-remb" if section.remb else None
    feedback = ([rate] if rate else []) + (["nack"] if section.nack else [])
    if section.kind == "video":
        feedback += ["nack pli", "ccm fir"]
    return lines + format_lines(section.formats, feedback)


def format_lines(formats: Sequence[PayloadFormat], feedback: list[str]) -> list[str]:
    """What names the payload types of a section."""
    lines: list[str] = []
    for each in formats:
        rate = "48000/2" if each.codec == OPUS else "90000"
        lines.append(f"a=rtpmap:{each.payload_type} {each.codec}/{rate}")
        lines += [f"a=fmtp:{each.payload_type} {each.parameters}"] if each.parameters else []
        lines += [f"a=rtcp-fb:{each.payload_type} {item}" for item in feedback]
        if each.rtx_type is not None:
            lines += [f"a=rtpmap:{each.rtx_type} rtx/90000", f"a=fmtp:{each.rtx_type} apt={each.payload_type}"]
    return lines


def _types(formats: Sequence[PayloadFormat]) -> str:
    return " ".join(str(number) for each in formats for number in each.types)


def write_down_offer(sections: list[DownSection], local: LocalTransport, origin: int) -> str:
    """The complete offer: we send in fixed slots."""
    lines = session_lines(origin, [section.mid for section in sections])
    for section in sections:
        lines += _down_offer_lines(section, local)
    return "\r\n".join(lines) + "\r\n"


def _down_offer_lines(section: DownSection, local: LocalTransport) -> list[str]:
    video = section.kind == "video"
    formats = OFFERED[section.kind]
    track = f"{section.stream}-{section.kind}"
    lines = [
        f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {_types(formats)}",
        *transport_lines(local),
        f"a=mid:{section.mid}",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=msid:{section.stream} {track}",
        f"a=extmap:{ABS_SEND_TIME_ID} {ABS_SEND_TIME_URI}",
    ]
    lines += format_lines(formats, ["goog-remb", "nack", "nack pli", "ccm fir"] if video else ["nack"])
    if video:
        lines.append(f"a=ssrc-group:FID {section.ssrc} {section.rtx_ssrc}")
    for ssrc in (section.ssrc, section.rtx_ssrc):
        if ssrc is not None:
            lines += [f"a=ssrc:{ssrc} cname:{section.cname}", f"a=ssrc:{ssrc} msid:{section.stream} {track}"]
    return lines


def session_lines(origin: int, mids: list[str]) -> list[str]:
    return [
        "v=0",
        f"o=- {origin} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic: WMS *",
    ]


def transport_lines(local: LocalTransport) -> list[str]:
    lines = ["c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0"]
    for index, (priority, address, port) in enumerate(local.candidates):
        lines.append(f"a=candidate:{index + 1} 1 udp {priority} {address} {port} typ host")
    return [
        *lines,
        "a=end-of-candidates",
        f"a=ice-ufrag:{local.username}",
        f"a=ice-pwd:{local.password}",
        f"a=fingerprint:{local.fingerprint}",
        f"a=setup:{local.setup}",
    ]
