"""What is missing of a session, and why: one `GapDetected` for each outage, when it is over.

Losses nobody repaired, a picture that stands still, absences of participants, and what their pages declare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from media.events import GapCause, GapDetected, LostCause, RelayEvent
from media.picture_watch import PictureWatch, Standstill
from media.relay_clock import RelayClock
from media.rtp.loss import LossRun
from media.up_peer import UpPeer
from media.up_track import UpTrack

#: After an absence the picture has so long to follow the voice; then it is a freeze of its own.
PICTURE_FOLLOWS_US = 3_000_000
#: So soon after an absence every track has sent something.
NOTICED_US = 1_000_000
#: What is missing again so soon after the return is the same outage: the line settles, or a second connection that was
#: begun meanwhile takes over.
SETTLES_US = 2_000_000
#: A connection that takes over within this time, a few frames, leaves no gap.
SEAMLESS_US = 100_000
#: It is told when nothing is asked for any more, but not later than this after the return.
TOLD_AFTER_US = 5_000_000

FindTrackId = Callable[[UpTrack], str | None]


@dataclass(frozen=True, slots=True)
class Declared:
    """What a participant's page says of itself: since when (unix microseconds), None where it is not so."""

    muted_since_us: int | None = None
    paused_since_us: int | None = None
    camera_since_us: int | None = None


@dataclass(slots=True)
class _Absence:
    """`returned_us`: when the participant was back; `ended_us`: when the last that belongs to it was over."""

    cause: GapCause
    since_us: int
    returned_us: int = 0
    ended_us: int = 0

    def end(self, now_us: int) -> None:
        self.returned_us = self.ended_us = now_us

    @property
    def is_seamless(self) -> bool:
        """Whether another connection took over so fast that nothing was missing."""
        return self.cause == "reconnect" and self.ended_us - self.since_us < SEAMLESS_US

    def has(self, started_us: int) -> bool:
        """Whether what began then belongs to this absence, which has ended."""
        return self.since_us <= started_us < self.returned_us + SETTLES_US


@dataclass(slots=True)
class _Person:
    picture: PictureWatch = field(default_factory=PictureWatch)
    away: _Absence | None = None
    #: The last absence, while it may still turn out to be longer. Never beside `away`.
    settling: _Absence | None = None
    last_media_us: int = 0
    back_us: int = 0
    absent_until_us: int = 0
    #: What was being asked for when the absence began: the track, its last packet's time, how many.
    asked: list[tuple[UpTrack, int, int]] = field(default_factory=list)
    muted_since_us: int | None = None

    def covers(self, run: LossRun) -> bool:
        """Whether it was lost in the last absence. Each track notices with its own first packet after that."""
        noticed_us = max(self.absent_until_us, self.back_us + NOTICED_US)
        return run.started_us < self.absent_until_us and run.ended_us < noticed_us

    def take_before(self, track: UpTrack, run: LossRun) -> LossRun | None:
        """What of a run was lost before the absence, and asked for in vain: once for each track and absence."""
        found = next((entry for entry in self.asked if entry[0] is track), None)
        if found is None:
            return None
        self.asked.remove(found)
        _, left_us, count = found
        return LossRun(run.started_us, left_us, min(count, run.packets)) if run.started_us < left_us else None


class Gaps:
    """Owned by a room. Times within are monotonic, those that are told are unix microseconds."""

    def __init__(self, session_id: str, clock: RelayClock, emit: Callable[[RelayEvent], None]) -> None:
        self._session_id = session_id
        self._clock = clock
        self._emit = emit
        self._people: dict[str, _Person] = {}

    def declare(self, participant_id: str, declared: Declared) -> None:
        """The page tells its state; what it says again changes nothing."""
        person = self._person(participant_id)
        now_us = self._clock.now_us()
        self._declare_muted(participant_id, person, declared.muted_since_us, now_us)
        cause: GapCause | None = None
        since_us = None
        if declared.paused_since_us is not None:
            cause, since_us = "paused", declared.paused_since_us
        elif declared.camera_since_us is not None:
            cause, since_us = "camera", declared.camera_since_us
        stood = person.picture.declare(cause, self._monotonic(since_us, now_us), now_us)
        self._tell_standstill(participant_id, None, stood)

    def leave(self, peer: UpPeer, cause: LostCause, find_track_id: FindTrackId) -> None:
        """The participant's source is gone or silent; the gap begins with its last packet, or the freeze before."""
        person = self._person(peer.identity.participant_id)
        if person.away is not None:
            return
        if cause == "silent":  # what is missing may be repaired when it goes on
            self.report_losses(peer, find_track_id, self._clock.now_us(), final=True)
            person.asked = [(t, t.last_us, len(t.losses.missing)) for t in peer.tracks if t.losses.missing]
        else:
            self.end_tracks(peer.identity.participant_id, peer.tracks, find_track_id)
        if not peer.media_us:
            return
        frozen_us = person.picture.leave()
        since_us = peer.media_us if frozen_us is None else min(frozen_us, peer.media_us)
        person.away = self._resumed_absence(peer.identity.participant_id, person, since_us)
        if person.away is None:
            person.away = _Absence("silent" if cause == "silent" else "reconnect", since_us)
        person.last_media_us = peer.media_us

    def tick(self, sources: Mapping[str, UpPeer], find_track_id: FindTrackId, now_us: int) -> list[UpPeer]:
        """Every 25 ms: end absences and standstills, notice new ones. Returns who was away and is heard again."""
        returned = []
        for participant_id, peer in sources.items():
            if not peer.media_us:
                continue
            person = self._person(participant_id)
            if person.away is not None:
                if peer.media_us <= person.last_media_us:
                    continue  # the same source, still silent
                if person.back_us <= person.last_media_us:
                    person.back_us = peer.media_us
                    returned.append(peer)
                ended_us = _ended_us(person, peer, now_us)
                if ended_us is None:
                    continue  # heard, and the picture is to follow
                _end_absence(person, ended_us)
            elif person.settling is not None and _is_settled(person.settling, peer, now_us):
                self._tell_settled(participant_id, person)
            self._watch_picture(participant_id, person, peer, find_track_id, now_us)
        return returned

    def report_losses(self, peer: UpPeer, find_track_id: FindTrackId, now_us: int, *, final: bool = False) -> None:
        """At most one gap a second and track; `final` takes what is left. What an absence cost is part of that gap.

        While somebody is away (heard again, but not seen yet) it is open what that gap will cover: losses wait.
        """
        person = self._person(peer.identity.participant_id)
        if person.away is not None and not final:
            return
        for track in peer.tracks:
            run = track.losses.take_given_up() if final else track.take_gap(now_us)
            self._tell_loss(peer.identity.participant_id, track, find_track_id, run)

    def end_tracks(self, participant_id: str, tracks: Iterable[UpTrack], find_track_id: FindTrackId) -> None:
        """They end here, or go on in another codec: nobody repairs any more what is missing."""
        for track in tracks:
            self._tell_loss(participant_id, track, find_track_id, track.losses.take_all_lost())

    def _tell_loss(
        self, participant_id: str, track: UpTrack, find_track_id: FindTrackId, run: LossRun | None
    ) -> None:
        """An absence covers what was lost in it and while the line settled after it, and only that."""
        if run is None:
            return
        person = self._person(participant_id)
        told = person.take_before(track, run) if person.covers(run) else run
        if told is None:
            return
        if person.settling is not None and person.settling.has(told.started_us):
            person.settling.ended_us = max(person.settling.ended_us, told.ended_us)
        else:
            self._tell(participant_id, find_track_id(track), "loss", told.started_us, told.ended_us, told.packets)

    def close(self, sources: Mapping[str, UpPeer], find_track_id: FindTrackId) -> None:
        """The session is over here: what is open ends now. Idempotent."""
        now_us = self._clock.now_us()
        for peer in sources.values():
            self.end_tracks(peer.identity.participant_id, peer.tracks, find_track_id)
        people, self._people = self._people, {}
        for participant_id, person in people.items():
            if person.away is not None:
                self._tell(participant_id, None, person.away.cause, person.away.since_us, now_us)
            self._tell_settled(participant_id, person)
            self._declare_muted(participant_id, person, None, now_us)
            self._tell_standstill(participant_id, None, person.picture.close(now_us))

    def _watch_picture(
        self, participant_id: str, person: _Person, peer: UpPeer, find_track_id: FindTrackId, now_us: int
    ) -> None:
        track = peer.find_track("video")
        if track is None:
            self._tell_standstill(participant_id, None, person.picture.look_without_picture())
            return
        if not track.last_us:
            return  # it has not begun
        stood = person.picture.look(track.frame_us, now_us)
        if stood is not None:
            self._tell_standstill(participant_id, find_track_id(track), stood)

    def _resumed_absence(self, participant_id: str, person: _Person, since_us: int) -> _Absence | None:
        """The absence before, where this is the same outage; else that one is told."""
        if person.settling is None or not person.settling.has(since_us):
            self._tell_settled(participant_id, person)
            return None
        resumed, person.settling = person.settling, None
        return resumed

    def _tell_settled(self, participant_id: str, person: _Person) -> None:
        absence, person.settling = person.settling, None
        if absence is not None and not absence.is_seamless:
            self._tell(participant_id, None, absence.cause, absence.since_us, absence.ended_us)

    def _declare_muted(self, participant_id: str, person: _Person, since_us: int | None, now_us: int) -> None:
        if since_us is not None:
            if person.muted_since_us is None:
                person.muted_since_us = self._monotonic(since_us, now_us)
        elif person.muted_since_us is not None:
            begun_us, person.muted_since_us = person.muted_since_us, None
            self._tell(participant_id, None, "muted", begun_us, now_us)

    def _tell_standstill(self, participant_id: str, track_id: str | None, stood: Standstill | None) -> None:
        if stood is not None:
            self._tell(participant_id, track_id, stood.cause, stood.started_us, stood.ended_us)

    def _tell(
        self,
        participant_id: str,
        track_id: str | None,
        cause: GapCause,
        started_us: int,
        ended_us: int,
        packets: int = 0,
    ) -> None:
        offset_us = self._clock.wall_offset_us
        span = (started_us + offset_us, max(started_us, ended_us) + offset_us)
        self._emit(GapDetected(self._session_id, track_id, participant_id, cause, *span, packets))

    def _monotonic(self, unix_us: int | None, now_us: int) -> int:
        return now_us if unix_us is None else min(now_us, unix_us - self._clock.wall_offset_us)

    def _person(self, participant_id: str) -> _Person:
        return self._people.setdefault(participant_id, _Person())


def _end_absence(person: _Person, ended_us: int) -> None:
    assert person.away is not None  # the caller checked
    person.away.end(ended_us)
    person.settling, person.away = person.away, None
    person.absent_until_us = ended_us
    person.picture.come_back(ended_us)


def _is_settled(absence: _Absence, peer: UpPeer, now_us: int) -> bool:
    """Whether all is known of what it cost: nothing is asked for any more, or that takes too long."""
    if now_us < absence.returned_us + SETTLES_US:
        return False
    if now_us >= absence.returned_us + TOLD_AFTER_US:
        return True
    lost = [track.losses.given_up for track in peer.tracks if track.losses.given_up is not None]
    asked = [entry for track in peer.tracks for entry in track.losses.missing.values()]
    began_us = [*(run.started_us for run in lost), *(entry.before_us for entry in asked)]
    return not any(map(absence.has, began_us))


def _ended_us(person: _Person, peer: UpPeer, now_us: int) -> int | None:
    """When the absence ended: with the first complete frame, where a picture is due and comes soon."""
    track = peer.find_track("video")
    if track is None or person.picture.is_declared or now_us - person.back_us > PICTURE_FOLLOWS_US:
        return person.back_us
    return track.frame_us if track.frame_us >= person.back_us else None
