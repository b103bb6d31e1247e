"""The closed list of entry kinds and the payload of each (docs/evidence.md says what they mean).

`record(key=…, key_=…)`: a key with a trailing underscore is optional and stands without it in the payload.
"""

from __future__ import annotations

from typing import Any

from inspection.domain.entry_shapes import (
    Shape,
    count,
    date,
    digest,
    either,
    file,
    flag,
    instant,
    integer,
    list_of,
    name,
    one_of,
    record,
    text,
)


class PayloadError(ValueError):
    """A payload that does not fit its kind, or a kind that is not on the list: a bug of the caller."""


DATUM = one_of("WGS84", "GCJ02", "BD09", "UNVERIFIED")
POINT = record(latitude_e7=integer, longitude_e7=integer, datum=DATUM)
MEASURED = record(latitude_e7=integer, longitude_e7=integer, datum=DATUM, accuracy_cm=count)
FENCE = either(
    record(kind=one_of("circle"), center=POINT, radius_cm=count),
    record(kind=one_of("polygon"), points=list_of(POINT)),
)
CONTAINMENT = one_of("INSIDE", "OUTSIDE", "UNCERTAIN")
GAP_CAUSES = (
    "loss", "freeze", "silent", "reconnect", "restart", "muted", "paused", "camera", "disk", "ledger",
)  # fmt: skip
STAMP_FAILURES = ("unreachable", "timeout", "refused", "invalid", "too_large", "not_configured")
NATURE = one_of("guidance", "verification", "recheck")

_SEGMENT: dict[str, Shape] = {
    "session_id": name,
    "track_id": name,
    "index": count,
    "offset": count,
    "length": count,
    "sha256": digest,
    "running_sha256": digest,
    "started_at": instant,
    "ended_at": instant,
    "first_rtp": integer,
    "last_rtp": integer,
    "packets": count,
    "frames": count,
    "lost": count,
}

KINDS: dict[str, Shape] = {
    "opened": record(
        number=name,
        item=name,
        item_name=name,
        premises=record(name=name, address=text, position_=POINT, fence_=FENCE),
        applicant=record(name=name, id_kind=one_of("uscc", "resident_id"), id_masked=text, phone_masked=text),
    ),
    "session_created": record(session_id=name, nature=NATURE, number=count),
    "invited": record(session_id=name, invitation_id=name, expires_at=instant),
    "invitation_revoked": record(invitation_id=name),
    "told": record(notice_version=name, told_at=instant),
    "agreed": record(to=one_of("position", "recording"), yes=flag),
    "identity": record(level=one_of("L1", "L2"), how=name),
    "holder_replaced": record(),
    "session_started": record(session_id=name),
    "presence": record(
        session_id=name,
        participant_id=name,
        name=name,
        role=one_of("applicant", "inspector"),
        unit_=text,
        badge_=text,
        present=flag,
        inspectors_present=count,
        marked=flag,
    ),
    "connected": record(
        session_id=name,
        peer_id=name,
        participant_id=name,
        direction=one_of("up", "down"),
        local_fingerprint=name,
        remote_fingerprint=name,
    ),
    "recording": record(session_id=name, on=flag, cause_=text),
    "track": record(
        session_id=name,
        track_id=name,
        participant_id=name,
        role=one_of("applicant", "inspector"),
        kind=one_of("audio", "video"),
        codec=name,
        clock_rate=count,
        journal=file,
    ),
    "segment": record(**_SEGMENT),
    "recovered": record(**_SEGMENT, note=name),
    "torn": record(session_id_=name, track_id=name, offset=count, bytes=count, kept_=flag),
    "gap": record(
        session_id=name,
        track_id_=name,
        participant_id_=text,
        cause=one_of(*GAP_CAUSES),
        started_at=instant,
        ended_at=instant,
        packets=count,
    ),
    "fix": record(
        session_id=name,
        position=MEASURED,
        containment_=CONTAINMENT,
        distance_cm_=count,
        doubts=list_of(name),
        source=text,
        taken_at=instant,
    ),
    "no_fix": record(session_id=name, cause=one_of("refused", "unavailable", "timeout", "unsupported")),
    "check": record(
        session_id=name,
        item_id=name,
        title=text,
        seen=one_of("seen", "unclear", "not_shown"),
        result=one_of("pass", "fail", "na"),
        still_ids=list_of(name),
        note=text,
    ),
    "still": record(
        still_id=name,
        session_id=name,
        track_id=name,
        reason=one_of("manual", "start", "signboard", "check_item", "moved", "challenge"),
        item_id_=name,
        challenge_id_=name,
        file=file,
        jpeg_sha256=digest,
        jpeg_bytes=count,
        width=count,
        height=count,
        frame_index=count,
        rtp_timestamp=integer,
        arrival_at=instant,
        encoded_sha256=digest,
        i420_sha256=digest,
        stamp=list_of(text),
        lookup=name,
        containment_=CONTAINMENT,
    ),
    "chat": record(session_id=name, text=text),
    "guidance": record(session_id=name, what=one_of("detail_on", "detail_off", "cover")),
    "device": record(session_id=name, camera=text, muted=flag, paused=flag, torch=flag, weak_uplink_=flag),
    "finding": record(
        finding_id=name,
        session_id_=name,
        still_id_=name,
        text=name,
        severity=one_of("minor", "major", "critical"),
        clause=text,
        due_date=date,
    ),
    "rectification": record(
        finding_id=name, rectification_id=name, text=text, session_id_=name, file_=file, sha256_=digest
    ),
    "rectification_accepted": record(finding_id=name, rectification_id=name, reason_=text),
    "rectification_rejected": record(finding_id=name, rectification_id=name, reason=name),
    "dispute": record(finding_id=name, dispute_id=name, text=name),
    "dispute_answer": record(finding_id=name, dispute_id=name, text=name, upheld=flag),
    "summary": record(session_id=name, text=name),
    "signature": record(session_id=name, decision=one_of("signed", "disagreed"), statement_=text),
    "refusal": record(session_id=name, reason=name),
    "stopped": record(session_id=name, reason_=text),
    "session_ended": record(session_id=name, cause=one_of("completed", "stopped", "unfinished", "abandoned")),
    "site_visit": record(
        visit_id=name,
        visited_at=instant,
        visitors=list_of(name),
        items=list_of(
            either(
                record(finding_id=name, item_id_=name, confirmed=flag, note=text),
                record(item_id=name, finding_id_=name, confirmed=flag, note=text),
            )
        ),
    ),
    "opinion": record(opinion=one_of("fit", "not_fit", "partly_on_site"), text=text),
    "view": record(what=name),
    "export": either(
        record(package_sha256_=digest),
        record(
            session_id=name,
            copy=one_of("webm", "mp4"),
            copy_sha256=digest,
            sources=list_of(record(track_id=name, bytes=count)),
        ),
    ),
    "clock": record(
        session_id_=name,
        synchronised_=flag,
        offset_us_=integer,
        max_error_us_=count,
        source_=text,
        step_us_=integer,
    ),
    "phone_clock": record(session_id=name, participant_id=name, offset_ms=integer, round_trip_ms=count),
    "key_changed": record(key_id=name, n=count),
    "timestamp": record(
        authority=name, size=count, root=digest, token_sha256=digest, file=file, gen_time=instant, is_test=flag
    ),
    "timestamp_failed": record(authority=name, size=count, cause=one_of(*STAMP_FAILURES)),
    "challenge": record(
        session_id=name, challenge_id=name, code=name, size=count, root=digest, shown_at_=instant
    ),
}


def check_payload(kind: str, payload: Any) -> None:
    """Raises PayloadError unless the payload is exactly of its kind; for whoever writes entries."""
    wrong = payload_problem(kind, payload, strict=True)
    if wrong is not None:
        raise PayloadError(f"{kind}: {wrong}")


def payload_problem(kind: str, payload: Any, *, strict: bool = False) -> str | None:
    """What is wrong; a reader (not strict) lets keys pass that it does not know."""
    shape = KINDS.get(kind)
    return "unknown kind" if shape is None else shape(payload, strict)
