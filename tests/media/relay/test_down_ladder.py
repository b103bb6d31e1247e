"""How much a viewer is sent: down quickly where its line says so, up with care."""

from __future__ import annotations

import pytest

from media.down_ladder import Ladder, LineReport, Rung

pytestmark = pytest.mark.unit

VOICE = 40_000
SHARE = {Rung.FULL: 1.0, Rung.FEWER: 0.6, Rung.FEW: 0.4}


class Line:
    """A viewer behind a line of so many bits a second, with the REMB that a browser sends of it."""

    def __init__(self, capacity: int, full: int = 1_500_000, layers: int = 3) -> None:
        self.capacity, self.full, self.layers = capacity, full, layers
        self.ladder = Ladder()
        self.allowed = 0
        self.now_us = 0
        self.rungs: list[Rung] = []

    def offered(self) -> int:
        video = self.ladder.small_bits_per_s if self.ladder.rung is Rung.SMALL else self.full * SHARE[self.ladder.rung]
        return int(video) + VOICE

    def run(self, seconds: int, loss: float = 0.0) -> Rung:
        for _ in range(seconds):
            self.now_us += 1_000_000
            sent = self.offered()
            if sent > self.capacity:
                self.allowed = int(0.85 * self.capacity)
                lost = 1 - self.capacity / sent
            else:
                self.allowed = min(max(self.allowed, int(1.08 * self.allowed), sent), int(1.5 * sent + 10_000))
                lost = 0.0
            self.ladder.observe(LineReport(self.now_us, self.allowed, max(lost, loss), sent, self.layers))
            self.rungs.append(self.ladder.rung)
        return self.ladder.rung


def test_a_good_line_is_sent_everything() -> None:
    line = Line(10_000_000)
    line.run(60)
    assert set(line.rungs) == {Rung.FULL}


@pytest.mark.parametrize(
    ("capacity", "layers", "rung"),
    [(1_200_000, 3, Rung.FEWER), (800_000, 3, Rung.FEW), (300_000, 3, Rung.SMALL), (1_200_000, 2, Rung.FEW),
     (1_200_000, 1, Rung.SMALL)],
)  # fmt: skip
def test_a_weak_line_is_sent_what_fits_within_three_seconds(capacity: int, layers: int, rung: Rung) -> None:
    assert Line(capacity, layers=layers).run(3) is rung


def test_a_line_that_stays_weak_is_tried_more_and_more_seldom() -> None:
    line = Line(800_000)
    line.run(300)
    tries = [i for i in range(1, 300) if line.rungs[i] < line.rungs[i - 1]]
    assert 2 <= len(tries) <= 8
    assert tries[-1] - tries[-2] > 2 * (tries[1] - tries[0])
    assert line.rungs.count(Rung.FEW) > 270


def test_a_line_that_has_recovered_is_sent_everything_again() -> None:
    line = Line(300_000)
    line.run(30)
    line.capacity = 10_000_000
    line.run(45)
    assert line.rungs[-1] is Rung.FULL


def test_the_leap_from_the_small_picture_is_dared_seldom_on_a_line_that_has_not_grown() -> None:
    line = Line(300_000, layers=1)
    line.run(125)
    assert line.rungs[5:].count(Rung.FULL) <= 8
    assert [i for i in range(6, 125) if line.rungs[i] < line.rungs[i - 1]] != []


def test_a_failed_try_ends_with_the_first_report_that_complains() -> None:
    line = Line(800_000)
    line.run(30)
    ups = [i for i in range(1, 30) if line.rungs[i] < line.rungs[i - 1]]
    assert ups and all(Rung.FEW in line.rungs[i + 1 : i + 4] for i in ups)


def test_a_rate_that_rises_after_a_sudden_demand_is_no_complaint() -> None:
    ladder = Ladder()
    allowed = 900_000
    for second in range(1, 14):
        allowed = int(allowed * 1.08)
        report = LineReport(second * 1_000_000, allowed, 0.0, 2_500_000, 3)
        assert ladder.observe(report) is Rung.FULL


def test_an_estimate_that_begins_low_and_grows_is_no_complaint() -> None:
    ladder = Ladder()
    allowed = [0, 0, 300_000, 300_000, 324_000, 350_000, 350_000, 378_000, 408_000, 441_000, 900_000]
    for second, bits in enumerate(allowed, 1):
        assert ladder.observe(LineReport(second * 1_000_000, bits, 0.0, 1_000_000, 3)) is Rung.FULL


def test_an_estimate_that_begins_low_and_stays_there_is_one() -> None:
    ladder = Ladder()
    for second in range(1, 9):
        ladder.observe(LineReport(second * 1_000_000, 300_000, 0.0, 1_000_000, 3))
    assert ladder.rung > Rung.FULL


def test_a_false_alarm_of_the_browser_changes_nothing() -> None:
    ladder = Ladder()
    for second, bits in enumerate([2_000_000, 2_000_000, 850_000, 850_000, 860_000, 870_000, 890_000], 1):
        assert ladder.observe(LineReport(second * 1_000_000, bits, 0.0, 1_000_000, 3)) is Rung.FULL


def test_one_bad_report_changes_nothing() -> None:
    ladder = Ladder()
    losses = [0.0, 0.15, 0.0, 0.0, 0.12, 0.0]
    for second, loss in enumerate(losses, 1):
        assert ladder.observe(LineReport(second * 1_000_000, 2_000_000, loss, 1_000_000, 3)) is Rung.FULL


def test_loss_alone_leaves_the_base_layer_unless_it_is_severe() -> None:
    line = Line(10_000_000)
    assert line.run(30, loss=0.15) is Rung.FEW
    assert Line(10_000_000, layers=1).run(30, loss=0.15) is Rung.FULL
    assert Line(10_000_000, layers=1).run(5, loss=0.4) is Rung.SMALL


def test_a_stream_that_loses_its_layers_leaves_the_rung_that_needs_them() -> None:
    line = Line(800_000)
    assert line.run(5) is Rung.FEW
    line.layers = 1
    assert line.run(1) is Rung.SMALL


def test_a_viewer_that_tells_nothing_is_sent_everything() -> None:
    ladder = Ladder()
    for second in range(1, 30):
        assert ladder.observe(LineReport(second * 1_000_000, 0, 0.0, 1_500_000, 3)) is Rung.FULL


def test_the_small_copy_leaves_room_for_the_voice() -> None:
    ladder = Ladder()
    assert ladder.small_bits_per_s == 150_000
    for allowed, small in ((250_000, 137_500), (100_000, 100_000), (900_000, 250_000)):
        ladder.observe(LineReport(1, allowed, 0.0, 1_500_000, 1))
        assert ladder.small_bits_per_s == small
