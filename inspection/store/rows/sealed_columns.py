"""Which columns hold personal values, and with which retention class they are erased.

A column of text is sealed as a whole; of a column of JSON the named members are, so that the rest stays readable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from inspection.domain.retention import ERASED_WORDS, RetentionClass

PERSON, TEXT = RetentionClass.PERSON, RetentionClass.TEXT


@dataclass(frozen=True, slots=True)
class SealedText:
    """A text that is sealed as a whole; `erased` is what readers get once its key is destroyed."""

    retention: RetentionClass
    erased: str = ERASED_WORDS


@dataclass(frozen=True, slots=True)
class SealedJson:
    """JSON, an object or a list of objects, of which these members are sealed."""

    members: Mapping[str, RetentionClass]


@dataclass(frozen=True, slots=True)
class SealedTable:
    """`key`: the columns that name a row."""

    columns: Mapping[str, SealedText | SealedJson]
    key: tuple[str, ...] = ("id",)


@dataclass(frozen=True, slots=True)
class SealedValue:
    """One value on its way in or out: `column` names its place within the row, JSON members too."""

    column: str
    retention: RetentionClass
    value: str = field(repr=False)
    erased: str = ERASED_WORDS


_NAME = SealedText(PERSON)
_WORDS = SealedText(TEXT)
SEALED: Mapping[str, SealedTable] = {
    "users": SealedTable({"name": _NAME, "unit": _NAME, "badge": _NAME}),
    "inspections": SealedTable(
        {
            "premises_json": SealedJson({"name": PERSON, "address": PERSON}),
            "applicant_json": SealedJson(
                {"name": PERSON, "id_number": PERSON, "id_masked": PERSON, "phone": PERSON, "phone_masked": PERSON}
            ),
            "opinion_json": SealedJson({"text": TEXT, "given_by_name": PERSON}),
        }
    ),
    "sessions": SealedTable({"summary": _WORDS}),
    "signatures": SealedTable({"name": _NAME, "statement": _WORDS}, key=("session_id", "actor_id")),
    "participants": SealedTable({"name": _NAME, "unit": _NAME, "badge": _NAME}),
    "checks": SealedTable({"note": _WORDS}, key=("session_id", "item_id")),
    "findings": SealedTable({"text": _WORDS, "clause": _WORDS}),
    "rectifications": SealedTable({"text": _WORDS, "reason": _WORDS}),
    "disputes": SealedTable({"text": _WORDS, "answer": _WORDS, "answered_by": _NAME}),
    "visits": SealedTable(
        {
            "visitors_json": SealedText(PERSON, json.dumps([ERASED_WORDS], ensure_ascii=False)),
            "items_json": SealedJson({"note": TEXT}),
        }
    ),
    "commands": SealedTable({"result_json": SealedText(PERSON, "")}, key=("actor_id", "key_hash")),
}


def row_id(table: str, values: Mapping[str, Any]) -> str:
    """What names the row in the associated data of its values."""
    return "/".join(str(values[column]) for column in SEALED[table].key)


def sealed_values(table: str, values: Mapping[str, Any]) -> Iterator[SealedValue]:
    """The personal values of a row, in the order in which `with_values` takes them back."""
    for column, how in SEALED[table].columns.items():
        content = values.get(column)
        if content is None:
            continue
        if isinstance(how, SealedText):
            yield SealedValue(column, how.retention, content, how.erased)
        else:
            yield from _members(column, how, json.loads(content))


def with_values(table: str, values: Mapping[str, Any], new: Callable[[SealedValue], str]) -> dict[str, Any]:
    """The row with another value in each of those places."""
    changed = dict(values)
    for column, how in SEALED[table].columns.items():
        content = values.get(column)
        if content is None:
            continue
        if isinstance(how, SealedText):
            changed[column] = new(SealedValue(column, how.retention, content, how.erased))
            continue
        whole = json.loads(content)
        for place, value in zip(_places(how, whole), _members(column, how, whole), strict=True):
            place[0][place[1]] = new(value)
        changed[column] = json.dumps(whole, ensure_ascii=False)
    return changed


def _members(column: str, how: SealedJson, whole: Any) -> Iterator[SealedValue]:
    for index, (held, member) in enumerate(list(_places(how, whole))):
        yield SealedValue(f"{column}/{index}/{member}", how.members[member], held[member])


def _places(how: SealedJson, whole: Any) -> Iterator[tuple[dict[str, Any], str]]:
    for held in whole if isinstance(whole, list) else [whole]:
        yield from ((held, member) for member in how.members if held.get(member) is not None)
