"""One short function per event: call the use case, pass on what it appended, follow it in the relay."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from geo import Fix, Position
from inspection.domain.actor import Role
from inspection.domain.entry import Entry
from inspection.domain.errors import InspectionError, Kind
from inspection.domain.instants import parse_rfc3339, to_unix_us
from inspection.domain.still_policy import FixReceived, ItemMarked
from inspection.services import challenges, clocks, closing, reports
from inspection.services.access import require_role
from inspection.services.reports import FixReport
from signaling import messages as m
from signaling import signing
from signaling.callers import Caller
from signaling.live import LiveSessions
from signaling.phone_clock import unix_ms
from signaling.seats import LiveSession


@dataclass(frozen=True, slots=True)
class Asked:
    """An event on its way to its handler."""

    live: LiveSessions
    caller: Caller

    def place(self) -> tuple[LiveSession, Any]:
        return self.caller.place(self.live)

    def passed_on(self, entries: tuple[Entry, ...]) -> m.Appended:
        self.live.feed.publish(entries)
        return m.Appended(seq=entries[-1].seq if entries else None)


Handler = Callable[[Asked, Any], Awaitable[m.ServerMessage | None]]


async def join(asked: Asked, message: m.JoinSession) -> m.Joined:
    caller = asked.caller
    if caller.session_id not in (None, message.session_id):
        asked.live.lose_socket(str(caller.session_id), caller.sid)
    joined = await asked.live.join(caller.actor, caller.sid, message.session_id, message.after_seq)
    caller.session_id = message.session_id
    return joined


async def leave(asked: Asked, message: m.Empty) -> None:
    session, seat = asked.place()
    asked.caller.session_id = None
    await asked.live.leave(session.session_id, seat)


async def stop(asked: Asked, message: m.StopSession) -> None:
    live, caller = asked.live, asked.caller
    session_id = _joined(caller)
    changed = await closing.stop(live.office, caller.actor, session_id, message.reason, message.key)
    await live.end(changed)


async def end(asked: Asked, message: m.EndSession) -> None:
    live, caller = asked.live, asked.caller
    session_id = _joined(caller)
    await live.end(
        await closing.end_session(
            live.office, caller.actor, session_id, message.key, unfinished=message.unfinished
        )
    )  # fmt: skip


async def publish_peer(asked: Asked, message: m.PublishPeer) -> m.PeerDescription:
    return await asked.live.publish_peer(*asked.place(), message.sdp)


async def subscribe_peer(asked: Asked, message: m.Empty) -> m.PeerDescription:
    return await asked.live.subscribe_peer(*asked.place())


async def answer_peer(asked: Asked, message: m.AnswerPeer) -> None:
    await asked.live.answer_peer(*asked.place(), message.peer_id, message.sdp)


async def close_peer(asked: Asked, message: m.ClosePeer) -> None:
    await asked.live.close_peer(*asked.place(), message.peer_id)


async def give_nonce(asked: Asked, message: m.Empty) -> m.SigningNonce:
    _, seat = asked.place()
    return signing.give_nonce(asked.live.office, seat)


async def enrol_key(asked: Asked, message: m.EnrolKey) -> m.Appended:
    session, seat = asked.place()
    return asked.passed_on((await signing.enrol(asked.live.office, session.session_id, seat, message)).entries)


async def report_fix(asked: Asked, message: m.ReportFix) -> m.Appended:
    live, caller = asked.live, asked.caller
    session, _ = asked.place()
    if message.no_fix is not None:
        none = await reports.report_no_fix(
            live.office, caller.actor, session.session_id, message.no_fix, message.key
        )  # fmt: skip
        return asked.passed_on(none.entries)
    report = _report_of(message)
    reported = await reports.report_fix(live.office, caller.actor, session.session_id, report, message.key)
    fix = Fix(
        Position(report.latitude, report.longitude, report.datum),
        report.accuracy_m, report.taken_at, live.office.clock.now(), report.source,
    )  # fmt: skip
    live.stills.consider(session, FixReceived(fix, bool(reported.doubts)))
    return asked.passed_on(reported.entries)


async def send_chat(asked: Asked, message: m.SendChat) -> m.Appended:
    session, _ = asked.place()
    said = await reports.send_chat(
        asked.live.office, asked.caller.actor, session.session_id, message.text, message.key
    )  # fmt: skip
    return asked.passed_on(said.entries)


async def report_device(asked: Asked, message: m.ReportDevice) -> m.Appended:
    live, caller = asked.live, asked.caller
    session, seat = asked.place()
    state = message.model_dump(exclude={"key"})
    changed, is_new = await reports.record_device(
        live.office, caller.actor, session.session_id,
        camera=message.camera, muted=message.muted, paused=message.paused, torch=message.torch,
        weak_uplink=message.weak_uplink, is_on_record=state == seat.device, key=message.key,
    )  # fmt: skip
    if not is_new:
        return asked.passed_on(changed.entries)
    if not changed.entries:
        await live.declare(session, seat, seat.declared)
        return asked.passed_on(())
    seat.device = state
    at_us = to_unix_us(parse_rfc3339(changed.entries[-1].at))
    said = seat.declared.after(camera=message.camera, muted=message.muted, paused=message.paused, at_us=at_us)
    await live.declare(session, seat, said)
    await live.announce(changed.session, changed.participants)
    return asked.passed_on(changed.entries)


async def measure_clock(asked: Asked, message: m.MeasureClock) -> m.ClockMeasured:
    session, seat = asked.place()
    require_role(seat.actor, Role.APPLICANT)
    office, exchange = asked.live.office, seat.clock
    exchange.take(message.now_ms, time.monotonic(), unix_ms(office.clock.now()))
    measured = exchange.take_news(time.monotonic())
    if measured is not None:
        told = await clocks.record_phone_clock(office, asked.caller.actor, session.session_id, measured)
        asked.passed_on(told.entries)
    exchange.answered(time.monotonic(), unix_ms(office.clock.now()))
    return m.ClockMeasured(again=exchange.goes_on)


async def show_challenge(asked: Asked, message: m.Act) -> m.ChallengeShown:
    session, _ = asked.place()
    shown = await challenges.show_challenge(
        asked.live.office, asked.caller.actor, session.session_id, message.key
    )  # fmt: skip
    asked.passed_on(shown.entries)
    return m.ChallengeShown(
        challenge_id=shown.challenge_id, code=shown.code, gen_time=shown.gen_time, is_test=shown.is_test,
        seq=shown.entries[-1].seq,
    )  # fmt: skip


async def take_still(asked: Asked, message: m.TakeStill) -> m.StillTaken:
    session, _ = asked.place()
    taken = await asked.live.stills.take_once(
        session, asked.caller.actor, message.item_id, message.key, message.challenge_id
    )  # fmt: skip
    url = f"/api/inspector/inspections/{session.inspection_id}/stills/{taken.still.id}.jpg"
    return m.StillTaken(still_id=taken.still.id, url=url, seq=taken.entries[-1].seq)


async def mark_check(asked: Asked, message: m.MarkCheck) -> m.Appended:
    live, caller = asked.live, asked.caller
    session, _ = asked.place()
    marked = await reports.mark_check(
        live.office, caller.actor, session.session_id,
        item_id=message.item_id, seen=message.seen, result=message.result, note=message.note,
        still_ids=tuple(message.still_ids), key=message.key,
    )  # fmt: skip
    live.stills.consider(session, ItemMarked(message.item_id))
    return asked.passed_on(marked.entries)


async def request_detail(asked: Asked, message: m.RequestDetail) -> m.Appended:
    live, caller = asked.live, asked.caller
    session, _ = asked.place()
    done = await reports.request_detail(
        live.office, caller.actor, session.session_id, message.on, message.key
    )  # fmt: skip
    applicant = session.applicant
    if applicant is not None and applicant.sid is not None:
        await live.outbox.to_sid(Role.APPLICANT, applicant.sid, m.DetailSet(on=message.on))
    return asked.passed_on(done.entries)


async def ask_cover(asked: Asked, message: m.Act) -> m.Appended:
    session, _ = asked.place()
    done = await reports.ask_cover(asked.live.office, asked.caller.actor, session.session_id, message.key)
    return asked.passed_on(done.entries)


async def propose_summary(asked: Asked, message: m.ProposeSummary) -> m.Appended:
    live, caller = asked.live, asked.caller
    session, _ = asked.place()
    changed = await closing.propose_summary(
        live.office, caller.actor, session.session_id, message.text, message.key
    )  # fmt: skip
    return asked.passed_on(changed.entries)


async def sign_summary(asked: Asked, message: m.SignSummary) -> m.Appended:
    live, caller = asked.live, asked.caller
    session, _ = asked.place()
    changed = await closing.sign_summary(
        live.office, caller.actor, session.session_id, message.decision, message.statement, message.key
    )  # fmt: skip
    return asked.passed_on(changed.entries)


HANDLERS: dict[str, Handler] = {
    "session:join": join,
    "session:leave": leave,
    "session:stop": stop,
    "session:end": end,
    "peer:publish": publish_peer,
    "peer:subscribe": subscribe_peer,
    "peer:answer": answer_peer,
    "peer:close": close_peer,
    "signing:nonce": give_nonce,
    "signing:enrol": enrol_key,
    "fix:report": report_fix,
    "chat:send": send_chat,
    "device:report": report_device,
    "clock:measure": measure_clock,
    "challenge:show": show_challenge,
    "still:take": take_still,
    "check:mark": mark_check,
    "detail:request": request_detail,
    "guidance:cover": ask_cover,
    "summary:propose": propose_summary,
    "summary:sign": sign_summary,
}


def _joined(caller: Caller) -> str:
    """The session of this socket, also when it has just ended: a repeat of the ending act must find its answer."""
    if caller.session_id is None:
        raise InspectionError(Kind.CONFLICT, "not_joined", "join the session first")
    return caller.session_id


def _report_of(message: m.ReportFix) -> FixReport:
    assert message.latitude is not None and message.longitude is not None  # the model holds these together
    assert message.accuracy_m is not None and message.taken_at is not None
    return FixReport(
        latitude=message.latitude,
        longitude=message.longitude,
        accuracy_m=message.accuracy_m,
        taken_at=message.taken_at,
        source=message.source,
        datum=message.datum,
    )
