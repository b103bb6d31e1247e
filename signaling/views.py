"""Domain values as clients see them."""

from __future__ import annotations

from collections.abc import Iterable

from inspection.domain.entry import Entry
from inspection.domain.sessions import Participant, Session
from signaling.messages import ParticipantView, SessionView, SignatureView

HIDDEN_LIVE = frozenset(
    ("segment", "track", "connected", "recovered", "torn", "view", "export", "clock", "reveal", "hold", "phone_clock")
)
"""Kinds of entries that no live screen needs: the media plane's own, and who looked at the record."""


def session_view(session: Session) -> SessionView:
    return SessionView(
        id=session.id,
        number=session.number,
        nature=session.nature.value,
        state=session.state.value,
        started_at=session.started_at,
        ended_at=session.ended_at,
        end_cause=session.end_cause.value if session.end_cause else None,
        recording=session.recording,
        summary=session.summary,
        signatures=[
            SignatureView(name=held.name, role=held.role.value, decision=held.decision, statement=held.statement)
            for held in session.signatures
        ],
    )


def participant_views(participants: Iterable[Participant]) -> list[ParticipantView]:
    return [
        ParticipantView(
            id=person.id,
            name=person.name,
            role=person.role.value,
            unit=person.unit,
            badge=person.badge,
            present=person.present,
            muted=person.muted,
        )
        for person in participants
    ]


def shown_live(entry: Entry) -> bool:
    return entry.kind not in HIDDEN_LIVE
