"""From any error to `application/problem+json` (RFC 9457). One table says which status a kind has."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from geo import GeoError
from inspection.domain.errors import InspectionError, Kind
from media.errors import MediaError

_log = logging.getLogger(__name__)

_STATUS = {
    Kind.INVALID: 400,
    Kind.NOT_AUTHENTICATED: 401,
    Kind.NOT_ALLOWED: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.UNAVAILABLE: 503,
    Kind.INTERNAL: 500,
}
_STATUS_OF_CODE = {
    "too_many_attempts": 429,
    "too_large": 413,
    "picture_too_large": 413,
    "media_type_unsupported": 415,
    "method_not_allowed": 405,
}
_CODE_OF_STATUS = {
    404: "unknown",
    405: "method_not_allowed",
    413: "too_large",
    415: "media_type_unsupported",
    503: "unavailable",
}


class Problem(BaseModel):
    """What a refused request answers. People read a text chosen by `code`; `detail` is for developers."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    field: str | None = None
    retry_after_s: int | None = None
    tries_left: int | None = None


def problem_of(error: Exception, request_id: str) -> Problem:
    """An expected error by its code; anything else as `internal`, with its traceback in the log."""
    if isinstance(error, InspectionError):
        return _of_inspection(error, request_id)
    if isinstance(error, MediaError):
        return _problem(Kind(error.kind.value), error.code, error.message, request_id)
    if isinstance(error, ValidationError):
        return _of_validation(error, request_id)
    if isinstance(error, GeoError):
        return _problem(Kind.INVALID, "field_invalid", str(error), request_id, field="premises.position")
    if isinstance(error, web.HTTPException):
        return _of_http(error, request_id)
    incident_id = secrets.token_hex(6)
    _log.error("incident %s in request %s", incident_id, request_id, exc_info=error)
    return _problem(Kind.INTERNAL, "internal", f"incident {incident_id}", request_id)


def as_response(problem: Problem) -> web.Response:
    body = problem.model_dump_json(exclude_none=True)
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    return web.Response(
        status=problem.status, text=body, content_type="application/problem+json", charset="utf-8", headers=headers
    )


def too_large(most_bytes: int) -> InspectionError:
    return InspectionError(Kind.INVALID, "too_large", f"a body of at most {most_bytes} bytes")


def media_type_unsupported(expected: str) -> InspectionError:
    return InspectionError(Kind.INVALID, "media_type_unsupported", f"{expected} expected")


def _of_inspection(error: InspectionError, request_id: str) -> Problem:
    return _problem(
        error.kind, error.code, error.message, request_id,
        field=error.field, retry_after_s=error.retry_after_s, tries_left=error.tries_left,
    )  # fmt: skip


def _of_validation(error: ValidationError, request_id: str) -> Problem:
    """Names the first field at fault, and never repeats what was in it."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "body"
    return _problem(Kind.INVALID, "field_invalid", f"{field}: {first['msg']}", request_id, field=field)


def _of_http(error: web.HTTPException, request_id: str) -> Problem:
    code = _CODE_OF_STATUS.get(error.status, "bad_request" if error.status < 500 else "internal")
    return Problem(
        title=error.reason, status=error.status, detail=error.reason, code=code, request_id=request_id
    )  # fmt: skip


def _problem(kind: Kind, code: str, detail: str, request_id: str, **more: Any) -> Problem:
    status = _STATUS_OF_CODE.get(code, _STATUS[kind])
    title = code.replace("_", " ")
    return Problem(title=title, status=status, detail=detail, code=code, request_id=request_id, **more)
