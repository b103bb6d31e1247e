"""The pages' files, and the pages that explain the certificate."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from cryptography.x509 import Certificate

from web.ca_page import apple_profile, ca_page, not_built_page, nothing_to_install_page
from web.certificates import CertificateError, read_certificate

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

VERIFIER = Path(__file__).parent / "verify" / "verify.html"

FOR_EVER = "public, max-age=31536000, immutable"
NOT_KEPT = "no-store"
ASK_AGAIN = "no-cache"

#: Longer than any of ours, and shorter than what a file system refuses to look for (255 bytes a name).
MOST_PATH_CHARACTERS = 250
_PART = re.compile(r"[A-Za-z0-9_@~-][A-Za-z0-9._@~-]*")
_HASHED = re.compile(r"assets/.*-[A-Za-z0-9_-]{8,}\.[a-z0-9]+")
#: With `nosniff` a wrong type is a dead page, and the machine's own table may lack these.
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".json": "application/json",
    ".map": "application/json",
    ".wasm": "application/wasm",
    ".html": "text/html; charset=utf-8",
}


def add_static_routes(app: web.Application, dist: Path, ca_path: Path) -> None:
    """To be added last: whatever no other route took is the single page's (`dist`, the built front end)."""
    app.router.add_get("/ca", _ca(ca_path))
    app.router.add_get("/ca.crt", _ca_certificate(ca_path))
    app.router.add_get("/ca.mobileconfig", _ca_profile(ca_path))
    app.router.add_get("/verify.html", _verifier)
    app.router.add_get("/{path:.*}", _pages(dist))


def _pages(dist: Path) -> Handler:
    async def page(request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        file = find_file(dist, path)
        if file is not None and file.name != "index.html":
            return _file(file, FOR_EVER if _HASHED.fullmatch(path) else ASK_AGAIN)
        if path.startswith("assets/") or path.split("/")[0] in ("api", "socket.io"):
            raise web.HTTPNotFound
        index = dist / "index.html"
        return _file(index, NOT_KEPT) if index.is_file() else _html(not_built_page(), status=503)

    return page


async def _verifier(_request: web.Request) -> web.StreamResponse:
    """To be kept and opened from disk, where nothing that comes later from here changes it."""
    headers = {"Cache-Control": ASK_AGAIN, "Content-Disposition": 'attachment; filename="verify.html"'}
    return web.FileResponse(VERIFIER, headers=headers | {"Content-Type": _TYPES[".html"]})


def find_file(dist: Path, path: str) -> Path | None:
    """The file of `dist` that a request's decoded path names; None for anything else, and for odd names."""
    parts = path.split("/")
    if len(path) > MOST_PATH_CHARACTERS or not all(_PART.fullmatch(part) for part in parts):
        return None
    file = dist.joinpath(*parts)
    return file if file.is_file() and file.resolve().is_relative_to(dist.resolve()) else None


def _file(file: Path, caching: str) -> web.FileResponse:
    headers = {"Cache-Control": caching}
    if file.suffix in _TYPES:
        headers["Content-Type"] = _TYPES[file.suffix]
    return web.FileResponse(file, headers=headers)


def _ca(ca_path: Path) -> Handler:
    async def page(_request: web.Request) -> web.StreamResponse:
        if not ca_path.is_file():
            return _html(nothing_to_install_page())
        return _html(ca_page(_authority(ca_path)))

    return page


def _ca_certificate(ca_path: Path) -> Handler:
    async def certificate(_request: web.Request) -> web.StreamResponse:
        _authority(ca_path)
        return _download(ca_path.read_bytes(), "application/x-x509-ca-cert", "ca.crt")

    return certificate


def _ca_profile(ca_path: Path) -> Handler:
    async def profile(_request: web.Request) -> web.StreamResponse:
        content = apple_profile(_authority(ca_path))
        return _download(content, "application/x-apple-aspen-config", "yuntakan.mobileconfig")

    return profile


def _authority(ca_path: Path) -> Certificate:
    try:
        return read_certificate(ca_path)
    except CertificateError:
        raise web.HTTPNotFound from None


def _download(content: bytes, content_type: str, name: str) -> web.Response:
    headers = {"Cache-Control": ASK_AGAIN, "Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=content, content_type=content_type, headers=headers)


def _html(text: str, status: int = 200) -> web.Response:
    headers = {"Cache-Control": NOT_KEPT}
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=headers)
