"""Descriptions as Chromium and Firefox write them, and as nobody should."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription

from media.down_peer import plan_slots
from media.errors import MediaError
from media.sdp import (
    TRANSPORT_CC_URI,
    LocalTransport,
    RefusedSection,
    UpOffer,
    UpSection,
    parse_down_answer,
    parse_up_offer,
)
from media.sdp_write import write_down_offer, write_up_answer

pytestmark = pytest.mark.unit

OFFERS = Path(__file__).parent / "offers"
LOCAL = LocalTransport("abcd", "p" * 22, "sha-256 " + ":".join(["AA"] * 32), "passive", ((7, "192.0.2.1", 4242),))


def described(name: str) -> str:
    return (OFFERS / f"{name}.sdp").read_bytes().decode()


def without_video(sdp: str) -> str:
    return sdp.replace("VP8/", "H261/").replace("H264/", "H263/")


def video_of(offer: UpOffer) -> UpSection:
    return next(section for section in offer.taken if section.kind == "video")


def test_vp8_comes_first_and_h264_is_agreed_on_beside_it() -> None:
    section = video_of(parse_up_offer(described("chromium_up")))
    assert section.codec == "VP8" and [each.codec for each in section.formats] == ["VP8", "H264"]
    h264 = section.formats[1]
    assert (h264.payload_type, h264.rtx_type) == (108, 109), "42e01f in mode 1 is preferred to 42001f and 4d001f"
    assert section.find_format(108) is h264 and section.find_repaired(109) is h264
    assert section.find_format(114) is None, "packetization mode 0 is not taken"


def test_the_office_may_ask_for_h264_first_or_alone() -> None:
    first = parse_up_offer(described("chromium_up"), ("H264", "VP8"))
    answer = write_up_answer(first, LOCAL, 5)
    assert video_of(first).codec == "H264" and "m=video 9 UDP/TLS/RTP/SAVPF 108 109 96 97\r\n" in answer
    assert "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n" in answer
    alone = write_up_answer(parse_up_offer(described("chromium_up"), ("H264",)), LOCAL, 5)
    assert "VP8" not in alone and "m=video 9 UDP/TLS/RTP/SAVPF 108 109\r\n" in alone


@pytest.mark.parametrize(
    ("level_id", "is_taken"),
    [
        ("42e01f", True), ("42001F", True), ("4d001f", True), ("42E034", True),
        ("640c1f", False), ("42e0", False), ("42e0zz", False),
    ],
)  # fmt: skip
def test_h264_is_taken_in_the_profiles_that_every_browser_decodes(level_id: str, is_taken: bool) -> None:
    sdp = described("chromium_up").replace("VP8/", "H261/").replace("H264/", "H263/")
    sdp = sdp.replace("a=rtpmap:108 H263/", "a=rtpmap:108 H264/")
    sdp = sdp.replace("profile-level-id=42e01f", f"profile-level-id={level_id}")
    taken = [section.codec for section in parse_up_offer(sdp).taken]
    assert taken == (["opus", "H264"] if is_taken else ["opus"])


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_browsers_offer_is_taken_with_vp8_rtx_and_transport_cc(browser: str) -> None:
    offer = parse_up_offer(described(f"{browser}_up"))
    video = next(section for section in offer.taken if section.kind == "video")
    audio = next(section for section in offer.taken if section.kind == "audio")
    assert video.rtx_type is not None and video.nack and len(video.ssrcs) == len(video.rtx_ssrcs) == 1
    assert video.rtx_ssrcs[next(iter(video.rtx_ssrcs))] == video.ssrcs[0]
    assert video.transport_cc_id is not None
    assert audio.rtx_type is None and len(audio.ssrcs) == 1
    assert offer.remote.setup == "actpass" and offer.remote.fingerprint.startswith("sha-256 ")


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_the_answer_uses_the_offers_numbers_and_one_transport(browser: str) -> None:
    offer = parse_up_offer(described(f"{browser}_up"))
    answer = SessionDescription.parse(write_up_answer(offer, LOCAL, 5))
    assert [media.rtp.muxId for media in answer.media] == [section.mid for section in offer.sections]
    for media, section in zip(answer.media, offer.taken, strict=True):
        assert media.direction == "recvonly" and media.rtcp_mux
        assert media.rtp.codecs[0].payloadType == section.payload_type
        assert media.ice is not None and media.ice.usernameFragment == "abcd"
        assert media.ice_candidates[0].port == 4242 and media.ice_candidates_complete
        assert media.dtls is not None and media.dtls.role == "server"
        uris = {extension.uri: extension.id for extension in media.rtp.headerExtensions}
        assert uris == ({TRANSPORT_CC_URI: section.transport_cc_id} if section.transport_cc_id else {})


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_browser_takes_every_slot_with_rtx_and_send_times(browser: str) -> None:
    answer = parse_down_answer(described(f"{browser}_down"))
    assert [section.accepted for section in answer.sections.values()] == [True] * 5
    assert answer.sections["0"].codecs == {"VP8": True}
    assert answer.sections["1"].codecs == {"opus": False}
    assert answer.sections["0"].abs_send_time
    assert answer.remote.setup == "active"


def test_slots_of_one_person_share_a_stream_and_a_name() -> None:
    slots = plan_slots("inspector", "session")
    assert [(slot.kind, slot.stream) for slot in slots] == [
        ("video", "applicant"),
        ("audio", "applicant"), ("audio", "voice-1"), ("audio", "voice-2"), ("audio", "voice-3"),
    ]  # fmt: skip
    assert slots[0].cname == slots[1].cname != slots[2].cname
    assert [slot.stream for slot in plan_slots("applicant", "session")] == ["voice-1", "voice-2", "voice-3"]
    ssrcs = [slot.ssrc for slot in slots] + [slots[0].rtx_ssrc]
    assert len(set(ssrcs)) == 6


def test_a_down_offer_names_its_streams() -> None:
    offer = write_down_offer(plan_slots("inspector", "session"), LOCAL, 5)
    assert offer.count("a=msid:applicant ") == 2
    assert "a=group:BUNDLE 0 1 2 3 4" in offer
    assert offer.count("useinbandfec=1") == 4 and offer.count("goog-remb") == 2
    assert "a=rtpmap:98 H264/90000" in offer and "packetization-mode=1;profile-level-id=42e01f" in offer
    assert "a=fmtp:97 apt=96" in offer and "a=fmtp:99 apt=98" in offer
    SessionDescription.parse(offer)


def test_a_second_camera_and_a_data_channel_are_refused_and_the_rest_is_taken() -> None:
    offer = described("chromium_up")
    second = offer[offer.index("m=video") :].replace("a=mid:", "a=mid:x").replace("a=ssrc", "a=old-ssrc")
    data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:data\r\na=sctp-port:5000\r\n"
    taken = parse_up_offer(offer + second + data)
    refused = [section for section in taken.sections if isinstance(section, RefusedSection)]
    assert [section.kind for section in refused][-1] == "application"
    answer = write_up_answer(taken, LOCAL, 5)
    assert answer.count("a=inactive") == len(refused) and "m=application 0 UDP/DTLS/SCTP webrtc-datachannel" in answer


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda sdp: "", "sdp_invalid"),
        (lambda sdp: "hello", "sdp_invalid"),
        (lambda sdp: sdp + "a=x:" + "y" * 33_000 + "\r\n", "sdp_too_large"),
        (lambda sdp: "\u4e2d" * 12_000, "sdp_too_large"),
        (lambda sdp: without_video(sdp).replace("opus/", "other/"), "codec_not_supported"),
        (lambda sdp: sdp.replace("a=fingerprint:sha-256", "a=fingerprint:md5"), "sdp_invalid"),
        (lambda sdp: sdp.replace("a=ice-ufrag:", "a=ice-ufrag:\t"), "sdp_invalid"),
        (lambda sdp: sdp.replace("a=ice-pwd:", "a=ice-pwd:short a=x:"), "sdp_invalid"),
        (lambda sdp: sdp.replace("a=setup:actpass", "a=setup:sometimes"), "sdp_invalid"),
        (lambda sdp: sdp.replace("a=mid:1", "a=mid:0"), "sdp_invalid"),
        (lambda sdp: sdp.replace("a=mid:1", "a=mid:1\" onload"), "sdp_invalid"),
        (lambda sdp: sdp.replace("a=mid:1", "a=mid:\u0661"), "sdp_invalid"),
        (lambda sdp: sdp.replace("a=ice-ufrag:", "a=ice-ufrag:\u0661\u0661"), "sdp_invalid"),
        (lambda sdp: sdp + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n" * 200, "sdp_invalid"),
        (lambda sdp: sdp.replace("a=group:BUNDLE", "a=group:LS"), "sdp_invalid"),
        (lambda sdp: sdp + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:zz\r\n" * 9, "sdp_invalid"),
        (lambda sdp: sdp.replace("a=rtcp-mux", "a=rtcp-apart"), "codec_not_supported"),
    ],
)  # fmt: skip
def test_what_is_no_offer_for_us_is_refused_with_a_code(change, code: str) -> None:
    with pytest.raises(MediaError) as refused:
        parse_up_offer(change(described("chromium_up")))
    assert refused.value.code == code


def test_no_line_that_is_left_out_or_cut_does_worse_than_a_refusal() -> None:
    lines = described("chromium_up").splitlines()
    answered = refused = 0
    for index, line in enumerate(lines):
        for changed in (None, line[: len(line) // 2], line + " 99999999999999999999"):
            mutated = lines[:index] + ([changed] if changed is not None else []) + lines[index + 1 :]
            try:
                answer = write_up_answer(parse_up_offer("\r\n".join(mutated) + "\r\n"), LOCAL, 1)
            except MediaError:
                refused += 1
            else:
                assert answer.startswith("v=0")
                answered += 1
    assert answered > 0 and refused > 0, "the changes reach both outcomes"
