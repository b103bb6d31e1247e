"""Ways to change a package, each with the code that the verdict must carry and a word of its `where`."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from inspection.domain.canonical import canonical_bytes
from inspection.domain.entry import Entry, body_hash
from inspection.domain.package_manifest import sign_manifest
from tests.inspection.proof.builder import SESSION, TRACK, Case, signer_of

Members = dict[str, bytes]
Change = Callable[[Members], None]
JOURNAL = f"journal/{SESSION}/{TRACK}.ytj"
STILL = "stills/still1.jpg"
PICTURE = "rectifications/answer1.jpg"


def read_members(package: Path) -> Members:
    """The content by name, in order."""
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_members(members: Members, method: int = zipfile.ZIP_STORED) -> bytes:
    """A plain ZIP by Python's zipfile."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 5, 6, 0, 0, 0)), content, method)
    return kept.getvalue()


def flip(name: str, at: int) -> Change:
    """One bit of a member's content."""

    def change(members: Members) -> None:
        content = bytearray(members[name])
        content[at] ^= 1
        members[name] = bytes(content)

    return change


def drop(name: str) -> Change:
    """The member is not there."""

    def change(members: Members) -> None:
        del members[name]

    return change


def put(name: str, content: bytes) -> Change:
    """Another content, or another member."""

    def change(members: Members) -> None:
        members[name] = content

    return change


def lines(edit: Callable[[list[bytes]], list[bytes]]) -> Change:
    """The ledger's lines after `edit`."""

    def change(members: Members) -> None:
        found = members["ledger.jsonl"].splitlines()
        members["ledger.jsonl"] = b"".join(line + b"\n" for line in edit(found))

    return change


def edit_entry(seq: int, key: str, value: object) -> Change:
    """A field of an entry, with its hash made to fit again but not its signature."""

    def edit(found: list[bytes]) -> list[bytes]:
        fields = {**json.loads(found[seq - 1]), key: value}
        found[seq - 1] = canonical_bytes({**fields, "hash": body_hash(fields)})
        return found

    return lines(edit)


def edit_chat(members: Members) -> None:
    """Another commitment to what was said."""
    *before, last = members["ledger.jsonl"].splitlines()
    fields = json.loads(last)
    fields["payload"]["text"]["c"] = "0" * 64
    members["ledger.jsonl"] = b"".join(line + b"\n" for line in [*before, canonical_bytes(fields)])


def cut_journal(members: Members) -> None:
    """The last byte of the journal is gone."""
    members[JOURNAL] = members[JOURNAL][:-1]


def swap_stills(members: Members) -> None:
    """Two pictures under each other's name."""
    members[STILL], members[PICTURE] = members[PICTURE], members[STILL]


def renumber(members: Members) -> None:
    """Another number of the inspection."""
    members["manifest.json"] = members["manifest.json"].replace(b"YTK-2026-0001", b"YTK-2026-0002")


UNSIGNED: list[tuple[str, Change, str, str]] = [
    ("manifest gone", drop("manifest.json"), "member_missing", "manifest.json"),
    ("signature gone", drop("manifest.sig"), "member_missing", "manifest.sig"),
    ("ledger gone", drop("ledger.jsonl"), "member_missing", "ledger.jsonl"),
    ("journal gone", drop(JOURNAL), "member_missing", JOURNAL),
    ("still gone", drop(STILL), "member_missing", STILL),
    ("member added", put("stills/other.jpg", b"x"), "member_unexpected", "stills/other.jpg"),
    ("manifest no json", put("manifest.json", b"{"), "manifest_unparsable", "manifest.json"),
    ("manifest edited", renumber, "manifest_signature", "manifest.sig"),
    ("signature edited", flip("manifest.sig", 5), "manifest_signature", "manifest.sig"),
    ("readme edited", flip("README.txt", 5), "member_digest", "README.txt"),
    ("viewing copy edited", flip(f"viewing/{SESSION}.webm", 1), "member_digest", "viewing"),
    ("first segment edited", flip(JOURNAL, 100), "segment_digest", f"{JOURNAL} entry 5"),
    ("last segment edited", flip(JOURNAL, -1), "segment_digest", f"{JOURNAL} entry 6"),
    ("still edited", flip(STILL, 4), "still_digest", f"{STILL} entry 7"),
    ("picture edited", flip(PICTURE, 4), "file_digest", f"{PICTURE} entry 9"),
    ("text of an entry edited", edit_chat, "entry_hash", "entry 10"),
    ("entry re-hashed", edit_entry(3, "at", "2026-05-06T01:30:04.000Z"), "entry_signature", "entry 3"),
]  # fmt: skip


def resigned(case: Case, change: Callable[[list[dict[str, object]]], list[dict[str, object]]]) -> Case:
    """The ledger after `change`, chained and signed anew by whoever holds the key."""
    changed = change([entry.to_json() for entry in case.entries])
    case.entries = [Entry.from_json(fields) for fields in changed]
    return case


def with_manifest(members: Members, change: Callable[[dict[str, object]], None], seed: int = 1) -> None:
    """The manifest after `change`, signed with the key of `seed`."""
    fields = json.loads(members["manifest.json"])
    change(fields)
    members["manifest.json"] = canonical_bytes(fields)
    members["manifest.sig"] = sign_manifest(members["manifest.json"], signer_of(seed).sign)
