"""All HTTP endpoints below `/api`, as one table, and how they get into the application."""

from __future__ import annotations

from aiohttp import web

from inspection.domain.errors import not_found
from web.keys import (
    CERTIFICATE,
    EVIDENCE,
    EVIDENCE_ROOT,
    LOOKS,
    MEDIA_LEDGER,
    OFFICE,
    PACKAGES,
    RECEIPT_PAGES,
    SETTINGS,
)
from web.looks import Looks
from web.middleware import add_headers
from web.package_making import PackageMaker
from web.packages import Packages
from web.receipt_pages import ReceiptPages
from web.routes import accounts, applicant, auditor, evidence, findings, inspections, reach, receipts
from web.routes.endpoint import Endpoint
from web.routes.health import healthz
from web.timestamps import certificate_members

ENDPOINTS: tuple[Endpoint, ...] = (
    *accounts.ENDPOINTS,
    *inspections.ENDPOINTS,
    *findings.ENDPOINTS,
    *applicant.ENDPOINTS,
    *evidence.ENDPOINTS,
    *auditor.ENDPOINTS,
    *receipts.ENDPOINTS,
    *reach.ENDPOINTS,
)


def add_routes(app: web.Application) -> None:
    """Before any catch-all of static files. It sets PACKAGES, RECEIPT_PAGES and LOOKS; every other key is set."""
    scratch = app[EVIDENCE_ROOT].parent / "scratch"
    fonts = app[EVIDENCE_ROOT].parent / "cache" / "fonts"
    shipped = certificate_members(app[SETTINGS])
    maker = PackageMaker(app[OFFICE], app[EVIDENCE], app[CERTIFICATE], fonts, shipped)
    app[PACKAGES] = Packages(maker, app[MEDIA_LEDGER], scratch)
    app[RECEIPT_PAGES] = ReceiptPages(fonts)
    app[LOOKS] = Looks()
    for endpoint in ENDPOINTS:
        app.router.add_route(endpoint.method, endpoint.path, endpoint.answer)
    app.router.add_get("/healthz", healthz)
    app.router.add_route("*", "/api/{rest:.*}", nothing_here)
    app.on_response_prepare.append(add_headers)


async def nothing_here(request: web.Request) -> web.StreamResponse:
    """405 where the path is an endpoint's by another method, else `unknown`."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if resource.canonical.startswith("/api/") and resource.canonical != "/api/{rest}":
            allowed |= (await resource.resolve(request))[1]
    if allowed:
        raise web.HTTPMethodNotAllowed(request.method, allowed)
    raise not_found("endpoint")
