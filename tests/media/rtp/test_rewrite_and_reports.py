from __future__ import annotations

import random

import pytest

from media.rtp.loss import LossTracker
from media.rtp.reports import ReceptionStats, SourceClock, StreamClock
from media.rtp.rewrite import FIRST_OUT_SEQUENCE, Continuity
from media.rtp.rtcp import SenderReport, ntp_from_unix_us

pytestmark = pytest.mark.unit


def test_a_new_source_goes_on_with_the_next_number_and_the_time_that_passed() -> None:
    continuity = Continuity(90_000)
    continuity.rebase(500, 7000, 1_000_000)
    assert 500 + continuity.sequence_offset == FIRST_OUT_SEQUENCE
    continuity.settle(520, 97_000, 2_000_000)
    out_before = 97_000 + continuity.timestamp_offset
    continuity.rebase(70_000, 123, 2_500_000)
    assert 70_000 + continuity.sequence_offset == FIRST_OUT_SEQUENCE + 21
    assert (123 + continuity.timestamp_offset - out_before) & 0xFFFFFFFF == 45_000
    assert continuity.first_sequence == 70_000


def test_a_source_that_follows_at_once_still_has_a_later_timestamp() -> None:
    continuity = Continuity(48_000)
    continuity.rebase(1, 0, 5)
    continuity.settle(9, 960, 6)
    continuity.rebase(1, 0, 6)
    assert continuity.timestamp_offset == 961


def test_fraction_lost_is_that_since_the_last_report() -> None:
    losses, stats = LossTracker(), ReceptionStats(90_000)
    for sequence in range(0, 100, 2):
        losses.receive(sequence, sequence * 1000)
    report = stats.report(1, losses, 100_000)
    assert report.lost == 49 and report.fraction_lost == 49 * 256 // 99 and report.highest == 98
    for sequence in range(99, 199):
        losses.receive(sequence, sequence * 1000)
    assert stats.report(1, losses, 200_000).fraction_lost == 0


def test_jitter_is_zero_for_even_arrival_and_grows_with_uneven() -> None:
    even, uneven = ReceptionStats(90_000), ReceptionStats(90_000)
    for index in range(100):
        even.arrive(index * 3000 & 0xFFFFFFFF, index * 33_333 + 33)
        uneven.arrive(index * 3000, index * 33_333 + (index % 2) * 10_000)
    assert even.jitter_16 >> 4 <= 1
    assert 600 < uneven.jitter_16 >> 4 < 950


def test_the_delay_since_the_senders_report_is_told() -> None:
    losses, stats = LossTracker(), ReceptionStats(48_000)
    losses.receive(1, 0)
    stats.sender_report(SenderReport(1, 0x1122334455667788, 0, 0, 0, []), 1_000_000)
    report = stats.report(1, losses, 1_500_000)
    assert report.last_sr == 0x33445566 and report.delay_since_sr == 32_768


def test_audio_and_video_of_one_sender_map_to_one_clock() -> None:
    """The sender's clock is 20 s ahead; the audio report took 30 ms, the video report 5 ms."""
    source = SourceClock()
    audio, video = StreamClock(48_000, source), StreamClock(90_000, source)
    now_us = 1_700_000_000_000_000
    sent = ntp_from_unix_us(now_us + 20_000_000)
    audio.sample(SenderReport(1, sent, 48_000, 0, 0, []), now_us + 30_000)
    video.sample(SenderReport(2, sent, 90_000, 0, 0, []), now_us + 5_000)
    at_us = now_us + 1_000_000
    audio_s = (audio.rtp_at(at_us) - 48_000) / 48_000
    video_s = (video.rtp_at(at_us) - 90_000) / 90_000
    assert abs(audio_s - video_s) < 0.001
    assert abs(audio_s - 0.995) < 0.001


@pytest.mark.parametrize("drift_ppm", [-200, 200])
def test_picture_and_voice_stay_together_while_the_senders_clock_drifts_and_reports_are_late(drift_ppm: int) -> None:
    """Ten minutes; voice reports every 5 s, the picture's every second, each 5 to 85 ms on the way."""
    chance = random.Random(drift_ppm)
    source = SourceClock()
    audio, video = StreamClock(48_000, source), StreamClock(90_000, source)
    started_us = 1_700_000_000_000_000
    for second in range(600):
        true_us = started_us + second * 1_000_000
        sender_us = true_us + 7_000_000 + second * drift_ppm
        for stream, rate, every in ((video, 90_000, 1), (audio, 48_000, 5)):
            if second % every == 0:
                rtp = (sender_us - started_us) * rate // 1_000_000 & 0xFFFFFFFF
                report = SenderReport(1, ntp_from_unix_us(sender_us), rtp, 0, 0, [])
                stream.sample(report, true_us + 5_000 + chance.randrange(80_000))
        if second < 30:
            continue  # until one report was quick
        at_us = true_us + 500_000
        shown_us, said_us = (_captured_us(stream, rate, at_us) for stream, rate in ((video, 90_000), (audio, 48_000)))
        assert abs(shown_us - said_us) < 1_000
        late_us = (at_us - started_us) + 7_000_000 + second * drift_ppm - shown_us
        assert 0 < late_us < 25_000, "the mapping follows the drift; the quickest report's way is part of it"


def _captured_us(stream: StreamClock, rate: int, at_us: int) -> int:
    """The sender's time, in microseconds since the start, that a receiver takes for `at_us` of our clock."""
    rtp = stream.rtp_at(at_us)
    cycles = round(((607_000_000 * rate / 1_000_000) - rtp) / (1 << 32))
    return (rtp + max(0, cycles) * (1 << 32)) * 1_000_000 // rate
