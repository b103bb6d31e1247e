"""What browsers are told about every answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.routes.conftest import Case
from tests.web.routes.house import Edge, open_edge

pytestmark = pytest.mark.integration


async def test_every_answer_carries_the_security_headers_and_a_request_id(case: Case) -> None:
    replies = [
        await case.inspector.get(case.office_path),
        await case.inspector.get("/api/nowhere"),
        await case.auditor.get(f"{case.audit_path}/package"),
        await case.inspector.get("/healthz"),
    ]
    for reply in replies:
        policy = dict(part.strip().split(" ", 1) for part in reply.headers["Content-Security-Policy"].split(";"))
        assert (policy["default-src"], policy["script-src"], policy["frame-ancestors"]) == (
            "'none'",
            "'self'",
            "'none'",
        )
        assert policy["connect-src"] == "'self' " + case.edge.url.replace("http", "ws", 1)
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert "camera=(self)" in reply.headers["Permissions-Policy"]
        assert reply.headers["X-Request-ID"]
    assert replies[1].json["request_id"] == replies[1].headers["X-Request-ID"]


async def test_answers_with_secrets_are_not_kept_anywhere(case: Case) -> None:
    for path in (case.office_path, "/api/inspector/me", "/api/nowhere"):
        assert "no-store" in (await case.inspector.get(path)).headers["Cache-Control"]


async def test_a_named_host_behind_https_is_told_to_stay_there_and_localhost_is_not(
    tmp_path: Path, migrated: Path
) -> None:
    async with open_edge(tmp_path, migrated, trusted_proxies=("127.0.0.0/8",)) as edge:
        browser = edge.browser("inspector")
        named = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "tk.gov.example"}
        assert "Strict-Transport-Security" in (await browser.get("/healthz", **named)).headers
        for host in ("localhost:8443", "192.0.2.7:8443", "[2001:db8::1]:8443"):
            reply = await browser.get("/healthz", **named | {"X-Forwarded-Host": host})
            assert "Strict-Transport-Security" not in reply.headers


async def test_a_host_that_is_no_host_does_not_reach_the_policy(edge: Edge) -> None:
    reply = await edge.browser("inspector").get("/healthz", Host="x; script-src *")
    assert "script-src *" not in reply.headers.get("Content-Security-Policy", "")
