"""Receipts: for the applicant of an inspection, its inspectors, and auditors."""

from __future__ import annotations

import asyncio

from aiohttp import web

from inspection.domain.actor import Role
from inspection.domain.instants import parse_rfc3339
from inspection.domain.receipts import code_of
from inspection.services import receipts
from signaling.messages import LAST_SEQ
from web.keys import RECEIPT_PAGES
from web.qr import qr_rows
from web.receipt_page import receipt_html
from web.receipt_schemas import ConsistencyView, ReceiptView
from web.routes.endpoint import Call, Endpoint
from web.routes.evidence import NOT_KEPT


async def get_receipt(call: Call) -> ReceiptView:
    found = await receipts.get_receipt(call.office, call.actor, call.id("inspection_id"))
    line = found.checkpoint.to_line().decode("ascii")
    return ReceiptView(
        inspection_id=found.inspection.id,
        number=found.inspection.number,
        unit=call.office.rules.unit_name,
        line=line,
        code=code_of(found.checkpoint),
        size=found.checkpoint.size,
        at=parse_rfc3339(found.checkpoint.at),
        keys=[key.to_line().decode("ascii") for key in found.keys],
        qr=await asyncio.to_thread(qr_rows, line),
    )


async def get_consistency(call: Call) -> ConsistencyView:
    first, second = (call.number(name, 0, LAST_SEQ) for name in ("first", "second"))
    proof = await receipts.get_consistency(call.office, call.actor, call.id("inspection_id"), first, second)
    return ConsistencyView(first=first, second=second, proof=[node.hex() for node in proof])


async def get_pdf(call: Call) -> web.StreamResponse:
    """One page to print, with the receipt as code and as QR code."""
    language = call.language()
    found = await receipts.get_receipt(call.office, call.actor, call.id("inspection_id"))
    page = await asyncio.to_thread(receipt_html, found, call.office.rules, language)
    content = await call.request.app[RECEIPT_PAGES].make(page)
    name = f"{found.inspection.number}-receipt-{found.checkpoint.size}.pdf"
    headers = {**NOT_KEPT, "Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=content, content_type="application/pdf", headers=headers)


_ROLES = (Role.APPLICANT, Role.INSPECTOR, Role.AUDITOR)


def _endpoints(role: Role) -> tuple[Endpoint, ...]:
    one = f"/api/{role.value}/inspections/{{inspection_id}}/receipt"
    return (
        Endpoint("GET", one, role, get_receipt, None, ReceiptView, "receipt"),
        Endpoint("GET", f"{one}/consistency", role, get_consistency, None, ConsistencyView, "receipt"),
        Endpoint("GET", f"{one}.pdf", role, get_pdf, None, None, "receipt_pdf"),
    )


ENDPOINTS = tuple(endpoint for role in _ROLES for endpoint in _endpoints(role))
