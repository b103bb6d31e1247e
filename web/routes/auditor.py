"""The auditor: looks, replays, verifies, takes a package. Each look is itself an entry."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from inspection.domain.actor import Role
from inspection.domain.errors import not_found
from inspection.domain.instants import from_unix_us
from inspection.domain.sessions import Session, SessionState
from inspection.services import audit, inspections
from inspection.services.results import InspectionDetail
from inspection.store.package_export import Exported
from web import case_schemas as c
from web import schemas as s
from web import views
from web.keys import LOOKS, PACKAGES, REPLAY_JOBS
from web.replay_jobs import State
from web.routes import copies
from web.routes.copies import FILM_TYPES, copy_views
from web.routes.endpoint import Call, Endpoint
from web.routes.evidence import NOT_KEPT, existing, record_look
from web.routes.inspections import list_inspections

CHUNK_BYTES = 256 * 1024
FILM_PATIENCE_S = 60.0

_log = logging.getLogger(__name__)


async def get_inspection(call: Call) -> c.Detail:
    inspection_id = call.id("inspection_id")
    await inspections.get_inspection(call.office, call.actor, inspection_id)
    call.request.app[LOOKS].begin(call.login.login_id, inspection_id)
    await record_look(call, inspection_id, "detail")
    return views.detail(Role.AUDITOR, await inspections.get_inspection(call.office, call.actor, inspection_id))


async def get_replay(call: Call) -> s.Replay:
    """What there is to play. A film that is missing is made now; pages ask again while one is being made."""
    inspection_id = call.id("inspection_id")
    found = await inspections.get_inspection(call.office, call.actor, inspection_id)
    return s.Replay(sessions=[_replay(call, inspection_id, held.session) for held in found.sessions])


async def get_film(call: Call) -> web.StreamResponse:
    """With ranges, so that a player can jump. A look is recorded at its first request, and where the film begins."""
    inspection_id, session_id = call.id("inspection_id"), call.id("session_id")
    found = await inspections.get_inspection(call.office, call.actor, inspection_id)
    if session_id not in [held.session.id for held in found.sessions]:
        raise not_found("session")
    state = call.request.app[REPLAY_JOBS].state(inspection_id, session_id)
    if state.state is not State.READY or state.path is None:
        raise not_found("film")
    looks, look = call.request.app[LOOKS], f"replay/{session_id}"
    is_new = looks.begin(call.login.login_id, look)
    if is_new or call.request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):
        with looks.forgotten_unless_recorded(call.login.login_id, look):
            await record_look(call, inspection_id, look)
    return web.FileResponse(existing(state.path), headers={**NOT_KEPT, "Content-Type": FILM_TYPES[state.path.suffix]})


async def verify(call: Call) -> s.VerdictView:
    """As `yuntakan verify` says it, about a package made just now."""
    inspection_id = call.id("inspection_id")
    language = call.language()
    await inspections.get_inspection(call.office, call.actor, inspection_id)
    await record_look(call, inspection_id, "verify")
    _, verdict = await call.request.app[PACKAGES].verify(inspection_id)
    return s.VerdictView.model_validate(verdict.to_json(language))


async def get_package(call: Call) -> web.StreamResponse:
    """The package itself; that it left the house is on record, with its digest, before the first byte does."""
    inspection_id = call.id("inspection_id")
    found = await inspections.get_inspection(call.office, call.actor, inspection_id)
    await _make_films(call, found)
    async with call.request.app[PACKAGES].export(inspection_id) as exported:
        recorded = await audit.record_export(call.office, call.actor, inspection_id, exported.sha256)
        call.publish(recorded.entries)
        return await _send(call, exported, f"{found.inspection.number}.zip")


async def _make_films(call: Call, found: InspectionDetail) -> None:
    """A package without its viewing copies is whole too, so they are waited for, but not for ever."""
    jobs = call.request.app[REPLAY_JOBS]
    for held in found.sessions:
        if _has_ended(held.session):
            jobs.ask(found.inspection.id, held.session.id)
    try:
        await asyncio.wait_for(jobs.viewing_settled(), FILM_PATIENCE_S)
    except TimeoutError:
        _log.warning("a package of inspection %s goes out before all its films are made", found.inspection.id)


def _has_ended(session: Session) -> bool:
    """Ended, after it had begun."""
    return session.state is SessionState.ENDED and session.started_at is not None


def _replay(call: Call, inspection_id: str, session: Session) -> s.ReplaySession:
    jobs = call.request.app[REPLAY_JOBS]
    found = jobs.state(inspection_id, session.id)
    if found.state is State.NONE and _has_ended(session):
        jobs.ask(inspection_id, session.id)
        found = jobs.state(inspection_id, session.id)
    ready = found.state is State.READY
    suffix = found.path.suffix if found.path is not None else ""
    url = f"/api/auditor/inspections/{inspection_id}/sessions/{session.id}/replay{suffix}"
    return s.ReplaySession(
        id=session.id,
        number=session.number,
        nature=session.nature,
        started_at=session.started_at,
        ended_at=session.ended_at,
        origin_at=from_unix_us(found.origin_us) if ready and found.origin_us is not None else None,
        duration_ms=found.duration_ms if ready else None,
        media_url=url if ready else None,
        state=found.state.value,
        copies=copy_views(jobs, inspection_id, session.id),
    )


async def _send(call: Call, exported: Exported, name: str) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            **NOT_KEPT,
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
    )
    response.content_length = exported.size_bytes
    await response.prepare(call.request)
    with exported.path.open("rb") as stream:
        while chunk := await asyncio.to_thread(stream.read, CHUNK_BYTES):
            await response.write(chunk)
    await response.write_eof()
    return response


_ONE = "/api/auditor/inspections/{inspection_id}"

ENDPOINTS = (
    Endpoint("GET", "/api/auditor/inspections", Role.AUDITOR, list_inspections, None, s.Inspections),
    Endpoint("GET", _ONE, Role.AUDITOR, get_inspection, None, c.Detail),
    Endpoint("GET", f"{_ONE}/replay", Role.AUDITOR, get_replay, None, s.Replay),
    *(
        Endpoint("GET", f"{_ONE}/sessions/{{session_id}}/replay{suffix}", Role.AUDITOR, get_film)
        for suffix in FILM_TYPES
    ),
    *copies.ENDPOINTS,
    Endpoint("POST", f"{_ONE}/verify", Role.AUDITOR, verify, None, s.VerdictView),
    Endpoint("GET", f"{_ONE}/package", Role.AUDITOR, get_package),
)
