"""What strangers send to the pages and the API."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from aiohttp.http_exceptions import HttpProcessingError

from tests.signaling.served import Case, Served, case_body, http_of
from web.client import Refused
from web.routes import endpoint
from web.serving import UnreadableBytes

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="package")]


@contextmanager
def hidden(log: logging.Logger, by: logging.Filter) -> Iterator[None]:
    log.addFilter(by)
    try:
        yield
    finally:
        log.removeFilter(by)


@pytest.mark.parametrize("path", ["/" + "a" * 300, "/" + "a/" * 3000 + "b", "/i/" + "a" * 2000])
async def test_a_long_path_is_the_single_pages_affair(served: Served, path: str) -> None:
    async with http_of(served.person("applicant")).get(served.url + path) as response:
        assert response.status in (200, 503)  # 503: the front end is not built


@pytest.mark.parametrize(
    "request_lines",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: __Host-ytk-inspector=VERYSECRET\x00\r\n\r\n",
        b"GET /i/VERYSECRET\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_a_request_that_cannot_be_read_leaves_no_secret_in_the_log(
    served: Served, request_lines: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    log, quietly = logging.getLogger("aiohttp.server"), UnreadableBytes(HttpProcessingError)
    with hidden(log, quietly), caplog.at_level(logging.DEBUG, "aiohttp.server"):
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(served.url).port)
        writer.write(request_lines)
        assert b" 400 " in await reader.readline()
        writer.close()
    assert "not readable: " in caplog.text
    assert "VERYSECRET" not in caplog.text


async def test_a_forwarded_scheme_does_not_write_into_the_policy(served: Served) -> None:
    headers = {"X-Forwarded-Proto": "https; script-src *; x"}
    async with http_of(served.person("applicant")).get(served.url + "/ca", headers=headers) as response:
        assert "script-src *" not in response.headers["Content-Security-Policy"]


async def test_a_body_that_never_ends_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "LONGEST_BODY_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(served.url).port)
    writer.write(
        f"POST /api/inspector/login HTTP/1.1\r\nHost: {urlsplit(served.url).netloc}\r\nOrigin: {served.url}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{".encode()
    )
    async with asyncio.timeout(10):
        assert b" 408 " in await reader.readline()
    writer.close()


@pytest.mark.parametrize("radius_m", [1e6 + 1, 1e300, 0, -1])
async def test_a_fence_of_a_size_that_cannot_be_is_refused(case: Case, radius_m: float) -> None:
    body = case_body("13800138000", (await case.inspector.get("/api/inspector/colleagues"))["users"][0]["id"])
    body["premises"]["fence"] = {"kind": "circle", "radius_m": radius_m}
    with pytest.raises(Refused) as refused:
        await case.inspector.post("/api/inspector/inspections", body)
    assert refused.value.code == "field_invalid"
