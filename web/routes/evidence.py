"""Pictures by their ids. Every request is checked anew; a path is never taken from a client."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from inspection.domain.actor import Role
from inspection.domain.errors import InspectionError, Kind, not_found
from inspection.services import audit, findings, stills
from web.keys import EVIDENCE
from web.routes.endpoint import Call, Endpoint

NOT_KEPT = {"Cache-Control": "private, no-store"}


async def get_still(call: Call) -> web.StreamResponse:
    inspection_id = call.id("inspection_id")
    still = await stills.get_still(call.office, call.actor, inspection_id, call.id("still_id"))
    await record_look(call, inspection_id, f"still/{still.id}")
    return picture(call.request.app[EVIDENCE].path(inspection_id, still.file))


async def get_photo(call: Call) -> web.StreamResponse:
    inspection_id = call.id("inspection_id")
    answer = await findings.get_rectification(call.office, call.actor, inspection_id, call.id("rectification_id"))
    if answer.file is None:
        raise not_found("photo")
    await record_look(call, inspection_id, f"rectification/{answer.id}")
    return picture(call.request.app[EVIDENCE].path(inspection_id, answer.file))


async def record_look(call: Call, inspection_id: str, what: str) -> None:
    """Each look of an auditor is itself an entry; before anything is shown."""
    if call.role is Role.AUDITOR:
        call.publish((await audit.view(call.office, call.actor, inspection_id, what)).entries)


def picture(path: Path) -> web.FileResponse:
    return web.FileResponse(existing(path), headers={**NOT_KEPT, "Content-Type": "image/jpeg"})


def existing(path: Path) -> Path:
    """Raises `evidence_missing`: the record names the file, so its absence is the office's trouble."""
    if not path.is_file():
        raise InspectionError(Kind.UNAVAILABLE, "evidence_missing", "the file is not in its place")
    return path


_ONE = "/api/{role}/inspections/{{inspection_id}}"
_ROLES = (Role.INSPECTOR, Role.APPLICANT, Role.AUDITOR)

ENDPOINTS = (
    *(Endpoint("GET", _ONE.format(role=role.value) + "/stills/{still_id}.jpg", role, get_still) for role in _ROLES),
    *(
        Endpoint("GET", _ONE.format(role=role.value) + "/rectifications/{rectification_id}/photo", role, get_photo)
        for role in _ROLES
    ),
)
