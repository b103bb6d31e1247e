"""The one form with a file: an applicant's answer to a finding."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import BodyPartReader, MultipartReader, web

from inspection.domain.errors import InspectionError, Kind, field_invalid
from web.problems import media_type_unsupported, too_large
from web.routes.endpoint import in_time

MOST_PHOTO_BYTES = 10 * 1024 * 1024
MOST_TEXT_BYTES = 16 * 1024
LONGEST_FORM_S = 300.0  # a photo over a poor mobile network
MOST_FORM_BYTES = MOST_PHOTO_BYTES + 64 * 1024


@dataclass(frozen=True, slots=True)
class RectificationForm:
    text: str
    photo: bytes | None
    session_id: str | None


async def read_form(request: web.Request) -> RectificationForm:
    """Raises `media_type_unsupported`, `too_large`, `picture_too_large`, `field_invalid`."""
    if request.content_type != "multipart/form-data":
        raise media_type_unsupported("multipart/form-data")
    if (request.content_length or 0) > MOST_FORM_BYTES:
        raise _picture_too_large()
    try:
        async with in_time(LONGEST_FORM_S):
            parts = await _read_parts(await request.multipart())
    except (ValueError, AssertionError, web.HTTPRequestEntityTooLarge) as error:
        raise field_invalid("body", "no form that can be read") from error
    return RectificationForm(
        _text(parts.get("text"), "text"), parts.get("photo") or None,
        _text(parts["session_id"], "session_id") if parts.get("session_id") else None,
    )  # fmt: skip


async def _read_parts(reader: MultipartReader) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    async for part in reader:
        if not isinstance(part, BodyPartReader) or part.name not in ("text", "photo", "session_id"):
            raise field_invalid("body", "text, photo and session_id, each once")
        if part.name in parts:
            raise field_invalid(part.name, "each field once")
        parts[part.name] = await _read_part(part)
    return parts


async def _read_part(part: BodyPartReader) -> bytes:
    is_photo = part.name == "photo"
    most_bytes = MOST_PHOTO_BYTES if is_photo else MOST_TEXT_BYTES
    content = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        content += chunk
        if len(content) > most_bytes:
            raise _picture_too_large() if is_photo else too_large(most_bytes)
    return bytes(content)


def _text(raw: bytes | None, field: str) -> str:
    if raw is None:
        raise field_invalid(field, "missing")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise field_invalid(field, "no UTF-8") from error


def _picture_too_large() -> InspectionError:
    return InspectionError(Kind.INVALID, "picture_too_large", f"at most {MOST_PHOTO_BYTES} bytes", field="photo")
