"""The closed list of entry kinds and the payload of each (docs/evidence.md says what they mean).

Who somebody is and what somebody wrote is `personal`: the entry commits to it and the value can be erased.

`record(key=…, key_=…)`: a key with a trailing underscore is optional and stands without it in the payload.
"""

from __future__ import annotations

from typing import Any

from inspection.domain.entry_shapes import (
    Place,
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
    personal,
    places,
    record,
    text,
)
from inspection.domain.retention import RetentionClass

SERVER_ROLE = "system"


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
PERSON_NAME = personal(name, RetentionClass.PERSON)
PERSON_WORDS = personal(text, RetentionClass.PERSON)
SAID = personal(name, RetentionClass.TEXT)
SAID_OR_EMPTY = personal(text, RetentionClass.TEXT)

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
        premises=record(name=PERSON_NAME, address=PERSON_WORDS, position_=POINT, fence_=FENCE),
        applicant=record(
            name=PERSON_NAME,
            id_kind=one_of("uscc", "resident_id"),
            id_masked=PERSON_WORDS,
            phone_masked=PERSON_WORDS,
        ),
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
        name=PERSON_NAME,
        role=one_of("applicant", "inspector"),
        unit_=PERSON_WORDS,
        badge_=PERSON_WORDS,
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
    "page_key": record(
        session_id=name,
        participant_id=name,
        algorithm=one_of("ES256"),
        public_key=name,
        fingerprint=digest,
        nonce=name,
        browser=text,
    ),
    "signatures": record(
        session_id=name,
        track_id=name,
        from_index=count,
        to_index=count,
        frames=count,
        signed=count,
        broken=count,
        missing_counters=count,
        clock_jumps=count,
    ),
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
        note=SAID_OR_EMPTY,
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
        tiles_root_=digest,
        tiles_seed_=personal(digest, RetentionClass.MEDIA),
        stamp=personal(list_of(text), RetentionClass.PERSON),
        lookup=name,
        containment_=CONTAINMENT,
    ),
    "chat": record(session_id=name, text=SAID_OR_EMPTY),
    "guidance": record(session_id=name, what=one_of("detail_on", "detail_off", "cover")),
    "device": record(session_id=name, camera=text, muted=flag, paused=flag, torch=flag, weak_uplink_=flag),
    "finding": record(
        finding_id=name,
        session_id_=name,
        still_id_=name,
        text=SAID,
        severity=one_of("minor", "major", "critical"),
        clause=SAID_OR_EMPTY,
        due_date=date,
    ),
    "rectification": record(
        finding_id=name, rectification_id=name, text=SAID_OR_EMPTY, session_id_=name, file_=file, sha256_=digest
    ),
    "rectification_accepted": record(finding_id=name, rectification_id=name, reason_=SAID_OR_EMPTY),
    "rectification_rejected": record(finding_id=name, rectification_id=name, reason=SAID),
    "dispute": record(finding_id=name, dispute_id=name, text=SAID),
    "dispute_answer": record(finding_id=name, dispute_id=name, text=SAID, upheld=flag),
    "summary": record(session_id=name, text=SAID),
    "signature": record(session_id=name, decision=one_of("signed", "disagreed"), statement_=SAID_OR_EMPTY),
    "refusal": record(session_id=name, reason=SAID),
    "stopped": record(session_id=name, reason_=SAID_OR_EMPTY),
    "session_ended": record(session_id=name, cause=one_of("completed", "stopped", "unfinished", "abandoned")),
    "site_visit": record(
        visit_id=name,
        visited_at=instant,
        visitors=personal(list_of(name), RetentionClass.PERSON),
        items=list_of(
            either(
                record(finding_id=name, item_id_=name, confirmed=flag, note=SAID_OR_EMPTY),
                record(item_id=name, finding_id_=name, confirmed=flag, note=SAID_OR_EMPTY),
            )
        ),
    ),
    "opinion": record(opinion=one_of("fit", "not_fit", "partly_on_site"), text=SAID_OR_EMPTY),
    "view": record(what=name),
    "reveal": record(what=one_of("id_number", "phone"), of=name, reason=SAID),
    "hold": record(on=flag, reason=SAID),
    "erased": record(
        classes=list_of(one_of(*(each.value for each in RetentionClass))),
        rule=one_of("expiry", "request"),
        legal_basis=name,
        keys_destroyed=count,
        not_reached=list_of(name),
    ),
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
    """What is wrong; a reader (not strict) lets keys pass that it does not know, and finds commitments."""
    shape = KINDS.get(kind)
    return "unknown kind" if shape is None else shape(payload, strict)


def personal_places(kind: str, actor_role: str, payload: Any, *, strict: bool = False) -> list[Place]:
    """Where personal values stand in an entry of that kind whose payload fits; its writer's draft where `strict`.

    The server is no person: its entries name it.
    """
    shape = KINDS.get(kind)
    if shape is None:
        return []
    below = (Place(("payload", *place.path), place.retention) for place in places(shape, payload, strict))
    who = [] if actor_role == SERVER_ROLE else [Place(("actor", "name"), RetentionClass.PERSON)]
    return [*who, *below]
