"""Whether the server can do its work; for whoever watches it, without a login."""

from __future__ import annotations

from aiohttp import web

from inspection.domain.errors import InspectionError
from inspection.services.ports import Office
from web import schemas as s
from web.keys import OFFICE, RELAY
from web.routes.endpoint import as_json


async def healthz(request: web.Request) -> web.Response:
    relay_up = request.app[RELAY].pid is not None
    database_ok = await _reads(request.app[OFFICE])
    fine = relay_up and database_ok
    health = s.Health(
        status="ok" if fine else "degraded",
        relay="up" if relay_up else "down",
        database="ok" if database_ok else "unavailable",
    )
    return as_json(health, 200 if fine else 503)


async def _reads(office: Office) -> bool:
    try:
        async with office.reading() as uow:
            await uow.entries.head("health")
    except InspectionError:
        return False
    return True
