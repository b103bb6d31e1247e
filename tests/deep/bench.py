"""Figures of the deep check.

python -m tests.deep.bench thousand [--stills 1000] [--seed 1]
    makes stills over synthetic sessions (losses, late packets, key frames asked for, two codecs, turned phones, new
    connections) as the stills process does, and finds each of them again; exit status 1 unless all are found.
python -m tests.deep.bench hour [--minutes 60] [--every-s 6]
    the time to verify a recording of 720p at 30 frames and 1.5 Mb/s with a still each six seconds, beside its length.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av

from inspection.domain.verification import Verdict
from inspection.domain.verification_package import Asked
from inspection.store.package_files import verify_file
from media.depacketise import frames_of
from media.fonts import open_font
from media.journal.reader import read_journal
from media.stills_decode import PictureDecoder
from tests.deep.filmed import FilmedCase
from tests.media.clips import START_US, Packets, encode_h264, encode_vp8, picture, video_packets
from web.deep_check import deep_check

FPS = 15
SECONDS = 40
TRACKS_APART_US = (SECONDS + 4) * 1_000_000


def thousand(stills: int, seed: int) -> bool:
    """Whether every still that was made is found."""
    with tempfile.TemporaryDirectory() as folder:
        made = FilmedCase(Path(folder), open_font(Path(folder) / "fonts"))
        count = _film(made, stills, random.Random(seed))
        made.end()
        verdict, took_s = _verify(made.export())
    found = next((one.values["count"] for one in verdict.proven if one.key == "stills_found"), 0)
    problem = verdict.first_problem or "no problem"
    print(f"{found}/{count} stills found in {took_s:.1f} s; verdict {verdict.state}; {problem}")
    return found == count >= stills


def _film(made: FilmedCase, stills: int, chooser: random.Random) -> int:
    """Each round a connection with another codec, size, loss and journal; stills of random moments of it."""
    clips = {codec: _turning(codec) for codec in ("VP8", "H264")}
    count = rounds = 0
    while count < stills:
        codec = ("VP8", "H264")[rounds % 2]
        packets = video_packets(
            clips[codec][rounds % 4 // 2],
            codec=codec,
            ssrc=0x1000 + rounds,
            first_sequence=chooser.randrange(65_536),
            first_timestamp=chooser.randrange(1 << 32),
            start_us=START_US + rounds * TRACKS_APART_US,
            fps=FPS,
        )
        path = made.track(f"track{rounds}", _suffer(packets, chooser, rounds % 3), codec=codec)
        for _ in range(min(50, stills - count)):
            at_us = START_US + rounds * TRACKS_APART_US + chooser.randrange(SECONDS * 1_000_000)
            count += made.still(f"still{count}", path, at_us if chooser.random() < 0.95 else None)
        rounds += 1
    print(f"{count} stills made over {rounds} connections")
    return count


def _turning(codec: str) -> tuple[list[bytes], list[bytes]]:
    """Two clips of a phone that is turned, one with key frames asked for now and then."""
    encode = encode_vp8 if codec == "VP8" else encode_h264
    half = SECONDS * FPS // 2
    lying, standing = (320, 240), (240, 320)
    asked = range(20, half, 45)
    return (
        [*encode(range(half), *lying, keyframes=asked), *encode(range(half), *standing, keyframes=asked)],
        [*encode(range(half), *standing), *encode(range(half), 480, 272)],
    )


def _suffer(packets: Packets, chooser: random.Random, how: int) -> Packets:
    """Nothing; losses; losses and packets that come late."""
    if how == 0:
        return packets
    kept = [packet for at, packet in enumerate(packets) if at < 8 or chooser.random() > 0.003]
    if how == 1:
        return kept
    late = [(packet, at_us + (300_000 if chooser.random() < 0.02 else 0)) for packet, at_us in kept]
    return sorted(late, key=lambda each: each[1])


def hour(minutes: float, every_s: float) -> bool:
    """Whether verifying takes at most a fifth of the recording's length. Key frames every 100 s, as browsers send."""
    with tempfile.TemporaryDirectory() as folder:
        made = FilmedCase(Path(folder), open_font(Path(folder) / "fonts"))
        packets = _hd(minutes)
        path = made.track("hd", packets)
        count = _stills_on_the_way(made, path, every_s)
        made.end()
        package = made.export()
        plain_s = _timed(lambda: verify_file(package))
        verdict, took_s = _verify(package)
        size = package.stat().st_size
    share = took_s / (minutes * 60)
    print(
        f"{minutes:g} min of 720p30, {size / 1e6:.0f} MB, {count} stills: verify {plain_s:.1f} s, "
        f"--deep {took_s:.1f} s = {share:.3f} of the length; {verdict.state}"
    )
    return share <= 0.2


def _stills_on_the_way(made: FilmedCase, path: Path, every_s: float) -> int:
    """As one who follows the recording takes them: everything is decoded once."""
    decoder, count = PictureDecoder(), 0
    for frame in frames_of(read_journal(path)):
        decoder.decode(frame)
        if decoder.newest is not None and frame.arrival_us - START_US >= (count + 0.5) * every_s * 1e6:
            made.still_of(f"still{count}", path, decoder.newest)
            count += 1
    return count


def _hd(minutes: float) -> Packets:
    """Distinct pictures for 100 s, then the same again from their key frame."""
    fps, group = 30, 3000
    wanted = round(minutes * 60 * fps)
    codec = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = 1280, 720, "yuv420p"
    codec.bit_rate, codec.time_base, codec.gop_size = 1_500_000, Fraction(1, fps), group
    codec.options = {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0"}
    encoded: list[bytes] = []
    for number in range(min(group, wanted)):
        image = picture(number, 1280, 720)
        frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, fps)
        encoded.append(b"".join(bytes(packet) for packet in codec.encode(frame)))
    return video_packets((encoded[at % group] for at in range(wanted)), fps=fps)


def _verify(package: Path) -> tuple[Verdict, float]:
    started = time.perf_counter()
    verdict = verify_file(package, asked=Asked(deep=deep_check(package)))
    return verdict, time.perf_counter() - started


def _timed(work: object) -> float:
    started = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description="Figures of the deep check.")
    commands = parser.add_subparsers(dest="command", required=True)
    stills = commands.add_parser("thousand")
    stills.add_argument("--stills", type=int, default=1000)
    stills.add_argument("--seed", type=int, default=1)
    length = commands.add_parser("hour")
    length.add_argument("--minutes", type=float, default=60)
    length.add_argument("--every-s", type=float, default=6)
    given = parser.parse_args()
    if given.command == "thousand":
        return 0 if thousand(given.stills, given.seed) else 1
    return 0 if hour(given.minutes, given.every_s) else 1


if __name__ == "__main__":
    sys.exit(main())
