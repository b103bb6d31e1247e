"""What a sender without transport-wide feedback is told of its line."""

from __future__ import annotations

import pytest

from media.rtp.header import HEADER
from media.rtp.receive_estimate import FIRST_BITS_PER_S
from media.rtp.reports import SourceClock
from media.sdp import UpSection
from media.sdp_formats import VP8, PayloadFormat
from media.up_rate import UpRate
from media.up_track import UpTrack

pytestmark = pytest.mark.unit


class Phone:
    """Sends 1000-byte packets; every `loses`-th does not come, and comes when it is asked for again."""

    def __init__(self) -> None:
        section = UpSection("0", "video", (PayloadFormat(VP8, 96, 97),), (7,), {}, None, True, True)
        self.track = UpTrack(section, 1, SourceClock(), lambda _: None)
        self.track.adopt(7)
        self.sequence = 0

    def send_second(self, second: int, packets: int, loses: int = 10**9) -> None:
        for index in range(packets):
            now_us = second * 1_000_000 + index * 1_000_000 // packets
            self.sequence += 1
            if self.sequence % loses != 0:
                self._arrive(self.sequence, now_us)
            elif self.sequence > 4 * loses:
                self._arrive(self.sequence - 4 * loses, now_us)
            self.track.tick(now_us)

    def _arrive(self, sequence: int, now_us: int) -> None:
        packet = HEADER.pack(0x80, 96, sequence & 0xFFFF, 0, 7) + bytes(988)
        self.track.receive(packet, 0x80, 0, sequence & 0xFFFF, 0, 12, now_us, now_us)


def test_before_anything_is_known_a_sender_may_send_a_good_picture() -> None:
    assert UpRate().update(0, [Phone().track]) == FIRST_BITS_PER_S


def test_loss_counts_although_it_is_repaired() -> None:
    phone, rate = Phone(), UpRate()
    for second in range(5):
        phone.send_second(second, 150, loses=5)
        told = rate.update((second + 1) * 1_000_000, [phone.track])
    assert phone.track.losses.repaired > 100 and phone.track.losses.lost == 0
    assert told < 1_250_000


def test_a_clean_line_is_told_more() -> None:
    phone, rate = Phone(), UpRate()
    for second in range(8):
        phone.send_second(second, 180)
        told = rate.update((second + 1) * 1_000_000, [phone.track])
    assert told > 1.3 * FIRST_BITS_PER_S


def test_new_counters_of_a_source_say_nothing() -> None:
    phone, rate = Phone(), UpRate()
    for second in range(3):
        phone.send_second(second, 150, loses=20)
        told = rate.update((second + 1) * 1_000_000, [phone.track])
    phone.track.adopt(8)
    phone.track.ssrc = 7
    phone.send_second(3, 150)
    assert rate.update(4_000_000, [phone.track]) == told
