"""How values stand in ledger payloads: integers instead of floats, instants with milliseconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from geo import Circle, Fix, Polygon, Position
from inspection.domain.inspections import Inspection
from inspection.domain.instants import rfc3339_ms

_E7 = 10_000_000


def position_payload(position: Position) -> dict[str, Any]:
    """`latitude_e7`, `longitude_e7`, `datum`."""
    return {
        "latitude_e7": round(position.latitude * _E7),
        "longitude_e7": round(position.longitude * _E7),
        "datum": str(position.datum.value),
    }


def fix_position_payload(fix: Fix) -> dict[str, Any]:
    """A position with `accuracy_cm`."""
    return {**position_payload(fix.position), "accuracy_cm": round(fix.accuracy_m * 100)}


def fence_payload(fence: Circle | Polygon) -> dict[str, Any]:
    """A circle with `radius_cm`, or a polygon with its points."""
    if isinstance(fence, Circle):
        return {
            "kind": "circle",
            "center": position_payload(fence.center),
            "radius_cm": round(fence.radius_m * 100),
        }
    return {"kind": "polygon", "points": [position_payload(point) for point in fence.points]}


def opened_payload(inspection: Inspection) -> dict[str, Any]:
    """The payload of `opened`; optional members are left out."""
    premises, applicant = inspection.premises, inspection.applicant
    place: dict[str, Any] = {"name": premises.name, "address": premises.address}
    if premises.position is not None:
        place["position"] = position_payload(premises.position)
    if premises.fence is not None:
        place["fence"] = fence_payload(premises.fence)
    return {
        "number": inspection.number,
        "item": inspection.item_id,
        "item_name": inspection.item_name,
        "premises": place,
        "applicant": {
            "name": applicant.name,
            "id_kind": applicant.id_kind.value,
            "id_masked": applicant.id_masked,
            "phone_masked": applicant.phone_masked,
        },
    }


def instant(at: datetime) -> str:
    """An instant as entries write it."""
    return rfc3339_ms(at)


def without_none(**members: Any) -> dict[str, Any]:
    """A payload whose optional members are left out where there is nothing to say."""
    return {name: value for name, value in members.items() if value is not None}
