"""The viewing copy read back: every frame as it was sent and when it was sent, every voice where it was heard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from media.errors import MediaError
from media.replay_client import make_replay
from media.replay_mux import write_replay
from tests.media.clips import (
    START_US,
    Packets,
    encode_h264,
    encode_vp8,
    header_of,
    read_number,
    tone_packets,
    video_packets,
    write_journal,
)

pytestmark = pytest.mark.integration

ENCODED = encode_vp8(range(150), keyframes=[90])
FRAME_S = 1 / 30
RATE = 48_000


@dataclass
class Film:
    """What a player gets: encoded and decoded pictures with their times in seconds, and the sound."""

    encoded: list[tuple[float, bytes, bool]]
    pictures: list[tuple[float, int, tuple[int, int]]]
    sound: np.ndarray


def read_film(path: Path) -> Film:
    with av.open(str(path)) as container:
        demuxed = [packet for packet in container.demux(video=0) if packet.pts is not None and packet.size]
        encoded = [(float(each.pts * each.time_base), bytes(each), each.is_keyframe) for each in demuxed]
    with av.open(str(path)) as container:
        pictures = [
            (frame.time, read_number(frame.to_ndarray(format="bgr24")), (frame.width, frame.height))
            for frame in container.decode(video=0)
        ]
    with av.open(str(path)) as container:
        sound = read_sound(container) if container.streams.audio else np.zeros(0, np.float32)
    return Film(encoded, pictures, sound)


def read_sound(container: av.container.InputContainer) -> np.ndarray:
    parts = [(frame.time, frame.to_ndarray()) for frame in container.decode(audio=0)]
    sound = np.zeros(round(parts[-1][0] * RATE) + 2 * RATE, np.float32)
    for at_s, samples in parts:
        start = max(0, round(at_s * RATE))
        mono = samples.reshape(1, -1)[0].astype(np.float32)
        sound[start : start + len(mono)] = mono / (32768 if samples.dtype == np.int16 else 1)
    return sound


def loudness(sound: np.ndarray, frequency: float, start_s: float, end_s: float) -> float:
    """Amplitude of a tone between two times."""
    part = sound[int(start_s * RATE) : int(end_s * RATE)]
    turn = np.exp(-2j * np.pi * frequency * np.arange(len(part)) / RATE)
    return float(2 * abs(np.dot(part, turn)) / len(part))


def onset_s(sound: np.ndarray, frequency: float) -> float:
    """When a tone is first heard, to 5 ms."""
    step = 0.005
    return next(
        at * step
        for at in range(int(len(sound) / RATE / step) - 4)
        if loudness(sound, frequency, at * step, at * step + 0.02) > 0.1
    )


def later(packet: bytes, ticks: int) -> bytes:
    """The packet with its RTP timestamp moved."""
    return packet[:4] + (int.from_bytes(packet[4:8], "big") + ticks).to_bytes(4, "big") + packet[8:]


def session(tmp_path: Path, video: Packets, *voices: Packets) -> Path:
    write_journal(tmp_path / "journal" / "v.ytj", header_of("v", "video"), video)
    for number, voice in enumerate(voices):
        write_journal(tmp_path / "journal" / f"a{number}.ytj", header_of(f"a{number}", "audio"), voice)
    return tmp_path


def test_the_frames_are_untouched_and_on_time(tmp_path: Path) -> None:
    replay = write_replay(session(tmp_path, video_packets(ENCODED)), tmp_path / "derived" / "replay.webm")
    film = read_film(tmp_path / "derived" / "replay.webm")
    assert replay.origin_us == START_US
    assert abs(replay.duration_ms - 149 * 1000 / 30) <= 2
    assert [content for _, content, _ in film.encoded] == ENCODED
    assert [at for at, (_, _, keyframe) in enumerate(film.encoded) if keyframe] == [0, 90]
    assert [number for _, number, _ in film.pictures] == list(range(150))
    assert all(abs(at_s - number * FRAME_S) <= FRAME_S for at_s, number, _ in film.pictures)


def test_tones_of_two_voices_are_heard_when_they_were_spoken(tmp_path: Path) -> None:
    first = tone_packets(2, frequency=1000, start_us=START_US + 500_000)
    second = tone_packets(1.5, frequency=440, start_us=START_US + 2_000_000)
    write_replay(session(tmp_path, video_packets(ENCODED), first, second), tmp_path / "replay.webm")
    sound = read_film(tmp_path / "replay.webm").sound
    assert abs(onset_s(sound, 1000) - 0.5) <= 0.04
    assert abs(onset_s(sound, 440) - 2.0) <= 0.04
    assert loudness(sound, 1000, 1.0, 1.5) > 0.3
    assert loudness(sound, 1000, 2.1, 2.4) > 0.3
    assert loudness(sound, 440, 2.1, 2.4) > 0.3
    assert loudness(sound, 440, 1.0, 1.5) < 0.02
    assert loudness(sound, 1000, 3.0, 3.4) < 0.02


def test_a_pause_in_a_voice_is_silence_of_the_same_length(tmp_path: Path) -> None:
    voice = tone_packets(3)
    paused = [*voice[:50], *[(packet, at + 1_000_000) for packet, at in voice[50:]]]
    # A muted microphone: the sender's clock goes on.
    moved = [(later(packet, 48_000 * (number >= 50)), at) for number, (packet, at) in enumerate(paused)]
    write_replay(session(tmp_path, video_packets(ENCODED), moved), tmp_path / "replay.webm")
    sound = read_film(tmp_path / "replay.webm").sound
    assert loudness(sound, 1000, 0.5, 0.9) > 0.3
    assert loudness(sound, 1000, 1.2, 1.8) < 0.02
    assert loudness(sound, 1000, 2.2, 3.5) > 0.3


def test_the_recording_after_a_reconnection_goes_on_at_its_time(tmp_path: Path) -> None:
    folder = session(tmp_path, video_packets(ENCODED[:60]))
    again = video_packets(encode_vp8(range(1000, 1060), width=240, height=320), ssrc=77, start_us=START_US + 4_000_000)
    write_journal(folder / "journal" / "w.ytj", header_of("w", "video", created_us=START_US + 4_000_000), again)
    replay = write_replay(folder, tmp_path / "replay.webm")
    film = read_film(tmp_path / "replay.webm")
    assert [number for _, number, _ in film.pictures] == [*range(60), *range(1000, 1060)]
    at_s = {number: at for at, number, _ in film.pictures}
    assert abs(at_s[1000] - 4.0) <= FRAME_S
    assert film.pictures[-1][2] == (240, 320)
    assert abs(replay.duration_ms - (4000 + 59 * 1000 / 30)) <= 2


def test_two_connections_at_once_hand_over_at_the_newer_key_frame(tmp_path: Path) -> None:
    folder = session(tmp_path, video_packets(ENCODED[:90]))
    again = video_packets(encode_vp8(range(1000, 1060)), ssrc=77, start_us=START_US + 2_000_000)
    write_journal(folder / "journal" / "w.ytj", header_of("w", "video"), again)
    write_replay(folder, tmp_path / "replay.webm")
    numbers = [number for _, number, _ in read_film(tmp_path / "replay.webm").pictures]
    assert numbers == [*range(60), *range(1000, 1060)]


def test_a_lost_frame_freezes_the_picture_until_the_next_key_frame(tmp_path: Path) -> None:
    packets = video_packets(ENCODED)
    gone = next(at for at, (_, arrival_us) in enumerate(packets) if arrival_us >= START_US + 2_000_000)
    del packets[gone]
    write_replay(session(tmp_path, packets, tone_packets(4)), tmp_path / "replay.webm")
    film = read_film(tmp_path / "replay.webm")
    assert [number for _, number, _ in film.pictures] == [*range(60), *range(90, 150)]
    assert abs(film.pictures[60][0] - 3.0) <= FRAME_S


def test_a_torn_and_an_empty_journal_spoil_nothing(tmp_path: Path) -> None:
    folder = session(tmp_path, video_packets(ENCODED), tone_packets(2))
    with (folder / "journal" / "v.ytj").open("ab") as file:
        file.write(b"\x00\x00\x04\x00\x01torn")
    (folder / "journal" / "x.ytj").write_bytes(b"YTKJ")
    write_journal(folder / "journal" / "y.ytj", header_of("y", "audio"), [])
    write_replay(folder, tmp_path / "replay.webm")
    assert len(read_film(tmp_path / "replay.webm").pictures) == 150


def test_damage_within_a_journal_costs_only_what_follows_it(tmp_path: Path) -> None:
    folder = session(tmp_path, video_packets(ENCODED), tone_packets(4))
    with (folder / "journal" / "v.ytj").open("r+b") as file:
        file.seek(file.seek(0, 2) // 2)
        file.write(b"\xff" * 20)
    write_replay(folder, tmp_path / "replay.webm")
    film = read_film(tmp_path / "replay.webm")
    assert [number for _, number, _ in film.pictures] == list(range(len(film.pictures)))
    assert 30 < len(film.pictures) < 150
    assert loudness(film.sound, 1000, 3.0, 3.8) > 0.3


def test_voices_without_any_picture_make_a_film_too(tmp_path: Path) -> None:
    write_journal(tmp_path / "journal" / "a.ytj", header_of("a", "audio"), tone_packets(2))
    write_replay(tmp_path, tmp_path / "replay.webm")
    with av.open(str(tmp_path / "replay.webm")) as container:
        assert loudness(read_sound(container), 1000, 0.5, 1.5) > 0.3


async def test_the_process_answers_with_origin_and_length(tmp_path: Path) -> None:
    replay = await make_replay(session(tmp_path, video_packets(ENCODED)), tmp_path / "derived" / "replay.webm")
    assert (replay.origin_us, (tmp_path / "derived" / "replay.webm").exists()) == (START_US, True)


async def test_a_session_without_recording_says_so(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as refusal:
        await make_replay(tmp_path, tmp_path / "replay.webm")
    assert refusal.value.code == "no_recording"
    assert not (tmp_path / "replay.webm").exists()


def test_seeking_lands_on_the_key_frame_before(tmp_path: Path) -> None:
    write_replay(session(tmp_path, video_packets(ENCODED), tone_packets(4)), tmp_path / "replay.webm")
    data = (tmp_path / "replay.webm").read_bytes()
    assert b"\x1c\x53\xbb\x6b" in data[:4096], "the cues stand at the front"
    with av.open(str(tmp_path / "replay.webm")) as container:
        container.seek(4_000_000)
        first = next(container.decode(video=0))
        assert read_number(first.to_ndarray(format="bgr24")) == 90


H264 = encode_h264(range(150), keyframes=[90])


def h264_session(folder: Path, frames: list[bytes], *voices: Packets) -> Path:
    header = header_of("h", "video", codec="H264", payload_type=108)
    write_journal(folder / "journal" / "h.ytj", header, video_packets(frames, codec="H264"))
    for number, voice in enumerate(voices):
        write_journal(folder / "journal" / f"a{number}.ytj", header_of(f"a{number}", "audio"), voice)
    return folder


@pytest.mark.parametrize("container", [None, "fmp4"])
def test_h264_comes_as_an_mp4_with_the_pictures_untouched(tmp_path: Path, container: Any) -> None:
    folder = h264_session(tmp_path, H264, tone_packets(2, start_us=START_US + 500_000))
    replay = write_replay(folder, tmp_path / "film", container)
    assert (replay.container, replay.reencoded) == (container or "mp4", False)
    film = read_film(tmp_path / "film")
    units = [without_lengths(content) for _, content, _ in film.encoded]
    assert units == [[unit for unit in frame.split(b"\x00\x00\x00\x01") if unit] for frame in H264]
    assert [number for _, number, _ in film.pictures] == list(range(150))
    assert all(abs(at_s - number * FRAME_S) <= FRAME_S for at_s, number, _ in film.pictures)
    assert abs(onset_s(film.sound, 1000) - 0.5) <= 0.06


def without_lengths(sample: bytes) -> list[bytes]:
    """The NAL units of a sample of an MP4."""
    units, at = [], 0
    while at < len(sample):
        size = int.from_bytes(sample[at : at + 4], "big")
        units.append(sample[at + 4 : at + 4 + size])
        at += 4 + size
    return units


@pytest.mark.parametrize(("source", "container"), [("VP8", "fmp4"), ("H264", "webm")])
def test_a_copy_in_the_other_codec_shows_the_same_at_the_same_time(tmp_path: Path, source: str, container: Any) -> None:
    frames = encode_vp8(range(60)) if source == "VP8" else H264[:60]
    encode, height = (encode_vp8, 321) if source == "VP8" else (encode_h264, 322)
    turned = encode(range(60, 90), width=240, height=height)
    packets = video_packets([*frames, *turned], codec=source)
    write_journal(tmp_path / "journal" / "v.ytj", header_of("v", "video", codec=source), packets)
    replay = write_replay(tmp_path, tmp_path / "film", container)
    assert replay.reencoded
    film = read_film(tmp_path / "film")
    assert [number for _, number, _ in film.pictures] == list(range(90))
    assert all(abs(at_s - number * FRAME_S) <= FRAME_S for at_s, number, _ in film.pictures)
    assert film.pictures[0][2] == (320, 240) and film.pictures[-1][2] == (240, height & ~1)


def test_a_session_that_changed_its_codec_is_one_film_without_a_seam(tmp_path: Path) -> None:
    folder = session(tmp_path, video_packets(ENCODED[:60]))
    again = video_packets(encode_h264(range(1000, 1060)), codec="H264", ssrc=77, start_us=START_US + 2_000_000)
    write_journal(folder / "journal" / "w.ytj", header_of("w", "video", codec="H264"), again)
    replay = write_replay(folder, tmp_path / "film")
    film = read_film(tmp_path / "film")
    assert (replay.container, replay.reencoded) == ("webm", True)
    assert [number for _, number, _ in film.pictures] == [*range(60), *range(1000, 1060)]
    assert [content for _, content, _ in film.encoded[:60]] == ENCODED[:60]
    assert abs(film.pictures[60][0] - 2.0) <= FRAME_S
