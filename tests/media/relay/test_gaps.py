"""One outage is one gap, with its cause, its begin and its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from media.events import GapDetected, RecordingResumed, RecordingTrouble, RelayEvent
from media.journal import JournalResumed, JournalTrouble
from media.picture_watch import PictureWatch, Standstill
from media.relay_clock import RelayClock
from media.relay_recorder import SessionRecorder
from media.room_gaps import Declared, Gaps
from media.rtp.loss import LossRun, LossTracker

pytestmark = pytest.mark.unit

WALL_US = 1_700_000_000_000_000
SECOND = 1_000_000


def play(watch: PictureWatch, until_us: int, frames: list[int]) -> list[Standstill]:
    """Looks every 25 ms; `frames` are when complete frames came."""
    found, newest = [], 0
    for now_us in range(SECOND, until_us, 25_000):
        newest = max([newest, *(frame for frame in frames if frame <= now_us)])
        stood = watch.look(newest, now_us)
        found += [stood] if stood else []
    return found


def steady(first_us: int, last_us: int, every_us: int = 33_000) -> list[int]:
    return list(range(first_us, last_us + 1, every_us))


def test_a_moving_picture_has_no_gap() -> None:
    assert play(PictureWatch(), 10 * SECOND, steady(SECOND, 10 * SECOND)) == []


def test_a_freeze_runs_from_the_last_complete_frame_to_the_next() -> None:
    before, after = steady(SECOND, 3 * SECOND), steady(6 * SECOND, 8 * SECOND)
    assert play(PictureWatch(), 8 * SECOND, before + after) == [Standstill("freeze", before[-1], after[0])]


def test_one_frame_a_second_is_no_freeze_but_a_pause_of_four_is() -> None:
    frames = [*steady(SECOND, 40 * SECOND, SECOND), 45 * SECOND, 46 * SECOND]
    assert play(PictureWatch(), 47 * SECOND, frames) == [Standstill("freeze", 40 * SECOND, 45 * SECOND)]


def test_a_long_freeze_stays_one_whatever_the_page_declares_afterwards() -> None:
    watch = PictureWatch()
    watch.look(SECOND, SECOND)
    watch.look(SECOND, 60 * SECOND)
    assert watch.declare("paused", 60 * SECOND, 60 * SECOND) == Standstill("freeze", SECOND, 60 * SECOND)
    watch.declare(None, 0, 61 * SECOND)
    assert watch.look(62 * SECOND, 62 * SECOND) == Standstill("paused", 60 * SECOND, 62 * SECOND)


def test_a_freeze_while_the_page_is_paused_is_the_pause() -> None:
    watch = PictureWatch()
    watch.look(SECOND, SECOND)
    assert watch.declare("paused", SECOND + 100_000, SECOND + 100_000) is None
    assert watch.look(SECOND, 4 * SECOND) is None
    assert watch.declare(None, 0, 5 * SECOND) is None
    assert watch.look(5 * SECOND + 200_000, 5 * SECOND + 210_000) == Standstill(
        "paused", SECOND + 100_000, 5 * SECOND + 200_000
    )


def test_a_pause_that_is_declared_late_takes_the_freeze_over() -> None:
    watch = PictureWatch()
    watch.look(SECOND, SECOND)
    watch.look(SECOND, 3 * SECOND)
    assert watch.declare("paused", 3 * SECOND, 3 * SECOND) is None
    watch.declare(None, 0, 4 * SECOND)
    assert watch.look(5 * SECOND, 5 * SECOND) == Standstill("paused", SECOND, 5 * SECOND)


def test_frames_that_come_in_spite_of_a_pause_do_not_end_it() -> None:
    watch = PictureWatch()
    watch.look(SECOND, SECOND)
    watch.declare("paused", 2 * SECOND, 2 * SECOND)
    assert watch.look(3 * SECOND, 3 * SECOND) is None
    watch.declare(None, 0, 4 * SECOND)
    assert watch.look(4 * SECOND + 1, 4 * SECOND + 1) == Standstill("paused", 2 * SECOND, 4 * SECOND + 1)


def test_a_camera_change_in_a_pause_is_two_gaps_that_follow_each_other() -> None:
    watch = PictureWatch()
    watch.look(SECOND, SECOND)
    watch.declare("camera", 2 * SECOND, 2 * SECOND)
    assert watch.declare("paused", 3 * SECOND, 3 * SECOND) == Standstill("camera", 2 * SECOND, 3 * SECOND)
    assert watch.close(4 * SECOND) == Standstill("paused", 3 * SECOND, 4 * SECOND)


class HandClock:
    def __init__(self) -> None:
        self.now_us = SECOND

    def clock(self) -> RelayClock:
        return RelayClock(lambda: self.now_us * 1000, lambda: (self.now_us + WALL_US) * 1000)


@dataclass
class Track:
    kind: str = "video"
    frame_us: int = 0
    last_us: int = 0
    losses: LossTracker = field(default_factory=LossTracker)

    def take_gap(self, now_us: int) -> LossRun | None:
        return self.losses.take_given_up()


class Source:
    """As much of an up peer as gaps look at."""

    def __init__(self) -> None:
        self.tracks = [Track()]
        self.media_us = 0
        self.identity = self

    participant_id = "applicant"

    def find_track(self, kind: str) -> Track | None:
        return next((track for track in self.tracks if track.kind == kind), None)


@dataclass
class Bench:
    hand: HandClock = field(default_factory=HandClock)
    told: list[RelayEvent] = field(default_factory=list)
    source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        self.gaps = Gaps("s", self.hand.clock(), self.told.append)

    def run(self, seconds: float, *, packets: bool = True, frames: bool = True) -> None:
        for _ in range(int(seconds * 40)):
            self.hand.now_us += 25_000
            if packets:
                self.source.media_us = self.source.tracks[0].last_us = self.hand.now_us
            if frames:
                self.source.tracks[0].frame_us = self.hand.now_us
            self.gaps.tick(self.sources, lambda track: "t1", self.hand.now_us)

    @property
    def sources(self) -> Any:
        return {"applicant": self.source} if self.source.media_us else {}

    def lose(self, cause: Any) -> None:
        self.gaps.leave(cast(Any, self.source), cause, lambda track: "t1")
        self.source = Source()

    def gaps_told(self) -> list[tuple[str, str | None, float]]:
        told = cast("list[GapDetected]", self.told)
        return [(gap.cause, gap.track_id, (gap.ended_us - gap.started_us) / SECOND) for gap in told]


def test_a_freeze_that_becomes_silence_is_one_gap_from_the_last_frame_on() -> None:
    bench = Bench()
    bench.run(2)
    bench.run(2, frames=False)
    bench.lose("silent")
    bench.hand.now_us += 5 * SECOND
    bench.run(3)
    assert bench.gaps_told() == [("silent", None, pytest.approx(7.025))]


def test_a_reconnection_is_one_gap_from_the_last_packet_to_the_first() -> None:
    bench = Bench()
    bench.run(2)
    bench.lose("closed")
    bench.hand.now_us += 3 * SECOND
    bench.run(3)
    assert bench.gaps_told() == [("reconnect", None, pytest.approx(3.025))]


def test_a_connection_that_falls_silent_and_goes_on_is_one_gap_with_all_that_it_lost() -> None:
    bench = Bench()
    bench.run(2)
    losses = bench.source.tracks[0].losses
    losses.receive(1, bench.hand.now_us)
    bench.run(2, packets=False, frames=False)
    for _ in range(3):
        bench.gaps.leave(cast(Any, bench.source), "silent", lambda track: "t1")
    bench.run(3, packets=False, frames=False)
    losses.receive(2000, bench.hand.now_us + 25_000)
    bench.run(2)
    bench.gaps.report_losses(cast(Any, bench.source), lambda track: "t1", bench.hand.now_us)
    bench.gaps.close(bench.sources, lambda track: "t1")
    assert bench.gaps_told() == [("silent", None, pytest.approx(5.025))]


def return_with_losses(bench: Bench) -> None:
    """Back for 0.1 s with the voice alone, and what is missing of the picture is noticed only then."""
    bench.run(2)
    losses = bench.source.tracks[0].losses
    losses.receive(1, bench.hand.now_us)
    bench.gaps.leave(cast(Any, bench.source), "silent", lambda track: "t1")
    bench.run(3, packets=False, frames=False)
    bench.run(0.1, frames=False)
    losses.receive(2, bench.hand.now_us)
    losses.receive(60, bench.hand.now_us)
    losses.asks_due(bench.hand.now_us + 10 * SECOND)
    bench.gaps.report_losses(cast(Any, bench.source), lambda track: "t1", bench.hand.now_us)


def test_what_was_asked_for_in_vain_before_an_absence_is_a_gap_of_its_own() -> None:
    bench = Bench()
    bench.run(1)
    losses = bench.source.tracks[0].losses
    losses.receive(1, bench.hand.now_us)
    bench.run(0.5)
    losses.receive(4, bench.hand.now_us)
    bench.run(0.1)
    bench.gaps.leave(cast(Any, bench.source), "silent", lambda track: "t1")
    bench.run(3, packets=False, frames=False)
    losses.receive(2000, bench.hand.now_us + 25_000)
    bench.run(0.1)
    losses.asks_due(bench.hand.now_us + 10 * SECOND)
    for _ in range(2):
        bench.gaps.report_losses(cast(Any, bench.source), lambda track: "t1", bench.hand.now_us)
    bench.run(3)
    told = [gap for gap in bench.told if isinstance(gap, GapDetected)]
    assert [(gap.cause, gap.packets) for gap in told] == [("loss", 2), ("silent", 0)]
    assert told[0].ended_us <= told[1].started_us


def test_a_picture_that_is_never_whole_is_a_freeze_from_its_first_packet_on() -> None:
    bench = Bench()
    bench.run(3, frames=False)
    bench.run(1)
    assert bench.gaps_told() == [("freeze", "t1", pytest.approx(3.0, abs=0.05))]


def test_losses_between_the_voice_and_the_picture_of_a_return_are_the_absence() -> None:
    bench = Bench()
    return_with_losses(bench)
    bench.run(1)
    bench.gaps.report_losses(cast(Any, bench.source), lambda track: "t1", bench.hand.now_us)
    bench.run(2)
    assert bench.gaps_told() == [("silent", None, pytest.approx(3.125))]


def test_losses_of_a_return_without_a_picture_are_part_of_the_absence() -> None:
    bench = Bench()
    return_with_losses(bench)
    bench.run(4, frames=False)
    bench.gaps.report_losses(cast(Any, bench.source), lambda track: "t1", bench.hand.now_us)
    bench.run(3, frames=False)
    assert bench.gaps_told() == [("silent", None, pytest.approx(3.1))]


def come_back(bench: Bench, seconds: float) -> None:
    """Two seconds of picture, silence for three, and the picture again for so long."""
    bench.run(2)
    bench.source.tracks[0].losses.receive(1, bench.hand.now_us)
    bench.gaps.leave(cast(Any, bench.source), "silent", lambda track: "t1")
    bench.run(3, packets=False, frames=False)
    bench.run(seconds)


def lose_three(bench: Bench) -> None:
    """Numbers 3 to 5 of the picture never come, and for 25 ms nothing else does."""
    losses = bench.source.tracks[0].losses
    losses.receive(2, bench.hand.now_us)
    losses.receive(6, bench.hand.now_us + 25_000)
    losses.asks_due(bench.hand.now_us + 10 * SECOND)
    bench.gaps.report_losses(cast(Any, bench.source), lambda track: "t1", bench.hand.now_us)


def test_a_loss_while_the_line_settles_makes_the_absence_longer() -> None:
    bench = Bench()
    come_back(bench, seconds=1.5)
    lose_three(bench)
    assert bench.gaps_told() == []
    bench.run(2)
    assert bench.gaps_told() == [("silent", None, pytest.approx(3 + 1.5 + 0.025))]


def test_a_loss_after_the_line_has_settled_is_a_gap_of_its_own() -> None:
    bench = Bench()
    come_back(bench, seconds=2.5)
    lose_three(bench)
    assert bench.gaps_told() == [("silent", None, pytest.approx(3.025)), ("loss", "t1", pytest.approx(0.025))]


def test_an_absence_waits_for_what_is_asked_for_but_not_for_ever() -> None:
    bench = Bench()
    come_back(bench, seconds=1)
    losses = bench.source.tracks[0].losses
    losses.receive(2, bench.hand.now_us)
    losses.receive(6, bench.hand.now_us + 25_000)
    bench.run(3.5)
    assert bench.gaps_told() == []
    bench.run(1)
    assert bench.gaps_told() == [("silent", None, pytest.approx(3.025))]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1.0, [("silent", 3 + 1 + 2.025)]), (2.5, [("silent", 3.025), ("reconnect", 2.025)])],
    ids=["at once", "later"],
)
def test_a_connection_that_takes_over_is_the_same_outage_only_where_the_line_has_not_settled(
    seconds: float, told: list[tuple[str, float]]
) -> None:
    bench = Bench()
    come_back(bench, seconds)
    bench.lose("closed")
    bench.hand.now_us += 2 * SECOND
    bench.run(3)
    assert bench.gaps_told() == [(cause, None, pytest.approx(length)) for cause, length in told]


def test_a_connection_that_takes_over_between_two_frames_leaves_no_gap() -> None:
    bench = Bench()
    bench.run(2)
    bench.lose("closed")
    bench.run(3)
    assert bench.gaps_told() == []


def test_an_absence_that_has_not_settled_is_told_at_the_sessions_end() -> None:
    bench = Bench()
    come_back(bench, seconds=1)
    for _ in range(2):
        bench.gaps.close(bench.sources, lambda track: "t1")
    assert bench.gaps_told() == [("silent", None, pytest.approx(3.025))]


def test_a_picture_that_does_not_follow_the_voice_back_is_a_freeze_of_its_own() -> None:
    bench = Bench()
    bench.run(2)
    bench.lose("closed")
    bench.hand.now_us += SECOND
    bench.run(4, frames=False)
    bench.run(1)
    assert [cause for cause, _, _ in bench.gaps_told()] == ["reconnect", "freeze"]


def test_a_picture_that_follows_the_voice_back_within_three_seconds_belongs_to_the_absence() -> None:
    bench = Bench()
    bench.run(2)
    bench.lose("silent")
    bench.hand.now_us += 4 * SECOND
    bench.run(2, frames=False)
    bench.run(3)
    assert bench.gaps_told() == [("silent", None, pytest.approx(6.025))]


def test_a_mute_is_one_gap_from_when_the_page_says_to_when_it_ends() -> None:
    bench = Bench()
    bench.run(1)
    since_us = WALL_US + bench.hand.now_us - 200_000
    bench.gaps.declare("applicant", Declared(muted_since_us=since_us))
    bench.run(1)
    bench.gaps.declare("applicant", Declared(muted_since_us=since_us))
    bench.run(1)
    bench.gaps.declare("applicant", Declared())
    bench.gaps.declare("applicant", Declared())
    assert bench.gaps_told() == [("muted", None, pytest.approx(2.2))]


def test_what_is_open_ends_with_the_session_and_only_once() -> None:
    bench = Bench()
    bench.run(1)
    bench.gaps.declare("applicant", Declared(muted_since_us=0, paused_since_us=WALL_US + bench.hand.now_us))
    bench.run(2, frames=False)
    bench.source.tracks[0].losses.receive(1, 0)
    bench.source.tracks[0].losses.receive(2000, 1)
    bench.gaps.close(bench.sources, lambda track: "t1")
    bench.gaps.close(bench.sources, lambda track: "t1")
    assert sorted(cause for cause, _, _ in bench.gaps_told()) == ["loss", "muted", "paused"]


@pytest.mark.parametrize("how", ["closed", "session", "codec"])
def test_what_is_still_asked_for_when_a_track_ends_is_a_loss(how: str) -> None:
    bench = Bench()
    bench.run(2)
    losses = bench.source.tracks[0].losses
    losses.receive(1, bench.hand.now_us - 40_000)
    losses.receive(4, bench.hand.now_us)
    if how == "closed":
        bench.lose("closed")
    elif how == "session":
        bench.gaps.close(bench.sources, lambda track: "t1")
    else:
        bench.gaps.end_tracks("applicant", cast(Any, bench.source.tracks), lambda track: "t1")
    assert bench.gaps_told() == [("loss", "t1", pytest.approx(0.04))]


def test_an_absence_that_never_ends_is_told_at_the_sessions_end() -> None:
    bench = Bench()
    bench.run(2)
    bench.lose("silent")
    bench.hand.now_us += 60 * SECOND
    bench.gaps.close({}, lambda track: None)
    assert bench.gaps_told() == [("silent", None, pytest.approx(60))]


def test_a_clock_that_is_set_is_told_and_one_that_drifts_is_not() -> None:
    wall = [WALL_US * 1000]
    clock = RelayClock(lambda: 0, lambda: wall[0])
    wall[0] += 400_000
    assert clock.synchronise() == 0
    wall[0] -= 3_000_000_000
    assert clock.synchronise() == -3_000_000
    assert clock.synchronise() == 0


def test_trouble_of_the_disk_is_one_gap_for_all_journals_of_a_session() -> None:
    told: list[RelayEvent] = []
    hand = HandClock()
    recorder = SessionRecorder("s", "/nowhere", hand.clock(), told.append, cast(Any, None))
    for track_id in ("a", "b"):
        recorder.journal_trouble(JournalTrouble("s", track_id, "disk_full", WALL_US + hand.now_us))
    hand.now_us += 4 * SECOND
    for track_id in ("a", "b"):
        recorder.journal_resumed(JournalResumed("s", track_id, 0, 0, 100))
    assert [type(event) for event in told] == [RecordingTrouble, GapDetected, RecordingResumed]
    gap = cast(GapDetected, told[1])
    assert (gap.cause, gap.packets, gap.ended_us - gap.started_us) == ("disk", 200, 4 * SECOND)


async def test_trouble_that_lasts_to_the_end_is_told_then() -> None:
    told: list[RelayEvent] = []
    recorder = SessionRecorder("s", "/nowhere", HandClock().clock(), told.append, cast(Any, None))
    recorder.journal_trouble(JournalTrouble("s", "a", "disk_full", WALL_US))
    await recorder.stop()
    await recorder.stop()
    assert [type(event) for event in told] == [RecordingTrouble, GapDetected]


class EndsInTrouble:
    """A track whose journal could not be written to its end."""

    track_id = "a"

    def __init__(self, recorder: SessionRecorder) -> None:
        self._recorder = recorder

    async def aclose(self) -> None:
        self._recorder.count_unwritten(7)


async def test_a_track_that_ends_in_trouble_does_not_end_the_trouble_but_the_next_written_segment_does() -> None:
    told: list[RelayEvent] = []
    recorder = SessionRecorder("s", "/nowhere", HandClock().clock(), told.append, cast(Any, None))
    recorder.start()
    recorder.journal_trouble(JournalTrouble("s", "a", "disk_full", WALL_US))
    await recorder._end(cast(Any, EndsInTrouble(recorder)))
    recorder.journal_trouble(JournalTrouble("s", "b", "disk_full", WALL_US + SECOND))
    assert [type(event) for event in told] == [RecordingTrouble], "it is the same trouble"
    recorder.journal_resumed(JournalResumed("s", "b", 0, 0, 3))
    assert [type(event) for event in told] == [RecordingTrouble, GapDetected, RecordingResumed]
    assert cast(GapDetected, told[1]).packets == 10
