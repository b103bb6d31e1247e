"""Copies of a session's film to take away: made when asked for, handed out with their digest on record.

They are derived: what counts is the journal in the package.
"""

from __future__ import annotations

from typing import cast

from aiohttp import web

from inspection.domain.actor import Role
from inspection.domain.errors import conflict, not_found
from inspection.domain.sessions import Session, SessionState
from inspection.services import audit, inspections
from web import schemas as s
from web.keys import LOOKS, REPLAY_JOBS
from web.replay_jobs import TO_TAKE_AWAY, Copy, ReplayJobs, State
from web.routes.endpoint import Call, Endpoint
from web.routes.evidence import NOT_KEPT, existing

FILM_TYPES = {".webm": "video/webm", ".mp4": "video/mp4"}


async def ask_for_copy(call: Call) -> s.ReplayCopy:
    """Has it made unless it is there; the replay says when it is. Raises `unknown`, `state_conflict`."""
    inspection_id = call.id("inspection_id")
    _, session = await _session(call, inspection_id)
    copy = _copy(call)
    if session.state is not SessionState.ENDED:
        raise conflict("state_conflict", "a film is made of a session that is over")
    jobs = call.request.app[REPLAY_JOBS]
    jobs.ask(inspection_id, session.id, copy)
    return copy_view(jobs, inspection_id, session.id, copy)


async def get_copy(call: Call) -> web.StreamResponse:
    """The file; that it left the house is on record, with its digest and what it was made from, before it does."""
    inspection_id = call.id("inspection_id")
    number, session = await _session(call, inspection_id)
    copy = _copy(call)
    found = call.request.app[REPLAY_JOBS].state(inspection_id, session.id, copy)
    if found.film is None or found.path is None:
        raise not_found("copy")
    path = existing(found.path)
    looks, look = call.request.app[LOOKS], f"copy/{session.id}/{copy}"
    is_new = looks.begin(call.login.login_id, look)
    if is_new or call.request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):
        film = found.film
        with looks.forgotten_unless_recorded(call.login.login_id, look):
            recorded = await audit.record_copy(
                call.office, call.actor, inspection_id, session.id, copy, film.sha256, film.sources
            )
        call.publish(recorded.entries)
    name = f"{number}-{session.number}-copy{path.suffix}"
    return web.FileResponse(
        path,
        headers={
            **NOT_KEPT,
            "Content-Type": FILM_TYPES[path.suffix],
            "Content-Disposition": f'attachment; filename="{name}"',
        },
    )


def copy_views(jobs: ReplayJobs, inspection_id: str, session_id: str) -> list[s.ReplayCopy]:
    return [copy_view(jobs, inspection_id, session_id, copy) for copy in TO_TAKE_AWAY]


def copy_view(jobs: ReplayJobs, inspection_id: str, session_id: str, copy: Copy) -> s.ReplayCopy:
    found = jobs.state(inspection_id, session_id, copy)
    ready = found.state is State.READY
    url = f"/api/auditor/inspections/{inspection_id}/sessions/{session_id}/copies/{copy}"
    return s.ReplayCopy(
        copy_as=cast("s.CopyAs", copy),
        state=found.state.value,
        url=url if ready else None,
        size_bytes=found.film.size_bytes if found.film is not None else None,
        sha256=found.film.sha256 if found.film is not None else None,
        reencoded=found.film.reencoded if found.film is not None else None,
    )


async def _session(call: Call, inspection_id: str) -> tuple[str, Session]:
    """(number of the inspection, the session)."""
    session_id = call.id("session_id")
    found = await inspections.get_inspection(call.office, call.actor, inspection_id)
    session = next((held.session for held in found.sessions if held.session.id == session_id), None)
    if session is None:
        raise not_found("session")
    return found.inspection.number, session


def _copy(call: Call) -> Copy:
    copy = next((each for each in TO_TAKE_AWAY if each == call.request.match_info["copy"]), None)
    if copy is None:
        raise not_found("copy")
    return copy


_COPY = "/api/auditor/inspections/{inspection_id}/sessions/{session_id}/copies/{copy}"

ENDPOINTS = (
    Endpoint("POST", _COPY, Role.AUDITOR, ask_for_copy, None, s.ReplayCopy),
    Endpoint("GET", _COPY, Role.AUDITOR, get_copy),
)
