"""Erasure by retention class: the keys go, so that nothing opens any more, and with them files and openings.

The act and the loss of the keys are one transaction. What has to follow (files, old copies in the database's own
files) is on record as pending until it is done, and goes on after a crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from inspection.domain.actor import Actor, Role
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import InspectionError, conflict, field_invalid
from inspection.domain.inspections import Inspection
from inspection.domain.retention import NOT_REACHED, RetentionClass, years_after
from inspection.domain.text import clean_text
from inspection.services.access import get_inspection_for, require_role
from inspection.services.holds import is_held
from inspection.services.ledger import append
from inspection.services.ports import Office, UnitOfWork
from inspection.services.results import Recorded

_BASIS = 200


class ErasureRule(StrEnum):
    """Why: the time to keep it is over, or somebody asked for it after the least time that the law wants."""

    EXPIRY = "expiry"
    REQUEST = "request"


class Traces(Protocol):
    """What is left behind outside of the rows."""

    async def wipe(self, gone: Sequence[bytes], *, thoroughly: bool = False) -> None:
        """Makes sure that no file of the database holds these bytes.

        Raises `erasure_incomplete`, `storage_busy`, `storage_full`, `storage_failed`.
        """
        ...


class MediaFiles(Protocol):
    """The evidence files of an inspection."""

    async def erase_media(self, inspection_id: str) -> int:
        """Takes recordings, pictures and films away, durably; how many files. Time stamps stay.

        Raises `storage_failed`.
        """
        ...

    def has_media(self, inspection_id: str) -> bool:
        """Whether there are any."""
        ...


@dataclass(frozen=True, slots=True)
class Remains:
    """Where an erasure reaches besides the rows."""

    traces: Traces
    files: MediaFiles


@dataclass(frozen=True, slots=True)
class Due:
    """Classes of an inspection whose time is over."""

    inspection_id: str
    number: str
    classes: tuple[RetentionClass, ...]


async def erase(
    office: Office,
    remains: Remains,
    actor: Actor,
    inspection_id: str,
    classes: Sequence[RetentionClass],
    rule: ErasureRule,
    legal_basis: str,
) -> Recorded:
    """Erases the classes for good.

    Raises `not_concluded`, `held`, `retention_running`, `media_first` (pictures show names: `person` goes with
    `media`, or after it), `sms_unavailable`: nothing is erased. Raises `erasure_incomplete`, `storage_busy`,
    `storage_full`, `storage_failed`: the keys are gone, what is left is pending.
    """
    require_role(actor, Role.SYSTEM)
    wanted = tuple(each for each in RetentionClass if each in classes)
    if not wanted:
        raise field_invalid("classes", "at least one class")
    basis = clean_text("legal_basis", legal_basis, _BASIS, one_line=True)
    async with office.uow() as uow:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        await _require_erasable(office, uow, inspection, wanted, rule)
        if RetentionClass.PERSON in wanted and RetentionClass.MEDIA not in wanted:
            _require_no_media(remains, inspection)
        gone = await _forget(uow, inspection, wanted)
        said = {"classes": [each.value for each in wanted], "rule": rule.value, "legal_basis": basis}
        payload = {**said, "keys_destroyed": len(gone), "not_reached": list(NOT_REACHED)}
        entries = await append(uow, inspection.id, [EntryDraft("erased", actor, None, payload)])
        if RetentionClass.PERSON in wanted:  # before the commit: after it nobody knows the number any more
            await office.sms.forget(inspection.applicant.phone)
        await uow.commit()
    await _clear(office, remains, inspection.id, RetentionClass.MEDIA in wanted, gone)
    return Recorded(inspection.id, entries)


async def finish_erasures(office: Office, remains: Remains) -> int:
    """Goes on with what was interrupted; how many. Their keys are gone already.

    The database's file is written anew once for all. Raises as `erase` does, after the others are done, where the
    files of one cannot be taken away.
    """
    async with office.reading() as uow:
        pending = await uow.erasures.list()
    if not pending:
        return 0
    done, failure = await _erase_files(remains, pending)
    await remains.traces.wipe((), thoroughly=True)
    await _end(office, done)
    if failure is not None:
        raise failure
    return len(done)


async def find_due(office: Office, remains: Remains) -> list[Due]:
    """What the expiry rule asks to be erased now; what is held is left out."""
    found: list[Due] = []
    async with office.reading() as uow:
        for inspection in await uow.inspections.list(None):
            there = await uow.erasures.sealed_classes(inspection.id)
            if remains.files.has_media(inspection.id):
                there.add(RetentionClass.MEDIA)
            due = tuple(each for each in RetentionClass if each in there and _is_over(office, inspection, each))
            if RetentionClass.MEDIA in there and RetentionClass.MEDIA not in due:
                due = tuple(each for each in due if each is not RetentionClass.PERSON)
            if due and not await is_held(uow, inspection.id):
                found.append(Due(inspection.id, inspection.number, due))
    return found


def erasable_from(
    office: Office, inspection: Inspection, retention: RetentionClass, rule: ErasureRule
) -> datetime | None:
    """From when on; None while the inspection is not concluded."""
    if inspection.opinion is None:
        return None
    rules = office.rules
    years = rules.kept_years_of(retention) if rule is ErasureRule.EXPIRY else rules.least_years_of(retention)
    return years_after(inspection.opinion.given_at, years)


def _is_over(office: Office, inspection: Inspection, retention: RetentionClass) -> bool:
    since = erasable_from(office, inspection, retention, ErasureRule.EXPIRY)
    return since is not None and office.clock.now() >= since


async def _require_erasable(
    office: Office, uow: UnitOfWork, inspection: Inspection, wanted: Sequence[RetentionClass], rule: ErasureRule
) -> None:
    if await is_held(uow, inspection.id):
        raise conflict("held", "a hold is in force")
    for each in wanted:
        since = erasable_from(office, inspection, each, rule)
        if since is None:
            raise conflict("not_concluded", "the inspection is not concluded")
        if office.clock.now() < since:
            raise conflict("retention_running", f"{each.value} has to be kept until {since:%Y-%m-%d}")


def _require_no_media(remains: Remains, inspection: Inspection) -> None:
    if remains.files.has_media(inspection.id):
        raise conflict("media_first", "pictures and recordings show who it is: erase media too")


async def _forget(uow: UnitOfWork, inspection: Inspection, wanted: Sequence[RetentionClass]) -> tuple[bytes, ...]:
    gone = await uow.data_keys.destroy(inspection.id, wanted)
    await uow.entries.forget_openings(inspection.id, wanted)
    await uow.commands.forget(inspection.id)
    if RetentionClass.PERSON in wanted:
        await uow.erasures.forget_numbers(inspection.id)
    await uow.erasures.begin(inspection.id, RetentionClass.MEDIA in wanted)
    return gone


async def _clear(office: Office, remains: Remains, inspection_id: str, media: bool, gone: Sequence[bytes]) -> None:
    """Without the bytes that must be gone the database's file is written anew."""
    if media:
        await remains.files.erase_media(inspection_id)
    await remains.traces.wipe(gone, thoroughly=not gone)
    await _end(office, [inspection_id])


async def _erase_files(
    remains: Remains, pending: Sequence[tuple[str, bool]]
) -> tuple[list[str], InspectionError | None]:
    """The inspections whose files are gone, and the first failure."""
    done: list[str] = []
    failure: InspectionError | None = None
    for inspection_id, media in pending:
        try:
            if media:
                await remains.files.erase_media(inspection_id)
            done.append(inspection_id)
        except InspectionError as error:
            failure = failure or error
    return done, failure


async def _end(office: Office, inspection_ids: Sequence[str]) -> None:
    async with office.uow() as uow:
        for inspection_id in inspection_ids:
            await uow.erasures.end(inspection_id)
        await uow.commit()
