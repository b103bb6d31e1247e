"""From what a use case returns or raises to the acknowledgement: the only broad `except` of the package."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError

from inspection.domain.errors import InspectionError
from media.errors import MediaError
from signaling.messages import ErrorView, ServerMessage

_log = logging.getLogger(__name__)

Ack = dict[str, Any]


async def answer(work: Callable[[], Awaitable[ServerMessage | None]]) -> Ack:
    """`{"ok": true, "result": …}` or `{"ok": false, "error": …}`; never raises."""
    try:
        result = await work()
    except Exception as error:  # whatever it is, the client must get an answer, or it only times out
        return refusal(error)
    return {"ok": True, "result": result.model_dump(mode="json") if result is not None else {}}


def refusal(error: Exception) -> Ack:
    return {"ok": False, "error": error_view(error).model_dump(mode="json", exclude_none=True)}


def error_view(error: Exception) -> ErrorView:
    """An expected error by its code; anything else by an incident id that stands in the log with its traceback."""
    if isinstance(error, InspectionError):
        return ErrorView(
            code=error.code,
            message=error.message,
            retryable=_is_retryable(error.kind.value),
            field=error.field,
            retry_after_s=error.retry_after_s,
        )
    if isinstance(error, MediaError):
        return ErrorView(code=error.code, message=error.message, retryable=_is_retryable(error.kind.value))
    if isinstance(error, ValidationError):
        return _invalid(error)
    incident_id = secrets.token_hex(6)
    _log.error("incident %s", incident_id, exc_info=error)
    return ErrorView(code="internal", message="internal error", retryable=True, incident_id=incident_id)


def _is_retryable(kind: str) -> bool:
    return kind in ("unavailable", "internal")


def _invalid(error: ValidationError) -> ErrorView:
    """Names the first field at fault, and never repeats what was in it."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or None
    return ErrorView(code="field_invalid", message=first["msg"], retryable=False, field=field)
