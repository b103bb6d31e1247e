"""Trying the way to the media from outside."""

from __future__ import annotations

from web import schemas as s
from web.ice import ice_servers_of
from web.keys import PROBES, SETTINGS
from web.probes import LIFE_S
from web.routes.accounts import STAFF
from web.routes.endpoint import Call, Endpoint


async def open_probe(call: Call) -> s.NetworkProbe:
    app = call.request.app
    probe = await app[PROBES].open()
    return s.NetworkProbe(
        username=probe.username,
        password=probe.password,
        candidates=[s.ProbeCandidate(address=address, port=port) for address, port in probe.candidates],
        ice_servers=ice_servers_of(app[SETTINGS]).make("doctor"),
        life_s=LIFE_S,
    )


ENDPOINTS = tuple(
    Endpoint("POST", f"/api/{role.value}/network-probe", role, open_probe, None, s.NetworkProbe) for role in STAFF
)
