"""Inspections, sessions, participants, invitations."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, insert, or_, select

from inspection.domain.actor import Role
from inspection.domain.inspections import Applicant, Inspection, InspectionState, Opinion, Premises
from inspection.domain.invitations import Invitation, InvitationState, SentCode
from inspection.domain.retention import RetentionClass
from inspection.domain.sessions import Decision, EndCause, Nature, Participant, Session, SessionState, Signature
from inspection.store import tables
from inspection.store.data_keys import OFFICE_SCOPE
from inspection.store.rows.sealed_rows import SealedRows
from inspection.store.rows.table_rows import TableRows, from_json, to_json
from inspection.store.sealing import number_index


class SqlInspections(SealedRows):
    """Inspections."""

    table = tables.inspections

    async def add(self, inspection: Inspection) -> None:
        """Adds an inspection."""
        applicant = inspection.applicant
        indexes = {
            "id_index": await self._index("id", applicant.id_number),
            "phone_index": await self._index("phone", applicant.phone),
        }
        await self._add_sealed(inspection.id, {"id": inspection.id, **indexes, **_inspection_values(inspection)})

    async def save(self, inspection: Inspection) -> None:
        """Writes it back."""
        values = _inspection_values(inspection)
        await self._change_sealed(inspection.id, inspection.id, values, self.table.c.id == inspection.id)

    async def find(self, inspection_id: str) -> Inspection | None:
        """By id."""
        row = await self._find(self.table.c.id == inspection_id)
        return None if row is None else _inspection(row)

    async def list(self, inspector_id: str | None) -> list[Inspection]:
        """Newest first."""
        columns = self.table.c
        mine = or_(columns.first_inspector_id == inspector_id, columns.second_inspector_id == inspector_id)
        where = () if inspector_id is None else (mine,)
        rows = await self._list(*where, by=columns.number.desc())
        return [_inspection(row) for row in rows]

    async def find_all(self, inspector_id: str | None, number: str) -> builtins.list[Inspection]:
        """By the inspection's number, or the applicant's whole identity or phone number."""
        columns = self.table.c
        mine = or_(columns.first_inspector_id == inspector_id, columns.second_inspector_id == inspector_id)
        same = or_(
            columns.number == number,
            columns.id_index == await self._index("id", number),
            columns.phone_index == await self._index("phone", number),
        )
        where = (same,) if inspector_id is None else (same, mine)
        return [_inspection(row) for row in await self._list(*where, by=columns.number.desc())]

    async def _index(self, what: str, number: str) -> str | None:
        """Keyed by the office, so that nobody with the file alone can try all numbers; None before its first key."""
        key = await self._keys.find(OFFICE_SCOPE, RetentionClass.PERSON)
        return None if key is None else number_index(key, what, number)

    async def next_number(self, year: int) -> int:
        """Nothing is ever deleted, so that counting numbers."""
        of_year = self.table.c.number.startswith(f"YTK-{year}-", autoescape=True)
        counted = select(func.count()).select_from(self.table).where(of_year)
        return int((await self._connection.execute(counted)).scalar_one()) + 1


class SqlSessions(SealedRows):
    """Sessions with their signatures."""

    table = tables.sessions

    async def add(self, session: Session) -> None:
        """Adds a session, unsigned."""
        await self._add_sealed(session.inspection_id, _session_values(session))

    async def save(self, session: Session) -> None:
        """Writes it back, and any signature that is new."""
        scope = session.inspection_id
        await self._change_sealed(scope, session.id, _session_values(session), self.table.c.id == session.id)
        kept = {signature.actor_id for signature in await self._signatures(session.id)}
        for position, signature in enumerate(session.signatures):
            if signature.actor_id not in kept:
                await self._add_sealed(scope, _signature_values(session, position, signature), tables.signatures)

    async def find(self, session_id: str) -> Session | None:
        """By id."""
        row = await self._find(self.table.c.id == session_id)
        return None if row is None else await self._whole(row)

    async def list(self, inspection_id: str) -> builtins.list[Session]:
        """Of an inspection, by number."""
        rows = await self._list(self.table.c.inspection_id == inspection_id, by=self.table.c.number)
        return [await self._whole(row) for row in rows]

    async def list_open(self) -> Sequence[Session]:
        """Every session that is waiting or live."""
        rows = await self._list(self.table.c.state != SessionState.ENDED.value, by=self.table.c.created_at)
        return [await self._whole(row) for row in rows]

    async def list_unsettled(self) -> Sequence[Session]:
        """Every session that is not over, or whose files nobody has held against the ledger since."""
        settled = select(tables.settled_sessions.c.session_id)
        rows = await self._list(self.table.c.id.not_in(settled), by=self.table.c.created_at)
        return [await self._whole(row) for row in rows]

    async def settle(self, session_id: str) -> None:
        """Idempotent."""
        statement = insert(tables.settled_sessions).values(session_id=session_id).prefix_with("OR IGNORE")
        await self._connection.execute(statement)

    async def _whole(self, row: Mapping[str, Any]) -> Session:
        cause = row["end_cause"]
        fields = {
            **row,
            "nature": Nature(row["nature"]),
            "state": SessionState(row["state"]),
            "end_cause": None if cause is None else EndCause(cause),
        }
        return Session(signatures=await self._signatures(row["id"]), **fields)

    async def _signatures(self, session_id: str) -> tuple[Signature, ...]:
        source = tables.signatures
        rows = await self._list(source.c.session_id == session_id, by=source.c.position, table=source)
        return tuple(_signature(row) for row in rows)


class SqlParticipants(SealedRows):
    """Who is or was in a session."""

    table = tables.participants

    async def save(self, participant: Participant) -> None:
        """Adds or writes back."""
        values = {name: getattr(participant, name) for name in Participant.__slots__}
        values["role"] = participant.role.value
        scope = await self._scope_of_session(participant.session_id)
        if await self._change_sealed(scope, participant.id, values, self.table.c.id == participant.id) == 0:
            await self._add_sealed(scope, values)

    async def list(self, session_id: str) -> list[Participant]:
        """In the order in which they came."""
        rows = await self._list(self.table.c.session_id == session_id, by=self.table.c.joined_at)
        return [Participant(**{**row, "role": Role(row["role"])}) for row in rows]


class SqlInvitations(TableRows):
    """Invitations."""

    table = tables.invitations

    async def add(self, invitation: Invitation) -> None:
        """Adds an invitation."""
        await self._add(_invitation_values(invitation))

    async def save(self, invitation: Invitation) -> None:
        """Writes it back."""
        await self._change(_invitation_values(invitation), self.table.c.id == invitation.id)

    async def find(self, invitation_id: str) -> Invitation | None:
        """By id."""
        row = await self._find(self.table.c.id == invitation_id)
        return None if row is None else _invitation(row)

    async def find_by_token_hash(self, token_hash: str) -> Invitation | None:
        """By its link."""
        row = await self._find(self.table.c.token_hash == token_hash)
        return None if row is None else _invitation(row)

    async def find_by_pickup(self, pickup_hash: str, phone_hash: str) -> Invitation | None:
        """By its pick-up code and phone number."""
        columns = self.table.c
        row = await self._find(columns.pickup_hash == pickup_hash, columns.phone_hash == phone_hash)
        return None if row is None else _invitation(row)

    async def list(self, inspection_id: str) -> builtins.list[Invitation]:
        """Of an inspection, oldest first."""
        rows = await self._list(self.table.c.inspection_id == inspection_id, by=self.table.c.created_at)
        return [_invitation(row) for row in rows]


def _inspection_values(inspection: Inspection) -> dict[str, Any]:
    ids = inspection.inspector_ids
    opinion = inspection.opinion
    return {
        "number": inspection.number,
        "item_id": inspection.item_id,
        "item_name": inspection.item_name,
        "premises_json": to_json(Premises, inspection.premises),
        "applicant_id": inspection.applicant.id,
        "applicant_json": to_json(Applicant, inspection.applicant),
        "first_inspector_id": ids[0],
        "second_inspector_id": ids[1] if len(ids) > 1 else None,
        "state": inspection.state.value,
        "opened_at": inspection.opened_at,
        "opinion_json": None if opinion is None else to_json(Opinion, opinion),
    }


def _inspection(row: Mapping[str, Any]) -> Inspection:
    ids = (row["first_inspector_id"], row["second_inspector_id"])
    opinion = row["opinion_json"]
    return Inspection(
        id=row["id"],
        number=row["number"],
        item_id=row["item_id"],
        item_name=row["item_name"],
        premises=from_json(Premises, row["premises_json"]),
        applicant=from_json(Applicant, row["applicant_json"]),
        inspector_ids=tuple(held for held in ids if held is not None),
        state=InspectionState(row["state"]),
        opened_at=row["opened_at"],
        opinion=None if opinion is None else from_json(Opinion, opinion),
    )


def _session_values(session: Session) -> dict[str, Any]:
    plain = {name: getattr(session, name) for name in Session.__slots__ if name != "signatures"}
    cause = session.end_cause
    return {
        **plain,
        "nature": session.nature.value,
        "state": session.state.value,
        "end_cause": None if cause is None else cause.value,
    }


def _signature_values(session: Session, position: int, signature: Signature) -> dict[str, Any]:
    return {
        "session_id": session.id,
        "position": position,
        "actor_id": signature.actor_id,
        "name": signature.name,
        "role": signature.role.value,
        "decision": signature.decision.value,
        "statement": signature.statement,
        "at": signature.at,
    }


def _signature(row: Mapping[str, Any]) -> Signature:
    return Signature(
        actor_id=row["actor_id"],
        name=row["name"],
        role=Role(row["role"]),
        decision=Decision(row["decision"]),
        statement=row["statement"],
        at=row["at"],
    )


def _invitation_values(invitation: Invitation) -> dict[str, Any]:
    code = invitation.code
    plain = {name: getattr(invitation, name) for name in Invitation.__slots__ if name not in ("code", "state")}
    return {
        **plain,
        "state": invitation.state.value,
        "code_hash": code.code_hash if code else None,
        "code_sent_at": code.sent_at if code else None,
        "code_expires_at": code.expires_at if code else None,
        "code_wrong_tries": code.wrong_tries if code else 0,
    }


def _invitation(row: Mapping[str, Any]) -> Invitation:
    code = None
    if row["code_hash"] is not None:
        code = SentCode(row["code_hash"], row["code_sent_at"], row["code_expires_at"], row["code_wrong_tries"])
    plain = {name: row[name] for name in Invitation.__slots__ if name not in ("code", "state")}
    return Invitation(state=InvitationState(row["state"]), code=code, **plain)
