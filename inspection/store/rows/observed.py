"""Findings, stills, check marks, places, visits."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from geo import Containment, Doubt, Fix
from inspection.domain.findings import (
    Dispute,
    Finding,
    FindingState,
    Rectification,
    RectificationState,
    Severity,
)
from inspection.domain.observations import (
    CheckMark,
    CheckResult,
    Place,
    Seen,
    SiteVisit,
    Still,
    StillReason,
    VisitItem,
)
from inspection.store import tables
from inspection.store.rows.sealed_rows import SealedRows
from inspection.store.rows.table_rows import TableRows, from_json, to_json


class SqlFindings(SealedRows):
    """Findings with their rectifications and disputes."""

    table = tables.findings

    async def add(self, finding: Finding) -> None:
        """Adds a finding."""
        await self._add_sealed(finding.inspection_id, _finding_values(finding))
        await self._save_answers(finding)

    async def save(self, finding: Finding) -> None:
        """Writes it back with its answers."""
        scope = finding.inspection_id
        await self._change_sealed(scope, finding.id, _finding_values(finding), self.table.c.id == finding.id)
        await self._save_answers(finding)

    async def find(self, finding_id: str) -> Finding | None:
        """By id."""
        row = await self._find(self.table.c.id == finding_id)
        return None if row is None else await self._whole(row)

    async def list(self, inspection_id: str) -> builtins.list[Finding]:
        """Of an inspection, oldest first."""
        rows = await self._list(self.table.c.inspection_id == inspection_id, by=self.table.c.raised_at)
        return [await self._whole(row) for row in rows]

    async def _whole(self, row: Mapping[str, Any]) -> Finding:
        answers = await self._answers(row["id"])
        disputes = await self._disputes(row["id"])
        fields = {**row, "severity": Severity(row["severity"]), "state": FindingState(row["state"])}
        return Finding(rectifications=answers, disputes=disputes, **fields)

    async def _answers(self, finding_id: str) -> tuple[Rectification, ...]:
        source = tables.rectifications
        rows = await self._list(source.c.finding_id == finding_id, by=source.c.position, table=source)
        return tuple(_rectification(row) for row in rows)

    async def _disputes(self, finding_id: str) -> tuple[Dispute, ...]:
        source = tables.disputes
        rows = await self._list(source.c.finding_id == finding_id, by=source.c.position, table=source)
        return tuple(Dispute(**{name: row[name] for name in Dispute.__slots__}) for row in rows)

    async def _save_answers(self, finding: Finding) -> None:
        scope = finding.inspection_id
        answers, disputes = _Answers(self._connection, self._keys), _Disputes(self._connection, self._keys)
        for position, answer in enumerate(finding.rectifications):
            values = {name: getattr(answer, name) for name in Rectification.__slots__}
            values["state"] = answer.state.value
            await answers.save(scope, finding.id, position, values)
        for position, raised in enumerate(finding.disputes):
            fields = {name: getattr(raised, name) for name in Dispute.__slots__}
            await disputes.save(scope, finding.id, position, fields)


class _Numbered(SealedRows):
    """Rows that belong to a finding, in order."""

    async def save(self, scope: str, finding_id: str, position: int, values: dict[str, Any]) -> None:
        """Adds or writes back."""
        whole = {**values, "finding_id": finding_id, "position": position}
        if await self._change_sealed(scope, values["id"], whole, self.table.c.id == values["id"]) == 0:
            await self._add_sealed(scope, whole)


class _Answers(_Numbered):
    table = tables.rectifications


class _Disputes(_Numbered):
    table = tables.disputes


class SqlStills(TableRows):
    """Stills."""

    table = tables.stills

    async def add(self, still: Still) -> None:
        """Adds a still."""
        values = {name: getattr(still, name) for name in Still.__slots__}
        values["reason"] = still.reason.value
        values["containment"] = None if still.containment is None else still.containment.value
        await self._add(values)

    async def find(self, still_id: str) -> Still | None:
        """By id."""
        row = await self._find(self.table.c.id == still_id)
        return None if row is None else _still(row)

    async def list(self, inspection_id: str) -> builtins.list[Still]:
        """Of an inspection, oldest first."""
        rows = await self._list(self.table.c.inspection_id == inspection_id, by=self.table.c.arrival_at)
        return [_still(row) for row in rows]


class SqlChecks(SealedRows):
    """The latest mark per session and check item."""

    table = tables.checks

    async def save(self, mark: CheckMark) -> None:
        """Adds or replaces."""
        values = {
            "session_id": mark.session_id,
            "item_id": mark.item_id,
            "seen": mark.seen.value,
            "result": mark.result.value,
            "note": mark.note,
            "still_ids_json": to_json(tuple[str, ...], mark.still_ids),
            "marked_by": mark.marked_by,
            "marked_at": mark.marked_at,
        }
        same = (self.table.c.session_id == mark.session_id, self.table.c.item_id == mark.item_id)
        scope = await self._scope_of_session(mark.session_id)
        if await self._change_sealed(scope, f"{mark.session_id}/{mark.item_id}", values, *same) == 0:
            await self._add_sealed(scope, values)

    async def list(self, session_id: str) -> list[CheckMark]:
        """Of a session."""
        rows = await self._list(self.table.c.session_id == session_id, by=self.table.c.marked_at)
        return [_check(row) for row in rows]


class SqlPlaces(TableRows):
    """The latest reported place of a session."""

    table = tables.places

    async def save(self, place: Place) -> None:
        """Adds or replaces."""
        values = {
            "session_id": place.session_id,
            "fix_json": None if place.fix is None else to_json(Fix, place.fix),
            "containment": None if place.containment is None else place.containment.value,
            "doubts_json": to_json(tuple[Doubt, ...], place.doubts),
            "no_fix_cause": place.no_fix_cause,
            "at": place.at,
        }
        if await self._change(values, self.table.c.session_id == place.session_id) == 0:
            await self._add(values)

    async def find(self, session_id: str) -> Place | None:
        """Of a session."""
        row = await self._find(self.table.c.session_id == session_id)
        if row is None:
            return None
        return Place(
            session_id=session_id,
            fix=None if row["fix_json"] is None else from_json(Fix, row["fix_json"]),
            containment=None if row["containment"] is None else Containment(row["containment"]),
            doubts=from_json(tuple[Doubt, ...], row["doubts_json"]),
            no_fix_cause=row["no_fix_cause"],
            at=row["at"],
        )


class SqlVisits(SealedRows):
    """Site visits."""

    table = tables.visits

    async def add(self, visit: SiteVisit) -> None:
        """Adds a visit."""
        await self._add_sealed(
            visit.inspection_id,
            {
                "id": visit.id,
                "inspection_id": visit.inspection_id,
                "visited_at": visit.visited_at,
                "visitors_json": to_json(tuple[str, ...], visit.visitors),
                "items_json": to_json(tuple[VisitItem, ...], visit.items),
                "recorded_by": visit.recorded_by,
                "recorded_at": visit.recorded_at,
            },
        )

    async def list(self, inspection_id: str) -> list[SiteVisit]:
        """Of an inspection, oldest first."""
        rows = await self._list(self.table.c.inspection_id == inspection_id, by=self.table.c.recorded_at)
        return [_visit(row) for row in rows]


def _finding_values(finding: Finding) -> dict[str, Any]:
    lists = ("rectifications", "disputes")
    plain = {name: getattr(finding, name) for name in Finding.__slots__ if name not in lists}
    return {**plain, "severity": finding.severity.value, "state": finding.state.value}


def _rectification(row: Mapping[str, Any]) -> Rectification:
    plain = {name: row[name] for name in Rectification.__slots__}
    return Rectification(**{**plain, "state": RectificationState(row["state"])})


def _still(row: Mapping[str, Any]) -> Still:
    containment = row["containment"]
    fields = {
        **row,
        "reason": StillReason(row["reason"]),
        "containment": None if containment is None else Containment(containment),
    }
    return Still(**fields)


def _check(row: Mapping[str, Any]) -> CheckMark:
    return CheckMark(
        session_id=row["session_id"],
        item_id=row["item_id"],
        seen=Seen(row["seen"]),
        result=CheckResult(row["result"]),
        note=row["note"],
        still_ids=from_json(tuple[str, ...], row["still_ids_json"]),
        marked_by=row["marked_by"],
        marked_at=row["marked_at"],
    )


def _visit(row: Mapping[str, Any]) -> SiteVisit:
    return SiteVisit(
        id=row["id"],
        inspection_id=row["inspection_id"],
        visited_at=row["visited_at"],
        visitors=from_json(tuple[str, ...], row["visitors_json"]),
        items=from_json(tuple[VisitItem, ...], row["items_json"]),
        recorded_by=row["recorded_by"],
        recorded_at=row["recorded_at"],
    )
