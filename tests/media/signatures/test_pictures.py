"""Signed frames show the same pictures, and films are without signatures."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from media.depacketise import FrameAssembler
from media.replay_mux import write_replay
from media.stills_decode import PictureDecoder
from tests.media.clips import encode_h264, encode_vp8, header_of, video_packets, write_journal
from tests.media.page_signing import SigningPage

pytestmark = pytest.mark.integration

PLAIN = {"VP8": encode_vp8(range(20), 320, 240), "H264": encode_h264(range(20), 320, 240)}


def pictures(contents: list[bytes], codec: str) -> list[bytes]:
    """What the stills' decoder shows of each frame."""
    decoder, assembler, shown = PictureDecoder(codec), FrameAssembler(codec), []
    for packet, at in video_packets(contents, codec=codec):
        for frame in assembler.feed(packet, at):
            decoder.decode(frame)
            assert decoder.newest is not None and decoder.newest.frame is frame
            shown.append(decoder.newest.i420())
    return shown


@pytest.mark.parametrize("codec", ["VP8", "H264"])
@pytest.mark.parametrize("group", [1, 5])
def test_a_decoder_shows_signed_frames_as_it_shows_them_unsigned(codec: str, group: int) -> None:
    signed = SigningPage().sign_in_groups(PLAIN[codec], group)
    assert signed != PLAIN[codec]
    assert pictures(signed, codec) == pictures(PLAIN[codec], codec)


def test_another_decoder_shows_signed_frames_as_it_shows_them_unsigned() -> None:
    shown = []
    for contents in (PLAIN["VP8"], SigningPage().sign_each(PLAIN["VP8"])):
        codec = av.CodecContext.create("vp8", "r")
        codec.thread_count = 1
        shown.append([codec.decode(av.Packet(each))[0].to_ndarray(format="yuv420p").tobytes() for each in contents])
    assert shown[0] == shown[1]


@pytest.mark.parametrize(("codec", "container"), [("VP8", "webm"), ("H264", "mp4")])
def test_a_film_holds_the_frames_without_what_signed_them(codec: str, container: str, tmp_path: Path) -> None:
    signed = SigningPage().sign_in_groups(PLAIN[codec], 3)
    header = header_of("v", "video", codec=codec)
    write_journal(tmp_path / "journal" / "v.ytj", header, video_packets(signed, codec=codec))
    out = tmp_path / "derived" / f"replay.{container}"
    assert not write_replay(tmp_path, out).reencoded
    with av.open(str(out)) as film:
        packets = [bytes(packet) for packet in film.demux(video=0) if packet.size]
    assert len(packets) == 20
    assert not [packet for packet in packets if b"YTKF" in packet or b"\xb1\x57\x8f\x1f" in packet]
    if codec == "VP8":
        assert packets == PLAIN["VP8"]
