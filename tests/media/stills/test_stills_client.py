"""The stills process as main sees it: real process, real journals, real pictures."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import av
import cv2
import pytest
from PIL import Image

from media.errors import MediaError
from media.stamp import StampText
from media.stills_client import StillsClient
from media.stills_port import GpsPosition, PictureFacts, StillsConfig
from media.stills_tiles import tiles_root
from tests.media.clips import START_US, encode_h264, encode_vp8, header_of, read_number, video_packets, write_journal

pytestmark = pytest.mark.integration

FRAME_US = 1_000_000 / 30
STAMP = StampText(("场所:幸福里社区老王家常菜馆", "帧号:{frame}"))
ENCODED = encode_vp8(range(90), keyframes=[40])


@pytest.fixture(scope="module")
def font_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fonts")


@pytest.fixture
async def stills(tmp_path: Path, font_cache: Path) -> AsyncIterator[StillsClient]:
    client = StillsClient(StillsConfig(str(font_cache), niceness=0), tmp_path / "stills.sock")
    await client.start()
    yield client
    await client.aclose()


def journal(tmp_path: Path, frames: int = 90) -> Path:
    return write_journal(tmp_path / "journal" / "v.ytj", header_of("v", "video"), video_packets(ENCODED[:frames]))


def decoded_i420(target: int) -> bytes:
    """What another reader of the same frames sees: FFmpeg's own VP8 decoder."""
    codec = av.CodecContext.create("vp8", "r")
    codec.thread_count = 1
    pictures = [codec.decode(av.Packet(frame)) for frame in ENCODED[: target + 1]]
    return pictures[-1][0].to_ndarray(format="yuv420p").tobytes()


async def test_the_newest_picture_is_named_by_frame_and_digests(stills: StillsClient, tmp_path: Path) -> None:
    out = tmp_path / "stills" / "one.jpg"
    still = await stills.render("one", journal(tmp_path), None, STAMP, out)
    assert (still.track_id, still.frame_index, still.width, still.height) == ("v", 89, 320, 240)
    assert still.rtp_timestamp == 0xFFFF0000 + 89 * 3000
    assert still.encoded_sha256 == sha256(ENCODED[89]).hexdigest()
    assert still.i420_sha256 == sha256(decoded_i420(89)).hexdigest()
    jpeg = out.read_bytes()
    assert (still.jpeg_sha256, still.jpeg_bytes) == (sha256(jpeg).hexdigest(), len(jpeg))
    image = cv2.imread(str(out))
    assert read_number(image) == 89
    assert image.shape[0] > 240
    assert cv2.QRCodeDetectorAruco().detectAndDecode(image)[0].lower() == still.encoded_sha256


@pytest.mark.parametrize("wanted", [0, 12, 39, 40, 77])
async def test_a_look_back_finds_the_picture_of_that_moment(stills: StillsClient, tmp_path: Path, wanted: int) -> None:
    at_us = START_US + int(wanted * FRAME_US) + 5_000
    out = tmp_path / "stills" / f"{wanted}.jpg"
    still = await stills.render(str(wanted), journal(tmp_path), at_us, STAMP, out)
    assert still.frame_index == wanted
    assert read_number(cv2.imread(str(out))) == wanted
    assert still.i420_sha256 == sha256(decoded_i420(wanted)).hexdigest()


async def test_a_followed_track_gives_the_newest_picture_as_it_grows(stills: StillsClient, tmp_path: Path) -> None:
    whole = journal(tmp_path).read_bytes()
    path = journal(tmp_path, frames=50)
    await stills.follow("session", "v", path)
    first = await stills.render("a", path, None, STAMP, tmp_path / "a.jpg")
    with path.open("ab") as file:
        file.write(whole[path.stat().st_size : -400])
    second = await stills.render("b", path, None, STAMP, tmp_path / "b.jpg")
    assert (first.frame_index, read_number(cv2.imread(str(tmp_path / "a.jpg")))) == (49, 49)
    assert (second.frame_index, read_number(cv2.imread(str(tmp_path / "b.jpg")))) == (88, 88)
    await stills.unfollow("v")


async def test_the_process_is_back_after_a_crash_and_follows_again(stills: StillsClient, tmp_path: Path) -> None:
    path = journal(tmp_path)
    await stills.follow("session", "v", path)
    before = stills.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(20):
        while True:
            try:
                still = await stills.render("x", path, None, STAMP, tmp_path / "x.jpg")
                break
            except MediaError as error:
                assert error.code == "relay_unavailable"
                await asyncio.sleep(0.05)
    assert still.frame_index == 89
    assert stills.pid != before


async def test_what_is_not_decodable_is_never_shown(stills: StillsClient, tmp_path: Path) -> None:
    packets = video_packets(ENCODED)
    gone = next(at for at, (_, arrival_us) in enumerate(packets) if arrival_us >= START_US + int(20 * FRAME_US))
    del packets[gone]
    path = write_journal(tmp_path / "journal" / "v.ytj", header_of("v", "video"), packets)
    still = await stills.render("x", path, START_US + int(35 * FRAME_US), STAMP, tmp_path / "x.jpg")
    assert read_number(cv2.imread(str(tmp_path / "x.jpg"))) == 19
    assert still.frame_index == 19


async def test_before_a_key_frame_there_is_no_picture_yet(stills: StillsClient, tmp_path: Path) -> None:
    path = write_journal(tmp_path / "journal" / "v.ytj", header_of("v", "video"), video_packets(ENCODED[5:20]))
    for at_us in (None, START_US - 1):
        with pytest.raises(MediaError) as refusal:
            await stills.render("x", path, at_us, STAMP, tmp_path / "x.jpg")
        assert refusal.value.code == "no_picture_yet"
    assert not (tmp_path / "x.jpg").exists()


async def test_a_frame_that_claims_to_be_huge_is_not_decoded(stills: StillsClient, tmp_path: Path) -> None:
    huge = ENCODED[40][:6] + b"\xff\x3f\xff\x3f" + ENCODED[40][10:]
    path = write_journal(tmp_path / "journal" / "v.ytj", header_of("v", "video"), video_packets([*ENCODED[:40], huge]))
    with pytest.raises(MediaError) as refusal:
        await stills.render("x", path, None, STAMP, tmp_path / "x.jpg")
    assert refusal.value.code == "video_too_large"
    await stills.follow("session", "v", path)
    with pytest.raises(MediaError) as refusal:
        await stills.render("x", path, None, STAMP, tmp_path / "x.jpg")
    assert refusal.value.code == "video_too_large"
    before = await stills.render("x", path, START_US + int(39.5 * FRAME_US), STAMP, tmp_path / "x.jpg")
    assert before.frame_index == 39


async def test_an_h264_still_names_the_access_unit_and_the_exact_planes(stills: StillsClient, tmp_path: Path) -> None:
    encoded = encode_h264(range(60), width=640, height=368, keyframes=[30])
    header = header_of("v", "video", codec="H264")
    path = write_journal(tmp_path / "journal" / "v.ytj", header, video_packets(encoded, codec="H264"))
    await stills.follow("session", "v", path)
    newest = await stills.render("a", path, None, STAMP, tmp_path / "a.jpg")
    earlier = await stills.render("b", path, START_US + int(17.5 * FRAME_US), STAMP, tmp_path / "b.jpg")
    assert (newest.frame_index, earlier.frame_index, newest.width, newest.height) == (59, 17, 640, 368)
    assert read_number(cv2.imread(str(tmp_path / "a.jpg"))) == 59
    assert read_number(cv2.imread(str(tmp_path / "b.jpg"))) == 17
    assert earlier.encoded_sha256 == sha256(encoded[17]).hexdigest()
    other = av.CodecContext.create("h264", "r")
    other.thread_count = 1
    planes = [picture for unit in encoded[:18] for picture in other.decode(av.Packet(unit))] + other.decode(None)
    assert earlier.i420_sha256 == sha256(planes[17].to_ndarray(format="yuv420p").tobytes()).hexdigest()


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_a_turned_phone_changes_the_size_of_the_stills(stills: StillsClient, tmp_path: Path, codec: str) -> None:
    encode = encode_h264 if codec == "H264" else encode_vp8
    encoded = [*encode(range(20), width=640, height=368), *encode(range(20, 40), width=368, height=640)]
    header = header_of("v", "video", codec=codec)
    path = write_journal(tmp_path / "journal" / "v.ytj", header, video_packets(encoded, codec=codec))
    for wanted, size in ((19, (640, 368)), (20, (368, 640)), (39, (368, 640))):
        at_us = START_US + int((wanted + 0.5) * FRAME_US)
        still = await stills.render(str(wanted), path, at_us, STAMP, tmp_path / f"{wanted}.jpg")
        assert (still.frame_index, (still.width, still.height)) == (wanted, size)
        assert read_number(cv2.imread(str(tmp_path / f"{wanted}.jpg"))) == wanted


async def test_an_unknown_journal_has_no_picture(stills: StillsClient, tmp_path: Path) -> None:
    with pytest.raises(MediaError) as refusal:
        await stills.render("x", tmp_path / "none.ytj", None, STAMP, tmp_path / "x.jpg")
    assert refusal.value.code == "no_picture_yet"


async def test_a_character_that_cannot_be_shown_is_refused_and_nothing_is_written(
    stills: StillsClient, tmp_path: Path
) -> None:
    with pytest.raises(MediaError) as refusal:
        await stills.render("x", journal(tmp_path), None, StampText(("店😀",)), tmp_path / "x.jpg")
    assert (refusal.value.code, refusal.value.message) == ("character_not_supported", "😀")
    assert not (tmp_path / "x.jpg").exists()


async def test_a_still_is_written_once(stills: StillsClient, tmp_path: Path) -> None:
    path, out = journal(tmp_path), tmp_path / "x.jpg"
    await stills.render("x", path, START_US, STAMP, out)
    before = out.read_bytes()
    with pytest.raises(MediaError) as refusal:
        await stills.render("x", path, None, STAMP, out)
    assert refusal.value.code == "still_exists"
    assert out.read_bytes() == before
    assert [each.name for each in tmp_path.glob(".x*")] == []


async def test_time_place_and_tiles_go_with_the_picture(stills: StillsClient, tmp_path: Path) -> None:
    seed, out = "5e" * 32, tmp_path / "x.jpg"
    facts = PictureFacts(8 * 3600, GpsPosition(302_741_500, 1_201_551_500, 1200, START_US // 1000), seed)
    still = await stills.render("x", journal(tmp_path), None, STAMP, out, facts)
    assert still.tiles_root == tiles_root(decoded_i420(89), 320, 240, bytes.fromhex(seed))
    assert still.jpeg_sha256 == sha256(out.read_bytes()).hexdigest()
    with Image.open(out) as picture:
        gps, taken = picture.getexif().get_ifd(0x8825), picture.getexif().get_ifd(0x8769)
    assert gps[0x12] == "WGS-84"
    assert (
        taken[0x9003]
        == f"{datetime.fromtimestamp(still.arrival_us / 1e6, timezone(timedelta(hours=8))):%Y:%m:%d %H:%M:%S}"
    )
    assert read_number(cv2.imread(str(out))) == 89


async def test_odd_sizes_give_the_exact_planes(stills: StillsClient, tmp_path: Path) -> None:
    encoded = encode_vp8(range(3), width=321, height=245)
    path = write_journal(tmp_path / "journal" / "v.ytj", header_of("v", "video"), video_packets(encoded))
    still = await stills.render("x", path, None, STAMP, tmp_path / "x.jpg")
    assert (still.width, still.height) == (321, 245)


@pytest.mark.bench
async def test_a_still_of_a_followed_720p_track_takes_less_than_300_ms(stills: StillsClient, tmp_path: Path) -> None:
    encoded = encode_vp8(range(60), width=1280, height=720)
    path = write_journal(tmp_path / "journal" / "v.ytj", header_of("v", "video"), video_packets(encoded))
    await stills.follow("session", "v", path)
    await stills.render("warm", path, None, STAMP, tmp_path / "warm.jpg")
    took = []
    for number in range(10):
        started = time.perf_counter()
        await stills.render(str(number), path, None, STAMP, tmp_path / f"{number}.jpg")
        took.append(time.perf_counter() - started)
    assert sorted(took)[len(took) // 2] < 0.3
